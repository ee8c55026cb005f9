package tns

import (
	"sync"
	"time"
)

// Fault is something that goes wrong at one call of a server's clients.
type Fault struct {
	// At is the call that it happens at, counted from 1 over all sessions. Calls are
	// executions, fetches, commits, rollbacks, pings and LOB reads, not the login.
	At int
	// SQL holds it back until a call whose statement contains it; At then counts
	// those calls only, fetches of their cursors included.
	SQL string

	// Silent gives no answer to the call, nor to anything after it. AnswerBreak
	// makes the server answer a break nevertheless.
	Silent, AnswerBreak bool
	// Close closes the socket instead of answering; with After, when so many octets
	// of the answer are out, which is inside a row if they are few enough.
	Close bool
	After int
	// Raw is sent as the answer, whatever it is.
	Raw []byte
	// Stall answers After octets, then is silent.
	Stall bool
	// Delay holds the answer back.
	Delay time.Duration
	// Err is sent instead of the answer, or in a query's answer behind Rows rows.
	Err  *Error
	Rows int
	// Bare leaves the exchange of markers out that goes before an error.
	Bare bool
}

// Faults are what a server does wrong. It can be changed while the server runs.
type Faults struct {
	mu   sync.Mutex
	list []Fault
	seen []int
}

// Add adds a fault, which counts calls from now on.
func (f *Faults) Add(one Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, one)
	f.seen = append(f.seen, 0)
}

// Clear takes all faults away.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list, f.seen = nil, nil
}

// take gives the fault of a call, once; nil for none.
func (f *Faults) take(matches func(sql string) bool) *Fault {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var due *Fault
	for i := range f.list {
		if !matches(f.list[i].SQL) {
			continue
		}
		f.seen[i]++
		if f.seen[i] == max(1, f.list[i].At) && due == nil {
			one := f.list[i]
			due = &one
		}
	}
	return due
}
