package oracle_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ggsh/capture/oracle"
	"ggsh/capture/oracle/oracletest"
	"ggsh/record"
)

var (
	histories = flag.Int("histories", 1000, "how many random histories to run")
	firstSeed = flag.Uint64("seed", 1, "seed of the first history")
)

// trail is what a capture delivered, and how far that is durable.
type trail struct {
	txns    []oracletest.Committed
	durable int    // transactions that are
	restart string // of the checkpoint
	begin   uint64 // SCN where the first run began
	without string // a table that is not captured
	past    uint64 // where the first run is told to begin; 0: now
	// what is taken of Replicat's transactions, and left out of the others
	getReplicates, ignoreApplications bool
}

// TestRandomHistories: whatever happens to the logs, the connection and the capture
// itself, the trail has each committed change of a history once, in commit order.
func TestRandomHistories(t *testing.T) {
	for i := range *histories {
		seed := *firstSeed + uint64(i)
		for _, mode := range []oracle.Mode{oracle.Raw, oracle.Catalog}[i%2 : i%2+1] {
			if err := runHistory(t.TempDir(), seed, mode); err != nil {
				t.Fatalf("seed %d, mode %d (replay with -seed %d -histories 1): %v", seed, mode, seed, err)
			}
		}
	}
}

// runHistory captures one history, killing the capture twice.
func runHistory(dir string, seed uint64, mode oracle.Mode) error {
	rng := rand.New(rand.NewPCG(seed, 9))
	h := oracletest.New(seed, 40+rng.IntN(160))
	m := oracletest.NewModel(h, seed, rng.IntN(12))
	m.Catalog(mode == oracle.Catalog)
	out := &trail{getReplicates: seed%5 >= 3, ignoreApplications: seed%5 == 4}
	if seed%3 == 0 { // without LOBs no transaction is read again
		out.without = oracletest.LOBs
	}
	if seed%4 == 1 { // some begin at an SCN of the past
		out.past = m.Past()
	}
	for kill := range 3 {
		quota := 1 << 30
		if kill < 2 {
			quota = rng.IntN(12)
		}
		if err := out.run(m, h, dir, mode, quota, rng); err != nil {
			return fmt.Errorf("run %d: %w", kill+1, err)
		}
	}
	if err := out.compare(h.Want(out.begin, out.without, out.takes)); err != nil {
		return fmt.Errorf("begin %d: %w", out.begin, err)
	}
	return nil
}

// run captures until quota transactions came, then kills the capture; or until the
// history's end.
func (tr *trail) run(m *oracletest.Model, h *oracletest.History, dir string, mode oracle.Mode,
	quota int, rng *rand.Rand) error {
	var mu sync.Mutex
	var kills []func()
	cfg := oracle.Config{Group: "EORA", Mode: mode, SpoolDir: filepath.Join(dir, "spool"),
		SchemaFile: filepath.Join(dir, "schema.json"), Start: oracle.Start{Restart: tr.restart, SCN: tr.past},
		FilterTables: []string{oracletest.Owner + "." + oracletest.Marker}, ExcludeUsers: []string{"GGADMIN"},
		GetReplicates: tr.getReplicates, IgnoreApplications: tr.ignoreApplications,
		Want: func(_, table string) bool {
			return table != oracletest.Other && table != oracletest.Marker && table != tr.without
		},
		MinWindow: 1 + rng.Uint64N(60), MaxWindow: 1 + rng.Uint64N(400), Poll: 20 * time.Microsecond,
		RetryWait: 10 * time.Microsecond, Retries: 50, Recycle: 1 + rng.IntN(5), CacheSize: 1 << 20,
		Connect: func(context.Context) (oracle.Database, error) {
			db, kill := m.Connect()
			mu.Lock()
			defer mu.Unlock()
			kills = append(kills, kill)
			return db, nil
		}}
	src, err := open(cfg)
	if err != nil {
		return err
	}
	// As kill -9 does: from now on nothing reaches the database. Closing writes nothing
	// that lasts; it only ends the goroutine.
	defer func() {
		mu.Lock()
		for _, kill := range kills {
			kill()
		}
		mu.Unlock()
		_ = src.Close()
	}()
	if at, known := src.Position(); known {
		tr.restart, tr.begin = at.Restart, at.CSN.Minor
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for got := 0; got < quota; {
		end := src.Status().Read >= h.Last()
		txn, err := src.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			if end {
				if quota < 1<<30 { // killed at the end: what was not durable is lost
					tr.txns = tr.txns[:tr.durable]
				}
				return nil
			}
			wait, stop := context.WithTimeout(ctx, 200*time.Microsecond)
			_ = src.Wait(wait) // the end is told by no transaction
			stop()
			if ctx.Err() != nil {
				return fmt.Errorf("stuck at %+v", src.Status())
			}
			continue
		case err != nil:
			return err
		}
		if txn.Ops == nil {
			tr.checkpoint(txn.Restart)
			continue
		}
		got++
		if err := tr.take(txn); err != nil {
			return err
		}
		if rng.IntN(3) == 0 {
			tr.checkpoint(txn.Restart)
		}
	}
	tr.txns = tr.txns[:tr.durable] // what was not durable is lost
	return nil
}

