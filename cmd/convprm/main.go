// Command convprm brings parameter files of releases before 12c into the present form:
//
//	convprm [-w] file ...
//
// Literals in double quotes come into single quotes, and keywords of old releases get
// their present names; names in double quotes stay. It prints what it would change, line
// by line, passwords masked. With -w the file is replaced, and the old one is kept beside
// it with .bak behind its name. The status is 0, 1 for a file that cannot be read, or 2
// for a wrong command line.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"ggsh/param"
)

const usage = "usage: convprm [-w] file ..."

// maxFile bounds a parameter file, in octets.
const maxFile = 8 << 20

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }

func run(args []string, out io.Writer) int {
	write := false
	var files []string
	for _, a := range args {
		switch {
		case a == "-w":
			write = true
		case strings.HasPrefix(a, "-"):
			fmt.Fprintf(out, "convprm: %s is no option\n%s\n", a, usage)
			return 2
		default:
			files = append(files, a)
		}
	}
	if len(files) == 0 {
		fmt.Fprintln(out, usage)
		return 2
	}
	status := 0
	for _, file := range files {
		if err := convert(out, file, write); err != nil {
			fmt.Fprintf(out, "convprm: %v\n", err)
			status = 1
		}
	}
	return status
}

func convert(out io.Writer, file string, write bool) error {
	text, err := read(file)
	if err != nil {
		return err
	}
	done, changes, err := param.Convert(file, string(text), param.Options{Getenv: os.Getenv})
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		fmt.Fprintf(out, "%s: nothing to change.\n", file)
		return nil
	}
	fmt.Fprintf(out, "--- %s\n+++ %s\n", file, file)
	for _, c := range changes {
		fmt.Fprintf(out, "@@ line %d @@\n-%s\n+%s\n", c.Line, strings.TrimRight(c.From, "\r"),
			strings.TrimRight(c.To, "\r"))
	}
	if !write {
		fmt.Fprintf(out, "%s: %d lines would be changed; -w changes them.\n", file, len(changes))
		return nil
	}
	if err := replace(file, text, []byte(done)); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d lines changed; the old file is %s.bak.\n", file, len(changes), file)
	return nil
}

func read(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s has more than %d octets", file, maxFile)
	}
	return text, err
}

// replace keeps the old text beside the file and puts the new one in its place, with the
// file's own mode.
func replace(file string, old, text []byte) error {
	st, err := os.Stat(file)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".bak", old, st.Mode().Perm()); err != nil {
		return err
	}
	aside := file + ".tmp"
	if err := os.WriteFile(aside, text, st.Mode().Perm()); err != nil {
		return err
	}
	if err := os.Rename(aside, file); err != nil {
		return errors.Join(err, os.Remove(aside))
	}
	return nil
}
