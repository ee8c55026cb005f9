// Package control is the language of orders: what ggsh asks a Manager, what a
// Manager asks a process, and the typed answers, as JSON over HTTP on loopback
// or a unix socket.
//
// It carries no change data and knows no engine. Its law: one request, one
// reply, each bounded in size and time; a reply says what happened, never only
// that something was sent. docs/CONTROL.md is the protocol.
package control

import "time"

// Verb is what a request orders.
type Verb string

// Orders to a process. The Manager relays them.
const (
	Status     Verb = "STATUS"
	GetLag     Verb = "GETLAG"
	Stats      Verb = "STATS"
	Stop       Verb = "STOP"      // graceful; Args "!" for Replicat: roll back and stop now
	ForceStop  Verb = "FORCESTOP" // now
	ReportNow  Verb = "REPORT"    // statistics to the report file
	Rollover   Verb = "ROLLOVER"  // next trail file
	LogEnd     Verb = "LOGEND"
	Resume     Verb = "RESUME" // go on behind EVENTACTIONS SUSPEND
	ShowTrans  Verb = "SHOWTRANS"
	SkipTrans  Verb = "SKIPTRANS" // Args: the transaction's id
	GetParam   Verb = "GETPARAMINFO"
	Collisions Verb = "HANDLECOLLISIONS"   // Args: table patterns
	NoCollide  Verb = "NOHANDLECOLLISIONS" // Args: table patterns
	Identify   Verb = "IDENTIFY"           // who are you: group, type, pid
)

// Orders to a Manager.
const (
	Start     Verb = "START" // Args: ATCSN n, AFTERCSN n, SKIPTRANSACTION
	Kill      Verb = "KILL"
	Groups    Verb = "GROUPS"      // all groups as the Manager sees them
	Shutdown  Verb = "STOPMANAGER" // groups go on
	Refresh   Verb = "REFRESH"     // read mgr.prm again
	Children  Verb = "CHILDSTATUS"
	Ports     Verb = "GETPORTINFO"
	Purge     Verb = "GETPURGEOLDEXTRACTS"
	Collector Verb = "COLLECTOR" // start a collector for a pump; Args: trail
	// Task starts a SPECIALRUN Replicat for an Extract's initial load, with a
	// collector that writes what it reads. Type and Group name the Replicat.
	Task Verb = "TASK"
	// TaskEnd says that the load is sent and durable: the Replicat ends when it
	// has applied all of it.
	TaskEnd Verb = "TASKEND"
)

// AtEOF is the argument of STOP to a Replicat that is to end when it has applied
// all that the trail has now.
const AtEOF = "EOF"

// Request is one order.
type Request struct {
	Verb  Verb     `json:"verb"`
	Type  string   `json:"type,omitempty"`  // EXTRACT or REPLICAT
	Group string   `json:"group,omitempty"` // upper case
	Args  []string `json:"args,omitempty"`
	From  string   `json:"from,omitempty"` // program and user that asks, for the event log
	// Caller is set by who receives the order.
	Caller Caller `json:"-"`
}

// Reply is the answer. Exactly the part that fits the verb is set.
type Reply struct {
	Error      *Problem       `json:"error,omitempty"`
	Text       string         `json:"text,omitempty"`    // a sentence, when nothing else is set
	Pending    bool           `json:"pending,omitempty"` // STOP: the process ends after its transaction
	Status     *ProcessStatus `json:"status,omitempty"`
	Lag        *LagInfo       `json:"lag,omitempty"`
	Stats      *Statistics    `json:"stats,omitempty"`
	Identity   *Identity      `json:"identity,omitempty"`
	Groups     []GroupStatus  `json:"groups,omitempty"`
	Manager    *ManagerStatus `json:"manager,omitempty"`
	Children   []Child        `json:"children,omitempty"`
	Purge      []PurgeRule    `json:"purge,omitempty"`
	Open       []OpenTxn      `json:"open,omitempty"`
	Parameters []Parameter    `json:"parameters,omitempty"`
	Collector  *CollectorInfo `json:"collector,omitempty"`
	Yes        *bool          `json:"yes,omitempty"` // LOGEND
}

// Problem is an error as it crosses the boundary.
type Problem struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
}

// Error gives the sentence.
func (p *Problem) Error() string { return p.Text }

// Identity is who a process is.
type Identity struct {
	Type  string `json:"type"`
	Group string `json:"group"`
	PID   int    `json:"pid"`
	Home  string `json:"home"`
}

