package script

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

const (
	prompt = "GGSH> "
	// masked is what ggsh shows instead of a password; in a session file it
	// stands for the servers' password.
	masked = "********"
)

// typedSession plays the commands of a file as one session: session HOME file.
func typedSession(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: session home file")
	}
	st := stageOf(ts)
	var lines []string
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if command, typed := strings.CutPrefix(line, prompt); typed {
			lines = append(lines, st.expand(ts, strings.ReplaceAll(command, masked, server.RootPassword)))
		}
	}
	out, err := st.ggsh(ts, args[0], strings.Join(lines, ""))
	_, session, found := strings.Cut(out, "\n"+prompt)
	if !found {
		ts.Fatalf("no prompt in:\n%s", out)
	}
	session = strings.TrimSuffix(prompt+session, "\n"+prompt+"\n")
	if _, err := ts.Stdout().Write([]byte(strings.TrimRight(session, "\n") + "\n")); err != nil {
		ts.Fatalf("%v", err)
	}
	checkStatus(ts, neg, err)
}

// checkStatus compares the exit status with what the script expects.
func checkStatus(ts *testscript.TestScript, neg bool, err error) {
	switch {
	case err != nil && !neg:
		ts.Fatalf("ggsh says that a command failed: %v", err)
	case err == nil && neg:
		ts.Fatalf("ggsh says that all commands succeeded")
	}
}

// plainGgsh runs ggsh with arguments: ggsh HOME arg...
func plainGgsh(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: ggsh home argument...")
	}
	st := stageOf(ts)
	for i, a := range args {
		args[i] = st.expand(ts, a)
	}
	out, err := st.ggsh(ts, args[0], "", args[1:]...)
	if _, err := ts.Stdout().Write([]byte(strings.TrimLeft(out, "\n"))); err != nil {
		ts.Fatalf("%v", err)
	}
	checkStatus(ts, neg, err)
}

// plainProgram runs a program as from the command line: program HOME name arg...
func plainProgram(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: program home name argument...")
	}
	st := stageOf(ts)
	out, err := st.home(ts, args[0]).Program(args[1], args[2:]...)
	if _, err := ts.Stdout().Write([]byte(st.plain(out))); err != nil {
		ts.Fatalf("%v", err)
	}
	if (err != nil) != neg {
		ts.Fatalf("%s: %v\n%s\n%s", args[1], err, out, st.logs())
	}
}

// ggsh runs the shell in a home; what it prints comes back without what
// differs from run to run.
func (st *stage) ggsh(ts *testscript.TestScript, home, input string,
	args ...string) (string, error) {
	h := st.home(ts, home)
	ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
	defer cancel()
	args = append([]string{"-home", h.Dir}, args...)
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "ggsh"), args...)
	cmd.Dir = h.Dir
	cmd.Env = append(os.Environ(), "HOME="+h.Dir, "TZ=UTC")
	cmd.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return st.plain(out.String()), err
}

// rules say what differs from run to run, and the word for it. Their order counts.
var rules = []struct {
	what *regexp.Regexp
	word string
}{
	{regexp.MustCompile(`(?m)^GGSH \([^)]*\) \d+> ?`), prompt},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T:]\d\d:\d\d(:\d\d)?(\.\d+)?`), "<time>"},
	{regexp.MustCompile(`\d\d\d?:\d\d:\d\d`), "00:00:00"},
	{regexp.MustCompile(`GGSHPW[A-Z2-7]+`), "<encrypted>"},
	{regexp.MustCompile(`TCP:[^.]*\.`), "TCP:<host>."},
	{regexp.MustCompile(`(Process ID\s+|PID |process \(?)\d+`), "${1}<pid>"},
	{regexp.MustCompile(`(RBA:?\s+)\d+`), "${1}<rba>"},
	{regexp.MustCompile(`(Last record lag )\d+ seconds?`), "${1}<n> seconds"},
	{regexp.MustCompile(`((?:Log Number|Record Offset): +)\d+`), "${1}<n>"},
	{regexp.MustCompile(`log number \d+`), "log number <n>"},
	{regexp.MustCompile(` +\d+( +\d+ (?:EXT|RMT)(?:TRAIL|FILE))`), " <rba>${1}"},
	{regexp.MustCompile(`(Seqno|LOGNUM) \d+, (RBA|LOGPOS) (<rba>|\d+)`), "<position>"},
	{regexp.MustCompile(`Linux, \S+, \d+bit \(optimized\), .*`), "Linux <platform>"},
	{regexp.MustCompile(`\d{6}:\d{18}`), "<csn>"},
	{regexp.MustCompile(`, \d+ rows/s`), ", <n> rows/s"},
	{regexp.MustCompile(`(?m)^Version (development|\d+\.).*`), "Version <version>"},
	{regexp.MustCompile(`(MariaDB|MySQL) \d\S*|SQLite \d\S*`), "<database>"},
	{regexp.MustCompile(`(?m)[ \t]+$`), ""},
}

// plain takes out of a text what differs from run to run.
func (st *stage) plain(text string) string {
	names := make([]string, 0, len(st.values))
	for name := range st.values {
		names = append(names, name)
	}
	// The longest value first: one may be the beginning of another.
	sort.Slice(names, func(i, j int) bool {
		return len(st.values[names[i]]) > len(st.values[names[j]])
	})
	for _, name := range names {
		text = strings.ReplaceAll(text, st.values[name], "$"+name)
	}
	for _, r := range rules {
		text = r.what.ReplaceAllString(text, r.word)
	}
	// The prompt's blank went with the others at the ends of lines.
	return strings.ReplaceAll(text, "\nGGSH>\n", "\n"+prompt+"\n")
}

// expand puts the values of $names into a text.
func (st *stage) expand(ts *testscript.TestScript, text string) string {
	return os.Expand(text, func(name string) string {
		if value, ok := st.values[name]; ok {
			return value
		}
		if value := ts.Getenv(name); value != "" {
			return value
		}
		return "$" + name
	})
}
