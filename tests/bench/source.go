package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ggsh/capture/mysql"
	"ggsh/mapping"
	"ggsh/param"
	"ggsh/record"
	"ggsh/tests/rig"
	"ggsh/tests/services/server"
	"ggsh/trail"
)

// schema and tableName are the same at source and target, as native replication
// wants them.
const (
	schema    = "bench"
	tableName = "orders"
)

// tableSQL is a row of ten columns and some 200 bytes.
const tableSQL = `CREATE TABLE orders (
  id BIGINT NOT NULL PRIMARY KEY, n INT NOT NULL, c CHAR(120) NOT NULL, v VARCHAR(60),
  d DECIMAL(12,2), dt DATETIME(6), ts TIMESTAMP(3) NULL, e ENUM('new','paid','sent','closed'),
  u TINYINT UNSIGNED, w VARCHAR(40), KEY (n)) CHARACTER SET utf8mb4`

// Procedures make the workloads, because statements from outside would take a
// round trip each. Keys come from a permutation, so that each is met once.
var procedures = []string{
	`CREATE PROCEDURE load_a(txns INT) BEGIN
  DECLARE t INT DEFAULT 0;
  WHILE t < txns DO
    INSERT INTO orders SELECT t*1000+seq, seq*7919 % 1000003,
      RPAD(REPEAT(MD5(t*1000+seq), 3), 120, '.'), CONCAT('name of ', t*1000+seq), seq * 1.25,
      '2024-01-02 03:04:05.000006' + INTERVAL seq SECOND,
      '2024-01-02 03:04:05.006' + INTERVAL t SECOND, 1 + seq % 4, seq % 200, CONCAT('w', seq)
      FROM seq_1_to_1000;
    SET t = t + 1;
  END WHILE;
END`,
	`CREATE PROCEDURE load_b(txns INT, total INT) BEGIN
  DECLARE t, i, k INT DEFAULT 0;
  WHILE t < txns DO
    START TRANSACTION;
    SET i = 0;
    WHILE i < 100 DO
      SET k = 1 + FLOOR(RAND() * total);
      UPDATE orders SET n = FLOOR(RAND() * 1000000), v = CONCAT('changed ', t*100+i),
        ts = '2025-01-02 03:04:05.006' + INTERVAL t SECOND WHERE id = k;
      SET i = i + 1;
    END WHILE;
    COMMIT;
    SET t = t + 1;
  END WHILE;
END`,
	`CREATE PROCEDURE load_c(txns INT, total INT) BEGIN
  DECLARE t, i INT DEFAULT 0;
  WHILE t < txns DO
    START TRANSACTION;
    SET i = 0;
    WHILE i < 100 DO
      DELETE FROM orders WHERE id = 1 + ((t*100+i) * 7919) % total;
      SET i = i + 1;
    END WHILE;
    COMMIT;
    SET t = t + 1;
  END WHILE;
END`,
	`CREATE PROCEDURE load_d(txns INT, total INT, gone INT) BEGIN
  DECLARE t, still, k, l INT DEFAULT 0;
  SET still = total - gone - txns;
  WHILE t < txns DO
    SET k = 1 + ((gone + txns + FLOOR(RAND() * still)) * 7919) % total;
    SET l = 1 + ((gone + txns + FLOOR(RAND() * still)) * 7919) % total;
    START TRANSACTION;
    INSERT INTO orders VALUES (total + 1 + t, t, RPAD(MD5(t), 120, '.'), CONCAT('name of ', t),
      t * 1.25, '2025-01-02 03:04:05.000006', '2025-01-02 03:04:05.006', 1 + t % 4, t % 200, 'w');
    UPDATE orders SET n = t, v = CONCAT('small ', t) WHERE id = k;
    UPDATE orders SET n = t, v = CONCAT('small again ', t) WHERE id = l;
    DELETE FROM orders WHERE id = 1 + ((gone + t) * 7919) % total;
    COMMIT;
    SET t = t + 1;
  END WHILE;
END`,
}

// workload is one kind of work, in a binary log file of its own and, behind
// prepareTrail, in a trail file of its own.
type workload struct {
	letter string
	what   string
	rows   int
	txns   int
	log    string // name of the binary log file
	number uint64
	end    int64  // where its last transaction ends
	gtid   uint64 // number of its last transaction
	size   int64
	trail  string         // path of the trail file
	upTo   trail.Position // behind its last transaction
}

