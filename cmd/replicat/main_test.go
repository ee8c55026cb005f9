package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"ggsh/checkpoint"
	"ggsh/checkpointtable"
	"ggsh/control"
	"ggsh/record"
	"ggsh/subdirs"
	"ggsh/trail"
)

// TestMain makes the test's own binary the program.
func TestMain(m *testing.M) {
	if os.Getenv("GGSH_TEST_REPLICAT") != "" {
		main()
	}
	os.Exit(m.Run())
}

const accounts = 20

// target is a database that the transfers go to.
type target struct {
	plugin, login, schema string
	product, key          string // as the report has them
	kind                  checkpointtable.Kind
	checkpoint            checkpointtable.Name
	db                    *sql.DB
}

// bank is a home with a trail of transfers and a target.
type bank struct {
	target
	t    *testing.T
	home subdirs.Home
	w    *trail.Writer
	def  *record.TableDef
	csn  uint64
	sums [accounts]int64
}

// sqliteTarget is a database in a file of the home.
func sqliteTarget(t *testing.T, home subdirs.Home) target {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+home.Join("target.db")+
		"?_pragma=journal_mode(wal)&_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return target{plugin: "sqlite", login: "TARGETDB sqlite:target.db", schema: "main",
		product: "SQLite 3", key: "main.account: id", kind: checkpointtable.SQLite,
		checkpoint: checkpointtable.Name{Table: "ggs_checkpoint"}, db: db}
}

func newBank(t *testing.T, on func(*testing.T, subdirs.Home) target) *bank {
	t.Helper()
	b := &bank{t: t, home: subdirs.Home(t.TempDir())}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.home.Create()
	must(err)
	must(os.Mkdir(b.home.Join("plugins"), 0o755))
	b.target = on(t, b.home)
	out, err := exec.Command("go", "build", "-o", b.home.Join("plugins", b.plugin),
		"ggsh/plugins/"+b.plugin).CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, text := range []string{
		"CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, note VARCHAR(20))",
		"CREATE TABLE journal (n INTEGER PRIMARY KEY)"} {
		_, err = b.db.Exec(text)
		must(err)
	}
	must(checkpointtable.Create(context.Background(), b.db, b.kind, b.checkpoint))
	must(os.WriteFile(b.home.Globals(), []byte("CHECKPOINTTABLE "+b.checkpoint.String()+"\n"), 0o644))
	must(os.WriteFile(b.home.Param("RB"), []byte("REPLICAT RB\n"+b.login+"\n"+
		"GROUPTRANSOPS 50\nREPORTCOUNT EVERY 1000 RECORDS, RATE\nMAP bank.*, TARGET "+b.schema+
		".*;\n"), 0o600))
	must(checkpoint.At(b.home.Checkpoint("RB", false)).Store(&checkpoint.Document{
		Group: checkpoint.Group{Name: "RB", Type: checkpoint.Replicat, Trail: "./dirdat/bk", Key: 7,
			Begin: checkpoint.Begin{Kind: checkpoint.BeginSeqno}}, State: checkpoint.State{Ordered: true}}))
	b.def = &record.TableDef{ID: 1, Schema: "bank", Name: "account", Key: []int{0},
		Columns: []record.ColumnDef{{Name: "ID", Kind: record.Int, Type: "int"},
			{Name: "BALANCE", Kind: record.Int, Type: "bigint"}}}
	b.w, err = trail.Open(trail.WriterConfig{Name: trail.Name{Dir: b.home.Join("dirdat"),
		Prefix: "bk", Digits: 9}, MaxBytes: 64 << 10})
	must(err)
	t.Cleanup(func() { b.w.Close() })
	return b
}

// change is one operation on an account: delta 0 opens it.
func (b *bank) change(id int, delta int64) []byte {
	kind := record.Update
	if delta == 0 {
		kind = record.Insert
	}
	body, start := record.AppendOpHeader(nil, kind, 1)
	if delta != 0 {
		var mark int
		body, mark = record.BeginImage(body)
		body = record.AppendMissing(record.AppendInt(body, int64(id)))
		record.EndImage(body, start, mark, true)
		record.MarkCompressed(body, start)
	}
	b.sums[id] += delta
	body, mark := record.BeginImage(body)
	body = record.AppendInt(record.AppendInt(body, int64(id)), b.sums[id])
	record.EndImage(body, start, mark, false)
	return body
}

