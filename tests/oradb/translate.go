package oradb

import (
	"strconv"
	"strings"
)

// plan is a statement of SQLite made of one of Oracle. Its first two arguments are the
// system change number to read at and the reader's transaction; binds follow in order.
type plan struct {
	sql   string
	binds []string
	// views are to be filled before it runs.
	views []*view
}

// translator writes a statement anew for SQLite.
type translator struct {
	*parser
	s     *session
	out   []byte
	plan  plan
	named map[string]bool // WITH
	limit string          // of the query under way
	list  bool            // within a select list
	// levels is n of CONNECT BY LEVEL <= n.
	levels string
	// internal is for a table that a statement changes: its rows come with their places.
	internal bool
}

func (s *session) translator(p *parser) *translator {
	x := &translator{parser: p, s: s, named: map[string]bool{}}
	for _, t := range p.tokens {
		if t.kind == bind {
			x.plan.binds = append(x.plan.binds, t.text)
		}
	}
	return x
}

func (x *translator) write(parts ...string) {
	for _, p := range parts {
		x.out = append(x.out, p...)
	}
}

// quote gives a name as SQLite takes it.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal gives a text as SQLite takes it.
func literal(s string) string {
	if s == "" {
		return "NULL"
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// compile translates a query.
func (s *session) compile(statement string) (*plan, error) {
	key := s.user.name + "\x00" + s.schema + "\x00" + statement
	if s.mine.table != "" && strings.Contains(strings.ToUpper(statement), "LOGMNR") {
		key += s.mine.table
	}
	if p := s.db.plans[key]; p != nil {
		return p, nil
	}
	p, err := parse(statement)
	if err != nil {
		return nil, err
	}
	x := s.translator(p)
	if err := x.query(); err != nil {
		return nil, err
	}
	if !x.done() {
		return nil, x.fail(933)
	}
	x.plan.sql = string(x.out)
	s.db.plans[key] = &x.plan
	return &x.plan, nil
}

// query translates SELECT or WITH up to a closing parenthesis or the end.
func (x *translator) query() error {
	outer, outerList := x.limit, x.list
	x.limit = ""
	defer func() { x.limit, x.list = outer, outerList }()
	if x.accept("WITH") {
		if err := x.with(); err != nil {
			return err
		}
	}
	for {
		if err := x.selectCore(); err != nil {
			return err
		}
		switch {
		case x.accept("UNION"):
			x.write(" UNION ")
			if x.accept("ALL") {
				x.write("ALL ")
			}
		case x.accept("INTERSECT"):
			x.write(" INTERSECT ")
		case x.accept("MINUS"), x.accept("EXCEPT"):
			x.write(" EXCEPT ")
		default:
			return x.tail()
		}
	}
}

func (x *translator) with() error {
	x.write("WITH ")
	for {
		name := x.next().text
		x.named[name] = true
		x.write(quote(name))
		if x.peek().is("(") {
			columns, err := x.names()
			if err != nil {
				return err
			}
			x.write("(")
			for i, c := range columns {
				if i > 0 {
					x.write(",")
				}
				x.write(quote(c))
			}
			x.write(")")
		}
		if err := x.expect("AS"); err != nil {
			return err
		}
		x.write(" AS ")
		if err := x.parenthesis(); err != nil {
			return err
		}
		if !x.accept(",") {
			x.write(" ")
			return nil
		}
		x.write(", ")
	}
}

// tail translates what follows the last SELECT of a query.
func (x *translator) tail() error {
	if x.accept("ORDER") {
		x.accept("SIBLINGS")
		x.accept("BY")
		x.write(" ORDER BY ")
		if err := x.expression("OFFSET", "FETCH", "FOR"); err != nil {
			return err
		}
	}
	offset := ""
	if x.accept("OFFSET") {
		t := x.next()
		offset = x.count(t)
		if !x.accept("ROWS") {
			x.accept("ROW")
		}
	}
	if x.accept("FETCH") {
		if !x.accept("FIRST") {
			x.accept("NEXT")
		}
		x.limit = "1"
		if !x.peek().is("ROW", "ROWS") {
			x.limit = x.count(x.next())
		}
		if !x.accept("ROWS") {
			x.accept("ROW")
		}
		if err := x.expect("ONLY"); err != nil {
			return err
		}
	}
	if offset != "" && x.limit == "" {
		x.limit = "-1"
	}
	if x.limit != "" {
		x.write(" LIMIT ", x.limit)
	}
	if offset != "" {
		x.write(" OFFSET ", offset)
	}
	if x.accept("FOR", "UPDATE") {
		if x.accept("OF") {
			x.at = x.skipTo(x.at, "NOWAIT", "WAIT", "SKIP")
		}
		switch {
		case x.accept("NOWAIT"), x.accept("SKIP", "LOCKED"):
		case x.accept("WAIT"):
			x.next()
		}
	}
	return nil
}

// count translates a number of rows: a literal or a bind.
func (x *translator) count(t token) string {
	if t.kind == bind {
		return x.bind(t)
	}
	return t.text
}

func (x *translator) bind(t token) string {
	n := 3
	for _, other := range x.tokens {
		if other.at == t.at {
			break
		}
		if other.kind == bind {
			n++
		}
	}
	return "?" + strconv.Itoa(n)
}

// clauses end an expression of a query.
var clauses = []string{"FROM", "WHERE", "GROUP", "HAVING", "ORDER", "UNION", "INTERSECT", "MINUS",
	"EXCEPT", "FETCH", "OFFSET", "FOR", "CONNECT", "START"}

func (x *translator) selectCore() error {
	if err := x.expect("SELECT"); err != nil {
		return x.fail(900)
	}
	x.write("SELECT ")
	if x.accept("DISTINCT") || x.accept("UNIQUE") {
		x.write("DISTINCT ")
	} else {
		x.accept("ALL")
	}
	items, err := x.lookAtFrom()
	if err != nil {
		return err
	}
	outer := x.levels
	defer func() { x.levels = outer }()
	if x.levels, err = x.connectByLevel(); err != nil {
		return err
	}
	if err := x.selectList(items); err != nil {
		return err
	}
	if !x.accept("FROM") {
		return x.fail(923)
	}
	x.write(" FROM ")
	if err := x.from(); err != nil {
		return err
	}
	if x.accept("WHERE") {
		x.write(" WHERE ")
		if err := x.expression(clauses...); err != nil {
			return err
		}
	}
	if x.levels != "" && x.accept("CONNECT", "BY", "LEVEL") {
		x.at += 2
	}
	if x.peek().is("CONNECT", "START") {
		return unsupported("CONNECT BY other than LEVEL <= n")
	}
	if x.accept("GROUP", "BY") {
		x.write(" GROUP BY ")
		if err := x.expression(clauses...); err != nil {
			return err
		}
	}
	if x.accept("HAVING") {
		x.write(" HAVING ")
		return x.expression(clauses...)
	}
	return nil
}

// connectByLevel finds CONNECT BY LEVEL <= n of the query ahead, which makes n rows of
// DUAL; empty if there is none.
func (x *translator) connectByLevel() (string, error) {
	n := x.skipTo(x.at, "CONNECT") - x.at
	if !x.ahead(n+1).is("BY") || !x.ahead(n+2).is("LEVEL") || !x.ahead(n+3).is("<=") {
		return "", nil
	}
	return x.count(x.ahead(n + 4)), nil
}

// fromItem is one table of a FROM clause as * needs it.
type fromItem struct {
	alias   string
	columns []string // nil for a subquery
}

// lookAtFrom reads the FROM clause ahead, without writing.
func (x *translator) lookAtFrom() ([]fromItem, error) {
	start := x.at
	defer func() { x.at = start }()
	x.at = x.skipTo(x.at, "FROM") + 1
	end := x.skipTo(x.at, "WHERE", "GROUP", "HAVING", "ORDER", "UNION", "INTERSECT", "MINUS",
		"FETCH", "OFFSET", "FOR", "CONNECT", "START")
	var items []fromItem
	for expect := true; x.at < end; {
		t := x.peek()
		switch {
		case expect && t.is("("):
			x.at = min(x.skipTo(x.at+1)+1, end)
			items = append(items, fromItem{alias: x.alias(true)})
			expect = false
		case expect && t.name():
			owner, name, err := x.qualified("")
			if err != nil {
				return nil, err
			}
			columns, err := x.columnsOf(owner, name)
			if err != nil {
				return nil, err
			}
			x.skipAsOf()
			alias := x.alias(true)
			if alias == "" {
				alias = name
			}
			items = append(items, fromItem{alias, columns})
			expect = false
		case t.is("("):
			x.at = x.skipTo(x.at+1) + 1
		default:
			expect = t.is(",", "JOIN")
			x.at++
		}
	}
	return items, nil
}

func (x *translator) skipAsOf() {
	if x.accept("AS", "OF") {
		x.at++
		if x.accept("(") {
			x.at = x.skipTo(x.at)
		}
		x.at++
		// A function call of the expression: NAME(...).
		for x.peek().is("(", ".") {
			if x.accept("(") {
				x.at = x.skipTo(x.at)
			}
			x.at++
		}
	}
}

// alias reads [AS] NAME; AS only for columns and subqueries of WITH.
func (x *translator) alias(plain bool) string {
	if plain {
		x.accept("AS")
	}
	t := x.peek()
	if t.kind == quoted || t.kind == word && !keyword(t.text) {
		x.at++
		return t.text
	}
	return ""
}

// selectList writes the columns of a query, each under Oracle's name of it.
func (x *translator) selectList(items []fromItem) error {
	x.list = true
	defer func() { x.list = false }()
	for first := true; ; first = false {
		if !first {
			x.write(", ")
		}
		if err := x.selectItem(items); err != nil {
			return err
		}
		if !x.accept(",") {
			return nil
		}
	}
}

func (x *translator) selectItem(items []fromItem) error {
	if x.accept("*") {
		return x.star(items, "")
	}
	if x.peek().name() && x.ahead(1).is(".") && x.ahead(2).is("*") {
		alias := x.next().text
		x.at += 2
		return x.star(items, alias)
	}
	start := x.at
	end := x.skipTo(start, ",", "FROM")
	// EXTRACT(.. FROM ..) stands in parentheses, which skipTo goes over.
	if end == start {
		return x.fail(936)
	}
	name, stop := x.itemName(start, end)
	if err := x.expressionUntil(stop); err != nil {
		return err
	}
	x.at = end
	x.write(" AS ", quote(name))
	return nil
}

// itemName gives a column's name, and where its expression ends.
func (x *translator) itemName(start, end int) (string, int) {
	last := x.token(end - 1)
	if end-start == 1 {
		return last.text, end
	}
	before := x.token(end - 2)
	switch {
	case before.is("AS") && last.name():
		return last.text, end - 2
	case before.is(".") && last.name():
		return last.text, end
	case last.kind == quoted, last.kind == word && !keyword(last.text):
		if !before.is("+", "-", "*", "/", "||", "(", ",", "=", "<", ">", "THEN", "ELSE", "WHEN", "NOT") {
			return last.text, end - 1
		}
	}
	source := x.between(start, end)
	return strings.ToUpper(strings.Join(strings.Fields(source), "")), end
}

func (x *translator) star(items []fromItem, alias string) error {
	n := 0
	for _, item := range items {
		if alias != "" && item.alias != alias {
			continue
		}
		if item.columns == nil {
			if n > 0 {
				x.write(", ")
			}
			n++
			if item.alias == "" {
				x.write("*")
			} else {
				x.write(quote(item.alias), ".*")
			}
			continue
		}
		for _, c := range item.columns {
			if n > 0 {
				x.write(", ")
			}
			n++
			x.write(quote(item.alias), ".", quote(c), " AS ", quote(c))
		}
	}
	if n == 0 {
		return x.fail(904, quote(alias)+".*")
	}
	return nil
}
