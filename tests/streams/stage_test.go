// Package streams plays captures of files and of topics with the real programs: the
// Extract is killed at random moments while files grow and messages come, and the
// trails must then hold each line and each message once, in its order.
//
//	go test ./tests/streams -run Killed -kills 100 -seed 7
package streams

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"ggsh/record"
	"ggsh/tests/rig"
	"ggsh/trail"
)

var (
	bin     string
	servers rig.Servers

	kills = flag.Int("kills", 12, "kills of a test")
	seed  = flag.Uint64("seed", 1, "seed of what is random")
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

// restart makes a Manager bring back what was killed.
var restart = []string{"AUTORESTART ER *, RETRIES 10000, WAITSECONDS 1, RESETMINUTES 1", "CHECKMINUTES 1"}

// row is one row of a trail: values by column name.
type row struct {
	kind   string
	values map[string]string
	kinds  map[string]record.Kind
}

// readTrail gives all rows of a home's trail in their order, and checks that commit
// sequence numbers rise.
func readTrail(t *testing.T, h *rig.Home, name string) []row {
	t.Helper()
	n, err := trail.ParseName(filepath.Join(h.Dir, "dirdat", name), 9)
	if err != nil {
		t.Fatal(err)
	}
	r, err := trail.OpenTxnReader(n, trail.Position{}, trail.TxnOptions{})
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		t.Fatal(err)
	}
	defer r.Close()
	var rows []row
	var last record.CSN
	for {
		txn, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		if txn.CSN.Compare(last) <= 0 {
			t.Fatalf("trail %s: CSN %s behind %s", name, txn.CSN, last)
		}
		last = txn.CSN
		if rows, err = appendRows(rows, txn.Ops); err != nil {
			t.Fatal(err)
		}
	}
}

func appendRows(rows []row, ops record.Ops) ([]row, error) {
	for {
		def, body, err := ops.Next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		var op record.Op
		if err := record.DecodeOp(body, &op); err != nil {
			return rows, err
		}
		r := row{kind: op.Type.String() + " " + def.FullName(), values: map[string]string{},
			kinds: map[string]record.Kind{}}
		for i, im := range []record.Image{op.Before, op.After} {
			if im == nil {
				continue
			}
			values, err := im.Values(nil, len(def.Columns))
			if err != nil {
				return rows, err
			}
			for c, v := range values {
				name := [2]string{"before.", ""}[i] + def.Columns[c].Name
				r.values[name], r.kinds[name] = string(v.Text(nil, -1)), v.Kind
			}
		}
		rows = append(rows, r)
	}
}

// killing kills a program of a home at random moments until it is told to end, and says
// how often it hit one.
func killing(t *testing.T, h *rig.Home, program string, r *rand.Rand, more func() bool) {
	hits := 0
	for end := time.Now().Add(10 * rig.Patience); hits < *kills && more() && time.Now().Before(end); {
		time.Sleep(time.Duration(100+r.IntN(900)) * time.Millisecond)
		pids := h.Processes(program)
		rig.Signal(pids, syscall.SIGKILL)
		hits += len(pids)
	}
	if hits < *kills/2 {
		t.Errorf("only %d kills hit a process", hits)
	}
	t.Logf("%d kills", hits)
}

// settled waits until a trail has a number of rows, and starts the group if need be.
func settled(t *testing.T, h *rig.Home, group, name string, want int) []row {
	t.Helper()
	var rows []row
	rig.Until(t, fmt.Sprintf("%d rows in %s", want, name), func() (bool, string) {
		rows = readTrail(t, h, name)
		if len(rows) < want && len(h.Processes("extract")) == 0 {
			_, _ = h.Try("start " + group)
		}
		return len(rows) >= want, fmt.Sprintf("%d rows\n%s", len(rows), h.Logs())
	})
	return rows
}
