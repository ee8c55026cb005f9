package process

import (
	"strconv"
	"strings"

	"ggsh/control"
)

// statKinds are the counters that @GETENV STATS knows.
var statKinds = map[string]func(c *control.Counts) int64{
	"INSERT":   func(c *control.Counts) int64 { return c.Inserts },
	"UPDATE":   func(c *control.Counts) int64 { return c.Updates },
	"DELETE":   func(c *control.Counts) int64 { return c.Deletes },
	"UPSERT":   func(c *control.Counts) int64 { return c.Upserts },
	"TRUNCATE": func(c *control.Counts) int64 { return c.Truncates },
	"DML":      func(c *control.Counts) int64 { return c.Operations() - c.DDL },
	"DDL":      func(c *control.Counts) int64 { return c.DDL },
	"TOTAL":    func(c *control.Counts) int64 { return c.Operations() },
	"DISCARDS": func(c *control.Counts) int64 { return c.Discards },
	"IGNORES":  func(c *control.Counts) int64 { return c.Ignores },
	"COLLISIONS": func(c *control.Counts) int64 {
		return c.InsertCollisions + c.UpdateCollisions + c.DeleteCollisions
	},
	"CDR_CONFLICTS": func(c *control.Counts) int64 {
		return c.Conflicts.Resolved + c.Conflicts.Failed
	},
	"CDR_RESOLUTIONS_SUCCEEDED": func(c *control.Counts) int64 { return c.Conflicts.Resolved },
	"CDR_RESOLUTIONS_FAILED":    func(c *control.Counts) int64 { return c.Conflicts.Failed },
}

// Fact answers @GETENV STATS and DELTASTATS, of all tables or of one, and
// RECSOUTPUT. Counters grow when what they count is durable. The difference that
// DELTASTATS gives is to the last time that the same was asked. It belongs to the
// goroutine that maps.
func (p *Process) Fact(dst []byte, kind string, items []string) ([]byte, bool) {
	if kind == "RECSOUTPUT" {
		return strconv.AppendInt(dst, p.stats.Total(), 10), true
	}
	name := ""
	if len(items) == 3 && strings.EqualFold(items[0], "TABLE") {
		name, items = items[1], items[2:]
	}
	if kind != "STATS" && kind != "DELTASTATS" || len(items) != 1 {
		return dst, false
	}
	count, known := statKinds[items[0]]
	if !known {
		return dst, false
	}
	sum := int64(0)
	tables := p.stats.Snapshot().Tables
	for i := range tables {
		t := &tables[i]
		if name == "" || strings.EqualFold(name, t.Source) || strings.EqualFold(name, t.Target) {
			sum += count(&t.Total.Counts)
		}
	}
	if kind == "DELTASTATS" {
		key := name + " " + items[0]
		if p.asked == nil {
			p.asked = map[string]int64{}
		}
		before := p.asked[key]
		p.asked[key] = sum
		sum -= before
	}
	return strconv.AppendInt(dst, sum, 10), true
}
