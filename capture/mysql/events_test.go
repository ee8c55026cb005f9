package mysql

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"time"

	"ggsh/capture/cachemgr"
	"ggsh/capture/mysql/binlog"
	"ggsh/ggserr"
	"ggsh/record"
)

// fakeLog makes events as a server writes them and feeds them to a reader.
type fakeLog struct {
	tb   testing.TB
	r    *reader
	pos  uint32
	crc  bool
	time uint32
	warn []string
}

func newFakeLog(tb testing.TB, flavor string) *fakeLog {
	tb.Helper()
	f := &fakeLog{tb: tb, pos: 4, time: 1_700_000_000}
	cache, err := cachemgr.New(tb.TempDir(), "T", 4<<20)
	if err != nil {
		tb.Fatal(err)
	}
	src := &Source{cache: cache, done: make(chan struct{})}
	src.cfg = Config{Group: "T", Warn: func(e *ggserr.Error) { f.warn = append(f.warn, e.Error()) }}
	src.queue.Init(64 << 20)
	srv := &database{cfg: &src.cfg, flavor: flavor, version: "fake", identity: "1",
		vars:     map[string]string{"binlog_row_metadata": "FULL", "log_bin": "ON"},
		charsets: map[uint64]string{63: "binary", 45: "utf8mb4", 8: "latin1"}}
	f.r = &reader{src: src, cfg: &src.cfg, srv: srv, ctx: context.Background(), set: newGTIDSet(),
		tables: map[uint64]*tableRef{}, branches: map[string]*branch{}}
	f.r.schema = newSchema(&src.cfg, srv)
	f.r.schema.lookup = func(context.Context, string, string) (*catalogTable, error) { return nil, nil }
	f.r.committed = place{"log.000001", 4}
	f.r.at = f.r.committed
	tb.Cleanup(func() {
		f.r.release()
		if err := src.drain(); err != nil {
			tb.Error(err)
		}
	})
	return f
}

// raw makes one event.
func (f *fakeLog) raw(typ byte, flags uint16, body []byte) []byte {
	b := make([]byte, binlog.HeaderSize, binlog.HeaderSize+len(body)+4)
	le := binary.LittleEndian
	size := binlog.HeaderSize + len(body)
	if f.crc {
		size += 4
	}
	f.pos += uint32(size)
	le.PutUint32(b, f.time)
	b[4] = typ
	le.PutUint32(b[5:], 1)
	le.PutUint32(b[9:], uint32(size))
	le.PutUint32(b[13:], f.pos)
	le.PutUint16(b[17:], flags)
	b = append(b, body...)
	if f.crc {
		b = le.AppendUint32(b, crc32.ChecksumIEEE(b))
	}
	return b
}

// event feeds one event that must be accepted.
func (f *fakeLog) event(typ byte, body []byte) {
	f.tb.Helper()
	if err := f.r.handle(f.raw(typ, 0, body)); err != nil {
		f.tb.Fatal(err)
	}
}

func (f *fakeLog) query(text string) { f.event(binlog.QueryEvent, queryBody("s", text)) }

func queryBody(schema, text string) []byte {
	b := make([]byte, 13)
	b[8] = byte(len(schema))
	return append(append(append(b, schema...), 0), text...)
}

func (f *fakeLog) gtid(n byte) {
	b := make([]byte, 25)
	b[17] = n
	f.event(binlog.GTIDEvent, b)
}

func (f *fakeLog) mariaGTID(n byte, flags byte, xid ...byte) {
	b := make([]byte, 13)
	b[0], b[12] = n, flags
	f.event(binlog.MariaGTIDEvent, append(b, xid...))
}

func (f *fakeLog) xid() { f.event(binlog.XIDEvent, make([]byte, 8)) }

// table maps id 7 to s.t(id int primary key, v varchar(20)) with FULL metadata.
func (f *fakeLog) table() { f.event(binlog.TableMapEvent, tableBody("t")) }