// Position is a place in a source or trail.
type Position struct {
	Name  string    `json:"name,omitempty"` // trail or log name
	Seqno uint64    `json:"seqno"`
	RBA   uint64    `json:"rba"`
	Time  time.Time `json:"time,omitzero"`
	CSN   string    `json:"csn,omitempty"`
}

// SuspendedPhrase is the State of a process that waits behind EVENTACTIONS SUSPEND.
const SuspendedPhrase = "Process is suspended, waiting for RESUME command"

// ProcessStatus is SEND ... STATUS.
type ProcessStatus struct {
	Identity
	State   string        `json:"state"` // Recovery complete: At EOF, Processing data, ...
	Read    Position      `json:"read"`
	Write   []WriteStatus `json:"write,omitempty"`
	Records int64         `json:"records"`          // Replicat: in the current transaction
	Lag     time.Duration `json:"lag"`              // nanoseconds
	Source  string        `json:"source,omitempty"` // database product
	Load    *LoadStatus   `json:"load,omitempty"`   // of an initial load
}

// WriteStatus is one output trail.
type WriteStatus struct {
	Position
	Remote bool   `json:"remote,omitempty"`
	Host   string `json:"host,omitempty"`
	State  string `json:"state,omitempty"` // connected, retrying: reason
}

// LagInfo is LAG and SEND ... GETLAG.
type LagInfo struct {
	Records bool          `json:"records"` // false: no records yet processed
	Lag     time.Duration `json:"lag"`
	AtEOF   bool          `json:"atEOF"`
}

// Counts are operations by kind.
type Counts struct {
	Inserts   int64 `json:"inserts"`
	Updates   int64 `json:"updates"`
	Deletes   int64 `json:"deletes"`
	Upserts   int64 `json:"upserts"`
	Truncates int64 `json:"truncates"`
	DDL       int64 `json:"ddl"`
	Discards  int64 `json:"discards"`
	Ignores   int64 `json:"ignores"`

	InsertCollisions int64 `json:"insertCollisions"`
	UpdateCollisions int64 `json:"updateCollisions"`
	DeleteCollisions int64 `json:"deleteCollisions"`

	Exceptions int64 `json:"exceptions,omitempty"` // went through an exceptions' mapping
	Conflicts  CDR   `json:"conflicts,omitzero"`
}

// Add adds another count.
func (c *Counts) Add(o Counts) {
	c.Inserts += o.Inserts
	c.Updates += o.Updates
	c.Deletes += o.Deletes
	c.Upserts += o.Upserts
	c.Truncates += o.Truncates
	c.DDL += o.DDL
	c.Discards += o.Discards
	c.Ignores += o.Ignores
	c.InsertCollisions += o.InsertCollisions
	c.UpdateCollisions += o.UpdateCollisions
	c.DeleteCollisions += o.DeleteCollisions
	c.Exceptions += o.Exceptions
	c.Conflicts.add(o.Conflicts)
}

// CDR counts conflicts of rows, by the types of RESOLVECONFLICT.
type CDR struct {
	Resolved         int64 `json:"resolved"`
	Failed           int64 `json:"failed"`
	InsertRowExists  int64 `json:"insertRowExists"`
	UpdateRowExists  int64 `json:"updateRowExists"`
	UpdateRowMissing int64 `json:"updateRowMissing"`
	DeleteRowExists  int64 `json:"deleteRowExists"`
	DeleteRowMissing int64 `json:"deleteRowMissing"`
}

// AddConflicts counts conflicts of one type.
func (c *Counts) AddConflicts(kind string, resolved, failed int64) {
	d := &c.Conflicts
	d.Resolved += resolved
	d.Failed += failed
	for _, n := range []struct {
		kind  string
		count *int64
	}{{"INSERTROWEXISTS", &d.InsertRowExists}, {"UPDATEROWEXISTS", &d.UpdateRowExists},
		{"UPDATEROWMISSING", &d.UpdateRowMissing}, {"DELETEROWEXISTS", &d.DeleteRowExists},
		{"DELETEROWMISSING", &d.DeleteRowMissing}} {
		if n.kind == kind {
			*n.count += resolved + failed
		}
	}
}

func (d *CDR) add(o CDR) {
	d.Resolved += o.Resolved
	d.Failed += o.Failed
	d.InsertRowExists += o.InsertRowExists
	d.UpdateRowExists += o.UpdateRowExists
	d.UpdateRowMissing += o.UpdateRowMissing
	d.DeleteRowExists += o.DeleteRowExists
	d.DeleteRowMissing += o.DeleteRowMissing
}

