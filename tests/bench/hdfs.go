package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/handler/lake"
	"ggsh/handler/lake/disk"
	"ggsh/tests/services/server"
)

// fsShell is the main class of `hdfs dfs`.
const fsShell = "org.apache.hadoop.fs.FsShell"

// hadoop is a cluster, a feed, and a file with the bytes that the feed becomes.
type hadoop struct {
	h       *harness
	b       *bench
	cluster *server.HDFS
	feed    *feed
	bytes   int64
	plain   string // the file
	round   int
	// What is measured beside the turns' own figures, by the same names.
	whole, starts results
}

// hdfsStage writes rows as delimited text by the handler of HDFS, and the same bytes
// by Hadoop's own shell.
func hdfsStage(b *bench, h *harness) {
	server.Require(h, server.KindHDFS)
	s := &hadoop{h: h, b: b, feed: newFeed(b.size(400_000)), whole: results{}, starts: results{}}
	var err error
	s.cluster, err = server.StartHDFS(h.ctx, server.HDFSOptions{Java: server.ForSpeed(),
		Progress: h.progress})
	h.check(err)
	h.Cleanup(func() { h.soft(s.cluster.Close()) })
	b.machine.Hadoop = s.cluster.Version
	s.makePlain()
	const own, put = "ours", "FsShell -put"
	s.apply("not counted") // daemons that have just started compile what they run
	r := h.alternate(b.rounds, "MB/s", contender{own, func() float64 { return s.apply(own) }},
		contender{put, func() float64 { return s.put(put) }})
	s.compareSizes()
	what := fmt.Sprintf("%d MB of delimited text, %d rows", s.bytes/1e6, s.feed.rows)
	b.add(r.faster(what+", starts left out", "MB/s", own, put, ">= 0.8 x"),
		s.whole.faster(what+", starts included", "MB/s", own, put, ""),
		s.starts.lower("start: handler's process and its opening; shell that looks at /", "s", own, put, ""))
}

// soft notes an error and goes on.
func (h *harness) soft(err error) {
	if err != nil {
		h.Error(err)
	}
}

// lakeLines are properties of a handler of files: everything goes into one file, as
// it does with a put.
func lakeLines(kind string, more ...string) []string {
	lines := []string{"gg.handlerlist=f", "gg.handler.f.type=" + kind, "gg.handler.f.maxFileSize=8g"}
	for _, line := range append([]string{"format=delimitedtext", "format.fieldDelimiter=|",
		"publishInterval=0", "fileNameMappingTemplate=${tableName}.txt"}, more...) {
		lines = append(lines, "gg.handler.f."+line)
	}
	return lines
}

// makePlain writes the feed to a file of this machine, in this process.
func (s *hadoop) makePlain() {
	h := s.h
	g := bigHome(h, "RFILE", lakeLines("filewriter", "pathMappingTemplate=./out")...)
	to := lake.New(disk.Driver())
	g.open(h, to)
	h.give(to, s.feed)
	h.check(to.Close())
	s.plain = filepath.Join(g.Home, "out", tableName+".txt")
	st, err := os.Stat(s.plain)
	h.check(err)
	s.bytes = st.Size()
}

func (s *hadoop) rate(seconds float64) float64 { return float64(s.bytes) / seconds / 1e6 }

// note keeps what a contender took with its start, and the start.
func (s *hadoop) note(name string, whole, start float64) {
	s.whole[name] = append(s.whole[name], s.rate(whole))
	s.starts[name] = append(s.starts[name], start)
}

// apply launches a handler and gives it the feed.
func (s *hadoop) apply(name string) float64 {
	h := s.h
	s.round++
	g := bigHome(h, fmt.Sprint("RHDFS", s.round), append(lakeLines("hdfs",
		fmt.Sprintf("pathMappingTemplate=/bench/%d/data", s.round), "authType=none"),
		"gg.classpath="+s.cluster.ConfDir())...)
	settle()
	began := timer()
	to := s.b.plugin(h, "hdfs")
	g.open(h, to)
	start := began()
	took := h.give(to, s.feed)
	h.check(to.Close())
	s.note(name, start+took, start)
	return s.rate(took)
}

// put copies the file into the cluster, and measures a start before.
func (s *hadoop) put(name string) float64 {
	h := s.h
	shell := func(args ...string) float64 {
		began := timer()
		_, err := s.cluster.Measured(h.ctx, fsShell, args...)
		h.check(err)
		return began()
	}
	start := shell("-test", "-d", "/")
	whole := shell("-put", "-f", s.plain, "/bench/put.txt")
	s.note(name, whole, start)
	// A tiny file is not even a measurable part of a start.
	return s.rate(max(whole-start, 0.01))
}

// compareSizes makes sure that both have written the same.
func (s *hadoop) compareSizes() {
	h := s.h
	said, err := s.cluster.Shell(h.ctx, "-du", fmt.Sprintf("/bench/%d/data", s.round),
		"/bench/put.txt")
	h.check(err)
	var sizes []int64
	for line := range strings.Lines(said) {
		size, _, _ := strings.Cut(line, " ")
		if n, err := strconv.ParseInt(size, 10, 64); err == nil && strings.Contains(line, ".txt") {
			sizes = append(sizes, n)
		}
	}
	if len(sizes) != 2 || sizes[0] != s.bytes || sizes[1] != s.bytes {
		h.Fatalf("the files in HDFS have not %d bytes each:\n%s", s.bytes, said)
	}
}

// plugin launches a handler of this tree.
func (b *bench) plugin(h *harness, name string) *handler.Client {
	return handlertest.Launch(h, filepath.Join(b.binaries(), "plugins"), name)
}
