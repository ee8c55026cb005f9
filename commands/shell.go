package commands

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"ggsh/dblogin"
	"ggsh/subdirs"
)

// maxNesting is how deep OBEY files may call each other.
const maxNesting = 16

// maxScript bounds an OBEY file.
const maxScript = 8 << 20

// Script is OBEY: each command with its result.
type Script struct {
	File  string `json:"file"`
	Steps []Step `json:"steps"`
}

// Step is one command of a script.
type Step struct {
	Prompt string  `json:"-"` // the prompt with the command, as if typed
	Result *Result `json:"result"`
}

// Text gives each command after its prompt, and what it gave.
func (sc Script) Text() string {
	var b strings.Builder
	for _, st := range sc.Steps {
		b.WriteString(st.Prompt + "\n" + st.Result.Text())
	}
	return b.String()
}

func obey(ctx context.Context, s *Session, c *call) (Value, error) {
	switch {
	case s.depth >= maxNesting:
		return nil, refuse("OBEY files are nested more than %d levels deep.", maxNesting)
	case s.depth > 0 && !s.nested:
		return nil, refuse("OBEY inside an OBEY file is not allowed.").
			Do("ALLOWNESTED before it allows it.")
	}
	path := s.cfg.Home.Resolve(c.at("file"))
	if err := s.mayRead(path); err != nil {
		return nil, err
	}
	text, err := readFile(path, maxScript)
	if err != nil {
		return nil, cannotOpen("file "+path, err)
	}
	s.depth++
	defer func() { s.depth-- }()
	script := Script{File: path, Steps: []Step{}}
	failed, number := false, 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		words, err := split(line)
		if err == nil && len(words) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return script, fmt.Errorf("OBEY %s ended before line %d: %w", path, number, err)
		}
		prompt := s.Prompt() + Mask(line)
		if s.cfg.Step != nil {
			s.cfg.Step(prompt, nil)
		}
		r := s.Do(ctx, line)
		for i, e := range r.Errors {
			if e.Where.File == "" {
				r.Errors[i] = placed(e, c.at("file"), number)
			}
		}
		failed = failed || r.Failed
		if s.cfg.Step != nil {
			s.cfg.Step("", r)
		} else {
			script.Steps = append(script.Steps, Step{Prompt: prompt, Result: r})
		}
		if r.Quit {
			s.quit = true
			break
		}
	}
	if failed {
		return script, errTold
	}
	return script, nil
}

func allowNested(_ context.Context, s *Session, c *call) (Value, error) {
	s.nested = c.cmd.Verb == "ALLOWNESTED"
	if s.nested {
		return say("Nested OBEY scripts are now allowed."), nil
	}
	return say("Nested OBEY scripts are not allowed any more."), nil
}

// recall is !, ! n, ! -n and ! string: it does an earlier command again.
func (s *Session) recall(ctx context.Context, text string) *Result {
	line, err := s.earlier(strings.TrimSpace(strings.TrimPrefix(text, "!")))
	if err != nil {
		r := &Result{Command: text, at: s.cfg.Now()}
		r.fail(err)
		return r
	}
	s.history = append(s.history, line)
	if s.cfg.Step == nil {
		r := s.execute(ctx, line)
		r.Echo = Mask(line)
		return r
	}
	// Shown before the command runs: SHELL, EDIT and OBEY write by themselves.
	s.cfg.Step(Mask(line), nil)
	return s.execute(ctx, line)
}

// earlier finds a command of the history.
func (s *Session) earlier(what string) (string, error) {
	what = strings.TrimRight(what, "; ")
	if len(s.history) == 0 {
		return "", refuse("There is no earlier command.")
	}
	if what == "" {
		return s.history[len(s.history)-1], nil
	}
	if n, err := strconv.Atoi(what); err == nil {
		i := n - 1
		if n < 0 {
			i = len(s.history) + n
		}
		if i < 0 || i >= len(s.history) || n == 0 {
			return "", refuse("There is no command %s in the history.", what)
		}
		return s.history[i], nil
	}
	for i := len(s.history) - 1; i >= 0; i-- {
		if h := s.history[i]; len(h) >= len(what) && strings.EqualFold(h[:len(what)], what) {
			return h, nil
		}
	}
	return "", refuse("No command in the history begins with %s.", what)
}

