package redo

import "bytes"

// Parse reads one text into s, which may be used again and again. Rows of operation code
// 5 need not be parsed: their text is the user's own. A blank text is an error.
func Parse(s *Statement, text []byte) error {
	s.reset()
	p := parser{s: s, text: text}
	return p.statement()
}

// reset empties s and keeps its buffers.
func (s *Statement) reset() {
	*s = Statement{Set: s.Set[:0], Where: s.Where[:0], scratch: s.scratch[:0], args: s.args[:0]}
}

// parser is one pass over a text. Slices of the result point into the text, or into
// the Statement's scratch where octets had to be changed; a scratch that grows leaves
// the earlier slices in the array that it had.
type parser struct {
	s    *Statement
	text []byte
	at   int
}

func (p *parser) fail(wanted string) error {
	return &SyntaxError{Offset: min(p.at, len(p.text)), Wanted: wanted}
}

// statement tells the forms apart by their first word.
func (p *parser) statement() error {
	p.blank()
	if p.at == len(p.text) {
		return p.fail("the text is blank")
	}
	switch p.text[p.at] | 0x20 {
	case 'u':
		if p.word("update") {
			return p.update()
		}
	case 'i':
		if p.word("insert") {
			return p.insert()
		}
	case 'd':
		switch {
		case p.word("delete"):
			return p.delete()
		case p.word("declare"):
			return p.block()
		case p.prefix("dbms_lob."):
			return p.lobCall()
		}
	case 'x':
		if p.prefix("XML_REDO") {
			return p.xmlWrite()
		}
		if p.word("xml") {
			return p.xmlDocument()
		}
	}
	if p.assigns() {
		return p.lobWrite()
	}
	return p.rest()
}

// rest are the texts that carry no change of a row.
func (p *parser) rest() error {
	switch {
	case p.word("set") && p.word("transaction") && p.word("read") && p.word("write"),
		p.word("commit"), p.word("rollback"):
		return p.end()
	case p.prefix("/* No SQL_REDO"):
		return p.note()
	case p.word("execute") && p.word("immediate"):
		p.s.Op = LongEnd
		return p.trailer()
	}
	for _, w := range ddlWords {
		if p.word(w) {
			p.s.Op = DDL
			return nil
		}
	}
	return p.fail("no known form of SQL_REDO begins so")
}

// ddlWords begin statements of operation code 5.
var ddlWords = [...]string{"create", "alter", "drop", "truncate", "rename", "comment", "grant",
	"revoke", "purge", "flashback", "analyze", "audit", "noaudit", "associate", "disassociate"}

// note is a comment that stands in place of a statement.
func (p *parser) note() error {
	n := bytes.Index(p.text[p.at:], []byte("*/"))
	if n < 0 {
		p.at = len(p.text)
		return p.fail("the comment does not end")
	}
	p.at += n + 2
	return p.end()
}

func (p *parser) insert() error {
	p.s.Op = Insert
	if !p.word("into") {
		return p.fail("wanted into")
	}
	if err := p.table(); err != nil {
		return err
	}
	p.alias("values")
	if !p.sign('(') {
		return p.fail("wanted ( before the names of columns")
	}
	list := p.s.Set
	for more := true; more; more = p.sign(',') {
		list = grow(list)
		if err := p.column(&list[len(list)-1].Name); err != nil {
			return err
		}
	}
	p.s.Set = list
	if !p.sign(')') {
		return p.fail("wanted , or ) after a column's name")
	}
	if !p.word("values") || !p.sign('(') {
		return p.fail("wanted values (")
	}
	for i := range list {
		if i > 0 && !p.sign(',') {
			return p.fail("wanted , and the next value")
		}
		if err := p.value(&list[i].Value); err != nil {
			return err
		}
	}
	if !p.sign(')') {
		return p.fail("wanted ) after the last column's value")
	}
	return p.end()
}

func (p *parser) update() error {
	if err := p.updateBody(); err != nil {
		return err
	}
	if err := p.end(); err != nil {
		return err
	}
	return p.bindColumn(XMLBegin)
}