func (w *workload) title() string { return w.letter + " (" + w.what + ")" }

// source is a MariaDB server whose binary log holds the workloads.
type source struct {
	h         *harness
	db        *sql.DB
	server    *server.Instance
	workloads []*workload
	checksum  string // of the table when all is done
}

// newServer starts a MariaDB for the bench and makes the schema.
func newServer(h *harness, extra ...string) (*server.Instance, *sql.DB) {
	options := append([]string{"--innodb-buffer-pool-size=1G", "--innodb-log-file-size=512M",
		"--max-binlog-size=1G", "--max-allowed-packet=64M"}, extra...)
	in := server.ForTest(h, server.MariaDB, server.Options{Extra: options})
	root, err := sql.Open("mysql", in.RootDSN())
	h.check(err)
	_, err = root.Exec("CREATE DATABASE " + schema + " CHARACTER SET utf8mb4")
	h.check(errors.Join(err, root.Close()))
	db, err := sql.Open("mysql", in.DSN(schema))
	h.check(err)
	h.Cleanup(func() { db.Close() })
	return in, db
}

// exec runs statements.
func (h *harness) exec(db *sql.DB, statements ...string) {
	for _, s := range statements {
		if _, err := db.ExecContext(h.ctx, s); err != nil {
			h.Fatalf("%.80s: %v", s, err)
		}
	}
}

// work gives the source, made at the first call.
func (b *bench) work() *source {
	if b.source != nil {
		return b.source
	}
	h := b.whole
	s := &source{h: h}
	s.server, s.db = newServer(h)
	b.machine.MariaDB = s.server.Version
	h.exec(s.db, "SET GLOBAL sync_binlog = 0", "SET GLOBAL innodb_flush_log_at_trx_commit = 0",
		tableSQL)
	h.exec(s.db, procedures...)
	ta, tb, tc, td := b.size(600), b.size(1500), b.size(600), b.size(15000)
	if rows := ta * 1000; rows <= tc*100+2*td {
		ta = (tc*100+2*td)/1000 + 1
	}
	total := ta * 1000
	for _, w := range []struct {
		workload
		call string
	}{
		{workload{letter: "A", what: "inserts, 1000 a transaction", rows: total, txns: ta},
			fmt.Sprintf("CALL load_a(%d)", ta)},
		{workload{letter: "B", what: "updates, 100 a transaction", rows: tb * 100, txns: tb},
			fmt.Sprintf("CALL load_b(%d, %d)", tb, total)},
		{workload{letter: "C", what: "deletes, 100 a transaction", rows: tc * 100, txns: tc},
			fmt.Sprintf("CALL load_c(%d, %d)", tc, total)},
		{workload{letter: "D", what: "small transactions of 4 rows", rows: td * 4, txns: td},
			fmt.Sprintf("CALL load_d(%d, %d, %d)", td, total, tc*100)},
	} {
		s.make(&w.workload, w.call)
	}
	h.exec(s.db, "SET GLOBAL sync_binlog = 1", "SET GLOBAL innodb_flush_log_at_trx_commit = 1")
	s.checksum = checksum(h, s.db)
	b.source = s
	b.prepareTrail(s)
	return s
}

// make runs a workload with a fresh binary log file for it.
func (s *source) make(w *workload, call string) {
	s.h.exec(s.db, "FLUSH BINARY LOGS")
	w.log, _ = s.status()
	s.h.exec(s.db, call)
	last, end := s.status()
	if last != w.log {
		s.h.Fatalf("workload %s fills more than one log file", w.letter)
	}
	w.end = end
	var gtid string
	s.h.check(s.db.QueryRowContext(s.h.ctx, "SELECT @@GLOBAL.gtid_binlog_pos").Scan(&gtid))
	w.gtid = gtidNumber(gtid)
	_, digits, _ := strings.Cut(w.log, ".")
	w.number, _ = strconv.ParseUint(digits, 10, 64)
	st, err := os.Stat(s.path(w))
	s.h.check(err)
	w.size = st.Size()
	s.workloads = append(s.workloads, w)
	s.h.say("workload %s: %d rows in %d transactions, %d MB of binary log", w.letter, w.rows, w.txns,
		w.size/1e6)
}

