package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ggsh/record"
)

func pieces(n int) []Piece {
	var list []Piece
	for i := range n {
		list = append(list, Piece{Stream: "s" + fmt.Sprint(i%2), Name: "näm\n\"e", From: int64(i),
			To: int64(i + 1), Lines: 3, Time: time.Unix(int64(i), 5).UTC(), Sum: uint32(i)})
	}
	return list
}

func open(t *testing.T, path string) *Ledger {
	t.Helper()
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func after(t *testing.T, l *Ledger, csn uint64) []Piece {
	t.Helper()
	list, err := l.After(csn)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestPiecesComeBack: what was added is there after a restart, behind any number.
func TestPiecesComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.cpd")
	l := open(t, path)
	want := pieces(5)
	if err := l.Add(want[:2]); err != nil {
		t.Fatal(err)
	}
	if err := l.Add(want[2:]); err != nil {
		t.Fatal(err)
	}
	table := Table{Schema: "s", Name: "t", Columns: []record.ColumnDef{{Name: "c"}}, Key: []int{0}}
	for range 2 {
		if err := l.AddTable(table); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		for csn := range uint64(6) {
			if got := after(t, l, csn); len(got) != int(5-csn) ||
				len(got) > 0 && !reflect.DeepEqual(got, want[csn:]) {
				t.Fatalf("after %d: %+v", csn, got)
			}
		}
		if l.Last() != 5 || len(l.Tables()) != 1 || !reflect.DeepEqual(l.Tables()[0], table) {
			t.Fatal(l.Last(), l.Tables())
		}
		l = open(t, path)
	}
}

// TestTornTail: a ledger cut anywhere behind its first line opens with the pieces
// that were whole, and goes on with the number behind them.
func TestTornTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.cpd")
	if err := open(t, path).Add(pieces(3)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := strings.IndexByte(string(text), '\n') + 1
	for n := first; n < len(text); n++ {
		if err := os.WriteFile(path, text[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		l := open(t, path)
		whole := strings.Count(string(text[:n]), "\n") - 1
		if got := after(t, l, 0); len(got) != whole {
			t.Fatalf("cut at %d: %d pieces, want %d", n, len(got), whole)
		}
		if err := l.Add(pieces(1)); err != nil {
			t.Fatal(err)
		}
		if got := after(t, open(t, path), 0); len(got) != whole+1 {
			t.Fatalf("cut at %d: %d pieces behind the next, want %d", n, len(got), whole+1)
		}
	}
}

// TestDamage: a changed octet before the last line stops the reader with the line.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.cpd")
	if err := open(t, path).Add(pieces(3)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := strings.LastIndexByte(strings.TrimSuffix(string(text), "\n"), '\n')
	for n := 0; n < last; n += 7 {
		bad := []byte(string(text))
		bad[n] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "line") {
			t.Fatalf("octet %d changed: %v", n, err)
		}
	}
}

// TestForget: forgotten pieces are gone, also from the file once it is large, and
// numbers are never given twice.
func TestForget(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.cpd")
	l := open(t, path)
	total := 0
	for l.size < rewriteAt {
		if err := l.Add(pieces(500)); err != nil {
			t.Fatal(err)
		}
		total += 500
	}
	if err := l.Forget(uint64(total - 3)); err != nil {
		t.Fatal(err)
	}
	if l.size > 2000 {
		t.Errorf("the file has %d octets for three pieces", l.size)
	}
	for range 2 {
		if got := after(t, l, uint64(total-3)); len(got) != 3 || got[0].CSN != uint64(total-2) {
			t.Fatalf("%+v", got)
		}
		if _, err := l.After(1); err == nil {
			t.Fatal("pieces that were forgotten are given")
		}
		l = open(t, path)
	}
	err := l.Restart("BEGIN x", func(csn uint64) string { return fmt.Sprint("from ", csn) })
	if err != nil {
		t.Fatal(err)
	}
	l = open(t, path)
	want := Base{Order: "BEGIN x", Text: fmt.Sprint("from ", total), CSN: uint64(total)}
	if b, ok := l.Base("BEGIN x"); !ok || b != want {
		t.Fatal(b, ok)
	}
	if b, ok := l.Base("BEGIN y"); ok {
		t.Fatal(b)
	}
	pass, again, err := l.Resume(uint64(total+10), nil)
	if len(pass)+len(again) > 0 || err != nil {
		t.Fatal(pass, again, err)
	}
	more := pieces(1)
	if err := l.Add(more); err != nil || more[0].CSN != uint64(total+11) {
		t.Fatal(more, err)
	}
	if got := after(t, open(t, path), uint64(total+10)); len(got) != 1 {
		t.Fatal(got)
	}
}

// TestResume: what all trails hold is passed, what one lacks comes again, and a trail
// that holds more than is known is refused.
func TestResume(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "x.cpd"))
	if err := l.Add(pieces(6)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		csn         uint64
		bounds      []uint64
		pass, again int
	}{{0, nil, 0, 6}, {2, nil, 0, 4}, {2, []uint64{4, 5}, 2, 2}, {2, []uint64{0, 6}, 0, 4}, {6, []uint64{6}, 0, 0}} {
		pass, again, err := l.Resume(c.csn, c.bounds)
		if err != nil || len(pass) != c.pass || len(again) != c.again ||
			len(pass) > 0 && pass[0].CSN != c.csn+1 {
			t.Errorf("%+v: %+v, %+v, %v", c, pass, again, err)
		}
	}
	if _, _, err := l.Resume(2, []uint64{7}); err == nil || !strings.Contains(err.Error(), "transaction 7") {
		t.Error(err)
	}
}

// TestClosed: a closed ledger takes nothing.
func TestClosed(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "x.cpd"))
	l.Close()
	if err := l.Add(pieces(1)); err == nil {
		t.Fatal("a closed ledger took a piece")
	}
}

func FuzzOpen(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed")
	l, err := Open(path)
	if err != nil {
		f.Fatal(err)
	}
	if err := l.Add(pieces(2)); err != nil {
		f.Fatal(err)
	}
	l.Close()
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "x.cpd")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Open(path)
		if err != nil {
			return
		}
		defer l.Close()
		list, err := l.After(0)
		for i := range list {
			if list[i].CSN != list[0].CSN+uint64(i) {
				t.Fatalf("numbers with a gap: %+v", list)
			}
		}
	})
}
