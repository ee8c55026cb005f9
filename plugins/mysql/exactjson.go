package main

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"ggsh/record"
)

// exactJSON refuses a document that the server's JSON would change: of members
// with the same name it keeps one, and of long numbers the first digits. What is
// no JSON is left to the server.
func exactJSON(col *record.ColumnDef, doc []byte) error {
	s := jsonScan{b: doc}
	if s.value(0); s.why == "" {
		return nil
	}
	return refuse(invalidJSON, col, s.what, s.why)
}

// jsonScan walks through a document; at ends it at what it does not understand.
type jsonScan struct {
	b         []byte
	at        int
	keys      [][]byte // of the objects around, the innermost last
	what, why string
}

// maxJSONDepth is above what the server takes.
const maxJSONDepth = 120

// value reads one value and reports whether to go on.
func (s *jsonScan) value(depth int) bool {
	s.blanks()
	if s.at >= len(s.b) || depth > maxJSONDepth {
		return false
	}
	switch c := s.b[s.at]; {
	case c == '{':
		first := len(s.keys)
		ok := s.members(first, depth)
		s.keys = s.keys[:first]
		return ok
	case c == '[':
		return s.list(']', func() bool { return s.value(depth + 1) })
	case c == '"':
		_, ok := s.text()
		return ok
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for s.at < len(s.b) && s.b[s.at] >= 'a' && s.b[s.at] <= 'z' { // true, false, null
		s.at++
	}
	return true
}

func (s *jsonScan) blanks() {
	for s.at < len(s.b) && bytes.IndexByte([]byte(" \t\r\n"), s.b[s.at]) >= 0 {
		s.at++
	}
}

// list reads what stands between brackets, with commas.
func (s *jsonScan) list(end byte, element func() bool) bool {
	s.at++
	if s.blanks(); s.at < len(s.b) && s.b[s.at] == end {
		s.at++
		return true
	}
	for element() {
		s.blanks()
		if s.at >= len(s.b) || s.b[s.at] != ',' && s.b[s.at] != end {
			return false
		}
		s.at++
		if s.b[s.at-1] == end {
			return true
		}
	}
	return false
}

// manyKeys is where a map finds a double member faster than comparing does.
const manyKeys = 24

func (s *jsonScan) members(first, depth int) bool {
	var seen map[string]bool
	return s.list('}', func() bool {
		s.blanks()
		key, ok := s.text()
		if !ok {
			return false
		}
		if len(s.keys)-first == manyKeys && seen == nil {
			seen = map[string]bool{}
			for _, k := range s.keys[first:] {
				seen[string(k)] = true
			}
		}
		double := seen[string(key)]
		if seen != nil {
			seen[string(key)] = true
		} else {
			for _, k := range s.keys[first:] {
				double = double || bytes.Equal(k, key)
			}
			s.keys = append(s.keys, key)
		}
		if double {
			s.what, s.why = "member "+strconv.Quote(string(key)), "it is there twice"
			return false
		}
		s.blanks()
		if s.at >= len(s.b) || s.b[s.at] != ':' {
			return false
		}
		s.at++
		return s.value(depth + 1)
	})
}

// text reads a string and gives what it means.
func (s *jsonScan) text() (content []byte, ok bool) {
	if s.at >= len(s.b) || s.b[s.at] != '"' {
		return nil, false
	}
	from, escaped := s.at, false
	for s.at++; s.at < len(s.b); s.at++ {
		switch s.b[s.at] {
		case '\\':
			escaped = true
			s.at++
		case '"':
			s.at++
			if !escaped {
				return s.b[from+1 : s.at-1], true
			}
			var plain string
			err := json.Unmarshal(s.b[from:s.at], &plain)
			return []byte(plain), err == nil
		}
	}
	return nil, false
}

func (s *jsonScan) number() bool {
	from, figures, whole := s.at, 0, true
	for ; s.at < len(s.b); s.at++ {
		switch c := s.b[s.at]; {
		case c >= '0' && c <= '9':
			figures++
		case c == '.' || c == 'e' || c == 'E':
			whole = false
		case c != '-' && c != '+':
			return s.keeps(string(s.b[from:s.at]), figures, whole)
		}
	}
	return s.keeps(string(s.b[from:]), figures, whole)
}

// keeps reports whether the server keeps a number: as an integer of 64 bits, else
// as a double, of which 15 digits are certain.
func (s *jsonScan) keeps(number string, figures int, whole bool) bool {
	const certain = 15
	if figures <= certain && whole {
		return true
	}
	if whole {
		_, signed := strconv.ParseInt(number, 10, 64)
		_, unsigned := strconv.ParseUint(number, 10, 64)
		if signed == nil || unsigned == nil {
			return true
		}
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return false // the server refuses it in its own words
	}
	if f != 0 && figures <= certain {
		return true
	}
	// The exponent is small now, unless f is zero.
	shows, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'e', -1, 64))
	mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
	zero := !strings.ContainsAny(mantissa, "123456789")
	if ok && f != 0 {
		was, ok := new(big.Rat).SetString(number)
		if ok && was.Cmp(shows) == 0 {
			return true
		}
	}
	if !zero {
		s.what, s.why = number, rounded
	}
	return zero
}
