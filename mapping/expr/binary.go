package expr

import (
	"crypto/sha1"
	"encoding/hex"

	"ggsh/record"
)

// compute gives its argument as a number.
func compute(r *Record, v []record.Value) record.Value {
	x, ok := numberOf(v[0])
	if !ok {
		return state(Invalid)
	}
	return r.value(x)
}

func numBin(r *Record, v []record.Value) record.Value {
	b := r.octets(v[0])
	if len(b) > 8 {
		return state(Invalid)
	}
	n := uint64(0)
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return integer(int64(n))
}

func asBinary(r *Record, v []record.Value) record.Value {
	return record.Value{Kind: record.Bytes, B: r.octets(v[0])}
}

const hexDigits = "0123456789ABCDEF"

func binToHex(r *Record, v []record.Value) record.Value {
	b := r.octets(v[0])
	if !r.room(2 * len(b)) {
		return state(Invalid)
	}
	from := len(r.arena)
	for _, c := range b {
		r.arena = append(r.arena, hexDigits[c>>4], hexDigits[c&15])
	}
	return r.made(record.String, from)
}

func hexToBin(r *Record, v []record.Value) record.Value {
	b, ok := r.text(v[0])
	if !ok {
		return state(Invalid)
	}
	from := len(r.arena)
	var err error
	if r.arena, err = hex.AppendDecode(r.arena, b); err != nil {
		r.arena = r.arena[:from]
		return state(Invalid)
	}
	return r.made(record.Bytes, from)
}

func sha1Hex(r *Record, v []record.Value) record.Value {
	digest := sha1.Sum(r.octets(v[0]))
	from := len(r.arena)
	for _, c := range digest {
		r.arena = append(r.arena, hexDigits[c>>4], hexDigits[c&15])
	}
	return r.made(record.String, from)
}

// bindExtreme binds @HIGHVAL and @LOWVAL.
func bindExtreme(s *Scope, n *Node) (bound, error) {
	length := int64(0)
	if s.Target != nil {
		length = int64(s.Target.Length)
	}
	if len(n.args) == 1 {
		var err error
		if length, err = n.args[0].whole(1, maxPad); err != nil {
			return bound{}, err
		}
	}
	if length <= 0 || length > maxPad {
		return bound{}, fault(n.at, "%s needs a length here: the target column tells none", n.fn.Name)
	}
	v := record.Value{Kind: record.Bytes, B: make([]byte, length)}
	for i := range v.B {
		if n.fn.Name == "@HIGHVAL" {
			v.B[i] = 0xff
		}
	}
	return constant(v), nil
}
