package crash

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ggsh/tests/rig"
)

// tables are those of the workload: one with a key, one without, and two that
// take large transactions.
var tables = []string{"acct", "log_nokey", "big", "big_nokey"}

func makeTables(t *testing.T, p *rig.Pair) {
	t.Helper()
	for _, d := range []*rig.Database{p.SourceData, p.TargetData} {
		d.Exec(t, "CREATE TABLE acct (id INTEGER NOT NULL PRIMARY KEY, owner VARCHAR(40), "+
			"amount INTEGER)", "CREATE TABLE log_nokey (what VARCHAR(10), n INTEGER)",
			"CREATE TABLE big (id INTEGER NOT NULL PRIMARY KEY, n INTEGER, v VARCHAR(250))",
			"CREATE TABLE big_nokey (n INTEGER, v VARCHAR(60))")
	}
}

// workload changes the source until it is stopped; it counts transactions. A
// transaction that fails is rolled back and forgotten: the server may be down.
type workload struct {
	t    *testing.T
	db   *rig.Database
	done atomic.Int64
	end  sync.WaitGroup
	quit context.CancelFunc
	last atomic.Value // the text of the last error
	bulk int          // numbers the large transactions
}

func startWorkload(t *testing.T, db *rig.Database, seed uint64) *workload {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &workload{t: t, db: db, quit: cancel}
	w.end.Add(1)
	go func() {
		defer w.end.Done()
		rnd := rand.New(rand.NewPCG(seed, 2))
		for ctx.Err() == nil {
			if err := w.transaction(rnd); err != nil {
				w.last.Store(err.Error())
				nap(ctx, 20*time.Millisecond)
				continue
			}
			w.done.Add(1)
			if rnd.IntN(4) == 0 { // the target is to keep up on a busy machine
				nap(ctx, time.Duration(rnd.IntN(30))*time.Millisecond)
			}
		}
	}()
	t.Cleanup(w.stop)
	return w
}

func nap(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}

// stop ends it; its transactions, large ones too, are done then.
func (w *workload) stop() {
	w.quit()
	w.end.Wait()
}

// wait returns after some more transactions.
func (w *workload) wait(n int64) {
	w.t.Helper()
	from := w.done.Load()
	rig.Until(w.t, "the workload", func() (bool, string) {
		return w.done.Load() >= from+n, fmt.Sprintf("%d transactions, %v", w.done.Load()-from,
			w.last.Load())
	})
}

func (w *workload) transaction(rnd *rand.Rand) error {
	tx, err := w.db.DB.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for range 1 + rnd.IntN(8) {
		if err := w.change(tx, rnd); err != nil {
			return err
		}
	}
	if rnd.IntN(10) == 0 {
		return nil // rolled back: nothing of it may arrive
	}
	return tx.Commit()
}

func (w *workload) change(tx *sql.Tx, rnd *rand.Rand) error {
	id, n := rnd.IntN(300), rnd.IntN(1000)
	var err error
	switch rnd.IntN(9) {
	case 0, 1:
		if _, err = tx.Exec("DELETE FROM acct WHERE id=?", id); err == nil {
			_, err = tx.Exec("INSERT INTO acct (id, owner, amount) VALUES (?, ?, ?)", id,
				fmt.Sprintf("o'%d", n), n)
		}
	case 2:
		_, err = tx.Exec("UPDATE acct SET amount=? WHERE id=?", n, id)
	case 3:
		_, err = tx.Exec("DELETE FROM acct WHERE id=?", id)
	case 4:
		// A key that moves: to one that is free.
		_, err = tx.Exec("UPDATE acct SET id=? WHERE id=? AND NOT EXISTS (SELECT 1 FROM "+
			"(SELECT id FROM acct) AS other WHERE other.id=?)", id+1000, id, id+1000)
	case 5:
		_, err = tx.Exec(w.one("DELETE FROM log_nokey"), n%5)
	case 6:
		_, err = tx.Exec(w.one("UPDATE log_nokey SET what='u'"), n%5)
	default:
		_, err = tx.Exec("INSERT INTO log_nokey (what, n) VALUES (?, ?)", "w", n%5)
	}
	return err
}

// one ends a statement so that it takes one of several equal rows.
func (w *workload) one(statement string) string {
	if w.db.Kind == "sqlite" {
		return statement + " WHERE rowid IN (SELECT rowid FROM log_nokey WHERE n=? LIMIT 1)"
	}
	return statement + " WHERE n=? LIMIT 1"
}

// large begins a transaction of many rows; done is closed at its end. Wide rows
// make it larger than Replicat holds in memory.
func (w *workload) large(rows int, wide bool) (done chan struct{}) {
	done = make(chan struct{})
	w.bulk++
	base := w.bulk * 1_000_000
	w.end.Add(1)
	go func() {
		defer w.end.Done()
		defer close(done)
		text := "a row of many"
		if wide {
			text = strings.Repeat("many wide rows ", 16)
		}
		if err := w.largeTransaction(base, rows, text); err != nil {
			w.last.Store(err.Error())
		}
	}()
	return done
}

func (w *workload) largeTransaction(base, rows int, text string) error {
	tx, err := w.db.DB.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, s := range []string{
		fmt.Sprintf("INSERT INTO big (id, n, v) SELECT %d+x, x %% 7, '%s' FROM (%s) AS d",
			base, text, numbers(rows)),
		fmt.Sprintf("INSERT INTO big_nokey (n, v) SELECT x %% 7, 'one of many' FROM (%s) AS d",
			numbers(rows/10)),
		fmt.Sprintf("DELETE FROM big WHERE id < %d", base-1_000_000),
	} {
		if _, err := tx.Exec(s); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// numbers is a query that gives x from 0 to below n in every dialect.
func numbers(n int) string {
	digit := "(SELECT 0 AS d" + strings.Repeat(" UNION ALL SELECT %d", 9) + ")"
	digit = fmt.Sprintf(digit, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	sum, from := "0", ""
	for i, unit := 0, 1; unit < n; i, unit = i+1, unit*10 {
		sum += fmt.Sprintf("+a%d.d*%d", i, unit)
		from += fmt.Sprintf(", %s AS a%d", digit, i)
	}
	return fmt.Sprintf("SELECT %s AS x FROM %s WHERE %s < %d", sum, from[2:], sum, n)
}
