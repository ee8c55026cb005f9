package expr

import (
	"strings"

	"ggsh/ggserr"
	"ggsh/record"
)

// Scope is what an expression is bound to.
type Scope struct {
	Def *record.TableDef // of the records
	// Key are the columns that @RANGE takes when it names none.
	Key []int
	// Target is the column that gets the value; nil elsewhere.
	Target *record.ColumnDef
	// Queries are the IDs of the statement's SQLEXECs.
	Queries []string
	Env     *Environment // nil: nothing is known of the process
}

type eval func(r *Record) record.Value

// bound is an expression in the making.
type bound struct {
	eval    eval
	kind    record.Kind       // of its values, as far as it is known; 0: not
	def     *record.ColumnDef // of the column that it is
	columns bool              // it depends on columns
	impure  bool              // it depends on more than columns
}

// Bind resolves the columns of an expression.
func (n *Node) Bind(s *Scope) (*Expr, error) {
	b, err := s.bind(n)
	if err != nil {
		return nil, err
	}
	return &Expr{bound: b}, nil
}

// Column gives the name of the column that the expression is, when it is nothing
// more than one.
func (n *Node) Column() (name string, exact, ok bool) {
	return n.text, n.exact, n.kind == columnNode && n.when == ofRecord &&
		!strings.Contains(n.text, ".")
}

// Names are the columns of a table that the expression looks at.
func (n *Node) Names(def *record.TableDef) []int {
	var out []int
	if at := findColumn(def, n.text, n.exact); n.kind == columnNode && at >= 0 {
		out = append(out, at)
	}
	for _, arg := range n.args {
		out = append(out, arg.Names(def)...)
	}
	return out
}

// Literal gives the encoded value of an expression that is a literal.
func (n *Node) Literal() ([]byte, bool) {
	switch n.kind {
	case textNode:
		return record.AppendText(nil, record.String, n.text), true
	case numberNode:
		return record.AppendText(nil, record.Decimal, n.text), true
	}
	return nil, false
}

func (s *Scope) bind(n *Node) (bound, error) {
	switch n.kind {
	case textNode:
		return constant(record.Value{Kind: record.String, B: []byte(n.text)}), nil
	case numberNode:
		return constant(literalNumber(n.text)), nil
	case columnNode:
		return s.column(n)
	case operatorNode:
		return s.operator(n)
	case testNode:
		return bound{}, fault(n.at, "%s stands behind a column and = or <>", n.text)
	}
	if n.fn.bind != nil {
		b, err := n.fn.bind(s, n)
		b.impure = b.impure || n.fn.impure
		if b.kind == 0 {
			b.kind = n.fn.result
		}
		return b, err
	}
	b, args, err := s.bindAll(n.args)
	b.kind, b.impure = n.fn.result, b.impure || n.fn.impure
	b.eval = strict(n.fn.apply, args)
	return b, err
}

func constant(v record.Value) bound {
	return bound{eval: func(*Record) record.Value { return v }, kind: v.Kind}
}

func literalNumber(text string) record.Value {
	n, ok := parseNumber([]byte(text))
	switch {
	case !ok:
		return state(Invalid)
	case n.big == nil && n.scale == 0:
		return integer(n.n)
	}
	return record.Value{Kind: record.Decimal, B: n.append(nil)}
}

// bindAll binds arguments; what they depend on is collected.
func (s *Scope) bindAll(nodes []*Node) (all bound, args []bound, err error) {
	for _, n := range nodes {
		b, err := s.bind(n)
		if err != nil {
			return all, nil, err
		}
		args = append(args, b)
		all.columns, all.impure = all.columns || b.columns, all.impure || b.impure
	}
	return all, args, nil
}

// strict evaluates all arguments and calls the function when none of them is
// NULL, missing or invalid; else the gravest of these is the result.
func strict(apply func(*Record, []record.Value) record.Value, args []bound) eval {
	values := make([]record.Value, len(args))
	return func(r *Record) record.Value {
		worst := record.Int
		for i := range args {
			values[i] = args[i].eval(r)
			if k := values[i].Kind; exceptional(k) {
				worst = worse(worst, k)
			}
		}
		if exceptional(worst) {
			return state(worst)
		}
		return apply(r, values)
	}
}

