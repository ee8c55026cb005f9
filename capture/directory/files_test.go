package directory

import (
	"fmt"
	"os"
	"testing"
	"time"

	"ggsh/ggserr"
)

// fate is something that happens to a file, and what comes of it.
type fate struct {
	name string
	do   func(s *stage)
	want string
	fail string
}

// fates are done to a directory of which a.csv was read up to its second line.
func fates() []fate {
	return []fate{
		{name: "grown", do: func(s *stage) { s.write("a.csv", "3\n4\n") }, want: "a.csv:4[3 4]"},
		{name: "half a line", do: func(s *stage) { s.write("a.csv", "3") }, want: ""},
		{name: "line finished", do: func(s *stage) { s.write("a.csv", "3"); s.write("a.csv", "3\n") },
			want: "a.csv:4[33]"},
		{name: "new file", do: func(s *stage) { s.write("b.csv", "x\n") }, want: "b.csv:0[x]"},
		{name: "empty file", do: func(s *stage) { s.write("b.csv", "") }, want: ""},
		{name: "hidden file", do: func(s *stage) { s.write(".b.csv", "x\n") }, want: ""},
		{name: "renamed", do: func(s *stage) { s.do(os.Rename(s.path("a.csv"), s.path("z.csv"))) }, want: ""},
		{name: "renamed and grown", do: func(s *stage) {
			s.do(os.Rename(s.path("a.csv"), s.path("z.csv")))
			s.write("z.csv", "3\n")
		}, want: "z.csv:4[3]"},
		{name: "rotated", do: func(s *stage) {
			s.write("a.csv", "3\n")
			s.do(os.Rename(s.path("a.csv"), s.path("a.csv.1")))
			s.do(os.Chtimes(s.path("a.csv.1"), time.Time{}, time.Now().Add(-time.Hour)))
			s.write("a.csv", "4\n")
		}, want: "a.csv.1:4[3] a.csv:0[4]"},
		{name: "removed", do: func(s *stage) { s.do(os.Remove(s.path("a.csv"))) }, want: ""},
		{name: "replaced", do: func(s *stage) {
			s.write("new", "1\n2\n3\n")
			s.do(os.Rename(s.path("new"), s.path("a.csv")))
		}, want: "a.csv:0[1 2 3]"},
		{name: "removed and made again", do: func(s *stage) {
			s.do(os.Remove(s.path("a.csv")))
			s.write("a.csv", "5\n")
		}, want: "a.csv:0[5]"},
		{name: "truncated", do: func(s *stage) { s.do(os.Truncate(s.path("a.csv"), 2)) },
			fail: "up to offset 4, and it now has 2 octets: it was truncated"},
		{name: "overwritten", do: func(s *stage) {
			s.do(os.WriteFile(s.path("a.csv"), []byte("8\n9\n10\n"), 0o600))
		}, fail: "it was overwritten"},
		{name: "copied and truncated", do: func(s *stage) {
			text, err := os.ReadFile(s.path("a.csv"))
			s.do(err)
			s.do(os.WriteFile(s.path("copy"), text, 0o600))
			s.do(os.Truncate(s.path("a.csv"), 0))
		}, fail: "it was truncated"},
		{name: "brought back by a copy", do: func(s *stage) {
			st, err := os.Stat(s.path("a.csv"))
			s.do(err)
			s.write("c", "1\n2\n")
			s.do(os.Chtimes(s.path("c"), time.Time{}, st.ModTime()))
			s.do(os.Remove(s.path("a.csv")))
			s.do(os.Rename(s.path("c"), s.path("a.csv")))
		}, want: ""},
		{name: "a directory", do: func(s *stage) { s.do(os.Mkdir(s.path("d"), 0o700)) }, want: ""},
		{name: "second name", do: func(s *stage) {
			s.write("a.csv", "3\n")
			s.do(os.Link(s.path("a.csv"), s.path("b.csv")))
		}, want: "a.csv:4[3]"},
	}
}

// TestFiles plays each fate once while the capture runs and once while it is stopped.
func TestFiles(t *testing.T) {
	for _, c := range fates() {
		for _, running := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/running=%t", c.name, running), func(t *testing.T) {
				s := newStage(t)
				s.write("a.csv", "1\n2\n")
				s.open()
				s.want(s.read(), "a.csv:0[1 2]")
				if !running {
					s.source.Close()
				}
				c.do(s)
				err := error(nil)
				if !running {
					err = s.tryOpen()
				}
				if c.fail != "" {
					if err == nil {
						_, err = s.tryRead()
					}
					s.failed(err, ggserr.SourceChanged, "a.csv", c.fail)
					return
				}
				s.do(err)
				s.want(s.read(), c.want)
				s.want(s.read(), "")
				if len(s.warnings) > 0 {
					t.Errorf("warnings %q", s.warnings)
				}
				s.open()
				s.want(s.read(), "")
			})
		}
	}
}
