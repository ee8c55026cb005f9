package extract

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/record"
	"ggsh/trail"
)

const rt = "./dirdat/rt"

var pumpGroup = checkpoint.Group{Name: "P1", Source: checkpoint.TrailSource, Trail: lt,
	Outputs: []checkpoint.Output{{Trail: rt}}}

func (f *fixture) fromTrail() func(context.Context, SourceStart) (Source, error) {
	return func(ctx context.Context, s SourceStart) (Source, error) {
		return OpenTrail(ctx, f.trail(lt), s.At, TrailOptions{})
	}
}

// document reads or, given a change, changes a group's checkpoint file.
func (f *fixture) document(group string, change func(*checkpoint.Document)) *checkpoint.Document {
	f.t.Helper()
	file := checkpoint.At(f.home.Checkpoint(group, true))
	doc, err := file.Load()
	if err == nil && change != nil {
		change(doc)
		err = file.Store(doc)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return doc
}

// A power cut may take from the local trail what the pump has read of it and the
// other host holds already. Extract writes that again, into the next file; the
// pump must neither stop nor send it again, wherever the file was cut: inside a
// record, or just where a transaction began.
func TestPumpSendsNothingTwiceAfterAPowerCutTookTheLocalTrailsEnd(t *testing.T) {
	cuts := 1
	for i := 0; i < cuts; i++ {
		f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
		f.add(pumpGroup, "PASSTHRU\nEXTTRAIL ./dirdat/rt\nTABLE hr.*;\n")
		must(t, f.run("E1", fromScript(3), -1))
		must(t, f.run("P1", f.fromTrail(), -1))
		if i%2 == 0 { // the pump's checkpoint is from before
			f.document("P1", func(d *checkpoint.Document) { d.State = checkpoint.State{} })
		}
		ends := f.ends(0)
		cuts = 4 * len(ends)
		cut := ends[i/4] + uint64(i/2%2)
		must(t, os.Truncate(f.trail(lt).File(0), int64(cut)))
		f.document("E1", func(d *checkpoint.Document) { // as old as the trail
			d.State, d.Group = checkpoint.State{}, captureGroup
		})
		must(t, f.run("E1", fromScript(5), -1))
		if err := f.run("P1", f.fromTrail(), -1); err != nil {
			t.Fatalf("cut %d at %d: %v", i, cut, err)
		}
		f.equal(rt, want(1, 5, 1))
	}
}

// ends are the ends of the records of a local trail file, but for the last.
func (f *fixture) ends(seqno uint32) (ends []uint64) {
	f.t.Helper()
	r, err := trail.OpenFile(f.trail(lt).File(seqno), 0, nil)
	must(f.t, err)
	defer r.Close()
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return ends[:len(ends)-1]
		}
		must(f.t, err)
		ends = append(ends, rec.End.RBA)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// An Extract upstream that was positioned back on purpose writes lower commit
// sequence numbers again: that is no loss, and the pump sends them.
func TestPumpSendsWhatAnOperatorHadExtractedAgain(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
	f.add(pumpGroup, "PASSTHRU\nEXTTRAIL ./dirdat/rt\nTABLE hr.*;\n")
	must(t, f.run("E1", fromScript(5), -1))
	must(t, f.run("P1", f.fromTrail(), -1))
	f.document("E1", func(d *checkpoint.Document) {
		d.State.Ordered = true
		d.Group.Begin = checkpoint.Begin{Kind: checkpoint.BeginCSN, CSN: record.CSN{Minor: 2}}
	})
	must(t, f.run("E1", fromScript(5), -1))
	must(t, f.run("P1", f.fromTrail(), -1))
	f.equal(rt, append(want(1, 5, 1), want(3, 5, 1)...))
	f.document("P1", func(d *checkpoint.Document) { d.State = checkpoint.State{} })
	must(t, f.run("P1", f.fromTrail(), -1))
	f.equal(rt, append(want(1, 5, 1), want(3, 5, 1)...))
}

// BEGIN finds the first transaction; a clock that is set back later loses none.
func TestAPumpsBeginTimeLeavesOutNothingBehindTheFirstTransaction(t *testing.T) {
	f := newFixture(t, captureGroup, "")
	w, err := trail.Open(trail.WriterConfig{Name: f.trail(lt)})
	must(t, err)
	def := table(1, "emp")
	for i, second := range []int64{98, 100, 103, 90, 95, 104} {
		must(t, w.BeginTxn(&record.TxnInfo{CSN: record.CSN{Minor: uint64(i + 1)},
			XID: strconv.Itoa(i), CommitTime: time.Unix(second, 0).UTC()}))
		o := insert(def, i)
		must(t, w.Op(o.def, o.body, true))
	}
	must(t, w.Close())
	// The log of the source tells whole seconds: 100 may be behind 100.5.
	src, err := OpenTrail(t.Context(), f.trail(lt), trail.Position{},
		TrailOptions{After: time.Unix(100, 5e8)})
	must(t, err)
	defer src.Close()
	for want := uint64(2); ; want++ {
		txn, err := src.Next(t.Context())
		if errors.Is(err, io.EOF) && want == 7 {
			return
		}
		must(t, err)
		if txn.CSN.Minor != want {
			t.Fatalf("transaction %d came, want %d", txn.CSN.Minor, want)
		}
	}
}

// ending is a source that begins behind all there is, unless it is told better.
type ending struct{ *scripted }

func (e ending) Position() (record.Txn, bool) {
	return record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: uint64(e.at)},
		CommitTime: time.Unix(int64(e.at), 0)}, Restart: strconv.Itoa(e.at)}, true
}