// column binds a column of the record or the result of a SQLEXEC.
func (s *Scope) column(n *Node) (bound, error) {
	if at := findColumn(s.Def, n.text, n.exact); at >= 0 {
		def, w := &s.Def.Columns[at], n.when
		return bound{eval: func(r *Record) record.Value { return r.column(at, w) },
			kind: def.Kind, def: def, columns: true}, nil
	}
	id, parameter, two := strings.Cut(n.text, ".")
	if two && n.when == ofRecord {
		if b, ok := s.result(id, parameter); ok {
			return b, nil
		}
		err := fault(n.at, "%s: the statement has no SQLEXEC with the ID %s", n.text, id)
		return bound{}, err
	}
	err := ggserr.New(ggserr.ColumnMissing, n.text, s.Def.FullName()).
		At(n.at.File, n.at.Line, n.at.Column)
	names := make([]string, len(s.Def.Columns))
	for i := range names {
		names[i] = s.Def.Columns[i].Name
	}
	switch near := ggserr.Nearest(n.text, names); {
	case near != "":
		err.Do("Did you mean %s?", near)
	case n.word && n.exact:
		err.Do("A literal stands in single quotes; NOUSEANSISQLQUOTES in GLOBALS allows double ones.")
	}
	return bound{}, err
}

func findColumn(def *record.TableDef, name string, exact bool) int {
	if i := def.Column(name); i >= 0 || exact {
		return i
	}
	for i := range def.Columns {
		if strings.EqualFold(def.Columns[i].Name, name) {
			return i
		}
	}
	return -1
}

// result binds a value that a SQLEXEC gives.
func (s *Scope) result(id, parameter string) (bound, bool) {
	for _, q := range s.Queries {
		if strings.EqualFold(q, id) {
			return bound{impure: true, eval: func(r *Record) record.Value {
				if r.Results == nil {
					return state(record.Missing)
				}
				return r.Results.Result(q, parameter)
			}}, true
		}
	}
	return bound{}, false
}

// operator binds arithmetic, comparisons and AND, OR, NOT.
func (s *Scope) operator(n *Node) (bound, error) {
	if n.args[len(n.args)-1].kind == testNode {
		return s.test(n)
	}
	b, args, err := s.bindAll(n.args)
	if err != nil {
		return b, err
	}
	b.kind = record.Decimal
	switch n.text {
	case "AND", "OR":
		b.eval = logic(n.text == "OR", args[0].eval, args[1].eval)
	case "NOT":
		operand := args[0].eval
		b.eval = func(r *Record) record.Value {
			v := operand(r)
			if exceptional(v.Kind) {
				return v
			}
			return boolean(!truth(v))
		}
	case "+", "-", "*", "/", `\`:
		op := n.text
		b.eval = strict(func(r *Record, v []record.Value) record.Value {
			x, ok := numberOf(v[0])
			y, good := numberOf(v[1])
			if !ok || !good {
				return state(Invalid)
			}
			out, ok := arithmetic(op, x, y)
			if !ok {
				return state(Invalid)
			}
			return r.value(out)
		}, args)
	default:
		holds := comparisons[n.text]
		b.eval = strict(func(r *Record, v []record.Value) record.Value {
			c, ok := r.compare(v[0], v[1])
			if !ok {
				return state(Invalid)
			}
			return boolean(holds[c+1])
		}, args)
	}
	return b, nil
}

// comparisons says for less, equal and greater whether the operator holds.
var comparisons = map[string][3]bool{"=": {false, true, false}, "<>": {true, false, true},
	"<": {true, false, false}, "<=": {true, true, false}, ">": {false, false, true},
	">=": {false, true, true}}

// logic is AND, or OR, of conditions that may be undecided: what the decided side
// settles is settled.
func logic(or bool, left, right eval) eval {
	return func(r *Record) record.Value {
		a := left(r)
		if !exceptional(a.Kind) && truth(a) == or {
			return boolean(or)
		}
		b := right(r)
		switch {
		case !exceptional(b.Kind) && truth(b) == or:
			return boolean(or)
		case exceptional(a.Kind) || exceptional(b.Kind):
			return state(worse(a.Kind, b.Kind))
		}
		return boolean(!or)
	}
}

// test binds column = @NULL and the like.
func (s *Scope) test(n *Node) (bound, error) {
	b, err := s.bind(n.args[0])
	if err != nil {
		return b, err
	}
	operand, what, is := b.eval, n.args[1].text, n.text == "="
	b.def, b.kind = nil, record.Decimal
	b.eval = func(r *Record) record.Value {
		v := operand(r)
		switch {
		case what == "@PRESENT":
			return boolean((v.Kind != record.Missing) == is)
		case what == "@ABSENT":
			return boolean((v.Kind == record.Missing) == is)
		case v.Kind == record.Missing:
			return v
		}
		return boolean((v.Kind == record.Null) == is)
	}
	return b, nil
}
