package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

// compare reports a difference of two texts.
func (l *live) compare(what, got, want string) {
	l.Helper()
	if got != want {
		l.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

// transactions covers what a group in the log may consist of.
func (l *live) transactions() {
	l.exec("CREATE DATABASE tx")
	s := l.open(l.config("tx"))
	defer s.Close()
	mixed := []string{"START TRANSACTION", "INSERT INTO a VALUES (4,'keep')", "SAVEPOINT s1",
		"INSERT INTO a VALUES (5,'drop')", "INSERT INTO m VALUES (1)", "ROLLBACK TO s1",
		"INSERT INTO a VALUES (6,'keep')", "COMMIT"}
	if !l.maria() { // MySQL with GTIDs does not allow the mixture
		mixed = []string{"INSERT INTO m VALUES (1)", "START TRANSACTION",
			"INSERT INTO a VALUES (4,'keep'),(6,'keep')", "COMMIT"}
	}
	l.exec("USE tx", "CREATE TABLE a (id int primary key, v varchar(20))",
		"CREATE TABLE m (id int) ENGINE=MyISAM", "CREATE TABLE nokey (a int, b int)",
		"INSERT INTO a VALUES (1,'one'),(2,'two')",
		"UPDATE a SET v='uno' WHERE id=1", "UPDATE a SET id=10 WHERE id=1", "DELETE FROM a WHERE id=2",
		"START TRANSACTION", "INSERT INTO a VALUES (3,'three')", "ROLLBACK")
	// Rows before a ROLLBACK TO stay in the log when a table without transactions was
	// touched in between.
	l.exec(append([]string{"USE tx"}, mixed...)...)
	l.exec("USE tx", "INSERT INTO nokey VALUES (1,1)", "UPDATE nokey SET b=2",
		"TRUNCATE TABLE a", "CREATE TABLE c (id int primary key) SELECT 7 AS id",
		"CREATE TEMPORARY TABLE tt (id int)", "INSERT INTO tt VALUES (1)", "DROP TEMPORARY TABLE tt",
		"ALTER TABLE c ADD n int", "RENAME TABLE c TO d", "CREATE VIEW w AS SELECT 1", "DROP VIEW w",
		"DROP TABLE d", "CREATE DATABASE other", "CREATE TABLE other.x (id int)",
		"INSERT INTO other.x VALUES (1)", "DROP DATABASE other", "FLUSH TABLES", "ANALYZE TABLE a")
	list := l.read(s, 0)
	got := lines(list)
	l.restartWithin(list)
	want := `txn
  DDL CREATE TABLE tx.a
txn
  DDL CREATE TABLE tx.m
txn
  DDL CREATE TABLE tx.nokey
txn
  INSERT a => 1,one
  INSERT a => 2,two
txn
  UPDATE a 1,one => 1,uno
txn
  PK UPDATE a 1,uno => 10,uno
txn
  DELETE a 2,two =>
txn
  INSERT m => 1
txn
  INSERT a => 4,keep
  INSERT a => 6,keep
txn
  INSERT nokey => 1,1
txn
  UPDATE nokey 1,1 => 1,2
txn
  TRUNCATE a =>
txn
  DDL CREATE TABLE tx.c
txn
  INSERT c => 7
txn
  DDL ALTER TABLE tx.c
txn
  DDL RENAME TABLE tx.c
txn
  DDL CREATE VIEW tx.w
txn
  DDL DROP VIEW tx.w
txn
  DDL DROP TABLE tx.d
`
	l.compare("transactions", got, want)
	if st := s.CacheStatus(); st.Used != 0 || st.Files != 0 {
		l.Errorf("after all transactions were taken the cache holds %+v", st)
	}
}

// restartWithin resumes between the CREATE TABLE of a CREATE ... SELECT and its rows,
// which are one group in the log.
func (l *live) restartWithin(list []gotTxn) {
	for i, t := range list {
		if t.ops[0].String() == "DDL CREATE TABLE tx.c" {
			cfg := l.config("tx")
			cfg.Start.Restart = t.Restart
			s := l.open(cfg)
			defer s.Close()
			l.compare("restart within a group", lines(l.read(s, 2)), lines(list[i+1:i+3]))
		}
	}
}

// images covers MINIMAL and NOBLOB images and compression of events.
func (l *live) images() {
	l.exec("CREATE DATABASE img", "CREATE TABLE img.a (id int primary key, v varchar(20), n int, b blob)")
	s := l.open(l.config("img"))
	defer s.Close()
	l.exec("SET SESSION binlog_row_image='MINIMAL'", "USE img", "INSERT INTO a (id,v) VALUES (1,'x')",
		"UPDATE a SET v='y' WHERE id=1", "UPDATE a SET id=2 WHERE id=1", "DELETE FROM a WHERE id=2",
		"SET SESSION binlog_row_image='NOBLOB'", "INSERT INTO a VALUES (3,'x',3,'bb')",
		"UPDATE a SET n=4 WHERE id=3")
	if l.maria() {
		l.exec("SET GLOBAL log_bin_compress=1, GLOBAL log_bin_compress_min_len=10")
		l.exec("INSERT INTO img.a VALUES (5,'five',5,repeat('z',5000))",
			"UPDATE img.a SET n=6 WHERE id=5", "DELETE FROM img.a WHERE id=5",
			"CREATE TABLE img.compressed_ddl_statement (id int)")
		l.exec("SET GLOBAL log_bin_compress=0")
	} else {
		l.exec("SET SESSION binlog_transaction_compression=1",
			"INSERT INTO img.a VALUES (5,'five',5,repeat('z',5000))",
			"UPDATE img.a SET n=6 WHERE id=5", "DELETE FROM img.a WHERE id=5",
			"CREATE TABLE img.compressed_ddl_statement (id int)")
	}
	zs := strings.Repeat("7a", 5000)
	got := lines(l.read(s, 0))
	minimalInsert := "INSERT a => 1,x,NULL,NULL"
	if strings.Contains(got, "INSERT a => 1,x,-,-") {
		minimalInsert = "INSERT a => 1,x,-,-"
	}
	want := "txn\n  " + minimalInsert + `
txn
  UPDATE a 1,-,-,- => 1,y,-,-
txn
  PK UPDATE a 1,-,-,- => 2,-,-,-
txn
  DELETE a 2,-,-,- =>
txn
  INSERT a => 3,x,3,6262
txn
  UPDATE a 3,x,3,- => 3,x,4,-
txn
  INSERT a => 5,five,5,ZZ
txn
  UPDATE a 5,five,5,ZZ => 5,five,6,ZZ
txn
  DELETE a 5,five,6,ZZ =>
txn
  DDL CREATE TABLE img.compressed_ddl_statement
`
	l.compare("images", strings.ReplaceAll(got, zs, "ZZ"), want)
}

// history covers logs without names: definitions from the database, then from DDL.
func (l *live) history() {
	l.exec("CREATE DATABASE his", "CREATE TABLE his.a (id int unsigned primary key, v varchar(20) "+
		"character set latin1, e enum('p','q'), b binary(4))")
	meta := "SET GLOBAL binlog_row_metadata='MINIMAL'"
	if l.maria() {
		meta = "SET GLOBAL binlog_row_metadata='NO_LOG'"
	}
	l.exec(meta)
	defer l.exec("SET GLOBAL binlog_row_metadata='FULL'")
	cfg := l.config("his")
	s := l.open(cfg)
	l.exec("USE his", "INSERT INTO a VALUES (4000000000,'é','q','ab')")
	first := l.read(s, 0)
	if err := s.Close(); err != nil {
		l.Fatal(err)
	}
	l.compare("before DDL", lines(first), "txn\n  INSERT a => 4000000000,é,q,61620000\n")
	// All this happens while no one reads.
	l.exec("USE his", "INSERT INTO a VALUES (1,'one','p','x')",
		"ALTER TABLE a ADD n bigint FIRST, DROP COLUMN e, CHANGE v w varchar(30) CHARACTER SET utf8mb4 AFTER id",
		"INSERT INTO a VALUES (7,2,'zwö','y')",
		"CREATE TABLE b (x int, k int not null, key(x), unique key uk (k)) DEFAULT CHARSET=latin1",
		"INSERT INTO b VALUES (1,2)", "CREATE TABLE c LIKE b", "INSERT INTO c VALUES (3,4)",
		"RENAME TABLE c TO d", "INSERT INTO d VALUES (5,6)",
		"ALTER TABLE d ADD COLUMN (t text, u tinyint unsigned default 200), RENAME COLUMN x TO y",
		"INSERT INTO d VALUES (1,9,'ä',255)", "DROP TABLE b",
		"CREATE TABLE b (only_now date)", "INSERT INTO b VALUES ('2024-01-01')")
	cfg.Start.Restart = first[len(first)-1].Restart
	s = l.open(cfg)
	defer s.Close()
	var rows []string
	for _, t := range l.read(s, 0) {
		for _, o := range t.ops {
			if o.kind == record.Insert {
				var names []string
				for _, c := range o.def.Columns {
					names = append(names, c.Name)
				}
				rows = append(rows, fmt.Sprintf("%s(%s) key %v: %s", o.def.Name, strings.Join(names, ","),
					o.def.Key, o.text))
			}
		}
	}
	l.compare("after DDL", strings.Join(rows, "\n"), `a(id,v,e,b) key [0]: => 1,one,p,78000000
a(n,id,w,b) key [1]: => 7,2,zwö,79000000
b(x,k) key [1]: => 1,2
c(x,k) key [1]: => 3,4
d(x,k) key [1]: => 5,6
d(y,k,t,u) key [1]: => 1,9,ä,255
b(only_now) key []: => 2024-01-01`)
}

// xa covers prepared transactions, also across a restart.
func (l *live) xa() {
	l.exec("CREATE DATABASE xa", "CREATE TABLE xa.a (id int primary key)")
	cfg := l.config("xa")
	s := l.open(cfg)
	l.exec("USE xa", "XA START 'one'", "INSERT INTO a VALUES (1)", "XA END 'one'", "XA PREPARE 'one'")
	l.exec("USE xa", "INSERT INTO a VALUES (2)")
	l.exec("USE xa", "XA START 'two'", "INSERT INTO a VALUES (3)", "XA END 'two'",
		"XA COMMIT 'two' ONE PHASE")
	list := l.read(s, 0)
	l.compare("prepared", lines(list), "txn\n  INSERT a => 2\ntxn\n  INSERT a => 3\n")
	if open := s.OpenTransactions(); len(open) != 1 || !open[0].Prepared || open[0].Items != 1 {
		l.Errorf("open transactions: %+v", open)
	}
	if err := s.Close(); err != nil {
		l.Fatal(err)
	}
	l.settle("XA COMMIT 'one'")
	l.exec("USE xa", "XA START 'three','b',5", "INSERT INTO a VALUES (4)", "XA END 'three','b',5",
		"XA PREPARE 'three','b',5")
	l.settle("XA ROLLBACK 'three','b',5")
	l.exec("INSERT INTO xa.a VALUES (5)")
	cfg.Start.Restart = list[len(list)-1].Restart
	s = l.open(cfg)
	defer s.Close()
	l.compare("outcome", lines(l.read(s, 0)), "txn\n  INSERT a => 1\ntxn\n  INSERT a => 5\n")
	if open := s.OpenTransactions(); len(open) != 0 {
		l.Errorf("open transactions: %+v", open)
	}
}

// broken kills the connection in the middle of a large transaction that does not
// fit into memory: nothing is lost, nothing comes twice.
func (l *live) broken() {
	const rows = 300000
	l.exec("CREATE DATABASE big", "CREATE TABLE big.a (id int primary key, v char(100))",
		"CREATE TABLE big.seed (d int primary key)",
		"INSERT INTO big.seed VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)")
	cfg := l.config("big")
	cfg.CacheSize = 4 << 20
	s := l.open(cfg)
	defer s.Close()
	kills := make(chan int, 1)
	stop := make(chan struct{})
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				kills <- n
				return
			case <-time.After(time.Millisecond):
			}
			open := s.OpenTransactions()
			if n < 3 && len(open) > 0 && open[0].Items > int64(20000*(n+1)) && l.killDump() {
				n++
			}
		}
	}()
	l.exec("INSERT INTO big.a SELECT s1.d+10*s2.d+100*s3.d+1000*s4.d+10000*s5.d+100000*s6.d, 'x' FROM "+
		"big.seed s1, big.seed s2, big.seed s3, big.seed s4, big.seed s5, big.seed s6 WHERE s6.d<3",
		"INSERT INTO big.a VALUES (1000000,'last')")
	list := l.read(s, 2)
	close(stop)
	n := <-kills
	if len(list) != 2 || list[0].rows != rows || list[1].rows != 1 {
		l.Errorf("got %d transactions, %d rows first", len(list), list[0].rows)
	}
	st := s.CacheStatus()
	l.Logf("%d connections killed; cache %+v", n, st)
	if n == 0 {
		l.Log("the transaction was read before a connection could be killed")
	}
	if st.Written == 0 {
		l.Error("nothing was spooled")
	}
	if _, err := s.Next(context.Background()); err != nil && !errors.Is(err, io.EOF) {
		l.Error(err)
	}
	if st := s.CacheStatus(); st.Files != 0 || st.Used != 0 {
		l.Errorf("after it was taken the cache holds %+v", st)
	}
	if left, err := os.ReadDir(cfg.SpoolDir); err != nil || len(left) != 0 {
		l.Errorf("spool files left: %v %v", left, err)
	}
}

