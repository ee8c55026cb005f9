package main

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"ggsh/tests/services/server"
	"ggsh/trail"
)

// checkpointName is our checkpoint table in the target.
const checkpointName = "ggchkpt"

// groupSizes are the values of GROUPTRANSOPS that are measured.
func groupSizes() []int { return []int{1000, 5000} }

// target is the MariaDB that everybody applies into, one after the other.
type target struct {
	h      *harness
	b      *bench
	source *source
	server *server.Instance
	db     *sql.DB
	peaks  results // memory of our programs
	cpu    results // processor time a row of our programs
}

// applier applies the workloads in turn, and gives the seconds that each took.
type applier struct {
	name string
	run  func() []float64
}

// applyStage applies the same work by our replicat, by native replication and by
// the server's client, always from the empty table on.
func applyStage(b *bench, h *harness) {
	s := b.work()
	t := &target{h: h, b: b, source: s, peaks: results{}, cpu: results{}}
	t.server, t.db = newServer(h, "--skip-log-bin", "--slave-parallel-mode=optimistic")
	const one, four = "native, 1 thread", "native, 4 threads"
	const pipe = "mariadb-binlog | mariadb"
	var all []applier
	for _, size := range groupSizes() {
		all = append(all, applier{ours(size), func() []float64 { return t.replicat(size) }})
	}
	all = append(all, applier{one, func() []float64 { return t.native(0) }},
		applier{four, func() []float64 { return t.native(4) }}, applier{pipe, t.pipe})
	rates := make([]results, len(s.workloads))
	for i := range rates {
		rates[i] = results{}
	}
	for round := range b.rounds {
		for _, a := range all {
			t.fresh()
			seconds := a.run()
			if sum := checksum(h, t.db); sum != s.checksum {
				h.Fatalf("%s: the target's table differs from the source's", a.name)
			}
			text := ""
			for i, w := range s.workloads {
				rate := float64(w.rows) / seconds[i]
				rates[i][a.name] = append(rates[i][a.name], rate)
				text += fmt.Sprintf("  %s %s", w.letter, number(rate))
			}
			h.say("%d/%d  %-28s%s rows/s", round+1, b.rounds, a.name, text)
		}
	}
	bars := map[string]string{"A": ">= 100 k rows/s", "B": ">= 40 k rows/s", "C": ">= 60 k rows/s",
		"D": ">= 100 k rows/s"}
	for i, w := range s.workloads {
		for _, size := range groupSizes() {
			bar := bars[w.letter]
			for _, peer := range []string{one, four, pipe} {
				b.add(rates[i].faster(fmt.Sprintf("%s, GROUPTRANSOPS %d", w.title(), size), "rows/s",
					ours(size), peer, bar))
				bar = ""
			}
		}
	}
	t.sizes()
}

func ours(size int) string { return fmt.Sprintf("ours, GROUPTRANSOPS %d", size) }

// fresh empties the target.
func (t *target) fresh() {
	t.h.exec(t.db, "DROP TABLE IF EXISTS "+tableName, "DROP TABLE IF EXISTS "+checkpointName, tableSQL)
	time.Sleep(300 * time.Millisecond) // the server tidies up behind the tables
	settle()
}

// sizes adds what our programs needed.
func (t *target) sizes() {
	for _, name := range []string{"replicat", "the handler's process"} {
		r := results{"ours": t.peaks[name], "limit": {256}}
		t.b.add(r.lower("most memory of "+name, "MiB", "ours", "limit", "<= 256 MiB"))
	}
	server := results{"server": t.cpu["server"]}
	for _, name := range []string{"replicat", "the handler's process"} {
		server[name] = t.cpu[name]
		t.b.add(server.lower("processor time of "+name, "us/row", name, "server", ""))
	}
}

// replicat applies the trail by our programs. They run already and wait for the
// trail's files, which come one by one.
func (t *target) replicat(size int) (seconds []float64) {
	h := t.h
	home := t.b.home(h)
	home.Write("dirprm/rora.prm", fmt.Sprintf("REPLICAT rora\nTARGETDB %s\nASSUMETARGETDEFS\n"+
		"GROUPTRANSOPS %d\nMAP %s.*, TARGET %s.*;\n", login(t.server), size, schema, schema))
	table := schema + "." + checkpointName
	home.Run("dblogin sourcedb "+login(t.server), "add checkpointtable "+table,
		"add replicat rora, exttrail ./dirdat/rt, checkpointtable "+table)
	p := h.program(home, "replicat", "RORA")
	h.until("replicat to be ready", 20*time.Millisecond, func() bool {
		p.mustRun(home)
		return len(home.Processes("mysql")) > 0 && strings.Contains(home.Logs(), "Positioned to")
	})
	time.Sleep(200 * time.Millisecond)
	plugin := home.Processes("mysql")[0]
	name, err := trail.ParseName(home.Dir+"/dirdat/rt", 9)
	h.check(err)
	pids := map[string]int{"replicat": p.cmd.Process.Pid, "the handler's process": plugin,
		"server": t.server.PID()}
	used := map[string]float64{} // before the work began
	for name, pid := range pids {
		used[name] = processorTime(pid)
	}
	for n, w := range t.source.workloads {
		h.check(link(w.trail, name.File(uint32(n))))
		began := timer()
		h.until("replicat to apply workload "+w.letter, 3*time.Millisecond, func() bool {
			p.mustRun(home)
			return t.position().Compare(w.upTo) >= 0
		})
		seconds = append(seconds, began())
	}
	rows := t.source.rows()
	for name, pid := range pids {
		t.peaks[name] = append(t.peaks[name], peakMiB(pid))
		t.cpu[name] = append(t.cpu[name], (processorTime(pid)-used[name])*1e6/rows)
	}
	p.stop()
	return seconds
}

