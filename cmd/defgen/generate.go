package main

import (
	"cmp"
	"context"
	"os"
	"strings"
	"time"

	"ggsh/capture/mysql"
	"ggsh/capture/oracle"
	"ggsh/capture/sqlite"
	"ggsh/dblogin"
	"ggsh/definitions"
	"ggsh/ggserr"
	"ggsh/mapping"
	"ggsh/param"
	"ggsh/process"
	"ggsh/record"
	"ggsh/report"
	"ggsh/subdirs"
	"ggsh/wallet"
)

// generator is one run.
type generator struct {
	home   subdirs.Home
	args   process.Args
	plain  bool // NOEXTATTR on the command line
	report *report.Report
	params *param.File
}

// cutPlain takes NOEXTATTR out of a command line.
func cutPlain(words []string) (rest []string, plain bool) {
	for _, w := range words {
		if strings.EqualFold(strings.TrimLeft(w, "-"), "NOEXTATTR") {
			plain = true
			continue
		}
		rest = append(rest, w)
	}
	return rest, plain
}

// open begins the report.
func open(home subdirs.Home, args process.Args) (*generator, error) {
	r, err := report.Open(args.ReportFile, os.Stdout, report.Header{
		Product: "ggsh Table Definition Generator", Version: version, Started: time.Now(),
		PID: os.Getpid()}, time.Now)
	return &generator{home: home, args: args, report: r}, err
}

// end writes how it ended and gives the status.
func (g *generator) end(err error) int {
	status := 0
	if err != nil {
		for _, e := range param.Errors(err) {
			g.report.Message(e)
		}
		status = 1
	}
	if g.report.Close() != nil {
		status = 1
	}
	return status
}

// generate reads the parameters, asks the database and writes the file.
func (g *generator) generate(ctx context.Context) error {
	globals, err := g.readParams()
	if err != nil {
		return err
	}
	out, err := param.ReadDefsFile(g.params)
	if err != nil {
		return err
	}
	if out.Format != "" {
		g.report.Message(ggserr.New(ggserr.ParameterIgnored, "DEFSFILE FORMAT",
			"a definitions file has one form, docs/DEFINITIONS.md"))
	}
	plan, err := mapping.CompileExtract(g.params)
	if err != nil {
		return err
	}
	if globals.ExcludeWildcardObjectsOnly {
		plan.SpareNamed()
	}
	defs, err := g.definitions(ctx, globals, plan)
	if err != nil {
		return err
	}
	list := g.sorted(plan, defs)
	if out.NoCatalog {
		for _, t := range list {
			t.Catalog = ""
		}
	}
	if len(list) == 0 {
		return ggserr.New(ggserr.TableMissing, plan.Statements()[0].Source.String()).
			Do("No table fits the TABLE statements: nothing was written.")
	}
	err = definitions.Write(g.home.Resolve(out.Path), list, definitions.Options{Append: out.Append,
		Purge: out.Purge, Plain: g.plain || out.Plain, Now: time.Now()})
	if err != nil {
		return err
	}
	g.report.Line("\n\nDefinitions generated for %d %s in %s.\n", len(list), plural(len(list)), out.Path)
	return nil
}

func plural(n int) string {
	if n == 1 {
		return "table"
	}
	return "tables"
}

// readParams reads GLOBALS and the parameter file, which it echoes.
func (g *generator) readParams() (param.GlobalsConfig, error) {
	globals := param.GlobalsConfig{}
	if _, err := os.Stat(g.home.Globals()); err == nil {
		f, err := param.Parse(g.home.Globals(), param.Options{ReadFile: os.ReadFile,
			Home: string(g.home), Program: param.Globals})
		if err == nil {
			globals, err = param.ReadGlobals(f)
		}
		if err != nil {
			return globals, err
		}
	}
	g.report.Section("Running with the following parameters")
	f, err := param.Parse(g.args.ParamFile, param.Options{ReadFile: os.ReadFile, Getenv: os.Getenv,
		Home: string(g.home), Program: param.Defgen, NoAnsiQuotes: globals.NoAnsiQuotes,
		Charset: globals.Charset})
	g.params = f
	g.report.Params(f.Echo)
	g.report.Line("")
	for _, w := range f.Warnings {
		g.report.Message(w)
	}
	return globals, err
}

