package main

import (
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"ggsh/commands"
	"ggsh/control"
	"ggsh/subdirs"
	"ggsh/trandata"
)

// arguments are the words of the command line.
type arguments struct{ home, params, report string }

// parseArgs reads keywords in any case, each with a value. PROCESSID and
// USESUBDIRS are words of GoldenGate's that mean nothing here.
func parseArgs(words []string) (a arguments, err error) {
	for i := 0; i < len(words); i++ {
		var to *string
		ignored := ""
		switch word := strings.ToUpper(strings.TrimLeft(words[i], "-")); word {
		case "USESUBDIRS", "NOUSESUBDIRS":
			continue
		case "HOME":
			to = &a.home
		case "PARAMFILE", "PF":
			to = &a.params
		case "REPORTFILE", "RF":
			to = &a.report
		case "PROCESSID":
			to = &ignored
		default:
			return a, fmt.Errorf("unknown word %s; usage: manager [PARAMFILE file] "+
				"[REPORTFILE file] [-home dir]", words[i])
		}
		if i++; i >= len(words) {
			return a, fmt.Errorf("%s needs a value", words[i-1])
		}
		*to = words[i]
	}
	return a, nil
}

// resolve makes a path of the command line absolute; empty stays empty.
func resolve(home subdirs.Home, path string) string {
	if path == "" {
		return ""
	}
	return home.Resolve(path)
}

// runner executes the lines of callers that are connected to this Manager.
func runner(home subdirs.Home) commands.Runner {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	host, _, _ = strings.Cut(host, ".")
	name := fmt.Sprint(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return commands.Runner{Config: commands.Config{Home: home, Host: host, User: name,
		Program: "ggsh Manager", Version: version, Now: time.Now, Getenv: os.Getenv,
		Manager: control.ToProcess(home.Socket("MGR")),
		Source:  trandata.New(),
		Process: func(group string) commands.Client {
			return control.ToProcess(home.Socket(group))
		}}}
}
