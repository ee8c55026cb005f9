package redo

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// blank skips blanks, of which there are none most of the time.
func (p *parser) blank() {
	if p.at < len(p.text) && p.text[p.at] <= ' ' {
		p.blanks()
	}
}

func (p *parser) blanks() {
	at := p.at
	for at < len(p.text) && (p.text[at] == ' ' || p.text[at] == '\n' || p.text[at] == '\r' ||
		p.text[at] == '\t') {
		at++
	}
	p.at = at
}

// word takes a word of small letters, whatever its case, and the blanks behind it.
func (p *parser) word(w string) bool {
	text := p.text[p.at:]
	if len(text) < len(w) || text[0]|0x20 != w[0] {
		return false
	}
	for i := 1; i < len(w); i++ {
		if text[i]|0x20 != w[i] {
			return false
		}
	}
	if len(text) > len(w) && inWord(text[len(w)]) {
		return false
	}
	p.at += len(w)
	p.blank()
	return true
}

// sign takes one sign and the blanks behind it.
func (p *parser) sign(b byte) bool {
	if p.at >= len(p.text) || p.text[p.at] != b {
		return false
	}
	p.at++
	p.blank()
	return true
}

// prefix takes text as it is, but for the case of letters.
func (p *parser) prefix(w string) bool {
	end := p.at + len(w)
	if end > len(p.text) || !equalFold(p.text[p.at:end], w) {
		return false
	}
	p.at = end
	return true
}

// identifier takes a word without quotes; there may be none.
func (p *parser) identifier() []byte {
	from := p.at
	for p.at < len(p.text) && inWord(p.text[p.at]) {
		p.at++
	}
	return p.text[from:p.at]
}

