package expr

import (
	"os"
	"os/user"
	"strings"
	"time"

	"ggsh/record"
)

// Environment is what @GETENV and the functions of time ask of the process.
// Texts that are empty count as not known.
type Environment struct {
	Group, GroupType, Description string
	Host, Domain, User            string
	PID                           int
	// Now gives the time in the zone of the process; nil is the machine's.
	Now func() time.Time
	// Getenv looks a variable of the operating system up; nil knows none.
	Getenv func(name string) (string, bool)
	// Facts answers what changes while the process runs; nil knows nothing.
	Facts Facts
}

// ThisProcess fills in what the operating system knows of the running process.
func ThisProcess(group, groupType string, now func() time.Time) *Environment {
	e := &Environment{Group: group, GroupType: groupType, Now: now, Getenv: os.LookupEnv,
		PID: os.Getpid()}
	if host, err := os.Hostname(); err == nil {
		e.Host = host
		_, e.Domain, _ = strings.Cut(host, ".")
	}
	if u, err := user.Current(); err == nil {
		e.User = u.Username
	}
	return e
}

func (e *Environment) now() time.Time {
	if e == nil || e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

// Facts answers @GETENV for what is not of the record: LASTERR, STATS,
// DELTASTATS, DBENVIRONMENT, GGFILEHEADER, RECSOUTPUT.
type Facts interface {
	// Fact appends the answer to dst; false: it is not known.
	Fact(dst []byte, kind string, items []string) ([]byte, bool)
}

// Results gives what the SQLEXECs of a statement returned for the record.
type Results interface {
	// Result gives one output parameter or column; Missing when the call failed
	// or gave no row.
	Result(id, parameter string) record.Value
}

// Place is where an operation stands in its transaction.
type Place uint8

// The places.
const (
	UnknownPlace Place = iota
	Begins
	Middle
	Ends
	Whole
)

// PlaceOf is the place of operation number index, from 0.
func PlaceOf(index int, last bool) Place {
	switch {
	case index == 0 && last:
		return Whole
	case last:
		return Ends
	case index == 0:
		return Begins
	}
	return Middle
}

// Origin is what is known of an operation beside its bytes.
type Origin struct {
	Txn   *record.TxnInfo // nil: not known
	Seqno uint32          // where the record stands in the trail it is read from
	RBA   uint64
	Place Place
}
