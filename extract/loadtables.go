package extract

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"regexp"
	"strings"

	"ggsh/checkpoint"
	"ggsh/ggserr"
	"ggsh/record"
)

// openSnapshot takes the snapshot that this run reads, and finds in it what the
// TABLE statements name.
func (l *load) openSnapshot(ctx context.Context) error {
	l.show(func(v *view) { v.state = "Taking a snapshot of the source" })
	var err error
	if l.snap, l.readers, err = l.lc.OpenSnapshot(ctx, l.lc.Readers, l.loadedAt()); err != nil {
		return err
	}
	l.reached = true
	l.at = l.snap.Position()
	for i, t := range l.snap.Tables() {
		if err := l.addTable(i, t); err != nil {
			return err
		}
	}
	if err := l.dropGone(); err != nil {
		return err
	}
	if len(l.tables) == 0 {
		return ggserr.New(ggserr.Generic, "no table of the source is named by a TABLE statement").
			Do("Correct the names: LIST TABLES shows those that there are.")
	}
	csn := "unknown, for want of a change log"
	if !l.at.CSN.IsZero() {
		csn = l.at.CSN.String()
	}
	l.proc.Info(ggserr.LoadSnapshot, len(l.tables), csn, l.readers)
	snap := checkpoint.LoadSnapshot{CSN: l.at.CSN, Taken: l.at.CommitTime}
	l.led.Snapshots = append([]checkpoint.LoadSnapshot{snap}, l.led.Snapshots...)
	return nil
}

// loadedAt is the commit that earlier runs have read.
func (l *load) loadedAt() record.CSN {
	if !l.anyDone() {
		return record.CSN{}
	}
	return l.led.At
}

// addTable notes a table that some statement takes, in the ledger too.
func (l *load) addTable(number int, t SnapshotTable) error {
	plans, err := l.plans(t.Def)
	if err != nil || len(plans) == 0 {
		return err
	}
	lt := &loadTable{SnapshotTable: t, number: number, name: t.Def.FullName()}
	for i, p := range plans {
		where, err := predicate(p.Statement.SQLPredicate)
		if err == nil && i > 0 && where != lt.where {
			err = fmt.Errorf("two TABLE statements of %s have different conditions", lt.name)
		}
		if err != nil {
			at := p.Statement.Pos
			return ggserr.New(ggserr.BadParameter, "SQLPREDICATE").Because(err).At(at.File, at.Line, at.Column)
		}
		lt.where = where
		lt.routes = append(lt.routes, l.routesTo(p)...)
	}
	l.tables = append(l.tables, lt)
	return l.enter(lt)
}

// dropGone takes tables from the ledger that the source has no more.
func (l *load) dropGone() error {
	there := map[string]bool{}
	for _, t := range l.tables {
		there[t.name] = true
	}
	kept := l.led.Tables[:0]
	for _, row := range l.led.Tables {
		switch {
		case there[row.Name]:
			kept = append(kept, row)
		case len(row.Done) > 0:
			return ggserr.New(ggserr.LoadBroken, "table "+row.Name+" is not in the source any more, and "+
				"a part of it is loaded")
		}
	}
	l.led.Tables = kept
	return nil
}

// enter finds or makes a table's row of the ledger. A table of which something is
// done must still be what it was.
func (l *load) enter(lt *loadTable) error {
	fresh := checkpoint.LoadTable{Name: lt.name, Columns: fingerprint(lt.Def), Where: lt.where,
		Estimate: lt.Rows, Key: lt.Key}
	row := l.led.Table(lt.name)
	switch {
	case row == nil:
		l.led.Tables = append(l.led.Tables, fresh)
	case len(row.Done) == 0:
		*row = fresh
	case row.Columns != fresh.Columns:
		return ggserr.New(ggserr.LoadBroken, "table "+lt.name+" was altered since a part of it was loaded")
	case row.Where != fresh.Where || row.Where != "" && l.led.At != l.at.CSN:
		return ggserr.New(ggserr.LoadBroken, "table "+lt.name+" is loaded by SQLPREDICATE, and the log does "+
			"not tell for which rows that holds")
	}
	return nil
}

// fingerprint tells two definitions of a table apart.
func fingerprint(def *record.TableDef) string {
	d := *def
	d.ID, d.Version = 0, ""
	b, err := json.Marshal(&d)
	if err != nil {
		panic(err) // a TableDef holds only what JSON holds
	}
	h := fnv.New64a()
	h.Write(b)
	return fmt.Sprintf("%016x", h.Sum64())
}

var (
	leadingWhere = regexp.MustCompile(`(?i)^\s*where\s`)
	asOf         = regexp.MustCompile(`(?i)^\s*as\s+of\s`)
)

// predicate is the condition of SQLPREDICATE, without its WHERE.
func predicate(text string) (string, error) {
	if asOf.MatchString(text) {
		return "", fmt.Errorf("%s is not possible: all tables are read as of one commit anyway", text)
	}
	return strings.TrimSpace(leadingWhere.ReplaceAllString(text, "")), nil
}

// keyOf gives the number that leads the key in an image, by which ranges are told.
// What is beyond int64 counts as its end, as it does when a table is read.
func keyOf(im record.Image, column int) (int64, error) {
	b := []byte(im)
	var v record.Value
	var err error
	for range column + 1 {
		if v, b, err = record.DecodeValue(b); err != nil {
			return 0, err
		}
	}
	switch v.Kind {
	case record.Int:
		return int64(v.N), nil
	case record.Uint:
		return int64(min(v.N, math.MaxInt64)), nil
	}
	return 0, fmt.Errorf("the key's column %d is %s, not a whole number", column+1, v.Kind)
}
