package main

import (
	"cmp"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/handler/handlertest"
	"ggsh/record"
	"ggsh/tests/services/server"
)

// TestRates measures rows a second into a durable target, the batches made
// beforehand; it runs when GGSH_BENCH names the servers ("mariadb,mysql").
// GGSH_BENCH_ROWS and GGSH_BENCH_BATCH change the amount.
func TestRates(t *testing.T) {
	kinds := strings.Split(os.Getenv("GGSH_BENCH"), ",")
	if kinds[0] == "" {
		t.Skip("set GGSH_BENCH=mariadb,mysql to measure")
	}
	for _, name := range kinds {
		kind, err := server.ParseKind(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { measure(t, kind) })
	}
}

func number(name string, otherwise int) int {
	n, _ := strconv.Atoi(os.Getenv(name))
	return cmp.Or(n, otherwise)
}

func measure(t *testing.T, kind server.Kind) {
	rows, size := number("GGSH_BENCH_ROWS", 200_000), number("GGSH_BENCH_BATCH", 2000)
	target, db := newTargetWith(t, kind, server.Options{Extra: []string{"--skip-log-bin",
		"--innodb-buffer-pool-size=1G"}})
	for name, open := range map[string]func(*testing.T) handler.Handler{
		"InProcess": func(*testing.T) handler.Handler { return dml.New(dialect()) },
		"OverProcessBoundary": func(t *testing.T) handler.Handler {
			return handlertest.Launch(t, handlertest.BuiltPlugin(t, "mysql"), "mysql")
		},
	} {
		t.Run(name, func(t *testing.T) {
			sqls(t, db, "DROP TABLE IF EXISTS ggtest.load1", `CREATE TABLE ggtest.load1 (
			  id BIGINT PRIMARY KEY, n INT, c CHAR(120), v VARCHAR(60), d DECIMAL(20,4),
			  dt DATETIME(6), ts TIMESTAMP(3) NULL,
			  e ENUM('a','b','c'), u TINYINT UNSIGNED, w VARCHAR(40), KEY (n))`)
			h := open(t)
			defer h.Close()
			cfg := target.Config
			cfg.Group = name
			start := handlertest.At(1)
			cfg.Reset = &start
			if _, err := h.Open(t.Context(), cfg); err != nil {
				t.Fatal(err)
			}
			load := use(t, h, 1, "load1")
			l := &loader{t: t, h: h, table: load, rng: rand.New(rand.NewPCG(1, 2)),
				server: serverPID(t, db)}
			l.run("inserts", rows, size, func(i int) []byte { return load.Insert(l.row(int64(i))...) })
			l.run("updates", rows/2, size, func(int) []byte {
				id := l.rng.Int64N(int64(rows))
				return load.Op(record.Update, nil, l.changed(id))
			})
			l.run("mixed", rows/2, size, func(i int) []byte {
				switch i % 4 {
				case 0:
					return load.Insert(l.row(int64(rows + i))...)
				case 3:
					return load.Delete(l.row(int64(rows + i - 3))...)
				}
				return load.Op(record.Update, nil, l.changed(l.rng.Int64N(int64(rows))))
			})
			order := l.rng.Perm(rows)
			l.run("deletes", rows/2, size, func(i int) []byte {
				return load.Delete(l.row(int64(order[i]))...)
			})
		})
	}
}

// serverPID reads the process id from the server's own file.
func serverPID(t *testing.T, db *sql.DB) int {
	var file string
	if err := db.QueryRow("SELECT @@pid_file").Scan(&file); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}

type loader struct {
	t      *testing.T
	h      handler.Handler
	table  *handlertest.Table
	rng    *rand.Rand
	rba    uint64
	server int // process id
}

func (l *loader) run(what string, rows, size int, op func(int) []byte) {
	var batches []*handler.Batch
	for done := 0; done < rows; done += size {
		var ops [][]byte
		for i := range min(size, rows-done) {
			ops = append(ops, op(done+i))
		}
		l.rba++
		batches = append(batches, handlertest.Batch(l.rba, nil, ops...))
	}
	if l.table != nil && what == "inserts" {
		batches[0].Tables = []handler.TableUse{l.table.TableUse}
	}
	began, server, own := time.Now(), cpu(l.server), l.ownCPU()
	for _, b := range batches {
		if _, err := l.h.Apply(l.t.Context(), b); err != nil {
			l.t.Fatalf("%s: %v", what, err)
		}
	}
	perRow := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(rows) / 1e3 }
	l.t.Logf("%-8s %7.0f rows/s (%d rows in batches of %d); processor time a row: "+
		"server %.2f us, handler %.2f us", what, float64(rows)/time.Since(began).Seconds(), rows, size,
		perRow(cpu(l.server)-server), perRow(l.ownCPU()-own))
}

// ownCPU is the processor time of this process and of the plugin, if there is one.
func (l *loader) ownCPU() time.Duration {
	sum := cpu(os.Getpid())
	if c, ok := l.h.(*handler.Client); ok {
		sum += cpu(c.PID())
	}
	return sum
}

// cpu is the processor time that a process has used: on a busy machine it says
// more than the time that went by.
func cpu(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(after)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	const tick = 10 * time.Millisecond
	return time.Duration(user+system) * tick
}

func (l *loader) row(id int64) []handlertest.V {
	return handlertest.Row(handlertest.Int(id), handlertest.Int(l.rng.Int64N(1e6)),
		handlertest.Str(strings.Repeat("x", 100)), handlertest.Str(fmt.Sprint("name of ", id)),
		record.AppendText(nil, record.Decimal, "12345.6789"),
		record.AppendTimestamp(nil, day, clock), record.AppendTimestampTZ(nil, day, 1e6, 0),
		handlertest.Str("b"), record.AppendUint(nil, uint64(id%200)), handlertest.Str("w"))
}

// changed is a compressed update: the key and three columns.
func (l *loader) changed(id int64) []handlertest.V {
	row := make([]handlertest.V, 10)
	for i := range row {
		row[i] = handlertest.Missing()
	}
	row[0], row[1] = handlertest.Int(id), handlertest.Int(l.rng.Int64N(1e6))
	row[3] = handlertest.Str(fmt.Sprint("changed ", id))
	row[6] = record.AppendTimestampTZ(nil, day, 2e6, 0)
	return row
}
