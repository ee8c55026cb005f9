package main

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

const (
	// perSecond is the rate of the busy system.
	perSecond = 500
	// writers share the rate: a durable commit may take longer than its turn.
	writers = 4
	// lookEvery is how often the probe looks at the target.
	lookEvery = 500 * time.Microsecond
)

const probeSQL = `CREATE TABLE bench.probe (
  id BIGINT NOT NULL PRIMARY KEY, what VARCHAR(100), n INT)`

// path is a way from a source to a target that can be opened and closed.
type path struct {
	name   string
	target *target
	open   func()
	close  func()
}

// latencyStage measures how long a committed row is on its way, by the same probe
// on our whole chain of programs and on native replication.
func latencyStage(b *bench, h *harness) {
	from, fromDB := newServer(h)
	b.machine.MariaDB = from.Version
	s := &source{h: h, db: fromDB, server: from}
	mine, native := b.ownPath(h, s), b.nativePath(h, s)
	h.exec(fromDB, probeSQL)
	fast := &probe{h: h, from: fromDB}
	busy, idle := results{}, results{}
	for round := range b.rounds {
		for _, p := range []*path{mine, native} {
			p.open()
			fast.to = p.target.db
			fast.warm()
			quiet := fast.single(b.size(40))
			loaded := fast.stream(time.Duration(b.size(6)) * time.Second)
			p.close()
			h.say("%d/%d  %-10s single p50 %s ms, p99 %s ms; %d a second p50 %s ms, p99 %s ms", round+1,
				b.rounds, p.name, number(quantile(quiet, .5)), number(quantile(quiet, .99)), perSecond,
				number(quantile(loaded, .5)), number(quantile(loaded, .99)))
			for share, n := range map[string]float64{"p50": .5, "p99": .99} {
				idle[p.name+share] = append(idle[p.name+share], quantile(quiet, n))
				busy[p.name+share] = append(busy[p.name+share], quantile(loaded, n))
			}
		}
	}
	for _, f := range []struct {
		r                results
		what, share, bar string
	}{{idle, "single transactions, p50", "p50", "<= 15 ms"},
		{idle, "single transactions, p99", "p99", ""},
		{busy, fmt.Sprint(perSecond, " transactions a second, p50"), "p50", "<= 10 ms"},
		{busy, fmt.Sprint(perSecond, " transactions a second, p99"), "p99", "<= 50 ms"}} {
		row := f.r.lower(f.what, "ms", mine.name+f.share, native.name+f.share, f.bar)
		row.Peer = "native replication"
		b.add(row)
	}
}

// ownPath is extract, trail, pump, collector, trail and replicat.
func (b *bench) ownPath(h *harness, s *source) *path {
	t := &target{h: h, b: b, source: s}
	t.server, t.db = newServer(h, "--skip-log-bin")
	h.exec(t.db, probeSQL)
	pair := &rig.Pair{Target: b.home(h), Source: b.home(h),
		SourceData: database(s.server, s.db), TargetData: database(t.server, t.db)}
	ready := false
	return &path{name: "ours", target: t, open: func() {
		if !ready {
			pair.Setup()
			ready = true
		}
		pair.Start()
	}, close: func() {
		pair.Source.Run("stop extract *")
		pair.Target.Run("stop replicat rora")
		pair.Source.WaitState("eora", "STOPPED")
		pair.Source.WaitState("pora", "STOPPED")
		pair.Target.WaitState("rora", "STOPPED")
	}}
}

func database(in *server.Instance, db *sql.DB) *rig.Database {
	return &rig.Database{Kind: string(server.MariaDB), DB: db, Server: in, Login: login(in),
		Schema: schema}
}

// nativePath is native replication into a target of its own.
func (b *bench) nativePath(h *harness, s *source) *path {
	t := &target{h: h, b: b, source: s}
	t.server, t.db = newServer(h, "--skip-log-bin")
	known := false
	return &path{name: "native", target: t, open: func() {
		if !known {
			t.connect(s.server, "binlog.000001", 4)
			h.exec(t.db, "DROP DATABASE "+schema)
			known = true
		}
		h.exec(t.db, "START SLAVE")
	}, close: func() {
		if text := t.slave()["Last_SQL_Error"]; text != "" {
			h.Fatal("native replication: ", text)
		}
		h.exec(t.db, "STOP SLAVE")
	}}
}

// probe writes rows at the source and watches them arrive.
type probe struct {
	h    *harness
	from *sql.DB
	to   *sql.DB
	next int64 // id of the next row

	mu        sync.Mutex
	committed map[int64]time.Time
}

// write commits a row of its own transaction.
func (p *probe) write(id int64) {
	_, err := p.from.ExecContext(p.h.ctx, "INSERT INTO bench.probe VALUES (?, ?, ?)", id,
		"a row to see when it comes", id%1000)
	at := time.Now()
	p.h.check(err)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.committed[id] = at
}

// see waits until the target has rows behind id, and gives them.
func (p *probe) see(behind int64) (ids []int64, at time.Time) {
	p.h.until(fmt.Sprint("rows behind ", behind, " at the target"), lookEvery, func() bool {
		rows, err := p.to.QueryContext(p.h.ctx,
			"SELECT id FROM bench.probe WHERE id > ? ORDER BY id", behind)
		if err != nil && behind < 0 {
			return false // the table is on its way, too
		}
		p.h.check(err)
		defer rows.Close()
		for rows.Next() {
			var id int64
			p.h.check(rows.Scan(&id))
			ids = append(ids, id)
		}
		at = time.Now()
		return len(ids) > 0
	})
	return ids, at
}

// warm waits until a row has come all the way.
func (p *probe) warm() {
	p.committed = map[int64]time.Time{}
	p.next++
	p.write(p.next)
	p.h.until("the first row", 20*time.Millisecond, func() bool {
		var id sql.NullInt64
		err := p.to.QueryRowContext(p.h.ctx, "SELECT MAX(id) FROM bench.probe").Scan(&id)
		return err == nil && id.Int64 >= p.next
	})
}

// single gives the milliseconds of transactions that come alone.
func (p *probe) single(n int) (ms []float64) {
	for range n {
		time.Sleep(time.Duration(50+rand.IntN(150)) * time.Millisecond)
		behind := p.next
		p.next++
		p.write(p.next)
		_, at := p.see(behind)
		ms = append(ms, at.Sub(p.committed[p.next]).Seconds()*1e3)
	}
	return ms
}

// stream gives the milliseconds of transactions that come at a steady rate.
func (p *probe) stream(length time.Duration) (ms []float64) {
	first := p.next
	total := int64(length.Seconds() * perSecond)
	p.next += total
	began := time.Now()
	var all sync.WaitGroup
	for w := range int64(writers) {
		all.Add(1)
		go func() {
			defer all.Done()
			for n := w; n < total; n += writers {
				time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / perSecond)))
				p.write(first + 1 + n)
			}
		}()
	}
	arrived := map[int64]time.Time{}
	for low := first; int64(len(arrived)) < total; {
		ids, at := p.see(low)
		fresh := false
		for _, id := range ids {
			if _, known := arrived[id]; !known {
				arrived[id], fresh = at, true
			}
		}
		for !arrived[low+1].IsZero() {
			low++
		}
		if !fresh {
			time.Sleep(lookEvery)
		}
	}
	all.Wait()
	for id, at := range arrived {
		// A row can be seen before the client has heard that it is committed.
		ms = append(ms, max(0, at.Sub(p.committed[id]).Seconds()*1e3))
	}
	return ms
}
