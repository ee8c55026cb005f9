package logdump

import (
	"context"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"ggsh/trail"
)

// tally counts records of one table, or of all.
type tally struct {
	records, bytes int
	before, after  int
	kinds          map[string]int
}

func (t *tally) add(e *entry) {
	if t.kinds == nil {
		t.kinds = map[string]int{}
	}
	t.records++
	t.bytes += len(e.rec.Body)
	if e.rec.Type != trail.TypeOp {
		t.kinds[e.kind.name]++
		return
	}
	t.kinds[opText(&e.op)]++
	if e.op.Before != nil {
		t.before++
	}
	if e.op.After != nil {
		t.after++
	}
}

func (t *tally) print(s *Session) {
	s.printf("Total Data Bytes       %12d\n", t.bytes)
	if t.records > 0 {
		s.printf("  Avg Bytes/Record     %12d\n", t.bytes/t.records)
	}
	names := make([]string, 0, len(t.kinds))
	for n := range t.kinds {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		s.printf("%-22s %12d\n", n, t.kinds[n])
	}
	s.printf("Before Images          %12d\nAfter Images           %12d\n", t.before, t.after)
}

// counter is one COUNT command.
type counter struct {
	start, end time.Time
	table      string
	detail     bool
	trail      string

	all          tally
	tables       map[string]*tally
	transactions int
	bad          int
}

// options reads COUNT's arguments.
func (c *counter) options(s *Session, args []string) error {
	for len(args) > 0 {
		word := strings.ToUpper(args[0])
		if args = args[1:]; word == "DETAIL" {
			c.detail = true
			continue
		}
		if len(args) == 0 {
			return fmt.Errorf("%s needs a value", word)
		}
		n, err := 1, error(nil)
		switch word {
		case "START", "STARTTIME":
			c.start, n, err = s.timeArgument(args)
		case "END", "ENDTIME":
			c.end, n, err = s.timeArgument(args)
		case "FILE":
			c.table = args[0]
		case "LOGTRAIL", "LOG":
			c.trail = args[0]
		default:
			return fmt.Errorf("COUNT does not know %s", word)
		}
		if err != nil {
			return err
		}
		args = args[n:]
	}
	return nil
}

// timeArgument reads a time of one word, or of two: date and time of day.
func (s *Session) timeArgument(args []string) (time.Time, int, error) {
	if len(args) > 1 {
		if t, err := s.readTime(args[:2]); err == nil {
			return t, 2, nil
		}
	}
	t, err := s.readTime(args[:1])
	return t, 1, err
}

func (c *counter) wants(s *Session, e *entry) bool {
	at := e.time()
	if !c.start.IsZero() && (at.IsZero() || at.Before(c.start)) ||
		!c.end.IsZero() && (at.IsZero() || at.After(c.end)) {
		return false
	}
	return (c.table == "" || matchName(c.table, e.name)) && s.filter.admits(e)
}

// count counts from the present place to the file's end and stays where it is.
func (s *Session) count(ctx context.Context, args []string) error {
	c := &counter{tables: map[string]*tally{}}
	if err := c.options(s, args); err != nil {
		return err
	}
	file := s.file
	if c.trail != "" {
		var err error
		if file, err = s.scanner(c.trail); err != nil {
			return err
		}
		defer file.Close()
	} else if err := s.needFile(); err != nil {
		return err
	}
	at := file.RBA()
	for i := 0; ; i++ {
		if i%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		rec, err := file.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			s.printf("Counting stopped: %v\n", err)
			c.bad++
			break
		}
		if e := classify(rec); rec.Type != trail.TypeTxn && c.wants(s, &e) {
			c.add(&e)
		}
	}
	_, _, err := file.Seek(at)
	c.print(s, file.Path())
	return err
}

func (c *counter) add(e *entry) {
	c.all.add(e)
	if e.rec.Type != trail.TypeOp {
		return
	}
	if e.rec.Flags&trail.FlagFirst != 0 {
		c.transactions++
	}
	t := c.tables[e.name]
	if t == nil {
		t = &tally{}
		c.tables[e.name] = t
	}
	t.add(e)
}

func (c *counter) print(s *Session, path string) {
	s.printf("LogTrail %s has %d records\n", path, c.all.records)
	c.all.print(s)
	if c.transactions > 0 {
		s.printf("\nAverage of %d Transactions\n", c.transactions)
		s.printf("    Bytes/Trans .....  %12d\n", c.all.bytes/c.transactions)
		s.printf("    Records/Trans ...  %12d\n", c.all.records/c.transactions)
		s.printf("    Files/Trans .....  %12d\n", max(1, len(c.tables)/c.transactions))
	}
	if !c.detail {
		return
	}
	names := make([]string, 0, len(c.tables))
	for n := range c.tables {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		s.printf("\n%-46s Partition x0c\n", n)
		c.tables[n].print(s)
	}
}
