// Package conflict has two databases change the same rows at the same time, each
// replicated to the other, and compares both with what the rules of RESOLVECONFLICT
// say.
//
// It is a test of whole programs. Its law: when all is quiet, both sides hold the same
// rows, the later note of each, and every amount that was ever added.
package conflict

import (
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"ggsh/tests/rig"
)

var (
	bin     string
	servers rig.Servers
	seed    = flag.Uint64("seed", 1, "of what both sides write")
	length  = flag.Duration("length", 5*time.Second, "for how long both sides write")
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

const rows = 20

// ledger is what was committed anywhere.
type ledger struct {
	mu      sync.Mutex
	stamp   int
	notes   map[int]string // by row, of the greatest stamp
	stamps  map[int]int
	amounts map[int]int
}

func (l *ledger) next() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stamp++
	return l.stamp
}

func (l *ledger) committed(id, stamp, amount int, note string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.amounts[id] += amount
	if stamp > l.stamps[id] {
		l.stamps[id], l.notes[id] = stamp, note
	}
}

// want are the rows as they have to be in the end.
func (l *ledger) want() []string {
	var out []string
	for id, stamp := range l.stamps {
		out = append(out, fmt.Sprintf("%d %d %d %s", id, l.amounts[id], stamp, l.notes[id]))
	}
	sort.Strings(out)
	return out
}

// write makes one change at one side; what fails or finds no row has changed nothing.
func (l *ledger) write(db *sql.DB, side string, rnd *rand.Rand) {
	id, stamp := rnd.IntN(rows), l.next()
	note := fmt.Sprintf("%s%d", side, stamp)
	if rnd.IntN(4) == 0 {
		if _, err := db.Exec("INSERT INTO stock VALUES (?, 0, ?, ?)", id, stamp, note); err == nil {
			l.committed(id, stamp, 0, note)
		}
		return
	}
	amount := rnd.IntN(100) - 50
	result, err := db.Exec("UPDATE stock SET amount = amount + ?, stamp = ?, note = ? "+
		"WHERE id = ? AND stamp < ?", amount, stamp, note, id, stamp)
	if err != nil {
		return
	}
	if n, err := result.RowsAffected(); err == nil && n == 1 {
		l.committed(id, stamp, amount, note)
	}
}

const extractFile = `EXTRACT %[1]s
SOURCEDB %[2]s
TRANLOGOPTIONS FILTERTABLE %[3]s.ggchkpt
EXTTRAIL ./dirdat/%[1]s
TABLE %[3]s.stock, GETBEFORECOLS (ON UPDATE ALL, ON DELETE ALL);
`

const replicatFile = `REPLICAT %s
TARGETDB %s
MAP %s.stock, TARGET %s.stock, COMPARECOLS (ON UPDATE ALL, ON DELETE ALL),
  RESOLVECONFLICT (INSERTROWEXISTS, (sums, IGNORE, COLS (amount)), (DEFAULT, USEMAX (stamp))),
  RESOLVECONFLICT (UPDATEROWEXISTS, (sums, USEDELTA, COLS (amount)), (DEFAULT, USEMAX (stamp)));
`

// open makes both databases and one home that replicates each to the other.
func open(t *testing.T, kinds [2]string) (*rig.Home, [2]*rig.Database) {
	h := rig.NewHome(t, bin)
	var db [2]*rig.Database
	for i, kind := range kinds {
		db[i] = servers.Database(t, kind, h.Dir, fmt.Sprint("side", i))
		db[i].Exec(t, "CREATE TABLE stock (id INTEGER NOT NULL PRIMARY KEY, amount INTEGER NOT NULL, "+
			"stamp INTEGER NOT NULL, note VARCHAR(40) NOT NULL)")
	}
	h.Run("start mgr")
	for i := range db {
		from, to := db[i], db[1-i]
		e, r := fmt.Sprint("e", i), fmt.Sprint("r", i)
		h.Write("dirprm/"+e+".prm", fmt.Sprintf(extractFile, e, from.Login, from.Schema))
		h.Write("dirprm/"+r+".prm", fmt.Sprintf(replicatFile, r, to.Login, from.Schema, to.Schema))
		h.Run("dblogin sourcedb "+to.Login, "add checkpointtable "+to.Schema+".ggchkpt",
			fmt.Sprintf("add replicat %s, exttrail ./dirdat/%s, checkpointtable %s.ggchkpt", r, e, to.Schema),
			"dblogin sourcedb "+from.Login, "add trandata "+from.Schema+".stock",
			fmt.Sprintf("add extract %s, tranlog, begin now", e),
			fmt.Sprintf("add exttrail ./dirdat/%s, extract %[1]s", e))
	}
	h.Run("start extract *", "start replicat *")
	for _, g := range []string{"e0", "e1", "r0", "r1"} {
		h.WaitState(g, "RUNNING")
	}
	return h, db
}

func TestBothSidesEndAsTheRulesSay(t *testing.T) {
	h, db := open(t, [2]string{"mariadb", "mysql"})
	l := &ledger{notes: map[int]string{}, stamps: map[int]int{}, amounts: map[int]int{}}
	t.Logf("seed %d", *seed)
	end := time.Now().Add(*length)
	var writers sync.WaitGroup
	for i, side := range []string{"a", "b"} {
		rnd := rand.New(rand.NewPCG(*seed, uint64(i)))
		writers.Go(func() {
			for time.Now().Before(end) {
				l.write(db[i].DB, side, rnd)
			}
		})
	}
	writers.Wait()
	want := strings.Join(l.want(), "\n")
	rig.Until(t, "both sides hold what the rules say\n"+want, func() (bool, string) {
		var got [2]string
		for i := range db {
			got[i] = held(db[i].DB)
		}
		return got[0] == want && got[1] == want, got[0] + "\nand\n" + got[1] + "\n" + h.Logs()
	})
	for _, r := range []string{"r0", "r1"} {
		stats := h.Run("stats replicat " + r + ", total, reportcdr")
		if !strings.Contains(stats, "CDR UPDATEROWEXISTS conflicts") ||
			!strings.Contains(stats, "CDR resolutions failed                             0.00") {
			t.Errorf("no conflicts were met, or some not resolved:\n%s", stats)
		}
	}
}

// held gives a side's rows.
func held(db *sql.DB) string {
	r, err := db.Query("SELECT id, amount, stamp, note FROM stock")
	if err != nil {
		return err.Error()
	}
	defer r.Close()
	var out []string
	for r.Next() {
		var id, amount, stamp int
		var note string
		if err := r.Scan(&id, &amount, &stamp, &note); err != nil {
			return err.Error()
		}
		out = append(out, fmt.Sprintf("%d %d %d %s", id, amount, stamp, note))
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}
