package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ggsh/control"
	"ggsh/dblogin"
	"ggsh/ggserr"
	"ggsh/groupstate"
	"ggsh/param"
	"ggsh/subdirs"
	"ggsh/systemlog"
)

// Client takes orders to a Manager or a process.
type Client interface {
	Do(ctx context.Context, r control.Request) (*control.Reply, error)
}

// Observer tells the states of all groups from their files and processes,
// for times when no Manager answers.
type Observer interface {
	Observe(ctx context.Context) ([]control.GroupStatus, error)
}

// LineReader gives what a person or a script answers.
type LineReader interface {
	Next(prompt string) (string, error)
	Password(prompt string) (string, error)
	Close() error
}

// SourceAdmin does what ADD TRANDATA and its like need of a source database.
// A table may hold wildcards.
type SourceAdmin interface {
	AddTrandata(ctx context.Context, db *dblogin.Session, o Trandata) ([]Line, error)
	DeleteTrandata(ctx context.Context, db *dblogin.Session, o Trandata) ([]Line, error)
	InfoTrandata(ctx context.Context, db *dblogin.Session, o Trandata) ([]Line, error)
	// Register is asked of Oracle databases alone.
	Register(ctx context.Context, db *dblogin.Session, r Registration) ([]Line, error)
}

// Trandata is what is asked of a source's supplemental logging.
type Trandata struct {
	Table   string
	Schema  string // that Table means all tables of, for SCHEMATRANDATA
	AllCols bool
	Cols    []string
	NoKey   bool
}

// Terminal is the screen and keyboard that EDIT and SHELL hand on to the
// programs they start. Files are handed on as they are.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer
	NoEditor bool // nobody could type in an editor
}

// Config is what a session works with. Only Home, Now and Host are needed;
// what is missing makes the commands that need it say so.
type Config struct {
	Home     subdirs.Home
	Host     string // the machine's name, for prompt and INFO MANAGER
	User     string // of the operating system, for the event log
	Program  string // program string of the event log: "ggsh Command Interpreter"
	Version  string
	Platform string // for VERSIONS: the lines below Operating System
	Now      func() time.Time
	Getenv   func(string) string

	Manager Client
	// Process reaches a group's process without a Manager.
	Process      func(group string) Client
	StartManager func(ctx context.Context) error
	Groups       Observer    // nil: package groupstate looks
	Source       SourceAdmin // nil: servers with a binary log

	// Confined keeps VIEW, OBEY and the like to files of the home, and away
	// from its secrets: the caller may be another user of the machine.
	Confined bool
	Lines    LineReader // nil: nobody can be asked
	Terminal *Terminal  // nil: nothing can be edited
	// Unattended tells that no person answers: nothing is trusted by a script.
	Unattended bool
	// Step is told of each command of an OBEY file: first the prompt with the
	// command, then its result. nil collects them in the result of OBEY.
	Step func(prompt string, r *Result)
}

// errTold is what a command returns that failed and whose value says how.
var errTold = errors.New("the result says what failed")

// Session executes lines, one at a time.
type Session struct {
	cfg       Config
	ix        *index
	log       *ggserr.Log
	db        *dblogin.Session
	history   []string
	editor    string
	editorSet bool // by the environment or SET EDITOR
	nested    bool // ALLOWNESTED
	depth     int  // of OBEY
	remote    *remote
	caller    *given // of the line under way, when it came from another program
	single    bool   // nothing outlives the line
	quit      bool   // EXIT was in an OBEY file
	subdirs   bool
	debug     bool
}

// New makes a session.
func New(cfg Config) *Session {
	if cfg.Getenv == nil {
		cfg.Getenv = func(string) string { return "" }
	}
	if cfg.Groups == nil {
		cfg.Groups = groupstate.Observer{Home: cfg.Home}
	}
	if cfg.Source == nil {
		cfg.Source = binlogAdmin{}
	}
	if cfg.Program == "" {
		cfg.Program = "ggsh Command Interpreter"
	}
	s := &Session{cfg: cfg, ix: newIndex(Table()), subdirs: true}
	s.log = ggserr.NewLog(cfg.Home.EventLog(), cfg.Program, "", cfg.Now)
	if g, err := param.LoadGlobals(cfg.Home.Globals(), string(cfg.Home)); err == nil {
		systemlog.Attach(s.log, g.SysLog.Has) // a faulty GLOBALS is told of by who needs it
	}
	s.editor = cfg.Getenv("EDITOR")
	s.editorSet = s.editor != ""
	if s.editor == "" {
		s.editor = "vi"
	}
	return s
}

// Close ends the database login and the connection to another Manager.
func (s *Session) Close() error {
	s.leaveRemote()
	return s.logout()
}

func (s *Session) logout() error {
	if s.db == nil {
		return nil
	}
	db := s.db
	s.db = nil
	return db.Close()
}

// Prompt is the prompt for the next command: GGSH (host as user@db) 3> .
func (s *Session) Prompt() string {
	host, as := s.cfg.Host, s.login()
	if s.remote != nil {
		host, as = s.remote.address, s.remote.as
	}
	if as != "" {
		host += " as " + as
	}
	return fmt.Sprintf("GGSH (%s) %d> ", host, len(s.history)+1)
}

// login is the database login as the prompt shows it, empty without one.
func (s *Session) login() string {
	if s.db == nil {
		return ""
	}
	name := s.db.Login.Database
	if s.db.Kind == dblogin.SQLite || s.db.Kind == dblogin.Directory {
		name = filepath.Base(name)
	}
	switch {
	case name == "":
		return string(s.db.Kind)
	case s.db.User == "":
		return name
	}
	return s.db.User + "@" + name
}

