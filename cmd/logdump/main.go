// Command logdump shows what trail files hold: logdump [file] [-c "commands"].
// Without -c it takes commands from standard input.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"ggsh/logdump"
	"ggsh/subdirs"
	"ggsh/trail"
	"ggsh/wallet"
)

func main() {
	text := flag.String("c", "", "commands, separated by semicolons")
	flag.Parse()
	file := flag.Arg(0)
	// The file may stand before -c, too.
	if flag.NArg() > 1 {
		if err := flag.CommandLine.Parse(flag.Args()[1:]); err != nil || flag.NArg() > 0 {
			fmt.Fprintln(os.Stderr, `usage: logdump [file] [-c "commands"]`)
			os.Exit(2)
		}
	}
	if err := run(file, *text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file, text string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	st, err := os.Stdin.Stat()
	terminal := text == "" && err == nil && st.Mode()&os.ModeCharDevice != 0
	s := logdump.NewSession(logdump.Config{Out: os.Stdout, Prompt: terminal, Zone: time.Local,
		Keys: keysFor})
	if file != "" {
		if err := s.Do(ctx, "OPEN '"+file+"'"); err != nil {
			return err
		}
	}
	if text != "" {
		return s.RunText(ctx, text)
	}
	return s.Run(ctx, os.Stdin)
}

// keysFor gives the keys of the home that the file lies in: the folder above the
// trail's, if it has a wallet; else of $GG_HOME or the current directory.
func keysFor(path string) (trail.Keys, error) {
	above := subdirs.Home(filepath.Dir(filepath.Dir(path)))
	if _, err := os.Stat(above.Join("dirwlt")); err == nil {
		return wallet.Of(above)
	}
	home, err := subdirs.Find("", os.Getenv)
	if err != nil {
		return nil, err
	}
	return wallet.Of(home)
}
