package oracle

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ggsh/record"
)

// Status is where a source stands, for INFO and SEND STATUS.
type Status struct {
	Server     string // product, version
	Connected  bool
	Problem    string     // why it is not connected, or what it waits for
	Read       uint64     // the SCN up to which the logs were read
	CSN        record.CSN // of the last transaction delivered
	CommitTime time.Time  // of it
	// AtEnd says that there was nothing more to read; lag is then zero.
	AtEnd        bool
	Rows         uint64 // rows that LogMiner gave
	Transactions uint64
	Operations   uint64
	Skipped      uint64 // transactions with nothing that is wanted
	FetchedLOBs  uint64 // LOBs that were read from the table
	LostLOBs     uint64 // LOBs that could not be, or need not be
	Reread       uint64 // transactions read again from their begin, for their LOBs
}

// OpenTransaction is one that is not committed, for SEND SHOWTRANS.
type OpenTransaction struct {
	XID   string
	Start time.Time
	SCN   uint64
	User  string
	Items int64
	Bytes int64
}

// status is what the mining goroutine tells others.
type status struct {
	rows, skipped, fetched, lostLOBs, reread, operations, transactions atomic.Uint64

	mu   sync.Mutex
	now  Status
	open []OpenTransaction
}

func (s *status) set(f func(now *Status)) {
	s.mu.Lock()
	f(&s.now)
	s.mu.Unlock()
}

// opened notes the open transactions that have changes which matter, oldest first.
func (s *status) opened(a *assembler) {
	var list []OpenTransaction
	for _, t := range a.open {
		if t.buf != nil && t.buf.Len() > 0 {
			list = append(list, OpenTransaction{XID: t.xid.String(), Start: t.since, SCN: t.start,
				User: t.user, Items: t.buf.Len(), Bytes: t.buf.Bytes()})
		}
	}
	slices.SortFunc(list, func(a, b OpenTransaction) int { return int(int64(a.SCN) - int64(b.SCN)) })
	s.mu.Lock()
	s.open = list
	s.mu.Unlock()
}

// Status tells where the source stands. It may be called at any time.
func (s *Source) Status() Status {
	st := &s.state
	st.mu.Lock()
	now := st.now
	st.mu.Unlock()
	now.Rows, now.Skipped, now.Operations = st.rows.Load(), st.skipped.Load(), st.operations.Load()
	now.Transactions = st.transactions.Load()
	now.FetchedLOBs, now.LostLOBs = st.fetched.Load(), st.lostLOBs.Load()
	now.Reread = st.reread.Load()
	return now
}

// OpenTransactions lists transactions that are not committed and have changes that
// matter, as of the last window, oldest first. It may be called at any time.
func (s *Source) OpenTransactions() []OpenTransaction {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return slices.Clone(s.state.open)
}