// Do executes one line of a person, a script or a request.
func (s *Session) Do(ctx context.Context, line string) *Result {
	text := strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
	words, err := split(text)
	if err == nil && len(words) == 0 {
		return &Result{}
	}
	if strings.HasPrefix(text, "!") {
		return s.recall(ctx, text)
	}
	if err == nil && words[0].is("FC") {
		return s.fix(ctx, words)
	}
	s.history = append(s.history, text)
	return s.execute(ctx, text)
}

// understand finds the row and the arguments of a line.
func (s *Session) understand(line string) (*call, error) {
	return understand(s.ix, line, s.cfg.Now().Location())
}

func understand(ix *index, line string, loc *time.Location) (*call, error) {
	words, err := shellLine(line), error(nil)
	if words == nil {
		words, err = split(line)
	}
	if err != nil || len(words) == 0 {
		return nil, err
	}
	cmd, args, err := ix.find(words)
	if err != nil {
		return nil, err
	}
	return cmd.parse(line, args, loc)
}

// shellLine takes a line of SHELL as it stands: its words are another shell's.
func shellLine(line string) []word {
	start := len(line) - len(strings.TrimLeft(line, " \t"))
	end := strings.IndexAny(line[start:], " \t")
	if end < 0 {
		return nil
	}
	first := word{text: line[start : start+end], col: start + 1, at: start, to: start + end}
	if !first.is("SHELL") && !first.is("SH") {
		return nil
	}
	rest := strings.TrimSpace(line[first.to:])
	if rest == "" {
		return nil
	}
	at := first.to + strings.Index(line[first.to:], rest)
	return []word{first, {text: rest, quoted: true, col: at + 1, at: at, to: len(line)}}
}

func (s *Session) execute(ctx context.Context, line string) *Result {
	r := &Result{Command: Mask(line), at: s.cfg.Now()}
	c, err := s.understand(line)
	if err != nil {
		r.fail(err)
		return r
	}
	if !c.cmd.Works() {
		r.Value = say(c.cmd.Name() + " is not supported: " + c.cmd.Instead)
		r.Failed = !c.cmd.Harmless
		return r
	}
	if s.remote != nil {
		mine, err := s.here(c.cmd)
		if err != nil {
			r.fail(err)
			return r
		}
		if !mine {
			s.forward(ctx, c, line, r)
			return r
		}
	}
	notes, err := c.notes()
	if err != nil {
		r.fail(err)
		return r
	}
	r.Value, err = s.run(ctx, c, r.Command)
	r.Notes = notes
	if errors.Is(err, errTold) {
		r.Failed = true
	} else if err != nil {
		r.fail(err)
	}
	r.Quit = s.quit || c.cmd.Verb == "EXIT" || c.cmd.Verb == "QUIT"
	return r
}

// run runs a command, with a record in the event log of what changes something: before
// it, but of a line of another program once its questions are answered.
func (s *Session) run(ctx context.Context, c *call, masked string) (Value, error) {
	note := func() {
		if c.cmd.Changes && (s.caller == nil || !s.caller.open()) {
			s.log.Write(ggserr.ShellCommand, s.cfg.User, masked)
		}
	}
	if s.caller == nil {
		note()
	} else {
		defer note()
	}
	return c.cmd.run(ctx, s, c)
}

// Check reads a script without running it, and gives all its faults.
func Check(name, text string, loc *time.Location) []*ggserr.Error {
	ix := newIndex(Table())
	var faults []*ggserr.Error
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		words, err := split(line)
		if err == nil && (len(words) == 0 || strings.HasPrefix(words[0].text, "!")) {
			continue
		}
		if _, err = understand(ix, line, loc); err != nil {
			faults = append(faults, placed(err, name, number))
		}
	}
	return faults
}

// placed puts an error at a line of a file.
func placed(err error, file string, line int) *ggserr.Error {
	e := *ggserr.Numbered(err)
	e.Where = ggserr.Location{File: file, Line: line, Column: max(e.Where.Column, 1)}
	return &e
}

// manager sends an order to the Manager.
func (s *Session) manager(ctx context.Context, r control.Request) (*control.Reply, error) {
	if s.cfg.Manager == nil {
		return nil, control.ErrNotRunning
	}
	r.From = s.from()
	reply, err := s.cfg.Manager.Do(ctx, r)
	if err != nil {
		return reply, err
	}
	if reply.Error != nil {
		return reply, reply.Error
	}
	return reply, nil
}

func (s *Session) from() string { return "GGSH, user " + s.cfg.User }

// noManager is the refusal of a command that needs the Manager.
func noManager(err error) error {
	if errors.Is(err, control.ErrNotRunning) {
		return refuse("Manager is not running.").Do("START MANAGER, then try again.")
	}
	return err
}

// ask puts a yes-or-no question; without anybody to ask it is refused.
func (s *Session) ask(question string) (bool, error) {
	if s.cfg.Lines == nil {
		return false, refuse("%s Nobody can be asked here.", strings.TrimSpace(question)).
			Do("Put ! at the end of the command for yes.")
	}
	answer, err := s.cfg.Lines.Next(question)
	if err != nil && answer == "" {
		return false, refuse("The question was not answered; nothing is changed.")
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}

// readFile reads a text file of bounded size.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, fmt.Errorf("%s is longer than %d bytes", path, limit)
	}
	return b, err
}