// fix is FC: an earlier command is edited and done again.
func (s *Session) fix(ctx context.Context, words []word) *Result {
	r := &Result{Command: "FC", at: s.cfg.Now()}
	what := ""
	if len(words) > 1 {
		what = words[1].text
	}
	line, err := s.earlier(what)
	if err == nil && s.cfg.Lines == nil {
		err = refuse("FC needs somebody to type the changes.")
	}
	for err == nil {
		prompt := s.Prompt()
		dots := strings.TrimSuffix(prompt, "> ") + ".. "
		var edit string
		edit, err = s.cfg.Lines.Next(prompt + line + "\n" + dots)
		if err != nil || strings.TrimSpace(edit) == "//" {
			return r
		}
		if strings.TrimSpace(edit) == "" {
			s.history = append(s.history, line)
			return s.execute(ctx, line)
		}
		line = applyEdit(line, edit)
	}
	r.fail(err)
	return r
}

// applyEdit changes line by what was typed under it: i inserts, r replaces,
// each d deletes a letter, other text overwrites.
func applyEdit(line, edit string) string {
	text, e := []rune(line), []rune(strings.TrimRight(edit, "\r\n"))
	at := 0
	for at < len(e) && e[at] == ' ' {
		at++
	}
	e = e[at:]
	for len(text) < at {
		text = append(text, ' ')
	}
	overwrite := func(with []rune) []rune {
		end := min(len(text), at+len(with))
		return append(append(append([]rune{}, text[:at]...), with...), text[end:]...)
	}
	switch {
	case strings.Trim(strings.ToLower(strings.TrimSpace(string(e))), "d") == "":
		n := len([]rune(strings.TrimSpace(string(e))))
		return string(append(append([]rune{}, text[:at]...), text[min(len(text), at+n):]...))
	case e[0] == 'i' || e[0] == 'I':
		return string(append(append(append([]rune{}, text[:at]...), e[1:]...), text[at:]...))
	case e[0] == 'r' || e[0] == 'R':
		return string(overwrite(e[1:]))
	}
	return string(overwrite(e))
}

// History is HISTORY.
type History struct {
	First    int      `json:"first"`
	Commands []string `json:"commands"`
}

// Text gives the numbered lines.
func (h History) Text() string {
	var b strings.Builder
	b.WriteString("GGSH Command History\n\n")
	for i, line := range h.Commands {
		fmt.Fprintf(&b, "%5d: %s\n", h.First+i, line)
	}
	return b.String()
}

func history(_ context.Context, s *Session, c *call) (Value, error) {
	n := 10
	if c.at("count") != "" {
		n, _ = strconv.Atoi(c.at("count"))
	}
	first := max(0, len(s.history)-max(n, 0))
	h := History{First: first + 1}
	for _, line := range s.history[first:] {
		h.Commands = append(h.Commands, Mask(line))
	}
	return h, nil
}

// shellOut runs a program of the operating system on the session's terminal.
func shellOut(ctx context.Context, s *Session, c *call) (Value, error) {
	if s.cfg.Terminal == nil {
		return nil, refuse("SHELL is not possible here: use ggsh on the machine itself.")
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", c.at("command"))
	cmd.Dir = string(s.cfg.Home)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.cfg.Terminal.In, s.cfg.Terminal.Out, s.cfg.Terminal.Err
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, refuse("The shell command ended with %s.", exit.ProcessState)
	}
	if err != nil {
		return nil, refuse("The shell command was not run (%s).", err)
	}
	return nil, nil
}

// Subdirs is CREATE SUBDIRS.
type Subdirs struct {
	Home        string            `json:"home"`
	Directories []subdirs.Created `json:"directories"`
}

