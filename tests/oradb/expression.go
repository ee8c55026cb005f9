package oradb

import (
	"slices"
	"strconv"
	"strings"

	"ggsh/tests/tns"
)

// keywords are the words that are no names in an expression or behind a table.
var keywords = []string{"SELECT", "DISTINCT", "UNIQUE", "ALL", "FROM", "WHERE", "AND", "OR", "NOT",
	"NULL", "IS", "IN", "LIKE", "ESCAPE", "BETWEEN", "EXISTS", "CASE", "WHEN", "THEN", "ELSE", "END",
	"AS", "ON", "USING", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "NATURAL", "GROUP",
	"BY", "HAVING", "ORDER", "ASC", "DESC", "NULLS", "UNION", "INTERSECT", "MINUS", "EXCEPT", "WITH",
	"OVER", "FOR",
	"FETCH", "OFFSET", "SET", "VALUES", "RETURNING", "RETURN", "CONNECT", "START", "ANY", "SOME"}

func keyword(s string) bool { return slices.Contains(keywords, s) }

// parenthesis translates ( ... ): a query or an expression.
func (x *translator) parenthesis() error {
	if err := x.expect("("); err != nil {
		return err
	}
	x.write("(")
	var err error
	if x.peek().is("SELECT", "WITH") {
		err = x.query()
	} else {
		err = x.expression()
	}
	if err != nil {
		return err
	}
	x.write(")")
	return x.expect(")")
}

// expression translates up to one of the words, a closing parenthesis, or the end.
func (x *translator) expression(until ...string) error {
	return x.expressionUntil(x.skipTo(x.at, until...))
}

func (x *translator) expressionUntil(end int) error {
	if x.at >= end {
		return x.fail(936)
	}
	for x.at < end {
		if err := x.primary(); err != nil {
			return err
		}
	}
	return nil
}

// primary translates one operator, or one operand with AT TIME ZONE or || behind it.
func (x *translator) primary() error {
	start := len(x.out)
	if err := x.operand(); err != nil {
		return err
	}
	if x.peek().is("||") {
		return x.concatenation(start)
	}
	if !x.accept("AT", "TIME", "ZONE") {
		return nil
	}
	operand := string(x.out[start:])
	x.out = append(x.out[:start], "ora_at_zone("+operand+", "...)
	if err := x.operand(); err != nil {
		return err
	}
	x.write(")")
	return nil
}

// concatenation translates a || b || c, of which the first was written from start: NULL
// is an empty text in it.
func (x *translator) concatenation(start int) error {
	first := string(x.out[start:])
	x.out = append(x.out[:start], "ora_concat("+first...)
	for x.accept("||") {
		x.write(", ")
		if err := x.operand(); err != nil {
			return err
		}
	}
	x.write(")")
	return nil
}

func (x *translator) operand() error {
	t := x.peek()
	switch {
	case t.is("("):
		if x.ahead(1).is("+") && x.ahead(2).is(")") {
			return unsupported("outer joins by (+)")
		}
		return x.parenthesis()
	case t.kind == text:
		x.at++
		x.write(literal(t.text))
	case t.kind == number:
		x.at++
		x.numeric(t.text)
	case t.kind == bind:
		x.at++
		x.write(x.bind(t))
	case t.name():
		return x.word()
	case t.is("!=", "^="):
		x.at++
		x.write(" <> ")
	case t.kind == symbol && !t.is(";", ":=", "=>", "@", ":"):
		x.at++
		x.write(" ", t.text, " ")
	default:
		return x.fail(933)
	}
	return nil
}

// numeric writes a number: one that no machine number holds stays a text.
func (x *translator) numeric(s string) {
	if _, err := strconv.ParseInt(s, 10, 64); err == nil || len(s) <= 15 {
		x.write(s)
		return
	}
	if d, ok := parseDecimal(s); ok {
		s = d.text()
	}
	x.write("'", s, "'")
}

