package expr

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"ggsh/record"
)

// maxPad bounds the lengths that padding makes.
const maxPad = 32767

// copied appends a text to the arena.
func (r *Record) copied(b []byte) bool {
	if !r.room(len(b)) {
		return false
	}
	r.arena = append(r.arena, b...)
	return true
}

// chars gives the first n characters of a text, all when it has fewer.
func chars(b []byte, n int64) []byte {
	if n <= 0 {
		return nil
	}
	if n >= int64(len(b)) {
		return b
	}
	at := 0
	for ; n > 0 && at < len(b); n-- {
		_, size := utf8.DecodeRune(b[at:])
		at += size
	}
	return b[:at]
}

// count reads a number of characters.
func count(v record.Value) (int64, bool) {
	x, ok := numberOf(v)
	if !ok || x.float || x.big != nil {
		return 0, false
	}
	return x.n / powers[min(x.scale, fastDigits)], x.n >= 0
}

func strCat(r *Record, v []record.Value) record.Value {
	size := 0
	for i := range v {
		b, ok := r.text(v[i])
		if size += len(b); !ok || !r.room(size) {
			return state(Invalid)
		}
		v[i] = record.Value{Kind: record.String, B: b}
	}
	from := len(r.arena)
	for i := range v {
		r.arena = append(r.arena, v[i].B...)
	}
	return r.made(record.String, from)
}

func strNCat(r *Record, v []record.Value) record.Value {
	for i := 0; i < len(v); i += 2 {
		b, ok := r.text(v[i])
		n, good := count(v[i+1])
		if !ok || !good {
			return state(Invalid)
		}
		v[i] = record.Value{B: chars(b, n)}
	}
	from := len(r.arena)
	for i := 0; i < len(v); i += 2 {
		if !r.copied(v[i].B) {
			return state(Invalid)
		}
	}
	return r.made(record.String, from)
}

func strExt(r *Record, v []record.Value) record.Value {
	b, ok := r.text(v[0])
	begin, good := count(v[1])
	end, fine := count(v[2])
	if !ok || !good || !fine || begin < 1 {
		return state(Invalid)
	}
	b = b[len(chars(b, begin-1)):]
	return record.Value{Kind: record.String, B: chars(b, end-begin+1)}
}

func strEq(r *Record, v []record.Value) record.Value {
	a, ok := r.text(v[0])
	b, good := r.text(v[1])
	if !ok || !good {
		return state(Invalid)
	}
	return boolean(bytes.Equal(bytes.TrimRight(a, " "), bytes.TrimRight(b, " ")))
}

// strCmp is @STRCMP, and @STRNCMP when there is a third argument.
func strCmp(r *Record, v []record.Value) record.Value {
	a, ok := r.text(v[0])
	b, good := r.text(v[1])
	if !ok || !good {
		return state(Invalid)
	}
	if len(v) == 3 {
		n, ok := count(v[2])
		if !ok {
			return state(Invalid)
		}
		a, b = chars(a, n), chars(b, n)
	}
	return integer(int64(bytes.Compare(a, b)))
}

func strFind(r *Record, v []record.Value) record.Value {
	b, ok := r.text(v[0])
	search, good := r.text(v[1])
	begin := int64(1)
	if len(v) == 3 && ok {
		begin, ok = count(v[2])
	}
	if !ok || !good || begin < 1 {
		return state(Invalid)
	}
	from := len(chars(b, begin-1))
	at := bytes.Index(b[from:], search)
	if at < 0 || len(search) == 0 {
		return integer(0)
	}
	return integer(int64(utf8.RuneCount(b[:from+at])) + 1)
}

func strLen(r *Record, v []record.Value) record.Value {
	b, ok := r.text(v[0])
	if !ok {
		return state(Invalid)
	}
	return integer(int64(utf8.RuneCount(b)))
}