// BEGIN at the end of the log is found once: what is committed while Extract is
// down comes, though it had nothing to note before.
func TestTheEndOfTheLogIsFoundOnce(t *testing.T) {
	group := captureGroup
	group.Begin = checkpoint.Begin{Kind: checkpoint.BeginEOF}
	f := newFixture(t, group, "EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
	f.document("E1", func(d *checkpoint.Document) { d.State.Ordered = true })
	source := func(n int) func(context.Context, SourceStart) (Source, error) {
		return func(_ context.Context, s SourceStart) (Source, error) {
			src := newScripted(n, s)
			if s.Restart == "" {
				src.at = n
			}
			return ending{src}, nil
		}
	}
	must(t, f.run("E1", source(5), -1))
	must(t, f.run("E1", source(8), -1))
	f.equal(lt, want(6, 8, 1))
}

// START ... AFTERCSN counts for the starts after it too, until it is passed.
func TestAfterCSNIsRememberedUntilItIsPassed(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
	f.after = &record.CSN{Minor: 4}
	if err := f.run("E1", fromScript(8), 0); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	f.after = nil
	must(t, f.run("E1", fromScript(8), -1)) // as AUTORESTART does
	f.equal(lt, want(5, 8, 1))
	f.document("E1", func(d *checkpoint.Document) { d.State.Ordered = true }) // ALTER
	must(t, f.run("E1", fromScript(8), -1))
	f.equal(lt, append(want(5, 8, 1), want(1, 8, 1)...))
}

// A pump that is positioned at the end of its trail, or at a commit sequence
// number, sends nothing from before.
func TestAPumpBeginsWhereItWasTold(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
	f.add(pumpGroup, "PASSTHRU\nEXTTRAIL ./dirdat/rt\nTABLE hr.*;\n")
	must(t, f.run("E1", fromScript(4), -1))
	atEnd := func(ctx context.Context, s SourceStart) (Source, error) {
		if s.At.IsZero() && s.Begin.Kind == checkpoint.BeginEOF {
			end, err := EndOfTrail(f.trail(lt), nil)
			if err != nil {
				return nil, err
			}
			s.At = end
		}
		return f.fromTrail()(ctx, s)
	}
	f.document("P1", func(d *checkpoint.Document) {
		d.State.Ordered, d.Group.Begin = true, checkpoint.Begin{Kind: checkpoint.BeginEOF}
	})
	must(t, f.run("P1", atEnd, -1))
	must(t, f.run("E1", fromScript(6), -1)) // while the pump is down
	must(t, f.run("P1", atEnd, -1))
	f.equal(rt, want(5, 6, 1))

	src, err := OpenTrail(t.Context(), f.trail(lt), trail.Position{}, TrailOptions{})
	must(t, err)
	defer src.Close()
	src.From(record.CSN{Minor: 3})
	if txn, err := src.Next(t.Context()); err != nil || txn.CSN.Minor != 3 {
		t.Errorf("%v, %v", txn, err)
	}
}

// TestAPumpAsksBeforeEachFile: a file that is not admitted gives no transaction,
// now and when it is asked again.
func TestAPumpAsksBeforeEachFile(t *testing.T) {
	name := trail.Name{Dir: t.TempDir(), Prefix: "lt", Digits: 9}
	w, err := trail.Open(trail.WriterConfig{Name: name})
	must(t, err)
	def := table(1, "orders")
	for i := 1; i <= 2; i++ {
		must(t, w.BeginTxn(&record.TxnInfo{CSN: record.CSN{Minor: uint64(i)}, XID: strconv.Itoa(i),
			CommitTime: time.Unix(int64(i), 0).UTC()}))
		o := insert(def, i)
		must(t, w.Op(o.def, o.body, true))
		must(t, w.Rollover())
	}
	must(t, w.Close())
	refusal := errors.New("not in clear")
	src, err := OpenTrail(t.Context(), name, trail.Position{}, TrailOptions{
		Admit: func(h *trail.Header) error {
			if h.Seqno > 0 {
				return refusal
			}
			return nil
		}})
	must(t, err)
	defer src.Close()
	if txn, err := src.Next(t.Context()); err != nil || txn.CSN.Minor != 1 {
		t.Fatal(txn, err)
	}
	if txn, err := src.Next(t.Context()); err != refusal {
		t.Fatal(txn, err)
	}
	if txn, err := src.Next(t.Context()); err == nil {
		t.Fatal(txn, err)
	}
}
