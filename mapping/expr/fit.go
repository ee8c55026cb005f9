package expr

import (
	"unicode/utf8"

	"ggsh/record"
)

// Fit gives a value the form of a column's kind: texts become numbers, dates or
// octets where the column has such, and numbers and dates become text. Invalid:
// it cannot be that.
func (r *Record) Fit(v record.Value, kind record.Kind) record.Value {
	if exceptional(v.Kind) || v.Kind == kind {
		return v
	}
	switch kind {
	case record.Int, record.Uint, record.Decimal, record.Float32, record.Float64:
		if numeric(v.Kind) {
			return v
		}
		x, ok := numberOf(v)
		if !ok {
			return state(Invalid)
		}
		return r.value(x)
	case record.String:
		if v.Kind == record.Bytes && !utf8.Valid(v.B) || v.Kind == record.JSON || v.Kind == record.XML {
			return v
		}
		b, ok := r.text(v)
		if !ok {
			return state(Invalid)
		}
		return record.Value{Kind: record.String, B: b}
	case record.Bytes:
		return record.Value{Kind: record.Bytes, B: r.octets(v)}
	case record.Date, record.Timestamp:
		return r.fitMoment(v, kind)
	case record.Time:
		if v.Kind != record.String {
			return v
		}
		ns, ok := parseClock(v.B)
		if !ok {
			return state(Invalid)
		}
		return record.Value{Kind: record.Time, N: uint64(ns)}
	}
	return v
}

func (r *Record) fitMoment(v record.Value, kind record.Kind) record.Value {
	if temporal(v.Kind) {
		return v
	}
	m, ok := r.moment(v)
	if !ok {
		return state(Invalid)
	}
	if kind == record.Date && m.ns == 0 {
		return record.Value{Kind: record.Date, D: m.date}
	}
	return record.Value{Kind: record.Timestamp, D: m.date, N: uint64(m.ns)}
}
