package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"ggsh/record"
	"ggsh/trail"
)

// filesStage brings a trail into a file: by replicat and its handler, two processes,
// and by a loop that does only what cannot be left out.
func filesStage(b *bench, h *harness) {
	rows := b.size(500_000)
	source := appendTrail(h, h.TempDir(), rows, 0)
	lines := lakeLines("filewriter", "pathMappingTemplate=./out")
	const own, loop = "ours", "one loop: read, format, write"
	r := h.alternate(b.rounds, "rows/s",
		contender{own, func() float64 {
			return float64(rows) / b.trailIntoFile(h, source.name, lines, rows)
		}},
		contender{loop, func() float64 {
			return float64(rows) / h.loopIntoFile(source.name, lines, rows)
		}})
	b.add(r.faster(fmt.Sprintf("%d MB of trail, %d rows, as delimited text", source.size/1e6, rows),
		"rows/s", own, loop, ""))
}

// trailIntoFile runs replicat from its start to its end.
func (b *bench) trailIntoFile(h *harness, source trail.Name, lines []string, rows int) float64 {
	home := b.home(h)
	name, err := trail.ParseName(filepath.Join(home.Dir, "dirdat", "tt"), 9)
	h.check(err)
	h.check(link(source.File(0), name.File(0)))
	home.Write("dirprm/f.props", strings.Join(lines, "\n")+"\n")
	home.Write("dirprm/rfile.prm", fmt.Sprintf("SPECIALRUN\nEND RUNTIME\nEXTFILE ./dirdat/tt\n"+
		"TARGETDB LIBFILE libggjava.so SET property=dirprm/f.props\nMAP %s.*, TARGET %s.*;\n",
		schema, schema))
	settle()
	began := timer()
	h.programToEnd(home, "replicat", "rfile")
	took := began()
	out := filepath.Join(home.Dir, "out", tableName+".txt")
	if n := h.countLines(out); n != rows {
		h.Fatalf("%s has %d rows of %d:\n%s", out, n, rows, home.Logs())
	}
	h.check(os.Remove(out))
	return took
}

// loopIntoFile does the same in one loop without promises.
func (h *harness) loopIntoFile(source trail.Name, lines []string, rows int) float64 {
	g := bigHome(h, "RFILE", lines...)
	format := g.format(h)
	settle()
	began := timer()
	r, err := trail.OpenTxnReader(source, trail.Position{}, trail.TxnOptions{})
	h.check(err)
	f, err := trail.Disk{}.Create(filepath.Join(g.Home, "out.txt"))
	h.check(err)
	w := bufio.NewWriterSize(f, 64<<10)
	var c record.Change
	var text []byte
	for n := 0; n < rows; {
		txn, err := r.Next()
		h.check(err)
		c.Txn = &txn.TxnInfo
		for {
			def, body, err := txn.Ops.Next()
			if err == io.EOF {
				break
			}
			h.check(err)
			h.check(record.DecodeOp(body, &c.Op))
			c.Def, c.Seqno, c.RBA = def, 1, uint64(n)
			text, err = format.Append(text[:0], &c)
			h.check(err)
			_, err = w.Write(text)
			h.check(err)
			n++
		}
	}
	h.check(w.Flush())
	h.check(f.Sync())
	took := began()
	h.check(f.Close())
	h.check(r.Close())
	h.check(os.RemoveAll(g.Home))
	return took
}

func (h *harness) countLines(path string) (n int) {
	f, err := os.Open(path)
	h.check(err)
	defer f.Close()
	for buf := make([]byte, 1<<20); ; {
		got, err := f.Read(buf)
		n += bytes.Count(buf[:got], []byte{'\n'})
		if err == io.EOF {
			return n
		}
		h.check(err)
	}
}
