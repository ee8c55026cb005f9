package redo

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

// block reads what begins with DECLARE: the select of a LOB's locator, or the statement that
// an extended string is bound to.
func (p *parser) block() error {
	declarations := p.at
	for !p.word("begin") {
		if id, _ := p.declaration(); len(id) == 0 {
			return p.fail("wanted a declaration or BEGIN")
		}
	}
	if p.word("select") {
		return p.lobSelect(declarations)
	}
	for {
		id := p.identifier()
		p.blank()
		if len(id) > 0 && p.prefix(":=") {
			p.blank()
			return p.longBegin()
		}
		if !p.skip() {
			return p.fail("wanted the select of a LOB or the text of a statement")
		}
	}
}

// declaration reads a name and its type.
func (p *parser) declaration() (name, kind []byte) {
	name = p.identifier()
	p.blank()
	kind = p.identifier()
	if len(kind) == 0 || !p.skip() {
		return nil, nil
	}
	return name, kind
}

// skip goes behind the next semicolon, in text that has no quotes before it.
func (p *parser) skip() bool {
	n := bytes.IndexAny(p.text[p.at:], `;'"`)
	if n < 0 || p.text[p.at+n] != ';' {
		return false
	}
	p.at += n + 1
	p.blank()
	return true
}

// delimiter takes a semicolon, which the end of the text may stand for.
func (p *parser) delimiter() bool {
	p.s.Delimited = p.sign(';')
	return p.s.Delimited || p.at == len(p.text)
}

// trailer takes the rest of a block, which holds no values.
func (p *parser) trailer() error {
	if n := bytes.IndexAny(p.text[p.at:], `'"`); n >= 0 {
		p.at += n
		return p.fail("nothing in quotes should follow here")
	}
	p.at = len(p.text)
	return nil
}

func (p *parser) lobSelect(declarations int) error {
	p.s.Op = LOBSelect
	if err := p.column(&p.s.Column); err != nil {
		return err
	}
	if !p.word("into") {
		return p.fail("wanted into")
	}
	locator := p.identifier()
	p.blank()
	if !p.word("from") {
		return p.fail("wanted from")
	}
	if err := p.rowOf(); err != nil {
		return err
	}
	if !p.word("for") || !p.word("update") || !p.delimiter() {
		return p.fail("wanted for update;")
	}
	if err := p.trailer(); err != nil {
		return err
	}
	return p.locatorKind(declarations, locator)
}

// rowOf reads a table and the WHERE list.
func (p *parser) rowOf() error {
	if err := p.table(); err != nil {
		return err
	}
	from := p.at
	if p.word("for") {
		p.at = from
		return nil
	}
	p.alias("where")
	return p.where()
}

// locatorKind looks a locator up in the block's declarations.
func (p *parser) locatorKind(declarations int, locator []byte) error {
	p.at = declarations
	for !p.word("begin") {
		name, kind := p.declaration()
		if !bytes.Equal(name, locator) {
			continue
		}
		p.s.Binary, p.s.National = equalFold(kind, "BLOB"), equalFold(kind, "NCLOB")
		if p.s.Binary || p.s.National || equalFold(kind, "CLOB") {
			return nil
		}
		break
	}
	return p.fail("the locator is not declared as CLOB, NCLOB or BLOB")
}

// longBegin reads an UPDATE that is a literal of PL/SQL, so that its quotes are doubled twice.
func (p *parser) longBegin() error {
	if p.peek() != '\'' {
		return p.fail("wanted a statement in quotes")
	}
	from := p.at
	text, err := p.quoted('\'')
	if err != nil {
		return err
	}
	p.blank()
	if !p.sign(';') {
		return p.fail("wanted ; after the statement")
	}
	if err := p.trailer(); err != nil {
		return err
	}
	inner := parser{s: p.s, text: text}
	inner.blank()
	if err = inner.fail("wanted update"); inner.word("update") {
		if err = inner.updateBody(); err == nil {
			err = inner.end()
		}
		if err == nil {
			err = inner.bindColumn(LongBegin)
		}
	}
	var wrong *SyntaxError
	if errors.As(err, &wrong) {
		wrong.Offset += from
		return wrong
	}
	if p.s.Op != LongBegin {
		return p.fail("the statement has no bind marker")
	}
	return nil
}

// assigns reports whether an assignment follows.
func (p *parser) assigns() bool {
	from := p.at
	name := p.identifier()
	p.blank()
	ok := len(name) > 0 && p.prefix(":=")
	p.at = from
	return ok
}

// lobWrite reads buf := value; and the call that the value is for.
func (p *parser) lobWrite() error {
	buffer := p.identifier()
	p.blank()
	p.prefix(":=")
	p.blank()
	if err := p.value(&p.s.Piece); err != nil {
		return err
	}
	if !p.sign(';') {
		return p.fail("wanted ; after the piece: is a quote in a text not doubled?")
	}
	if !p.prefix("dbms_lob.") {
		return p.fail("wanted a call of DBMS_LOB")
	}
	return p.lobCallOf(buffer)
}

func (p *parser) lobCall() error { return p.lobCallOf(nil) }

