package expr

import "ggsh/record"

// bindCase binds @CASE (value, test, result..., [default]).
func bindCase(s *Scope, n *Node) (bound, error) {
	b, args, err := s.bindAll(n.args)
	if err != nil {
		return b, err
	}
	value, rest := args[0], args[1:]
	otherwise := fallback(rest)
	b.kind = resultKind(rest, otherwise)
	b.eval = func(r *Record) record.Value {
		v := value.eval(r)
		for i := 0; i+1 < len(rest) && !exceptional(v.Kind); i += 2 {
			if r.equal(v, rest[i].eval(r)) {
				return rest[i+1].eval(r)
			}
		}
		switch {
		case otherwise != nil:
			return otherwise.eval(r)
		case exceptional(v.Kind):
			return state(v.Kind)
		}
		return state(record.Missing)
	}
	return b, nil
}

// bindEval binds @EVAL and @IF: conditions and results, possibly a default.
func bindEval(s *Scope, n *Node) (bound, error) {
	b, args, err := s.bindAll(n.args)
	if err != nil {
		return b, err
	}
	otherwise := fallback(args)
	b.kind = resultKind(args, otherwise)
	b.eval = func(r *Record) record.Value {
		for i := 0; i+1 < len(args); i += 2 {
			if truth(args[i].eval(r)) {
				return args[i+1].eval(r)
			}
		}
		if otherwise == nil {
			return state(record.Missing)
		}
		return otherwise.eval(r)
	}
	return b, nil
}

// fallback is the default behind pairs; nil when there is none.
func fallback(pairs []bound) *bound {
	if len(pairs)%2 == 0 {
		return nil
	}
	return &pairs[len(pairs)-1]
}

// resultKind is the kind of all results when they have one; else text.
func resultKind(pairs []bound, otherwise *bound) record.Kind {
	class := func(b bound) record.Kind {
		switch {
		case b.kind == record.Missing:
			return b.kind
		case numeric(b.kind):
			return record.Decimal
		case b.kind == record.Bytes:
			return b.kind
		}
		return record.String
	}
	kind := record.Missing
	results := []bound{}
	for i := 1; i < len(pairs); i += 2 {
		results = append(results, pairs[i])
	}
	if otherwise != nil {
		results = append(results, *otherwise)
	}
	for _, b := range results {
		k := class(b)
		switch {
		case k == record.Missing:
		case kind == record.Missing:
			kind = k
		case kind != k:
			return record.String
		}
	}
	return kind
}

// stateKinds are the words of @COLSTAT, and of @COLTEST beside PRESENT.
var stateKinds = map[string]record.Kind{"NULL": record.Null, "MISSING": record.Missing,
	"INVALID": Invalid}

func bindColStat(_ *Scope, n *Node) (bound, error) {
	word, err := n.args[0].keyword("MISSING", "NULL", "INVALID")
	v := state(stateKinds[word])
	return bound{eval: func(*Record) record.Value { return v }}, err
}

func bindColTest(s *Scope, n *Node) (bound, error) {
	b, err := s.bind(n.args[0])
	if err != nil {
		return b, err
	}
	present := false
	var kinds []record.Kind
	for _, arg := range n.args[1:] {
		word, err := arg.keyword("PRESENT", "NULL", "MISSING", "INVALID")
		if err != nil {
			return b, err
		}
		if word == "PRESENT" {
			present = true
		} else {
			kinds = append(kinds, stateKinds[word])
		}
	}
	operand := b.eval
	b.def, b.kind = nil, record.Decimal
	b.eval = func(r *Record) record.Value {
		k := operand(r).Kind
		if !exceptional(k) {
			return boolean(present)
		}
		for _, want := range kinds {
			if k == want {
				return boolean(true)
			}
		}
		return boolean(false)
	}
	return b, nil
}

func bindValOneOf(s *Scope, n *Node) (bound, error) {
	b, args, err := s.bindAll(n.args)
	if err != nil {
		return b, err
	}
	b.eval = func(r *Record) record.Value {
		v := args[0].eval(r)
		for _, other := range args[1:] {
			if !exceptional(v.Kind) && r.equal(v, other.eval(r)) {
				return boolean(true)
			}
		}
		return boolean(false)
	}
	return b, nil
}

// bindRange binds @RANGE. The hash is of the values' texts, so that a number
// counts the same whatever its form; a number's zeros at the end do not count.
func bindRange(s *Scope, n *Node) (bound, error) {
	total, err := n.args[1].whole(1, 1<<31)
	if err != nil {
		return bound{}, err
	}
	part, err := n.args[0].whole(1, total)
	if err != nil {
		return bound{}, err
	}
	b, columns, err := s.bindAll(n.args[2:])
	if err != nil {
		return b, err
	}
	if len(columns) == 0 {
		keys := s.Key
		if len(keys) == 0 {
			keys = s.Def.KeyColumns()
		}
		for _, at := range keys {
			columns = append(columns, bound{eval: func(r *Record) record.Value {
				return r.column(at, ofRecord)
			}})
		}
	}
	b.columns = true
	b.eval = func(r *Record) record.Value {
		sum, any := uint64(hashSeed), false
		for _, c := range columns {
			v := c.eval(r)
			if exceptional(v.Kind) {
				sum = hashed(sum, nil)
				continue
			}
			any = true
			sum = hashed(sum, r.hashable(v))
		}
		if !any {
			r.unhashed = true
			return state(record.Missing)
		}
		return boolean(mixed(sum)%uint64(total) == uint64(part-1))
	}
	return b, nil
}

// hashable is the text of a value to hash.
func (r *Record) hashable(v record.Value) []byte {
	x, ok := numberOf(v)
	if !ok || !numeric(v.Kind) {
		return r.octets(v)
	}
	for !x.float && x.big == nil && x.scale > 0 && x.n%10 == 0 {
		x.n, x.scale = x.n/10, x.scale-1
	}
	from := len(r.arena)
	r.arena = x.append(r.arena)
	return r.arena[from:]
}

// hashSeed begins a hash (FNV-1a, 64 bits).
const hashSeed = 14695981039346656037

// hashed goes on with a text, and with a mark behind it that no text has; nil is a
// value that is not there.
func hashed(h uint64, b []byte) uint64 {
	const prime = 1099511628211
	for _, c := range b {
		h = (h ^ uint64(c)) * prime
	}
	if b == nil {
		return (h ^ 0x1ff) * prime
	}
	return (h ^ 0x100) * prime
}

// mixed spreads the bits, so that small totals are met evenly.
func mixed(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	return h ^ h>>33
}
