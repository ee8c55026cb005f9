package redo

import (
	"unicode/utf8"

	"ggsh/record"
)

// AppendValue appends the record value of a literal: what record.Append… of its kind makes.
// The text of quoted literals is UTF-8, as the driver gives it; HEXTORAW holds internal octets
// and is as AppendInternal has it. The empty string is NULL. NotNull, Unsupported and Bind are
// errors: they carry no value. After an error dst is as it was.
func AppendValue(dst []byte, t *Type, v *Value) ([]byte, error) {
	switch v.Kind {
	case Null:
		return record.AppendNull(dst), nil
	case HexToRaw:
		return t.appendHex(dst, v)
	case Quoted:
		if len(v.Text) == 0 {
			return record.AppendNull(dst), nil
		}
		return t.appendQuoted(dst, v.Text)
	case UniStr:
		if len(v.Text) == 0 {
			return record.AppendNull(dst), nil
		}
		if t.isText() {
			return t.appendText(dst, v.Text)
		}
	case Number:
		if t.form >= integers && t.form <= doubles {
			return t.appendQuoted(dst, v.Text)
		}
	case EmptyCLOB:
		if t.form == lobTexts {
			return record.AppendBytes(dst, record.String, nil), nil
		}
	case EmptyBLOB:
		if t.form == lobOctets {
			return record.AppendBytes(dst, record.Bytes, nil), nil
		}
	case Call:
		return t.appendCall(dst, v)
	}
	return dst, t.fail(v.Kind.String() + " is no value of it")
}

// isText reports whether values of the type are texts.
func (t *Type) isText() bool {
	switch t.form {
	case texts, lobTexts, rowIDs, xmlTexts, jsonTexts:
		return true
	}
	return false
}

// appendQuoted takes what stands between quotes, or a bare number.
func (t *Type) appendQuoted(dst, text []byte) ([]byte, error) {
	switch t.form {
	case integers, decimals:
		return t.appendNumberText(dst, text)
	case singles, doubles:
		return t.appendFloatText(dst, text)
	case dates, timestamps, zoned, local:
		m, ok := readMoment(text)
		if !ok {
			return dst, t.fail("the text is not of the form YYYY-MM-DD HH24:MI:SS.FF TZH:TZM, " +
				"to which the session's NLS formats must be set")
		}
		return t.appendMoment(dst, m)
	case months, days:
		return t.appendIntervalText(dst, text)
	}
	if t.isText() {
		return t.appendText(dst, text)
	}
	return dst, t.fail("a text is no value of it")
}

func (t *Type) appendText(dst, text []byte) ([]byte, error) {
	if !utf8.Valid(text) {
		return dst, t.fail("the text is not UTF-8")
	}
	return record.AppendBytes(dst, t.Kind(), text), nil
}

// appendHex puts the octets behind dst, and the value made of them in their place.
func (t *Type) appendHex(dst []byte, v *Value) ([]byte, error) {
	start := len(dst)
	if t.form == octets && len(v.Text) > 0 {
		dst = appendHead(dst, record.Bytes, len(v.Text)/2)
		out, ok := appendUnhex(dst, v.Text)
		if !ok {
			return dst[:start], t.fail(notHex)
		}
		return out, nil
	}
	dst, ok := appendUnhex(dst, v.Text)
	if !ok {
		return dst[:start], t.fail(notHex)
	}
	middle := len(dst)
	out, err := AppendInternal(dst, t, dst[start:])
	if err != nil {
		return dst[:start], err
	}
	return out[:start+copy(out[start:], out[middle:])], nil
}

const notHex = "HEXTORAW has an odd number of digits, or what is no digit"

// appendHead appends what stands before n octets of a value.
func appendHead(dst []byte, k record.Kind, n int) []byte {
	dst = append(dst, byte(k))
	for ; n >= 0x80; n >>= 7 {
		dst = append(dst, byte(n)|0x80)
	}
	return append(dst, byte(n))
}

func appendUnhex(dst, digits []byte) ([]byte, bool) {
	if len(digits)%2 != 0 {
		return dst, false
	}
	start, n := len(dst), len(digits)/2
	if cap(dst)-start < n {
		dst = append(dst, digits...)
	}
	out := dst[start : start+n]
	var bad byte
	for i := range out {
		x, y := hexDigit[digits[2*i]]-1, hexDigit[digits[2*i+1]]-1
		out[i] = x<<4 | y
		bad |= x | y
	}
	return dst[:start+n], bad < 16
}

// AppendPiece appends the content of a LOB's, an XML document's or a long string's piece: UTF-8
// for types of characters, octets for the others. It is content alone, not a record value:
// record.AppendBytes of the whole makes one. NULL is no content.
func AppendPiece(dst []byte, t *Type, v *Value) ([]byte, error) {
	binary := t.form == octets || t.form == lobOctets
	switch {
	case v.Kind == Null, v.Kind == EmptyCLOB && t.isText(), v.Kind == EmptyBLOB && binary:
		return dst, nil
	case v.Kind == HexToRaw && binary:
		return v.AppendOctets(dst)
	case v.Kind == HexToRaw && t.isText():
		start := len(dst)
		dst, err := v.AppendOctets(dst)
		if err != nil {
			return dst, err
		}
		middle := len(dst)
		out, err := t.AppendText(dst, dst[start:])
		return out[:start+copy(out[start:], out[middle:])], err
	case (v.Kind == Quoted || v.Kind == UniStr) && t.isText():
		if !utf8.Valid(v.Text) {
			return dst, t.fail("the text is not UTF-8")
		}
		return append(dst, v.Text...), nil
	}
	return dst, t.fail(v.Kind.String() + " is no piece of it")
}

// AppendOctets appends what HEXTORAW holds, as octets.
func (v *Value) AppendOctets(dst []byte) ([]byte, error) {
	start := len(dst)
	out, ok := appendUnhex(dst, v.Text)
	if v.Kind != HexToRaw || !ok {
		return dst[:start], &ValueError{Type: "RAW", Cause: notHex}
	}
	return out, nil
}

// AppendText appends octets of the type's character set as UTF-8. It serves content whose
// pieces may end inside a character: join the octets of all first.
func (t *Type) AppendText(dst []byte, raw []byte) ([]byte, error) {
	start := len(dst)
	if t.set == nil {
		return dst, t.fail("it has no character set")
	}
	out, ok := t.set.append(dst, raw)
	if !ok {
		return dst[:start], t.fail("the octets are not text of character set " + t.Charset)
	}
	return out, nil
}
