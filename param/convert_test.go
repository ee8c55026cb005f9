package param

import (
	"strings"
	"testing"
)

// TestConvert: literals change their quotes, names and everything else stay.
func TestConvert(t *testing.T) {
	const old = `REPLICAT r
SETENV (ORACLE_SID="orcl")
TARGETDB hr, USERID u, PASSWORD "se cret"
-- "a remark"
MAP "HR"."Emp", TARGET hr.emp, KEYCOLS ("Id"),
  COLMAP (USEDEFAULTS, "Tgt Col" = "by ä ""x""", note = @STRCAT (first, "it's", last)), &
  FILTER (@STREQ (state, "CA") = 1), WHERE (name = "x");
`
	const want = `REPLICAT r
SETENV (ORACLE_SID="orcl")
TARGETDB hr, USERID u, PASSWORD "se cret"
-- "a remark"
MAP "HR"."Emp", TARGET hr.emp, KEYCOLS ("Id"),
  COLMAP (USEDEFAULTS, "Tgt Col" = 'by ä "x"', note = @STRCAT (first, 'it''s', last)), &
  FILTER (@STREQ (state, 'CA') = 1), WHERE (name = 'x');
`
	got, changes, err := Convert("r.prm", old, Options{})
	if err != nil || got != want {
		t.Fatalf("%v\n%s", err, got)
	}
	if len(changes) != 2 || changes[0].Line != 6 || !strings.Contains(changes[0].To, "'it''s'") {
		t.Errorf("%+v", changes)
	}
	if again, changes, err := Convert("r.prm", want, Options{}); again != want || len(changes) > 0 || err != nil {
		t.Errorf("a converted file is changed again: %+v, %v", changes, err)
	}
}

// TestConvertNames: keywords of old releases get their present names.
func TestConvertNames(t *testing.T) {
	got, changes, err := Convert("e.prm", "EXTRACT e\r\nEXTTRAIL ./dirdat/aa\r\n file hr.*;\r\n", Options{})
	if err != nil || got != "EXTRACT e\r\nEXTTRAIL ./dirdat/aa\r\n TABLE hr.*;\r\n" || len(changes) != 1 {
		t.Fatalf("%q, %+v, %v", got, changes, err)
	}
}

// TestConvertBroken: a file that cannot be read stays as it is.
func TestConvertBroken(t *testing.T) {
	const text = "REPLICAT r\nMAP a.b TARGET c.d, COLMAP (x = \"y\"\n"
	if got, _, err := Convert("r.prm", text, Options{}); err == nil || got != text {
		t.Fatalf("%q, %v", got, err)
	}
}

// FuzzConvert: what was converted once is not changed again.
func FuzzConvert(f *testing.F) {
	f.Add("REPLICAT r\nMAP a.b, TARGET c.d, COLMAP (x = \"y\"\"z\");\n")
	f.Fuzz(func(t *testing.T, text string) {
		once, _, err := Convert("r.prm", text, Options{Program: Replicat})
		if err != nil {
			return
		}
		twice, changes, err := Convert("r.prm", once, Options{Program: Replicat})
		if err == nil && twice != once {
			t.Fatalf("%q\n%q\n%+v", once, twice, changes)
		}
	})
}
