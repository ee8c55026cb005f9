package mysql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// gtid is one global transaction id of either flavor; zero where there is none.
type gtid struct {
	source string // MySQL: uuid, or uuid:tag
	number uint64
	domain uint32 // MariaDB
	server uint32 // MariaDB
}

func (g gtid) isZero() bool { return g.number == 0 }

// String prints 0-1-123 or uuid:123.
func (g gtid) String() string {
	if g.source != "" {
		return g.source + ":" + strconv.FormatUint(g.number, 10)
	}
	b := strconv.AppendUint(nil, uint64(g.domain), 10)
	b = strconv.AppendUint(append(b, '-'), uint64(g.server), 10)
	return string(strconv.AppendUint(append(b, '-'), g.number, 10))
}

// gtidSet is what was committed up to a place: for MariaDB the last transaction of
// each domain, for MySQL intervals of each source.
type gtidSet struct {
	domains map[uint32]gtid
	sources map[string][]interval
	order   []string // the keys of sources, sorted
	// other caches the text of all sources but the one that changes.
	other, otherThan string
}

// interval is from..to, both included.
type interval struct{ from, to uint64 }

func newGTIDSet() *gtidSet {
	return &gtidSet{domains: map[uint32]gtid{}, sources: map[string][]interval{}}
}

// parseGTIDSet reads the server's text; empty gives an empty set.
func parseGTIDSet(s string) (*gtidSet, error) {
	set := newGTIDSet()
	for _, part := range strings.Split(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		var err error
		if strings.Contains(part, ":") {
			err = set.parseSource(part)
		} else {
			err = set.parseDomain(part)
		}
		if err != nil {
			return nil, fmt.Errorf("GTID set %q: %w", s, err)
		}
	}
	return set, nil
}

// parseDomain reads domain-server-number.
func (s *gtidSet) parseDomain(text string) error {
	var n [3]uint64
	fields := strings.Split(text, "-")
	if len(fields) != len(n) {
		return fmt.Errorf("%q is not domain-server-number", text)
	}
	for i, f := range fields {
		bits := 32
		if i == 2 {
			bits = 64
		}
		var err error
		if n[i], err = strconv.ParseUint(f, 10, bits); err != nil {
			return fmt.Errorf("%q is not domain-server-number", text)
		}
	}
	s.add(gtid{domain: uint32(n[0]), server: uint32(n[1]), number: n[2]})
	return nil
}

// parseSource reads uuid[:tag]:interval[:interval]..., tags changing on the way.
func (s *gtidSet) parseSource(text string) error {
	fields := strings.Split(strings.ToLower(text), ":")
	source := strings.TrimSpace(fields[0])
	key := source
	for _, f := range fields[1:] {
		f = strings.TrimSpace(f)
		if f == "" || f[0] < '0' || f[0] > '9' {
			key = source + ":" + f
			continue
		}
		low, high, two := strings.Cut(f, "-")
		if !two {
			high = low
		}
		from, err1 := strconv.ParseUint(low, 10, 63)
		to, err2 := strconv.ParseUint(high, 10, 63)
		if err1 != nil || err2 != nil || from == 0 || to < from {
			return fmt.Errorf("%q is not an interval", f)
		}
		s.addInterval(key, interval{from, to})
	}
	return nil
}

// add notes one transaction.
func (s *gtidSet) add(g gtid) {
	if g.isZero() {
		return
	}
	if g.source == "" {
		s.domains[g.domain] = g
		return
	}
	if g.source != s.otherThan {
		s.otherThan = ""
	}
	list := s.sources[g.source]
	if n := len(list); n > 0 && list[n-1].to+1 == g.number {
		list[n-1].to++
		return
	}
	s.addInterval(g.source, interval{g.number, g.number})
}

