// Command ggsh is the shell: it executes GGSCI commands typed by a person, read
// from a pipe or a file, or given with -c.
//
// It holds no command itself: package commands does, and this program gives it
// a keyboard, a screen, the Manager's address and a database login. Its law: a
// script's exit status tells whether every command succeeded.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"ggsh/commands"
)

// version is set by the build.
var version = "development"

func main() {
	o, err := parseOptions(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ggsh:", err)
		os.Exit(2)
	}
	if o.check != "" {
		os.Exit(check(o.check))
	}
	sh, err := newShell(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ggsh:", err)
		os.Exit(2)
	}
	failed := sh.run(context.Background())
	sh.close()
	if failed {
		os.Exit(1)
	}
}

// check reads a script without running it.
func check(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ggsh:", err)
		return 2
	}
	faults := commands.Check(path, string(text), time.Local)
	for _, e := range faults {
		fmt.Println(e.Error())
	}
	if len(faults) > 0 {
		return 1
	}
	return 0
}
