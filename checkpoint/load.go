package checkpoint

import (
	"math"
	"slices"
	"time"

	"ggsh/record"
)

// LoadPhase says what an initial load is doing.
type LoadPhase string

// The phases. A load that was ended on the way has the one that it was in.
const (
	LoadReading    LoadPhase = "READING"     // tables are read
	LoadCatchingUp LoadPhase = "CATCHING UP" // what is loaded is brought up to a new snapshot
	LoadComplete   LoadPhase = "COMPLETE"
)

// Load is the ledger of an initial load: what is in its trail, and as of which
// commit. All that is done is always as of one commit, At. docs/LOAD.md is the
// format.
type Load struct {
	Version int       `json:"version"`
	ID      string    `json:"id"` // in the names of its transactions
	Group   string    `json:"group"`
	Phase   LoadPhase `json:"phase"`
	// At is the commit as of which the rows are that are done, and Restart where the
	// source's log is read on behind it. Its CSN is zero without a log.
	At      record.CSN `json:"at,omitzero"`
	Restart string     `json:"restart,omitempty"`
	// Upto is what a catch-up that is under way brings them to.
	Upto record.CSN `json:"upto,omitzero"`
	// Serial numbers the load's transactions. The one of that number is Pending: it
	// may be in the trail whole, or not. Last names the one before it.
	Serial  uint64      `json:"serial"`
	Pending *LoadPart   `json:"pending,omitempty"`
	Last    string      `json:"last,omitempty"`
	Tables  []LoadTable `json:"tables"`
	// Snapshots are those that were read, the newest first.
	Snapshots []LoadSnapshot `json:"snapshots,omitempty"`
	Started   time.Time      `json:"started"`
	Updated   time.Time      `json:"updated"`
	// Written is how many rows are in the trail, the unfinished part's too; RunRows and
	// RunTime are those of the present or last run, for its speed.
	Written int64         `json:"written"`
	RunRows int64         `json:"runRows"`
	RunTime time.Duration `json:"runTime"` // nanoseconds
}

// LoadTable is one table of a load.
type LoadTable struct {
	Name string `json:"name"` // schema.table
	// Key is the whole number that leads the key and cuts the table into ranges;
	// empty: the table is read as one.
	Key string `json:"key,omitempty"`
	// Columns tells definitions apart.
	Columns  string     `json:"columns"`
	Where    string     `json:"where,omitempty"` // SQLPREDICATE
	Estimate int64      `json:"estimate"`        // about how many rows; -1 unknown
	Rows     int64      `json:"rows"`            // in the trail
	Done     []KeyRange `json:"done,omitempty"`  // in rising order
}

// KeyRange is the rows of a table whose key lies in From to To. The least and the
// greatest number mean that there is no end.
type KeyRange struct {
	From int64      `json:"from"`
	To   int64      `json:"to"`
	Rows int64      `json:"rows"`
	CSN  record.CSN `json:"csn,omitzero"` // of the snapshot that they were read in
}

// LoadPart is a range of one table.
type LoadPart struct {
	Table string `json:"table"`
	KeyRange
}

// LoadSnapshot is one snapshot that a load has read.
type LoadSnapshot struct {
	CSN   record.CSN `json:"csn,omitzero"`
	Taken time.Time  `json:"taken"`
}

// Whole is the range of all keys.
func Whole() KeyRange { return KeyRange{From: math.MinInt64, To: math.MaxInt64} }

// Complete reports whether all ranges are done.
func (t *LoadTable) Complete() bool {
	return len(t.Gaps()) == 0
}

// Holds reports whether the rows of a key are done.
func (t *LoadTable) Holds(key int64) bool {
	_, found := slices.BinarySearchFunc(t.Done, key, func(r KeyRange, key int64) int {
		switch {
		case r.To < key:
			return -1
		case r.From > key:
			return 1
		}
		return 0
	})
	return found
}

// Gaps are the ranges that are not done.
func (t *LoadTable) Gaps() []KeyRange {
	var gaps []KeyRange
	from := int64(math.MinInt64)
	for _, r := range t.Done {
		if r.From > from {
			gaps = append(gaps, KeyRange{From: from, To: r.From - 1})
		}
		if r.To == math.MaxInt64 {
			return gaps
		}
		from = r.To + 1
	}
	return append(gaps, KeyRange{From: from, To: math.MaxInt64})
}

// Add notes a range as done, and joins it with neighbours of the same snapshot.
func (t *LoadTable) Add(r KeyRange) {
	t.Rows += r.Rows
	at, _ := slices.BinarySearchFunc(t.Done, r.From, func(d KeyRange, from int64) int {
		if d.From < from {
			return -1
		}
		return 1
	})
	t.Done = slices.Insert(t.Done, at, r)
	for _, i := range []int{at + 1, at} {
		if i > 0 && i < len(t.Done) && t.Done[i-1].To+1 == t.Done[i].From &&
			t.Done[i-1].To != math.MaxInt64 && t.Done[i-1].CSN == t.Done[i].CSN {
			t.Done[i-1].To = t.Done[i].To
			t.Done[i-1].Rows += t.Done[i].Rows
			t.Done = slices.Delete(t.Done, i, i+1)
		}
	}
}

// Table finds a table by its name.
func (l *Load) Table(name string) *LoadTable {
	for i := range l.Tables {
		if l.Tables[i].Name == name {
			return &l.Tables[i]
		}
	}
	return nil
}

// LoadFile is the ledger's file.
type LoadFile struct{ path string }

// LoadAt names a ledger's file; nothing is opened.
func LoadAt(path string) *LoadFile { return &LoadFile{path: path} }

// Load reads the ledger; fs.ErrNotExist when there is none.
func (f *LoadFile) Load() (*Load, error) {
	l := &Load{}
	if err := load(f.path, l); err != nil {
		return nil, err
	}
	if l.Version != formatVersion {
		return nil, wrongFormat(f.path, l.Version)
	}
	return l, nil
}

// Store replaces the file by l, durably.
func (f *LoadFile) Store(l *Load) error {
	l.Version = formatVersion
	return store(f.path, l)
}
