package oradb

import (
	"slices"
	"strings"

	"ggsh/tests/tns"
)

// block is a PL/SQL block under way: a few statements are known, all else is refused.
type block struct {
	*parser
	s     *session
	binds map[string]tns.Bind
	names []string // of the binds, each once, in order
	out   map[string]any
	vars  map[string]any
	kinds map[string]*dataType
}

// locator is a LOB of a row that a block has selected.
type locator struct {
	t   *table
	rid string
	c   int
}

func (s *session) block(statement string, binds []tns.Bind) (*tns.Result, error) {
	p, err := parse(statement)
	if err != nil {
		return nil, err
	}
	b := &block{parser: p, s: s, binds: map[string]tns.Bind{}, out: map[string]any{},
		vars: map[string]any{}, kinds: map[string]*dataType{}}
	for _, t := range p.tokens {
		if t.kind == bind && !slices.Contains(b.names, t.text) {
			b.names = append(b.names, t.text)
		}
	}
	if len(binds) < len(b.names) {
		return nil, oraError(1008)
	}
	for i, name := range b.names {
		at := slices.IndexFunc(binds, func(b tns.Bind) bool { return b.Name == name })
		if at < 0 {
			at = i
		}
		b.binds[name] = binds[at]
	}
	mark := 0
	if s.tx != nil {
		mark = len(s.tx.changes)
	}
	if b.accept("CALL") {
		err = b.statement()
	} else {
		err = b.run()
	}
	if err != nil {
		if s.tx != nil && mark <= len(s.tx.changes) {
			if undone := s.undoTo(mark); undone != nil {
				return nil, undone
			}
		}
		return nil, err
	}
	return b.outcome(), nil
}

// outcome gives the values of the binds that the block gave back.
func (b *block) outcome() *tns.Result {
	r := &tns.Result{}
	var row []any
	for _, name := range b.names {
		bound := b.binds[name]
		if !bound.Out {
			continue
		}
		v := b.out[name]
		t := guess(v)
		if bound.Type != 0 && v != nil && t.kind != bound.Type {
			t = dataType{kind: bound.Type}
		}
		row = append(row, result(v, &t))
	}
	if row != nil {
		r.Out = [][]any{row}
	}
	return r
}

func (b *block) unknown() error {
	err := oraError(6550, b.rest())
	err.Offset = b.peek().at
	return err
}

// run executes [DECLARE ...] BEGIN ... END.
func (b *block) run() error {
	if b.accept("DECLARE") {
		for !b.peek().is("BEGIN") {
			if err := b.declare(); err != nil {
				return err
			}
		}
	}
	if !b.accept("BEGIN") {
		return b.unknown()
	}
	for !b.accept("END") {
		if b.done() {
			return b.unknown()
		}
		if err := b.statement(); err != nil {
			return err
		}
		if !b.accept(";") {
			return b.unknown()
		}
	}
	return nil
}

// declare reads NAME TYPE [:= value];
func (b *block) declare() error {
	name := b.next()
	if !name.name() {
		return b.unknown()
	}
	b.accept("CONSTANT")
	t, err := b.parseType()
	if err != nil {
		return b.unknown()
	}
	b.kinds[name.text], b.vars[name.text] = &t, nil
	if b.accept(":=") {
		if b.vars[name.text], err = b.value(b.skipTo(b.at, ";")); err != nil {
			return err
		}
	}
	if !b.accept(";") {
		return b.unknown()
	}
	return nil
}

// statement runs one statement up to its semicolon.
func (b *block) statement() error {
	end := b.skipTo(b.at, ";")
	first := b.peek()
	switch {
	case first.is("BEGIN", "DECLARE"):
		return b.run()
	case b.accept("NULL"):
		return nil
	case first.kind == bind && b.ahead(1).is(":="):
		b.at += 2
		v, err := b.value(end)
		b.out[first.text] = v
		return err
	case first.is("SELECT"):
		return b.selectInto(end)
	case first.is("EXECUTE") && b.ahead(1).is("IMMEDIATE"):
		b.at += 2
		v, err := b.value(end)
		if err != nil {
			return err
		}
		_, err = b.s.execute(asText(v), nil)
		return err
	case first.is("INSERT", "UPDATE", "DELETE", "MERGE", "COMMIT", "ROLLBACK", "SAVEPOINT"):
		return b.plain(end)
	case first.name():
		return b.call(end)
	}
	return b.unknown()
}