// word translates what begins with a name or keyword.
func (x *translator) word() error {
	t := x.peek()
	if t.kind == word {
		if done, err := x.special(t); done || err != nil {
			return err
		}
	}
	parts := []string{x.next().text}
	for x.peek().is(".") && x.ahead(1).name() {
		x.at++
		parts = append(parts, x.next().text)
	}
	last := parts[len(parts)-1]
	switch {
	case x.peek().is("("):
		return x.call(parts)
	case (last == "NEXTVAL" || last == "CURRVAL") && len(parts) > 1:
		name := objectName{x.s.schema, parts[len(parts)-2]}
		if len(parts) == 3 {
			name.owner = parts[0]
		}
		x.write("ora_sequence(", literal(name.owner), ",", literal(name.name), ",", literal(last), ")")
		return nil
	case strings.Join(parts, "_") == "DBMS_FLASHBACK_GET_SYSTEM_CHANGE_NUMBER":
		x.write("ora_dbms_flashback_get_system_change_number()")
		return nil
	}
	if len(parts) == 3 {
		parts = parts[1:]
	}
	for i, p := range parts {
		if i > 0 {
			x.write(".")
		}
		if i == len(parts)-1 && t.kind == word && (p == "ROWID" || p == "ORA_ROWSCN") {
			p = map[string]string{"ROWID": "#ROWID", "ORA_ROWSCN": "#SCN"}[p]
		}
		x.write(quote(p))
	}
	return nil
}

// special translates keywords and words that stand for a value.
func (x *translator) special(t token) (bool, error) {
	following := x.ahead(1)
	switch t.text {
	case "DATE", "TIMESTAMP":
		if following.kind == text {
			x.at += 2
			return true, x.dateLiteral(t.text, following.text)
		}
	case "INTERVAL":
		if following.kind == text {
			x.at += 2
			n, err := x.interval(following.text)
			x.write(strconv.FormatInt(n, 10))
			return true, err
		}
	case "SYSDATE", "SYSTIMESTAMP", "CURRENT_TIMESTAMP", "CURRENT_DATE", "LOCALTIMESTAMP":
		x.at++
		if x.peek().is("(") && x.ahead(1).kind == number {
			x.at += 3
		}
		return true, x.clock(t.text)
	case "USER":
		x.at++
		x.write(literal(x.s.user.name))
		return true, nil
	case "DBTIMEZONE", "SESSIONTIMEZONE":
		x.at++
		x.write("'+00:00'")
		return true, nil
	case "UID":
		x.at++
		x.write(strconv.Itoa(x.s.user.id))
		return true, nil
	case "ROWNUM":
		x.at++
		return true, x.rownum()
	case "NULLS", "ORDER", "PARTITION", "ROWS", "RANGE", "UNBOUNDED", "PRECEDING", "CURRENT", "ROW",
		"FOLLOWING", "FIRST", "LAST":
		if x.bare(t, following) {
			x.at++
			x.write(" ", t.text, " ")
			return true, nil
		}
	case "PRIOR":
		return false, unsupported("CONNECT BY")
	case "SELECT", "WITH":
		return true, x.query()
	}
	if keyword(t.text) {
		x.at++
		x.write(" ", t.text, " ")
		return true, nil
	}
	return false, nil
}

// bare reports whether a word that may be a name is part of OVER or ORDER BY.
func (x *translator) bare(t, following token) bool {
	before := x.ahead(-1)
	switch t.text {
	case "NULLS", "ORDER":
		return true
	case "PARTITION":
		return following.is("BY")
	case "FIRST", "LAST":
		return before.is("NULLS")
	case "ROWS", "RANGE":
		return following.is("BETWEEN", "UNBOUNDED")
	}
	return before.is("BETWEEN", "AND", "ROWS", "RANGE", "UNBOUNDED", "CURRENT")
}

func (x *translator) dateLiteral(kind, s string) error {
	format := "YYYY-MM-DD HH24:MI:SS.FF"
	if kind == "DATE" {
		format = "YYYY-MM-DD"
	}
	zone := false
	if n := strings.LastIndexAny(s, "+-"); n > 10 {
		format, zone = format+" TZH:TZM", true
	}
	at, _, err := parseTime(s, format, x.s.db.now())
	x.write("'", stampText(at, zone), "'")
	return err
}

// interval reads the unit of an interval literal: nanoseconds, or months.
func (x *translator) interval(s string) (int64, error) {
	unit := x.next().text
	if _, _, err := x.size(0); err != nil {
		return 0, err
	}
	to := ""
	if x.accept("TO") {
		to = x.next().text
		if _, _, err := x.size(0); err != nil {
			return 0, err
		}
	}
	sign := ""
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = "-", rest
	}
	var v any
	var err error
	switch {
	case unit == "YEAR" && to == "":
		v, err = parseYearMonth(sign + s + "-0")
	case unit == "YEAR":
		v, err = parseYearMonth(sign + s)
	case unit == "MONTH":
		v, err = parseYearMonth(sign + "0-" + s)
	case unit == "DAY" && to == "":
		v, err = parseDaySecond(sign + s + " 0:0:0")
	case unit == "DAY":
		v, err = parseDaySecond(sign + s)
	case unit == "HOUR" && to == "":
		v, err = parseDaySecond(sign + "0 " + s + ":0:0")
	case unit == "MINUTE" && to == "":
		v, err = parseDaySecond(sign + "0 0:" + s + ":0")
	case unit == "SECOND":
		v, err = parseDaySecond(sign + "0 0:0:" + s)
	default:
		err = unsupported("INTERVAL " + unit + " TO " + to)
	}
	n, _ := v.(int64)
	return n, err
}

