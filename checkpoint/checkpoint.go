// Package checkpoint remembers what a group is and where it stands: one file
// for each group below dirchk, read by every program, written by the group's
// process while it runs and by commands while it does not.
//
// It is not the target's checkpoint table. Its law: a store is whole or not
// there (written aside, synced, renamed, directory synced), and a position
// moves backwards only when an operator orders it. docs/CHECKPOINT.md is the
// format.
package checkpoint

import (
	"time"

	"ggsh/record"
)

// Type is EXTRACT or REPLICAT.
type Type string

// The types of groups.
const (
	Extract  Type = "EXTRACT"
	Replicat Type = "REPLICAT"
)

// SourceKind says what a group reads.
type SourceKind string

// The kinds of sources.
const (
	TranLog       SourceKind = "TRANLOG"        // a database's log
	TrailSource   SourceKind = "EXTTRAILSOURCE" // a data pump's or Replicat's trail
	SourceIsTable SourceKind = "SOURCEISTABLE"  // initial load
	SpecialRun    SourceKind = "SPECIALRUN"     // a task without checkpoints
)

// Group is what ADD EXTRACT or ADD REPLICAT ordered.
type Group struct {
	Name       string     `json:"name"` // upper case
	Type       Type       `json:"type"`
	Source     SourceKind `json:"source"`
	Integrated bool       `json:"integrated,omitempty"` // INTEGRATED was asked for
	Trail      string     `json:"trail,omitempty"`      // the trail that is read, as written
	Begin      Begin      `json:"begin"`
	Outputs    []Output   `json:"outputs,omitempty"` // ADD EXTTRAIL, ADD RMTTRAIL
	// CheckpointTable is ADD REPLICAT's CHECKPOINTTABLE; empty leaves it to GLOBALS.
	CheckpointTable string    `json:"checkpointTable,omitempty"`
	NoDBCheckpoint  bool      `json:"noDbCheckpoint,omitempty"`
	Params          string    `json:"params,omitempty"` // PARAMS file
	Report          string    `json:"report,omitempty"` // REPORT file
	Description     string    `json:"description,omitempty"`
	Created         time.Time `json:"created"`
	Key             uint64    `json:"key"` // tells groups of one name in several homes apart
}

// BeginKind says how a start position was given.
type BeginKind string

// The kinds of start positions.
const (
	BeginNow   BeginKind = "NOW"
	BeginTime  BeginKind = "TIME"
	BeginSeqno BeginKind = "SEQNO" // EXTSEQNO/EXTRBA, LOGNUM/LOGPOS
	BeginEOF   BeginKind = "EOF"
	BeginCSN   BeginKind = "CSN"
	// BeginEarliest is with all that the source still has.
	BeginEarliest BeginKind = "EARLIEST"
)

// Begin is where a group starts when it has no position yet.
type Begin struct {
	Kind  BeginKind  `json:"kind"`
	Time  time.Time  `json:"time,omitzero"` // of NOW, EOF and EARLIEST: when the command was given
	Seqno uint32     `json:"seqno,omitempty"`
	RBA   uint64     `json:"rba,omitempty"`
	CSN   record.CSN `json:"csn,omitzero"`
}

// Output is one trail that an Extract writes.
type Output struct {
	Trail     string `json:"trail"` // as written: ./dirdat/lt
	Remote    bool   `json:"remote,omitempty"`
	Megabytes int    `json:"megabytes"`
	Seqno     uint32 `json:"seqno,omitempty"` // first file when the trail is empty
	// File says that the parameter file named it, as EXTFILE or RMTFILE.
	File bool `json:"file,omitempty"`
	// Write position, as of the last checkpoint.
	Current Position `json:"current"`
}

// Position is a place in a source or trail at a time.
type Position struct {
	Seqno   uint32     `json:"seqno"`
	RBA     uint64     `json:"rba"`
	CSN     record.CSN `json:"csn,omitzero"`
	Time    time.Time  `json:"time,omitzero"`     // commit time of the record there
	Restart string     `json:"restart,omitempty"` // a source's own text; see record.Txn
	Valid   bool       `json:"valid"`             // false before the first record
}

// Run is one period in which the group processed a source, newest first.
type Run struct {
	Source string    `json:"source"`
	Begin  time.Time `json:"begin,omitzero"`
	End    time.Time `json:"end,omitzero"`
}

// State is where a group stands.
type State struct {
	Startup  Position `json:"startup"`  // where the present or last run began
	Recovery Position `json:"recovery"` // of the oldest unprocessed transaction
	Current  Position `json:"current"`  // of the last record processed
	// Ordered is set by ALTER and by ADD: the next start obeys Begin and not Current.
	Ordered bool `json:"ordered,omitempty"`
	// NextFile is set by ALTER ... ETROLLOVER.
	NextFile bool `json:"nextFile,omitempty"`
	// From is START's ATCSN or AFTERCSN, kept until it is passed.
	From *From `json:"from,omitempty"`

	Lag     time.Duration `json:"lag"` // at the last store, nanoseconds
	Started time.Time     `json:"started,omitzero"`
	Updated time.Time     `json:"updated,omitzero"`
	Stopped StopStatus    `json:"stopped,omitempty"`
	Runs    []Run         `json:"runs,omitempty"`
}

// From leaves out transactions with lower commit sequence numbers, and with After
// the one of that number too.
type From struct {
	CSN   record.CSN `json:"csn"`
	After bool       `json:"after,omitempty"`
}

// StopStatus tells how the last run ended.
type StopStatus string

// The ends of a run. A process that is killed leaves Active behind.
const (
	Active   StopStatus = "A"
	Graceful StopStatus = "G"
	Abended  StopStatus = "E"
)

// Document is a checkpoint file's content.
type Document struct {
	Version int   `json:"version"`
	Group   Group `json:"group"`
	State   State `json:"state"`
}
