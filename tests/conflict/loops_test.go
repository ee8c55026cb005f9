package conflict

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ggsh/record"
	"ggsh/tests/rig"
	"ggsh/trail"
)

// loopsExtract is of a side; the second one captures only what the other side's Replicat
// has applied.
const loopsExtract = `EXTRACT %[1]s
SOURCEDB %[2]s
%[3]s
EXTTRAIL ./dirdat/%[1]s
TABLE %[4]s.*;
`

// loops is two databases that replicate each to the other, without rules for conflicts:
// a change that came back would end a Replicat.
type loops struct {
	*rig.Home
	db [2]*rig.Database
}

func openLoops(t *testing.T, kinds [2]string, inGlobals bool) *loops {
	h := &loops{Home: rig.NewHome(t, bin)}
	filter := "TRANLOGOPTIONS FILTERTABLE %s.ggchkpt\n"
	h.Write("GLOBALS", "")
	if inGlobals {
		h.Write("GLOBALS", "CHECKPOINTTABLE ggchkpt\n")
		filter = "-- %s: GLOBALS names it\n"
	}
	h.Run("start mgr")
	for i, kind := range kinds {
		d := servers.Database(t, kind, h.Dir, fmt.Sprint("loop", i))
		h.db[i] = d
		d.Exec(t, "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, side INTEGER, n INTEGER, v VARCHAR(40))")
		h.Run("dblogin sourcedb "+d.Login, "add checkpointtable "+d.Schema+".ggchkpt",
			"add trandata "+d.Schema+".*")
	}
	for i := range h.db {
		from, to := h.db[i], h.db[1-i]
		e, x, r := fmt.Sprint("e", i), fmt.Sprint("x", i), fmt.Sprint("r", i)
		marks := fmt.Sprintf(filter, from.Schema)
		h.Write("dirprm/"+e+".prm", fmt.Sprintf(loopsExtract, e, from.Login, marks, from.Schema))
		h.Write("dirprm/"+r+".prm", fmt.Sprintf("REPLICAT %s\nTARGETDB %s\nGROUPTRANSOPS 20\nMAXTRANSOPS 50\n"+
			"MAP %s.a, TARGET %s.a;\n", r, to.Login, from.Schema, to.Schema))
		h.Run(fmt.Sprintf("add replicat %s, exttrail ./dirdat/%s, checkpointtable %s.ggchkpt", r, e, to.Schema),
			fmt.Sprintf("add extract %s, tranlog, begin now", e),
			fmt.Sprintf("add exttrail ./dirdat/%s, extract %[1]s", e))
		if from.Kind == "sqlite" {
			continue // one Extract reads a file
		}
		h.Write("dirprm/"+x+".prm", fmt.Sprintf(loopsExtract, x, from.Login,
			marks+"GETREPLICATES\nIGNOREAPPLOPS", from.Schema))
		h.Run(fmt.Sprintf("add extract %s, tranlog, begin now", x),
			fmt.Sprintf("add exttrail ./dirdat/%s, extract %[1]s", x))
	}
	h.Run("start extract *", "start replicat *")
	for _, g := range []string{"e0", "e1", "r0", "r1"} {
		h.WaitState(g, "RUNNING")
	}
	return h
}

// work makes transactions at one side, on rows of its own; some are larger than a
// Replicat's.
func (h *loops) work(t *testing.T, side, transactions int) {
	rnd := rand.New(rand.NewPCG(*seed, uint64(side)))
	for n := range transactions {
		rows := 1 + rnd.IntN(4)
		if n%25 == 7 {
			rows = 130
		}
		tx, err := h.db[side].DB.Begin()
		for range rows {
			if err != nil {
				break
			}
			err = change(tx, rnd, side)
		}
		if err == nil {
			err = tx.Commit()
		}
		if err != nil {
			t.Errorf("side %d: %v", side, err)
			return
		}
	}
}

func change(tx *sql.Tx, rnd *rand.Rand, side int) error {
	id := 2*rnd.IntN(60) + side
	var n int
	err := tx.QueryRow("SELECT n FROM a WHERE id = ?", id).Scan(&n)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		_, err = tx.Exec("INSERT INTO a VALUES (?, ?, 1, 'made')", id, side)
	case err == nil && rnd.IntN(4) == 0:
		_, err = tx.Exec("DELETE FROM a WHERE id = ?", id)
	case err == nil:
		_, err = tx.Exec("UPDATE a SET n = n + 1, v = ? WHERE id = ?", fmt.Sprint("v", rnd.Uint32()), id)
	}
	return err
}

