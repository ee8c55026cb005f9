package mysql

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ggsh/record"
)

// Status is where a source stands, for INFO and SEND STATUS.
type Status struct {
	Server     string // flavor, version and address
	Connected  bool
	Problem    string // why it is not connected
	File       string // of the last transaction seen
	Pos        uint64
	CSN        record.CSN // of the last transaction delivered
	CommitTime time.Time  // of the last transaction seen
	// AtEnd says that the server had nothing more to send; lag is then zero, however
	// old CommitTime is.
	AtEnd        bool
	BytesRead    uint64
	Transactions uint64
	Operations   uint64
	Skipped      uint64 // transactions with nothing that is wanted
}

// OpenTransaction is one that is not committed, for SEND SHOWTRANS.
type OpenTransaction struct {
	XID      string
	Start    time.Time
	File     string
	Pos      uint64
	Items    int64
	Bytes    int64
	Prepared bool // an XA branch that waits for its outcome
}

// status is what the reading goroutine tells others.
type status struct {
	bytes   atomic.Uint64
	waiting atomic.Int64 // since when (Unix nanoseconds) the connection waits for data

	items atomic.Int64 // of the open transaction
	size  atomic.Int64

	mu       sync.Mutex
	now      Status
	open     OpenTransaction
	hasOpen  bool
	branches map[string]OpenTransaction
}

// atEndAfter is how long the server must be silent to have nothing more.
const atEndAfter = 50 * time.Millisecond

func (s *status) opened(start place, at time.Time) {
	s.items.Store(0)
	s.size.Store(0)
	s.mu.Lock()
	s.hasOpen = true
	s.open = OpenTransaction{Start: at, File: start.File, Pos: start.Pos}
	s.mu.Unlock()
}

// grew notes the size of the open transaction.
func (s *status) grew(items, size int64) {
	s.items.Store(items)
	s.size.Store(size)
}

func (s *status) delivered(end place, csn record.CSN, when time.Time, ops int64) {
	s.mu.Lock()
	s.now.CSN = csn
	s.hasOpen = false
	s.now.File, s.now.Pos, s.now.CommitTime = end.File, end.Pos, when
	s.now.Transactions++
	s.now.Operations += uint64(ops)
	s.mu.Unlock()
}

func (s *status) skipped(end place, when time.Time) {
	s.mu.Lock()
	s.hasOpen = false
	s.now.File, s.now.Pos, s.now.CommitTime = end.File, end.Pos, when
	s.now.Skipped++
	s.mu.Unlock()
}

func (s *status) connected(server string) {
	s.mu.Lock()
	s.now.Connected, s.now.Problem, s.now.Server = true, "", server
	s.mu.Unlock()
}

func (s *status) disconnected(err error) {
	s.waiting.Store(0)
	s.mu.Lock()
	s.now.Connected, s.now.Problem, s.hasOpen = false, err.Error(), false
	s.mu.Unlock()
}

// idle notes a heartbeat: the server has nothing to send.
func (s *status) idle() {}

func (s *status) prepared(key string, b *branch) {
	t := OpenTransaction{XID: key, Start: b.since, Prepared: true,
		File: b.begin.File, Pos: b.begin.Pos}
	if b.buf != nil {
		t.Items, t.Bytes = b.buf.Len(), b.buf.Bytes()
	}
	s.mu.Lock()
	if s.branches == nil {
		s.branches = map[string]OpenTransaction{}
	}
	s.branches[key] = t
	s.mu.Unlock()
}

func (s *status) resolved(key string) {
	s.mu.Lock()
	delete(s.branches, key)
	s.mu.Unlock()
}

// Status tells where the source stands. It may be called at any time.
func (s *Source) Status() Status {
	st := &s.state
	st.mu.Lock()
	now := st.now
	st.mu.Unlock()
	now.BytesRead = st.bytes.Load()
	since := st.waiting.Load()
	now.AtEnd = now.Connected && since > 0 && time.Since(time.Unix(0, since)) > atEndAfter
	return now
}

// OpenTransactions lists transactions that are not committed: the one that is being
// read and prepared XA branches, oldest first. It may be called at any time.
func (s *Source) OpenTransactions() []OpenTransaction {
	st := &s.state
	st.mu.Lock()
	defer st.mu.Unlock()
	list := slices.Collect(maps.Values(st.branches))
	if st.hasOpen && st.items.Load() > 0 {
		t := st.open
		t.XID = place{File: t.File, Pos: t.Pos}.String()
		t.Items, t.Bytes = st.items.Load(), st.size.Load()
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b OpenTransaction) int {
		if n, m := fileNumber(a.File), fileNumber(b.File); n != m {
			return int(int64(n) - int64(m))
		}
		return int(int64(a.Pos) - int64(b.Pos))
	})
	return list
}