func (s *source) rows() (sum float64) {
	for _, w := range s.workloads {
		sum += float64(w.rows)
	}
	return sum
}

// position is where our checkpoint in the target stands.
func (t *target) position() (p trail.Position) {
	t.h.check(t.db.QueryRowContext(t.h.ctx, "SELECT seqno, rba FROM "+checkpointName).
		Scan(&p.Seqno, &p.RBA))
	return p
}

// link gives a file another name, whole from the first moment.
func link(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	whole, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to+".partial", whole, 0o644); err != nil {
		return err
	}
	return os.Rename(to+".partial", to)
}

// pipe replays the binary log by the server's own tools.
func (t *target) pipe() (seconds []float64) {
	for _, w := range t.source.workloads {
		read := t.h.tool("mariadb-binlog", t.server, false, t.source.path(w))
		write := t.h.tool("mariadb", t.server, true, "--max-allowed-packet=64M")
		seconds = append(seconds, t.h.piped(read, write))
	}
	return seconds
}

// piped runs two programs, the output of the first being the input of the second.
func (h *harness) piped(read, write *exec.Cmd) float64 {
	out, err := read.StdoutPipe()
	h.check(err)
	write.Stdin = out
	began := timer()
	h.check(read.Start())
	h.timed(write)
	h.check(read.Wait())
	return began()
}

// native lets the target's own replication apply relay logs that it has fetched.
func (t *target) native(threads int) (seconds []float64) {
	h := t.h
	h.exec(t.db, fmt.Sprintf("SET GLOBAL slave_parallel_threads = %d", threads))
	t.connect(t.source.server, t.source.workloads[0].log, 4)
	h.exec(t.db, "START SLAVE IO_THREAD")
	last := t.source.workloads[len(t.source.workloads)-1]
	h.until("native replication to fetch the log", 20*time.Millisecond, func() bool {
		s := t.slave()
		if text := s["Last_IO_Error"]; text != "" {
			h.Fatal("native replication: ", text)
		}
		read, _ := strconv.ParseInt(s["Read_Master_Log_Pos"], 10, 64)
		return s["Master_Log_File"] == last.log && read >= last.end
	})
	h.exec(t.db, "STOP SLAVE IO_THREAD")
	began, before := timer(), 0.0
	h.exec(t.db, "START SLAVE SQL_THREAD")
	for _, w := range t.source.workloads {
		h.until("native replication to apply workload "+w.letter, 3*time.Millisecond, func() bool {
			return t.applied() >= w.gtid
		})
		now := began()
		seconds = append(seconds, now-before)
		before = now
	}
	if text := t.slave()["Last_SQL_Error"]; text != "" {
		h.Fatal("native replication: ", text)
	}
	t.disconnect()
	return seconds
}

// applied is the number of the last transaction that native replication committed.
func (t *target) applied() uint64 {
	var at string
	t.h.check(t.db.QueryRowContext(t.h.ctx, "SELECT @@GLOBAL.gtid_slave_pos").Scan(&at))
	return gtidNumber(at)
}

// gtidNumber reads the last part of domain-server-number.
func gtidNumber(gtid string) uint64 {
	n, _ := strconv.ParseUint(gtid[strings.LastIndexByte(gtid, '-')+1:], 10, 64)
	return n
}

// connect names a server as the source of native replication.
func (t *target) connect(from *server.Instance, file string, pos int64) {
	t.h.exec(t.db, fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=%d, "+
		"MASTER_USER='%s', MASTER_PASSWORD='%s', MASTER_LOG_FILE='%s', MASTER_LOG_POS=%d, "+
		"MASTER_USE_GTID=no", from.Port, server.RootUser, server.RootPassword, file, pos))
}

func (t *target) disconnect() {
	t.h.exec(t.db, "STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL gtid_slave_pos = ''",
		"SET GLOBAL slave_parallel_threads = 0")
}

// slave gives the state of native replication by column.
func (t *target) slave() map[string]string {
	rows, err := t.db.QueryContext(t.h.ctx, "SHOW SLAVE STATUS")
	t.h.check(err)
	defer rows.Close()
	names, err := rows.Columns()
	t.h.check(err)
	values := make([]sql.NullString, len(names))
	into := make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	state := map[string]string{}
	if rows.Next() {
		t.h.check(rows.Scan(into...))
		for i, name := range names {
			state[name] = values[i].String
		}
	}
	t.h.check(rows.Err())
	return state
}
