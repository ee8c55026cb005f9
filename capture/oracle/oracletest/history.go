package oracletest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"ggsh/capture/oracle"
	"ggsh/record"
)

// History is what happened in a database: the rows of its logs, the tables as they
// were, and the committed transactions that a capture has to deliver.
type History struct {
	Seed    uint64
	entries []entry
	logs    []log
	threads int
	tables  map[string][]tableVersion
	commits []commit
	lobs    map[string][]lobVersion // by row id: committed values
	last    uint64                  // SCN
	began   time.Time
}

// entry is one redo record: a change with all its rows, a begin or an end.
type entry struct {
	scn    uint64
	thread int
	glued  bool // what follows has the same SCN
	txn    *txn
	rows   func(r *Renderer) []oracle.Row
	lob    bool // LogMiner needs the whole transaction to tell it
}

// log is one log file.
type log struct {
	thread      int
	sequence    uint64
	first, next uint64 // next is 0 while it is current
}

type tableVersion struct {
	since uint64
	table *oracle.Table
}

type lobVersion struct {
	scn     uint64
	values  []record.Value
	deleted bool
}

// commit is what was committed at one SCN.
type commit struct {
	scn   uint64
	parts []part
}

// part is what one transaction has brought.
type part struct {
	ops        []string
	replicated bool // it was a Replicat's
}

// txn is a transaction under way.
type txn struct {
	xid    oracle.XID
	thread int
	start  uint64
	user   string
	end    uint64
	done   []done
	locked map[string]*row
	frozen map[*row]bool
	marked bool // it touched the marker table, be it undone
}

// done is a change that may be undone.
type done struct {
	change *Change
	text   string
	undo   func()
	row    *row
}

// row is a row of a table.
type row struct {
	id      string
	values  []record.Value
	gone    bool
	version *oracle.Table
}

// maker makes a history.
type maker struct {
	*History
	rng   *rand.Rand
	scn   uint64
	seq   []uint64 // by thread
	open  []*txn
	rows  map[string][]*row // by table
	locks map[*row]*txn
	ids   int64
	rowNo int
	slots int
	block uint64
}

// Names of the tables of a history.
const (
	Owner   = "HR"
	Plain   = "STAFF"  // its rows have values of many types
	LOBs    = "PAPERS" // and CLOB and BLOB
	KeyOnly = "NOTES"  // supplemental logging of the key alone
	Other   = "SCRAP"  // nobody wants it
	Marker  = "GGS_CHECKPOINT"
)

// New makes a history of a number of steps.
func New(seed uint64, steps int) *History {
	m := &maker{History: &History{Seed: seed, tables: map[string][]tableVersion{},
		lobs: map[string][]lobVersion{}, began: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)},
		rng: rand.New(rand.NewPCG(seed, 77)), scn: 5000, rows: map[string][]*row{},
		locks: map[*row]*txn{}}
	m.threads = 1 + m.rng.IntN(3)
	m.seq = make([]uint64, m.threads+1)
	for t := 1; t <= m.threads; t++ {
		m.seq[t] = uint64(10 * t)
		m.logs = append(m.logs, log{thread: t, sequence: m.seq[t], first: 4000})
	}
	m.define()
	for range steps {
		m.step()
	}
	for len(m.open) > 0 {
		m.end(m.open[0], m.rng.IntN(5) > 0, false)
	}
	m.last = m.scn + 10
	return m.History
}

// Last is the SCN up to which the history has to be read.
func (h *History) Last() uint64 { return h.last - 2 }

// define makes the tables.
func (m *maker) define() {
	plain := []oracle.Column{column("ID", 1, "NUMBER"), column("NAME", 2, "VARCHAR2"),
		column("PAY", 3, "NUMBER"), column("BORN", 4, "DATE"), column("SEEN", 5, "TIMESTAMP(6)"),
		column("NICK", 6, "NVARCHAR2"), column("MARK", 7, "RAW")}
	plain[0].Precision, plain[0].Length, plain[2].NoScale = 9, 22, true
	plain[5].National = true
	lob := []oracle.Column{plain[0], column("TITLE", 2, "VARCHAR2"), column("TEXT", 3, "CLOB"),
		column("SCAN", 4, "BLOB")}
	for i, t := range []struct {
		name    string
		columns []oracle.Column
	}{{Plain, plain}, {LOBs, lob}, {KeyOnly, plain}, {Other, plain}, {Marker, plain[:2]}} {
		m.tables[t.name] = []tableVersion{{0, &oracle.Table{Object: uint32(7000 + i), Owner: Owner,
			Name: t.name, Columns: t.columns, Key: []int{0}}}}
	}
}