// sides counts a trail's operations by the side whose rows they change: even keys are the
// first one's.
func (h *loops) sides(t *testing.T, prefix string) (count [2]int) {
	t.Helper()
	r, err := trail.OpenReader(trail.Name{Dir: filepath.Join(h.Dir, "dirdat"), Prefix: prefix, Digits: 9},
		trail.Position{}, trail.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			t.Fatal(err)
		}
		var op record.Op
		if rec.Table == nil || rec.Type != trail.TypeOp {
			continue
		}
		if err := record.DecodeOp(rec.Body, &op); err != nil {
			t.Fatal(err)
		}
		if rec.Table.Name != "a" {
			t.Fatalf("trail %s: an operation on %s", prefix, rec.Table.Name)
		}
		image := op.After
		if image == nil {
			image = op.Before
		}
		values, err := image.Values(nil, len(rec.Table.Columns))
		if err != nil {
			t.Fatal(err)
		}
		count[values[0].N%2]++
	}
}

// TestNoChangeTravelsTwice: each side's trail holds the changes of its own applications
// and no other, both databases end equal, and an Extract with IGNOREAPPLOPS takes exactly
// what the other one's leaves out.
func TestNoChangeTravelsTwice(t *testing.T) {
	for _, c := range []struct {
		kinds   [2]string
		globals bool
	}{{[2]string{"mariadb", "mysql"}, false}, {[2]string{"mariadb", "mariadb"}, true},
		{[2]string{"sqlite", "sqlite"}, false}, {[2]string{"sqlite", "sqlite"}, true},
		{[2]string{"sqlite", "mariadb"}, false}} {
		t.Run(fmt.Sprint(strings.Join(c.kinds[:], "-"), " globals=", c.globals), func(t *testing.T) {
			h := openLoops(t, c.kinds, c.globals)
			var sides sync.WaitGroup
			for side := range h.db {
				sides.Go(func() { h.work(t, side, 120) })
			}
			sides.Wait()
			for side, d := range h.db { // behind all else of its side
				d.Exec(t, fmt.Sprintf("INSERT INTO a VALUES (%d, %[2]d, 0, 'end')", 1000+side, side))
			}
			for _, id := range []int{1000, 1001} {
				for i := range h.db {
					rig.Until(t, fmt.Sprintf("row %d at side %d", id, i), func() (bool, string) {
						n := 0
						err := h.db[i].DB.QueryRow("SELECT COUNT(*) FROM a WHERE id = ?", id).Scan(&n)
						return err == nil && n == 1, fmt.Sprint(err, "\n", h.Logs())
					})
				}
			}
			if d := rig.Differ(h.db[0], h.db[1], "a"); d != "" {
				t.Errorf("the sides differ: %s\n%s", d, h.Logs())
			}
			var made [2]int
			for i := range h.db {
				got := h.sides(t, fmt.Sprint("e", i))
				if made[i] = got[i]; got[i] < 100 || got[1-i] > 0 {
					t.Errorf("trail of side %d: %d changes of its own, %d of the other's", i, got[i], got[1-i])
				}
			}
			h.onlyReplicates(t, made)
			for _, g := range []string{"e0", "e1", "r0", "r1"} {
				if s := h.State(g); s != "RUNNING" {
					t.Errorf("%s is %s\n%s", g, s, h.Logs())
				}
			}
		})
	}
}

// onlyReplicates compares the trails of the Extracts with IGNOREAPPLOPS.
func (h *loops) onlyReplicates(t *testing.T, made [2]int) {
	t.Helper()
	for i, d := range h.db {
		if d.Kind == "sqlite" {
			continue
		}
		want := [2]int{}
		want[1-i] = made[1-i]
		rig.Until(t, "what Replicat has applied", func() (bool, string) {
			got := h.sides(t, fmt.Sprint("x", i))
			return got == want, fmt.Sprint(got, " and not ", want, "\n", h.Logs())
		})
	}
}
