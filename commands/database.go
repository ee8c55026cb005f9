package commands

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ggsh/control"
	"ggsh/dblogin"
	"ggsh/ggserr"
	"ggsh/param"
)

// aliases is the credential store: in dircrd, or where GLOBALS says.
func (s *Session) aliases() *dblogin.Aliases {
	dir := s.cfg.Home.Join("dircrd")
	if v := s.global("CREDENTIALSTORELOCATION"); v != "" {
		dir = s.cfg.Home.Resolve(v)
	}
	return dblogin.AliasesIn(dir)
}

// global gives the first word of a parameter of GLOBALS, empty without it.
func (s *Session) global(name string) string {
	f, _ := param.Parse(s.cfg.Home.Globals(), s.paramOptions(param.Globals))
	if st, ok := f.Last(name); ok && len(st.Args) > 0 {
		var b strings.Builder
		for i, t := range st.Args {
			if i > 0 && !t.Glued {
				break
			}
			b.WriteString(t.Text)
		}
		return b.String()
	}
	return ""
}

// password gives the password of a line, or asks for it.
func (s *Session) password(c *call) (string, error) {
	if c.has("PASSWORD") && len(c.given["PASSWORD"]) > 0 {
		return c.text("PASSWORD"), nil
	}
	if s.cfg.Lines == nil {
		return "", refuse("%s needs PASSWORD here: nobody can be asked.", c.cmd.Name())
	}
	password, err := s.cfg.Lines.Password("Password: ")
	if err != nil {
		return "", refuse("No password was given.")
	}
	return password, nil
}

func checkLogin(c *call) error {
	switch {
	case c.has("USERID") && c.has("USERIDALIAS"):
		return fault(c.words[0], "USERID and USERIDALIAS exclude each other.")
	case !c.has("USERID") && !c.has("USERIDALIAS") && !c.has("SOURCEDB"):
		return fault(word{col: len([]rune(c.line)) + 1},
			"DBLOGIN needs USERID, USERIDALIAS or SOURCEDB: %s", c.cmd.Synopsis)
	}
	return checkEncrypt(c)
}

func (s *Session) loginOf(c *call) (dblogin.Login, error) {
	source := c.text("SOURCEDB")
	if c.has("USERIDALIAS") {
		return s.aliases().Login(source, c.text("DOMAIN"), c.text("USERIDALIAS"))
	}
	kind, _, _ := strings.Cut(strings.ToLower(source), ":")
	isFile := kind == string(dblogin.SQLite) || kind == string(dblogin.Directory) ||
		kind == string(dblogin.Kafka)
	var password string
	if !isFile && c.has("USERID") && c.text("USERID") != "/" {
		if user, rest, ok := splitUser(c.text("USERID")); ok {
			c.given["USERID"][0].text, password = user, rest
		} else {
			var err error
			if password, err = s.password(c); err != nil {
				return dblogin.Login{}, err
			}
		}
	}
	password, err := s.decrypted(c, password)
	if err != nil {
		return dblogin.Login{}, err
	}
	return dblogin.New(source, c.text("USERID"), password)
}

// splitUser takes user/password@rest apart.
func splitUser(userid string) (user, password string, ok bool) {
	m := slashPassword.FindStringSubmatch(userid)
	if m == nil {
		return userid, "", false
	}
	return m[1] + m[3], m[2], true
}

func dbLogin(ctx context.Context, s *Session, c *call) (Value, error) {
	if s.single {
		return nil, refuse("A login would end with this line.").
			Do("CONNECT keeps one: it is a session, POST " + control.SessionPath + ".")
	}
	login, err := s.loginOf(c)
	if err != nil {
		return nil, err
	}
	if login.Kind == dblogin.SQLite || login.Kind == dblogin.Directory {
		login.Database = s.cfg.Home.Resolve(login.Database)
	}
	db, err := dblogin.Open(ctx, login)
	if err != nil {
		return nil, err
	}
	s.logout()
	s.db = db
	return LoggedIn{Product: db.Product, Kind: string(db.Kind), User: db.User,
		Database: db.Login.Where(), At: s.cfg.Now(), Charset: db.Charset,
		SessionCharset: db.SessionCharset}, nil
}

// LoggedIn is DBLOGIN.
type LoggedIn struct {
	Product        string    `json:"product"`
	Kind           string    `json:"kind"`
	User           string    `json:"user,omitempty"`
	Database       string    `json:"database"`
	Charset        string    `json:"charset,omitempty"`
	SessionCharset string    `json:"sessionCharset,omitempty"`
	At             time.Time `json:"at"`
}

// Text is the sentence that scripts look for, after the character sets.
func (l LoggedIn) Text() string {
	text := "Successfully logged into database."
	if l.Charset == "" {
		return text
	}
	return Lines{At: l.At, Lines: []Line{
		{Number: ggserr.SessionCharset,
			Text: "Database character set identified as " + l.Charset + "."},
		{Number: ggserr.LoginCharset,
			Text: "Session character set identified as " + l.SessionCharset + "."},
	}}.Text() + "\n" + text
}

func (l LoggedIn) tight() bool { return l.Charset == "" }

// loggedIn refuses what needs a database without one.
func (s *Session) loggedIn() error {
	if s.db == nil {
		return refuse("Not logged into database, use DBLOGIN.")
	}
	if !s.db.HasSQL() {
		return refuse("%s is no database: it has no tables to look at or to keep checkpoints in.",
			s.db.Login.Where())
	}
	return nil
}