func tableBody(name string) []byte {
	b := []byte("\x07\x00\x00\x00\x00\x00\x01\x00\x01s\x00")
	b = append(append(append(b, byte(len(name))), name...), 0)
	b = append(b, "\x02\x03\x0f\x02\x50\x00\x02"...)                // types, metadata, nullable
	b = append(b, "\x01\x01\x00\x02\x01\x2d\x04\x05\x02id\x01v"...) // signs, charset, names
	return append(b, "\x08\x01\x00"...)                             // key
}

const rowsHead = "\x07\x00\x00\x00\x00\x00\x01\x00\x02\x00\x02"

func image(id uint32, v string) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{0}, id)
	return append(append(b, byte(len(v))), v...)
}

func (f *fakeLog) insert(id uint32, v string) {
	f.event(binlog.WriteRowsV2, append([]byte(rowsHead+"\xff"), image(id, v)...))
}

func (f *fakeLog) update(id uint32, from, to string) {
	b := append([]byte(rowsHead+"\xff\xff"), image(id, from)...)
	f.event(binlog.UpdateRowsV2, append(b, image(id, to)...))
}

// taken prints what was delivered so far.
func (f *fakeLog) taken() string {
	f.tb.Helper()
	var b strings.Builder
	for {
		txn, err := f.r.src.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			f.tb.Fatal(err)
		}
		if txn.Ops == nil {
			continue
		}
		b.WriteString("[")
		for {
			def, body, err := txn.Ops.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				f.tb.Fatal(err)
			}
			var op record.Op
			if err := record.DecodeOp(body, &op); err != nil {
				f.tb.Fatal(err)
			}
			if op.Type == record.DDL {
				d, err := record.DecodeDDL(&op)
				if err != nil {
					f.tb.Fatal(err)
				}
				b.WriteString("DDL " + d.Kind + " " + d.Name + ";")
				continue
			}
			b.WriteString(op.Type.String())
			for _, im := range []record.Image{op.Before, op.After} {
				if im != nil {
					values, err := im.Values(nil, len(def.Columns))
					if err != nil {
						f.tb.Fatal(err)
					}
					b.WriteString(" " + texts(values))
				}
			}
			b.WriteString(";")
		}
		b.WriteString("]")
	}
}

func (f *fakeLog) want(want string) {
	f.tb.Helper()
	if got := f.taken(); got != want {
		f.tb.Errorf("delivered %s\nwant      %s", got, want)
	}
}

