package oradb

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ggsh/capture/oracle"
	"ggsh/capture/oracle/oracletest"
	"ggsh/record"
	"ggsh/tests/tns"
)

// thread is the redo of one instance.
type thread struct {
	number  int
	enabled uint64
	// logs are all that ever were, the current one last.
	logs []*redoLog
}

// redoLog is one log file: online as a member of a group, then archived.
type redoLog struct {
	thread              *thread
	sequence            int
	first, next         uint64 // next is 0 while the log is written
	firstTime, nextTime time.Time
	records             []redoRecord
	deleted             bool // the archived file is gone
}

// redoRecord is one record of redo.
type redoRecord struct {
	place  oracletest.Place
	code   oracle.Code
	change *oracletest.Change
	// undoes is the change whose inverse this is.
	undoes *oracletest.Change
	// owner, name, object and text are a DDL's.
	owner, name, text string
	object            uint32
	dataObject        int
	version           int
	serial            int
	start             uint64
}

// groups is how many online logs a thread has.
const groups = 3

// incarnation is RESETLOGS_ID, and a part of the names of archived logs.
const incarnation = 1070000000

func (db *DB) openThreads() {
	for n := range db.options.Threads {
		t := &thread{number: n + 1, enabled: db.scn}
		t.logs = []*redoLog{{thread: t, sequence: 1, first: db.scn, firstTime: db.now()}}
		db.threads = append(db.threads, t)
	}
	db.history = []moment{{db.now(), db.scn}}
}

func (t *thread) current() *redoLog { return t.logs[len(t.logs)-1] }

// group is the number of a log's group.
func (l *redoLog) group() int { return (l.thread.number-1)*groups + l.sequence%groups + 1 }

// online reports whether the group still holds the log.
func (l *redoLog) online() bool { return l.sequence > l.thread.current().sequence-groups }

func (db *DB) onlineName(l *redoLog) string {
	return fmt.Sprintf("/u01/app/oracle/oradata/%s/redo%02d.log", db.options.Name, l.group())
}

func (db *DB) archivedName(l *redoLog) string {
	return fmt.Sprintf("/u01/app/oracle/fast_recovery_area/%s/%d_%d_%d.arc", db.options.Name,
		l.thread.number, l.sequence, incarnation)
}

// SwitchLog begins a new log in every thread and archives the old ones.
func (db *DB) SwitchLog() {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, t := range db.threads {
		db.switchLog(t)
	}
}

func (db *DB) switchLog(t *thread) {
	old := t.current()
	old.next, old.nextTime = db.tick(), db.now()
	t.logs = append(t.logs, &redoLog{thread: t, sequence: old.sequence + 1, first: old.next,
		firstTime: old.nextTime})
}

// DropArchivedLog removes the archived logs of a sequence, as RMAN's DELETE does. It
// reports whether there was one.
func (db *DB) DropArchivedLog(sequence int) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	found := false
	for _, t := range db.threads {
		for _, l := range t.logs {
			if l.sequence == sequence && l.next != 0 {
				l.deleted, found = true, true
			}
		}
	}
	return found
}

// Sequence is the number of the log that thread 1 writes.
func (db *DB) Sequence() int {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.threads[0].current().sequence
}

// log appends a record to the session's thread.
func (s *session) log(r redoRecord) {
	l := s.thread.current()
	r.place.Time, r.place.Thread = s.db.now(), s.thread.number
	r.place.Sequence, r.place.Block, r.place.Offset = uint64(l.sequence), uint64(len(l.records)+2), 16
	r.place.User, r.serial = s.user.name, s.id
	if r.place.SCN == 0 {
		r.place.SCN = s.db.scn
	}
	if s.tx != nil {
		r.place.XID, r.start = s.tx.xid, s.tx.start
	}
	l.records = append(l.records, r)
	if n := s.db.options.LogSize; n > 0 && len(l.records) >= n {
		s.db.switchLog(s.thread)
	}
}

func (s *session) redoStart() { s.log(redoRecord{code: oracle.CodeStart}) }

func (s *session) redoEnd(code oracle.Code) { s.log(redoRecord{code: code}) }

func (s *session) redoChange(u *undo) error {
	c := &oracletest.Change{Code: u.code, Table: u.t.described, RowID: u.rid}
	var err error
	switch u.code {
	case oracle.CodeInsert:
		c.After, err = image(u.t, u.after, nil)
	case oracle.CodeDelete:
		c.Before, err = image(u.t, u.before, nil)
	default:
		if c.After, err = image(u.t, u.after, u.set); err == nil {
			c.Before, err = image(u.t, u.before, s.db.logged(u))
		}
	}
	if err != nil || u.t.temporary {
		return err
	}
	if len(s.tx.changes) > 1 { // the first one stands where the transaction's start does
		s.db.tick()
	}
	u.change = c
	s.log(redoRecord{code: u.code, change: c, dataObject: u.t.dataID, version: u.t.version})
	return nil
}

