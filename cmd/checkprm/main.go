// Command checkprm checks a parameter file, or a handler's .props file, without
// starting anything:
//
//	checkprm [-v] file [-C component] [-M mode] [-P platform] [-D database] [-V]
//
// It tells from the file which program it is for, unless -C names one: EXTRACT,
// REPLICAT, MGR, DEFGEN or GLOBALS. Options may stand anywhere, in any case but for
// the short v. The last line is a verdict, PASS or FAIL; the status is 0, 1 for FAIL,
// or 2 for a wrong command line. What a program refuses to start with, because leaving
// it out could change data, is a warning here: the file is understood.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"ggsh/ggserr"
	"ggsh/mapping"
	"ggsh/param"
	"ggsh/props"
)

const usage = "usage: checkprm [-v] file [-COMPONENT|-C {EXTRACT | REPLICAT | MGR | DEFGEN | GLOBALS}] " +
	"[-MODE|-M mode] [-PLATFORM|-P platform] [-DATABASE|-D database] [-VERBOSE|-V]"

// version is set by the build.
var version = "development"

// maxFile bounds a parameter file, in octets.
const maxFile = 8 << 20

type order struct {
	file          string
	program       param.Program
	verbose, help bool
	version       bool
}

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }

func run(args []string, out io.Writer) int {
	o, err := parse(args)
	switch {
	case err != nil:
		fmt.Fprintf(out, "checkprm: %v\n%s\n", err, usage)
		return 2
	case o.help:
		fmt.Fprintln(out, usage)
		return 0
	case o.version:
		fmt.Fprintln(out, "ggsh checkprm "+version)
		return 0
	}
	if strings.EqualFold(filepath.Ext(o.file), ".props") || strings.EqualFold(filepath.Ext(o.file), ".properties") {
		faults, warnings := props.Check(o.file, props.Options{})
		return o.tell(out, "properties", faults, warnings)
	}
	f, err := param.Parse(o.file, param.Options{ReadFile: read, Getenv: os.Getenv, Program: o.program,
		CheckOnly: true})
	if o.verbose {
		details(out, f)
	}
	errs := param.Errors(err)
	if len(errs) == 0 && (f.Program == param.Extract || f.Program == param.Replicat) {
		errs = mapping.CheckExpressions(f)
	}
	return o.tell(out, "parameters of "+f.Program.String(), errs, f.Warnings)
}

// parse reads the command line, whose options may stand behind the file.
func parse(args []string) (o order, err error) {
	for i := 0; i < len(args); i++ {
		word := args[i]
		switch name := strings.ToUpper(strings.TrimLeft(word, "-")); {
		case word == "-v":
			o.version = true
		case word == "?" || strings.EqualFold(word, "help") || name == "HELP":
			o.help = true
		case !strings.HasPrefix(word, "-") && o.file == "":
			o.file = word
		case name == "V" || name == "VERBOSE":
			o.verbose = true
		case name == "C" || name == "COMPONENT":
			if i++; i == len(args) {
				return o, fmt.Errorf("%s needs a component", word)
			}
			if o.program, err = component(args[i]); err != nil {
				return o, err
			}
		case strings.HasPrefix(word, "-") && strings.Contains(" M MODE P PLATFORM D DATABASE ", " "+name+" "):
			if i++; i == len(args) {
				return o, fmt.Errorf("%s needs a value", word)
			}
		default:
			return o, fmt.Errorf("%s is not expected here", word)
		}
	}
	if o.file == "" && !o.help && !o.version {
		return o, fmt.Errorf("the parameter file is missing")
	}
	return o, nil
}

func component(name string) (param.Program, error) {
	for n, p := range map[string]param.Program{"EXTRACT": param.Extract, "PUMP": param.Extract,
		"REPLICAT": param.Replicat, "MGR": param.Manager, "MANAGER": param.Manager,
		"DEFGEN": param.Defgen, "GLOBALS": param.Globals} {
		if strings.EqualFold(name, n) {
			return p, nil
		}
	}
	return 0, fmt.Errorf("%s is no component: EXTRACT, REPLICAT, MGR, DEFGEN and GLOBALS are", name)
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s has more than %d octets", path, maxFile)
	}
	return text, err
}

// tell prints what was found and gives the status.
func (o order) tell(out io.Writer, what string, errs, warnings []*ggserr.Error) int {
	for _, e := range errs {
		fmt.Fprintf(out, "%-8s%s\n", "ERROR", e.Error())
	}
	for _, w := range warnings {
		fmt.Fprintf(out, "%-8s%s\n", "WARNING", w.Error())
	}
	verdict, status := "PASS", 0
	if len(errs) > 0 {
		verdict, status = "FAIL", 1
	}
	fmt.Fprintf(out, "%s, read as %s: %s, %d errors, %d warnings.\n", o.file, what, verdict, len(errs),
		len(warnings))
	return status
}

// details lists the parameters, with what becomes of each.
func details(out io.Writer, f *param.File) {
	for i := range f.Statements {
		st := &f.Statements[i]
		support := "not known"
		if st.Spec != nil {
			support = st.Spec.Support.String()
		}
		fmt.Fprintf(out, "%-8s%s:%d: %s: %s\n", "", st.Pos.File, st.Pos.Line, st.Name, support)
	}
}