func TestGroups(t *testing.T) {
	for name, c := range map[string]struct {
		flavor string
		log    func(*fakeLog)
		want   string
	}{
		"commit by XID": {flavorMySQL, func(f *fakeLog) {
			f.gtid(1)
			f.query("BEGIN")
			f.table()
			f.insert(1, "a")
			f.update(1, "a", "b")
			f.xid()
		}, "[INSERT 1,a;UPDATE 1,a 1,b;]"},
		"commit by query": {flavorMySQL, func(f *fakeLog) {
			f.query("BEGIN")
			f.table()
			f.insert(1, "a")
			f.query("COMMIT")
		}, "[INSERT 1,a;]"},
		"rollback": {flavorMySQL, func(f *fakeLog) {
			f.query("BEGIN")
			f.table()
			f.insert(1, "a")
			f.query("ROLLBACK")
		}, ""},
		"savepoints": {flavorMySQL, func(f *fakeLog) {
			f.query("BEGIN")
			f.table()
			f.query("SAVEPOINT `a b`")
			f.insert(1, "drop")
			f.query("SAVEPOINT two")
			f.insert(2, "drop")
			f.query("ROLLBACK TO `a b`")
			f.insert(3, "keep")
			f.xid()
		}, "[INSERT 3,keep;]"},
		"unfinished group is dropped": {flavorMySQL, func(f *fakeLog) {
			f.gtid(1)
			f.query("BEGIN")
			f.table()
			f.insert(1, "lost")
			f.gtid(1)
			f.query("BEGIN")
			f.table()
			f.insert(1, "again")
			f.xid()
		}, "[INSERT 1,again;]"},
		"MariaDB has no BEGIN": {flavorMariaDB, func(f *fakeLog) {
			f.mariaGTID(1, 0)
			f.table()
			f.insert(1, "a")
			f.xid()
			f.mariaGTID(2, mariaStandalone)
			f.query("CREATE TABLE x (i int)")
		}, "[INSERT 1,a;][DDL CREATE s.x;]"},
		"XA of MariaDB": {flavorMariaDB, func(f *fakeLog) {
			xid := []byte{1, 0, 0, 0, 1, 0, 'g'}
			f.mariaGTID(1, mariaPreparedXA, xid...)
			f.table()
			f.insert(1, "a")
			f.event(binlog.XAPrepareEvent, []byte("\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00g"))
			f.mariaGTID(2, 0)
			f.insert(2, "b")
			f.xid()
			f.mariaGTID(3, mariaCompletedXA|mariaStandalone, xid...)
			f.query("XA COMMIT X'67',X'',1")
		}, "[INSERT 2,b;][INSERT 1,a;]"},
		"XA ONE PHASE of MySQL": {flavorMySQL, func(f *fakeLog) {
			f.gtid(1)
			f.query("XA START X'67',X'',1")
			f.table()
			f.insert(1, "a")
			f.query("XA END X'67',X'',1")
			f.event(binlog.XAPrepareEvent, []byte("\x01\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00g"))
		}, "[INSERT 1,a;]"},
		"events that mean nothing": {flavorMySQL, func(f *fakeLog) {
			for _, typ := range []byte{binlog.StopEvent, binlog.IntvarEvent, binlog.RandEvent,
				binlog.UserVarEvent, binlog.IgnorableEvent, binlog.RowsQueryEvent,
				binlog.TransactionContext, binlog.ViewChange, binlog.AnnotateRowsEvent,
				binlog.CheckpointEvent, binlog.StartEncryptionEvent, binlog.HeartbeatEvent,
				binlog.HeartbeatV2Event, binlog.PreviousGTIDsEvent, binlog.MariaGTIDListEvent} {
				f.event(typ, []byte{1, 2, 3, 4})
			}
			if err := f.r.handle(f.raw(99, binlog.FlagIgnorable, nil)); err != nil {
				f.tb.Error(err)
			}
			f.query("# Dummy event")
			f.query("FLUSH TABLES")
			f.query("GRANT SELECT ON *.* TO x")
		}, ""},
		"server's own schemas": {flavorMySQL, func(f *fakeLog) {
			f.event(binlog.QueryEvent, queryBody("mysql", "CREATE TABLE t (i int)"))
			f.event(binlog.QueryEvent, queryBody("mysql", "INSERT INTO t VALUES (1)"))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeLog(t, c.flavor)
			c.log(f)
			f.want(c.want)
			if used := f.r.src.cache.Status().Used; used != 0 {
				t.Errorf("%d octets of the cache are held", used)
			}
		})
	}
}

