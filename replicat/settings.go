package replicat

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/param"
	"ggsh/process"
)

// settings is what the parameter file makes of a run.
type settings struct {
	run             param.Run
	groupOps        int
	plugin          string
	login           handler.Login
	options         map[string]string
	targetName      string // for messages
	checkpointTable string
	end             runEnd
	discard         discardConfig
	sixDigits       bool
	input           string // EXTFILE of a special run
	noOpsFail       bool   // NOALLOWNOOPUPDATES was written
}

// runEnd is END: when a run that is not for ever is over.
type runEnd struct {
	set     bool
	runtime bool
	at      time.Time
	text    string
}

// passed reports whether a transaction of that commit time is behind the end.
func (e runEnd) passed(commit time.Time) bool { return e.set && commit.After(e.at) }

// atEOF reports whether the end of the trail is the end of the run.
func (e runEnd) atEOF(now time.Time) bool { return e.set && (e.runtime || now.After(e.at)) }

func readSettings(p *process.Process) (*settings, error) {
	f := p.Params()
	run, err := param.ReadRun(f)
	if err != nil {
		return nil, err
	}
	s := &settings{run: run, groupOps: max(1, run.Apply.GroupTransOps)}
	if err := s.setEnvironment(p); err != nil {
		return nil, err
	}
	globals, err := readGlobals(p)
	if err != nil {
		return nil, err
	}
	s.sixDigits = globals.SixDigits
	s.checkpointTable = globals.CheckpointTable
	if doc := p.Document(); doc != nil {
		if doc.Group.CheckpointTable != "" {
			s.checkpointTable = doc.Group.CheckpointTable
		}
		if doc.Group.NoDBCheckpoint {
			s.checkpointTable = ""
		}
	}
	if run.SpecialRun {
		s.checkpointTable = ""
	}
	if run.End != nil {
		s.end = runEnd{set: true, runtime: run.End.Runtime, at: run.End.At,
			text: run.End.At.Format(time.DateTime)}
		if s.end.runtime {
			s.end.at, s.end.text = p.Now(), "RUNTIME"
		}
	}
	if no, ok := f.Last("NOALLOWNOOPUPDATES"); ok {
		yes, given := f.Last("ALLOWNOOPUPDATES")
		s.noOpsFail = !given || after(no.Pos, yes.Pos)
	}
	s.options = s.handlerOptions()
	if err := s.readInput(f); err != nil {
		return nil, err
	}
	s.discard = discardSettings(p, run)
	return s, s.readTarget(p)
}

func after(a, b ggserr.Location) bool {
	return a.Line > b.Line || a.Line == b.Line && a.Column > b.Column
}

// setEnvironment obeys SETENV.
func (s *settings) setEnvironment(p *process.Process) error {
	for _, e := range s.run.Env {
		if err := os.Setenv(e.Name, e.Value); err != nil {
			err := ggserr.New(ggserr.BadParameter, "SETENV: "+err.Error())
			return err.At(e.Pos.File, e.Pos.Line, e.Pos.Column)
		}
		p.Info(ggserr.EnvironmentSet, fmt.Sprintf("%s=%s", e.Name, e.Value))
	}
	return nil
}

func readGlobals(p *process.Process) (param.GlobalsConfig, error) {
	path := p.Home().Globals()
	if _, err := os.Stat(path); err != nil {
		return param.GlobalsConfig{}, nil
	}
	f, err := param.Parse(path, param.Options{ReadFile: os.ReadFile, Home: string(p.Home()),
		Program: param.Globals})
	if err != nil {
		return param.GlobalsConfig{}, err
	}
	return param.ReadGlobals(f)
}

// readInput finds the file of a special run.
func (s *settings) readInput(f *param.File) error {
	inputs, err := param.ReadInputs(f)
	if err != nil || len(inputs) == 0 {
		return err
	}
	s.input = inputs[len(inputs)-1].Path
	return nil
}

// handlerOptions are the parameters that a handler acts on, by lower-case names.
func (s *settings) handlerOptions() map[string]string {
	a := s.run.Apply
	o := map[string]string{"maxsqlstatements": strconv.Itoa(a.MaxStatements)}
	for name, on := range map[string]bool{"limitrows": a.LimitRows, "batchsql": a.Batch != nil,
		"suppresstriggers": a.SuppressTriggers, "nosuppresstriggers": a.NoSuppressTriggers,
		"deferrefconst": a.DeferConstraints, "allowlobdatatruncate": a.AllowLobDataTruncate} {
		if on {
			o[name] = "true"
		}
	}
	return o
}

// readTarget chooses the handler from the login.
func (s *settings) readTarget(p *process.Process) error {
	f := p.Params()
	l, found, err := param.ReadLogin(f)
	if err != nil {
		return err
	}
	refuse := func(n ggserr.Number, args ...any) error {
		return ggserr.New(n, args...).At(l.Pos.File, l.Pos.Line, l.Pos.Column)
	}
	switch {
	case !found:
		return ggserr.New(ggserr.BadParameter, "the parameter file names no target: "+
			"TARGETDB is missing").At(f.Path, 1, 1)
	case l.LibFile != "":
		return refuse(ggserr.BadParameter, "TARGETDB LIBFILE: big data targets come with a "+
			"later release; this one has the targets mysql and sqlite")
	case l.Alias != "":
		return refuse(ggserr.BadParameter, "USERIDALIAS: the credential store comes with a "+
			"later release; use USERID and PASSWORD")
	case l.EncryptAlgo != "":
		return refuse(ggserr.BadParameter, "encrypted passwords come with a later release")
	case l.Embedded != "":
		s.plugin, s.targetName = "sqlite", l.Embedded
		s.login = handler.Login{Kind: "sqlite", Database: p.Home().Resolve(l.Embedded)}
		return nil
	}
	s.plugin = "mysql"
	s.login = handler.Login{Kind: "mysql", Host: l.Host, Port: l.Port, Database: l.Database,
		User: l.User, Password: l.Password}
	s.targetName = l.Database
	if l.Host != "" {
		s.targetName += "@" + l.Host
	}
	if l.SessionCharset != "" {
		s.options["sessioncharset"] = l.SessionCharset
	}
	return nil
}

// schedule is a list of times of day at which something is due.
type schedule struct {
	clocks []param.Clock
	last   time.Time
}

// due reports whether one of the times has passed since the last question.
func (s *schedule) due(now time.Time) bool {
	if len(s.clocks) == 0 {
		return false
	}
	from := s.last
	s.last = now
	if from.IsZero() {
		return false
	}
	for _, c := range s.clocks {
		local := now.Local()
		y, m, d := local.Date()
		at := time.Date(y, m, d, c.Hour, c.Minute, 0, 0, local.Location())
		if (!c.OnDay || c.Day == local.Weekday()) && from.Before(at) && !now.Before(at) {
			return true
		}
	}
	return false
}

// sortedRules puts single numbers before DEFAULT, as the first match wins.
func sortedRules(rules []rule) []rule {
	sort.SliceStable(rules, func(i, j int) bool { return rules[i].order() < rules[j].order() })
	return rules
}
