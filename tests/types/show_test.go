package types

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"ggsh/record"
	"ggsh/tests/rig"
)

// pair is a column in a table of the source and one of a target.
type pair struct {
	*column
	name           string
	source, target string // databases
}

// same reports whether both sides are servers and the column has one type.
func (p *pair) same() bool {
	return p.source != sqlite && p.target != sqlite && p.column.target(p.target) == p.def
}

// expression is how a side shows the column's value.
func (p *pair) expression(database, def string) string {
	c := "`" + p.name + "`"
	if database == sqlite {
		return p.liteExpression(`"` + p.name + `"`)
	}
	if p.shown == "label" && p.same() {
		return fmt.Sprintf("CONCAT(HEX(%s), ' ', %s+0)", c, c)
	}
	if p.shown == "json" || p.shown == "text" {
		return "CAST(" + c + " AS CHAR)"
	}
	switch p.kinds[0] {
	case record.Int, record.Uint, record.Decimal, record.Bit:
		return "CAST(" + c + "+0 AS CHAR)"
	case record.Float32, record.Float64:
		if strings.Contains(p.def, "(") {
			return "CAST(" + c + " AS CHAR)" // they keep a neighbour of what they show
		}
		return "CAST(" + c + " AS DOUBLE)"
	case record.Date, record.Time, record.Timestamp, record.TimestampTZ:
		return "CAST(" + c + " AS CHAR)"
	case record.UUID:
		if strings.Contains(def, "binary") {
			return "HEX(" + c + ")"
		}
		return "CAST(" + c + " AS CHAR)"
	case record.Bytes:
		if strings.Contains(def, "uuid") {
			return "REPLACE(CAST(" + c + " AS CHAR), '-', '')"
		}
		return short("HEX(%s)", c, p.source != sqlite && p.target != sqlite)
	}
	if p.same() {
		return short("HEX(%s)", c, true)
	}
	return "HEX(CONVERT(CAST(" + c + " AS CHAR) USING utf8mb4))"
}

// short shows long values by their sum, where both sides can.
func short(form, c string, sums bool) string {
	if !sums {
		return fmt.Sprintf(form, c)
	}
	return fmt.Sprintf("IF(LENGTH(%s) > 4000, CONCAT(LENGTH(%s), ' ', SHA2(%s, 256)), "+form+")",
		c, c, c, c)
}

func (p *pair) liteExpression(c string) string {
	if p.source == sqlite && p.target == sqlite {
		return fmt.Sprintf("typeof(%s) || ' ' || CASE WHEN typeof(%s) IN ('text', 'blob') "+
			"THEN hex(%s) ELSE quote(%s) END", c, c, c, c)
	}
	if p.shown == "json" || p.shown == "text" {
		return "CAST(" + c + " AS TEXT)"
	}
	switch p.kinds[0] {
	case record.String, record.Bytes, record.JSON:
		return "CASE WHEN " + c + " IS NOT NULL THEN hex(" + c + ") END"
	case record.UUID:
		return fmt.Sprintf("CASE typeof(%s) WHEN 'blob' THEN hex(%s) ELSE %s END", c, c, c)
	case record.Float32, record.Float64:
		return c
	}
	return "CAST(" + c + " AS TEXT)"
}

// plain takes out of a text what only one of two databases shows.
func (p *pair) plain(text string) string {
	if p.shown == "json" {
		return plainJSON(text)
	}
	kind := p.kinds[0]
	if p.shown == "uuid" {
		kind = record.UUID
	}
	if p.source == p.target && kind != record.UUID {
		return text
	}
	switch kind {
	case record.UUID:
		return strings.ToLower(strings.ReplaceAll(text, "-", ""))
	case record.Time, record.Timestamp, record.TimestampTZ:
		if p.source != sqlite && p.target != sqlite {
			return text
		}
		text = strings.TrimSuffix(text, "+00:00")
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
	case record.Float32, record.Float64:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			if kind == record.Float32 {
				f = float64(float32(f))
			}
			return strconv.FormatFloat(f+0, 'g', -1, 64) // -0 + 0 is 0
		}
	case record.Decimal:
		if n, ok := new(big.Rat).SetString(text); ok && p.source == sqlite {
			return n.RatString()
		}
	}
	return text
}

// plainJSON writes a document so that equal ones have equal texts: members in
// order, numbers as the numbers that they are.
func plainJSON(text string) string {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return text + ": " + err.Error()
	}
	out, err := json.Marshal(exactNumbers(v))
	if err != nil {
		return text + ": " + err.Error()
	}
	return string(out)
}

func exactNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, ok := new(big.Rat).SetString(v.String()); ok {
			return n.RatString()
		}
	case []any:
		for i := range v {
			v[i] = exactNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = exactNumbers(v[k])
		}
	}
	return v
}

// differences compares a table on both sides, cell by cell.
func differences(t *testing.T, source, target *rig.Database, name string, pairs []pair,
) (list []string) {
	t.Helper()
	ours, err := cells(source, name, pairs, false)
	if err != nil {
		t.Fatalf("%s at the source %s: %v", name, source.Kind, err)
	}
	theirs, err := cells(target, name, pairs, true)
	if err != nil {
		t.Fatalf("%s at the target %s: %v", name, target.Kind, err)
	}
	if len(ours) != len(theirs) {
		list = append(list, fmt.Sprintf("%s: %d rows at the source, %d at the target", name,
			len(ours), len(theirs)))
	}
	for id, row := range ours {
		other, ok := theirs[id]
		if !ok {
			list = append(list, fmt.Sprintf("%s: row %s did not arrive", name, id))
			continue
		}
		for i := range pairs {
			if row[i] != other[i] {
				list = append(list, fmt.Sprintf("%s row %s, %s: source %.200q, target %.200q", name, id,
					pairs[i].def, row[i], other[i]))
			}
		}
	}
	return list
}

// cells reads a table as text: by id, one text a column.
func cells(d *rig.Database, name string, pairs []pair, target bool) (map[string][]string, error) {
	list := make([]string, len(pairs))
	for i := range pairs {
		def := pairs[i].def
		if target {
			def = pairs[i].column.target(d.Kind)
		}
		list[i] = pairs[i].expression(d.Kind, def)
	}
	rows, err := d.DB.Query("SELECT id, " + strings.Join(list, ", ") + " FROM " + name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string][]string{}
	for rows.Next() {
		var id string
		values := make([]sql.NullString, len(pairs))
		into := []any{&id}
		for i := range values {
			into = append(into, &values[i])
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make([]string, len(pairs))
		for i, v := range values {
			row[i] = "NULL"
			if v.Valid {
				row[i] = "'" + pairs[i].plain(v.String) + "'"
			}
		}
		out[id] = row
	}
	return out, rows.Err()
}