func column(name string, number int, typ string) oracle.Column {
	return oracle.Column{Name: name, Number: number, Type: typ, Length: 4000, Nullable: name != "ID"}
}

// now is a table's present definition.
func (m *maker) now(name string) *oracle.Table {
	list := m.tables[name]
	return list[len(list)-1].table
}

// step makes one thing happen.
func (m *maker) step() {
	switch n := m.rng.IntN(100); {
	case n < 3:
		m.switchLog(1 + m.rng.IntN(m.threads))
	case n < 4:
		m.alter()
	case n < 18 && len(m.open) < 6:
		m.open = append(m.open, m.newTxn())
	case n < 30 && len(m.open) > 0:
		m.endSome()
	case n < 33 && len(m.open) > 0:
		m.noise(m.pick())
	case n < 38 && len(m.open) > 0:
		t := m.pick()
		m.rollbackTo(t, m.rng.IntN(len(t.done)+1))
	case n < 42 && len(m.open) > 0: // a statement that fails
		t := m.pick()
		mark := len(t.done)
		for range 1 + m.rng.IntN(3) {
			m.change(t)
		}
		m.rollbackTo(t, mark)
	case len(m.open) > 0:
		m.change(m.pick())
	}
}

func (m *maker) pick() *txn { return m.open[m.rng.IntN(len(m.open))] }

// tick moves the SCN on, seldom not.
func (m *maker) tick() uint64 {
	if n := len(m.entries); n > 0 && m.rng.IntN(12) == 0 && m.entries[n-1].scn == m.scn {
		m.entries[n-1].glued = true // two records of one SCN
		return m.scn
	}
	m.scn += uint64(m.rng.IntN(4))
	if len(m.entries) > 0 && !m.entries[len(m.entries)-1].glued {
		m.scn = max(m.scn, m.entries[len(m.entries)-1].scn+1)
	}
	return m.scn
}

func (m *maker) place(t *txn) Place {
	m.block++
	return Place{SCN: m.scn, Time: m.began.Add(time.Duration(m.scn) * time.Millisecond).Truncate(time.Second),
		XID: t.xid, Thread: t.thread, Sequence: m.seq[t.thread], Block: m.block, Offset: 0x10,
		Container: 3, User: t.user}
}

func (m *maker) add(t *txn, e entry) {
	e.scn, e.thread, e.txn = m.scn, t.thread, t
	m.entries = append(m.entries, e)
}

func (m *maker) switchLog(thread int) {
	m.scn += 2
	for i := range m.logs {
		if l := &m.logs[i]; l.thread == thread && l.next == 0 {
			l.next = m.scn
		}
	}
	m.seq[thread]++
	m.logs = append(m.logs, log{thread: thread, sequence: m.seq[thread], first: m.scn})
}

// newTxn takes a free slot of an undo segment.
func (m *maker) newTxn() *txn {
	m.slots++
	slot := m.slots % 9
	for slices.ContainsFunc(m.open, func(t *txn) bool { return int(t.xid[2]) == slot }) {
		slot = (slot + 1) % 9
	}
	t := &txn{xid: oracle.XID{4, 0, byte(slot), 0, byte(m.slots), byte(m.slots >> 8), 1, 0},
		thread: 1 + m.rng.IntN(m.threads), user: "SCOTT", locked: map[string]*row{}, frozen: map[*row]bool{}}
	if m.rng.IntN(25) == 0 {
		t.user = "GGADMIN"
	}
	return t
}

