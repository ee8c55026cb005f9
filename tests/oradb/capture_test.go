package oradb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/capture/oracle"
	"ggsh/oracleclient"
	"ggsh/record"
)

// copied is a table's rows by key, kept by what a capture delivers.
type copied map[string][]string

// apply applies one operation.
func (c copied) apply(def *record.TableDef, body []byte) error {
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		return err
	}
	var images [2][]string
	for i, im := range []record.Image{op.Before, op.After} {
		if im == nil {
			continue
		}
		values, err := im.Values(nil, len(def.Columns))
		if err != nil {
			return err
		}
		for n, v := range values {
			text := "-"
			switch {
			case v.Kind == record.Null:
				text = "NULL"
			case v.Kind != record.Missing:
				text = string(v.Text(nil, def.Columns[n].Scale))
			}
			images[i] = append(images[i], text)
		}
	}
	return c.change(op.Type, images[0], images[1])
}

func (c copied) change(kind record.OpType, before, after []string) error {
	switch kind {
	case record.Insert:
		if c[after[0]] != nil {
			return fmt.Errorf("row %s is inserted twice", after[0])
		}
		c[after[0]] = slices.Clone(after)
		return nil
	case record.Delete:
		if c[before[0]] == nil {
			return fmt.Errorf("row %s is deleted and is not there", before[0])
		}
		delete(c, before[0])
		return nil
	case record.Update, record.PKUpdate:
	default:
		return nil
	}
	row := c[before[0]]
	if row == nil {
		return fmt.Errorf("row %s is updated and is not there", before[0])
	}
	delete(c, before[0])
	for i, text := range after {
		if text != "-" {
			row[i] = text
		}
	}
	c[row[0]] = row
	return nil
}

func (c copied) String() string {
	var list []string
	for _, row := range c {
		list = append(list, strings.Join(row, "|"))
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// TestCaptureOverTheWire: the real capture, over the real driver, gives the changes that
// make the tables, whatever several sessions do and whenever the logs are switched.
func TestCaptureOverTheWire(t *testing.T) {
	for i, mode := range []oracle.Mode{oracle.Raw, oracle.Catalog} {
		t.Run([]string{"raw", "catalog"}[i], func(t *testing.T) {
			s, _ := served(t, Options{LockWait: 1, Threads: 2, LogSize: 150})
			must(t, s.DB, "APP", "CREATE TABLE t (k NUMBER(9) PRIMARY KEY, v VARCHAR2(40), n NUMBER, "+
				"d DATE, c CLOB); ALTER TABLE t ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
			source := capture(t, s, mode)
			workload(t, s.DB, rand.New(rand.NewPCG(uint64(i), 3)), 600)
			must(t, s.DB, "APP", "INSERT INTO t (k, v) VALUES (99999, 'end'); COMMIT")
			got := copied{}
			until(t, source, got, "99999")
			want := copied{}
			for _, line := range rows(t, s.DB, "APP", "SELECT k, v, n, d, c FROM t") {
				row := strings.Split(line, "|")
				want[row[0]] = row
			}
			if got.String() != want.String() {
				t.Errorf("captured\n%s\nthe table has\n%s", got, want)
			}
		})
	}
}

func capture(t *testing.T, s *Server, mode oracle.Mode) *oracle.Source {
	t.Helper()
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	source, err := oracle.Open(ctx, oracle.Config{Mode: mode, SpoolDir: dir,
		SchemaFile: filepath.Join(dir, "schema"), Poll: 5 * time.Millisecond, MinWindow: 50, MaxWindow: 400,
		Connect: func(ctx context.Context) (oracle.Database, error) {
			return oracle.OpenDatabase(ctx, oracleclient.Config{Connect: s.DSN(), User: "system",
				Password: "manager"})
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	})
	return source
}

// until applies what a capture delivers until a key is there.
func until(t *testing.T, source *oracle.Source, c copied, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for c[key] == nil {
		txn, err := source.Next(ctx)
		if errors.Is(err, io.EOF) {
			err = source.Wait(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
		for txn != nil && txn.Ops != nil {
			def, body, err := txn.Ops.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				err = c.apply(def, body)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}