// takes is the rule by which transactions are delivered.
func (tr *trail) takes(replicated bool) bool {
	return replicated && tr.getReplicates || !replicated && !tr.ignoreApplications
}

func (tr *trail) checkpoint(restart string) { tr.durable, tr.restart = len(tr.txns), restart }

// open tries as the Extract does: errors that are temporary are tried again.
func open(cfg oracle.Config) (*oracle.Source, error) {
	for {
		src, err := oracle.Open(context.Background(), cfg)
		var again interface{ Temporary() bool }
		if err == nil || !errors.As(err, &again) || !again.Temporary() {
			return src, err
		}
	}
}

// take reads a transaction's operations.
func (tr *trail) take(txn *record.Txn) error {
	c := oracletest.Committed{SCN: txn.CSN.Minor}
	for {
		def, body, err := txn.Ops.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		text, err := opText(def, body)
		if err != nil {
			return err
		}
		c.Ops = append(c.Ops, text)
	}
	tr.txns = append(tr.txns, c)
	return nil
}

// opText prints an operation as the model does.
func opText(def *record.TableDef, body []byte) (string, error) {
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		return "", err
	}
	if op.Type == record.DDL {
		d, err := record.DecodeDDL(&op)
		return "DDL " + d.Text, err
	}
	if def == nil || def.ID != op.Table {
		return "", fmt.Errorf("operation of table id %d has definition %+v", op.Table, def)
	}
	var b strings.Builder
	b.WriteString(op.Type.String() + " " + def.Name)
	for i, image := range []record.Image{op.Before, op.After} {
		if image == nil {
			continue
		}
		b.WriteString([]string{" <", " >"}[i])
		values, err := image.Values(nil, len(def.Columns))
		if err != nil {
			return "", err
		}
		for j := range values {
			b.WriteString(oracletest.ColumnText(def.Columns[j].Name, &values[j]))
		}
	}
	return b.String(), nil
}

// compare finds the first difference between the trail and what was committed.
func (tr *trail) compare(want []oracletest.Committed) error {
	for i := range max(len(want), len(tr.txns)) {
		switch {
		case i >= len(want):
			return fmt.Errorf("commit %d at SCN %d was not expected: %.300s", i, tr.txns[i].SCN, strings.Join(tr.txns[i].Ops, "\n"))
		case i >= len(tr.txns):
			return fmt.Errorf("commit %d at SCN %d did not come: %.300s", i, want[i].SCN,
				strings.Join(want[i].Ops, "\n"))
		case tr.txns[i].SCN != want[i].SCN:
			return fmt.Errorf("commit %d has SCN %d, %.200q, want %d: %.300s", i, tr.txns[i].SCN, tr.txns[i].Ops, want[i].SCN,
				strings.Join(want[i].Ops, "\n"))
		}
		if err := compareOps(tr.txns[i].Ops, want[i].Ops); err != nil {
			return fmt.Errorf("commit at SCN %d: %w", want[i].SCN, err)
		}
	}
	return nil
}

// compareOps compares the operations of one commit. Transactions that were committed at
// one SCN, divided by plus signs, may come in any order.
func compareOps(got, want []string) error {
	parts := strings.Split("\x00"+strings.Join(want, "\x00"), "\x00+")
	rest := "\x00" + strings.Join(got, "\x00")
	for len(parts) > 0 {
		found := -1
		for i, p := range parts {
			if rest == p || strings.HasPrefix(rest, p+"\x00") {
				found = i
			}
		}
		if found < 0 {
			return fmt.Errorf("operations differ:\ngot  %s (all: %.100q)\nwant %s", difference(rest, parts[0]), got,
				difference(parts[0], rest))
		}
		rest = strings.TrimPrefix(rest, parts[found])
		parts = append(parts[:found], parts[found+1:]...)
	}
	if rest != "" {
		return fmt.Errorf("more operations than expected: %.400q", rest)
	}
	return nil
}

// difference shows a from where it differs from b.
func difference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	from := max(i-200, 0)
	return fmt.Sprintf("%q", a[from:min(i+200, len(a))])
}