// begin notes a transaction's begin, which stands where its first change does.
func (m *maker) begin(t *txn) {
	if t.start != 0 {
		return
	}
	t.start = m.scn
	p := m.place(t)
	m.add(t, entry{glued: true, rows: func(*Renderer) []oracle.Row { return []oracle.Row{Start(&p)} }})
}

// rollbackTo undoes the latest changes, one by one.
func (m *maker) rollbackTo(t *txn, mark int) {
	for len(t.done) > mark {
		d := t.done[len(t.done)-1]
		t.done = t.done[:len(t.done)-1]
		m.tick()
		p := m.place(t)
		m.add(t, entry{rows: func(r *Renderer) []oracle.Row { return undoRows(r, &p, d.change) }})
		d.undo()
		delete(t.frozen, d.row)
		if !slices.ContainsFunc(t.done, func(o done) bool { return o.row == d.row }) {
			delete(m.locks, d.row)
		} else if d.change.Table.Name == LOBs {
			t.frozen[d.row] = true
		}
	}
}

// undoRows are the rows that undo what a change was rendered as, the last first.
func undoRows(r *Renderer, p *Place, c *Change) []oracle.Row {
	rendered, err := r.AppendChange(nil, p, c)
	if err != nil {
		panic(err)
	}
	var out []oracle.Row
	for _, row := range slices.Backward(rendered) {
		if row.Code > oracle.CodeUpdate || row.Continues {
			continue
		}
		inverse := map[oracle.Code]oracle.Code{oracle.CodeInsert: oracle.CodeDelete,
			oracle.CodeDelete: oracle.CodeInsert, oracle.CodeUpdate: oracle.CodeUpdate}[row.Code]
		after := c.Before
		if after == nil || inverse == oracle.CodeUpdate {
			after = make([]record.Value, len(c.Table.Columns))
			after[1] = record.Value{Kind: record.Null}
		}
		out, err = r.AppendChange(out, p, &Change{Code: inverse, Table: c.Table, RowID: c.RowID,
			Before: c.Before, After: after, Undo: true})
		if err != nil {
			panic(err)
		}
	}
	return out
}

// noise is what LogMiner shows and nobody wants.
func (m *maker) noise(t *txn) {
	m.tick()
	m.begin(t)
	p := m.place(t)
	temporary := m.rng.IntN(2) == 0
	m.add(t, entry{rows: func(*Renderer) []oracle.Row {
		r := p.row(oracle.CodeInsert, `insert into "HR"."MLOG$_STAFF"("ID") values ('1');`)
		r.RowID, r.Object, r.Owner, r.Table = "AAAmlogAABAAAAAAAA", 7100, Owner, "MLOG$_STAFF"
		if temporary {
			r.Redo, r.Object, r.Table = []byte("/* No SQL_REDO for temporary tables */"), 7101, "TEMP"
		}
		return []oracle.Row{r}
	}})
}

// endSome ends one transaction, or several at one SCN.
func (m *maker) endSome() {
	for i := m.rng.IntN(3) / 2; ; i-- {
		m.end(m.pick(), m.rng.IntN(6) > 0, i > 0 && len(m.open) > 1)
		if i <= 0 || len(m.open) == 0 {
			return
		}
	}
}

// end commits or rolls back. glued says that another one ends at the same SCN.
func (m *maker) end(t *txn, ok, glued bool) {
	if len(m.entries) == 0 || !m.entries[len(m.entries)-1].glued {
		m.tick()
	}
	if !ok {
		m.rollbackTo(t, 0)
	}
	m.open = slices.DeleteFunc(m.open, func(o *txn) bool { return o == t })
	for r, owner := range m.locks {
		if owner == t {
			delete(m.locks, r)
		}
	}
	if t.start == 0 {
		return
	}
	t.end = m.scn
	p := m.place(t)
	m.add(t, entry{glued: glued, rows: func(*Renderer) []oracle.Row {
		if ok {
			return []oracle.Row{Commit(&p)}
		}
		return []oracle.Row{Rollback(&p)}
	}})
	if ok {
		m.committed(t)
	}
}

