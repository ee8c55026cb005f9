package oracletest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"ggsh/capture/oracle"
	"ggsh/capture/oracle/redo"
)

// Model is a database that lives through a history, a little with each look at its
// state. Its redo reaches the logs late, its archiver is late too, and its calls fail.
type Model struct {
	h *History

	mu      sync.Mutex
	rng     *rand.Rand
	now     int // entries that have happened
	flushed []uint64
	faults  int // that may still be injected
	dead    map[*session]bool
	catalog bool
	archive map[string]bool // logs that were archived
}

// ErrKilled is what a session says that was killed.
var ErrKilled = errors.New("the model's session was killed")

// NewModel begins to live through a history. faults is how many calls may fail.
func NewModel(h *History, seed uint64, faults int) *Model {
	m := &Model{h: h, rng: rand.New(rand.NewPCG(seed, 5)), faults: faults, dead: map[*session]bool{},
		flushed: make([]uint64, h.threads+1), archive: map[string]bool{}}
	m.now = m.rng.IntN(len(h.entries)/3 + 1)
	for m.now > 0 && m.h.entries[m.now-1].glued {
		m.now--
	}
	return m
}

// session is one connection.
type session struct{ m *Model }

// Connect opens a connection, and a function that kills it as if the process was gone.
func (m *Model) Connect() (oracle.Database, func()) {
	s := &session{m}
	return s, func() {
		m.mu.Lock()
		m.dead[s] = true
		m.mu.Unlock()
	}
}

// Past is an SCN at which the database stood before.
func (m *Model) Past() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.rng.IntN(m.now + 1)
	for n > 0 && m.h.entries[n-1].glued {
		n--
	}
	if n == 0 {
		return m.h.entries[0].scn - 1
	}
	return m.h.entries[n-1].scn
}

// advance lets the database live on.
func (m *Model) advance() {
	m.now = min(m.now+1+m.rng.IntN(1+len(m.h.entries)/6), len(m.h.entries))
	for m.now < len(m.h.entries) && m.now > 0 && m.h.entries[m.now-1].glued {
		m.now++
	}
	for t := 1; t < len(m.flushed); t++ {
		to := m.scn()
		if m.now == len(m.h.entries) {
			to = m.h.last
		} else if to > m.flushed[t] {
			to = m.flushed[t] + m.rng.Uint64N(to-m.flushed[t]+1)
		}
		m.flushed[t] = max(m.flushed[t], to)
	}
}

// scn is the SCN of what happened last.
func (m *Model) scn() uint64 {
	if m.now == 0 {
		return m.h.entries[0].scn - 1
	}
	if m.now == len(m.h.entries) {
		return m.h.last
	}
	return m.h.entries[m.now-1].scn
}

// fault fails a call, if it is to.
func (s *session) fault(where string, kinds ...oracle.Trouble) error {
	m := s.m
	if m.dead[s] {
		return ErrKilled
	}
	if m.faults == 0 || m.rng.IntN(12) > 0 {
		return nil
	}
	m.faults--
	kind := append(kinds, oracle.Lost)[m.rng.IntN(len(kinds)+1)]
	text := map[oracle.Trouble]string{oracle.Lost: "ORA-03113: end-of-file on communication channel",
		oracle.LogChanged: "ORA-00310: archived log contains sequence 2; sequence 1 required",
		oracle.LogMissing: "ORA-01291: missing logfile"}[kind]
	return &oracle.TroubleError{Trouble: kind, Err: errors.New(text + " (" + where + ")")}
}

// Logs, Dictionary and Mine implement oracle.Database.
func (s *session) Logs() oracle.Catalogue { return s }

// Dictionary is the session itself.
func (s *session) Dictionary() oracle.Dictionary { return s }

// Close ends nothing.
func (s *session) Close() error { return nil }

// State implements oracle.Catalogue.
func (s *session) State(context.Context) (oracle.State, error) {
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance()
	st := oracle.State{Product: "Oracle Database 19c, a model", ID: 77, Resetlogs: 1, SCN: m.scn(),
		Time: time.Now(), Archiving: true, Minimal: true,
		Octets: redo.Database{Charset: "AL32UTF8", National: "AL16UTF16"}}
	for t := 1; t <= m.h.threads; t++ {
		st.Threads = append(st.Threads, oracle.Thread{Number: t, Open: true, Enabled: true,
			EnabledSCN: 1, Sequence: m.current(t).sequence, LastSCN: m.flushed[t]})
	}
	return st, s.fault("V$DATABASE")
}

