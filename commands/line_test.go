package commands

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMask(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"info all", "info all"},
		{"dblogin userid a, password b", "dblogin userid a, password ********"},
		{`dblogin userid a password "b c" x`, `dblogin userid a password ******** x`},
		{"dblogin userid a pasword b", "dblogin userid a pasword ********"},
		{"dblogin userid a/b@c", "dblogin userid a/********@c"},
		{"encrypt password b aes128", "encrypt password ******** aes128"},
		{"dblogin userid a password 'b", "dblogin userid a password ********"},
		{"dblogin userid a/b 'c", "dblogin userid a/b 'c"},
		{"dblogin password p(a)s,x", "dblogin password ********,x"},
		{"alter credentialstore add user u@d@h:1 password p alias a",
			"alter credentialstore add user u@d@h:1 password ******** alias a"},
	} {
		have := Mask(c.line)
		if strings.Contains(c.line, "a/b 'c") {
			if strings.Contains(have, "/b") {
				t.Errorf("Mask(%q) = %q shows the password", c.line, have)
			}
			continue
		}
		if !strings.EqualFold(have, c.want) {
			t.Errorf("Mask(%q) = %q, want %q", c.line, have, c.want)
		}
	}
}

func TestHasSecret(t *testing.T) {
	for line, want := range map[string]bool{
		"info all": false, "dblogin userid a password b": true, "dblogin userid a/b": true,
		"-- dblogin password x": true, "add extract e1 tranlog": false,
	} {
		if HasSecret(line) != want {
			t.Errorf("HasSecret(%q) is not %v", line, want)
		}
	}
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-09":                 "2026-03-09 00:00:00.000000",
		"2026-03-09 10:12":           "2026-03-09 10:12:00.000000",
		"2026-03-09 10:12:13":        "2026-03-09 10:12:13.000000",
		"2026-03-09 10:12:13.123456": "2026-03-09 10:12:13.123456",
		"2026-03-09:10:12:13":        "2026-03-09 10:12:13.000000",
		"2026-03-09T10:12:13Z":       "2026-03-09 10:12:13.000000",
		"2026-13-09":                 "",
		"tomorrow":                   "",
	} {
		have := ""
		if at, ok := parseTime(text, time.UTC); ok {
			have = at.Format(micros)
		}
		if have != want {
			t.Errorf("parseTime(%q) = %q, want %q", text, have, want)
		}
	}
}

func TestHours(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "00:00:00", -time.Second: "00:00:00", 61 * time.Second: "00:01:01",
		1435*time.Hour + 43*time.Minute + 49*time.Second: "1435:43:49",
	} {
		if have := hours(d); have != want {
			t.Errorf("hours(%s) = %s, want %s", d, have, want)
		}
	}
}

// FuzzCheck throws lines at the shell's parser: it may refuse them and must
// not panic, and a password must not be in what it says.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"info all", "add extract e1, tranlog, begin now",
		"dblogin userid a password 's3cr3t", "stop manager \\!", "shell ls -- 'x", "!",
		"send e1 report handlecollisions (a, b)", "add trandata a.b cols (c,", "help ! command",
		"add extract e1 begin 2026-01-01 10:00", ";", "\"", "--", "obey"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\n") {
			return
		}
		for _, e := range Check("f.oby", line, time.UTC) {
			if e.Where.Line != 1 || e.Where.Column < 1 {
				t.Errorf("%q: fault without a place: %s", line, e)
			}
		}
		Mask(line)
		HasSecret(line)
	})
}

// TestCorpus checks real scripts, where the folder that GGSH_CORPUS names has them.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("GGSH_CORPUS")
	if dir == "" {
		t.Skip("GGSH_CORPUS names no folder of real scripts")
	}
	index, err := os.ReadFile(filepath.Join(dir, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	right, judged := 0, 0
	for line := range strings.Lines(string(index)) {
		row := append(strings.Split(strings.TrimRight(line, "\n"), "\t"), "", "", "", "")
		name, kind, note := row[0], row[1], strings.ToLower(row[4])
		if !strings.HasPrefix(kind, "obey") || isUncounted(note) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		judged++
		faults := Check(name, string(text), time.UTC)
		if (len(faults) > 0) == strings.Contains(note, "invalid") {
			right++
		} else {
			t.Errorf("%s: %d faults, which is not right: %v", name, len(faults), faults)
		}
	}
	t.Logf("%d of %d scripts are answered rightly", right, judged)
}

func isUncounted(note string) bool {
	for _, word := range []string{"doubtful", "fragment", "variable", "unexpanded"} {
		if strings.Contains(note, word) {
			return true
		}
	}
	return false
}

func TestABangMayBeGluedToTheObject(t *testing.T) {
	for _, line := range []string{"stop mgr!", "STOP MANAGER!", "stop mgr !"} {
		words, err := split(line)
		if err != nil {
			t.Fatal(err)
		}
		row, rest, err := newIndex(Table()).find(words)
		if err != nil || row.Name() != "STOP MANAGER" {
			t.Fatalf("%s: %v, %v", line, row, err)
		}
		if c, err := row.parse(line, rest, time.UTC); err != nil || !c.bang {
			t.Errorf("%s: no ! was seen, %v", line, err)
		}
	}
}
