// Command oggerr explains messages by their numbers: oggerr {OGG-01234 | 1234} ...
package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"ggsh/ggserr"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }

func run(args []string, out io.Writer) (status int) {
	if len(args) == 0 {
		fmt.Fprintln(out, "usage: oggerr {OGG-01234 | 1234} ...")
		return 2
	}
	for i, word := range args {
		if i > 0 {
			fmt.Fprintln(out)
		}
		text := strings.TrimPrefix(strings.ToUpper(word), "OGG-")
		n, err := strconv.ParseUint(text, 10, 16)
		m, known := ggserr.Lookup(ggserr.Number(n))
		if err != nil || !known {
			fmt.Fprintf(out, "%s: there is no message of this number.\n", word)
			status = 1
			continue
		}
		fmt.Fprintf(out, "%s  %s\n\n  Severity: %s\n  Cause:    %s\n  Action:   %s\n", m.Number, m.Text,
			m.Severity, m.Cause, m.Action)
	}
	return status
}