// trimmer makes a function that cuts blanks.
func trimmer(left, right bool) func(*Record, []record.Value) record.Value {
	return func(r *Record, v []record.Value) record.Value {
		b, ok := r.text(v[0])
		if !ok {
			return state(Invalid)
		}
		if left {
			b = bytes.TrimLeft(b, " ")
		}
		if right {
			b = bytes.TrimRight(b, " ")
		}
		return record.Value{Kind: record.String, B: b}
	}
}

func strSub(r *Record, v []record.Value) record.Value {
	b, ok := r.text(v[0])
	if !ok {
		return state(Invalid)
	}
	for i := 1; i+1 < len(v); i += 2 {
		search, ok := r.text(v[i])
		replace, good := r.text(v[i+1])
		if !ok || !good {
			return state(Invalid)
		}
		if len(search) == 0 || !bytes.Contains(b, search) {
			continue
		}
		from := len(r.arena)
		for at := bytes.Index(b, search); at >= 0; at = bytes.Index(b, search) {
			if !r.copied(b[:at]) || !r.copied(replace) {
				r.arena = r.arena[:from]
				return state(Invalid)
			}
			b = b[at+len(search):]
		}
		if !r.copied(b) {
			return state(Invalid)
		}
		b = r.arena[from:len(r.arena):len(r.arena)]
	}
	return record.Value{Kind: record.String, B: b}
}

func strUp(r *Record, v []record.Value) record.Value {
	b, ok := r.text(v[0])
	if !ok || !r.room(2*len(b)) {
		return state(Invalid)
	}
	from := len(r.arena)
	for len(b) > 0 {
		c, size := utf8.DecodeRune(b)
		if c == utf8.RuneError && size == 1 {
			return state(Invalid)
		}
		r.arena = utf8.AppendRune(r.arena, unicode.ToUpper(c))
		b = b[size:]
	}
	return r.made(record.String, from)
}

// bindStrNum binds @STRNUM (number, how [, length]).
func bindStrNum(s *Scope, n *Node) (bound, error) {
	how, err := n.args[1].keyword("LEFT", "LEFTSPACE", "RIGHT", "RIGHTZERO")
	if err != nil {
		return bound{}, err
	}
	nodes := []*Node{n.args[0]}
	length := 0
	switch {
	case len(n.args) == 3:
		nodes = append(nodes, n.args[2])
	case s.Target != nil:
		length = s.Target.Length
	}
	if len(nodes) == 1 && length == 0 && how != "LEFT" {
		return bound{}, fault(n.at, "@STRNUM needs a length here: the target column tells none").
			Do("Add it: @STRNUM (number, %s, length).", how)
	}
	b, args, err := s.bindAll(nodes)
	b.eval = strict(func(r *Record, v []record.Value) record.Value {
		width, ok := int64(length), true
		if len(v) == 2 {
			width, ok = count(v[1])
		}
		x, good := numberOf(v[0])
		if !ok || !good || width > maxPad {
			return state(Invalid)
		}
		return r.justified(x, how, int(width))
	}, args)
	return b, err
}

// justified writes a number in a width; 0: as it is.
func (r *Record) justified(x number, how string, width int) record.Value {
	from := len(r.arena)
	r.arena = x.append(r.arena)
	size := len(r.arena) - from
	missing := width - size
	switch {
	case width > 0 && missing < 0:
		r.arena = r.arena[:from]
		return state(Invalid)
	case how == "LEFT" || width == 0:
		return r.made(record.String, from)
	}
	fill := byte(' ')
	if how == "RIGHTZERO" {
		fill = '0'
	}
	for range missing {
		r.arena = append(r.arena, fill)
	}
	if how == "LEFTSPACE" {
		return r.made(record.String, from)
	}
	b := r.arena[from:]
	keep := 0
	if how == "RIGHTZERO" && b[0] == '-' {
		keep = 1 // zeros stand behind the sign
	}
	copy(b[missing+keep:], b[keep:size])
	for i := keep; i < keep+missing; i++ {
		b[i] = fill
	}
	return r.made(record.String, from)
}
