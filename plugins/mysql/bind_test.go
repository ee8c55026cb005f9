package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ggsh/handler/dml"
	"ggsh/record"
)

// TestExactJSON: what MySQL's JSON keeps passes, what it changes is refused, and
// what is no JSON is left to the server.
func TestExactJSON(t *testing.T) {
	col := &record.ColumnDef{Name: "c", Type: "json", Kind: record.JSON}
	many := `{"k`
	for i := range 100 {
		many += strings.Repeat("x", i) + `":1,"k`
	}
	pass := []string{`{}`, `[]`, `"a"`, `1`, ` [ 1 , {"a" : [true,null,false]} ] `,
		`-0`, `0e999`, `0.0`,
		`18446744073709551615`, `-9223372036854775808`, `0.30000000000000004`, `1e308`, `5e-324`,
		`{"a":1,"A":1}`, `{"a":{"a":{"a":1}},"b":{"a":1}}`, `1.2500000000000000000000`,
		many + `end":1}`, `100000000000000000000`,
		// left to the server
		``, `{`, `{"a"`, `{"a":}`, `[1,`, `"\`, `1e999`, `nul`, `{"a":1]`, `[1}`,
		strings.Repeat("[", 5000)}
	for _, doc := range pass {
		if err := exactJSON(col, []byte(doc)); err != nil {
			t.Errorf("%.60s: %v", doc, err)
		}
	}
	refused := []string{`{"a":1,"a":1}`, `[{"b":{"a":1,"c":{},"a":1}}]`, `{"a":1,"\u0061":1}`,
		many + `":1,"kxx":1}`, many + `":1,"z":{"q":1,"q":2}}`, `1.1234567890123456789`,
		`[18446744073709551617]`, `1152921504606846976.0`, `-9223372036854775809`, `1e-400000000`,
		`{"a":123456789012345678901}`}
	for _, doc := range refused {
		var refusal *dml.Refusal
		err := exactJSON(col, []byte(doc))
		if !errors.As(err, &refusal) || refusal.Code != invalidJSON {
			t.Errorf("%.60s: %v", doc, err)
		}
	}
}

// TestHostileNumbers: no text takes more time or memory than its length justifies.
func TestHostileNumbers(t *testing.T) {
	begin := time.Now()
	for _, kind := range []record.Kind{record.Int, record.Decimal, record.Float32, record.Float64,
		record.JSON, record.Timestamp, record.String} {
		col := &record.ColumnDef{Name: "c", Type: "x", Kind: kind, Precision: 65, Scale: 30}
		for _, text := range []string{"1e999999999", "1e-999999999", strings.Repeat("9", 1e5),
			"0." + strings.Repeat("0", 1e5) + "1", "-", ".", "-.", "", ":", "9999-99-99",
			"2024-01-01 ", "::::::::::"} {
			v := &record.Value{Kind: record.String, B: []byte(text)}
			_, _, _ = bind(col, v, nil)
			if v.Kind = record.Decimal; dml.IsDecimal(v.B) {
				_, _, _ = bind(col, v, nil)
			}
		}
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
