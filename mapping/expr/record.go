package expr

import (
	"fmt"
	"unicode/utf8"

	"ggsh/record"
)

// Image holds a row image and where each of its values begins.
type Image struct {
	image []byte
	at    []int
	have  bool
}

// Read finds the values of an image.
func (x *Image) Read(image record.Image, columns int) error {
	x.have = image != nil
	if !x.have {
		return nil
	}
	x.image, x.at = image, x.at[:0]
	rest := []byte(image)
	for len(rest) > 0 {
		x.at = append(x.at, len(image)-len(rest))
		var err error
		if rest, err = record.SkipValue(rest); err != nil {
			return fmt.Errorf("column %d: %w", len(x.at), err)
		}
	}
	if len(x.at) != columns {
		return fmt.Errorf("the image has %d columns, its table has %d", len(x.at), columns)
	}
	x.at = append(x.at, len(image))
	return nil
}

// Have reports whether the record has this image.
func (x *Image) Have() bool { return x.have }

// Value is the encoded value of a source column; nothing when there is no image.
func (x *Image) Value(column int) []byte {
	if !x.have {
		return nil
	}
	return x.image[x.at[column]:x.at[column+1]]
}

// Carries reports whether an encoded value is there: present or NULL.
func Carries(value []byte) bool { return len(value) > 0 && value[0] != byte(record.Missing) }

// when says which value of a column is meant.
type when uint8

const (
	ofRecord when = iota // after the operation, else, where that is not carried, before it
	ofBefore
	ofAfter
)

// column gives the value of a column. An update that does not carry a column's
// value after it has not changed it: the value before, where it is carried, holds.
func (r *Record) column(at int, w when) record.Value {
	var raw []byte
	switch {
	case w == ofAfter:
		raw = r.After.Value(at)
	case w == ofBefore || r.fromBefore:
		raw = r.Before.Value(at)
	default:
		if raw = r.After.Value(at); !Carries(raw) {
			raw = r.Before.Value(at)
		}
	}
	if !Carries(raw) {
		return state(record.Missing)
	}
	v, _, err := record.DecodeValue(raw)
	if err != nil || notADate(v) {
		return state(Invalid)
	}
	return v
}

// notADate reports a date without month or day.
func notADate(v record.Value) bool {
	switch v.Kind {
	case record.Date, record.Timestamp, record.TimestampTZ:
		_, m, d := v.D.Split()
		return m == 0 || d == 0
	}
	return false
}

// text gives the characters of a value, in the arena where they have to be made.
// false: octets that are no text.
func (r *Record) text(v record.Value) ([]byte, bool) {
	switch v.Kind {
	case record.String, record.Decimal, record.JSON, record.XML:
		return v.B, true
	case record.Bytes:
		return v.B, utf8.Valid(v.B)
	case record.Bool:
		return r.text(integer(int64(v.N)))
	}
	from := len(r.arena)
	r.arena = v.Text(r.arena, -1)
	return r.arena[from:len(r.arena):len(r.arena)], true
}

// octets gives the bytes of a value: those of a number or date as text.
func (r *Record) octets(v record.Value) []byte {
	if v.Kind == record.Bytes || v.Kind == record.UUID {
		return v.B
	}
	b, _ := r.text(v)
	return b
}

// made gives what the arena got since from as a value of the kind.
func (r *Record) made(k record.Kind, from int) record.Value {
	if len(r.arena) > maxArena {
		r.arena = r.arena[:from]
		return state(Invalid)
	}
	return record.Value{Kind: k, B: r.arena[from:len(r.arena):len(r.arena)]}
}

// room reports whether n more bytes fit the arena.
func (r *Record) room(n int) bool { return n >= 0 && len(r.arena)+n <= maxArena }
