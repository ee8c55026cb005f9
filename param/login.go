package param

import (
	"strconv"
	"strings"

	"ggsh/ggserr"
)

// Login says how to open a database, or which handler is the target.
type Login struct {
	DSN            string // what SOURCEDB or TARGETDB names, as written
	Embedded       string // file of an embedded database: SOURCEDB sqlite:path
	Directory      string // of files: SOURCEDB directory:path
	Kafka          bool   // SOURCEDB kafka:
	Host           string
	Port           int
	Database       string
	User           string
	Service        string // what follows @ in USERID
	Password       string
	Alias          string
	Domain         string
	EncryptAlgo    string // the password is encrypted with this algorithm
	EncryptKey     string
	OSUser         bool // USERID /
	SysDBA         bool
	SessionCharset string
	LibFile        string // TARGETDB LIBFILE
	Properties     string // its SET property=path
	Pos            ggserr.Location
}

// IsOracle reports whether the login means an Oracle database: a user without
// SOURCEDB or TARGETDB. Service then is the connect name.
func (l Login) IsOracle() bool {
	return l.DSN == "" && l.LibFile == "" && l.Alias == "" && (l.User != "" || l.OSUser)
}

// String tells the login without its password.
func (l Login) String() string {
	if l.Password != "" {
		l.Password = masked
	}
	var b strings.Builder
	for _, f := range [][2]string{{"db", l.DSN}, {"user", l.User}, {"service", l.Service},
		{"password", l.Password}, {"alias", l.Alias}, {"domain", l.Domain},
		{"handler", l.Properties}} {
		if f[1] != "" {
			b.WriteString(f[0] + "=" + f[1] + " ")
		}
	}
	return strings.TrimSuffix(b.String(), " ")
}

// GoString is String: a password is in no form of printing.
func (l Login) GoString() string { return "param.Login{" + l.String() + "}" }

// loginWords are the options of a login, for hints.
var loginWords = []string{"SOURCEDB", "TARGETDB", "USERID", "USERIDALIAS", "PASSWORD", "DOMAIN",
	"ENCRYPTKEY", "AES128", "AES192", "AES256", "BLOWFISH", "SYSDBA", "SESSIONCHARSET",
	"THREADS", "LIBFILE"}

// ParseLogin reads a login: SOURCEDB, TARGETDB, USERID or USERIDALIAS with
// their options, as DBLOGIN takes them too.
func ParseLogin(args []Token) (Login, error) {
	c := &cursor{name: "login", args: args}
	if n := len(args); n > 0 {
		c.end = args[n-1].Pos
		c.end.Column += len([]rune(args[n-1].Text))
	}
	var l Login
	l.read(c)
	if l.DSN == "" && l.User == "" && l.Alias == "" && l.LibFile == "" && !l.OSUser &&
		len(c.errs) == 0 {
		c.fail(c.end, "SOURCEDB, TARGETDB, USERID or USERIDALIAS is missing here")
	}
	return l, c.errs.orNil()
}

func (l *Login) read(c *cursor) {
	for c.more() {
		switch {
		case c.word("SOURCEDB", "TARGETDB"):
			l.database(c)
		case c.word("USERID"):
			l.user(c)
		case c.word("USERIDALIAS"):
			l.Alias = c.value("an alias")
		case c.word("DOMAIN"):
			l.Domain = c.value("a domain")
		case c.word("PASSWORD"):
			l.Password = c.value("a password")
		case c.word("BLOWFISH"):
			l.EncryptAlgo = "BLOWFISH"
		case c.word("AES128"):
			l.EncryptAlgo = "AES128"
		case c.word("AES192"):
			l.EncryptAlgo = "AES192"
		case c.word("AES256"):
			l.EncryptAlgo = "AES256"
		case c.word("ALGORITHM"):
			l.EncryptAlgo = c.upper("an algorithm")
		case c.word("ENCRYPTKEY"):
			l.EncryptKey = c.value("the name of a key")
			if l.EncryptAlgo == "" {
				l.EncryptAlgo = "BLOWFISH" // the old form names no algorithm
			}
		case c.word("SYSDBA"):
			l.SysDBA = true
		case c.word("SESSIONCHARSET"):
			l.SessionCharset = c.value("a character set")
		case c.word("THREADS"):
			c.parens()
		default:
			c.unexpected(loginWords...)
		}
	}
	if l.EncryptAlgo != "" && l.EncryptKey == "" && len(c.errs) == 0 {
		c.fail(c.end, "ENCRYPTKEY and the name of a key, or DEFAULT, are missing here")
	}
}

