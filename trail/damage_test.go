package trail

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// damageBench is a trail that is written, damaged and read by a script.
type damageBench struct {
	t    *testing.T
	name Name
	w    *Writer
}

// frames gives the offsets of the frames of an undamaged file, and its end.
func (b *damageBench) frames(seqno uint32) []uint64 {
	r, err := OpenFile(b.name.File(seqno), 0, testKeys)
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Close()
	var at []uint64
	for {
		rec, err := r.Next()
		if err != nil {
			return append(at, r.Position().RBA)
		}
		at = append(at, rec.Pos.RBA)
	}
}

// offset turns frame (negative from the end) and at into an offset.
func (b *damageBench) offset(d *datadriven.TestData, seqno uint32) uint64 {
	var frame, at int
	d.ScanArgs(b.t, "frame", &frame)
	d.MaybeScanArgs(b.t, "at", &at)
	starts := b.frames(seqno)
	if frame < 0 {
		frame += len(starts) - 1
	}
	return uint64(int(starts[frame]) + at)
}

func (b *damageBench) edit(seqno uint32, change func([]byte) []byte) {
	path := b.name.File(seqno)
	content, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, change(content), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *damageBench) write(d *datadriven.TestData) string {
	def := testTable(1)
	for _, line := range strings.Split(d.Input, "\n") {
		var csn, n int
		switch {
		case line == "close":
			if err := b.w.Close(); err != nil {
				return b.text(err)
			}
			b.w = nil
		case line == "kill":
			b.kill()
		case line == "rollover":
			if err := b.w.Rollover(); err != nil {
				return b.text(err)
			}
		case strings.HasPrefix(line, "open"):
			w, err := Open(testConfig(b.name))
			if err != nil {
				return b.text(err)
			}
			b.w = w
		case strings.HasPrefix(line, "part"):
			if _, err := fmt.Sscanf(line, "part %d %d", &csn, &n); err != nil {
				return err.Error()
			}
			put(b.t, b.w, def, csn, n)
			b.w.last, b.w.hasLast = *testInfo(csn - 1), true
			b.unfinish()
		default:
			if _, err := fmt.Sscanf(line, "txn %d %d", &csn, &n); err != nil {
				return line + ": " + err.Error()
			}
			put(b.t, b.w, def, csn, n)
		}
	}
	if b.w != nil {
		if err := b.w.Flush(); err != nil {
			return b.text(err)
		}
	}
	return ""
}

// unfinish takes the last flag from the operation just appended.
func (b *damageBench) unfinish() {
	body := insertOp(1, 0, "text")
	at := len(b.w.buf) - frameHead - len(body)
	sealFrame(b.w.buf[at:], TypeOp, b.w.buf[at+11]&^FlagLast)
}

// kill leaves the file as a killed writer does.
func (b *damageBench) kill() {
	if err := b.w.Flush(); err != nil {
		b.t.Fatal(err)
	}
	b.w.file.Close()
	b.w.lock.Close()
	b.w = nil
}

func (b *damageBench) text(err error) string {
	return strings.ReplaceAll(err.Error(), b.name.Dir+"/", "") + "\n"
}

func (b *damageBench) read(d *datadriven.TestData) string {
	var seqno uint32
	var rba uint64
	d.MaybeScanArgs(b.t, "seqno", &seqno)
	d.MaybeScanArgs(b.t, "rba", &rba)
	got, err := readTxns(b.name, Position{Seqno: seqno, RBA: rba}, TxnOptions{})
	s := fmt.Sprintln(got)
	var ce *CorruptError
	switch {
	case errors.As(err, &ce):
		s += "corrupt: " + b.text(err)
	case err != nil:
		s += b.text(err)
	}
	return s
}

