package oradb

import (
	"fmt"
	"strings"
)

// from writes the tables of a query and their joins.
func (x *translator) from() error {
	for expect := true; !x.done() && !x.peek().is(")"); {
		t := x.peek()
		switch {
		case expect:
			if err := x.tableReference(); err != nil {
				return err
			}
			expect = false
		case t.is(clauses...):
			return nil
		case t.is(","), t.is("JOIN"):
			x.at++
			x.write(" ", t.text, " ")
			expect = true
		case t.is("ON"):
			x.at++
			x.write(" ON ")
			err := x.expression(append([]string{"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS",
				"NATURAL", ","}, clauses...)...)
			if err != nil {
				return err
			}
		case t.is("USING"):
			x.at++
			x.write(" USING ")
			if err := x.parenthesis(); err != nil {
				return err
			}
		case t.is("INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "NATURAL"):
			x.at++
			x.write(" ", t.text)
		default:
			return x.fail(933)
		}
	}
	return nil
}

func (x *translator) tableReference() error {
	if x.peek().is("(") {
		if err := x.parenthesis(); err != nil {
			return err
		}
		if a := x.alias(true); a != "" {
			x.write(" AS ", quote(a))
		}
		return nil
	}
	at := x.peek().at
	owner, name, err := x.qualified("")
	if err != nil {
		return err
	}
	if x.accept("(") {
		return unsupported("table function " + name)
	}
	source, err := x.source(owner, name)
	if err != nil {
		if e := oracleError(err); e != nil {
			e.Offset = at
		}
		return err
	}
	x.write(source)
	alias := x.alias(true)
	if alias == "" {
		alias = name
	}
	x.write(" AS ", quote(alias))
	return nil
}

// source gives what SQLite reads of a table, AS OF included.
func (x *translator) source(owner, name string) (string, error) {
	if owner == "" && x.named[name] {
		return quote(name), nil
	}
	if name == "DUAL" && x.levels != "" {
		return `(WITH RECURSIVE "#n" AS (SELECT 1 AS "LEVEL" UNION ALL SELECT "LEVEL" + 1 FROM "#n" ` +
			`WHERE "LEVEL" < ` + x.levels + `) SELECT 'X' AS "DUMMY", "LEVEL" FROM "#n")`, nil
	}
	if name == "DUAL" {
		return `(SELECT 'X' AS "DUMMY")`, nil
	}
	t, v, err := x.s.resolve(owner, name)
	if err != nil {
		return "", err
	}
	if v != nil {
		x.plan.views = append(x.plan.views, v)
		if v.perSession {
			return quote(x.s.mine.table), nil
		}
		return quote(v.table()), nil
	}
	snapshot := "?1"
	if x.accept("AS", "OF") {
		if snapshot, err = x.asOf(t); err != nil {
			return "", err
		}
	}
	return x.versions(t, snapshot), nil
}

// asOf reads SCN or TIMESTAMP and its expression.
func (x *translator) asOf(t *table) (string, error) {
	scn := x.accept("SCN")
	if !scn && !x.accept("TIMESTAMP") {
		return "", x.fail(905)
	}
	if t.owner != x.s.user.name && !x.s.has("FLASHBACK ANY TABLE") &&
		!x.s.may("FLASHBACK", t.objectName) {
		return "", oraError(1031)
	}
	outer := x.out
	x.out = nil
	err := x.primary()
	expression := string(x.out)
	x.out = outer
	if !scn {
		expression = "ora_timestamp_to_scn(" + expression + ")"
	}
	return fmt.Sprintf("(SELECT ora_snapshot(%s, %d))", expression, t.id), err
}

// versions is the subquery of the rows of a table that a reader sees.
func (x *translator) versions(t *table, snapshot string) string {
	var b strings.Builder
	b.WriteString("(SELECT ")
	for _, c := range t.columns {
		b.WriteString(c.phys + " AS " + quote(c.name) + ", ")
	}
	b.WriteString(`"#rid" AS "#ROWID", "#b" AS "#SCN"`)
	if x.internal {
		b.WriteString(`, "#vid" AS "#VID", "#et" AS "#ET"`)
	}
	fmt.Fprintf(&b, ` FROM %s WHERE ("#b" <= %s OR "#bt" = ?2) AND ("#e" > %[2]s AND "#et" <> ?2))`,
		t.phys, snapshot)
	return b.String()
}