func inWord(b byte) bool {
	return b|0x20 >= 'a' && b|0x20 <= 'z' || b >= '0' && b <= '9' || b == '_' || b == '$' ||
		b == '#' || b >= 0x80
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// equalFold compares with an ASCII word.
func equalFold(b []byte, w string) bool {
	if len(b) != len(w) {
		return false
	}
	for i := range b {
		if b[i] != w[i] && (b[i]^w[i] != 0x20 || b[i]|0x20 < 'a' || b[i]|0x20 > 'z') {
			return false
		}
	}
	return true
}

// quoted reads from an opening quote to its closing one and undoes doubled ones. It does not
// take the blanks behind it.
func (p *parser) quoted(quote byte) ([]byte, error) {
	from := p.at + 1
	at := from
	for {
		n := bytes.IndexByte(p.text[at:], quote)
		if n < 0 {
			p.at = len(p.text)
			return nil, p.fail("the text ends within quotes")
		}
		at += n
		if at+1 < len(p.text) && p.text[at+1] == quote {
			return p.undouble(from, at, quote)
		}
		p.at = at + 1
		return p.text[from:at:at], nil
	}
}

// undouble is quoted from the first doubled quote on.
func (p *parser) undouble(from, at int, quote byte) ([]byte, error) {
	start := len(p.s.scratch)
	for {
		p.s.scratch = append(p.s.scratch, p.text[from:at+1]...)
		from = at + 2
		n := bytes.IndexByte(p.text[from:], quote)
		if n < 0 {
			p.at = len(p.text)
			return nil, p.fail("the text ends within quotes")
		}
		at = from + n
		if at+1 == len(p.text) || p.text[at+1] != quote {
			break
		}
	}
	p.s.scratch = append(p.s.scratch, p.text[from:at]...)
	p.at = at + 1
	end := len(p.s.scratch)
	return p.s.scratch[start:end:end], nil
}

// value reads a literal and the blanks behind it, and what is joined to it by ||.
func (p *parser) value(v *Value) error {
	if p.at >= len(p.text) {
		return p.fail("wanted a value")
	}
	if p.text[p.at] == '/' {
		if err := p.hint(v); err != nil {
			return err
		}
	}
	from := p.at
	if err := p.operand(v); err != nil {
		return err
	}
	p.blank()
	if p.at+1 < len(p.text) && p.text[p.at] == '|' && p.text[p.at+1] == '|' {
		return p.join(v, from)
	}
	if v.Kind == UniStr {
		return p.unistr(v, from)
	}
	return nil
}

func (p *parser) hint(v *Value) error {
	if !p.prefix("/*") {
		return p.fail("wanted a value")
	}
	n := bytes.Index(p.text[p.at:], []byte("*/"))
	if n < 0 {
		p.at = len(p.text)
		return p.fail("the comment does not end")
	}
	v.Hint = bytes.TrimSpace(p.text[p.at : p.at+n])
	p.at += n + 2
	p.blank()
	return nil
}

// operand reads one literal. UNISTR is left as it is: value decodes it.
func (p *parser) operand(v *Value) (err error) {
	if p.at >= len(p.text) {
		return p.fail("wanted a value")
	}
	switch b := p.text[p.at]; {
	case b == '\'':
		v.Kind = Quoted
		v.Text, err = p.quoted('\'')
		return err
	case b == 'H' && bytes.HasPrefix(p.text[p.at:], hexToRaw):
		return p.hexToRaw(v)
	case b == ':':
		return p.bind(v)
	case isDigit(b) || b == '-' || b == '+' || b == '.':
		return p.number(v)
	}
	return p.named(v)
}

var hexToRaw = []byte("HEXTORAW('")

// hexToRaw is the way of nearly every value where LogMiner has no dictionary.
func (p *parser) hexToRaw(v *Value) error {
	from := p.at + len(hexToRaw)
	n := bytes.IndexByte(p.text[from:], '\'')
	if n < 0 {
		p.at = len(p.text)
		return p.fail("the text ends within quotes")
	}
	p.at = from + n + 1
	if p.at == len(p.text) || p.text[p.at] != ')' {
		return p.fail("wanted ) after the digits of HEXTORAW")
	}
	p.at++
	v.Kind, v.Text = HexToRaw, p.text[from:from+n:from+n]
	return nil
}

func (p *parser) bind(v *Value) error {
	from := p.at
	p.at++
	if p.at < len(p.text) && p.text[p.at] == '"' {
		if _, err := p.quoted('"'); err != nil {
			return err
		}
	} else if len(p.identifier()) == 0 {
		return p.fail("wanted the name of a bind marker")
	}
	v.Kind, v.Text = Bind, p.text[from:p.at]
	return nil
}

// number takes a bare number; its digits are looked at where it becomes a value.
func (p *parser) number(v *Value) error {
	from := p.at
	if b := p.text[p.at]; b == '-' || b == '+' {
		p.at++
	}
	if b := p.peek(); !isDigit(b) && b != '.' {
		id := p.identifier()
		if !notFinite(id) {
			return p.fail("wanted a number")
		}
		v.Kind, v.Text = Number, p.text[from:p.at]
		return nil
	}
	digits := p.digits()
	if p.peek() == '.' {
		p.at++
		digits += p.digits()
	}
	if digits > 0 && p.peek()|0x20 == 'e' {
		p.at++
		if b := p.peek(); b == '-' || b == '+' {
			p.at++
		}
		digits = p.digits()
	}
	if digits == 0 || p.at < len(p.text) && (inWord(p.text[p.at]) || p.text[p.at] == '.') {
		return p.fail("wanted a number")
	}
	v.Kind, v.Text = Number, p.text[from:p.at]
	return nil
}

func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) digits() (n int) {
	for ; p.at < len(p.text) && isDigit(p.text[p.at]); n++ {
		p.at++
	}
	return n
}

// notFinite tells the words for what is no number.
func notFinite(id []byte) bool {
	return equalFold(id, "nan") || equalFold(id, "inf") || equalFold(id, "infinity")
}

// named reads what begins with a word.
func (p *parser) named(v *Value) error {
	from := p.at
	if p.word("null") {
		v.Kind = Null
		return nil
	}
	if p.word("unsupported") && p.word("type") {
		v.Kind = Unsupported
		return nil
	}
	p.at = from
	id := p.identifier()
	if len(id) == 0 {
		return p.fail("wanted a value")
	}
	if notFinite(id) {
		v.Kind, v.Text = Number, id
		return nil
	}
	p.blank()
	if !p.sign('(') {
		p.at = from
		return p.fail("wanted a value")
	}
	return p.call(v, id)
}

// call reads the arguments of a function and gives it its form.
func (p *parser) call(v *Value, name []byte) error {
	if p.peek() == ':' && equalFold(name, "XMLTYPE") {
		if err := p.bind(v); err != nil {
			return err
		}
		p.blank()
		if !p.sign(')') {
			return p.fail("wanted ) after a bind marker")
		}
		return nil
	}
	first := len(p.s.args)
	for p.peek() != ')' {
		if len(p.s.args) > first && !p.sign(',') {
			return p.fail("wanted , or ) after an argument")
		}
		if p.peek() != '\'' {
			return p.fail("wanted an argument in quotes")
		}
		arg, err := p.quoted('\'')
		if err != nil {
			return err
		}
		p.s.args = append(p.s.args, arg)
		p.blank()
	}
	p.at++
	end := len(p.s.args)
	args := p.s.args[first:end:end]
	switch {
	case len(args) == 1 && equalFold(name, "HEXTORAW"):
		v.Kind, v.Text = HexToRaw, args[0]
	case len(args) == 1 && equalFold(name, "UNISTR"):
		v.Kind, v.Text = UniStr, args[0]
	case len(args) == 0 && equalFold(name, "EMPTY_CLOB"):
		v.Kind = EmptyCLOB
	case len(args) == 0 && equalFold(name, "EMPTY_BLOB"):
		v.Kind = EmptyBLOB
	default:
		v.Kind, v.Name, v.Args = Call, name, args
	}
	return nil
}