// Text gives a line for each directory.
func (d Subdirs) Text() string {
	var b strings.Builder
	b.WriteString("Creating subdirectories under current directory " + d.Home + "\n\n")
	for _, one := range d.Directories {
		what := "created."
		if one.Existed {
			what = "already exists."
		}
		fmt.Fprintf(&b, "%-31s%s: %s\n", one.Label, one.Path, what)
	}
	return b.String()
}

func createSubdirs(_ context.Context, s *Session, _ *call) (Value, error) {
	done, err := s.cfg.Home.Create()
	return Subdirs{Home: string(s.cfg.Home), Directories: done}, err
}

// Settings is SHOW.
type Settings struct {
	Home    string `json:"home"`
	Editor  string `json:"editor"`
	Subdirs bool   `json:"subdirs"`
	Debug   bool   `json:"debug"`
}

// Text gives settings and directories.
func (v Settings) Text() string {
	onOff := func(on bool) string {
		if on {
			return "ON"
		}
		return "OFF"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Parameter settings:\n\nSET SUBDIRS    %s\nSET DEBUG      %s\n\n"+
		"Current directory: %s\n\nUsing subdirectories for all process files\n\nEditor:  %s\n\n",
		onOff(v.Subdirs), onOff(v.Debug), v.Home, v.Editor)
	for _, d := range [][2]string{{"Reports (.rpt)", "dirrpt"}, {"Parameters (.prm)", "dirprm"},
		{"Stdout (.out)", "dirout"}, {"Replicat Checkpoints (.cpr)", "dirchk"},
		{"Extract Checkpoints (.cpe)", "dirchk"}, {"Process Status (.pcs)", "dirpcs"},
		{"SQL Scripts (.sql)", "dirsql"}, {"Database Definitions (.def)", "dirdef"},
		{"Dump files (.dmp)", "dirdmp"}, {"Masterkey wallet files (.wlt)", "dirwlt"},
		{"Credential store files (.crd)", "dircrd"}} {
		fmt.Fprintf(&b, "%-31s%s\n", d[0], subdirs.Home(v.Home).Join(d[1]))
	}
	return b.String()
}

func show(_ context.Context, s *Session, _ *call) (Value, error) {
	return Settings{Home: string(s.cfg.Home), Editor: s.editor, Subdirs: s.subdirs,
		Debug: s.debug}, nil
}

func setSwitch(_ context.Context, s *Session, c *call) (Value, error) {
	on := strings.EqualFold(c.at("on"), "ON")
	if !on && !strings.EqualFold(c.at("on"), "OFF") {
		return nil, refuse("%s is ON or OFF.", c.cmd.Name())
	}
	if c.cmd.Object == "DEBUG" {
		s.debug = on
		return nil, nil
	}
	if !on {
		return nil, refuse("SET SUBDIRS OFF is not supported: files lie in their sub-directories.")
	}
	return nil, nil
}

// Versions is VERSIONS.
type Versions struct {
	Program  string       `json:"program"`
	Platform string       `json:"platform"`
	Database string       `json:"database,omitempty"`
	Kind     dblogin.Kind `json:"kind,omitempty"`
}

// Text gives the operating system and the database.
func (v Versions) Text() string {
	db := "Not logged in: DBLOGIN shows the version of a database."
	if v.Database != "" {
		db = v.Database
	}
	return "Operating System:\n" + strings.TrimRight(v.Platform, "\n") + "\n\nDatabase:\n" + db +
		"\n\nProgram:\nggsh " + v.Program
}

func versions(_ context.Context, s *Session, _ *call) (Value, error) {
	v := Versions{Program: s.cfg.Version, Platform: s.cfg.Platform}
	if v.Platform == "" {
		v.Platform = runtime.GOOS + "\nNode: " + s.cfg.Host + "\nMachine: " + runtime.GOARCH
	}
	if s.db != nil {
		v.Database, v.Kind = s.db.Product, s.db.Kind
	}
	return v, nil
}

