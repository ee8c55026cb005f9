package mysql

import (
	"strings"
	"testing"
)

func mustSet(t *testing.T, s string) *gtidSet {
	t.Helper()
	set, err := parseGTIDSet(s)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

const uuidA, uuidB = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"

func TestGTIDSetText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""}, {"0-1-5", "0-1-5"}, {"3-1-5,0-2-7", "0-2-7,3-1-5"},
		{uuidA + ":1-5:7", uuidA + ":1-5:7"}, {uuidA + ":7:1-5:6", uuidA + ":1-7"},
		{uuidB + ":1," + uuidA + ":2-3", uuidA + ":2-3," + uuidB + ":1"},
		{uuidA + ":1-3,\n" + uuidB + ":4", uuidA + ":1-3," + uuidB + ":4"},
		{uuidA + ":1-3:tag:4-5", uuidA + ":1-3," + uuidA + ":tag:4-5"},
		{strings.ToUpper(uuidA) + ":1", uuidA + ":1"},
	} {
		if got := mustSet(t, c.in).text(); got != c.want {
			t.Errorf("%q prints %q, want %q", c.in, got, c.want)
		}
	}
	for _, bad := range []string{"x", "0-1", "0-1-x", uuidA + ":", uuidA + ":5-1", uuidA + ":0"} {
		if set, err := parseGTIDSet(bad); err == nil && !set.isEmpty() {
			t.Errorf("%q is read as %q", bad, set.text())
		}
	}
}

func TestGTIDSetGrows(t *testing.T) {
	s := mustSet(t, uuidA+":1-5,"+uuidB+":1")
	for _, n := range []uint64{6, 7, 9} {
		s.add(gtid{source: uuidA, number: n})
	}
	if got, want := s.textAfter(gtid{source: uuidA}), uuidA+":1-7:9,"+uuidB+":1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s.add(gtid{source: uuidB, number: 2})
	s.add(gtid{source: uuidA, number: 8})
	if got, want := s.textAfter(gtid{source: uuidB}), uuidB+":1-2,"+uuidA+":1-9"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !s.contains(gtid{source: uuidA, number: 8}) || s.contains(gtid{source: uuidA, number: 10}) {
		t.Error("contains is wrong")
	}
	m := mustSet(t, "0-1-5")
	m.add(gtid{domain: 0, server: 2, number: 6})
	if m.text() != "0-2-6" || !m.contains(gtid{server: 9, number: 6}) || m.contains(gtid{domain: 1, number: 1}) {
		t.Errorf("MariaDB set is %s", m.text())
	}
}

func TestGTIDSetMissing(t *testing.T) {
	for _, c := range []struct{ have, want, missing string }{
		{"0-1-5", "0-1-5", ""}, {"0-1-5", "0-1-6", "0-1-6"}, {"0-1-5", "7-1-1", "7-1-1"},
		{uuidA + ":1-9", uuidA + ":1-5", ""}, {uuidA + ":1-4:6-9", uuidA + ":1-5", uuidA + ":1-5"},
	} {
		if got := mustSet(t, c.have).missing(mustSet(t, c.want)); got != c.missing {
			t.Errorf("%s lacks %q of %s, want %q", c.have, got, c.want, c.missing)
		}
	}
}

func TestRestartText(t *testing.T) {
	for _, r := range []restart{
		{Flavor: "mariadb", Server: "7", place: place{"binlog.000012", 1234}, GTID: "0-7-1"},
		{Flavor: "mysql", Server: uuidA, Epoch: 3, place: place{`odd "name".000001`, 1 << 40}},
		{Flavor: "mysql", Server: uuidA, place: place{"b.000002", 4}, GTID: uuidA + ":1-5",
			From: &restartFrom{place: place{"b.000001", 99}, GTID: uuidA + ":1-2"}},
	} {
		got, err := parseRestart(r.text())
		if err != nil {
			t.Fatal(err)
		}
		if got.text() != r.text() || got.place != r.place || got.GTID != r.GTID {
			t.Errorf("%s is read as %s", r.text(), got.text())
		}
	}
	for _, bad := range []string{"", "{}", `{"flavor":"mysql","file":"x.000001","pos":3}`} {
		if _, err := parseRestart(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestPlaceOrder(t *testing.T) {
	a, b := place{"b.000009", 500}, place{"b.000010", 4}
	if !b.after(a) || a.after(b) || a.after(a) {
		t.Error("places do not follow their files' numbers")
	}
	if a.csn(0).Compare(b.csn(0)) >= 0 || b.csn(0).Compare(a.csn(1)) >= 0 {
		t.Error("numbers do not rise with place and epoch")
	}
}
