package logdump

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"ggsh/record"
	"ggsh/trail"
)

// filter chooses records. With INCLUDE conditions a record must meet one of
// them, or with MATCH ALL each; one that meets an EXCLUDE condition is left out.
type filter struct {
	enabled bool
	all     bool
	rules   []condition
}

type condition struct {
	exclude bool
	text    string
	met     func(*entry) bool
}

func (f *filter) admits(e *entry) bool {
	if !f.enabled {
		return true
	}
	includes, met := 0, 0
	for _, c := range f.rules {
		yes := c.met(e)
		if c.exclude {
			if yes {
				return false
			}
			continue
		}
		includes++
		if yes {
			met++
		}
	}
	if f.all {
		return met == includes
	}
	return met > 0 || includes == 0
}

func (f *filter) print(s *Session) {
	state, match := "DISABLED", "ANY"
	if f.enabled {
		state = "ENABLED"
	}
	if f.all {
		match = "ALL"
	}
	s.printf("Data filters are %s, match %s\n", state, match)
	for _, c := range f.rules {
		word := "Include"
		if c.exclude {
			word = "Exclude"
		}
		s.printf("%s %s\n", word, c.text)
	}
}

func (s *Session) setFilter(_ context.Context, args []string) error {
	if len(args) == 0 {
		s.filter.print(s)
		return nil
	}
	word, rest := strings.ToUpper(args[0]), args[1:]
	switch word {
	case "SHOW":
		s.filter.print(s)
	case "ON", "ENABLE":
		s.filter.enabled = true
	case "OFF", "DISABLE":
		s.filter.enabled = false
	case "CLEAR":
		s.filter.rules = nil
	case "MATCH":
		match, err := argument(rest, "FILTER MATCH ANY or ALL")
		if err != nil {
			return err
		}
		s.filter.all = strings.EqualFold(match, "ALL")
	case "INCLUDE", "INC", "EXCLUDE", "EXC":
		return s.addFilter(strings.HasPrefix(word, "EXC"), rest)
	default:
		return s.addFilter(false, args)
	}
	return nil
}

func (s *Session) addFilter(exclude bool, args []string) error {
	if len(args) < 2 {
		return errors.New("expected: FILTER INCLUDE kind value")
	}
	kind, values := strings.ToUpper(args[0]), args[1:]
	met, err := s.condition(kind, values)
	if err != nil {
		return err
	}
	s.filter.rules = append(s.filter.rules, condition{exclude: exclude, met: met,
		text: kind + " " + strings.Join(values, " ")})
	s.filter.enabled = true
	return nil
}

// condition makes the test for one kind of filter.
func (s *Session) condition(kind string, values []string) (func(*entry) bool, error) {
	value := strings.Join(values, " ")
	switch kind {
	case "ANSINAME", "FILENAME", "TABLE":
		return func(e *entry) bool { return anyName(values, e.name) }, nil
	case "RECTYPE", "IOTYPE":
		n, err := parseType(value)
		return func(e *entry) bool { return e.kind.number == n }, err
	case "STRING":
		return func(e *entry) bool { return bytes.Contains(e.rec.Body, []byte(value)) }, nil
	case "HEX":
		want, err := hex.DecodeString(strings.ReplaceAll(value, " ", ""))
		return func(e *entry) bool { return bytes.Contains(e.rec.Body, want) }, err
	case "TRANSID", "XID":
		return func(e *entry) bool { return e.rec.Txn != nil && e.rec.Txn.XID == value }, nil
	case "TRANSIND":
		return func(e *entry) bool {
			ind, word := e.transInd()
			return e.rec.Type == trail.TypeOp &&
				(fmt.Sprint(ind) == value || strings.EqualFold(word, value))
		}, nil
	case "STARTTIME", "ENDTIME":
		t, err := s.readTime(values)
		return func(e *entry) bool {
			at := e.time()
			return !at.IsZero() && (kind == "STARTTIME" && !at.Before(t) ||
				kind == "ENDTIME" && !at.After(t))
		}, err
	case "USERTOKEN":
		return userToken(values), nil
	case "CSN", "AUDITRBA", "RECLEN", "RBA", "SYSKEYLEN", "UNDOFLAG":
		return compareFilter(kind, values)
	}
	return nil, fmt.Errorf("no filter on %s", kind)
}

func anyName(patterns []string, name string) bool {
	for _, p := range patterns {
		if matchName(p, name) {
			return true
		}
	}
	return false
}

// matchName matches a table's name; * stands for any characters.
func matchName(pattern, name string) bool {
	ok, err := filepath.Match(strings.ToUpper(pattern), strings.ToUpper(name))
	return err == nil && ok
}

// userToken tests for a token by name, or name=value.
func userToken(values []string) func(*entry) bool {
	name, value, both := strings.Cut(strings.Join(values, ""), "=")
	return func(e *entry) bool {
		pairs, err := e.op.Tokens.Pairs()
		if err != nil {
			return false
		}
		for _, p := range pairs {
			if strings.EqualFold(p[0], name) && (!both || p[1] == value) {
				return true
			}
		}
		return false
	}
}

// compareFilter tests a number of the record: [=, <>, <, <=, >, >=] n.
func compareFilter(kind string, values []string) (func(*entry) bool, error) {
	text := strings.Join(values, "")
	sign := strings.TrimRight(text, "0123456789:xXabcdefABCDEF")
	want, err := record.ParseCSN(strings.TrimPrefix(text, sign))
	if err != nil {
		return nil, err
	}
	accept, ok := map[string][3]bool{"": {false, true, false}, "=": {false, true, false},
		"<>": {true, false, true}, "<": {true, false, false}, "<=": {true, true, false},
		">": {false, false, true}, ">=": {false, true, true}}[sign]
	if !ok {
		return nil, fmt.Errorf("%s is no comparison: =, <>, <, <=, >, >=", sign)
	}
	return func(e *entry) bool {
		var have record.CSN
		switch kind {
		case "CSN", "AUDITRBA":
			if e.rec.Txn == nil {
				return false
			}
			if have = e.rec.Txn.CSN; kind == "AUDITRBA" {
				have = record.CSN{Minor: have.Major}
			}
		case "RECLEN":
			have.Minor = uint64(len(e.rec.Body))
		case "RBA":
			have.Minor = e.rec.Pos.RBA
		}
		return accept[have.Compare(want)+1]
	}, nil
}