// join reads operands joined by ||, the first of which is in v: digits of HEXTORAW
// with such, texts with texts.
func (p *parser) join(v *Value, from int) error {
	first := *v
	start := len(p.s.scratch)
	var half rune // the first half of a pair of UTF-16, which the next operand ends
	kind := first.Kind
	next := first
	for {
		switch {
		case kind == HexToRaw && next.Kind == HexToRaw:
			p.s.scratch = append(p.s.scratch, next.Text...)
		case kind != HexToRaw && next.Kind == Quoted && half == 0:
			p.s.scratch = append(p.s.scratch, next.Text...)
		case kind != HexToRaw && next.Kind == UniStr:
			kind = UniStr
			var ok bool
			if p.s.scratch, half, ok = appendUnistr(p.s.scratch, next.Text, half); !ok {
				p.at = from
				return p.fail("wrong escape in UNISTR")
			}
		default:
			return p.fail("these values cannot be joined by ||")
		}
		if p.peek() != '|' {
			break
		}
		p.at++
		if !p.sign('|') {
			return p.fail("wanted ||")
		}
		// Operands that had to be changed lie in the scratch behind what is joined already:
		// they are moved up to it.
		keep := len(p.s.scratch)
		next = Value{}
		if err := p.operand(&next); err != nil {
			return err
		}
		p.blank()
		p.s.scratch = p.s.scratch[:keep]
	}
	if half != 0 {
		p.at = from
		return p.fail("half a character in UNISTR")
	}
	end := len(p.s.scratch)
	*v = Value{Kind: kind, Text: p.s.scratch[start:end:end], Hint: first.Hint}
	return nil
}

// unistr decodes a single UNISTR.
func (p *parser) unistr(v *Value, from int) error {
	start := len(p.s.scratch)
	out, half, ok := appendUnistr(p.s.scratch, v.Text, 0)
	if !ok || half != 0 {
		p.at = from
		return p.fail("wrong escape in UNISTR")
	}
	p.s.scratch = out
	v.Text = out[start:len(out):len(out)]
	return nil
}

// appendUnistr decodes \XXXX and \\. half is what an earlier piece left.
func appendUnistr(dst, src []byte, half rune) (out []byte, left rune, ok bool) {
	for len(src) > 0 {
		if src[0] != '\\' {
			n := bytes.IndexByte(src, '\\')
			if n < 0 {
				n = len(src)
			}
			if half != 0 {
				return dst, 0, false
			}
			dst, src = append(dst, src[:n]...), src[n:]
			continue
		}
		if len(src) > 1 && src[1] == '\\' && half == 0 {
			dst, src = append(dst, '\\'), src[2:]
			continue
		}
		if len(src) < 5 {
			return dst, 0, false
		}
		hi, ok1 := hexOctet(src[1], src[2])
		lo, ok2 := hexOctet(src[3], src[4])
		if !ok1 || !ok2 {
			return dst, 0, false
		}
		src = src[5:]
		r := rune(hi)<<8 | rune(lo)
		switch {
		case half != 0:
			if r = utf16.DecodeRune(half, r); r == utf8.RuneError {
				return dst, 0, false
			}
			dst, half = utf8.AppendRune(dst, r), 0
		case r >= 0xd800 && r < 0xdc00:
			half = r
		case utf16.IsSurrogate(r):
			return dst, 0, false
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst, half, true
}

func hexOctet(a, b byte) (byte, bool) {
	x, y := hexDigit[a]-1, hexDigit[b]-1
	return x<<4 | y, x|y < 16
}

// hexDigit is the worth of a hexadecimal digit, and one more; nothing for other octets.
var hexDigit = [256]byte{'0': 1, '1': 2, '2': 3, '3': 4, '4': 5, '5': 6, '6': 7, '7': 8, '8': 9,
	'9': 10, 'a': 11, 'b': 12, 'c': 13, 'd': 14, 'e': 15, 'f': 16,
	'A': 11, 'B': 12, 'C': 13, 'D': 14, 'E': 15, 'F': 16}
