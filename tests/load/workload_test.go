package load

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ggsh/tests/rig"
)

// tables are those of the workload: with a key that cuts them into ranges, signed,
// unsigned, leading another column; without such a key; and one that is emptied.
var tables = []string{"acct", "uns", "pair", "words", "nokey", "brief"}

const (
	lowest  = -2000 // of the keys
	highest = 4000
)

func makeTables(t *testing.T, source, target *rig.Database) {
	t.Helper()
	unsigned := " UNSIGNED"
	for _, d := range []*rig.Database{source, target} {
		if d.Kind == "sqlite" {
			unsigned = ""
		}
		d.Exec(t, "CREATE TABLE acct (id INTEGER NOT NULL PRIMARY KEY, n INTEGER, v VARCHAR(100))",
			"CREATE TABLE uns (id BIGINT"+unsigned+" NOT NULL PRIMARY KEY, n INTEGER)",
			"CREATE TABLE pair (a INTEGER NOT NULL, b VARCHAR(20) NOT NULL, n INTEGER, PRIMARY KEY (a, b))",
			"CREATE TABLE words (w VARCHAR(30) NOT NULL PRIMARY KEY, n INTEGER)",
			"CREATE TABLE nokey (a INTEGER, b VARCHAR(30))",
			"CREATE TABLE brief (id INTEGER NOT NULL PRIMARY KEY, n INTEGER)")
	}
	tx, err := source.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(5, 5))
	for range 12000 {
		if err := change(tx, rnd, source.Kind, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// workload changes the source until it is stopped.
type workload struct {
	done atomic.Int64
	end  sync.WaitGroup
	quit context.CancelFunc
	last atomic.Value
}

func startWorkload(t *testing.T, d *rig.Database, seed uint64) *workload {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &workload{quit: cancel}
	for n := range 2 {
		w.end.Go(func() {
			rnd := rand.New(rand.NewPCG(seed, uint64(n)))
			for ctx.Err() == nil {
				if err := transaction(d, rnd); err != nil {
					w.last.Store(err.Error())
					continue
				}
				w.done.Add(1)
				if rnd.IntN(3) == 0 {
					nap(ctx, time.Duration(rnd.IntN(12))*time.Millisecond)
				}
			}
		})
	}
	t.Cleanup(w.stop)
	return w
}

func nap(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}

// pause waits for a while, of which the workload makes use.
func (w *workload) pause(d time.Duration) { nap(context.Background(), d) }

func (w *workload) stop() {
	w.quit()
	w.end.Wait()
}

func transaction(d *rig.Database, rnd *rand.Rand) error {
	tx, err := d.DB.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for range 1 + rnd.IntN(6) {
		if err := change(tx, rnd, d.Kind, rnd.IntN(10)); err != nil {
			return err
		}
	}
	if rnd.IntN(10) == 0 {
		return nil // rolled back
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if rnd.IntN(100) == 0 && d.Kind != "sqlite" { // a statement that commits by itself
		_, err = d.DB.Exec("TRUNCATE TABLE brief")
	}
	return err
}

// change does one thing; kind 0 only inserts. A key that is taken, or a row that is
// not there, changes nothing.
func change(tx *sql.Tx, rnd *rand.Rand, database string, kind int) error {
	ignore := "INSERT IGNORE"
	if database == "sqlite" {
		ignore = "INSERT OR IGNORE"
	}
	id := lowest + rnd.IntN(highest-lowest)
	other := lowest + rnd.IntN(highest-lowest)
	n := rnd.IntN(1000)
	table := []string{"acct", "uns", "brief"}[rnd.IntN(3)]
	if table == "uns" {
		id, other = id-lowest, other-lowest
	}
	exec := func(statement string, args ...any) error {
		_, err := tx.Exec(statement, args...)
		return err
	}
	switch kind {
	case 0, 1:
		if table == "acct" {
			return exec(ignore+" INTO acct VALUES (?, ?, ?)", id, n, fmt.Sprintf("it's %d", n))
		}
		return exec(ignore+" INTO "+table+" VALUES (?, ?)", id, n)
	case 2:
		return exec(ignore+" INTO pair VALUES (?, ?, ?)", id, fmt.Sprint("b", n%5), n)
	case 3:
		return exec("UPDATE "+table+" SET n = n + 1 WHERE id = ?", id)
	case 4: // a key that moves, to one that is free
		return exec("UPDATE "+table+" SET id = ? WHERE id = ? AND NOT EXISTS (SELECT 1 FROM (SELECT id FROM "+
			table+") AS o WHERE o.id = ?)", other, id, other)
	case 5:
		return exec("DELETE FROM "+table+" WHERE id = ?", id)
	case 6:
		return exec("UPDATE pair SET a = a + 7 WHERE a = ? AND NOT EXISTS (SELECT 1 FROM (SELECT a FROM pair) "+
			"AS o WHERE o.a = ?)", id, id+7)
	case 7:
		if err := exec(ignore+" INTO words VALUES (?, ?)", fmt.Sprint("w", id), n); err != nil {
			return err
		}
		return exec("DELETE FROM words WHERE w = ?", fmt.Sprint("w", other))
	case 8:
		return exec("INSERT INTO nokey VALUES (?, ?)", n, fmt.Sprint("no ", rnd.IntN(1<<30)))
	}
	return exec("DELETE FROM nokey WHERE a = ?", n)
}
