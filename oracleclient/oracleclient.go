// Package oracleclient connects to Oracle databases by the driver go-ora, for logins,
// capture and the target handler alike, and sorts Oracle's errors by what can be done
// about them.
//
// It is no layer over SQL: what it gives is a *sql.DB. Its law: no call outlives its
// context or a silent server by more than a fixed time, a connection on which
// anything went wrong is never used again, and no password is in an error.
//
// What is fixed for every connection, so that values look the same everywhere: NUMBER
// scans as decimal text, DATE and TIMESTAMP as time.Time in UTC (the clock as stored),
// TIMESTAMP WITH TIME ZONE with its offset, WITH LOCAL TIME ZONE as the instant,
// INTERVAL as text (of which the driver keeps microseconds), LOBs and LONG whole, as
// string and []byte: a query that has them holds Prefetch of them at a time. The session
// has NLS_NUMERIC_CHARACTERS='.,', ISO forms of dates and TIME_ZONE='+00:00'.
package oracleclient

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"time"
)

// Defaults of a Config.
const (
	DefaultPrefetch       = 1000
	DefaultQuiet          = 10 * time.Minute
	DefaultGrace          = 5 * time.Second
	DefaultConnectTimeout = 15 * time.Second
)

// Config is where to connect, and as whom. Times and sizes that are 0 have defaults.
type Config struct {
	// Connect is [tcp:|tcps:][//]host[:port][,host...]/service[:server][/instance],
	// host:port:SID, an alias of tnsnames.ora or a whole (DESCRIPTION=...); empty is what
	// TWO_TASK or else ORACLE_SID names. An ORACLE_SID that is no alias stands for
	// localhost:1521: there is no way into an instance but its listener.
	Connect string
	User    string
	// Password must be neither printed nor kept elsewhere.
	Password string
	// TNSAdmin is the folder of tnsnames.ora and sqlnet.ora; empty is that of
	// TNS_ADMIN, else ORACLE_HOME/network/admin.
	TNSAdmin string
	// SID is used where Connect names neither service nor SID; empty is ORACLE_SID.
	SID string
	// Program is the name that V$SESSION shows; empty is that of the process.
	Program string
	// Prefetch is how many rows come with one answer.
	Prefetch int
	// Quiet is how long a call may wait for the server's next octet before the
	// connection counts as lost. It must be longer than the slowest statement is silent.
	Quiet time.Duration
	// Grace is how long a server has to obey when a call is given up; then the
	// connection is closed.
	Grace time.Duration
	// ConnectTimeout bounds connecting and logging in, for each address.
	ConnectTimeout time.Duration
	// Init are statements that every new session runs first, such as ALTER SESSION.
	Init []string
}

// GoString keeps the password out of %#v.
func (c Config) GoString() string { return "oracleclient.Config{" + c.String() + "}" }

// String is user@name.
func (c Config) String() string { return c.User + "@" + c.Connect }

// Open logs in once, so that wrong addresses and logins are told at once, and gives a
// pool whose connections are watched. The caller closes it. The context bounds the
// login only.
func Open(ctx context.Context, c Config) (*sql.DB, error) {
	setDefault(&c.Prefetch, DefaultPrefetch)
	setDefault(&c.Quiet, DefaultQuiet)
	setDefault(&c.Grace, DefaultGrace)
	setDefault(&c.ConnectTimeout, DefaultConnectTimeout)
	if c.User == "" || c.Password == "" {
		return nil, &Error{Class: Login, Code: 1005, Offset: -1,
			Text: "ORA-01005: user and password are needed", Err: errNoLogin}
	}
	t, err := resolve(c, os.Getenv)
	if err != nil {
		return nil, &Error{Class: Unreachable, Code: 12154, Offset: -1,
			Text: "ORA-12154: " + err.Error(), Err: err}
	}
	db := sql.OpenDB(&connector{config: c, target: t})
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

var errNoLogin = errors.New("no user or no password")

func setDefault[T int | time.Duration](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}
