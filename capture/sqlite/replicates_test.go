package sqlite

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const moveRow, markRow = "UPDATE chk SET at = at + 1", "UPDATE chk SET at = at"

// asReplicat makes one transaction as a Replicat does.
func asReplicat(statements ...string) string {
	return strings.Join(append(append([]string{"BEGIN", moveRow, markRow}, statements...), markRow, "COMMIT"), ";")
}

// TestReplicatesAreKnown: what lies between a Replicat's marks is its, and nothing else,
// whoever else changes the checkpoint row.
func TestReplicatesAreKnown(t *testing.T) {
	for _, c := range []struct {
		cfg        Config
		ours, apps bool
	}{{apps: true}, {cfg: Config{GetReplicates: true}, ours: true, apps: true},
		{cfg: Config{GetReplicates: true, IgnoreApplications: true}, ours: true},
		{cfg: Config{IgnoreApplications: true}}} {
		w := newWriter(t, "CREATE TABLE chk (grp TEXT PRIMARY KEY, at INTEGER)", "CREATE TABLE t (id INTEGER PRIMARY KEY)")
		w.trandata("chk", "t")
		c.cfg.FilterTables = []string{"CHK"}
		s := w.capture(c.cfg)
		put := func(id int) string { return fmt.Sprintf("INSERT INTO t VALUES (%d)", id) }
		w.run(put(1), "INSERT INTO chk VALUES ('r', 1)", put(2), asReplicat(put(10), put(11)), put(3))
		ops, restart := drain(t, s)
		// An operator places the row; a part of a transaction has been moved twice.
		w.run(moveRow, put(4), markRow, put(5), asReplicat(put(12), moveRow), asReplicat(), moveRow, put(6),
			asReplicat(put(13)), put(7))
		more, _ := drain(t, s)
		s.Close()
		c.cfg.Restart = restart
		again, _ := drain(t, w.capture(c.cfg))
		if lines(again) != lines(more) {
			t.Errorf("%+v: after a restart\n%s\nnot\n%s", c.cfg, lines(again), lines(more))
		}
		var expected []string
		for _, id := range []int{1, 2, 10, 11, 3, 4, 5, 12, 6, 13, 7} {
			if id >= 10 && c.ours || id < 10 && c.apps {
				expected = append(expected, fmt.Sprintf("INSERT t (%d)", id))
			}
		}
		want(t, append(ops, more...), expected...)
	}
}

// TestBeginWithinReplicates: a capture that begins at a time within a Replicat's
// transaction knows the rest of it.
func TestBeginWithinReplicates(t *testing.T) {
	w := newWriter(t, "CREATE TABLE chk (grp TEXT PRIMARY KEY, at INTEGER)", "CREATE TABLE t (id INTEGER PRIMARY KEY)",
		"INSERT INTO chk VALUES ('r', 1)")
	w.trandata("chk", "t")
	w.run(asReplicat("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"), "INSERT INTO t VALUES (3)",
		"UPDATE ggs_log SET ts = ts + 60000000000 WHERE seq >= (SELECT seq FROM ggs_log WHERE new = '2')")
	begin := time.Now().Add(30 * time.Second)
	ops, _ := drain(t, w.capture(Config{FilterTables: []string{"chk"}, Begin: begin}))
	want(t, ops, "INSERT t (3)")
	ops, _ = drain(t, w.capture(Config{Begin: begin}))
	if !strings.HasPrefix(lines(ops), "INSERT t (2)") {
		t.Errorf("the capture did not begin within the transaction:\n%s", lines(ops))
	}
}

// TestCheckpointTableWithoutTrandata: without its changes nothing is known, so that the
// capture does not start.
func TestCheckpointTableWithoutTrandata(t *testing.T) {
	w := newWriter(t, "CREATE TABLE chk (grp TEXT PRIMARY KEY, at INTEGER)", "CREATE TABLE t (id INTEGER PRIMARY KEY)")
	w.trandata("t")
	_, err := Open(t.Context(), Config{Path: w.path, FilterTables: []string{"chk"}})
	var unlogged *UnloggedError
	if !errors.As(err, &unlogged) || !strings.Contains(err.Error(), "ADD TRANDATA main.chk") {
		t.Errorf("opened with %v", err)
	}
}
