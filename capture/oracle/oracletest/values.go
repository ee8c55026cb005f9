package oracletest

import (
	"fmt"
	"strconv"
	"strings"

	"ggsh/capture/oracle"
	"ggsh/record"
)

// value makes a value for a column, sometimes NULL.
func (m *maker) value(c *oracle.Column) record.Value {
	if c.Name == "ID" {
		m.ids++
		return record.Value{Kind: record.Int, N: uint64(m.ids)}
	}
	if m.rng.IntN(6) == 0 {
		return record.Value{Kind: record.Null}
	}
	switch c.Type {
	case "NUMBER":
		return record.Value{Kind: record.Decimal, B: []byte(m.number())}
	case "DATE":
		return record.Value{Kind: record.Timestamp, D: record.PackDate(1950+m.rng.IntN(90), 1+m.rng.IntN(12),
			1+m.rng.IntN(28)), N: uint64(m.rng.IntN(86400)) * 1e9}
	case "TIMESTAMP(6)":
		return record.Value{Kind: record.Timestamp, D: record.PackDate(2026, 1+m.rng.IntN(12), 7),
			N: uint64(m.rng.IntN(86400))*1e9 + uint64(m.rng.IntN(1e6))*1000}
	case "RAW":
		return record.Value{Kind: record.Bytes, B: m.octets(1 + m.rng.IntN(20))}
	case "BLOB":
		return record.Value{Kind: record.Bytes, B: m.octets(m.lobSize())}
	case "CLOB":
		return record.Value{Kind: record.String, B: []byte(m.text(m.lobSize() / 2))}
	}
	n := 1 + m.rng.IntN(30)
	if m.rng.IntN(30) == 0 {
		n = 1300 // the statement goes on in further rows
	}
	return record.Value{Kind: record.String, B: []byte(m.text(n))}
}

func (m *maker) lobSize() int {
	if m.rng.IntN(2) == 0 {
		return 2 + m.rng.IntN(60)
	}
	return 8000 + m.rng.IntN(3000)
}

func (m *maker) number() string {
	n := strconv.FormatUint(m.rng.Uint64()>>m.rng.IntN(60), 10)
	if m.rng.IntN(2) == 0 {
		n += "." + strconv.Itoa(1+m.rng.IntN(9))
	}
	if m.rng.IntN(4) == 0 && n != "0" {
		n = "-" + n
	}
	return n
}

func (m *maker) octets(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(m.rng.IntN(256))
	}
	return b
}

// text makes text with what trips readers up: quotes, bars, letters beyond ASCII.
func (m *maker) text(n int) string {
	words := []string{"a", "it's", " || ", "and", "ü", "雪", `"q"`, " where ", "x=1", "(", ")", "\\", ";",
		"\n", "😀", "HEXTORAW('", "NULL"}
	var b strings.Builder
	fmt.Fprint(&b, m.rng.IntN(1000))
	for b.Len() < n {
		b.WriteString(words[m.rng.IntN(len(words))])
	}
	return b.String()
}