// clock translates SYSDATE and its kin, with + or - a number of days or an interval.
func (x *translator) clock(name string) error {
	switch name {
	case "CURRENT_DATE":
		name = "SYSDATE"
	case "CURRENT_TIMESTAMP":
		name = "SYSTIMESTAMP"
	}
	call := "ora_" + strings.ToLower(name) + "()"
	sign := x.peek()
	if !sign.is("+", "-") {
		x.write(call)
		return nil
	}
	x.at++
	unit := "D"
	if x.peek().is("INTERVAL") || strings.HasPrefix(x.peek().text, "NUMTODS") {
		unit = "N"
	}
	x.write("ora_shift(", call, ", ")
	if sign.is("-") {
		x.write("-")
	}
	if unit == "N" {
		x.write("(")
	} else {
		x.write("(1.0*")
	}
	if err := x.primary(); err != nil {
		return err
	}
	for x.peek().is("*", "/") {
		x.write(x.next().text)
		if err := x.primary(); err != nil {
			return err
		}
	}
	x.write("), '", unit, "')")
	return nil
}

// rownum translates ROWNUM: a limit in a condition, a number in a select list.
func (x *translator) rownum() error {
	if x.list {
		x.write("row_number() OVER ()")
		return nil
	}
	operator := x.next()
	value := x.next()
	if !operator.is("<", "<=", "=") || value.kind != number && value.kind != bind {
		return unsupported("ROWNUM other than in ROWNUM <= n")
	}
	x.limit = x.count(value)
	if operator.is("<") {
		x.limit = "(" + x.limit + " - 1)"
	}
	x.write(" 1=1 ")
	return nil
}

// call translates NAME(...) or PACKAGE.NAME(...).
func (x *translator) call(parts []string) error {
	if parts[0] == "SYS" {
		parts = parts[1:]
	}
	name := strings.Join(parts, "_")
	outer := x.list
	x.list = false
	defer func() { x.list = outer }()
	switch name {
	case "CAST":
		return x.castCall()
	case "EXTRACT":
		x.at++
		x.write("ora_extract(", literal(x.next().text), ", ")
		if err := x.expect("FROM"); err != nil {
			return err
		}
		return x.callEnd()
	case "LISTAGG":
		return x.listagg()
	case "EMPTY_BLOB":
		x.at += 2
		x.write("zeroblob(0)")
		return nil
	}
	if same, ok := native(name); ok {
		x.write(same)
		x.at++
		x.write("(")
		return x.callEnd()
	}
	if _, known := functionTable()[name]; !known {
		return x.fail(904, quote(strings.Join(parts, `"."`)))
	}
	x.write("ora_", strings.ToLower(name), "(")
	x.at++
	return x.callEnd()
}

// callEnd translates arguments up to the closing parenthesis; names of arguments are
// left out.
func (x *translator) callEnd() error {
	end := x.skipTo(x.at)
	for x.at < end {
		if x.peek().name() && x.ahead(1).is("=>") {
			x.at += 2
			continue
		}
		if err := x.primary(); err != nil {
			return err
		}
	}
	x.write(")")
	return x.expect(")")
}

func (x *translator) castCall() error {
	x.at++
	x.write("ora_cast(")
	if err := x.expression("AS"); err != nil {
		return err
	}
	if err := x.expect("AS"); err != nil {
		return err
	}
	end := x.skipTo(x.at)
	x.write(", ", literal(x.between(x.at, end)), ")")
	x.at = end
	return x.expect(")")
}

func (x *translator) listagg() error {
	x.at++
	x.write("group_concat(")
	end := x.skipTo(x.at)
	if err := x.expressionUntil(end); err != nil {
		return err
	}
	x.at++
	if x.accept("WITHIN", "GROUP") {
		x.at++
		if err := x.expression(); err != nil {
			return err
		}
		x.at++
	}
	x.write(")")
	return nil
}

// oracleError gives the Oracle error within an error.
func oracleError(err error) *tns.Error {
	e, _ := err.(*tns.Error)
	return e
}