// definitions asks the database for the tables that a statement takes.
func (g *generator) definitions(ctx context.Context, globals param.GlobalsConfig,
	plan *mapping.Plan) ([]*record.TableDef, error) {
	written, given, err := param.ReadLogin(g.params)
	if err != nil {
		return nil, err
	}
	if !given {
		return nil, ggserr.New(ggserr.BadParameter, "the parameter file names no database").
			At(g.params.Path, 1, 1).Do("Add SOURCEDB db@host:port, USERID user, PASSWORD password.")
	}
	login, err := g.login(written, globals)
	if err != nil {
		return nil, err
	}
	switch login.Kind {
	case dblogin.SQLite:
		path := g.home.Resolve(login.Database)
		defs, err := sqlite.Definitions(ctx, path, plan.Wants)
		if err != nil {
			return nil, ggserr.New(ggserr.SQLFailed, err.Error())
		}
		return defs, nil
	case dblogin.MySQL, dblogin.MariaDB:
		return mysql.Definitions(ctx, mysql.Config{Host: login.Host, Port: login.Port, User: login.User,
			Password: login.Password}, plan.Wants)
	}
	if login.Kind == dblogin.Oracle {
		return oracleDefinitions(ctx, login, plan.Wants)
	}
	return nil, ggserr.New(ggserr.BadParameter, "defgen reads Oracle, MySQL, MariaDB and SQLite, not "+
		string(login.Kind)).At(written.Pos.File, written.Pos.Line, written.Pos.Column)
}

// oracleDefinitions are those of an initial load, as a capture has them.
func oracleDefinitions(ctx context.Context, l dblogin.Login, want func(owner, table string) bool,
) ([]*record.TableDef, error) {
	s, err := oracle.OpenSnapshot(ctx, oracle.SnapshotConfig{Client: dblogin.OracleConfig(l), Want: want}, 1)
	if err != nil {
		return nil, err
	}
	var list []*record.TableDef
	for _, t := range s.Tables() {
		list = append(list, t.Def)
	}
	return list, s.Close()
}

// login resolves an alias, or takes what the parameter says.
func (g *generator) login(l param.Login, globals param.GlobalsConfig) (dblogin.Login, error) {
	switch {
	case l.Alias != "":
		dir := g.home.Resolve(cmp.Or(globals.CredentialStore, "dircrd"))
		return dblogin.AliasesIn(dir).Login(l.DSN, l.Domain, l.Alias)
	case l.Embedded != "":
		return dblogin.Login{Kind: dblogin.SQLite, Database: l.Embedded}, nil
	}
	user := l.User
	if l.Service != "" {
		user += "@" + l.Service
	}
	keys, err := wallet.Of(g.home)
	if err != nil {
		return dblogin.Login{}, err
	}
	password, err := keys.Password(l)
	if err != nil {
		return dblogin.Login{}, err
	}
	return dblogin.New(l.DSN, user, password)
}

// sorted gives each table once, in the order of the statements, and tells of it.
func (g *generator) sorted(plan *mapping.Plan, defs []*record.TableDef) []*record.TableDef {
	var list []*record.TableDef
	done := map[*record.TableDef]bool{}
	for _, st := range plan.Statements() {
		if st.Def != "" || st.TargetDef != "" {
			e := ggserr.New(ggserr.ParameterIgnored, "TABLE ... DEF", "a table has its own definition")
			g.report.Message(e.At(st.Pos.File, st.Pos.Line, st.Pos.Column))
		}
		name := st.Source.String()
		if strings.ContainsAny(name, "*?") {
			g.report.Line("Expanding wildcard table specification %s:\n", name)
		}
		for _, t := range defs {
			if done[t] || !mapping.Matches(name, t) {
				continue
			}
			done[t] = true
			list = append(list, t)
			g.report.Line("Retrieving definition for %s.", t.FullName())
			if len(t.Key) == 0 {
				g.report.Message(ggserr.New(ggserr.NoUniqueKey, t.FullName()))
			}
		}
	}
	return list
}