// redoUndo writes the inverse of a change: it has the row's place and the values that
// come back.
func (s *session) redoUndo(u *undo) error {
	c := &oracletest.Change{Table: u.t.described, RowID: u.rid, Undo: true}
	var err error
	switch u.code {
	case oracle.CodeInsert:
		c.Code = oracle.CodeDelete
	case oracle.CodeDelete:
		c.Code = oracle.CodeInsert
		c.After, err = image(u.t, u.before, nil)
	default:
		c.Code = oracle.CodeUpdate
		c.After, err = image(u.t, u.before, u.set)
	}
	if err != nil || u.t.temporary {
		return err
	}
	s.db.tick()
	s.log(redoRecord{code: c.Code, change: c, undoes: u.change, dataObject: u.t.dataID, version: u.t.version})
	return nil
}

// logged says which old values an update has in its redo: the changed ones, and what
// supplemental logging adds.
func (db *DB) logged(u *undo) []bool {
	which := append([]bool(nil), u.set...)
	add := func(columns []string) {
		for _, name := range columns {
			if n := u.t.position(name); n >= 0 {
				which[n] = true
			}
		}
	}
	touched := func(columns []string) bool {
		return slices.ContainsFunc(columns, func(name string) bool {
			n := u.t.position(name)
			return n >= 0 && u.set[n]
		})
	}
	for _, data := range []*logData{&db.database, &u.t.log} {
		if data.all {
			for i := range which {
				which[i] = true
			}
		}
		for _, g := range data.groups {
			if g.always || touched(g.columns) {
				add(g.columns)
			}
		}
		for _, k := range u.t.keys {
			switch {
			case k.kind == "P" && data.primary,
				k.kind == "U" && data.unique && touched(k.columns),
				k.kind == "R" && data.foreignKey && touched(k.columns):
				add(k.columns)
			}
		}
		if data.primary && u.t.key("P") == nil {
			for i := range which {
				which[i] = true
			}
		}
	}
	for i, c := range u.t.columns {
		which[i] = which[i] && !c.typ.lob() && !c.typ.long()
	}
	return which
}

// image gives the values of a row as redo has them; those not chosen are missing.
func image(t *table, values []any, which []bool) ([]record.Value, error) {
	out := make([]record.Value, len(values))
	for i, c := range t.columns {
		if which != nil && !which[i] {
			continue
		}
		v, err := redoValue(values[i], c.typ)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t.objectName, c.name, err)
		}
		out[i] = v
	}
	return out, nil
}

// redoValue gives a stored value in the project's form.
func redoValue(v any, t *dataType) (record.Value, error) {
	if v == nil {
		return record.Value{Kind: record.Null}, nil
	}
	switch t.kind {
	case tns.Number:
		if t.integer() {
			return record.Value{Kind: record.Int, N: uint64(asInt(v))}, nil
		}
		return record.Value{Kind: record.Decimal, B: []byte(asText(v))}, nil
	case tns.BinaryFloat:
		return record.Value{Kind: record.Float32, N: uint64(math.Float32bits(float32(asFloat(v))))}, nil
	case tns.BinaryDouble:
		return record.Value{Kind: record.Float64, N: math.Float64bits(asFloat(v))}, nil
	case tns.Raw, tns.BLOB, tns.LongRaw:
		b, _ := v.([]byte)
		return record.Value{Kind: record.Bytes, B: b}, nil
	case tns.IntervalYM:
		return record.Value{Kind: record.Interval, D: record.PackedDate(asInt(v))}, nil
	case tns.IntervalDS:
		n := asInt(v)
		day := int64(24 * time.Hour)
		return record.Value{Kind: record.Interval, Days: int32(n / day), N: uint64(n % day)}, nil
	case tns.Date, tns.Timestamp, tns.TimestampTZ, tns.TimestampLTZ:
		return timeValue(asText(v), t)
	}
	return record.Value{Kind: record.String, B: []byte(asText(v))}, nil
}

func timeValue(s string, t *dataType) (record.Value, error) {
	at, _, ok := parseStamp(s)
	if !ok {
		return record.Value{}, fmt.Errorf("%q is no stored time", s)
	}
	_, offset := at.Zone()
	at = at.UTC()
	v := record.Value{Kind: record.Timestamp, D: record.PackDate(at.Year(), int(at.Month()), at.Day()),
		N: uint64(at.Sub(time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)))}
	switch t.kind {
	case tns.TimestampTZ:
		v.Kind, v.Zone = record.TimestampTZ, int16(offset/60)
	case tns.TimestampLTZ:
		v.Kind = record.TimestampTZ
	}
	return v, nil
}

// redoDefinition writes a DDL statement, in a transaction of its own.
func (s *session) redoDefinition(owner, name string, object int, statement string) {
	s.begin()
	s.db.tick()
	s.log(redoRecord{code: oracle.CodeDDL, owner: owner, name: name, object: uint32(object),
		text: strings.TrimSpace(statement)})
	s.db.tick()
	s.redoEnd(oracle.CodeCommit)
	s.release()
}
