package sqlexec

import (
	"strings"
	"unicode"

	"ggsh/handler"
	"ggsh/mapping"
	"ggsh/record"
)

// shownOctets is how much of a value the report shows.
const shownOctets = 100

// traced writes what TRACE and DBOP want to see of a query into the report: its text, and
// with TRACE what went in and what came out.
func (a *Asker) traced(q *mapping.TableQuery, answer []mapping.Answer, failed *handler.ApplyError) {
	trace := q.SQL.Trace == "ALL" || q.SQL.Trace == "ERROR" && failed != nil
	if !trace && !q.SQL.LogStatements {
		return
	}
	var b strings.Builder
	b.WriteString(q.SQL.Query)
	if name := q.SQL.Procedure; !name.IsZero() {
		b.WriteString("procedure " + name.String())
	}
	if trace {
		for i := range q.Params {
			show(&b, [2]string{"; ", ", "}[min(i, 1)], q.SQL.Params[i].Name, q.Params[i])
		}
		for i := range answer {
			show(&b, [2]string{" gave ", ", "}[min(i, 1)], answer[i].Name, answer[i].Value)
		}
	}
	if failed != nil {
		b.WriteString(": " + failed.Error())
	}
	a.Log.Line("SQLEXEC %s: %s", q.SQL.ID, b.String())
}

// show writes a name and its value.
func show(b *strings.Builder, before, name string, v record.Value) {
	b.WriteString(before + name + " = ")
	if v.Kind == record.Null || v.Kind == record.Missing {
		b.WriteString("NULL")
		return
	}
	text := v.Text(nil, -1)
	if len(text) > shownOctets {
		text = append(text[:shownOctets:shownOctets], "..."...)
	}
	b.WriteString("'" + strings.Map(printable, strings.ToValidUTF8(string(text), "?")) + "'")
}

// printable keeps a value within its line.
func printable(r rune) rune {
	if unicode.IsControl(r) {
		return '?'
	}
	return r
}
