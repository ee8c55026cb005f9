package streams

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ggsh/tests/rig"
)

// TestFilesKilled: files grow, are renamed and removed while the Extract, which writes
// two trails, is killed. Each trail has each line once, in the order of its file.
func TestFilesKilled(t *testing.T) {
	h := rig.NewHome(t, bin, restart...)
	dir := filepath.Join(h.Dir, "dirin")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	h.Write("dirprm/edir.prm", `EXTRACT edir
SOURCEDB directory:./dirin
TRANLOGOPTIONS FILES 'a*', TABLENAME a, COLUMNS (source VARCHAR(10), n BIGINT, pad TEXT), NOHEADER
TRANLOGOPTIONS FILES 'b*', FORMAT JSON, TABLENAME b, BATCHROWS 7
FLUSHCSECS 10
CHECKPOINTSECS 1
EXTTRAIL ./dirdat/l1
TABLE f.*;
EXTTRAIL ./dirdat/l2
TABLE f.*;
`)
	h.Run("start mgr", "add extract edir, tranlog, begin earliest",
		"add exttrail ./dirdat/l1, extract edir, megabytes 1",
		"add exttrail ./dirdat/l2, extract edir, megabytes 1", "start edir")
	r := rand.New(rand.NewPCG(*seed, 1))
	w := &writer{t: t, dir: dir, r: rand.New(rand.NewPCG(*seed, 2)), lines: map[string]int{}}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		w.write(stop)
	}()
	killing(t, h, "extract", r, func() bool { return true })
	close(stop)
	<-stopped
	total := 0
	for _, n := range w.lines {
		total += n
	}
	for _, name := range []string{"l1", "l2"} {
		rows := settled(t, h, "edir", name, total)
		next := map[string]int{}
		for _, row := range rows {
			source := row.values["source"]
			if row.values["n"] != fmt.Sprint(next[source]) {
				t.Fatalf("trail %s has line %s of %s where %d should be", name, row.values["n"], source, next[source])
			}
			next[source]++
		}
		if len(rows) != total {
			t.Errorf("trail %s has %d rows of %d lines", name, len(rows), total)
		}
	}
	t.Logf("%d lines in %d sources", total, len(w.lines))
	if out := h.Run("info edir, showch"); !strings.Contains(out, "File: ") || !strings.Contains(out, "offset") {
		t.Errorf("INFO shows no files:\n%s", out)
	}
}

// writer appends numbered lines to files of two forms, and renames them.
type writer struct {
	t     *testing.T
	dir   string
	r     *rand.Rand
	lines map[string]int // by source: a file keeps its source when it is renamed
	files int
}

func (w *writer) write(stop chan struct{}) {
	open := map[string]*os.File{}
	defer func() {
		for _, f := range open {
			f.Close()
		}
	}()
	for {
		select {
		case <-stop:
			return
		default:
		}
		source := []string{"a", "b"}[w.r.IntN(2)] + fmt.Sprint(w.r.IntN(3))
		if open[source] == nil {
			w.files++
			f, err := os.OpenFile(filepath.Join(w.dir, fmt.Sprintf("%s-%d", source, w.files)),
				os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
			if err != nil {
				w.t.Error(err)
				return
			}
			open[source] = f
		}
		w.append(open[source], source)
		if w.r.IntN(60) == 0 { // rotated: the next lines go to another file
			f := open[source]
			if err := os.Rename(f.Name(), f.Name()+".done"); err != nil {
				w.t.Error(err)
			}
			f.Close()
			open[source] = nil
			time.Sleep(20 * time.Millisecond) // so that the files' times are in the lines' order
		}
		time.Sleep(time.Duration(w.r.IntN(3)) * time.Millisecond)
	}
}

// append writes some lines, in pieces that end anywhere.
func (w *writer) append(f *os.File, source string) {
	var text strings.Builder
	for range 1 + w.r.IntN(40) {
		pad := strings.Repeat("x", w.r.IntN(200))
		if source[0] == 'a' {
			fmt.Fprintf(&text, "%s,%d,\"%s\n\"\n", source, w.lines[source], pad)
		} else {
			fmt.Fprintf(&text, "{\"source\":%q,\"n\":%d,\"pad\":%q}\n", source, w.lines[source], pad)
		}
		w.lines[source]++
	}
	for s := text.String(); s != ""; {
		n := 1 + w.r.IntN(len(s))
		if _, err := f.WriteString(s[:n]); err != nil {
			w.t.Error(err)
			return
		}
		s = s[n:]
	}
}
