package main

import (
	"flag"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"ggsh/commands"
	"ggsh/subdirs"
)

// options are the command line.
type options struct {
	home   subdirs.Home
	lines  lineList // -c
	script string
	check  string
	json   bool
	banner bool                 // -v: the banner and nothing else
	to     commands.Destination // -connect and what belongs to it
}

type lineList []string

func (l *lineList) String() string     { return strings.Join(*l, "; ") }
func (l *lineList) Set(s string) error { *l = append(*l, s); return nil }

func parseOptions(args []string) (options, error) {
	var o options
	var home string
	f := flag.NewFlagSet("ggsh", flag.ContinueOnError)
	f.StringVar(&home, "home", "", "home `directory`; else $GG_HOME, else the current directory")
	f.Var(&o.lines, "c", "do this `command` and leave; may be given several times")
	f.BoolVar(&o.json, "json", false, "print each result as a JSON object on a line of its own")
	f.StringVar(&o.check, "n", "", "check the commands of `file` without doing them")
	f.BoolVar(&o.banner, "v", false, "print the banner and leave")
	f.StringVar(&o.to.Address, "connect", "", "do the commands at the Manager of `host:port`")
	f.StringVar(&o.to.Fingerprint, "fingerprint", "",
		"trust that Manager's certificate if it has this `fingerprint`")
	f.StringVar(&o.to.User, "user", "", "connect as this `user`; the password is asked for, or the "+
		"first line of standard input")
	f.StringVar(&o.to.Alias, "alias", "", "connect as this `alias` of the credential store here")
	f.StringVar(&o.to.Domain, "domain", "", "`domain` of the alias; else "+commands.AdminDomain)
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "usage: ggsh [-home dir] [-json] "+
			"[-connect host:port [-fingerprint f] [-user u | -alias a [-domain d]]]\n"+
			"            [-c command]... | [-n file] | [script]")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch f.NArg() {
	case 0:
	case 1:
		o.script = f.Arg(0)
	case 2: // as in: ggsci paramfile FILE
		if !strings.EqualFold(f.Arg(0), "paramfile") {
			return o, fmt.Errorf("one script at a time, not %s", strings.Join(f.Args(), " "))
		}
		o.script = f.Arg(1)
	default:
		return o, fmt.Errorf("one script at a time, not %s", strings.Join(f.Args(), " "))
	}
	if o.script != "" && len(o.lines) > 0 {
		return o, fmt.Errorf("-c and a script exclude each other")
	}
	if err := checkDestination(o.to); err != nil {
		return o, err
	}
	var err error
	if o.home, err = subdirs.Find(home, os.Getenv); err != nil {
		return o, err
	}
	st, err := os.Stat(string(o.home))
	if err != nil {
		return o, fmt.Errorf("home directory: %w", err)
	}
	if !st.IsDir() {
		return o, fmt.Errorf("home directory: %s is not a directory", o.home)
	}
	return o, nil
}

// checkDestination refuses what would not be done, and passwords that the process
// list would show.
func checkDestination(d commands.Destination) error {
	switch {
	case d.Address == "" && d.Fingerprint+d.User+d.Alias+d.Domain != "":
		return fmt.Errorf("-fingerprint, -user, -alias and -domain belong to -connect")
	case d.User != "" && d.Alias != "":
		return fmt.Errorf("-user and -alias exclude each other")
	case strings.Contains(d.User, "/"):
		return fmt.Errorf("-user takes no password: it is asked for, or the first line of standard input")
	}
	return nil
}

// banner has GoldenGate's lines in GoldenGate's order.
func banner() string {
	return fmt.Sprintf("ggsh Command Interpreter\nVersion %s\n%s, %s, %dbit (optimized), %s\n"+
		"Operating system character set identified as UTF-8.\n\n"+
		"Copyright (C) the ggsh authors. Licensed under the terms of the file LICENSE.\n\n\n\n",
		version, osName(), arch(), 32<<(^uint(0)>>63), runtime.Version())
}

func osName() string {
	return strings.ToUpper(runtime.GOOS[:1]) + runtime.GOOS[1:]
}

func arch() string {
	if runtime.GOARCH == "amd64" {
		return "x64"
	}
	return runtime.GOARCH
}

// platform is VERSIONS' part on the operating system.
func platform(host string) string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return osName() + "\nNode: " + host + "\nMachine: " + arch()
	}
	return fmt.Sprintf("%s\nVersion %s, Release %s\nNode: %s\nMachine: %s",
		unix.ByteSliceToString(u.Sysname[:]), unix.ByteSliceToString(u.Version[:]),
		unix.ByteSliceToString(u.Release[:]), host, unix.ByteSliceToString(u.Machine[:]))
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

// managerProgram is the manager beside this program.
func managerProgram() string {
	self, err := os.Executable()
	if err != nil {
		return "manager"
	}
	return filepath.Join(filepath.Dir(self), "manager")
}