// current is the log that a thread writes to.
func (m *Model) current(thread int) log {
	var last log
	for _, l := range m.h.logs {
		if l.thread == thread && l.first <= m.scn() {
			last = l
		}
	}
	return last
}

// onlineLogs is how many logs each thread has.
const onlineLogs = 3

// Files implements oracle.Catalogue. The last logs are on line, the others archived;
// the archiver is late at random.
func (s *session) Files(_ context.Context, from uint64) ([]oracle.LogFile, error) {
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []oracle.LogFile
	for _, l := range m.h.logs {
		current := m.current(l.thread)
		if l.sequence > current.sequence {
			continue
		}
		f := oracle.LogFile{Thread: l.thread, Sequence: l.sequence, First: l.first, Next: l.next,
			Name: fmt.Sprintf("redo%d_%d.log", l.thread, l.sequence%onlineLogs)}
		if l.sequence == current.sequence {
			f.Current, f.Next = true, math.MaxUint64
		}
		if f.Next <= from {
			continue
		}
		if l.sequence+onlineLogs > current.sequence {
			list = append(list, f)
		}
		key := fmt.Sprintf("arch%d_%d.arc", l.thread, l.sequence)
		must := l.sequence+onlineLogs <= current.sequence
		if !f.Current && (must || m.archive[key] || m.rng.IntN(2) == 0) {
			m.archive[key] = true
			f.Name, f.Archived = key, true
			list = append(list, f)
		}
	}
	m.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list, s.fault("V$LOG", oracle.LogMissing)
}

// Open implements oracle.Catalogue.
func (s *session) Open(context.Context) ([]oracle.Opened, error) {
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := map[*txn]bool{}
	var list []oracle.Opened
	for _, e := range m.h.entries[:m.now] {
		if e.txn.end > m.scn() && !seen[e.txn] {
			seen[e.txn] = true
			list = append(list, oracle.Opened{XID: e.txn.xid, Start: e.txn.start})
		}
	}
	return list, s.fault("V$TRANSACTION")
}

// SCN implements oracle.Catalogue.
func (s *session) SCN(context.Context, time.Time) (uint64, error) {
	return 0, errors.New("the model has no clock")
}

// List implements oracle.Dictionary.
func (s *session) List(context.Context) ([]oracle.Name, error) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	var list []oracle.Name
	for name, versions := range s.m.h.tables {
		list = append(list, oracle.Name{Owner: Owner, Name: name, Kind: "TABLE",
			Object: versions[0].table.Object})
	}
	return list, s.fault("DBA_TABLES")
}

// Table implements oracle.Dictionary.
func (s *session) Table(_ context.Context, owner, name string) (*oracle.Table, error) {
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := s.fault("DBA_TAB_COLS"); err != nil {
		return nil, err
	}
	var found *oracle.Table
	for _, v := range m.h.tables[name] {
		if v.since <= m.scn() && owner == Owner {
			found = v.table
		}
	}
	return found, nil
}

// Object implements oracle.Dictionary.
func (s *session) Object(_ context.Context, object uint32) (oracle.Name, error) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	n := oracle.Name{Owner: Owner, Kind: "TABLE", Object: object}
	for name, versions := range s.m.h.tables {
		if versions[0].table.Object == object {
			n.Name = name
		}
	}
	switch object {
	case 7100:
		n.Name = "MLOG$_STAFF"
	case 7101:
		n.Name = "TEMP"
	}
	return n, s.fault("DBA_OBJECTS")
}

// LOB implements oracle.Dictionary.
func (s *session) LOB(_ context.Context, q *oracle.LOBQuery) (content []byte, null, found bool,
	err error) {
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := s.m.killed(s); err != nil {
		return nil, false, false, err
	}
	for _, v := range m.h.lobs[q.RowID] {
		if v.scn > q.SCN {
			break
		}
		found, null, content = !v.deleted, false, nil
		for i, c := range m.h.tables[q.Table][0].table.Columns {
			if c.Name == q.Column && found {
				null, content = v.values[i].B == nil, v.values[i].B
			}
		}
	}
	return content, null, found, nil
}

func (m *Model) killed(s *session) error {
	if m.dead[s] {
		return ErrKilled
	}
	return nil
}

// Catalog says that LogMiner has the online catalog, from now on.
func (m *Model) Catalog(on bool) { m.catalog = on }

// mining is one session of LogMiner.
type mining struct {
	s    *session
	rows []oracle.Row
	at   int
}