func (b *bank) txn(bodies ...[]byte) {
	b.t.Helper()
	b.csn++
	err := b.w.BeginTxn(&record.TxnInfo{CSN: record.CSN{Minor: b.csn}, XID: fmt.Sprint(b.csn),
		CommitTime: time.Now()})
	for i, body := range bodies {
		if err == nil {
			err = b.w.Op(b.def, body, i == len(bodies)-1)
		}
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bank) start() *exec.Cmd {
	b.t.Helper()
	c := exec.Command(os.Args[0], "paramfile", b.home.Param("RB"), "REPORTFILE",
		b.home.Report("RB", -1), "processid", "RB", "-home", string(b.home))
	c.Env = append(os.Environ(), "GGSH_TEST_REPLICAT=1")
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	return c
}

// unmapped writes a transaction of a table that no MAP takes.
func (b *bank) unmapped() {
	b.t.Helper()
	b.csn++
	def := &record.TableDef{ID: 2, Schema: "shop", Name: "item", Columns: b.def.Columns}
	body, start := record.AppendOpHeader(nil, record.Insert, 2)
	body, mark := record.BeginImage(body)
	body = record.AppendInt(record.AppendInt(body, 1), 2)
	record.EndImage(body, start, mark, false)
	err := b.w.BeginTxn(&record.TxnInfo{CSN: record.CSN{Minor: b.csn}, XID: "x", CommitTime: time.Now()})
	if err == nil {
		err = b.w.Op(def, body, true)
	}
	if err == nil {
		_, err = b.w.Sync()
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// reported reads the report of a run that applied something.
func (b *bank) reported() {
	b.t.Helper()
	report, err := os.ReadFile(b.home.Report("RB", -1))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, want := range []string{"Loaded handler " + b.plugin, "REPLICAT RB stopped normally",
		b.product, "Using the following key columns for target table " + b.key} {
		if !strings.Contains(string(report), want) {
			b.t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
}

// applied is the target's own word on how far it is.
func (b *bank) applied() uint64 {
	row, err := checkpointtable.Load(context.Background(), b.db, b.kind, b.checkpoint,
		checkpointtable.Group{Name: "RB", Key: 7}, false)
	if err != nil || row == nil {
		return 0
	}
	return row.Position.CSN.Minor
}

// reach waits until the target has the transaction, for as long as it comes nearer.
func (b *bank) reach(csn uint64) {
	b.t.Helper()
	end, last := time.Now().Add(time.Minute), uint64(0)
	for {
		now := b.applied()
		switch {
		case now >= csn:
			return
		case now > last:
			end, last = time.Now().Add(time.Minute), now
		case time.Now().After(end):
			report, _ := os.ReadFile(b.home.Report("RB", -1))
			b.t.Fatalf("the target is at %d, not %d\n%s", now, csn, report)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// check compares the target with what the source must be at its checkpoint.
func (b *bank) check() {
	b.t.Helper()
	var n int
	var sum int64
	if err := b.db.QueryRow("SELECT COUNT(*), COALESCE(SUM(balance), 0) FROM account").Scan(&n, &sum); err != nil {
		b.t.Fatal(err)
	}
	if n != 0 && n != accounts || sum != 0 {
		b.t.Fatalf("%d accounts hold %d", n, sum)
	}
}

// TestSumsHoldWhateverIsKilled kills Replicat at any moment: the sum of all
// balances is zero at every commit, and in the end each is what the source has.
func TestSumsHoldWhateverIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Run("SQLite", func(t *testing.T) { sumsHold(t, newBank(t, sqliteTarget)) })
	t.Run("Oracle", func(t *testing.T) { sumsHold(t, newBank(t, oracleTarget)) })
}

func sumsHold(t *testing.T, b *bank) {
	var opening [][]byte
	for id := range accounts {
		opening = append(opening, b.change(id, 0))
	}
	b.txn(opening...)
	for range 2000 {
		from, to := rand.Intn(accounts), rand.Intn(accounts)
		amount := rand.Int63n(1000) + 1
		b.txn(b.change(from, -amount), b.change(to, amount))
	}
	if _, err := b.w.Sync(); err != nil {
		t.Fatal(err)
	}
	for at := uint64(200); at < b.csn-400; at += 200 + uint64(rand.Intn(400)) {
		c := b.start()
		b.reach(at)
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // killed
		b.check()
	}
	c := b.start()
	b.reach(b.csn)
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("after SIGTERM: %v", err)
	}
	b.reported()
	b.unmapped()
	c = b.start()
	b.reach(b.csn)
	reply, err := control.ToProcess(b.home.Socket("RB")).Do(context.Background(),
		control.Request{Verb: control.Stop, From: "test"})
	if err != nil || reply.Error != nil {
		t.Fatal(reply, err)
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	for id, want := range b.sums {
		var got int64
		query := fmt.Sprint("SELECT balance FROM account WHERE id = ", id)
		if err := b.db.QueryRow(query).Scan(&got); err != nil || got != want {
			t.Errorf("account %d holds %d, not %d: %v", id, got, want, err)
		}
	}
	if _, err := os.Stat(filepath.Join(string(b.home), "dirpcs", "RB.pcr")); err == nil {
		t.Error("the process file is still there")
	}
}
