package server

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
)

// childKind in the environment makes this test binary a process that starts a server
// and waits to be killed.
const childKind = "GGSH_TEST_SERVER_CHILD"

func TestMain(m *testing.M) {
	if kind := os.Getenv(childKind); kind != "" {
		holdServer(Kind(kind))
		return
	}
	os.Exit(m.Run())
}

func holdServer(kind Kind) {
	ctx := context.Background()
	var pid int
	var dir string
	var err error
	switch kind {
	case KindHDFS:
		var h *HDFS
		if h, err = StartHDFS(ctx, HDFSOptions{DataNodes: 1}); err == nil {
			pid, dir = h.PIDs()[1], h.Dir
		}
	case KindKafka:
		var k *Kafka
		if k, err = StartKafka(ctx, KafkaOptions{}); err == nil {
			pid, dir = k.PID(), k.Dir
		}
	default:
		var in *Instance
		if in, err = Start(ctx, kind, Options{}); err == nil {
			pid, dir = in.PID(), in.Dir
		}
	}
	if err != nil {
		fmt.Println("failed:", err)
		return
	}
	fmt.Println("started", pid, dir)
	time.Sleep(2 * time.Minute) // bounded, should the parent forget to kill us
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func execAll(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func one(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var v string
	if err := db.QueryRowContext(ctx, query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func forEachKind(t *testing.T, f func(t *testing.T, kind Kind)) {
	for _, kind := range Databases() {
		t.Run(string(kind), func(t *testing.T) { f(t, kind) })
	}
}

func TestServerKeepsItsDataThroughAKill(t *testing.T) {
	forEachKind(t, func(t *testing.T, kind Kind) {
		in := ForTest(t, kind, Options{})
		db := open(t, in.RootDSN())
		execAll(t, db, "CREATE DATABASE shop",
			"CREATE TABLE shop.account (id INT PRIMARY KEY, name VARCHAR(40))",
			"INSERT INTO shop.account VALUES (1, 'Zoë 🐬')")
		if err := in.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := db.PingContext(t.Context()); err == nil {
			t.Fatal("the server answers after Kill")
		}
		port := in.Port
		if err := in.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if in.Port != port {
			t.Fatalf("restarted on port %d, was on %d", in.Port, port)
		}
		if got := one(t, open(t, in.DSN("shop")), "SELECT name FROM account WHERE id=1"); got != "Zoë 🐬" {
			t.Fatalf("the row is %q after the crash", got)
		}
		if err := in.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := in.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := one(t, open(t, in.DSN("shop")), "SELECT COUNT(*) FROM account"); got != "1" {
			t.Fatalf("%s rows after a clean stop", got)
		}
	})
}

func TestServerWritesABinlogThatCanBeCaptured(t *testing.T) {
	forEachKind(t, func(t *testing.T, kind Kind) {
		in := ForTest(t, kind, Options{Extra: []string{"--max-connections=17"}})
		db := open(t, in.RootDSN())
		for name, want := range map[string]string{
			"log_bin": "1", "binlog_format": "ROW", "binlog_row_image": "FULL",
			"binlog_row_metadata": "FULL", "server_id": strconv.Itoa(1_000_000 + in.Port),
			"time_zone": "+00:00", "character_set_server": "utf8mb4", "sync_binlog": "1",
			"innodb_flush_log_at_trx_commit": "1", "skip_name_resolve": "1",
			"max_connections": "17", "port": strconv.Itoa(in.Port), "socket": in.Socket,
		} {
			if got := one(t, db, "SELECT @@GLOBAL."+name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if logs, err := filepath.Glob(filepath.Join(in.DataDir(), "binlog.0*")); err != nil || len(logs) == 0 {
			t.Errorf("no binary logs in the data directory: %v, %v", logs, err)
		}
		if got := one(t, db, "SELECT VERSION()"); got != in.Version {
			t.Errorf("Version is %q, the server says %q", in.Version, got)
		}
		if got := one(t, db, "SELECT CURRENT_USER()"); got != "root@127.0.0.1" {
			t.Errorf("came in as %s", got)
		}
		if got := one(t, db, "SELECT COUNT(*) FROM mysql.user WHERE user=''"); got != "0" {
			t.Errorf("%s anonymous accounts", got)
		}
	})
}

func TestRootMayComeInOverTheSocket(t *testing.T) {
	forEachKind(t, func(t *testing.T, kind Kind) {
		in := ForTest(t, kind, Options{})
		cfg := in.Config()
		cfg.Net, cfg.Addr = "unix", in.Socket
		if got := one(t, open(t, cfg.FormatDSN()), "SELECT CURRENT_USER()"); got != "root@localhost" {
			t.Errorf("came in as %s", got)
		}
	})
}

func TestTwoInstancesAreApart(t *testing.T) {
	forEachKind(t, func(t *testing.T, kind Kind) {
		a, b := ForTest(t, kind, Options{}), ForTest(t, kind, Options{})
		dbA, dbB := open(t, a.RootDSN()), open(t, b.RootDSN())
		execAll(t, dbA, "CREATE DATABASE only_a")
		if got := one(t, dbB, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name='only_a'"); got != "0" {
			t.Error("a database of one instance is in the other")
		}
		if one(t, dbA, "SELECT @@server_id") == one(t, dbB, "SELECT @@server_id") {
			t.Error("both have the same server_id")
		}
		if kind == MySQL && one(t, dbA, "SELECT @@server_uuid") == one(t, dbB, "SELECT @@server_uuid") {
			t.Error("both have the same server_uuid")
		}
	})
}

func TestInitExtraHoldsFromTheFirstMoment(t *testing.T) {
	forEachKind(t, func(t *testing.T, kind Kind) {
		in := ForTest(t, kind, Options{InitExtra: []string{"--lower-case-table-names=1"}})
		if got := one(t, open(t, in.RootDSN()), "SELECT @@lower_case_table_names"); got != "1" {
			t.Errorf("lower_case_table_names is %s", got)
		}
	})
}

func TestDeepFolderStillGetsAShortSocket(t *testing.T) {
	Require(t, MariaDB)
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep", 20), "instance")
	in := ForTest(t, MariaDB, Options{Dir: dir})
	if len(in.Socket) >= 100 {
		t.Errorf("socket path of %d bytes: %s", len(in.Socket), in.Socket)
	}
	socket := in.Socket
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Dir(socket)} {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is still there after Close: %v", path, err)
		}
	}
}

func TestBadOptionIsReportedWithTheServersOwnWords(t *testing.T) {
	forEachKind(t, func(t *testing.T, kind Kind) {
		Require(t, kind)
		in, err := Start(t.Context(), kind, Options{Extra: []string{"--no-such-option=1"}})
		if err == nil {
			in.Close()
			t.Fatal("started with an unknown option")
		}
		if !strings.Contains(err.Error(), "no-such-option") {
			t.Errorf("the error does not name the option: %v", err)
		}
	})
}

// A test binary that is killed cannot tidy up: the kernel must end its server, and
// the next start must remove what lies about.
func TestServerDiesWithTheProcessThatStartedIt(t *testing.T) {
	for _, kind := range []Kind{MariaDB, KindHDFS, KindKafka} {
		t.Run(string(kind), func(t *testing.T) { dieWithTheProcess(t, kind) })
	}
}

func dieWithTheProcess(t *testing.T, kind Kind) {
	Require(t, kind)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), childKind+"="+string(kind))
	child.WaitDelay = 5 * time.Second
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	var pid int
	var dir string
	if _, scanErr := fmt.Sscanf(line, "started %d %s", &pid, &dir); scanErr != nil {
		t.Errorf("the child said %q: %v, %v", line, err, scanErr)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait() // its status is that of a killed process
	if t.Failed() {
		return
	}
	for alive(pid) {
		if ctx.Err() != nil {
			t.Fatalf("server process %d outlived its parent", pid)
		}
		time.Sleep(10 * time.Millisecond)
	}
	sweep(filepath.Dir(dir))
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder of the dead instance was not swept: %v", err)
	}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil && !isZombie(pid) }

// isZombie tells a process that ended but that nobody has reaped: in a container
// without an init, orphans stay so.
func isZombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(b), ") Z ")
}

