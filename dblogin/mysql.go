package dblogin

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/go-sql-driver/mysql"

	"ggsh/ggserr"
)

// Error numbers of the MySQL protocol that a login can meet.
const (
	erAccessDenied       = 1045
	erDBAccessDenied     = 1044
	erBadDB              = 1049
	erHostNotPrivileged  = 1130
	erHostIsBlocked      = 1129
	erTooManyConnections = 1040
)

// MySQLConfig gives the driver's configuration of a login, for programs that
// need options of their own.
func MySQLConfig(l Login) *mysql.Config {
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", net.JoinHostPort(l.Host, strconv.Itoa(l.Port))
	c.User, c.Passwd, c.DBName = l.User, l.Password, l.Database
	c.Timeout = connectTimeout
	c.TLSConfig = l.TLS
	c.AllowNativePasswords = true
	c.Logger = log.New(io.Discard, "", 0)
	return c
}

func openMySQL(ctx context.Context, l Login) (*Session, error) {
	connector, err := mysql.NewConnector(MySQLConfig(l))
	if err != nil {
		return nil, ggserr.New(ggserr.ConnectFailed, l.Where()).Because(err)
	}
	db := sql.OpenDB(connector)
	var version, comment, database, session string
	err = db.QueryRowContext(ctx, "SELECT VERSION(), @@version_comment, "+
		"@@character_set_database, @@character_set_connection").
		Scan(&version, &comment, &database, &session)
	if err != nil {
		db.Close()
		return nil, mysqlError(l, err)
	}
	s := &Session{DB: db, Kind: MySQL, Version: version, User: l.User, Login: l,
		Charset: database, SessionCharset: session}
	s.password, s.Login.Password = s.Login.Password, ""
	s.Product = "MySQL " + version
	if isMariaDB(version, comment) {
		s.Kind, s.Product = MariaDB, "MariaDB "+version
	}
	s.Login.Kind = s.Kind
	return s, nil
}

// isMariaDB tells the two apart: MariaDB has its name in VERSION() unless the
// server is told to lie there, and then still in its comment.
func isMariaDB(version, comment string) bool {
	return strings.Contains(strings.ToLower(version+" "+comment), "mariadb")
}

// mysqlError says what was wrong. The server's own sentence is kept: it has
// no password in it.
func mysqlError(l Login, err error) error {
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		switch server.Number {
		case erAccessDenied:
			return ggserr.New(ggserr.LoginFailed, l.Where(), l.User).Because(err)
		case erBadDB:
			return ggserr.New(ggserr.ConnectFailed, l.Where()).Because(err).
				Do("Create the database, or correct its name before the @")
		case erDBAccessDenied:
			return ggserr.New(ggserr.LoginFailed, l.Where(), l.User).Because(err).
				Do("Grant the user rights on the database")
		case erHostNotPrivileged, erHostIsBlocked:
			return ggserr.New(ggserr.LoginFailed, l.Where(), l.User).Because(err).
				Do("The server does not admit this host: create the user for it")
		case erTooManyConnections:
			return ggserr.New(ggserr.ConnectFailed, l.Where()).Because(err).
				Do("Try again when connections of the server are free")
		}
		return ggserr.New(ggserr.ConnectFailed, l.Where()).Because(err)
	}
	return networkError(l, err)
}

func networkError(l Login, err error) error {
	e := ggserr.New(ggserr.ConnectFailed, l.Where()).Because(err)
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		e.Err = nil
		return e.Do("The host name %s is not known", l.Host)
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Err = nil
		return e.Do("Connection refused: nothing listens on %s port %d", l.Host, l.Port)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Err = nil
		return e.Do("The host %s did not answer in %s", l.Host, connectTimeout)
	}
	return e
}
