package process

import (
	"sort"
	"sync"
	"time"

	"ggsh/control"
	"ggsh/record"
)

// Stats counts operations by table and period. The process's own goroutine
// counts; any goroutine may take a snapshot.
type Stats struct {
	mu     sync.Mutex
	now    func() time.Time
	kind   string
	group  string
	since  time.Time
	tables map[tableKey]*TableStats
	total  int64
	ddl    *control.DDLCounts // nil when DDL is not replicated
}

type tableKey struct{ output, source, target string }

// TableStats are the counters of one pair of source and target.
type TableStats struct {
	stats *Stats
	control.TableStatistics
}

// NewStats begins counting now.
func NewStats(kind, group string, now func() time.Time) *Stats {
	return &Stats{now: now, kind: kind, group: group, since: now(), tables: map[tableKey]*TableStats{}}
}

// Table finds the counters of a pair, new ones at first use.
func (s *Stats) Table(output, source, target string) *TableStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := tableKey{output, source, target}
	t, ok := s.tables[key]
	if !ok {
		t = &TableStats{stats: s, TableStatistics: control.TableStatistics{
			Output: output, Source: source, Target: target}}
		at := s.now()
		for _, p := range t.periods() {
			p.Since = at
		}
		s.tables[key] = t
	}
	return t
}

// AddDDL counts what became of DDL; with nothing to add it says that DDL is replicated.
func (s *Stats) AddDDL(c control.DDLCounts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ddl == nil {
		s.ddl = &control.DDLCounts{}
	}
	s.ddl.Mapped += c.Mapped
	s.ddl.Unmapped += c.Unmapped
	s.ddl.Other += c.Other
	s.ddl.Excluded += c.Excluded
}

func (t *TableStats) periods() []*control.Period {
	return []*control.Period{&t.Total, &t.Daily, &t.Hourly, &t.Latest}
}

// Tally is a sum of operations that a hot loop keeps by itself and adds at a
// boundary: one lock for many rows.
type Tally struct {
	Ops   [record.DDL + 1]int64 // by record.OpType
	Extra control.Counts        // discards, ignores, collisions
}

// Count adds one operation to the tally.
func (y *Tally) Count(t record.OpType) { y.Ops[t]++ }

// Add adds a tally and clears it.
func (t *TableStats) Add(y *Tally) {
	c := y.Extra
	c.Inserts += y.Ops[record.Insert]
	c.Updates += y.Ops[record.Update] + y.Ops[record.PKUpdate]
	c.Deletes += y.Ops[record.Delete]
	c.Truncates += y.Ops[record.Truncate]
	c.DDL += y.Ops[record.DDL]
	*y = Tally{}
	t.stats.mu.Lock()
	defer t.stats.mu.Unlock()
	t.stats.total += c.Operations()
	t.roll(t.stats.now())
	for _, p := range t.periods() {
		p.Counts.Add(c)
	}
}

// Count adds one operation.
func (t *TableStats) Count(op record.OpType) {
	var y Tally
	y.Count(op)
	t.Add(&y)
}

// Discard adds a discarded operation.
func (t *TableStats) Discard() { t.Add(&Tally{Extra: control.Counts{Discards: 1}}) }

// Ignore adds an ignored operation.
func (t *TableStats) Ignore() { t.Add(&Tally{Extra: control.Counts{Ignores: 1}}) }

// Collisions adds what HANDLECOLLISIONS resolved.
func (t *TableStats) Collisions(inserts, updates, deletes int64) {
	t.Add(&Tally{Extra: control.Counts{InsertCollisions: inserts,
		UpdateCollisions: updates, DeleteCollisions: deletes}})
}

// roll begins new days and hours.
func (t *TableStats) roll(now time.Time) {
	day, hour := now.Local().Format("2006-01-02"), now.Local().Format("2006-01-02 15")
	if t.Daily.Since.Local().Format("2006-01-02") != day {
		t.Daily = control.Period{Since: now}
	}
	if t.Hourly.Since.Local().Format("2006-01-02 15") != hour {
		t.Hourly = control.Period{Since: now}
	}
}

// Total is the number of operations since the start.
func (s *Stats) Total() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// Snapshot copies all counters, sorted by output, source and target.
func (s *Stats) Snapshot() *control.Statistics {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	out := &control.Statistics{Type: s.kind, Group: s.group, At: now, Since: s.since}
	if s.ddl != nil {
		ddl := *s.ddl
		out.DDL = &ddl
	}
	for _, t := range s.tables {
		t.roll(now)
		out.Tables = append(out.Tables, t.TableStatistics)
	}
	sort.Slice(out.Tables, func(i, j int) bool {
		a, b := out.Tables[i], out.Tables[j]
		if a.Output != b.Output {
			return a.Output < b.Output
		}
		if a.Source != b.Source {
			return a.Source < b.Source
		}
		return a.Target < b.Target
	})
	return out
}

// Reset begins the latest period anew.
func (s *Stats) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, t := range s.tables {
		t.Latest = control.Period{Since: now}
	}
}
