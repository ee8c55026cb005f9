package main

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"ggsh/handler/dml"
	"ggsh/oracleclient"
	"ggsh/record"
)

// pieceOctets is how much of a long value goes with one statement: a bind of
// PL/SQL holds 32767 octets.
const pieceOctets = 32000

// headOctets is how much of a long value goes with its row, as a short bind: some
// statements take no long ones.
const headOctets = 2000

// sqlOctets is what an argument of a function in SQL holds.
const sqlOctets = 4000

// none is what becomes of a text without characters, by the operator's rule.
func (b *binding) none() (any, error) {
	if b.is.isLOB() {
		return b.noLOB(), nil
	}
	switch {
	case b.empty == emptyBlank && b.is.isText():
		return b.fitted([]byte(" "))
	case b.empty == emptyRefuse:
		return nil, b.refuse(nullRefused, "an empty value would become NULL, and DBOPTIONS "+
			"EMPTYSTRING REFUSE is in force")
	case !b.col.Nullable:
		return nil, b.refuse(nullRefused, "an empty value is NULL in Oracle, and the column "+
			"allows none: DBOPTIONS EMPTYSTRING BLANK writes one blank")
	}
	return b.null(b.col), nil
}

// noLOB is an empty LOB, or what the operator wants for it.
func (b *binding) noLOB() any {
	long := &dml.Long{Head: " ", Empty: true}
	switch {
	case b.is.isOctets() && b.emptyLOB != "":
		return []byte(b.emptyLOB)
	case b.emptyLOB != "":
		return b.emptyLOB
	case b.is.isOctets():
		long.Head = []byte(" ")
	}
	return long
}

// text gives characters.
func (b *binding) text() (any, error) {
	text := b.v.B
	switch b.v.Kind {
	case record.String, record.JSON, record.XML, record.Bytes, record.Decimal:
	default:
		text = b.v.Text(nil, -1)
	}
	if len(text) == 0 {
		return b.none()
	}
	if !utf8.Valid(text) {
		return nil, b.refuse(brokenCharacter, "it is not UTF-8")
	}
	if !b.is.national {
		if r, lacks := b.charset.lacks(text); lacks {
			return nil, b.refuse(untranslatable, "the database character set "+string(b.charset)+
				" is not known to have "+string(r))
		}
	}
	return b.fitted(text)
}

// fitted gives text in the length that the column has.
func (b *binding) fitted(text []byte) (any, error) {
	length := utf8.RuneCount(text)
	switch {
	case b.is.national:
		length = units(text)
	case b.is.octets:
		length = b.charset.octets(text)
	}
	switch b.is.family {
	case charType, varcharType:
		if b.is.length > 0 && length > b.is.length {
			return nil, b.refuse(valueTooLarge, tooLong)
		}
		if b.is.family == charType && length < b.is.length {
			// As the database would; and so it is found again by a comparison that
			// does not pad.
			text = append(text[:len(text):len(text)], strings.Repeat(" ", b.is.length-length)...)
		}
	case clobType:
		return b.pieces(text), nil
	case xmlType, jsonType:
		if len(text) > sqlOctets {
			return oracleclient.CLOB(string(text)), nil // there is no locator to append to
		}
	}
	wire := b.wire(string(text))
	if len(wire) > len(text) && len(wire) > sqlOctets {
		return nil, b.refuse(valueTooLarge, "its characters are too many for a database whose "+
			"character set lacks them")
	}
	return wire, nil
}

// units counts a text in the units of UTF-16, as the national character set does.
func units(text []byte) (n int) {
	for len(text) > 0 {
		r, width := utf8.DecodeRune(text)
		n += utf16.RuneLen(r)
		text = text[width:]
	}
	return n
}

// wire is the text as its placeholder takes it.
func (b *binding) wire(text string) string {
	if !b.is.national || b.charset.unicode() {
		return text
	}
	return escaped(text)
}

// escaped is a text as UNISTR reads it.
func escaped(text string) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf && r != '\\' {
			out.WriteByte(byte(r))
			continue
		}
		for _, u := range utf16.AppendRune(nil, r) {
			out.Write([]byte{'\\', digits[u>>12], digits[u>>8&15], digits[u>>4&15], digits[u&15]})
		}
	}
	return out.String()
}

// pieces cuts a long text between characters.
func (b *binding) pieces(text []byte) any {
	limit := pieceOctets
	if b.is.national && !b.charset.unicode() {
		limit = sqlOctets / 5 // as UNISTR reads it, an octet becomes five at most
	}
	if len(text) <= limit {
		return b.wire(string(text))
	}
	long := &dml.Long{}
	for next := min(limit, headOctets); len(text) > 0; next = limit {
		n := min(next, len(text))
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n--
		}
		piece := b.wire(string(text[:n]))
		if long.Head == nil {
			long.Head = piece
		} else {
			long.Rest = append(long.Rest, piece)
		}
		text = text[n:]
	}
	return long
}

// octets gives octets. Text is its UTF-8.
func (b *binding) octets() (any, error) {
	v := b.v
	switch v.Kind {
	case record.Bytes, record.UUID, record.Bit, record.String, record.JSON, record.XML:
	default:
		return nil, b.wrongKind()
	}
	switch {
	case len(v.B) == 0:
		return b.none()
	case b.is.family == rawType && len(v.B) > b.is.length && b.is.length > 0:
		return nil, b.refuse(valueTooLarge, tooLong)
	case b.is.family != blobType || len(v.B) <= pieceOctets:
		return v.B, nil
	}
	long := &dml.Long{Head: v.B[:headOctets:headOctets]}
	for rest := v.B[headOctets:]; len(rest) > 0; {
		n := min(pieceOctets, len(rest))
		long.Rest = append(long.Rest, rest[:n:n])
		rest = rest[n:]
	}
	return long, nil
}
