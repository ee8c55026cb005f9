// Package oracleclient connects to Oracle databases by the driver go-ora, for
// logins, capture and the target handler alike, and sorts Oracle's errors by what
// can be done about them.
//
// It knows no SQL of its own. Its law: no call outlives its deadline or a silent
// server, a connection that broke is never used again, and no password is in an
// error.
package oracleclient

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Config is where to connect, and as whom.
type Config struct {
	// Connect is an EZConnect name, an alias of tnsnames.ora or a whole
	// (DESCRIPTION=...); empty is what TWO_TASK or ORACLE_SID name.
	Connect string
	User    string
	// Password must be neither printed nor kept elsewhere.
	Password string
	// TNSAdmin is the folder of tnsnames.ora and sqlnet.ora; empty is that of
	// TNS_ADMIN, else ORACLE_HOME/network/admin.
	TNSAdmin string
	// SID is used where Connect names none; empty is that of ORACLE_SID.
	SID string
	// Program is the name that V$SESSION shows; empty is that of the process.
	Program string
	// Prefetch is how many rows come with one answer; 0 is 1000.
	Prefetch int
	// Quiet is how long a call may wait for the server's next octet before the
	// connection counts as lost; 0 is 10 minutes.
	Quiet time.Duration
	// Grace is how long a server has to answer the break of a call whose context is
	// done; 0 is 5 seconds.
	Grace time.Duration
	// ConnectTimeout bounds connecting and logging in, for each address; 0 is 15 seconds.
	ConnectTimeout time.Duration
	// Init are statements that every new session runs first, such as ALTER SESSION.
	Init []string
}

// Open logs in once, to tell wrong addresses and logins at once, and gives a pool
// whose connections are watched. The caller closes it.
func Open(ctx context.Context, c Config) (*sql.DB, error) {
	return nil, errors.New("not yet")
}

// Class sorts Oracle's errors by what can be done about them.
type Class int

// The classes.
const (
	Other Class = iota
	// Login: user, password or account.
	Login
	// Unreachable: no such host, listener or service.
	Unreachable
	// Lost: the session or the instance is gone; connect again.
	Lost
	// Canceled: the call was ended by its deadline or a break.
	Canceled
	// LogChanged: a log was overwritten or moved while it was read.
	LogChanged
	// LogMissing: a log of the range is not there.
	LogMissing
	// Snapshot: undo is too old for the query.
	Snapshot
	// Retry: deadlock, lock or serialization: the transaction can be repeated.
	Retry
	// Denied: a privilege is missing.
	Denied
	// Missing: a table, column or other object does not exist.
	Missing
	// Data: a value or row offends a constraint or type.
	Data
	// Space: a limit of storage or memory.
	Space
)

// Code is the ORA number of an error, 0 without one.
func Code(err error) int { return 0 }

// ClassOf sorts an error; nil is Other.
func ClassOf(err error) Class { return Other }

// Do says what a person can do about errors of the class; empty for Other.
func (c Class) Do() string { return "" }

// Message is the error's text without the driver's additions.
func Message(err error) string { return err.Error() }