func listTables(ctx context.Context, s *Session, c *call) (Value, error) {
	if err := s.loggedIn(); err != nil {
		return nil, err
	}
	tables, err := s.db.Tables(ctx, c.at("tables"))
	if err != nil {
		return nil, err
	}
	lines := append([]string{}, tables...)
	lines = append(lines, "", fmt.Sprintf("Found %d table%s matching list criteria.", len(tables),
		plural(int64(len(tables)))))
	return say(lines...), nil
}

func trandata(ctx context.Context, s *Session, c *call) (Value, error) {
	return s.trandata(ctx, c, Trandata{Table: c.at("table"), AllCols: c.has("ALLCOLS"),
		NoKey: c.has("NOKEY"), Cols: c.list("COLS")})
}

func (s *Session) trandata(ctx context.Context, c *call, o Trandata) (Value, error) {
	if s.db == nil {
		return nil, s.loggedIn()
	}
	if !s.db.HasSQL() {
		return say(fmt.Sprintf("%s needs no TRANDATA: an Extract reads its files or messages whole.",
			s.db.Login.Where()), "Nothing was changed."), nil
	}
	do := s.cfg.Source.InfoTrandata
	switch c.cmd.Verb {
	case "ADD":
		do = s.cfg.Source.AddTrandata
	case "DELETE":
		do = s.cfg.Source.DeleteTrandata
	}
	lines, err := do(ctx, s.db, o)
	for _, l := range lines {
		if l.Severity == ggserr.Fatal && err == nil {
			err = errTold
		}
	}
	return Lines{At: s.cfg.Now(), Lines: lines}, err
}

const (
	noScheduling = "what the key and the options name is logged; there are no scheduling columns."
	noValidate   = "the table is always looked at: it costs little."
	noPrepare    = "START ... AFTERCSN says where an initial load ends; nothing is to be prepared."
)

func trandataOptions() []Arg {
	const logs = "the log of this kind of database holds what is needed."
	return []Arg{{Name: "ALLCOLS", Help: "log all columns"},
		{Name: "COLS", Kind: Names, Help: "log these columns too"},
		{Name: "NOKEY", Help: "do not log the key"},
		{Name: "NOSCHEDULINGCOLS", Note: noScheduling}, {Name: "NOVALIDATE", Note: noValidate},
		{Name: "OLDFORMAT", Note: "what is logged has one form."},
		{Name: "INCLUDELONG", Note: logs}, {Name: "EXCLUDELONG", Note: logs},
		{Name: "LOBSNEVER", Note: logs}, {Name: "LOBSALWAYS", Note: logs},
		{Name: "LOBSIFCHANGED", Note: logs}, {Name: "PREPARECSN", Kind: Word, Note: noPrepare},
		{Name: "FILEGROUP", Kind: Word, Note: logs}, {Name: "LIBRARY", Kind: Word, Note: logs}}
}

func databaseRows() []Command {
	rows := []Command{
		{Verb: "DBLOGIN", Priority: P0, check: checkLogin, run: dbLogin,
			Synopsis: "DBLOGIN {[SOURCEDB {db@host:port | sqlite:path | directory:path}] [, USERID user[@oracle] " +
				"[, PASSWORD p [algorithm ENCRYPTKEY k]] | USERIDALIAS a [DOMAIN d]]}",
			Help: "Logs the session in to a database. Without PASSWORD it is asked for. Without SOURCEDB " +
				"it is an Oracle database: user@alias of tnsnames.ora, user@host:port/service, or the one " +
				"of ORACLE_SID.",
			Options: append(encryptOptions(), []Arg{{Name: "SOURCEDB", Kind: Word,
				Aliases: []string{"TARGETDB"}, Help: "db@host:port, sqlite:path or directory:path"},
				{Name: "USERID", Kind: Word, Help: "user, of Oracle with @ and the database"},
				{Name: "PASSWORD", Kind: Word, Help: "password; asked for without it"},
				{Name: "USERIDALIAS", Kind: Word, Help: "alias of the credential store"},
				{Name: "DOMAIN", Kind: Word, Help: "domain of the alias"},
				{Name: "SYSDBA", Note: "the session is an ordinary one."},
				{Name: "SQLID", Kind: Word, Note: noOracle},
				{Name: "SESSIONCHARSET", Kind: Word, Note: "sessions use UTF-8."}}...)},
		{Verb: "LIST", Object: "TABLES", Priority: P1, run: listTables,
			Synopsis: "LIST TABLES owner.pattern",
			Places:   []Arg{{Name: "tables", Kind: Word, Help: "owner.name; * and ? for several"}},
			Help:     "Lists the tables of the database that match."},
	}
	texts := map[string]string{
		"ADD":    "Makes sure that the source's log holds what a table's changes need.",
		"DELETE": "Takes back what ADD TRANDATA did.",
		"INFO":   "Shows what the source's log holds of a table.",
	}
	for _, verb := range []string{"ADD", "DELETE", "INFO"} {
		row := Command{Verb: verb, Object: "TRANDATA", Priority: P0, Changes: verb != "INFO",
			Synopsis: verb + " TRANDATA owner.table", Help: texts[verb] + " Needs DBLOGIN.",
			Places:  []Arg{{Name: "table", Kind: Word, Help: "owner.name; * and ? for several"}},
			Options: trandataOptions(), run: trandata}
		if verb == "ADD" {
			row.Synopsis += " [, ALLCOLS] [, COLS (c, ...)] [, NOKEY]"
		}
		rows = append(rows, row)
	}
	return append(append(rows, schemaTrandataRows()...), registerRows()...)
}
