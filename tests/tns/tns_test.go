package tns

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestNumbersThereAndBack(t *testing.T) {
	for _, s := range []string{"0", "1", "-1", "10", "99", "100", "101", "-100", "123456789", "0.1", "0.01",
		"0.001", "-0.05", "1.5", "12.34", "123.456", "-123.4567", "1000000000000000000000000000000",
		"99999999999999999999999999999999999999", "-99999999999999999999999999999999999999",
		"0.00000000000000000000000000000000000001"} {
		b, err := appendNumber(nil, s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if got, err := numberText(b); got != s || err != nil {
			t.Errorf("%s: % x is %s, %v", s, b, got, err)
		}
	}
	// As a server of Oracle stores them.
	for s, want := range map[string]string{"1": "c102", "-1": "3e6466", "0": "80", "10": "c10b", "100": "c202",
		"0.1": "c00b", "123456.789": "c30d23394f5b", "1.5e3": "c210", "-5": "3e6066"} {
		if b, err := appendNumber(nil, s); fmt.Sprintf("%x", b) != want || err != nil {
			t.Errorf("%s is % x, %v, want %s", s, b, err, want)
		}
	}
	for _, s := range []string{"", "x", "1x", "--1", "1e", "1e2000", ".", "1.2.3", "1e130"} {
		if b, err := appendNumber(nil, s); err == nil {
			t.Errorf("%q became % x", s, b)
		}
	}
}

func TestOtherValuesThereAndBack(t *testing.T) {
	at := time.Date(2024, 2, 29, 23, 59, 58, 123456789, time.FixedZone("", -(9*3600+1800)))
	got, err := parseTime(appendTimeTZ(nil, at))
	if _, offset := got.Zone(); err != nil || !got.Equal(at) || offset != -34200 {
		t.Errorf("got %v, %v", got, err)
	}
	for _, f := range []float64{0, 1, -1, 1e300, -1e-300, math.Inf(1), math.Inf(-1)} {
		if got, err := parseFloat(appendFloat(nil, math.Float64bits(f), 8)); got != f || err != nil {
			t.Errorf("%v: got %v, %v", f, got, err)
		}
	}
	for _, i := range []Interval{{Months: -27}, {Months: 13}, {Duration: -(49*time.Hour + 1500*time.Millisecond)},
		{Duration: 30 * 24 * time.Hour}} {
		b := appendDayInterval(nil, i.Duration)
		if i.Months != 0 {
			b = appendMonthInterval(nil, i.Months)
		}
		if got, err := parseInterval(b); got != i || err != nil {
			t.Errorf("%v: got %v, %v", i, got, err)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT ':x', \":y\", q'[:z']' /* :c */ FROM t WHERE a = :A -- :d\n AND b=:2": "query A 2",
		"insert into t values (:1, :1) returning rowid, n into :r, :n":                "returning 1 1 R> N>",
		"INSERT INTO t SELECT :a FROM u":                                              "A",
		"BEGIN :x := f(:y); SELECT a INTO :z FROM t WHERE b = :y; END;":               "block X> Y Z>",
		"begin p(:1, :2); end;":                                                       "block 1 2",
		"MERGE INTO t USING (SELECT :1 k FROM dual) ON (a=b)":                         "1",
		"(SELECT 1 FROM t WHERE :\"Mixed\" = 1)":                                      "query Mixed",
		"'":                                                                           "",
		":":                                                                           "",
	} {
		st := parse(sql)
		var words []string
		for _, w := range []struct {
			is   bool
			name string
		}{{st.query, "query"}, {st.block, "block"}, {st.returning, "returning"}} {
			if w.is {
				words = append(words, w.name)
			}
		}
		for _, b := range st.binds {
			if b.out {
				b.name += ">"
			}
			words = append(words, b.name)
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%s: got %s, want %s", sql, got, want)
		}
	}
}

// Whatever a client sends or leaves out, nothing of it is left after Close.
func TestNothingIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := Start(Config{Backend: &Script{}, Users: map[string]string{"A": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "x", "\x00\x3a\x00\x00\x01", strings.Repeat("\xff", 1000),
		connectPacket("(DESCRIPTION=)"), connectPacket("(X=)") + dataPacket("\x01\x06\x00x\x00\xff")} {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := s.Sessions(); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	// Goroutines of the standard library's own end a moment later.
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func connectPacket(data string) string {
	p := make([]byte, 70)
	binary.BigEndian.PutUint16(p, uint16(70+len(data)))
	p[4] = packetConnect
	binary.BigEndian.PutUint16(p[24:], uint16(len(data)))
	binary.BigEndian.PutUint16(p[26:], 70)
	return string(p) + data
}

func dataPacket(data string) string {
	p := binary.BigEndian.AppendUint32(nil, uint32(10+len(data)))
	return string(append(p, packetData, 0, 0, 0, 0, 0)) + data
}

// deaf takes what the server sends.
type deaf struct{ net.Conn }

func (deaf) Write(b []byte) (int, error)      { return len(b), nil }
func (deaf) SetWriteDeadline(time.Time) error { return nil }
func (deaf) Close() error                     { return nil }

// FuzzMessage: no message of a client makes the server panic, or take more memory than
// the message is long by a fixed factor.
func FuzzMessage(f *testing.F) {
	f.Add([]byte("\x03\x93\x01"))
	f.Add([]byte("\x03\x05\x01\x01\x01\x01\x0a"))
	f.Add([]byte("\x11\x69\x00\x01\x01\x01\x01\x01\x03\x0e\x00"))
	f.Add([]byte("\x03\x5e\x00\x02\x80\x21\x00\x01\x01\x08\x01\x01\x0d\x00\x00\x00\x01\x0a\x01\x0f\x00\x00" +
		strings.Repeat("\x00", 30) + "\x08SELECT 1" + strings.Repeat("\x00", 13)))
	f.Add([]byte("\x03\x60\x00\x01\x01\x28\x00\x00\x00\x00\x00\x00\x01\x01\x02"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l := newLink(deaf{})
		l.gone = true
		se := &session{server: &Server{config: Config{Charset: charsetUTF8,
			Logf: func(string, ...any) {}}}, link: l, cursors: map[uint64]*cursor{},
			lobs: map[uint64]*lob{}, logon: &logon{key: make([]byte, 32), salt: []byte{1}}}
		script := &Script{Answer: func(context.Context, Call) (*Result, error) {
			return &Result{Columns: []Column{{Name: "X", Type: Number}, {Name: "Y", Type: CLOB}},
				Rows: RowsOf([]any{"1", "x"}, []any{"1", nil})}, nil
		}}
		se.backend = &scripted{script}
		se.in.more = func() ([]byte, error) { return nil, io.EOF }
		script.open++
		for range 3 {
			se.in.begin(b)
			se.in.err = nil
			if err := se.answer(); err != nil {
				break
			}
		}
		se.end()
	})
}

func TestReaderStopsAtItsFirstError(t *testing.T) {
	var m message
	m.ub(300)
	m.sb(-127)
	m.octets([]byte(strings.Repeat("x", 70000)))
	m.twice(nil)
	r := &reader{more: func() ([]byte, error) { return nil, io.EOF }}
	r.begin(m)
	if a, b := r.ub(), r.ub(); a != 300 || b != 127 {
		t.Errorf("got %d, %d", a, b)
	}
	if got := r.octets(); len(got) != 70000 || !reflect.DeepEqual(r.twice(), []byte(nil)) || r.err != nil {
		t.Errorf("%d octets, %v", len(got), r.err)
	}
	if r.u8() != 0 || r.err != io.EOF || r.left() {
		t.Errorf("got %v", r.err)
	}
}
