package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

// The two halves of a load, and all of it.
const (
	halfRead  = "read"
	halfWrite = "write"
	wholeLoad = "whole"
)

// loading is a table that is to be brought from one server to another.
type loading struct {
	h            *harness
	from, to     *server.Instance
	fromDB, toDB *sql.DB
	home         *rig.Home
	rows         int
	checksum     string
	rates        map[string]results // of each half, by contender
}

// loadStage brings a table from one MariaDB into another by an initial load, by the
// server's client programs, and by the server's files.
func loadStage(b *bench, h *harness) {
	l := &loading{h: h, rates: map[string]results{halfRead: {}, halfWrite: {}, wholeLoad: {}}}
	l.makeSource(b)
	l.to, l.toDB = newServer(h, "--skip-log-bin")
	l.home = b.home(h)
	l.parameters()
	const own, pipe = "ours", "mariadb-dump | mariadb"
	const dump, files = "mariadb-dump to a file", "SELECT INTO OUTFILE, LOAD DATA"
	turn := func(name string, run func(name string)) contender {
		return contender{name, func() float64 {
			l.h.exec(l.toDB, "DROP TABLE IF EXISTS "+tableName, tableSQL)
			settle()
			run(name)
			all := l.rates[wholeLoad][name]
			return all[len(all)-1]
		}}
	}
	h.alternate(b.rounds, "rows/s", turn(own, l.load), turn(pipe, l.pipe), turn(files, l.viaFiles),
		contender{dump, func() float64 { return l.dump(dump) }})
	what := fmt.Sprintf("%d rows", l.rows)
	b.add(l.rates[wholeLoad].faster(what+", whole load", "rows/s", own, pipe, ">= 1 x"),
		l.rates[wholeLoad].faster(what+", whole load", "rows/s", own, files, ""),
		l.rates[halfRead].faster(what+", extract into a trail", "rows/s", own, dump, ""),
		l.rates[halfRead].faster(what+", extract into a trail", "rows/s", own, files, ""),
		l.rates[halfWrite].faster(what+", replicat from the trail", "rows/s", own, files, ""))
}

func (l *loading) makeSource(b *bench) {
	l.from, l.fromDB = newServer(l.h)
	b.machine.MariaDB = l.from.Version
	txns := b.size(300)
	l.rows = txns * 1000
	l.h.exec(l.fromDB, "SET GLOBAL sync_binlog = 0", "SET GLOBAL innodb_flush_log_at_trx_commit = 0",
		tableSQL, procedures[0], fmt.Sprintf("CALL load_a(%d)", txns))
	l.checksum = checksum(l.h, l.fromDB)
}

func (l *loading) parameters() {
	l.home.Write("dirprm/iexp.prm", fmt.Sprintf("SOURCEISTABLE PARALLEL 2\nSOURCEDB %s\n"+
		"EXTFILE ./dirdat/il, MEGABYTES 2000, PURGE\nTABLE %s.%s;\n", login(l.from), schema, tableName))
	l.home.Write("dirprm/irep.prm", fmt.Sprintf("SPECIALRUN\nEND RUNTIME\nEXTFILE ./dirdat/il\n"+
		"TARGETDB %s\nMAP %s.*, TARGET %s.*;\n", login(l.to), schema, schema))
}

// note keeps the rates of a turn and makes sure that it did all.
func (l *loading) note(name string, read, write, whole float64) {
	for half, seconds := range map[string]float64{halfRead: read, halfWrite: write, wholeLoad: whole} {
		if seconds > 0 {
			l.rates[half][name] = append(l.rates[half][name], float64(l.rows)/seconds)
		}
	}
	if write+whole > 0 && checksum(l.h, l.toDB) != l.checksum {
		l.h.Fatalf("%s: the target's table differs from the source's", name)
	}
}

// load runs both programs as a person does, from start to end.
func (l *loading) load(name string) {
	began := timer()
	l.h.programToEnd(l.home, "extract", "iexp")
	read := began()
	l.h.programToEnd(l.home, "replicat", "irep")
	whole := began()
	l.note(name, read, whole-read, whole)
}

// programToEnd runs a program of ours whose parameter file lets it end.
func (h *harness) programToEnd(home *rig.Home, name, params string) {
	out, err := home.Program(name, "paramfile", "dirprm/"+params+".prm", "reportfile",
		"dirrpt/"+params+".rpt")
	if err != nil {
		h.Fatalf("%s: %v\n%s\n%s", name, err, out, home.Logs())
	}
}

func (l *loading) pipe(name string) {
	read := l.h.tool("mariadb-dump", l.from, true, "--single-transaction", schema, tableName)
	write := l.h.tool("mariadb", l.to, true, "--max-allowed-packet=64M", schema)
	l.note(name, 0, 0, l.h.piped(read, write))
}

func (l *loading) dump(name string) float64 {
	settle()
	file := filepath.Join(l.h.TempDir(), "dump.sql")
	took := l.h.timed(l.h.tool("mariadb-dump", l.from, true, "--single-transaction",
		"--result-file="+file, schema, tableName))
	l.h.check(os.Remove(file))
	l.note(name, took, 0, 0)
	return float64(l.rows) / took
}

func (l *loading) viaFiles(name string) {
	file := filepath.Join(l.h.TempDir(), "rows.txt")
	began := timer()
	l.h.exec(l.fromDB, fmt.Sprintf("SELECT * FROM %s INTO OUTFILE '%s' CHARACTER SET utf8mb4",
		tableName, file))
	read := began()
	l.h.exec(l.toDB, fmt.Sprintf("LOAD DATA INFILE '%s' INTO TABLE %s CHARACTER SET utf8mb4", file,
		tableName))
	whole := began()
	l.h.check(os.Remove(file))
	l.note(name, read, whole-read, whole)
}
