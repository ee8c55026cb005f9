package handler

import (
	"reflect"
	"testing"
	"time"

	"ggsh/record"
)

type originWant struct {
	csn        uint64
	seqno      uint32
	rba        uint64
	index      int
	last       bool
	source     string
	tableNamed string
}

// twoTransactions is a batch of two transactions on one table: two operations
// and, in the next trail file, one.
func twoTransactions() (*Batch, []originWant) {
	def := &record.TableDef{ID: 9, Schema: "hr", Name: "emp"}
	b := &Batch{Tables: []TableUse{{ID: 9, Source: "src.emp", Target: def}}, Ends: []int{2, 3}}
	var w OriginWriter
	want := []originWant{{7, 3, 900, 0, false, "src.emp", "hr.emp"}, {7, 3, 940, 2, true, "src.emp", "hr.emp"},
		{8, 4, 100, 0, true, "src.emp", "hr.emp"}}
	csn := uint64(0)
	for _, o := range want {
		if o.csn != csn {
			csn = o.csn
			b.Origins = AppendOriginTxn(b.Origins, &record.TxnInfo{CSN: record.CSN{Minor: csn},
				XID: "x", CommitTime: time.Unix(int64(csn), 5).UTC()})
		}
		body, _ := record.AppendOpHeader(nil, record.Truncate, 9)
		b.Ops = AppendBatchOp(b.Ops, body)
		b.Origins = w.AppendOp(b.Origins, o.seqno, o.rba, o.index)
		b.Count++
	}
	return b, want
}

func readChanges(b *Batch) (got []originWant, err error) {
	c := NewChanges()
	c.Reset(b)
	for {
		ch, err := c.Next()
		if ch == nil || err != nil {
			return got, err
		}
		got = append(got, originWant{ch.Txn.CSN.Minor, ch.Seqno, ch.RBA, ch.Index, ch.Last, ch.Source,
			ch.Def.FullName()})
	}
}

func TestChangesTellWhereOperationsComeFrom(t *testing.T) {
	b, want := twoTransactions()
	m, err := packBatch(b)
	if err != nil {
		t.Fatal(err)
	}
	over, err := unpackBatch(carry(t, m))
	if err != nil {
		t.Fatal(err)
	}
	got, err := readChanges(over)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
	}
}

// Whatever is cut off a batch, reading it ends with an error and never with fewer
// operations than were counted.
func TestChangesOfACutBatch(t *testing.T) {
	whole, _ := twoTransactions()
	for n := range whole.Origins {
		b := *whole
		b.Origins = b.Origins[:n]
		if got, err := readChanges(&b); err == nil {
			t.Fatalf("origins cut at %d: %+v", n, got)
		}
	}
	for n := range whole.Ops {
		b := *whole
		b.Ops = b.Ops[:n]
		if got, err := readChanges(&b); err == nil {
			t.Fatalf("operations cut at %d: %+v", n, got)
		}
	}
}

func FuzzChanges(f *testing.F) {
	whole, _ := twoTransactions()
	f.Add(whole.Ops, whole.Origins, 3)
	f.Fuzz(func(t *testing.T, ops, origins []byte, count int) {
		b, _ := twoTransactions()
		b.Ops, b.Origins, b.Count = ops, origins, count
		got, err := readChanges(b)
		if err == nil && len(got) != count {
			t.Fatalf("%d operations of %d and no error", len(got), count)
		}
	})
}