// database reads what follows SOURCEDB or TARGETDB.
func (l *Login) database(c *cursor) {
	if c.word("LIBFILE") {
		l.LibFile = c.value("a library")
		if c.word("SET") {
			if !c.word("PROPERTY") || !c.mark("=") {
				c.lacks("property=file")
				return
			}
			l.Properties = c.value("a file")
		}
		return
	}
	if c.i < len(c.args) && (c.args[c.i].Is("USERIDALIAS") || c.args[c.i].Is("USERID")) {
		return // the login names the database
	}
	at := c.at()
	l.DSN = c.value("a database")
	if path, ok := cutFold(l.DSN, "directory:"); ok {
		if path == "" {
			c.fail(at, "the path is missing behind directory:")
		}
		l.Directory = path
		return
	}
	if _, ok := cutFold(l.DSN, "kafka:"); ok {
		l.Kafka = true
		return
	}
	if path, ok := cutFold(l.DSN, "sqlite:"); ok {
		if path == "" {
			c.fail(at, "the path of the database file is missing behind sqlite:")
		}
		l.Embedded = path
		return
	}
	db, host, found := strings.Cut(l.DSN, "@")
	l.Database = db
	if found {
		l.Database, l.Host = db, host
		l.splitPort(c, at)
	}
}

// splitPort takes the port off the host.
func (l *Login) splitPort(c *cursor, at ggserr.Location) {
	host, port := l.Host, ""
	if rest, ok := strings.CutPrefix(host, "["); ok { // an IPv6 address
		inner, tail, _ := strings.Cut(rest, "]")
		host, port = inner, strings.TrimPrefix(tail, ":")
	} else if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.Count(host, ":") == 1 {
		host, port = host[:i], host[i+1:]
	}
	l.Host = host
	if port == "" {
		return
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 {
		c.fail(at, "%s is no port", shorten(port))
		return
	}
	l.Port = n
}

// user reads what follows USERID: a user, with /password and @service.
func (l *Login) user(c *cursor) {
	text := c.value("a user")
	if text == "/" {
		l.OSUser = true
		return
	}
	user, service, _ := strings.Cut(text, "@")
	l.User, l.Service = user, service
	if name, password, ok := strings.Cut(user, "/"); ok {
		l.User, l.Password = name, password
	}
}

// ReadLogin reads the login of a parameter file: SOURCEDB or TARGETDB, USERID
// or USERIDALIAS, and the host of DBOPTIONS, together. The second result tells
// whether the file has any.
func ReadLogin(f *File) (Login, bool, error) {
	var l Login
	var errs errorList
	found := false
	for i := range f.Statements {
		st := &f.Statements[i]
		switch st.Name {
		case "SOURCEDB", "TARGETDB", "USERID", "USERIDALIAS":
			if st.faulty {
				continue
			}
			if !found {
				l.Pos = st.Pos
			}
			found = true
			if st.Name == "USERID" && l.Alias != "" || st.Name == "USERIDALIAS" && l.User != "" {
				l.User, l.Password, l.Alias, l.Domain = "", "", "", "" // the last one wins
			}
			keyword := Token{Text: st.Name, Kind: Word, Pos: st.Pos}
			c := st.cursor()
			c.more()
			c.args = append([]Token{keyword}, c.args[c.i:]...)
			c.i = 0
			l.read(c)
			errs = append(errs, c.errs...)
		}
	}
	host, port := dbHost(f)
	if l.Host == "" {
		l.Host = host
	}
	if l.Port == 0 {
		l.Port = port
	}
	return l, found, errs.orNil()
}

// dbHost reads DBOPTIONS HOST and CONNECTIONPORT.
func dbHost(f *File) (host string, port int) {
	for _, st := range f.All("DBOPTIONS") {
		c := st.cursor()
		for c.more() {
			switch {
			case c.word("HOST"):
				host = c.value("a host")
			case c.word("CONNECTIONPORT"):
				port = int(c.number(1, 65535))
			default:
				c.i++
			}
		}
	}
	return host, port
}

// cutFold is strings.CutPrefix in any case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}