// Mine opens a session.
func (s *session) Mine(context.Context) (oracle.Miner, error) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	return &mining{s: s}, s.fault("DBMS_LOGMNR")
}

// Close implements oracle.Miner.
func (n *mining) Close() error { return nil }

// Start implements oracle.Miner.
func (n *mining) Start(_ context.Context, w *oracle.Window) error {
	m := n.s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := n.s.fault("START_LOGMNR", oracle.LogChanged, oracle.LogMissing); err != nil {
		return err
	}
	if err := m.covered(w); err != nil {
		return err
	}
	n.rows, n.at = n.rows[:0], 0
	r := &Renderer{Catalog: m.catalog, Mismatch: func(t *oracle.Table) bool { return m.changed(t) }}
	for i := range m.h.entries[:m.now] {
		e := &m.h.entries[i]
		if e.scn < w.From || e.scn > w.To || e.scn > m.flushed[e.thread] ||
			len(w.XIDs) > 0 && !slices.Contains(w.XIDs, e.txn.xid) {
			continue
		}
		n.rows = m.rendered(n.rows, e, r, w)
	}
	return nil
}

// changed reports whether the catalog knows a later version of a table.
func (m *Model) changed(t *oracle.Table) bool {
	list := m.h.tables[t.Name]
	for _, v := range slices.Backward(list) {
		if v.since <= m.scn() {
			return v.table != t
		}
	}
	return true
}

// covered makes sure that the window's logs hold it.
func (m *Model) covered(w *oracle.Window) error {
	for _, l := range m.h.logs {
		current := m.current(l.thread)
		if l.sequence > current.sequence || l.first > w.To ||
			l.sequence != current.sequence && l.next <= w.From {
			continue
		}
		i := slices.IndexFunc(w.Logs, func(f oracle.LogFile) bool {
			return f.Thread == l.thread && f.Sequence == l.sequence
		})
		if i < 0 {
			return fmt.Errorf("ORA-01291: sequence %d of thread %d is not among the logs of window %d to %d",
				l.sequence, l.thread, w.From, w.To)
		}
		if !w.Logs[i].Archived && l.sequence+onlineLogs <= current.sequence {
			return &oracle.TroubleError{Trouble: oracle.LogChanged, Err: errors.New("ORA-00310: written over")}
		}
	}
	return nil
}

// rendered appends an entry's rows as a window shows them.
func (m *Model) rendered(rows []oracle.Row, e *entry, r *Renderer, w *oracle.Window) []oracle.Row {
	from := len(rows)
	rows = append(rows, e.rows(r)...)
	part := rows[from:]
	if e.lob && (e.txn.start < w.From || e.txn.end > w.To) {
		pieces := slices.ContainsFunc(part, func(r oracle.Row) bool { return r.Code == oracle.CodeLOBWrite })
		if pieces { // a window that does not hold the whole transaction loses them
			return rows[:from]
		}
	}
	for i := range part {
		if part[i].Rollback && e.txn.start < w.From {
			copy(part[i].XID[4:], "\xff\xff\xff\xff") // the sequence is not known
		}
		if w.Exclude != nil && slices.Contains(w.Exclude, part[i].Object) && part[i].Code < oracle.CodeDDL {
			part[i].Code = oracle.CodeInternal
		}
	}
	return slices.DeleteFunc(rows, func(r oracle.Row) bool { return r.Code == oracle.CodeInternal })
}

// Next implements oracle.Miner.
func (n *mining) Next(_ context.Context, row *oracle.Row) error {
	m := n.s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead[n.s] {
		return ErrKilled
	}
	if m.rng.IntN(30) == 0 {
		if err := n.s.fault("V$LOGMNR_CONTENTS", oracle.LogChanged); err != nil {
			return err
		}
	}
	if n.at == len(n.rows) {
		return io.EOF
	}
	*row = n.rows[n.at]
	n.at++
	return nil
}

// Dump prints the rows of a history, for a person who looks for what went wrong.
func (h *History) Dump(catalog bool) string {
	var b strings.Builder
	r := &Renderer{Catalog: catalog}
	for i := range h.entries {
		for _, row := range h.entries[i].rows(r) {
			fmt.Fprintf(&b, "%d T%d %s %s op=%d rb=%v %s %.120q\n", row.SCN, row.Thread, row.XID, row.User, row.Code,
				row.Rollback, row.RowID, row.Redo)
		}
	}
	return b.String()
}
