package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"ggsh/capture/mysql"
	"ggsh/capture/sqlite"
	"ggsh/checkpoint"
	"ggsh/dblogin"
	"ggsh/extract"
	"ggsh/ggserr"
	"ggsh/heartbeat"
	"ggsh/mapping"
	"ggsh/mapping/expr"
	"ggsh/param"
	"ggsh/process"
	"ggsh/trail"
	"ggsh/wallet"
)

// wiring joins sources and trails with the engine.
type wiring struct {
	p       *process.Process
	run     param.Run
	globals param.GlobalsConfig
	ddl     param.DDL
	outputs []param.Output
	args    process.Args
	keys    *wallet.Ring
	ciphers []*trail.Encryption // by the output's index; nil: in clear

	plan      *mapping.Plan
	tables    []*param.TableStatement
	discards  *discards
	saidNoDDL bool // that the source tells no DDL
	// saidReplicates: what becomes of Replicat's transactions
	saidReplicates bool
}

// wire reads what the parameter file says and gives what the process has to do.
func wire(p *process.Process, args process.Args) (func(context.Context) error, error) {
	w := &wiring{p: p, args: args}
	var err error
	if w.run, err = param.ReadRun(p.Params()); err != nil {
		return nil, err
	}
	w.globals = p.Globals()
	own, all := &w.run.Memory, w.globals.Memory
	own.Size, own.Directory = cmp.Or(own.Size, all.Size), cmp.Or(own.Directory, all.Directory)
	if w.keys, err = wallet.Of(p.Home()); err != nil {
		return nil, err
	}
	if err := w.keys.Check(p.Params()); err != nil {
		return nil, err
	}
	if err := w.supported(); err != nil {
		return nil, err
	}
	if err := p.Configure(w.run, os.Setenv); err != nil {
		return nil, err
	}
	cfg, err := w.config()
	if err != nil {
		return nil, err
	}
	w.badCharacters()
	if err := w.refuseTask(); err != nil {
		return nil, err
	}
	w.forgetFiles(cfg.Outputs)
	if !w.isLoad() {
		w.keepFiles(cfg.Outputs)
	}
	if err := p.Store(); err != nil {
		return nil, err
	}
	if w.isLoad() {
		return w.load(cfg)
	}
	return func(ctx context.Context) error {
		defer w.sendHeartbeats(ctx, cfg.Heartbeat)()
		return extract.Run(ctx, cfg)
	}, nil
}

// config is what a capture, a data pump and an initial load share.
func (w *wiring) config() (extract.Config, error) {
	plan, err := mapping.CompileExtract(w.p.Params())
	if err != nil {
		return extract.Config{}, err
	}
	if w.globals.ExcludeWildcardObjectsOnly {
		plan.SpareNamed()
	}
	env := expr.ThisProcess(w.p.Group(), "EXTRACT", w.p.Now)
	if doc := w.p.Document(); doc != nil {
		env.Description = doc.Group.Description
	}
	env.Facts = sourceFacts{w}
	plan.SetEnvironment(env)
	w.plan, w.tables = plan, plan.Statements()
	if err := w.noDefinitions(); err != nil {
		return extract.Config{}, err
	}
	if w.ddl, err = param.ReadDDL(w.p.Params()); err != nil {
		return extract.Config{}, err
	}
	doc := w.p.Document()
	pump := doc != nil && doc.Group.Source == checkpoint.TrailSource
	var leaveOut func(string) bool
	if pump {
		plan.PassImages(w.p.Params())
		leaveOut = w.run.Tags.LeaveOut
	}
	outputs, err := w.readOutputs()
	if err == nil {
		err = w.readCiphers(outputs)
	}
	var names *heartbeat.Names
	if err == nil && !w.isLoad() {
		names, err = w.heartbeatNames()
	}
	cfg := extract.Config{Heartbeat: names, DDL: w.ddl, PassDDL: pump && !w.ddl.Given, Process: w.p, Plan: plan, Outputs: outputs,
		OpenSource: w.openSource, OpenOutput: w.openOutput, Serves: w.serves, Discard: w.discardOp,
		AtCSN: w.args.AtCSN, AfterCSN: w.args.AfterCSN, LeaveOutTag: leaveOut, Rollover: w.run.Rollover,
		WarnLong: w.run.WarnLongTrans, WarnEvery: w.run.WarnInterval,
		CheckpointEvery: w.run.CheckpointSecs, FlushEvery: w.run.FlushDelay}
	if err == nil {
		err = w.readSQL(&cfg)
	}
	return cfg, err
}

