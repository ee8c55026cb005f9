package handlertest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"ggsh/checkpointtable"
)

// RunCheckpointTable is the suite of package checkpointtable on a real
// database, which must count rows that an update finds.
func RunCheckpointTable(t *testing.T, db checkpointtable.DB, kind checkpointtable.Kind,
	name string) {
	n, err := checkpointtable.ParseName(name)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if found, _, err := checkpointtable.Exists(ctx, db, kind, n); err != nil || found {
		t.Fatalf("before its creation: %v, %v", found, err)
	}
	must(checkpointtable.Create(ctx, db, kind, n))
	must(checkpointtable.Create(ctx, db, kind, n))
	if found, _, err := checkpointtable.Exists(ctx, db, kind, n); err != nil || !found {
		t.Fatalf("after its creation: %v, %v", found, err)
	}
	here := checkpointtable.Group{Name: "REPA", Key: 1}
	there := checkpointtable.Group{Name: "REPA", Key: 1<<64 - 1}
	at := func(rba uint64) checkpointtable.Position {
		c := At(rba)
		return checkpointtable.Position{Seqno: c.Seqno, RBA: c.RBA, CSN: c.CSN, XID: c.XID,
			CommitTime: c.CommitTime}
	}
	must(checkpointtable.Insert(ctx, db, kind, n, here, checkpointtable.Position{}, "/home/ü"))
	must(checkpointtable.Place(ctx, db, kind, n, there, at(5), "/other"))
	must(checkpointtable.Advance(ctx, db, kind, n, here, checkpointtable.Position{}, at(7)))
	err = checkpointtable.Advance(ctx, db, kind, n, here, checkpointtable.Position{}, at(8))
	if !errors.Is(err, checkpointtable.ErrMoved) {
		t.Fatalf("from where it is not: %v", err)
	}
	rows, err := checkpointtable.Rows(ctx, db, kind, n)
	must(err)
	if len(rows) != 2 {
		t.Fatalf("rows %+v", rows)
	}
	row, err := checkpointtable.Load(ctx, db, kind, n, here, false)
	must(err)
	if row == nil || !reflect.DeepEqual(row.Position, at(7)) || row.CurrentDir != "/home/ü" ||
		time.Since(row.Created) > time.Hour || row.Updated.Before(row.Created) {
		t.Fatalf("row %+v", row)
	}
	removed, err := checkpointtable.Cleanup(ctx, db, kind, n,
		func(r checkpointtable.Row) bool { return r.CurrentDir == "/home/ü" })
	must(err)
	if len(removed) != 1 || removed[0].Group != there {
		t.Fatalf("removed %+v", removed)
	}
	must(checkpointtable.Delete(ctx, db, kind, n, here))
	if row, err = checkpointtable.Load(ctx, db, kind, n, here, false); err != nil || row != nil {
		t.Fatalf("after its removal: %+v, %v", row, err)
	}
	must(checkpointtable.Drop(ctx, db, kind, n))
}
