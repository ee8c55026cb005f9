package replicat

import (
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"ggsh/checkpoint"
	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/param"
	"ggsh/process"
	"ggsh/props"
	"ggsh/subdirs"
)

// settings is what the parameter file makes of a run.
type settings struct {
	run             param.Run
	ddl             param.DDL
	groupOps        int
	plugin          string
	properties      string          // file of a big data target
	credentials     string          // folder of the credential store
	notices         []*ggserr.Error // of that file
	login           handler.Login
	options         map[string]string
	targetName      string // for messages
	checkpointTable string
	end             runEnd
	sixDigits       bool
	spareNamed      bool   // EXCLUDEWILDCARDOBJECTSONLY
	input           string // EXTFILE of a special run
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

func readSettings(p *process.Process, cfg *Config) (*settings, error) {
	f := p.Params()
	run, err := param.ReadRun(f)
	if err != nil {
		return nil, err
	}
	ddl, err := param.ReadDDL(f)
	if err != nil {
		return nil, err
	}
	s := &settings{run: run, ddl: ddl, groupOps: max(1, run.Apply.GroupTransOps)}
	if err := p.Configure(run, os.Setenv); err != nil {
		return nil, err
	}
	globals := p.Globals()
	s.sixDigits, s.spareNamed = globals.SixDigits, globals.ExcludeWildcardObjectsOnly
	s.checkpointTable = globals.CheckpointTable
	if doc := p.Document(); doc != nil {
		if doc.Group.CheckpointTable != "" {
			s.checkpointTable = doc.Group.CheckpointTable
		}
		if doc.Group.NoDBCheckpoint {
			s.checkpointTable = ""
		}
	}
	if task(p.Document()) {
		s.run.SpecialRun = true
		s.input = subdirs.TaskTrail(p.Group())
	}
	if s.run.SpecialRun {
		s.checkpointTable = ""
	}
	if run.End != nil {
		s.end = runEnd{set: true, runtime: run.End.Runtime, at: run.End.At,
			text: run.End.At.Format(time.DateTime)}
		if s.end.runtime {
			s.end.at, s.end.text = p.Now(), "RUNTIME"
		}
	}
	s.options = s.handlerOptions()
	if err := s.readInput(f); err != nil {
		return nil, err
	}
	s.credentials = p.Home().Resolve(globals.CredentialStore)
	if err := s.readTarget(p, cfg); err != nil {
		return nil, err
	}
	return s, s.tags()
}

// tags refuses SETTAG where it is to break loops: at other targets it means nothing.
func (s *settings) tags() error {
	for _, t := range s.run.Apply.Others {
		if s.plugin == "oracle" && strings.EqualFold(t.Text, "SETTAG") {
			return ggserr.New(ggserr.BadParameter, "DBOPTIONS SETTAG: the redo of this Replicat has no "+
				"tag, so that an Extract with EXCLUDETAG would send its changes back").
				At(t.Pos.File, t.Pos.Line, t.Pos.Column).
				Do("Take it out, and name the checkpoint table to the Extract of this database: " +
					"TRANLOGOPTIONS FILTERTABLE, or EXCLUDEUSER with the user of this Replicat.")
		}
	}
	return nil
}

// task reports whether the group was added as the task of an initial load.
func task(doc *checkpoint.Document) bool {
	return doc != nil && doc.Group.Source == checkpoint.SpecialRun
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
	if a.HasDuplicateError {
		o["sqlduperr"] = strconv.FormatInt(a.DuplicateError, 10)
	}
	texts := map[string]string{"emptystring": a.EmptyString, "emptylobstring": a.EmptyLobString}
	if bad := a.BadChar; bad.Action != "" && bad.Action != "ABORT" {
		texts["replacebadchar"], texts["replacebadcharby"] = bad.Action, bad.Substitute
		if bad.NoWarning {
			texts["replacebadcharnowarning"] = "true"
		}
	}
	for name, text := range texts {
		if text != "" {
			o[name] = text
		}
	}
	return o
}

// readTarget chooses the handler from the login.
func (s *settings) readTarget(p *process.Process, cfg *Config) error {
	f := p.Params()
	l, found, err := param.ReadLogin(f)
	if err != nil {
		return err
	}
	refuse := func(text string) error {
		return ggserr.New(ggserr.BadParameter, text).At(l.Pos.File, l.Pos.Line, l.Pos.Column)
	}
	switch {
	case !found:
		return ggserr.New(ggserr.BadParameter, "the parameter file names no target: "+
			"TARGETDB is missing, or USERID for Oracle").At(f.Path, 1, 1)
	case l.LibFile != "":
		return s.readProperties(p, l)
	case l.Embedded != "":
		s.plugin, s.targetName = "sqlite", l.Embedded
		s.login = handler.Login{Kind: "sqlite", Database: p.Home().Resolve(l.Embedded)}
		return nil
	case l.Alias != "" && cfg.Alias == nil:
		return refuse("USERIDALIAS: there is no credential store here")
	case l.Alias != "":
		if s.login, err = cfg.Alias(s.credentials, l); err != nil {
			return err
		}
		if s.login.Kind == "sqlite" {
			s.login.Database = p.Home().Resolve(s.login.Database)
		}
	case l.IsOracle() && l.User == "":
		return refuse("USERID / is a login of the operating system: name a user and its password")
	case l.IsOracle():
		s.login = handler.Login{Kind: "oracle", Database: l.Service, User: l.User,
			Password: l.Password}
	default:
		if l.EncryptKey != "" {
			if cfg.Password == nil {
				return refuse("there are no keys for an encrypted password here")
			}
			if l.Password, err = cfg.Password(l); err != nil {
				return err
			}
		}
		s.login = handler.Login{Kind: "mysql", Host: l.Host, Port: l.Port, Database: l.Database,
			User: l.User, Password: l.Password}
	}
	s.plugin, s.targetName = s.login.Kind, s.login.Database
	if s.login.Host != "" {
		s.targetName += "@" + s.login.Host
		if s.login.Port != 0 {
			s.targetName += ":" + strconv.Itoa(s.login.Port)
		}
	}
	if l.SessionCharset != "" {
		s.options["sessioncharset"] = l.SessionCharset
	}
	return nil
}

// readProperties chooses the handler of a big data target: the library's name says
// nothing, its properties file everything. The handler reads the file itself.
func (s *settings) readProperties(p *process.Process, l param.Login) error {
	path := l.Properties
	if path == "" {
		path = filepath.Join("dirprm", strings.ToLower(p.Group())+".properties")
		for _, e := range s.run.Env {
			if strings.EqualFold(e.Name, "GGS_JAVAUSEREXIT_CONF") {
				path = e.Value
			}
		}
	}
	path = p.Home().Resolve(path)
	c, err := props.Load(path, props.Options{Home: string(p.Home()), Secret: noSecret})
	if err != nil {
		return err
	}
	s.notices = c.Notices()
	s.plugin, s.targetName = c.Type, c.Type+" ("+l.Properties+")"
	if c.Type == props.FileWriter {
		s.plugin = "file"
	}
	s.properties = path
	return nil
}

// noSecret leaves names and passwords of the credential store to the handler.
func noSecret(string, string) (user, password string, err error) { return "", "", nil }

// sortedRules puts single numbers before DEFAULT, as the first match wins.
func sortedRules(rules []rule) []rule {
	sort.SliceStable(rules, func(i, j int) bool { return rules[i].order() < rules[j].order() })
	return rules
}