// Operations is the sum that STATS calls Total operations.
func (c Counts) Operations() int64 {
	return c.Inserts + c.Updates + c.Deletes + c.Upserts + c.Truncates + c.DDL
}

// Period is one of a table's counters and when it began.
type Period struct {
	Since time.Time `json:"since"`
	Counts
}

// TableStatistics is one source-target pair.
type TableStatistics struct {
	Output string `json:"output,omitempty"` // Extract: the trail
	Source string `json:"source"`
	Target string `json:"target"`
	Total  Period `json:"total"`
	Daily  Period `json:"daily"`
	Hourly Period `json:"hourly"`
	Latest Period `json:"latest"` // since the last STATS ... RESET
}

// Statistics is STATS.
type Statistics struct {
	Type   string            `json:"type"`
	Group  string            `json:"group"`
	At     time.Time         `json:"at"`
	Since  time.Time         `json:"since"`
	Tables []TableStatistics `json:"tables"`
	DDL    *DDLCounts        `json:"ddl,omitempty"` // only when DDL is configured
}

// DDLCounts are DDL operations by their scope, and those that were left out.
type DDLCounts struct {
	Mapped   int64 `json:"mapped"`
	Unmapped int64 `json:"unmapped"`
	Other    int64 `json:"other"`
	Excluded int64 `json:"excluded"`
}

// State words of INFO ALL.
const (
	Running   = "RUNNING"
	Suspended = "SUSPENDED" // it runs, and waits behind EVENTACTIONS SUSPEND
	Stopped   = "STOPPED"
	Abended   = "ABENDED"
	Starting  = "STARTING"
)

// GroupStatus is a group as the Manager sees it.
type GroupStatus struct {
	Type    string    `json:"type"`
	Group   string    `json:"group"`
	State   string    `json:"state"`
	PID     int       `json:"pid,omitempty"`
	Started time.Time `json:"started,omitzero"`
	// Reason is the last error line of a group that ended by itself.
	Reason string `json:"reason,omitempty"`
}

// Up reports whether the group's process takes orders.
func (g GroupStatus) Up() bool { return g.State == Running || g.State == Suspended }

// Lives reports whether a process of the group lives, up or not yet.
func (g GroupStatus) Lives() bool { return g.Up() || g.State == Starting }

// ManagerStatus is INFO MANAGER.
type ManagerStatus struct {
	Host    string    `json:"host"`
	Port    int       `json:"port"`
	PID     int       `json:"pid"`
	Home    string    `json:"home"`
	Started time.Time `json:"started"`
	// Fingerprint is that of the certificate, when other hosts may be admitted.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// Child is one row of SEND MANAGER CHILDSTATUS.
type Child struct {
	Type      string    `json:"type"`
	Group     string    `json:"group"`
	PID       int       `json:"pid"`
	Retries   int       `json:"retries"`
	RetryAt   time.Time `json:"retryAt,omitzero"`
	StartedAt time.Time `json:"startedAt"`
	Port      int       `json:"port,omitempty"`
}

// PurgeRule is one row of SEND MANAGER GETPURGEOLDEXTRACTS.
type PurgeRule struct {
	Trail   string   `json:"trail"`
	Rule    string   `json:"rule"`
	Oldest  uint32   `json:"oldest"`
	Newest  uint32   `json:"newest"`
	Needed  uint32   `json:"needed"`            // oldest file some reader needs
	Readers []string `json:"readers,omitempty"` // who reads it
}

// OpenTxn is one transaction of SHOWTRANS.
type OpenTxn struct {
	XID    string    `json:"xid"`
	Items  int64     `json:"items"`
	Start  time.Time `json:"start"`
	Seqno  uint64    `json:"seqno"`
	RBA    uint64    `json:"rba"`
	SCN    uint64    `json:"scn,omitempty"` // of its first change, where the log counts so
	User   string    `json:"user,omitempty"`
	Status string    `json:"status"`
}

// Parameter is one parameter in force.
type Parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// CollectorInfo is where a pump finds the collector started for it.
type CollectorInfo struct {
	Port  int    `json:"port"`
	Token string `json:"token"` // one-time
	// Fingerprint is that of the collector's certificate, when it speaks TLS.
	Fingerprint string `json:"fingerprint,omitempty"`
}