// status is the end of the binary log.
func (s *source) status() (file string, pos int64) {
	var do, ignore string
	row := s.db.QueryRowContext(s.h.ctx, "SHOW MASTER STATUS")
	s.h.check(row.Scan(&file, &pos, &do, &ignore))
	return file, pos
}

// path is the file that holds a workload.
func (s *source) path(w *workload) string { return filepath.Join(s.server.DataDir(), w.log) }

// prepareTrail captures each workload into a trail file of its own, its operations
// as Extract writes them: updates with their key and what they change.
func (b *bench) prepareTrail(s *source) {
	h := s.h
	name, err := trail.ParseName(filepath.Join(h.TempDir(), "rt"), 9)
	h.check(err)
	w, err := trail.Open(trail.WriterConfig{Name: name, MaxBytes: 8 << 30,
		Header: trail.HeaderInfo{Group: "BENCH", Kind: "mysql", Database: schema}})
	h.check(err)
	for _, work := range s.workloads {
		from := w.Position()
		s.capture(work, &trailSink{w: w, plan: s.extractPlan()})
		work.upTo, work.trail = w.Position(), name.File(from.Seqno)
		if work.upTo.Seqno != from.Seqno {
			h.Fatalf("workload %s fills more than one trail file", work.letter)
		}
		h.check(w.Rollover())
	}
	h.check(w.Close())
}

// extractPlan is what the program extract makes of its parameter file.
func (s *source) extractPlan() *mapping.Plan {
	text := fmt.Sprintf("EXTRACT bench\nEXTTRAIL ./dirdat/rt\nTABLE %s.%s;\n", schema, tableName)
	f, err := param.ParseText("bench.prm", text, param.Options{Program: param.Extract})
	s.h.check(err)
	plan, err := mapping.CompileExtract(f)
	s.h.check(err)
	return plan
}

// into takes what a capture delivers.
type into interface {
	begin(txn *record.Txn) error
	op(def *record.TableDef, body []byte) error
	end() error // of a transaction
}

// capture reads a workload from the live server and gives the seconds that took,
// the connection included.
func (s *source) capture(w *workload, to into) float64 {
	h := s.h
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	cfg := mysql.Config{Group: "BENCH", Host: s.server.Host, Port: s.server.Port,
		User: server.RootUser, Password: server.RootPassword, SpoolDir: h.TempDir(),
		Start: mysql.Start{Seq: w.number, Pos: 4},
		Want:  func(db, table string) bool { return db == schema && table == tableName }}
	settle()
	began := timer()
	src, err := mysql.Open(ctx, cfg)
	h.check(err)
	for rows := 0; rows < w.rows; {
		txn, err := src.Next(ctx)
		if err == io.EOF {
			h.check(src.Wait(ctx))
			continue
		}
		h.check(err)
		if txn.Ops == nil {
			continue
		}
		n, err := drain(txn, to)
		h.check(err)
		rows += n
	}
	h.check(to.end())
	took := began()
	h.check(src.Close())
	return took
}

// drain moves one transaction.
func drain(txn *record.Txn, to into) (rows int, err error) {
	if err := to.begin(txn); err != nil {
		return 0, err
	}
	for {
		def, body, err := txn.Ops.Next()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows++
		if err := to.op(def, body); err != nil {
			return rows, err
		}
	}
}

// home makes an installation for a source or a target.
func (b *bench) home(h *harness) *rig.Home { return rig.NewHome(h, b.binaries()) }

// login is what SOURCEDB and TARGETDB say.
func login(in *server.Instance) string {
	return fmt.Sprintf("%s@127.0.0.1:%d, USERID %s, PASSWORD %s", schema, in.Port, server.RootUser,
		server.RootPassword)
}

func checksum(h *harness, db *sql.DB) string {
	var name string
	var sum sql.NullString
	h.check(db.QueryRowContext(h.ctx, "CHECKSUM TABLE "+tableName).Scan(&name, &sum))
	return sum.String
}

func lower(s string) string { return strings.ToLower(s) }