func leave(context.Context, *Session, *call) (Value, error) { return nil, nil }

func shellRows() []Command {
	onOff := []Arg{{Name: "on", Kind: Word, Help: "ON or OFF"}}
	command := []Arg{{Name: "command", Kind: Rest, Help: "a line for /bin/sh"}}
	return []Command{
		{Verb: "INFO", Object: "ALL", Priority: P0, run: infoAll, Options: taskOptions()[:2],
			Synopsis: "INFO ALL [TASKS | ALLPROCESSES]",
			Help:     "Shows the Manager and all groups: status and lag at their checkpoints."},
		{Verb: "CREATE", Object: "SUBDIRS", Priority: P0, Changes: true, run: createSubdirs,
			Synopsis: "CREATE SUBDIRS", Help: "Makes the sub-directories of the home."},
		{Verb: "OBEY", Priority: P0, run: obey, Synopsis: "OBEY file",
			Places: []Arg{{Name: "file", Kind: Word, Help: "a file of commands"}},
			Help:   "Does the commands of a file, showing each one."},
		{Verb: "ALLOWNESTED", Priority: P1, run: allowNested, Synopsis: "ALLOWNESTED",
			Help: "Allows OBEY in OBEY files, " + strconv.Itoa(maxNesting) + " levels deep."},
		{Verb: "NOALLOWNESTED", Priority: P1, run: allowNested, Synopsis: "NOALLOWNESTED",
			Help: "Forbids OBEY in OBEY files; this is so at first."},
		{Verb: "HELP", Priority: P0, run: help, Synopsis: "HELP [command [object] | PROPERTY name]",
			Places: []Arg{{Name: "topic", Kind: Rest, Optional: true, Help: "words of a command, or " +
				"PROPERTY and the name of a big data handler's property"}},
			Help: "Lists the commands, or explains one; explains a property of big data handlers."},
		{Verb: "HISTORY", Priority: P0, run: history, Synopsis: "HISTORY [n]",
			Places: []Arg{{Name: "count", Kind: Number, Optional: true, Help: "how many, else 10"}},
			Help:   "Lists the last commands with their numbers."},
		{Verb: "!", Priority: P0, Synopsis: "! [n | -n | string]", run: leave,
			Help: "Does an earlier command again: the last one, number n, the one n back, or the " +
				"last that begins with string."},
		{Verb: "FC", Priority: P1, Synopsis: "FC [n | -n | string]", run: leave,
			Places: []Arg{{Name: "command", Kind: Rest, Optional: true, Help: "as for !"}},
			Help: "Edits an earlier command. Type changes below it: i inserts, r replaces, d " +
				"deletes, other text overwrites; an empty line runs it, // leaves it."},
		{Verb: "SHELL", Priority: P0, Changes: true, run: shellOut, Places: command,
			Synopsis: "SHELL command", Help: "Runs a command of the operating system."},
		{Verb: "SH", Priority: P0, Changes: true, run: shellOut, Places: command,
			Synopsis: "SH command", Help: "The same as SHELL."},
		{Verb: "SHOW", Priority: P0, run: show, Synopsis: "SHOW",
			Help: "Shows settings and directories."},
		{Verb: "SET", Object: "SUBDIRS", Priority: P2, Places: onOff, run: setSwitch,
			Synopsis: "SET SUBDIRS {ON | OFF}", Help: "Shown by SHOW; is always ON."},
		{Verb: "SET", Object: "DEBUG", Priority: P2, Places: onOff, run: setSwitch,
			Synopsis: "SET DEBUG {ON | OFF}", Help: "Shown by SHOW."},
		{Verb: "VERSIONS", Priority: P1, run: versions, Synopsis: "VERSIONS",
			Help: "Shows operating system, database and program."},
		{Verb: "EXIT", Priority: P0, run: leave, Synopsis: "EXIT", Help: "Leaves the shell."},
		{Verb: "QUIT", Priority: P0, run: leave, Synopsis: "QUIT", Help: "Leaves the shell."},
	}
}