// lobCallOf reads a call of DBMS_LOB; buffer is the variable that was assigned before.
func (p *parser) lobCallOf(buffer []byte) error {
	method := p.identifier()
	args, n, err := p.callArguments()
	if err != nil {
		return err
	}
	locator := args[0]
	p.s.Binary, p.s.National = hasSuffix(locator, "_b"), hasSuffix(locator, "_nc")
	piece := buffer != nil && bytes.Equal(args[max(n-1, 0)], buffer)
	ok := true
	switch {
	case equalFold(method, "write") && n == 4 && piece:
		p.s.Op = LOBWrite
		if equalFold(locator, "TEMPLOB") {
			p.s.Op = LongWrite
		}
		p.s.Length = p.amount(args[1], &ok)
		p.s.Offset = p.amount(args[2], &ok)
	case equalFold(method, "writeappend") && n == 3 && piece,
		equalFold(method, "append") && n == 2 && piece:
		p.s.Op = LongWrite
		if n == 3 && isDigit(args[1][0]) {
			p.s.Length = p.amount(args[1], &ok)
		}
	case equalFold(method, "trim") && n == 2:
		p.s.Op = LOBTrim
		p.s.Length = p.amount(args[1], &ok)
	case equalFold(method, "erase") && n == 3:
		p.s.Op = LOBErase
		if bytes.Equal(args[1], buffer) && p.s.Piece.Kind == Number {
			args[1] = p.s.Piece.Text
		}
		p.s.Length = p.amount(args[1], &ok)
		p.s.Offset = p.amount(args[2], &ok)
		p.s.Piece = Value{}
	case equalFold(method, "freetemporary") && n == 1:
		p.s.Op = LongEnd
	default:
		return p.fail("no known call of DBMS_LOB")
	}
	if !ok {
		return p.fail("wanted numbers in the call of DBMS_LOB")
	}
	return p.checkPiece(buffer)
}

// checkPiece refuses content that a piece of its LOB cannot be.
func (p *parser) checkPiece(buffer []byte) error {
	if p.s.Op != LOBWrite && p.s.Op != LongWrite {
		return nil
	}
	switch p.s.Piece.Kind {
	case HexToRaw:
		return nil
	case Quoted, UniStr:
		if !p.s.Binary && !hasSuffix(buffer, "_b") {
			return nil
		}
	}
	return p.fail("a piece is a text or HEXTORAW, and HEXTORAW if it is of a BLOB")
}

// callArguments reads (a, b, ...), each a word or number, or a function of one.
func (p *parser) callArguments() (args [4][]byte, n int, err error) {
	p.blank()
	if !p.sign('(') {
		return args, 0, p.fail("wanted (")
	}
	for more := true; more; more = p.sign(',') {
		if n == len(args) {
			return args, n, p.fail("too many arguments")
		}
		if args[n] = p.identifier(); len(args[n]) == 0 {
			return args, n, p.fail("wanted an argument")
		}
		n++
		p.blank()
		if p.sign('(') {
			p.identifier()
			p.blank()
			if !p.sign(')') {
				return args, n, p.fail("wanted )")
			}
		}
	}
	if !p.sign(')') || !p.delimiter() {
		return args, n, p.fail("wanted ); after the arguments")
	}
	return args, n, p.trailer()
}

// amount reads a number of characters or octets.
func (p *parser) amount(b []byte, ok *bool) int64 {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		*ok = false
	}
	return n
}

func hasSuffix(b []byte, suffix string) bool {
	return len(b) >= len(suffix) && equalFold(b[len(b)-len(suffix):], suffix)
}

// xmlDocument reads the marks before and after a document's pieces.
func (p *parser) xmlDocument() error {
	if !p.word("doc") {
		return p.fail("wanted XML DOC")
	}
	if p.word("end") {
		p.s.Op = XMLEnd
		return p.trailer()
	}
	p.s.Op = XMLBegin
	if !p.word("begin") || !p.sign(':') || !p.word("select") {
		return p.fail("wanted BEGIN: select")
	}
	if err := p.column(&p.s.Column); err != nil {
		return err
	}
	if !p.word("from") {
		return p.fail("wanted from")
	}
	if err := p.rowOf(); err != nil {
		return err
	}
	return p.end()
}

// xmlWrite reads a piece of a document: HEXTORAW or a text and their length, or NULL.
// A text without quotes must be as long as it says.
func (p *parser) xmlWrite() error {
	p.s.Op = XMLWrite
	p.blank()
	if !p.prefix(":=") {
		return p.fail("wanted :=")
	}
	p.blank()
	from := p.at
	rest := bytes.TrimRight(p.text[from:], "; \r\n\t")
	if p.peek() != '\'' && !p.prefix("HEXTORAW('") && !p.prefix("UNISTR('") &&
		!equalFold(rest, "NULL") {
		return p.xmlBare(rest)
	}
	p.at = from
	if err := p.value(&p.s.Piece); err != nil {
		return err
	}
	switch p.s.Piece.Kind {
	case Null, Quoted, UniStr, HexToRaw:
	default:
		return p.fail("a piece is a text, HEXTORAW or NULL")
	}
	if p.sign(':') {
		ok := true
		if p.s.Length = p.amount(p.identifier(), &ok); !ok {
			return p.fail("wanted the length of the piece")
		}
	}
	return p.end()
}

func (p *parser) xmlBare(rest []byte) error {
	p.at = len(p.text)
	colon := bytes.LastIndexByte(rest, ':')
	ok := colon > 0
	if ok {
		p.s.Length = p.amount(rest[colon+1:], &ok)
	}
	if !ok {
		return p.fail("wanted : and the length of the piece")
	}
	text := rest[:colon]
	if n := p.s.Length; n != int64(len(text)) && n != int64(utf8.RuneCount(text)) {
		return p.fail("the piece is not as long as it says")
	}
	p.s.Piece = Value{Kind: Quoted, Text: text}
	return nil
}
