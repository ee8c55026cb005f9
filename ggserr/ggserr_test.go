package ggserr

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCatalogIsSortedUniqueAndExplained(t *testing.T) {
	last := Number(0)
	for _, m := range Catalog() {
		if m.Number <= last {
			t.Errorf("%s stands after %s", m.Number, last)
		}
		last = m.Number
		if m.Text == "" {
			t.Errorf("%s has no text", m.Number)
		}
		if m.Severity == Fatal && m.Action == "" {
			t.Errorf("%s is an error without an action", m.Number)
		}
	}
}

func TestErrorNamesPlaceNumberCauseAndNextStep(t *testing.T) {
	e := New(BadParameter, "unknown parameter EXTRCT").At("dirprm/e.prm", 3, 7).
		Because(errors.New("no such word")).Do("Did you mean EXTRACT?")
	want := "dirprm/e.prm:3:7: OGG-00303  unknown parameter EXTRCT: no such word. Did you mean EXTRACT?"
	if e.Error() != want {
		t.Errorf("got  %s\nwant %s", e.Error(), want)
	}
	if NumberOf(e) != BadParameter || Numbered(errors.New("x")).Number != Generic {
		t.Error("numbers are not kept")
	}
}

func TestLogLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ggserr.log")
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.Local)
	l := NewLog(path, "ggsh Manager", "mgr.prm", func() time.Time { return at })
	if err := l.Write(ManagerStarted, 7809); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "2026-03-04 05:06:07  INFO    OGG-00983  ggsh Manager, mgr.prm:  Manager started (port 7809).\n"
	if string(b) != want {
		t.Errorf("got  %q\nwant %q", b, want)
	}
	if strings.Count(string(b), "\n") != 1 {
		t.Error("one event, one line")
	}
}

func TestToldSaysWhatToDoUnlessSomebodyCloserDid(t *testing.T) {
	own := New(LoginFailed, "h:1", "u").Because(errors.New("Access denied."))
	if got := own.Told(); !strings.HasSuffix(got, "Access denied. Check user, password and the user's privileges.") {
		t.Error(got)
	}
	closer := New(TrailWrite, "f").Because(New(Generic, "full").Do("Free space."))
	if got := closer.Told(); !strings.HasSuffix(got, "full. Free space.") {
		t.Error(got)
	}
	if e := New(GroupUp, "EXTRACT", "E"); e.Told() != e.Message() {
		t.Error(e.Told())
	}
}

func TestAllTellsEachOfJoinedErrors(t *testing.T) {
	one, two := New(BadParameter, "one"), New(BadParameter, "two").Because(errors.New("why"))
	plain := errors.New("plain")
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{one, "one"},
		{plain, "plain"},
		{errors.Join(one, fmt.Errorf("x: %w", two)), "one,two: why"},
		{fmt.Errorf("x: %w", errors.Join(one, errors.Join(two, one))), "one,two: why,one"},
		{errors.Join(plain, errors.New("too")), "plain\ntoo"},
	} {
		var got []string
		for _, e := range All(c.err) {
			got = append(got, e.Message())
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%v: %q", c.err, got)
		}
	}
}
