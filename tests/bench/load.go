package main

import (
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

const (
	dumpTool  = "mariadb-dump"
	byDump    = "mariadb-dump | mariadb"
	byTask    = "ours, RMTTASK"
	byFile    = "ours, by a file"
	oneReader = "ours, one reader"
	twoReader = "ours, PARALLEL 2"
)

// loading is a table that is copied from one MariaDB to another.
type loading struct {
	b        *bench
	h        *harness
	rows     float64
	checksum string
	from, to *server.Instance
	source   *sql.DB
	target   *target
	home     *rig.Home // of the source
	there    *rig.Home // of the target, with a Manager
	cpu      results   // microseconds a row of who reads
	peaks    results   // MiB of extract
}

// loadStage compares an initial load with the dump of the server's own tools: the
// reading alone, and the whole way into an empty table.
func loadStage(b *bench, h *harness) {
	l := newLoading(b, h)
	rate := func(seconds float64) float64 { return l.rows / seconds }
	read := h.alternate(b.rounds, "rows/s read",
		contender{oneReader, func() float64 { return rate(l.extract("")) }},
		contender{dumpTool, func() float64 { return rate(l.dump()) }},
		contender{twoReader, func() float64 { return rate(l.extract(" PARALLEL 2")) }})
	whole := h.alternate(b.rounds, "rows/s loaded",
		contender{byTask, func() float64 { return rate(l.checked(l.task)) }},
		contender{byDump, func() float64 { return rate(l.checked(l.pipe)) }},
		contender{byFile, func() float64 { return rate(l.checked(l.file)) }})
	b.add(read.faster("read into a file, one reader", "rows/s", oneReader, dumpTool, ""),
		read.faster("read into a file, PARALLEL 2", "rows/s", twoReader, dumpTool, ""),
		l.cpu.lower("processor time of who reads", "us/row", oneReader, dumpTool, ""),
		l.peaks.lower("most memory of extract", "MiB", oneReader, "limit", "<= 256 MiB"),
		whole.faster("loaded by RMTTASK", "rows/s", byTask, byDump, ""),
		whole.faster("loaded by a file, extract and then replicat", "rows/s", byFile, byDump, ""))
}

func newLoading(b *bench, h *harness) *loading {
	txns := b.size(600)
	l := &loading{b: b, h: h, rows: float64(txns * 1000), cpu: results{},
		peaks: results{"limit": {256}}, target: &target{h: h, b: b}}
	l.from, l.source = newServer(h)
	b.machine.MariaDB = l.from.Version
	h.exec(l.source, "SET GLOBAL sync_binlog = 0", "SET GLOBAL innodb_flush_log_at_trx_commit = 0",
		tableSQL)
	h.exec(l.source, procedures...)
	h.exec(l.source, fmt.Sprintf("CALL load_a(%d)", txns))
	l.checksum = checksum(h, l.source)
	l.to, l.target.db = newServer(h, "--skip-log-bin")
	l.target.server = l.to
	l.home, l.there = b.home(h), b.home(h)
	l.there.Write("dirprm/rinit.prm", l.apply("REPLICAT rinit\n"))
	l.there.Run("start mgr", "add replicat rinit, specialrun")
	h.Cleanup(func() { l.there.Run("stop mgr!") })
	return l
}

// apply is a parameter file that loads into the target.
func (l *loading) apply(begin string) string {
	return fmt.Sprintf("%sTARGETDB %s\nASSUMETARGETDEFS\nGROUPTRANSOPS 5000\nMAP %s.*, TARGET %s.*;\n",
		begin, login(l.to), schema, schema)
}

// program runs a program of ours from the command line until it ends.
func (l *loading) program(home *rig.Home, name, params string) (*exec.Cmd, float64) {
	cmd := exec.CommandContext(l.h.ctx, filepath.Join(home.Bin, name), "paramfile", "dirprm/"+params,
		"reportfile", "dirrpt/load.rpt", "-home", home.Dir)
	cmd.Dir = home.Dir
	return cmd, l.h.timed(cmd)
}

// read writes a parameter file of extract, and runs it.
func (l *loading) read(options, output string) (*exec.Cmd, float64) {
	l.home.Write("dirprm/einit.prm", fmt.Sprintf("SOURCEISTABLE%s\nSOURCEDB %s\n%s\nTABLE %s.%s;\n",
		options, login(l.from), output, schema, tableName))
	return l.program(l.home, "extract", "einit.prm")
}

// extract reads the table into a file of the trail's form.
func (l *loading) extract(options string) float64 {
	settle()
	cmd, took := l.read(options, "EXTFILE ./dirdat/ld, PURGE, MEGABYTES 2000")
	name := oneReader
	if options != "" {
		name = twoReader
	}
	mib := float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	l.peaks[name] = append(l.peaks[name], mib)
	l.spent(name, cmd)
	return took
}

// spent notes the processor time of a program that has ended.
func (l *loading) spent(name string, cmd *exec.Cmd) {
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	l.cpu[name] = append(l.cpu[name], float64(used.Microseconds())/l.rows)
}

// dumping is the server's own reader, which tells its place in the log as well.
func (l *loading) dumping(more ...string) *exec.Cmd {
	return l.h.tool(dumpTool, l.from, true, append(append([]string{"--single-transaction", "--quick",
		"--master-data=2"}, more...), schema, tableName)...)
}

func (l *loading) dump() float64 {
	settle()
	cmd := l.dumping("--result-file=" + filepath.Join(l.home.Dir, "dump.sql"))
	took := l.h.timed(cmd)
	l.spent(dumpTool, cmd)
	return took
}

// checked loads into an empty table, and ends the stage if that differs then.
func (l *loading) checked(load func() float64) float64 {
	l.target.fresh()
	took := load()
	if checksum(l.h, l.target.db) != l.checksum {
		l.h.Fatal("the target's table differs from the source's")
	}
	return took
}

// pipe loads by the server's own tools.
func (l *loading) pipe() float64 {
	return l.h.piped(l.dumping(), l.h.tool("mariadb", l.to, true, "--max-allowed-packet=64M", schema))
}

// file reads all into a file, and applies that.
func (l *loading) file() float64 {
	_, reading := l.read("", "EXTFILE ./dirdat/ld, PURGE, MEGABYTES 2000")
	l.home.Write("dirprm/rfile.prm", l.apply("SPECIALRUN\nEND RUNTIME\nEXTFILE ./dirdat/ld\n"))
	_, applying := l.program(l.home, "replicat", "rfile.prm")
	return reading + applying
}

// task applies while it is read.
func (l *loading) task() float64 {
	began := timer()
	l.read("", fmt.Sprintf("RMTHOST 127.0.0.1, MGRPORT %d\nRMTTASK REPLICAT, GROUP rinit",
		l.there.Port))
	l.h.until("the task to end", 5*time.Millisecond, func() bool {
		text := l.there.Read("dirrpt/RINIT.rpt")
		if strings.Contains(text, "ERROR") {
			l.h.Fatal(text)
		}
		return strings.Contains(text, "stopped normally")
	})
	return began()
}