func TestStops(t *testing.T) {
	for name, c := range map[string]struct {
		typ    byte
		body   []byte
		advice string
	}{
		"incident":       {binlog.IncidentEvent, []byte{1, 0}, "load the tables again"},
		"partial json":   {binlog.PartialUpdateRows, nil, "binlog_row_value_options"},
		"old rows":       {binlog.WriteRowsV0, nil, "5.1.16"},
		"load data":      {binlog.ExecLoadQueryEvent, nil, "binlog_format = 'ROW'"},
		"statement":      {binlog.QueryEvent, queryBody("s", "UPDATE t SET a=1"), "binlog_format = 'ROW'"},
		"unknown event":  {169, nil, "unknown type 169"},
		"unknown table":  {binlog.WriteRowsV1, append([]byte(rowsHead+"\xff"), image(1, "a")...), "no table map"},
		"no savepoint":   {binlog.QueryEvent, queryBody("s", "ROLLBACK TO nowhere"), "savepoint"},
		"short query":    {binlog.QueryEvent, []byte{1}, "mysqlbinlog"},
		"short GTID":     {binlog.GTIDEvent, []byte{1}, "mysqlbinlog"},
		"short payload":  {binlog.PayloadEvent, []byte{2, 9}, "mysqlbinlog"},
		"short XA":       {binlog.XAPrepareEvent, []byte{0}, "mysqlbinlog"},
		"short rows":     {binlog.WriteRowsV2, []byte{7}, "mysqlbinlog"},
		"short map":      {binlog.TableMapEvent, []byte{7}, "mysqlbinlog"},
		"bad compressed": {binlog.QueryCompressed, queryBody("s", "\x82"), "mysqlbinlog"},
	} {
		f := newFakeLog(t, flavorMySQL)
		err := f.r.handle(f.raw(c.typ, 0, c.body))
		var e *ggserr.Error
		if !errors.As(err, &e) || e.Severity != ggserr.Fatal || !strings.Contains(err.Error(), c.advice) ||
			!strings.Contains(err.Error(), "log.000001:") {
			t.Errorf("%s: %v", name, err)
		}
		var again *retryable
		if errors.As(err, &again) {
			t.Errorf("%s would be tried again", name)
		}
	}
}

// TestPositions: checksums, files beyond 4 GiB, events without position, rotation.
func TestPositions(t *testing.T) {
	f := newFakeLog(t, flavorMariaDB)
	format := make([]byte, 2+50+4+1+40+1)
	format[0], format[56], format[len(format)-1] = 4, 19, 1
	f.event(binlog.FormatEvent, append(format, 0, 0, 0, 0))
	f.crc = true
	f.pos = 0xfffffff0
	f.r.at.Pos = 0xfffffff0
	f.mariaGTID(1, 0)
	f.table()
	raw := f.raw(binlog.WriteRowsV2, 0, append([]byte(rowsHead+"\xff"), image(1, "a")...))
	binary.LittleEndian.PutUint32(raw[13:], 0) // MariaDB 11.4 within transactions
	if err := f.r.handle(raw); err != nil {
		t.Fatal(err)
	}
	f.xid()
	txn, err := f.r.src.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := record.CSN{Major: 1, Minor: 1<<32 | uint64(f.pos)}
	if txn.CSN != want || !txn.CommitTime.Equal(time.Unix(int64(f.time), 0)) || txn.XID != "0-1-1" {
		t.Errorf("CSN %s XID %s at %s, want %s", txn.CSN, txn.XID, txn.CommitTime, want)
	}
	next := append(binary.LittleEndian.AppendUint64(nil, 4), "log.000002"...)
	f.event(binlog.RotateEvent, next)
	f.pos = 4
	f.mariaGTID(2, 0)
	f.insert(2, "b")
	f.xid()
	if txn, err = f.r.src.Next(context.Background()); err != nil {
		t.Fatal(err)
	}
	if want := (record.CSN{Major: 2, Minor: uint64(f.pos)}); txn.CSN != want {
		t.Errorf("CSN %s, want %s", txn.CSN, want)
	}
}

func TestFilteredTransaction(t *testing.T) {
	const apps, ours = "[INSERT 1,t;INSERT 2,t;]", "[INSERT 1,ck;]"
	for _, c := range []struct {
		get, ignoreApps, folds bool
		want                   string
	}{
		{want: apps + "[INSERT 1,unwanted;]"},
		{want: apps + "[INSERT 1,unwanted;]", folds: true},
		{get: true, want: apps + ours + "[INSERT 1,unwanted;]"},
		{get: true, ignoreApps: true, want: ours},
		{ignoreApps: true},
	} {
		f := newFakeLog(t, flavorMySQL)
		f.r.cfg.FilterTables = []string{"s.ck"}
		if c.folds {
			f.r.cfg.FilterTables, f.r.srv.vars = []string{"S.Ck"}, map[string]string{"lower_case_table_names": "1"}
		}
		f.r.cfg.GetReplicates, f.r.cfg.IgnoreApplications = c.get, c.ignoreApps
		f.r.cfg.Want = func(s, n string) bool { return n != "unwanted" }
		for _, name := range []string{"t", "ck", "unwanted"} {
			f.query("BEGIN")
			f.event(binlog.TableMapEvent, tableBody("t"))
			f.insert(1, name)
			f.event(binlog.TableMapEvent, tableBody(name))
			f.insert(2, name)
			f.xid()
		}
		f.want(c.want)
	}
}

