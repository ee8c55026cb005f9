// Command keygen prints random keys for the file ENCKEYS: keygen bits n. An
// operator writes them there as NAME 0x...
package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"ggsh/wallet"
)

// maxKeys bounds what one run prints.
const maxKeys = 1000

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	if len(args) != 2 {
		fmt.Fprintln(errs, "usage: keygen bits n, for example keygen 256 1")
		return 2
	}
	bits, err := strconv.Atoi(args[0])
	if err == nil {
		var n int
		if n, err = strconv.Atoi(args[1]); err == nil && (n < 1 || n > maxKeys) {
			err = fmt.Errorf("%d keys; possible are 1 to %d", n, maxKeys)
		}
		var keys []string
		if err == nil {
			keys, err = wallet.Generate(bits, n)
		}
		for _, key := range keys {
			fmt.Fprintln(out, key)
		}
	}
	if err != nil {
		fmt.Fprintln(errs, "keygen:", err)
		return 1
	}
	return 0
}