// killDump ends the server's side of the capture.
func (l *live) killDump() bool {
	rows, err := l.db.Query("SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'")
	if err != nil {
		return false
	}
	defer rows.Close()
	killed := false
	for rows.Next() {
		var id int
		if rows.Scan(&id) == nil {
			_, err := l.db.Exec(fmt.Sprintf("KILL %d", id))
			killed = killed || err == nil
		}
	}
	return killed && rows.Err() == nil
}

// starts covers the start positions, restart, and a restart after the log was reset.
func (l *live) starts() {
	l.exec("CREATE DATABASE st", "CREATE TABLE st.a (id int primary key)", "INSERT INTO st.a VALUES (1)",
		"FLUSH BINARY LOGS", "INSERT INTO st.a VALUES (2)")
	ctx := context.Background()
	cfg := l.config("st")
	time.Sleep(1100 * time.Millisecond)
	begin := time.Now()
	var now string
	if err := l.db.QueryRow("SELECT NOW()").Scan(&now); err != nil {
		l.Fatal(err)
	}
	begin = begin.Truncate(time.Second)
	l.exec("INSERT INTO st.a VALUES (3)", "FLUSH BINARY LOGS")
	at, err := Head(ctx, cfg)
	if err != nil {
		l.Fatal(err)
	}
	l.exec("INSERT INTO st.a VALUES (4)", "CREATE DATABASE st2", "INSERT INTO st.a VALUES (5)")
	from := func(what string, start Start, want string) []gotTxn {
		l.Helper()
		c := cfg
		c.Start = start
		s := l.open(c)
		defer s.Close()
		var ids []string
		list := l.read(s, 0)
		for _, t := range list {
			for _, o := range t.ops {
				ids = append(ids, strings.TrimPrefix(o.text, "=> "))
			}
		}
		l.compare(what, strings.Join(ids, " "), want)
		return list
	}
	from("time", Start{Time: begin}, "3 4 5")
	from("file and position", Start{Seq: at.Seq, Pos: at.Pos}, "4 5")
	list := from("file", Start{Seq: at.Seq}, "4 5")
	from("restart", Start{Restart: list[0].Restart}, "5")
	other := strings.Replace(list[0].Restart, `"server":"`, `"server":"9`, 1)
	elsewhere, err := parseRestart(other)
	if err != nil {
		l.Fatal(err)
	}
	if elsewhere.GTID != "" {
		again := from("restart on another server", Start{Restart: other}, "5")
		if again[0].CSN.Major>>32 != 1 {
			l.Errorf("the CSN after a change of server is %s", again[0].CSN)
		}
	}
	gone := strings.Replace(list[0].Restart, `"file":"binlog.`, `"file":"binlog.9`, 1)
	c := cfg
	c.Start.Restart = gone
	if _, err := Open(ctx, c); ggserr.NumberOf(err) != ggserr.LogProblem {
		l.Errorf("restart at a purged file: %v", err)
	}
	c.Start.Restart = strings.Replace(list[0].Restart, `,"pos":`, `,"pos":9999`, 1)
	if _, err := Open(ctx, c); ggserr.NumberOf(err) != ggserr.LogProblem {
		l.Errorf("restart behind the file's end: %v", err)
	}
}

