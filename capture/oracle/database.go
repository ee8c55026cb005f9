package oracle

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"ggsh/capture/oracle/redo"
)

// Database is a source as the capture sees it. Logs and Dictionary may be asked by
// several goroutines.
type Database interface {
	Logs() Catalogue
	Dictionary() Dictionary
	// Mine opens a session of its own for LogMiner.
	Mine(ctx context.Context) (Miner, error)
	Close() error
}

// Catalogue tells of the database's logs.
type Catalogue interface {
	State(ctx context.Context) (State, error)
	// Files lists the logs of the present incarnation that reach behind an SCN: those on
	// line, and the archived ones that are still there.
	Files(ctx context.Context, from uint64) ([]LogFile, error)
	// Open lists the transactions that are open now.
	Open(ctx context.Context) ([]Opened, error)
	// SCN gives the SCN of a time.
	SCN(ctx context.Context, at time.Time) (uint64, error)
}

// Miner is one session of LogMiner.
type Miner interface {
	// Start begins to read a window, whatever was read before.
	Start(ctx context.Context, w *Window) error
	// Next gives the next row, io.EOF after the last.
	Next(ctx context.Context, row *Row) error
	Close() error
}

// Dictionary tells of tables as they are now.
type Dictionary interface {
	// List names the tables that a person could mean, without the database's own.
	List(ctx context.Context) ([]Name, error)
	// Table describes a table, nil when there is none.
	Table(ctx context.Context, owner, name string) (*Table, error)
	// Object names the table that an object number belongs to; empty when there is no
	// such object, Kind other than TABLE when it is something else.
	Object(ctx context.Context, object uint32) (Name, error)
	// LOB gives the content of a column of a row as of an SCN, in UTF-8 for text; null
	// tells NULL, found that there is such a row.
	LOB(ctx context.Context, q *LOBQuery) (content []byte, null, found bool, err error)
}

// LOBQuery names one value.
type LOBQuery struct {
	Owner, Table, Column string
	Binary, XML          bool
	RowID                string
	SCN                  uint64 // 0 is now
}

// Name is a table's name.
type Name struct {
	Owner, Name string
	Kind        string // TABLE, INDEX, ...
	Object      uint32
}

// State is what a database says of itself.
type State struct {
	Product   string // name and version
	ID        uint64 // DBID
	Octets    redo.Database
	SCN       uint64 // CURRENT_SCN
	Time      time.Time
	Archiving bool
	Minimal   bool // supplemental logging
	Resetlogs uint64
	Threads   []Thread
}

// Thread is one redo thread.
type Thread struct {
	Number     int
	Open       bool
	Enabled    bool
	EnabledSCN uint64
	Sequence   uint64 // of its current log
	LastSCN    uint64 // LAST_REDO_CHANGE#
}

// LogFile is one log, or an archived copy of one.
type LogFile struct {
	Thread    int
	Sequence  uint64
	First     uint64 // its first SCN
	Next      uint64 // the first SCN behind it; the greatest number while it is current
	Name      string
	Archived  bool // a copy, not a log on line
	Current   bool
	Resetlogs uint64
}

// Opened is a transaction that was open.
type Opened struct {
	XID   XID
	Start uint64 // SCN
}

// Window is a range of SCNs, both ends in it, and the logs that hold it.
type Window struct {
	From, To uint64
	Logs     []LogFile
	Mode     Mode
	// Exclude are objects whose rows need not come.
	Exclude []uint32
	// XIDs are the transactions to read; none: all.
	XIDs []XID
}

// Trouble says what may be done about an error of a Database.
type Trouble int

// The troubles that are worth another try.
const (
	// Lost: the session or the instance is gone.
	Lost Trouble = iota + 1
	// LogChanged: a log was overwritten or moved while it was read.
	LogChanged
	// LogMissing: a log of the window is not there.
	LogMissing
)

// TroubleError is an error that is worth another try.
type TroubleError struct {
	Trouble Trouble
	Err     error
}

// Error gives the cause.
func (e *TroubleError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *TroubleError) Unwrap() error { return e.Err }

// Temporary reports that another try may succeed.
func (e *TroubleError) Temporary() bool { return true }

// String prints an id as V$TRANSACTION's parts: segment.slot.sequence.
func (x XID) String() string {
	return fmt.Sprintf("%d.%d.%d", uint16(x[0])|uint16(x[1])<<8, uint16(x[2])|uint16(x[3])<<8,
		uint32(x[4])|uint32(x[5])<<8|uint32(x[6])<<16|uint32(x[7])<<24)
}

// UnmarshalText reads what String prints.
func (x *XID) UnmarshalText(b []byte) error {
	var segment, slot uint16
	var sequence uint32
	if _, err := fmt.Sscanf(string(b), "%d.%d.%d", &segment, &slot, &sequence); err != nil {
		return fmt.Errorf("%q is no transaction id: %w", b, err)
	}
	binary.LittleEndian.PutUint16(x[0:], segment)
	binary.LittleEndian.PutUint16(x[2:], slot)
	binary.LittleEndian.PutUint32(x[4:], sequence)
	return nil
}

// partial reports that LogMiner did not know the sequence.
func (x XID) partial() bool { return x[4]&x[5]&x[6]&x[7] == 0xff }