func TestSweepLeavesLivingInstancesAlone(t *testing.T) {
	parent := t.TempDir()
	t.Setenv("TMPDIR", parent)
	living, l, err := claimDir("")
	if err != nil {
		t.Fatal(err)
	}
	dead, l2, err := claimDir("")
	if err != nil {
		t.Fatal(err)
	}
	l2.release()
	sweep(parent)
	if _, err := os.Stat(living); err != nil {
		t.Errorf("swept a living instance: %v", err)
	}
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("left a dead instance: %v", err)
	}
	l.release()
}

func TestClientsRun(t *testing.T) {
	in := ForTest(t, MariaDB, Options{})
	execAll(t, open(t, in.RootDSN()), "CREATE DATABASE shop", "CREATE TABLE shop.t (id INT)",
		"INSERT INTO shop.t VALUES (42)")
	logs, err := filepath.Glob(filepath.Join(in.DataDir(), "binlog.0*"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no binary logs: %v", err)
	}
	connect := []string{"--no-defaults", "--protocol=tcp", "-h", in.Host, "-P", strconv.Itoa(in.Port),
		"-u", RootUser, "-p" + RootPassword}
	for tool, run := range map[string]struct {
		args []string
		want string
	}{
		"mariadb":        {append(connect, "-Ne", "SELECT id FROM shop.t"), "42"},
		"mariadb-dump":   {append(connect, "shop"), "INSERT INTO `t` VALUES"},
		"mariadb-binlog": {[]string{"--no-defaults", "-v", logs[len(logs)-1]}, "### INSERT INTO `shop`.`t`"},
	} {
		path, env, err := Client(MariaDB, tool)
		if err != nil {
			t.Error(err)
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, path, run.args...)
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		cancel()
		if err != nil || !strings.Contains(string(out), run.want) {
			t.Errorf("%s: %v, no %q in:\n%s", tool, err, run.want, out)
		}
	}
	if _, _, err := Client(MariaDB, "no-such-tool"); err == nil {
		t.Error("a client that does not exist was given")
	}
}

func TestFreePortIsFreeAndBelowTheOutgoingRange(t *testing.T) {
	for range 20 {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		if port < 21000 || port >= 32000 {
			t.Fatalf("port %d", port)
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
}

// Up's servers are real and last, so this test has a cache of its own whose software
// is that of the real cache.
func TestUpLeavesAServerThatDownEnds(t *testing.T) {
	Require(t, MariaDB)
	real, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	if err := os.Symlink(filepath.Join(real, "mariadb"), filepath.Join(cache, "mariadb")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GGSH_TEST_CACHE", cache)
	kinds := []Kind{MariaDB}
	t.Cleanup(func() {
		if err := Down(context.Background(), kinds, t.Output()); err != nil {
			t.Error(err)
		}
	})
	if err := Up(t.Context(), kinds, t.Output()); err != nil {
		t.Fatal(err)
	}
	first, err := Recorded()
	if err != nil || len(first) != 1 || !first[0].Running() {
		t.Fatalf("recorded %+v, %v", first, err)
	}
	execAll(t, open(t, first[0].RootDSN()), "CREATE DATABASE lasting")
	if err := Up(t.Context(), kinds, t.Output()); err != nil {
		t.Fatal(err)
	}
	if again, err := Recorded(); err != nil || !reflect.DeepEqual(again, first) {
		t.Fatalf("a second up gave %+v, %v", again, err)
	}
	if err := Down(t.Context(), kinds, t.Output()); err != nil {
		t.Fatal(err)
	}
	if first[0].Running() {
		t.Error("runs after down")
	}
	if left, err := Recorded(); err != nil || len(left) != 0 {
		t.Errorf("recorded after down: %+v, %v", left, err)
	}
	if _, err := os.Stat(first[0].Dir); !os.IsNotExist(err) {
		t.Errorf("data are left after down: %v", err)
	}
}

// A cluster is several processes: Down ends them all, and Up those that outlived the
// NameNode.
func TestUpLeavesAClusterThatDownEnds(t *testing.T) {
	Require(t, KindHDFS)
	real, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	if err := os.Symlink(filepath.Join(real, "hdfs"), filepath.Join(cache, "hdfs")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GGSH_TEST_CACHE", cache)
	kinds := []Kind{KindHDFS}
	t.Cleanup(func() {
		if err := Down(context.Background(), kinds, t.Output()); err != nil {
			t.Error(err)
		}
	})
	var before []int
	for range 2 {
		if err := Up(t.Context(), kinds, t.Output()); err != nil {
			t.Fatal(err)
		}
		all, err := Recorded()
		if err != nil || len(all) != 1 || len(all[0].left()) != 3 {
			t.Fatalf("recorded %+v, %v", all, err)
		}
		for _, pid := range before {
			if alive(pid) {
				t.Errorf("process %d of the broken cluster still runs", pid)
			}
		}
		before = all[0].left()
		if err := syscall.Kill(all[0].PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for all[0].Running() {
			time.Sleep(10 * time.Millisecond)
		}
	}
	if err := Down(t.Context(), kinds, t.Output()); err != nil {
		t.Fatal(err)
	}
	for _, pid := range before {
		if alive(pid) {
			t.Errorf("process %d runs after down", pid)
		}
	}
	if _, err := os.Stat(filepath.Join(cache, "up", "hdfs")); !os.IsNotExist(err) {
		t.Errorf("data are left after down: %v", err)
	}
}
