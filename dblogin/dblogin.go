// Package dblogin opens a database for a login or for an alias of the
// credential store, and says what it found there.
//
// It is not a connection pool with a policy, and it knows no capture and no
// apply. Its law: a login ends in a session or in one numbered error that
// names what was wrong, and no error, log or printed login holds a password.
package dblogin

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"ggsh/ggserr"
)

// Kind is a family of databases.
type Kind string

// The kinds of databases.
const (
	MySQL   Kind = "mysql"
	MariaDB Kind = "mariadb"
	SQLite  Kind = "sqlite"
	Oracle  Kind = "oracle"

	Directory Kind = "directory" // of files that an Extract reads
	Kafka     Kind = "kafka"     // topics that an Extract reads
)

// DefaultPort is the port of MySQL and MariaDB.
const DefaultPort = 3306

// connectTimeout bounds a login, so that a shell never hangs on a dead host.
const connectTimeout = 15 * time.Second

// oracleQuiet bounds how long a command's statement may keep silent: adding a
// supplemental log group waits for the transactions that are under way.
const oracleQuiet = 5 * time.Minute

// Login is where to log in, and as whom.
type Login struct {
	Kind Kind // MySQL stands for MariaDB too until Open has looked
	Host string
	Port int
	// Database is the schema, the file of a SQLite database, or Oracle's connect
	// name: an alias, host:port/service, or empty for ORACLE_SID.
	Database string
	User     string
	Password string
	TLS      string // driver's TLS mode: empty, "true", "skip-verify", "preferred"
}

// String prints the login without its password: ogg@hr@db1:3306.
func (l Login) String() string {
	if l.Kind != MySQL && l.Kind != MariaDB && l.Kind != Oracle {
		return l.Where()
	}
	if l.Kind == Oracle {
		return l.User + "@" + l.Database
	}
	return fmt.Sprintf("%s@%s@%s:%d", l.User, l.Database, l.Host, l.Port)
}

// GoString keeps the password out of %#v.
func (l Login) GoString() string { return "dblogin.Login{" + l.String() + "}" }

// Where is the database without the user: hr@db1:3306.
func (l Login) Where() string {
	switch l.Kind {
	case SQLite, Directory:
		return string(l.Kind) + ":" + l.Database
	case Kafka:
		return "kafka://" + l.Database
	case Oracle:
		return l.Database
	}
	return fmt.Sprintf("%s@%s:%d", l.Database, l.Host, l.Port)
}

// New makes a login of SOURCEDB's or TARGETDB's value, USERID's and
// PASSWORD's. Without a source the user may carry it: user@db@host:port.
func New(source, user, password string) (Login, error) {
	if l, ok, err := parseStreams(user); ok && source == "" { // as of an alias
		l.Password = password
		return l, err
	}
	if source == "" {
		if name, rest, ok := strings.Cut(user, "@"); ok {
			user = name
			if !strings.Contains(rest, "@") && !strings.HasPrefix(rest, "sqlite:") {
				return Login{Kind: Oracle, Database: rest, User: user, Password: password}, nil
			}
			source = rest
		} else if user != "" {
			return Login{Kind: Oracle, User: user, Password: password}, nil
		}
	}
	l, err := parseSource(source)
	l.User, l.Password = user, password
	return l, err
}

func parseSource(source string) (Login, error) {
	if l, ok, err := parseStreams(source); ok {
		return l, err
	}
	if path, ok := cutFold(source, "sqlite:"); ok {
		if path == "" {
			return Login{}, bad("sqlite: needs the path of the database file, as in sqlite:./hr.db")
		}
		return Login{Kind: SQLite, Database: path}, nil
	}
	l := Login{Kind: MySQL, Host: "localhost", Port: DefaultPort}
	if rest, ok := cutFold(source, "mysql:"); ok {
		source = rest
	}
	database, address, hasHost := strings.Cut(source, "@")
	l.Database = database
	if !hasHost {
		if source == "" {
			return l, bad("no database is named: write SOURCEDB db@host:port or SOURCEDB sqlite:path")
		}
		return l, nil
	}
	host, port, err := splitAddress(address)
	if err != nil {
		return l, err
	}
	l.Host, l.Port = host, port
	return l, nil
}

func splitAddress(address string) (string, int, error) {
	host, port := address, ""
	if strings.Contains(address, ":") && strings.Count(address, ":") == 1 ||
		strings.HasPrefix(address, "[") && strings.Contains(address, "]:") {
		var err error
		if host, port, err = net.SplitHostPort(address); err != nil {
			return "", 0, bad("the address " + address + " is not host:port")
		}
	}
	host = strings.Trim(host, "[]")
	if host == "" {
		return "", 0, bad("the address " + address + " has no host")
	}
	if port == "" {
		return host, DefaultPort, nil
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 {
		return "", 0, bad("the port " + port + " is not a number from 1 to 65535")
	}
	return host, n, nil
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

func bad(text string) error { return ggserr.New(ggserr.Generic, text) }

// Session is a database that somebody is logged in to.
type Session struct {
	DB      *sql.DB // nil without HasSQL
	Kind    Kind
	Product string // what the server says it is: MariaDB 10.11.6
	Version string // its version string, as it gave it
	User    string
	Login   Login // without the password

	password string
	// Charset is the database's character set, SessionCharset the session's;
	// empty where a database has but one.
	Charset, SessionCharset string
}

// Password is what the session was opened with, for a connection of another
// kind to the same server. It must not be printed or stored.
func (s *Session) Password() string { return s.password }

// Close ends the session.
func (s *Session) Close() error {
	if s.DB == nil {
		return nil
	}
	return s.DB.Close()
}

// Open logs in. The errors are numbered: LoginFailed for user or password,
// ConnectFailed for host, port and network, and Generic for what the login
// itself lacks.
func Open(ctx context.Context, l Login) (*Session, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	switch l.Kind {
	case SQLite:
		return openSQLite(ctx, l)
	case MySQL, MariaDB:
		return openMySQL(ctx, l)
	case Directory, Kafka:
		return openStreams(ctx, l)
	case Oracle:
		return openOracle(ctx, l)
	}
	return nil, bad("the login names no kind of database")
}

func nameOr(name, other string) string {
	if name == "" {
		return other
	}
	return name
}