// check covers Check, ListTables and TableDef, and what a capture refuses.
func (l *live) check() {
	ctx := context.Background()
	l.exec("CREATE DATABASE chk", "CREATE TABLE chk.good (id int primary key, v varchar(5), u int, "+
		"g int AS (id+1) STORED, unique key (u))", "CREATE TABLE chk.nokey (a int)")
	cfg := l.config("chk")
	list, err := ListTables(ctx, cfg, "chk.*")
	l.compare("tables", fmt.Sprint(list, err), "[chk.good chk.nokey] <nil>")
	def, err := TableDef(ctx, cfg, "chk", "good")
	if err != nil || len(def.Columns) != 4 || !def.Columns[3].Generated || fmt.Sprint(def.Key, def.Unique) !=
		"[0] [[2]]" {
		l.Errorf("definition %+v, %v", def, err)
	}
	found := Check(ctx, cfg, []string{"chk.good", "chk.nokey", "chk.none"})
	var numbers []string
	for _, e := range found {
		numbers = append(numbers, e.Number.String()+" "+e.Severity.String())
	}
	l.compare("check", strings.Join(numbers, ", "), "OGG-06439 WARNING, OGG-00001 ERROR")
	l.exec("CREATE USER poor@'%' IDENTIFIED BY 'poor'")
	poor := cfg
	poor.User, poor.Password = "poor", "poor"
	fatal := false
	for _, e := range Check(ctx, poor, nil) {
		fatal = fatal || e.Severity == ggserr.Fatal && strings.Contains(e.Error(), "GRANT REPLICATION SLAVE")
	}
	if !fatal {
		l.Error("Check does not tell how to grant")
	}
	poor.Password = "wrong"
	if _, err := Open(ctx, poor); ggserr.NumberOf(err) != ggserr.LoginFailed {
		l.Errorf("wrong password: %v", err)
	}
	l.statementDML(cfg)
}

// statementDML: rows that a statement changed stop the capture with advice.
func (l *live) statementDML(cfg Config) {
	s := l.open(cfg)
	defer s.Close()
	l.exec("SET SESSION binlog_format='STATEMENT'", "INSERT INTO chk.good (id) VALUES (1)")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		_, err := s.Next(ctx)
		if errors.Is(err, io.EOF) {
			if err := s.Wait(ctx); err != nil {
				l.Fatal(err)
			}
			continue
		}
		if err != nil {
			if !strings.Contains(err.Error(), "binlog_format = 'ROW'") {
				l.Error(err)
			}
			return
		}
	}
}
