package dblogin

import (
	"errors"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"

	"ggsh/oracleclient"
)

// Trouble sorts the errors of a session's statements by what its user can do.
type Trouble int

// The troubles.
const (
	Refused Trouble = iota // the database will not execute the statement
	Busy                   // others are in the way: try again
	Gone                   // the session is lost: log in again
)

// Numbers by which MySQL and MariaDB say that they are going, or that others wait.
const (
	erServerShutdown = 1053
	erNewAborting    = 1184
	erQueryKilled    = 1317
	erConnKilled     = 1927
	erServerGone     = 2006
	erServerLost     = 2013
	erClientTimeout  = 4031
	erLockWait       = 1205
	erDeadlock       = 1213
)

// Result codes of SQLite, without what extends them.
const (
	sqliteBusy   = 5
	sqliteLocked = 6
)

// Fault reads a native error of the session's statements: its number and its text. ok is
// false for errors that are not the database's own.
func (s *Session) Fault(err error) (t Trouble, code int, text string, ok bool) {
	switch s.Kind {
	case MySQL, MariaDB:
		return mysqlFault(err)
	case SQLite:
		return sqliteFault(err)
	case Oracle:
		return oracleFault(err)
	}
	return Refused, 0, "", false
}

func mysqlFault(err error) (t Trouble, code int, text string, ok bool) {
	if errors.Is(err, mysql.ErrInvalidConn) {
		return Gone, 0, "connection to the server lost", true
	}
	var native *mysql.MySQLError
	if !errors.As(err, &native) {
		return Refused, 0, "", false
	}
	switch native.Number {
	case erServerShutdown, erNewAborting, erQueryKilled, erConnKilled, erServerGone, erServerLost,
		erClientTimeout:
		t = Gone
	case erLockWait, erDeadlock:
		t = Busy
	}
	return t, int(native.Number), native.Message, true
}

func sqliteFault(err error) (t Trouble, code int, text string, ok bool) {
	var native *sqlite.Error
	if !errors.As(err, &native) {
		return Refused, 0, "", false
	}
	if c := native.Code() & 0xff; c == sqliteBusy || c == sqliteLocked {
		t = Busy
	}
	return t, native.Code(), native.Error(), true
}

func oracleFault(err error) (t Trouble, code int, text string, ok bool) {
	switch oracleclient.ClassOf(err) {
	case oracleclient.Lost, oracleclient.Unreachable, oracleclient.Canceled:
		t = Gone
	case oracleclient.Retry:
		t = Busy
	}
	code = oracleclient.Code(err)
	return t, code, oracleclient.Message(err), t == Gone || code != 0
}