// noDefinitions tells that definitions come with the source. A file that is to override
// them is refused: rows would be mapped by other names.
func (w *wiring) noDefinitions() error {
	for keyword, list := range map[string][]param.Definitions{"SOURCEDEFS": w.run.SourceDefs,
		"TARGETDEFS": w.run.TargetDefs} {
		for _, d := range list {
			if d.Override {
				return ggserr.New(ggserr.BadParameter, keyword+" OVERRIDE is of Replicat: an Extract takes "+
					"definitions from its source").At(d.Pos.File, d.Pos.Line, d.Pos.Column)
			}
			w.p.Event(ggserr.New(ggserr.SourceDefsIgnored, keyword+" "+d.Path))
		}
	}
	return nil
}

// badCharacters tells that a value that cannot be converted stops an Extract.
func (w *wiring) badCharacters() {
	if action := w.run.Apply.BadChar.Action; action != "" && action != "ABORT" {
		w.p.Event(ggserr.New(ggserr.ParameterIgnored, "REPLACEBADCHAR "+action, "an Extract stops at text that "+
			"is not valid in its source; Replicat acts on it"))
	}
}

// isLoad reports whether tables are read instead of a log.
func (w *wiring) isLoad() bool {
	doc := w.p.Document()
	return w.run.SourceIsTable || doc != nil && doc.Group.Source == checkpoint.SourceIsTable
}

// supported refuses what this release does not do.
func (w *wiring) supported() error {
	doc := w.p.Document()
	if doc == nil && !w.run.SourceIsTable {
		return ggserr.New(ggserr.Generic, "EXTRACT "+w.p.Group()+" does not exist").
			Do("ADD EXTRACT %s first.", w.p.Group())
	}
	if doc != nil && w.run.SourceIsTable && doc.Group.Source != checkpoint.SourceIsTable {
		return ggserr.New(ggserr.BadParameter, "SOURCEISTABLE stands in the parameter file of EXTRACT "+
			w.p.Group()+", which was added to read "+string(doc.Group.Source)).At(w.p.Params().Path, 1, 1).
			Do("Take it out, or ADD EXTRACT of another name with SOURCEISTABLE.")
	}
	return nil
}

// serves reports whether a TABLE statement stands under an output.
func (w *wiring) serves(t *param.TableStatement, out extract.OutputConfig) bool {
	return slices.Contains(t.Switches.Outputs, out.Index)
}

// openSource opens the trail of a data pump, or the database.
func (w *wiring) openSource(ctx context.Context, start extract.SourceStart) (extract.Source, error) {
	if w.p.Document().Group.Source == checkpoint.TrailSource {
		if err := w.tellReplicates(nil); err != nil {
			return nil, err
		}
		return w.openTrail(ctx, start)
	}
	login, err := w.sourceLogin()
	if err != nil {
		return nil, err
	}
	if login.Directory != "" {
		if err := w.rowsOnly(); err != nil {
			return nil, err
		}
		return w.openDirectory(ctx, w.p.Home().Resolve(login.Directory), start)
	}
	kafka, err := w.isKafka(login)
	if err != nil {
		return nil, err
	}
	if kafka {
		if err := w.rowsOnly(); err != nil {
			return nil, err
		}
		return w.openKafka(ctx, start)
	}
	if err := w.streamsOnly(); err != nil {
		return nil, err
	}
	return w.openDatabase(ctx, login, start)
}

// openDatabase opens the log of the database.
func (w *wiring) openDatabase(ctx context.Context, login param.Login, start extract.SourceStart,
) (extract.Source, error) {
	if login.Embedded != "" {
		w.noDDL()
		if err := errors.Join(w.selects(dblogin.SQLite), w.noSequences()); err != nil {
			return nil, err
		}
		return w.openSQLite(ctx, w.p.Home().Resolve(login.Embedded), start)
	}
	l, err := w.login(login)
	if err != nil {
		return nil, err
	}
	if err := w.selects(l.Kind); err != nil {
		return nil, err
	}
	if l.Kind == dblogin.Oracle {
		if err := w.noSequences(); err != nil {
			return nil, err
		}
		return w.openOracle(ctx, l, start)
	}
	return w.openMySQL(ctx, l, start)
}

