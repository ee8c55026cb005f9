// Package crash kills programs with SIGKILL while a workload runs, and looks
// whether source and target are equal afterwards: row for row, and with a
// table without key in which a row applied twice would count.
package crash

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ggsh/tests/rig"
)

var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ggsh-bin-")
	if err == nil {
		bin, err = rig.Build(dir)
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// restart makes a Manager bring back what was killed, soon and again and again.
var restart = []string{"AUTOSTART ER *", "AUTORESTART ER *, RETRIES 1000, WAITSECONDS 1, RESETMINUTES 1"}

// victims are the programs, and whether the source's or the target's home runs them.
func victims(p *rig.Pair) map[string]*rig.Home {
	plugin := "mysql"
	if p.TargetData.Kind == "sqlite" {
		plugin = "sqlite"
	}
	return map[string]*rig.Home{"extract": p.Source, "collector": p.Target, "replicat": p.Target,
		plugin: p.Target, "source manager": p.Source, "target manager": p.Target}
}

// workload changes a table with a key and one without until it is stopped; it
// counts committed transactions.
type workload struct {
	db   *rig.Database
	done atomic.Int64
	err  error
	stop func() // ends it; its transactions are done then
}

func startWorkload(t *testing.T, db *rig.Database) *workload {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan struct{})
	w := &workload{db: db, stop: func() { cancel(); <-end }}
	go func() {
		defer close(end)
		rnd := rand.New(rand.NewPCG(1, 2))
		for ctx.Err() == nil && w.err == nil {
			w.err = w.transaction(rnd)
			w.done.Add(1)
		}
	}()
	t.Cleanup(w.stop)
	return w
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
	switch rnd.IntN(6) {
	case 0, 1:
		if _, err = tx.Exec("DELETE FROM acct WHERE id=?", id); err == nil {
			_, err = tx.Exec("INSERT INTO acct (id, owner, amount) VALUES (?, ?, ?)", id, fmt.Sprintf("o'%d", n), n)
		}
	case 2:
		_, err = tx.Exec("UPDATE acct SET amount=? WHERE id=?", n, id)
	case 3:
		_, err = tx.Exec("DELETE FROM acct WHERE id=?", id)
	default:
		_, err = tx.Exec("INSERT INTO log_nokey (what, n) VALUES (?, ?)", "w", n%5)
	}
	return err
}

func TestKillNineOfEachProgramWhileAWorkloadRuns(t *testing.T) {
	for _, way := range [][2]string{{"sqlite", "sqlite"}, {"mariadb", "mysql"}, {"mysql", "mariadb"}} {
		t.Run(way[0]+" to "+way[1], func(t *testing.T) {
			p := rig.NewPair(t, bin, way[0], way[1], restart...)
			for _, d := range []*rig.Database{p.SourceData, p.TargetData} {
				d.Exec(t, "CREATE TABLE acct (id INTEGER NOT NULL PRIMARY KEY, owner VARCHAR(40), amount INTEGER)",
					"CREATE TABLE log_nokey (what VARCHAR(10), n INTEGER)")
			}
			p.Setup()
			p.Start()
			w := startWorkload(t, p.SourceData)
			for name, home := range victims(p) {
				killAndRecover(t, p, w, name, home)
			}
			stopWorkload(t, w)
			p.WaitEqual(t, "acct", "log_nokey")
		})
	}
}

// killAndRecover kills a program amid changes, waits until changes get through
// again, and starts a killed Manager as an operator would.
func killAndRecover(t *testing.T, p *rig.Pair, w *workload, name string, home *rig.Home) {
	t.Helper()
	waitProgress(t, w, 30)
	program := name
	if strings.HasSuffix(name, "manager") {
		program = "manager"
	}
	if home.Kill(program) == 0 {
		t.Fatalf("no %s runs\n%s", name, p.Logs())
	}
	waitProgress(t, w, 30)
	if program == "manager" {
		home.Run("start mgr")
	}
	mark := fmt.Sprintf("after %s", name)
	if len(mark) > 40 {
		mark = mark[:40]
	}
	// A row of its own shows that the whole way works again.
	id := 1000 + int(w.done.Load())
	exec(t, p.SourceData, "INSERT INTO acct (id, owner, amount) VALUES (?, ?, 0)", id, mark)
	rig.Until(t, "changes to arrive after the kill of "+name, func() (bool, string) {
		var n int
		err := p.TargetData.DB.QueryRow("SELECT count(*) FROM acct WHERE id=?", id).Scan(&n)
		return err == nil && n == 1, fmt.Sprintf("%v rows, %v\n%s", n, err, p.Logs())
	})
}

func exec(t *testing.T, d *rig.Database, statement string, args ...any) {
	t.Helper()
	var err error
	for range 20 { // the workload may hold a lock
		if _, err = d.DB.Exec(statement, args...); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal(err)
}

func waitProgress(t *testing.T, w *workload, n int64) {
	t.Helper()
	from := w.done.Load()
	rig.Until(t, "the workload", func() (bool, string) {
		return w.done.Load() >= from+n, fmt.Sprintf("%d transactions, %v", w.done.Load()-from, w.err)
	})
}

func stopWorkload(t *testing.T, w *workload) {
	t.Helper()
	w.stop()
	if w.err != nil {
		t.Fatalf("workload: %v", w.err)
	}
}
