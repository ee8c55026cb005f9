package commands

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func viewReport(ctx context.Context, s *Session, c *call) (Value, error) {
	name := c.at("name")
	path := s.cfg.Home.Report(name, -1)
	if strings.Contains(name, "/") || strings.HasSuffix(strings.ToLower(name), ".rpt") {
		path = s.cfg.Home.Resolve(name)
		if !strings.Contains(name, "/") {
			path = s.cfg.Home.Join("dirrpt", name)
		}
	} else if groups, _ := s.load(ctx, bothTypes(), name); len(groups) == 1 {
		path = s.reportFile(groups[0])
	}
	return s.viewFile("report file", path, 0)
}

func viewDiscard(_ context.Context, s *Session, c *call) (Value, error) {
	name := c.at("name")
	path := s.cfg.Home.Discard(name, -1)
	if strings.Contains(name, "/") {
		path = s.cfg.Home.Resolve(name)
	}
	return s.viewFile("discard file", path, 0)
}

func viewEvents(_ context.Context, s *Session, c *call) (Value, error) {
	last := 0
	if c.has("LAST") {
		last = int(min(c.number("LAST", 0), 1<<20))
	}
	return s.viewFile("event log", s.cfg.Home.EventLog(), last)
}

// viewFile gives the end of a file, as much as a page holds: all of it, if it
// is not very large, or its last lines.
func (s *Session) viewFile(what, path string, last int) (Value, error) {
	if err := s.mayRead(path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, cannotOpen(what+" "+path, err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, cannotOpen(what+" "+path, err)
	}
	if st.IsDir() {
		return nil, refuse("%s is a directory.", path)
	}
	from := max(0, st.Size()-maxPage)
	b, err := io.ReadAll(io.NewSectionReader(f, from, st.Size()-from))
	if err != nil {
		return nil, cannotOpen(what+" "+path, err)
	}
	if from > 0 {
		_, b, _ = bytes.Cut(b, []byte("\n"))
	}
	return Page{Path: path, Content: lastLines(string(b), last)}, nil
}

// mayRead refuses files that a confined session must not show: those outside
// the home, wherever links lead, and those with secrets.
func (s *Session) mayRead(path string) error {
	if !s.cfg.Confined {
		return nil
	}
	home, err := filepath.EvalSymlinks(string(s.cfg.Home))
	if err != nil {
		return refuse("%s", err)
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return cannotOpen("file "+path, err)
	}
	inside, err := filepath.Rel(home, real)
	if err != nil || inside == ".." || strings.HasPrefix(inside, "../") {
		return refuse("The file %s is outside the home and is not shown here.", path)
	}
	switch top, _, _ := strings.Cut(inside, "/"); top {
	case "dircrd", "dirwlt", "dirpcs":
		return refuse("The file %s is not shown here.", path)
	}
	return nil
}

// lastLines cuts all but the last n lines off; n zero keeps all.
func lastLines(text string, n int) string {
	if n <= 0 {
		return text
	}
	at := len(strings.TrimSuffix(text, "\n"))
	for ; n > 0 && at >= 0; n-- {
		at = strings.LastIndexByte(text[:at], '\n')
	}
	return text[at+1:]
}

func viewRows() []Command {
	return []Command{
		{Verb: "VIEW", Object: "REPORT", Priority: P0, run: viewReport,
			Synopsis: "VIEW REPORT {group[n] | MGR | file}",
			Places:   []Arg{{Name: "name", Kind: Word, Help: "group, with a digit an aged report"}},
			Help: "Shows a group's report; with a digit from 0 to 9 glued to the name an older " +
				"one, 0 the youngest of them."},
		{Verb: "VIEW", Object: "DISCARD", Priority: P2, run: viewDiscard,
			Synopsis: "VIEW DISCARD {group[n] | file}",
			Places:   []Arg{{Name: "name", Kind: Word, Help: "group"}},
			Help:     "Shows a group's default discard file."},
		{Verb: "VIEW", Object: "GGSEVT", Priority: P0, run: viewEvents,
			Synopsis: "VIEW GGSEVT [LAST n]",
			Options:  []Arg{{Name: "LAST", Kind: Number, Help: "only the last n lines"}},
			Help:     "Shows the event log, ggserr.log."},
	}
}
