package directory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ggsh/capture/payload"
	"ggsh/ggserr"
	"ggsh/record"
)

// stage is a directory and the captures that read it, one after the other.
type stage struct {
	*testing.T
	dir      string
	cfg      Config
	source   *Source
	restart  string
	warnings []string
	bad      []string
	now      time.Time
	orders   int
}

func newStage(t *testing.T, sets ...Set) *stage {
	s := &stage{T: t, dir: t.TempDir(), now: time.Now()}
	if len(sets) == 0 {
		sets = []Set{{Pattern: "*", Format: payload.Format{Form: payload.CSV, Delimiter: ',', Quote: '"'}}}
	}
	s.cfg = Config{Path: s.dir, Ledger: filepath.Join(t.TempDir(), "x.cpd"), Sets: sets, Schema: "f",
		Begin: Begin{Order: "1"}, Now: func() time.Time { return s.now },
		Warn:     func(e *ggserr.Error) { s.warnings = append(s.warnings, e.Text) },
		Declared: []payload.Definition{{Columns: []record.ColumnDef{{Name: "v", Kind: record.String, Nullable: true}}}}}
	t.Cleanup(func() {
		if s.source != nil {
			s.source.Close()
		}
	})
	return s
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

// write appends to a file.
func (s *stage) write(name, text string) {
	s.Helper()
	f, err := os.OpenFile(s.path(name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) do(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// open begins a run where the last one stood.
func (s *stage) open() {
	s.Helper()
	if err := s.tryOpen(); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) tryOpen() error {
	if s.source != nil {
		s.source.Close()
		s.source = nil
	}
	cfg := s.cfg
	cfg.Restart = s.restart
	src, err := Open(context.Background(), cfg)
	if err == nil {
		s.source = src
	}
	return err
}

// read takes what there is, as name:offset[values].
func (s *stage) read() string {
	s.Helper()
	text, err := s.tryRead()
	if err != nil {
		s.Fatal(err)
	}
	return text
}

func (s *stage) tryRead() (string, error) {
	var all []string
	for {
		txn, err := s.source.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return strings.Join(all, " "), nil
		}
		if err != nil {
			return strings.Join(all, " "), err
		}
		if txn.Ops != nil {
			values, err := valuesOf(txn)
			if err != nil {
				return strings.Join(all, " "), err
			}
			all = append(all, fmt.Sprintf("%s%s", txn.XID, values))
		}
		s.restart = txn.Restart
	}
}

func valuesOf(txn *record.Txn) ([]string, error) {
	values := []string{}
	for {
		def, body, err := txn.Ops.Next()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, err
		}
		var op record.Op
		if err := record.DecodeOp(body, &op); err != nil {
			return nil, err
		}
		row, err := op.After.Values(nil, len(def.Columns))
		if err != nil {
			return nil, err
		}
		text := ""
		for i, v := range row {
			if i > 0 {
				text += "/"
			}
			text += string(v.Text(nil, -1))
		}
		values = append(values, text)
	}
}

func (s *stage) want(got, want string) {
	s.Helper()
	if got != want {
		s.Errorf("read   %s\nwanted %s", got, want)
	}
}

// fails checks that reading stops with a message.
func (s *stage) fails(number ggserr.Number, parts ...string) {
	s.Helper()
	err := error(nil)
	if s.source != nil {
		_, err = s.tryRead()
	}
	s.failed(err, number, parts...)
}

func (s *stage) failed(err error, number ggserr.Number, parts ...string) {
	s.Helper()
	var e *ggserr.Error
	if !errors.As(err, &e) || e.Number != number {
		s.Fatalf("error %v, wanted %s", err, number)
	}
	for _, part := range parts {
		if !strings.Contains(e.Error(), part) {
			s.Errorf("%q lacks %q", e.Error(), part)
		}
	}
}

// TestTruncatedIsReadAgain: what the message of a truncated file says to do works.
func TestTruncatedIsReadAgain(t *testing.T) {
	s := newStage(t)
	s.write("a.csv", "1\n2\n")
	s.open()
	s.want(s.read(), "a.csv:0[1 2]")
	s.do(os.WriteFile(s.path("a.csv"), []byte("7\n"), 0o600))
	s.fails(ggserr.SourceChanged, "move it out", "START", "move it back")
	aside := filepath.Join(t.TempDir(), "aside")
	s.do(os.Rename(s.path("a.csv"), aside))
	s.open()
	s.want(s.read(), "")
	s.do(os.Rename(aside, s.path("a.csv")))
	s.want(s.read(), "a.csv:0[7]")
}

// TestAwayAndBack: a file that is moved away and back is not read twice, however
// often the capture was started meanwhile.
func TestAwayAndBack(t *testing.T) {
	s := newStage(t)
	s.write("a.csv", "1\n2\n")
	s.open()
	s.want(s.read(), "a.csv:0[1 2]")
	aside := filepath.Join(t.TempDir(), "aside")
	s.do(os.Rename(s.path("a.csv"), aside))
	s.want(s.read(), "")
	s.write("b.csv", "x\n")
	s.want(s.read(), "b.csv:0[x]")
	s.open()
	s.want(s.read(), "")
	s.do(os.Rename(aside, s.path("a.csv")))
	s.write("a.csv", "3\n")
	s.want(s.read(), "a.csv:4[3]")
}

// TestRemovedWhileOpen: lines that were appended to a file just before it was removed
// are read, and half a line is told.
func TestRemovedWhileOpen(t *testing.T) {
	s := newStage(t)
	s.write("a.csv", "1\n")
	s.open()
	s.want(s.read(), "a.csv:0[1]")
	s.write("a.csv", "2\n3\nhalf")
	s.do(os.Remove(s.path("a.csv")))
	s.want(s.read(), "a.csv:2[2 3]")
	s.want(s.read(), "")
	if len(s.warnings) != 1 || !strings.Contains(s.warnings[0], "File a.csv is gone: the 4 octets behind offset 6") {
		t.Errorf("warnings %q", s.warnings)
	}
}

// TestOrder: files come by time and then by name, or by name.
func TestOrder(t *testing.T) {
	for _, byName := range []bool{false, true} {
		s := newStage(t)
		s.cfg.ByName = byName
		at := time.Now()
		for i, name := range []string{"c", "a", "d", "b"} {
			s.write(name, name+"\n")
			s.do(os.Chtimes(s.path(name), time.Time{}, at.Add(time.Duration(i/2)*time.Second)))
		}
		s.open()
		want := "a:0[a] c:0[c] b:0[b] d:0[d]"
		if byName {
			want = "a:0[a] b:0[b] c:0[c] d:0[d]"
		}
		s.want(s.read(), want)
	}
}

// TestBegin: an order to begin at a time or at the end leaves out what lies before,
// and only at the first look.
func TestBegin(t *testing.T) {
	for _, c := range []struct {
		begin Begin
		want  string
	}{
		{Begin{Order: "all"}, "old:0[1 2] fresh:0[3]"},
		{Begin{Order: "time", Time: time.Now().Add(-time.Hour)}, "fresh:0[3]"},
		{Begin{Order: "end", AtEnd: true}, ""},
	} {
		s := newStage(t)
		s.cfg.Begin = c.begin
		s.write("old", "1\n2\nha")
		s.do(os.Chtimes(s.path("old"), time.Time{}, time.Now().Add(-2*time.Hour)))
		s.write("fresh", "3\n")
		s.open()
		s.want(s.read(), c.want)
		s.write("old", "lf\n")
		s.want(s.read(), "old:4[half]")
		s.open()
		s.want(s.read(), "")
	}
}

// TestBeginAgain: a capture that was ended before it stored anything begins where the
// order found the files, not where they are now.
func TestBeginAgain(t *testing.T) {
	s := newStage(t)
	s.cfg.Begin.AtEnd = true
	s.write("a.csv", "1\n")
	s.open()
	s.write("a.csv", "2\n")
	s.want(s.read(), "a.csv:2[2]")
	s.restart = ""
	s.open()
	s.want(s.read(), "a.csv:2[2]")
	s.restart, s.cfg.Begin.Order = "", "2"
	s.open()
	s.want(s.read(), "")
}

// TestHeader: the header line names the columns, after a restart too; a rotated file
// keeps its table.
func TestHeader(t *testing.T) {
	s := newStage(t, Set{Pattern: "*.csv", Format: payload.Format{Form: payload.CSV, Delimiter: ';', Quote: '"',
		Header: true}})
	s.cfg.Declared = nil
	s.write("a.csv", "\xef\xbb\xbfid;name\r\n")
	s.open()
	s.want(s.read(), "")
	s.write("a.csv", "1;\"x\r\n\"\"y\"\r\n\r\n2;\r\n")
	s.want(s.read(), "a.csv:12[1/x\r\n\"y 2/]")
	s.open()
	s.write("a.csv", "3;z\n")
	s.do(os.Rename(s.path("a.csv"), s.path("b.csv")))
	txn, err := s.source.Next(t.Context())
	s.do(err)
	def, _, err := txn.Ops.Next()
	s.do(err)
	if def.Name != "a" || def.Schema != "f" || def.Columns[1].Name != "name" {
		t.Errorf("%+v", def)
	}
	s.write("c.csv", "id;id\n1;2\n")
	s.fails(ggserr.RecordBad, "c.csv:1", "offset 0", "names column id twice")
}

// TestBadRecords: a record that is no row stops the capture behind the rows before
// it, with file, line and offset; or it goes to the discard and the rest is read.
func TestBadRecords(t *testing.T) {
	s := newStage(t)
	s.cfg.MaxRows = 1
	s.write("a.csv", "1\n\n2\n3,4\n5\n")
	s.open()
	got, err := s.tryRead()
	s.want(got, "a.csv:0[1] a.csv:2[] a.csv:3[2]")
	s.failed(err, ggserr.RecordBad, "a.csv:4", "offset 5", "it has 2 fields, not 1")
	var bad []Discarded
	s.cfg.Discard = func(d Discarded) error {
		d.Record = append([]byte{}, d.Record...)
		bad = append(bad, d)
		return nil
	}
	s.open()
	s.want(s.read(), "a.csv:5[] a.csv:9[5]")
	if len(bad) != 1 || bad[0].Line != 4 || bad[0].Offset != 5 || string(bad[0].Record) != "3,4" {
		t.Errorf("%+v", bad)
	}
}

// TestLongLine: a record longer than allowed stops the capture behind the rows
// before it, however it arrives.
func TestLongLine(t *testing.T) {
	for _, end := range []string{"\n", ""} {
		s := newStage(t)
		s.cfg.Sets[0].MaxLine = 2 << 20
		s.write("a.csv", "1\n"+strings.Repeat("x", 2<<20-1)+"\n")
		s.open()
		got, err := s.tryRead()
		s.do(err)
		if len(got) < 2<<20 {
			t.Fatalf("%.80s", got)
		}
		s.write("a.csv", "2\n"+strings.Repeat("y", 2<<20)+end)
		if end == "" {
			s.want(s.read(), "a.csv:2097154[2]")
			s.write("a.csv", "y")
		}
		got, err = s.tryRead()
		if end != "" {
			s.want(got, "a.csv:2097154[2]")
		}
		s.failed(err, ggserr.RecordBad, "a.csv:4", "offset 2097156", "longer than 2097152 octets")
	}
}

// TestWaiting: a last line without its end is told once, after a while.
func TestWaiting(t *testing.T) {
	s := newStage(t)
	s.write("a.csv", "1\n2")
	s.open()
	s.want(s.read(), "a.csv:0[1]")
	for range 3 {
		s.now = s.now.Add(waitingAfter)
		s.want(s.read(), "")
	}
	if len(s.warnings) != 1 || !strings.Contains(s.warnings[0], "offset 2: the last 1 octets") {
		t.Errorf("warnings %q", s.warnings)
	}
	s.write("a.csv", "\n")
	s.want(s.read(), "a.csv:2[2]")
}

// TestDirectoryAway: a directory that is not there is worth another try.
func TestDirectoryAway(t *testing.T) {
	s := newStage(t)
	s.write("a.csv", "1\n")
	s.open()
	s.want(s.read(), "a.csv:0[1]")
	s.do(os.Rename(s.dir, s.dir+".x"))
	_, err := s.source.Next(t.Context())
	var temporary interface{ Temporary() bool }
	if !errors.As(err, &temporary) || !temporary.Temporary() {
		t.Errorf("%v", err)
	}
	s.do(os.Rename(s.dir+".x", s.dir))
	s.write("a.csv", "2\n")
	s.want(s.read(), "a.csv:2[2]")
}

// TestWanted: files of a table that nobody wants are left alone.
func TestWanted(t *testing.T) {
	s := newStage(t)
	s.cfg.Want = func(schema, table string) bool { return schema == "f" && table == "a" }
	s.write("a.1.csv", "1\n")
	s.write("b.1.csv", "2\n")
	s.open()
	s.want(s.read(), "a.1.csv:0[1]")
}