func (s *gtidSet) addInterval(source string, add interval) {
	list, known := s.sources[source]
	if !known {
		s.order = append(s.order, source)
		slices.Sort(s.order)
		s.otherThan = ""
	}
	if source != s.otherThan {
		s.otherThan = ""
	}
	at, _ := slices.BinarySearchFunc(list, add.from, func(i interval, from uint64) int {
		return int(min(max(int64(i.from)-int64(from), -1), 1))
	})
	list = slices.Insert(list, at, add)
	merged := list[:0]
	for _, i := range list {
		if n := len(merged); n > 0 && i.from <= merged[n-1].to+1 {
			merged[n-1].to = max(merged[n-1].to, i.to)
			continue
		}
		merged = append(merged, i)
	}
	s.sources[source] = merged
}

// contains reports whether g was committed.
func (s *gtidSet) contains(g gtid) bool {
	if g.isZero() {
		return false
	}
	if g.source == "" {
		d, ok := s.domains[g.domain]
		return ok && d.number >= g.number
	}
	for _, i := range s.sources[g.source] {
		if g.number >= i.from && g.number <= i.to {
			return true
		}
	}
	return false
}

// union adds another set; of a MariaDB domain the higher number counts.
func (s *gtidSet) union(t *gtidSet) {
	for d, g := range t.domains {
		if g.number > s.domains[d].number {
			s.domains[d] = g
		}
	}
	for source, list := range t.sources {
		for _, i := range list {
			s.addInterval(source, i)
		}
	}
}

// missing names what of t is not in s; empty when all of it is.
func (s *gtidSet) missing(t *gtidSet) string {
	for _, g := range t.domains {
		if !s.contains(g) {
			return g.String()
		}
	}
	for source, list := range t.sources {
		for _, i := range list {
			if !s.covers(source, i) {
				return string(appendSource(nil, source, []interval{i}))
			}
		}
	}
	return ""
}

func (s *gtidSet) covers(source string, want interval) bool {
	for _, i := range s.sources[source] {
		if i.from <= want.from && i.to >= want.to {
			return true
		}
	}
	return false
}

// equal compares two sets of one flavor.
func (s *gtidSet) equal(t *gtidSet) bool { return s.text() == t.text() }

func (s *gtidSet) isEmpty() bool { return len(s.domains) == 0 && len(s.sources) == 0 }

// text prints the set as the server does.
func (s *gtidSet) text() string { return s.textAfter(gtid{}) }

// textAfter prints the set; the text of all sources but the one of g is kept for
// the next call, because one source changes and others stand still.
func (s *gtidSet) textAfter(g gtid) string {
	if len(s.sources) == 0 {
		return s.domainText()
	}
	if g.source == "" || s.otherThan != g.source {
		s.otherThan, s.other = g.source, s.sourceText(g.source)
	}
	if g.source == "" {
		return s.other
	}
	own := appendSource(nil, g.source, s.sources[g.source])
	if s.other != "" {
		own = append(append(own, ','), s.other...)
	}
	return string(own)
}

func (s *gtidSet) sourceText(except string) string {
	var b []byte
	for _, source := range s.order {
		if source == except {
			continue
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = appendSource(b, source, s.sources[source])
	}
	return string(b)
}

func appendSource(b []byte, source string, list []interval) []byte {
	b = append(b, source...)
	for _, i := range list {
		b = strconv.AppendUint(append(b, ':'), i.from, 10)
		if i.to > i.from {
			b = strconv.AppendUint(append(b, '-'), i.to, 10)
		}
	}
	return b
}

func (s *gtidSet) domainText() string {
	if len(s.domains) == 1 {
		for _, g := range s.domains {
			return g.String()
		}
	}
	keys := make([]uint32, 0, len(s.domains))
	for d := range s.domains {
		keys = append(keys, d)
	}
	slices.Sort(keys)
	parts := make([]string, len(keys))
	for i, d := range keys {
		parts[i] = s.domains[d].String()
	}
	return strings.Join(parts, ",")
}

func (s *gtidSet) clone() *gtidSet {
	t := newGTIDSet()
	for d, g := range s.domains {
		t.domains[d] = g
	}
	for source, list := range s.sources {
		t.sources[source] = slices.Clone(list)
	}
	t.order = slices.Clone(s.order)
	return t
}