// rowsOnly is of sources that tell neither whose changes are, nor sequences, nor DDL.
func (w *wiring) rowsOnly() error {
	if err := w.tellReplicates(nil); err != nil {
		return err
	}
	w.noDDL()
	return w.noSequences()
}

// noDDL tells once that a source tells no DDL.
func (w *wiring) noDDL() {
	if w.ddl.Given && !w.saidNoDDL {
		w.saidNoDDL = true
		w.p.Event(ggserr.New(ggserr.ParameterIgnored, "DDL", "this source tells none; make changes of tables "+
			"on the target yourself"))
	}
}

// sourceLogin is how the source database is named; an alias may stand for a file or a folder.
func (w *wiring) sourceLogin() (param.Login, error) {
	login, given, err := param.ReadLogin(w.p.Params())
	if err == nil && !given {
		err = ggserr.New(ggserr.BadParameter, "the parameter file names no source database").
			At(w.p.Params().Path, 1, 1).Do("Add SOURCEDB db@host:port, USERID user, PASSWORD password.")
	}
	if err != nil || login.Alias == "" {
		return login, err
	}
	l, err := w.login(login)
	switch l.Kind {
	case dblogin.SQLite:
		login.Embedded = l.Database
	case dblogin.Directory:
		login.Directory = l.Database
	}
	return login, err
}

func (w *wiring) openTrail(ctx context.Context, start extract.SourceStart) (extract.Source, error) {
	name, err := w.trailName(w.p.Document().Group.Trail)
	if err != nil {
		return nil, err
	}
	at, after := start.At, time.Time{}
	if at.IsZero() {
		if at, after, err = w.beginInTrail(name, start.Begin); err != nil {
			return nil, err
		}
	}
	src, err := extract.OpenTrail(ctx, name, at, extract.TrailOptions{After: after, Keys: w.keys,
		Admit: w.admit, Warn: func(text string) { w.p.Line("%s", text) }})
	if err != nil {
		return nil, err
	}
	if start.At.IsZero() && start.Begin.Kind == checkpoint.BeginCSN {
		src.From(start.Begin.CSN)
	}
	return src, nil
}

// beginInTrail turns an ordered start into a place in the trail: without a
// sequence number, the first file there is.
func (w *wiring) beginInTrail(name trail.Name, b checkpoint.Begin) (trail.Position, time.Time, error) {
	var after time.Time
	if b.Kind == checkpoint.BeginTime || b.Kind == checkpoint.BeginNow {
		after = b.Time
	}
	if b.Kind == checkpoint.BeginSeqno && (b.Seqno > 0 || b.RBA > 0) {
		return trail.Position{Seqno: b.Seqno, RBA: b.RBA}, after, nil
	}
	if b.Kind == checkpoint.BeginEOF {
		at, err := extract.EndOfTrail(name, w.keys)
		return at, after, err
	}
	files, err := trail.List(name)
	if err != nil || len(files) == 0 {
		return trail.Position{}, after, err
	}
	return trail.Position{Seqno: files[0]}, after, nil
}

func (w *wiring) trailName(path string) (trail.Name, error) {
	return trail.ParseName(w.p.Home().Resolve(path), w.digits())
}

func (w *wiring) digits() int {
	if w.globals.SixDigits {
		return 6
	}
	return 9
}

func (w *wiring) openSQLite(ctx context.Context, path string, start extract.SourceStart) (extract.Source, error) {
	cfg := sqlite.Config{Path: path, Restart: start.Restart, Want: start.Want,
		Warn: func(text string) { w.p.Event(ggserr.New(ggserr.DatabaseMessage, text)) }}
	if err := w.sqliteReplicates(ctx, &cfg); err != nil {
		return nil, err
	}
	switch start.Begin.Kind {
	case checkpoint.BeginEOF:
		cfg.AtEnd = true
	case checkpoint.BeginSeqno:
		cfg.Restart = first(cfg.Restart, uintText(start.Begin.RBA))
	case checkpoint.BeginCSN:
		cfg.Restart = first(cfg.Restart, uintText(start.Begin.CSN.Minor))
	case checkpoint.BeginEarliest:
	default:
		cfg.Begin = start.Begin.Time
	}
	for _, csn := range start.Bounds {
		cfg.Bounds = append(cfg.Bounds, int64(csn.Minor))
	}
	return sqlite.Open(ctx, cfg)
}