// committed notes what has to be delivered.
func (m *maker) committed(t *txn) {
	var ops []string
	marked := t.marked || t.user == "GGADMIN"
	for _, d := range t.done {
		name := d.change.Table.Name
		if name == LOBs {
			m.lobs[d.row.id] = append(m.lobs[d.row.id], lobVersion{m.scn, slices.Clone(d.row.values),
				d.row.gone})
		}
		if name != Other && name != Marker {
			ops = append(ops, d.text)
		}
	}
	if len(ops) > 0 {
		m.deliver(part{ops, marked})
	}
}

func (m *maker) deliver(p part) {
	if n := len(m.commits); n == 0 || m.commits[n-1].scn != m.scn {
		m.commits = append(m.commits, commit{scn: m.scn})
	}
	c := &m.commits[len(m.commits)-1]
	c.parts = append(c.parts, p)
}

// alter adds a column to a table that nobody changes just now.
func (m *maker) alter() {
	name := []string{Plain, LOBs, KeyOnly}[m.rng.IntN(3)]
	for _, r := range m.rows[name] {
		if m.locks[r] != nil {
			return
		}
	}
	m.tick()
	t := m.newTxn()
	t.user = "SCOTT"
	m.begin(t)
	former := m.now(name)
	table := *former
	n := len(table.Columns) + 1
	added := fmt.Sprintf("X%d", n)
	table.Columns = append(slices.Clone(table.Columns), column(added, n, "VARCHAR2"))
	statement := fmt.Sprintf(`alter table "HR"."%s" add (%s varchar2(4000))`, name, added)
	p := m.place(t)
	m.add(t, entry{glued: true, rows: func(*Renderer) []oracle.Row {
		return []oracle.Row{DDL(&p, Owner, name, former.Object, statement)}
	}})
	m.tables[name] = append(m.tables[name], tableVersion{m.scn, &table})
	p2 := m.place(t)
	t.end = m.scn
	m.add(t, entry{rows: func(*Renderer) []oracle.Row { return []oracle.Row{Commit(&p2)} }})
	m.deliver(part{ops: []string{"DDL " + statement}})
}

// text prints an operation as a test compares it: columns without value are left out,
// of columns that were added later NULL, too.
func text(kind string, t *oracle.Table, before, after []record.Value) string {
	var b strings.Builder
	b.WriteString(kind + " " + t.Name)
	for i, image := range [][]record.Value{before, after} {
		if image != nil {
			b.WriteString([]string{" <", " >"}[i])
		}
		for j := range image {
			b.WriteString(ColumnText(t.Columns[j].Name, &image[j]))
		}
	}
	return b.String()
}

// ColumnText prints one column of an image.
func ColumnText(name string, v *record.Value) string {
	switch {
	case v.Kind == record.Missing || v.Kind == record.Null && strings.HasPrefix(name, "X"):
		return ""
	case v.Kind == record.Null:
		return " " + name + "=~"
	}
	return " " + name + "=" + string(v.Text(nil, -1))
}

// Want lists what has to be delivered behind an SCN: the SCN and the operations of
// each commit. Transactions that were committed at one SCN are divided by a plus sign:
// their order is that of their threads. take tells by a transaction's being a
// Replicat's whether it is; changes of table without are left out.
func (h *History) Want(behind uint64, without string, take func(replicated bool) bool) []Committed {
	var list []Committed
	for _, c := range h.commits {
		var ops []string
		for _, p := range c.parts {
			kept := slices.DeleteFunc(slices.Clone(p.ops), func(op string) bool {
				words := strings.Fields(op)
				return without != "" && (strings.HasPrefix(op, "DDL ") && strings.Contains(op, `"`+without+`"`) ||
					slices.Contains(words[:min(3, len(words))], without))
			})
			if len(kept) == 0 || !take(p.replicated) {
				continue
			}
			if len(ops) > 0 {
				ops = append(ops, "+")
			}
			ops = append(ops, kept...)
		}
		if c.scn > behind && len(ops) > 0 {
			list = append(list, Committed{c.scn, ops})
		}
	}
	slices.SortStableFunc(list, func(a, b Committed) int { return cmp.Compare(a.SCN, b.SCN) })
	return list
}

// Committed is what was committed at one SCN.
type Committed struct {
	SCN uint64
	Ops []string
}
