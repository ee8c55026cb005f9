package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

func TestMain(m *testing.M) {
	if handlertest.IsPlugin() {
		main()
		return
	}
	m.Run()
}

// site is a home with a properties file and a plugin.
type site struct {
	*testing.T
	home, plugins string
	cfg           handler.Config
	tables        []*handlertest.Table
	h             *handler.Client
}

const plainProperties = `gg.handlerlist=fw
gg.handler.fw.type=filewriter
gg.handler.fw.format=delimitedtext
gg.handler.fw.format.fieldDelimiter=|
gg.handler.fw.pathMappingTemplate=./dirout/${fullyQualifiedTableName}
gg.handler.fw.fileNameMappingTemplate=${fullyQualifiedTableName}_${currentTimestamp}.txt
gg.handler.fw.stateFileDirectory=./dirsta
gg.handler.fw.publishInterval=20ms
`

func newSite(t *testing.T, extra string) *site {
	home := t.TempDir()
	for _, dir := range []string{"dirprm", "dirdef"} {
		if err := os.Mkdir(filepath.Join(home, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	props := filepath.Join(home, "dirprm", "fw.props")
	if err := os.WriteFile(props, []byte(plainProperties+extra), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, home: home, plugins: handlertest.PluginDir(t, "file"),
		cfg: handler.Config{Group: "RFILE", GroupKey: 77, Home: home, Properties: props}}
	for i, name := range []string{"orders", "lines"} {
		s.tables = append(s.tables, handlertest.NewTable(uint32(i+1), "shop", name, 1,
			handlertest.Column("id", "int!", record.Int),
			handlertest.Column("note", "text", record.String)))
	}
	return s
}

// open launches the plugin and gives the RBA that the files hold, 0 for none.
func (s *site) open() uint64 {
	s.Helper()
	s.h = handlertest.Launch(s.T, s.plugins, "file")
	opened, err := s.h.Open(s.Context(), s.cfg)
	if err != nil {
		s.Fatal(err)
	}
	if opened.Checkpoint == nil {
		return 0
	}
	return opened.Checkpoint.RBA
}

// order is a transaction: an order and two lines. It stands at RBA 10*id and
// ends at 10*id+9.
func (s *site) order(id int) *handler.Batch {
	n := int64(id)
	ops := [][]byte{s.tables[0].Insert(handlertest.Int(n), handlertest.Str("o")),
		s.tables[1].Insert(handlertest.Int(n), handlertest.Str("first")),
		s.tables[1].Insert(handlertest.Int(n), handlertest.Str("second"))}
	return handlertest.Located(handlertest.Batch(uint64(10*id+9), s.tables, ops...), uint64(10*id))
}

// rows reads a table's files: the column id of each line.
func (s *site) rows(table string) []int {
	s.Helper()
	names, err := filepath.Glob(filepath.Join(s.home, "dirout", "shop."+table, "*"))
	if err != nil {
		s.Fatal(err)
	}
	var ids []int
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			s.Fatal(err)
		}
		if len(text) == 0 || text[len(text)-1] != '\n' {
			s.Fatalf("%s ends within a line", name)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
			id, err := strconv.Atoi(fields[len(fields)-2])
			if err != nil || len(fields) < 4 || fields[0] != "I" {
				s.Fatalf("%s holds %q", name, line)
			}
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// want compares both tables with the orders from 1 to last.
func (s *site) want(last int) {
	s.Helper()
	var orders, lines []int
	for id := range last {
		orders = append(orders, id+1)
		lines = append(lines, id+1, id+1)
	}
	if got := s.rows("orders"); !slices.Equal(got, orders) {
		s.Fatalf("orders %v, want 1 to %d", got, last)
	}
	if got := s.rows("lines"); !slices.Equal(got, lines) {
		s.Fatalf("lines %v, want two each of 1 to %d", got, last)
	}
}

func (s *site) apply(b *handler.Batch) *handler.Applied {
	s.Helper()
	applied, err := s.h.Apply(s.Context(), b)
	if err != nil {
		s.Fatal(err)
	}
	return applied
}

// TestFiles: what is applied is seen after its publication, goes on in the same
// file, survives a restart, and is named and told of as the properties say.
func TestFiles(t *testing.T) {
	s := newSite(t, "gg.handler.fw.publishInterval=1h\n")
	if at := s.open(); at != 0 {
		t.Fatalf("a group that never was here holds %d", at)
	}
	if applied := s.apply(s.order(1)); applied.Durable != nil {
		t.Fatal("durable before it is published")
	}
	s.want(0)
	applied := s.apply(&handler.Batch{Flush: handler.FlushAll})
	if applied.Durable == nil || *applied.Durable != handlertest.At(19) {
		t.Fatalf("durable %+v", applied.Durable)
	}
	s.want(1)
	s.apply(s.order(2))
	s.apply(&handler.Batch{Flush: handler.FlushAll})
	s.want(2)
	if err := s.h.Close(); err != nil {
		t.Fatal(err)
	}
	if at := s.open(); at != 29 {
		t.Fatalf("the files hold %d, want 29", at)
	}
	s.apply(s.order(3))
	s.apply(&handler.Batch{Flush: handler.FlushDue})
	s.want(2)
	for end := time.Now().Add(20 * time.Second); ; { // in a pause it is published
		if s.apply(&handler.Batch{Flush: handler.FlushDue}).Durable != nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("a pause publishes nothing")
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.want(3)
	names, err := filepath.Glob(filepath.Join(s.home, "dirout", "shop.*", "*"))
	if err != nil || len(names) != 2 || !strings.Contains(names[0], "shop.lines_20") {
		t.Fatalf("files %q, %v: the small ones are to be continued", names, err)
	}
}

// TestKilledAtAnyTime kills the plugin again and again while it works: every
// row is there once at the end, and a reader never sees a part of a transaction.
func TestKilledAtAnyTime(t *testing.T) {
	s := newSite(t, "gg.handler.fw.mergeBelow=2k\n")
	last := 0
	for round := range 12 {
		at := s.open()
		if at < uint64(10*last) && at != 0 {
			t.Fatalf("round %d: the files hold %d, %d was durable", round, at, last)
		}
		s.want(int(at / 10))
		victim := s.h
		killed := make(chan struct{})
		last = s.work(int(at/10), victim, func() {
			defer close(killed)
			time.Sleep(time.Duration(round*round) * time.Millisecond)
			handlertest.KillProcess(victim)
		})
		<-killed
	}
	at := s.open()
	s.want(int(at / 10))
	if at < 240 {
		t.Fatalf("only %d was reached: the test tests nothing", at)
	}
	left, err := filepath.Glob(filepath.Join(s.home, "dirout", "_ogg_tmp", "*", "*"))
	if err != nil || len(left) != 1 {
		t.Fatalf("temporary folders %q, %v", left, err)
	}
}

// work applies orders until the plugin is gone, and gives the last durable one.
// After two publications kill runs beside it.
func (s *site) work(done int, h *handler.Client, kill func()) (durable int) {
	published := 0
	for id := done + 1; ; id++ {
		applied, err := h.Apply(s.Context(), s.order(id))
		if err != nil {
			var e *handler.ApplyError
			if !errors.As(err, &e) || e.Class != handler.Connection {
				s.Errorf("order %d: %v", id, err)
			}
			return durable
		}
		if applied.Durable != nil {
			if published++; published == 2 {
				go kill()
			}
			durable = int(applied.Durable.RBA / 10)
			if got := s.rows("orders"); len(got) != durable {
				s.Errorf("%d orders are durable, %d can be read", durable, len(got))
			}
		}
	}
}

// TestSecondProcess: a handler that was replaced can publish nothing more.
func TestSecondProcess(t *testing.T) {
	s := newSite(t, "gg.handler.fw.publishInterval=1h\n")
	s.open()
	first := s.h
	s.apply(s.order(1))
	s.open()
	_, err := first.Apply(t.Context(), &handler.Batch{Flush: handler.FlushAll})
	var e *handler.ApplyError
	if !errors.As(err, &e) || e.Class != handler.Setup {
		t.Fatalf("the first process: %v", err)
	}
	s.want(0)
	s.apply(s.order(1))
	s.apply(&handler.Batch{Flush: handler.FlushAll})
	s.want(1)
}