func (p *parser) updateBody() error {
	p.s.Op = Update
	if err := p.table(); err != nil {
		return err
	}
	p.alias("set")
	if !p.word("set") {
		return p.fail("wanted set")
	}
	for more := true; more; more = p.sign(',') {
		p.s.Set = grow(p.s.Set)
		c := &p.s.Set[len(p.s.Set)-1]
		if err := p.column(&c.Name); err != nil {
			return err
		}
		if !p.sign('=') {
			return p.fail("wanted = after a column's name")
		}
		if err := p.value(&c.Value); err != nil {
			return err
		}
	}
	return p.where()
}

// bindColumn makes an UPDATE whose value follows in pieces a statement of that op.
func (p *parser) bindColumn(op Op) error {
	n := 0
	for i := range p.s.Set {
		if c := &p.s.Set[i]; c.Value.Kind != Bind {
			p.s.Set[n] = *c
			n++
		} else if p.s.Column != nil {
			return p.fail("two columns have a bind marker")
		} else {
			p.s.Op, p.s.Column = op, c.Name
		}
	}
	p.s.Set = p.s.Set[:n]
	return nil
}

func (p *parser) delete() error {
	p.s.Op = Delete
	if !p.word("from") {
		return p.fail("wanted from")
	}
	if err := p.table(); err != nil {
		return err
	}
	p.alias("where")
	if err := p.where(); err != nil {
		return err
	}
	return p.end()
}

// where reads the WHERE list, which may be missing.
func (p *parser) where() error {
	if !p.word("where") {
		return nil
	}
	list := p.s.Where
	for more := true; more; more = p.word("and") {
		list = grow(list)
		c := &list[len(list)-1]
		if err := p.predicate(c); err != nil {
			return err
		}
	}
	p.s.Where = list
	return nil
}

func (p *parser) predicate(c *Column) error {
	if err := p.column(&c.Name); err != nil {
		return err
	}
	if p.sign('=') {
		return p.value(&c.Value)
	}
	if !p.word("is") {
		return p.fail("wanted = or IS after a column's name")
	}
	if p.word("not") {
		c.Value.Kind = NotNull
	}
	if !p.word("null") {
		return p.fail("wanted NULL after IS")
	}
	return nil
}

// end takes the delimiter, if there is one, and the end of the text.
func (p *parser) end() error {
	p.blank()
	p.s.Delimited = p.sign(';')
	if p.at != len(p.text) {
		return p.fail("the statement should end here: is a quote in a text not doubled?")
	}
	return nil
}

// table reads "O"."T" or "T".
func (p *parser) table() error {
	if err := p.quotedName(&p.s.Table); err != nil {
		return err
	}
	if !p.sign('.') {
		return nil
	}
	p.s.Owner = p.s.Table
	return p.quotedName(&p.s.Table)
}

// alias skips the table's other name, unless the word that follows the table is next. At the
// end of a text it is no name, but a word that was cut: of a WHERE list that is missing.
func (p *parser) alias(next string) {
	from := p.at
	if p.word(next) {
		p.at = from
		return
	}
	p.identifier()
	p.blank()
	if p.at == len(p.text) {
		p.at = from
	}
}

// column reads [a.]"C", or ROWID.
func (p *parser) column(name *[]byte) error {
	if p.at < len(p.text) && p.text[p.at] == '"' {
		return p.quotedName(name)
	}
	id := p.identifier()
	p.blank()
	if len(id) > 0 && p.sign('.') {
		if p.at < len(p.text) && p.text[p.at] == '"' {
			return p.quotedName(name)
		}
		id = p.identifier()
		p.blank()
	}
	if !equalFold(id, "ROWID") {
		return p.fail("wanted a column's name in double quotes")
	}
	*name = id
	return nil
}

// quotedName reads a name in double quotes and the blanks behind it.
func (p *parser) quotedName(name *[]byte) error {
	if p.at >= len(p.text) || p.text[p.at] != '"' {
		return p.fail("wanted a name in double quotes")
	}
	content, err := p.quoted('"')
	if err == nil && len(content) == 0 {
		return p.fail("the name is empty")
	}
	*name = content
	p.blank()
	return err
}

// grow makes room for one more column, with an empty value.
func grow(list []Column) []Column {
	if n := len(list); n < cap(list) {
		list = list[:n+1]
		list[n] = Column{}
		return list
	}
	return append(list, Column{})
}
