package history

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ggsh/tests/rig"
)

// change is one change of a row. Every change writes a number of its own, which a
// delete finds in the row that it removes: so no two changes are the same.
type change struct {
	op     string // I, U, D
	table  string
	id, no int
}

func (c change) String() string { return fmt.Sprintf("%s %s %d number %d", c.op, c.table, c.id, c.no) }

// workload changes two tables of the source, in transactions that touch both, and
// remembers what it committed.
type workload struct {
	t    *testing.T
	db   *rig.Database
	quit context.CancelFunc
	end  sync.WaitGroup
	done atomic.Int64

	mu      sync.Mutex
	history map[change]int
	paused  bool

	rows map[string]map[int]int // of each table: the number in each row
	no   int
}

var tables = []string{"acct", "entry"}

// startWorkload makes the tables and a workload that is held still.
func startWorkload(t *testing.T, db *rig.Database, seed uint64) *workload {
	for _, table := range tables {
		db.Exec(t, "CREATE TABLE "+table+" (id INTEGER NOT NULL PRIMARY KEY, no INTEGER, note VARCHAR(60))")
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &workload{t: t, db: db, quit: cancel, paused: true, history: map[change]int{},
		rows: map[string]map[int]int{"acct": {}, "entry": {}}}
	w.end.Add(1)
	t.Cleanup(w.stop)
	go func() {
		defer w.end.Done()
		rnd := rand.New(rand.NewPCG(seed, 3))
		for ctx.Err() == nil {
			w.mu.Lock()
			if !w.paused {
				w.transaction(rnd)
			}
			w.mu.Unlock()
			wait, cancel := context.WithTimeout(ctx, time.Duration(rnd.IntN(12))*time.Millisecond)
			<-wait.Done()
			cancel()
		}
	}()
	return w
}

// stop ends it.
func (w *workload) stop() {
	w.quit()
	w.end.Wait()
}

// pause holds it between two transactions, or lets it go on.
func (w *workload) pause(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused = on
}

func (w *workload) wait(n int64) {
	w.t.Helper()
	from := w.done.Load()
	rig.Until(w.t, "the workload", func() (bool, string) {
		return w.done.Load() >= from+n, fmt.Sprint(w.done.Load()-from, " transactions")
	})
}

// changes is how many changes are committed.
func (w *workload) changes() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, times := range w.history {
		n += times
	}
	return n
}

// committed is a copy of the history.
func (w *workload) committed() map[change]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make(map[change]int, len(w.history))
	for c, n := range w.history {
		all[c] = n
	}
	return all
}

// transaction makes some changes and commits or rolls back.
func (w *workload) transaction(rnd *rand.Rand) {
	tx, err := w.db.DB.Begin()
	if err != nil {
		w.t.Error(err)
		return
	}
	defer tx.Rollback()
	var made []change
	undo := map[string]map[int]int{}
	for _, table := range tables {
		undo[table] = map[int]int{}
		for id, no := range w.rows[table] {
			undo[table][id] = no
		}
	}
	count := 1 + rnd.IntN(5)
	if rnd.IntN(40) == 0 {
		count = 200
	}
	for range count {
		c := w.next(rnd)
		statement, args := c.statement()
		if _, err := tx.Exec(statement, args...); err != nil {
			w.t.Error(err)
			w.rows = undo
			return
		}
		made = append(made, c)
	}
	if rnd.IntN(10) == 0 {
		w.rows = undo
		return
	}
	if err := tx.Commit(); err != nil {
		w.t.Error(err)
		w.rows = undo
		return
	}
	for _, c := range made {
		w.history[c]++
	}
	w.done.Add(1)
}

// next chooses a change that is possible.
func (w *workload) next(rnd *rand.Rand) change {
	c := change{op: "I", table: tables[rnd.IntN(len(tables))], id: rnd.IntN(500)}
	rows := w.rows[c.table]
	if no, there := rows[c.id]; there {
		if c.op = "U"; rnd.IntN(3) == 0 {
			c.op, c.no = "D", no
			delete(rows, c.id)
			return c
		}
	}
	w.no++
	c.no = w.no
	rows[c.id] = c.no
	return c
}

func (c change) statement() (string, []any) {
	note := fmt.Sprintf("o'note, \"%d\"", c.no)
	switch c.op {
	case "I":
		return "INSERT INTO " + c.table + " (id, no, note) VALUES (?, ?, ?)", []any{c.id, c.no, note}
	case "U":
		return "UPDATE " + c.table + " SET no=?, note=? WHERE id=?", []any{c.no, note, c.id}
	}
	return "DELETE FROM " + c.table + " WHERE id=?", []any{c.id}
}