// TestSkips: what was delivered before is read again and not delivered.
func TestSkips(t *testing.T) {
	f := newFakeLog(t, flavorMySQL)
	var ends []place
	log := func() {
		for i := range 4 {
			f.query("BEGIN")
			f.table()
			f.insert(uint32(i), "x")
			f.xid()
			ends = append(ends, f.r.committed)
		}
	}
	log()
	f.taken()
	g := newFakeLog(t, flavorMySQL)
	g.r.skipTo = ends[1]
	f = g
	log()
	f.want("[INSERT 2,x;][INSERT 3,x;]")
}

// FuzzReader feeds arbitrary events: an error, never a panic.
func FuzzReader(f *testing.F) {
	f.Add(byte(binlog.QueryEvent), queryBody("s", "XA COMMIT X'67',X'',1"), byte(binlog.XIDEvent), []byte{})
	f.Add(byte(binlog.TableMapEvent), tableBody("t"), byte(binlog.WriteRowsV2),
		append([]byte(rowsHead+"\xff"), image(1, "a")...))
	f.Add(byte(binlog.PayloadEvent), []byte{0, 1, 2}, byte(binlog.GTIDTaggedEvent), []byte{2, 0x56, 0})
	f.Add(byte(binlog.MariaGTIDEvent), make([]byte, 20), byte(binlog.XAPrepareEvent), make([]byte, 20))
	f.Fuzz(func(t *testing.T, typ1 byte, body1 []byte, typ2 byte, body2 []byte) {
		l := newFakeLog(t, flavorMySQL)
		l.query("BEGIN")
		l.table()
		l.insert(1, "a")
		if l.r.handle(l.raw(typ1, 0, body1)) == nil {
			_ = l.r.handle(l.raw(typ2, 0, body2))
		}
	})
}

// BenchmarkEvents reads a synthetic log: 68 inserted rows of 200 octets an event, or
// one updated row with its table map.
func BenchmarkEvents(b *testing.B) {
	text := strings.Repeat("x", 180)
	f := newFakeLog(b, flavorMariaDB)
	gtid := f.raw(binlog.MariaGTIDEvent, 0, make([]byte, 13))
	binary.LittleEndian.PutUint64(gtid[binlog.HeaderSize:], 1)
	table := f.raw(binlog.TableMapEvent, 0, tableBody("t"))
	xid := f.raw(binlog.XIDEvent, 0, make([]byte, 8))
	rows := []byte(rowsHead + "\xff")
	for i := range 68 {
		rows = append(rows, image(uint32(i), text)...)
	}
	inserts := f.raw(binlog.WriteRowsV2, 0, rows)
	pair := append([]byte(rowsHead+"\xff\xff"), image(1, text)...)
	update := f.raw(binlog.UpdateRowsV2, 0, append(pair, image(1, text+"y")...))
	for name, c := range map[string]struct {
		events [][]byte
		rows   int
	}{
		"insert": {repeat([][]byte{table, inserts}, 15), 15 * 68},
		"update": {repeat([][]byte{table, update}, 100), 100},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				for _, raw := range append(append([][]byte{gtid}, c.events...), xid) {
					if err := f.r.handle(raw); err != nil {
						b.Fatal(err)
					}
				}
				n += c.rows
				txn, err := f.r.src.Next(context.Background())
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, _, err = txn.Ops.Next()
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func repeat(events [][]byte, n int) [][]byte {
	var list [][]byte
	for range n {
		list = append(list, events...)
	}
	return list
}
