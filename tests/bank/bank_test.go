// Package bank moves money between accounts in transactions at the source. Whoever
// looks at the target, at any moment, must see the same sum: a transaction arrives
// whole or not at all, however transactions are grouped on the way.
package bank

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"ggsh/tests/rig"
)

var (
	bin     string
	servers rig.Servers
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

const (
	accounts = 50
	opening  = 1000
)

// open makes the accounts on both sides and a Replicat with a parameter.
func open(t *testing.T, from, to, parameter string) *rig.Pair {
	t.Helper()
	p := rig.SharedPair(t, bin, &servers, from, to)
	for _, d := range []*rig.Database{p.SourceData, p.TargetData} {
		d.Exec(t, "CREATE TABLE acct (id INTEGER NOT NULL PRIMARY KEY, balance INTEGER NOT NULL)",
			"CREATE TABLE moved (payer INTEGER, payee INTEGER, amount INTEGER)")
	}
	p.Setup(parameter)
	tx, err := p.SourceData.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for id := range accounts {
		if _, err := tx.Exec("INSERT INTO acct VALUES (?, ?)", id, opening); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return p
}

// move pays from one account to another, sometimes changes its mind, and
// sometimes closes an account in favour of another.
func move(db *sql.DB, rnd *rand.Rand) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	payer, payee := rnd.IntN(accounts), rnd.IntN(accounts)
	amount := rnd.IntN(100)
	if rnd.IntN(8) == 0 { // an account ends and begins anew with all its money
		if err := tx.QueryRow("SELECT balance FROM acct WHERE id=?", payer).Scan(&amount); err != nil {
			return err
		}
		payee = payer
		if _, err := tx.Exec("DELETE FROM acct WHERE id=?", payer); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO acct VALUES (?, ?)", payee, amount); err != nil {
			return err
		}
	} else {
		const pay = "UPDATE acct SET balance = balance + ? WHERE id=?"
		if _, err := tx.Exec(pay, -amount, payer); err != nil {
			return err
		}
		if _, err := tx.Exec(pay, amount, payee); err != nil {
			return err
		}
	}
	if _, err := tx.Exec("INSERT INTO moved VALUES (?, ?, ?)", payer, payee, amount); err != nil {
		return err
	}
	if rnd.IntN(10) == 0 {
		return nil // rolled back
	}
	return tx.Commit()
}

// look reads all balances in one consistent snapshot: one statement.
func look(db *sql.DB) (n, sum int, err error) {
	err = db.QueryRow("SELECT count(*), coalesce(sum(balance), 0) FROM acct").Scan(&n, &sum)
	return n, sum, err
}

// watcher looks at the target again and again until it is told to end.
type watcher struct {
	stop chan struct{}
	done chan struct{}
	seen map[string]int // how often each count and sum was seen
	err  error
}

func watch(db *sql.DB) *watcher {
	w := &watcher{stop: make(chan struct{}), done: make(chan struct{}), seen: map[string]int{}}
	go func() {
		defer close(w.done)
		for {
			select {
			case <-w.stop:
				return
			default:
			}
			n, sum, err := look(db)
			if err != nil {
				w.err = err
				return
			}
			w.seen[fmt.Sprintf("%d accounts, %d", n, sum)]++
		}
	}()
	return w
}

// verdict ends watching and fails for every sum but the true one.
func (w *watcher) verdict(t *testing.T) {
	t.Helper()
	close(w.stop)
	<-w.done
	if w.err != nil {
		t.Fatal(w.err)
	}
	right := fmt.Sprintf("%d accounts, %d", accounts, accounts*opening)
	looks := w.seen[right]
	for what, times := range w.seen {
		if what != right && what != "0 accounts, 0" { // before the opening arrived
			t.Errorf("seen %d times: %s", times, what)
		}
	}
	t.Logf("looked %d times", looks)
	if looks < 20 {
		t.Errorf("looked only %d times while money moved", looks)
	}
}

func TestTheSumAtTheTargetIsConstantAtEveryMoment(t *testing.T) {
	for _, c := range []struct{ from, to, parameter string }{
		{"mariadb", "mysql", "GROUPTRANSOPS 1"},
		{"mariadb", "mysql", "GROUPTRANSOPS 1000"},
		{"mysql", "mariadb", "GROUPTRANSOPS 7"},
		{"mariadb", "mysql", "BATCHSQL"},
	} {
		t.Run(c.from+" to "+c.to+" "+c.parameter, func(t *testing.T) {
			p := open(t, c.from, c.to, c.parameter)
			p.Start()
			w := watch(p.TargetData.DB)
			rnd := rand.New(rand.NewPCG(3, 4))
			for range 400 {
				if err := move(p.SourceData.DB, rnd); err != nil {
					t.Fatal(err)
				}
			}
			p.WaitEqual(t, "acct", "moved")
			w.verdict(t)
		})
	}
}

func TestOneTrailEndsInTheSameTablesHoweverItIsGrouped(t *testing.T) {
	p := open(t, "mariadb", "mysql", "GROUPTRANSOPS 1")
	p.Source.Run("start extract *")
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		if err := move(p.SourceData.DB, rnd); err != nil {
			t.Fatal(err)
		}
	}
	p.Target.Run("start rora")
	p.WaitEqual(t, "acct", "moved")
	for i, parameter := range []string{"GROUPTRANSOPS 1000", "MAXTRANSOPS 3", "BATCHSQL",
		"GROUPTRANSOPS 10\nMAXSQLSTATEMENTS 5"} {
		group := fmt.Sprintf("r%d", i)
		other := servers.Database(t, "mysql", "", "again")
		other.Exec(t, "CREATE TABLE acct (id INTEGER NOT NULL PRIMARY KEY, balance INTEGER NOT NULL)",
			"CREATE TABLE moved (payer INTEGER, payee INTEGER, amount INTEGER)")
		p.Target.Write("dirprm/"+group+".prm", fmt.Sprintf(
			"REPLICAT %s\nTARGETDB %s\n%s\nMAP %s.*, TARGET %s.*;\n",
			group, other.Login, parameter, p.SourceData.Schema, other.Schema))
		table := other.Schema + ".ggchkpt"
		p.Target.Run("dblogin sourcedb "+other.Login, "add checkpointtable "+table,
			"add replicat "+group+", exttrail ./dirdat/rt, checkpointtable "+table, "start "+group)
		t.Run(parameter, func(t *testing.T) {
			rig.WaitEqual(t, p.SourceData, other, p.Target.Logs, "acct", "moved")
		})
	}
}
