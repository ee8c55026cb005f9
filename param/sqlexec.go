package param

import (
	"time"

	"ggsh/ggserr"
)

// Standalone is a SQLEXEC that stands outside TABLE and MAP: at the start of the
// process, or Every so often, or OnExit.
type Standalone struct {
	Text   string
	Every  time.Duration // 0: once
	OnExit bool
	Error  string // IGNORE, REPORT, FATAL; empty: FATAL
	Pos    ggserr.Location
}

// ReadStandalone reads the SQLEXEC statements outside TABLE and MAP, in their order.
func ReadStandalone(f *File) ([]Standalone, error) {
	var out []Standalone
	var errs errorList
	for i := range f.Statements {
		st := &f.Statements[i]
		if st.faulty || st.Name != "SQLEXEC" {
			continue
		}
		c := st.cursor()
		c.more()
		out = append(out, c.standalone(st.Pos))
		errs = append(errs, c.errs...)
	}
	return out, errs.orNil()
}

func (c *cursor) standalone(at ggserr.Location) Standalone {
	s := Standalone{Pos: at, Text: c.texts()}
	for c.more() && len(c.errs) == 0 {
		switch {
		case c.word("EVERY"):
			n := c.count(1)
			unit := c.oneOf("SECONDS", "MINUTES", "HOURS", "DAYS")
			s.Every = time.Duration(n) * map[string]time.Duration{"SECONDS": time.Second,
				"MINUTES": time.Minute, "HOURS": time.Hour, "DAYS": 24 * time.Hour}[unit]
		case c.word("ONEXIT"):
			s.OnExit = true
		case c.word("ERROR"):
			s.Error = c.oneOf("IGNORE", "REPORT", "RAISE", "FINAL", "FATAL")
		case c.word("ID"):
			c.value("a name")
		case c.word("THREADS"):
			c.parens()
		default:
			c.unexpected("EVERY", "ONEXIT", "ERROR")
		}
	}
	if s.OnExit && s.Every > 0 {
		c.fail(at, "EVERY and ONEXIT exclude each other")
	}
	return s
}