func (w *wiring) openMySQL(ctx context.Context, l dblogin.Login, start extract.SourceStart) (extract.Source, error) {
	log := w.run.Capture.Log
	cfg := mysql.Config{Group: w.p.Group(), Host: l.Host, Port: l.Port, User: l.User, Password: l.Password,
		ServerID: uint32(log.ServerID), SchemaFile: w.p.Home().Definitions(w.p.Group()),
		CacheSize: w.run.Memory.Size, SpoolDir: w.spoolDir(), Want: start.Want, Warn: w.p.Event}
	if w.run.Tags.Given() {
		cfg.LeaveOutTag = w.run.Tags.LeaveOut
	}
	cfg.AllDDL = w.ddl.Given
	if w.sequences() != nil && !w.isLoad() {
		cfg.WantSequence = w.plan.WantsSequence
	}
	cfg.GetReplicates, cfg.IgnoreApplications = w.run.Capture.GetReplicates, w.run.Capture.IgnoreApplications
	var err error
	if cfg.FilterTables, err = w.filterTables(l.Database); err != nil {
		return nil, err
	}
	if err := w.lookFor(ctx, cfg); err != nil {
		return nil, err
	}
	if err := w.tellReplicates(cfg.FilterTables); err != nil {
		return nil, err
	}
	cfg.Start = mysql.Start{Restart: start.Restart}
	switch b := start.Begin; b.Kind {
	case checkpoint.BeginSeqno:
		cfg.Start.Seq, cfg.Start.Pos = uint64(b.Seqno), b.RBA
	case checkpoint.BeginCSN:
		cfg.Start.Seq, cfg.Start.Pos = b.CSN.Major, b.CSN.Minor
	case checkpoint.BeginEOF:
	case checkpoint.BeginEarliest:
		return nil, ggserr.New(ggserr.Generic, "A binary log has no BEGIN EARLIEST").
			Do("SHOW BINARY LOGS tells the first file: ALTER the EXTRACT to its LOGNUM, LOGPOS 4.")
	default:
		cfg.Start.Time = b.Time
	}
	if w.isLoad() {
		// A load brings rows up to a later moment: whoever changed them.
		cfg.FilterTables, cfg.LeaveOutTag, cfg.SchemaFile = nil, nil, ""
		cfg.IgnoreApplications = false
	}
	src, err := mysql.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return mysqlSource{src}, nil
}

func (w *wiring) spoolDir() string {
	if dir := w.run.Memory.Directory; dir != "" {
		return w.p.Home().Resolve(dir)
	}
	return w.p.Home().Temp()
}

// isKafka reports whether the source is Kafka: SOURCEDB or its alias says so, or the
// consumer's properties do without one.
func (w *wiring) isKafka(login param.Login) (bool, error) {
	if login.Kafka || login.DSN == "" && w.run.Capture.Log.Streams.ConsumerProperties != "" {
		return true, nil
	}
	if login.Alias == "" {
		return false, nil
	}
	l, err := w.login(login)
	return l.Kind == dblogin.Kafka, err
}

// aliasDir is where the credential store lies.
func (w *wiring) aliasDir() string {
	if w.globals.CredentialStore != "" {
		return w.p.Home().Resolve(w.globals.CredentialStore)
	}
	return w.p.Home().Join("dircrd")
}

// login resolves an alias and gives host, port, user and password.
func (w *wiring) login(l param.Login) (dblogin.Login, error) {
	if l.Alias != "" {
		return dblogin.AliasesIn(w.aliasDir()).Login(l.DSN, l.Domain, l.Alias)
	}
	if l.OSUser {
		return dblogin.Login{}, ggserr.New(ggserr.BadParameter, "USERID / logs in as the user of the operating "+
			"system, which is not possible over the network").At(l.Pos.File, l.Pos.Line, l.Pos.Column).
			Do("Write USERID user@database, PASSWORD password, or USERIDALIAS alias.")
	}
	password, err := w.keys.Password(l)
	if err == nil && l.IsOracle() {
		return dblogin.Login{Kind: dblogin.Oracle, Database: l.Service, User: l.User, Password: password}, nil
	}
	return dblogin.Login{Kind: dblogin.MySQL, Host: l.Host, Port: l.Port, Database: l.Database,
		User: l.User, Password: password}, err
}