func (b *damageBench) damage(d *datadriven.TestData) string {
	var seqno uint32
	d.MaybeScanArgs(b.t, "seqno", &seqno)
	switch d.Cmd {
	case "flip":
		at := b.offset(d, seqno)
		bit := 0
		d.MaybeScanArgs(b.t, "bit", &bit)
		b.edit(seqno, func(c []byte) []byte { c[at] ^= 1 << bit; return c })
	case "cut":
		at := b.offset(d, seqno)
		b.edit(seqno, func(c []byte) []byte { return c[:at] })
	case "zero":
		at := b.offset(d, seqno)
		b.edit(seqno, func(c []byte) []byte { clear(c[at:]); return c })
	case "append":
		garbage := []byte(d.Input)
		if d.HasArg("zeros") {
			garbage = make([]byte, 100)
		}
		b.edit(seqno, func(c []byte) []byte { return append(c, garbage...) })
	case "remove":
		if err := os.Remove(b.name.File(seqno)); err != nil {
			return b.text(err)
		}
	case "copy":
		var to uint32
		d.ScanArgs(b.t, "to", &to)
		c, err := os.ReadFile(b.name.File(seqno))
		if err != nil {
			return b.text(err)
		}
		if err := os.WriteFile(b.name.File(to), c, 0o600); err != nil {
			return b.text(err)
		}
	}
	return ""
}

func TestDamage(t *testing.T) {
	b := &damageBench{t: t}
	datadriven.RunTest(t, "testdata/damage", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "trail":
			if b.w != nil {
				b.kill()
			}
			b.t, b.name = t, testName(t)
			b.w = mustOpen(t, testConfig(b.name))
			return b.write(d)
		case "write":
			return b.write(d)
		case "read":
			return b.read(d)
		case "last":
			if _, info, ok := b.w.Last(); ok {
				return info.XID + "\n"
			}
			return "none\n"
		}
		return b.damage(d)
	})
	if b.w != nil {
		b.kill()
	}
}

// TestCutAtEachOffset cuts the last frame at each offset: the transactions
// before it must be read, the reader waits, and the next writer goes on.
func TestCutAtEachOffset(t *testing.T) {
	n := testName(t)
	w := mustOpen(t, testConfig(n))
	def := testTable(1)
	put(t, w, def, 1, 2)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	whole := int(w.Position().RBA)
	put(t, w, def, 2, 1)
	b := &damageBench{t: t, name: n, w: w}
	b.kill()
	content, err := os.ReadFile(n.File(0))
	if err != nil {
		t.Fatal(err)
	}
	for size := whole; size < len(content); size++ {
		for _, tail := range []string{"", "\x00", strings.Repeat("\x00", 50), "garbage and more of it"} {
			if err := os.WriteFile(n.File(0), []byte(string(content[:size])+tail), 0o600); err != nil {
				t.Fatal(err)
			}
			wantTxns(t, n, Position{}, "1[0 1]")
			w := mustOpen(t, testConfig(n))
			if csn, _, _ := w.Last(); csn.Minor != 1 {
				t.Fatalf("cut at %d: last is %s", size, csn)
			}
			put(t, w, def, 3, 1)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			wantTxns(t, n, Position{}, "1[0 1]", "3[0]")
			if err := os.Remove(n.File(1)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestEachBitFlipIsNoticed flips every bit of a finished file: no reader may
// give anything but a prefix of what was written, and then the damage.
func TestEachBitFlipIsNoticed(t *testing.T) {
	n := testName(t)
	w := mustOpen(t, testConfig(n))
	put(t, w, testTable(1), 1, 1)
	put(t, w, testTable(1), 2, 1)
	if err := w.Rollover(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(n.File(0))
	if err != nil {
		t.Fatal(err)
	}
	step := 3
	if testing.Short() {
		step = 23
	}
	for i := 0; i < 8*len(content); i += step {
		content[i/8] ^= 1 << (i % 8)
		if err := os.WriteFile(n.File(0), content, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readTxns(n, Position{}, TxnOptions{})
		if !errors.As(err, new(*CorruptError)) {
			t.Fatalf("bit %d of byte %d: %v, %v", i%8, i/8, got, err)
		}
		if len(got) > 2 || len(got) == 2 && got[1] != "2[0]" || len(got) > 0 && got[0] != "1[0]" {
			t.Fatalf("bit %d of byte %d: %v", i%8, i/8, got)
		}
		content[i/8] ^= 1 << (i % 8)
	}
}