// source is the text up to a token, with the values of variables as binds.
func (b *block) source(end int) (string, []tns.Bind) {
	var text strings.Builder
	var binds []tns.Bind
	for at := b.at; at < end; at++ {
		t := b.tokens[at]
		_, variable := b.vars[t.text]
		if at > b.at {
			text.WriteByte(' ')
		}
		dotted := at > b.at && b.tokens[at-1].is(".")
		switch {
		case t.kind == bind:
			binds = append(binds, b.binds[t.text])
			text.WriteString(":" + t.text)
		case t.kind == word && variable && !dotted:
			text.WriteString(":V" + t.text)
			binds = append(binds, variableBind("V"+t.text, b.vars[t.text]))
		default:
			text.WriteString(b.sql[t.at:t.end])
		}
	}
	return text.String(), binds
}

// variableBind binds a stored value again.
func variableBind(name string, v any) tns.Bind {
	if n, ok := v.(int64); ok {
		return tns.Bind{Name: name, Type: tns.Number, Value: asText(n)}
	}
	return tns.Bind{Name: name, Type: tns.Varchar2, Value: v}
}

// plain runs a statement of SQL within the block.
func (b *block) plain(end int) error {
	text, binds := b.source(end)
	b.at = end
	_, err := b.s.execute(text, binds)
	return err
}

// value evaluates an expression.
func (b *block) value(end int) (any, error) {
	text, binds := b.source(end)
	b.at = end
	p, err := b.s.compile("SELECT " + text + " FROM DUAL")
	if err != nil {
		return nil, err
	}
	args, err := b.s.arguments(p, binds)
	if err != nil {
		return nil, err
	}
	a, err := b.s.db.rowsOf(p.sql, args...)
	if err != nil {
		return nil, err
	}
	return a.rows[0][0], nil
}

// selectInto runs SELECT ... INTO variables; a LOB variable gets a locator.
func (b *block) selectInto(end int) error {
	start := b.at
	into := b.skipTo(start, "INTO")
	from := b.skipTo(start, "FROM")
	if into > from || from > end {
		return b.unknown()
	}
	targets := b.tokens[min(into+1, from):from]
	if len(targets) == 0 {
		return b.unknown()
	}
	b.at = start
	head, binds := b.source(into)
	b.at = from
	tail, more := b.source(end)
	if t := b.kinds[targets[0].text]; t != nil && t.lob() {
		return b.locate(start, tail, more, targets[0].text, end)
	}
	p, err := b.s.compile(head + " " + tail)
	if err != nil {
		return err
	}
	args, err := b.s.arguments(p, append(binds, more...))
	if err != nil {
		return err
	}
	a, err := b.s.db.rowsOf(p.sql, args...)
	if err != nil {
		return err
	}
	if len(a.rows) != 1 {
		return oneRow(len(a.rows))
	}
	n := 0
	for _, t := range targets {
		switch {
		case t.kind == bind:
			b.out[t.text] = a.rows[0][n]
			n++
		case t.name():
			b.vars[t.text] = a.rows[0][n]
			n++
		}
	}
	b.at = end
	return nil
}

func oneRow(n int) error {
	if n == 0 {
		return oraError(1403)
	}
	return oraError(1422)
}

// locate finds the row of SELECT lob INTO l FROM t WHERE ...
func (b *block) locate(start int, tail string, binds []tns.Bind, name string, end int) error {
	column := b.token(start + 1).text
	p, err := parse(tail)
	if err != nil {
		return err
	}
	p.at++
	owner, tableName, err := p.qualified("")
	if err != nil {
		return err
	}
	t, err := b.s.tableNamed(owner, tableName)
	if err != nil {
		return err
	}
	c := t.position(column)
	if c < 0 {
		return oraError(904, quote(column))
	}
	q, err := b.s.compile("SELECT ROWID " + tail)
	if err != nil {
		return err
	}
	args, err := b.s.arguments(q, binds)
	if err != nil {
		return err
	}
	a, err := b.s.db.rowsOf(q.sql, args...)
	if err != nil {
		return err
	}
	if len(a.rows) != 1 {
		return oneRow(len(a.rows))
	}
	b.vars[name] = locator{t, asText(a.rows[0][0]), c}
	b.at = end
	return nil
}
