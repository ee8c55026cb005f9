package expr

import (
	"fmt"
	"strings"

	"ggsh/ggserr"
	"ggsh/param"
)

// maxDepth bounds how deep calls and parentheses may be nested.
const maxDepth = 100

// Use is what a text of tokens is read as.
type Use uint8

// The uses.
const (
	ForValue Use = iota // COLMAP, TOKENS, PARAMS: a column, a literal or a call
	ForFilter
	ForWhere // no arithmetic, no functions, but @NULL, @PRESENT and @ABSENT
)

// Parser reads expressions. It may be shared.
type Parser struct {
	// AnsiQuotes says that literals stand in single quotes and "x" is a column;
	// without it both kinds of quotes hold literals.
	AnsiQuotes bool
	functions  map[string]*Function
}

// NewParser makes a parser that knows all functions.
func NewParser(ansiQuotes bool) *Parser {
	p := &Parser{AnsiQuotes: ansiQuotes, functions: map[string]*Function{}}
	list := Functions()
	for i := range list {
		f := &list[i]
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			p.functions[name] = f
		}
	}
	return p
}

type nodeKind uint8

const (
	numberNode nodeKind = iota + 1
	textNode
	columnNode
	callNode
	operatorNode
	testNode // @NULL, @PRESENT, @ABSENT of WHERE
)

// Node is an expression that was read and not bound to a table yet.
type Node struct {
	kind  nodeKind
	text  string // the number, text, column's name or operator
	word  bool   // a text in double quotes, or a bare word: may be a keyword
	exact bool   // the column's name is quoted: case counts
	when  when
	fn    *Function
	args  []*Node
	at    ggserr.Location
}

// reader reads one expression.
type reader struct {
	*Parser
	tokens []param.Token
	i      int
	depth  int
	use    Use
	end    ggserr.Location
}

// Parse reads an expression. Errors name line and column.
func (p *Parser) Parse(tokens []param.Token, use Use) (*Node, error) {
	if len(tokens) == 0 {
		return nil, ggserr.New(ggserr.BadParameter, "an expression is missing")
	}
	r := &reader{Parser: p, tokens: tokens, use: use, end: tokens[len(tokens)-1].Pos}
	read := r.or
	if use == ForValue {
		read = r.sum
	}
	n, err := read()
	if err != nil {
		return nil, err
	}
	if r.i < len(r.tokens) {
		return nil, r.unexpected()
	}
	if use == ForValue && n.kind == operatorNode {
		return nil, fault(n.at, "arithmetic stands in @COMPUTE (...) here").
			Do("Write @COMPUTE (...) round it.")
	}
	return n, nil
}

func fault(at ggserr.Location, format string, args ...any) *ggserr.Error {
	return ggserr.New(ggserr.BadParameter, fmt.Sprintf(format, args...)).
		At(at.File, at.Line, at.Column)
}

func (r *reader) unexpected() *ggserr.Error {
	if r.i >= len(r.tokens) {
		return fault(r.end, "the expression ends too early")
	}
	t := r.tokens[r.i]
	return fault(t.Pos, "%s is not expected here", t.Text)
}

func (r *reader) at() ggserr.Location {
	if r.i < len(r.tokens) {
		return r.tokens[r.i].Pos
	}
	return r.end
}

// mark takes one of the given marks.
func (r *reader) mark(marks ...string) string {
	if r.i >= len(r.tokens) {
		return ""
	}
	for _, m := range marks {
		if r.tokens[r.i].IsPunct(m) {
			r.i++
			return m
		}
	}
	return ""
}

// word takes one of the given words, behind which something must follow.
func (r *reader) word(words ...string) string {
	if r.i+1 >= len(r.tokens) {
		return ""
	}
	for _, w := range words {
		if r.tokens[r.i].Is(w) {
			r.i++
			return w
		}
	}
	return ""
}

// binary reads operands of the next level with one of the operators between them.
func (r *reader) binary(next func() (*Node, error), operator func() string) (*Node, error) {
	left, err := next()
	for err == nil {
		at := r.at()
		op := operator()
		if op == "" {
			return left, nil
		}
		var right *Node
		if right, err = next(); err == nil {
			left = &Node{kind: operatorNode, text: op, args: []*Node{left, right}, at: at}
		}
	}
	return nil, err
}

func (r *reader) or() (*Node, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, fault(r.at(), "calls and parentheses are nested more than %d deep", maxDepth)
	}
	defer func() { r.depth-- }()
	return r.binary(r.and, func() string { return r.word("OR") })
}

func (r *reader) and() (*Node, error) {
	return r.binary(r.not, func() string { return r.word("AND") })
}

func (r *reader) not() (*Node, error) {
	at := r.at()
	count := 0
	for r.word("NOT") != "" {
		count++
	}
	n, err := r.comparison()
	if err == nil && count%2 == 1 {
		n = &Node{kind: operatorNode, text: "NOT", args: []*Node{n}, at: at}
	}
	return n, err
}

func (r *reader) comparison() (*Node, error) {
	left, err := r.sum()
	if err != nil {
		return nil, err
	}
	at := r.at()
	op := r.mark("=", "<>", "!=", "<=", ">=", "<", ">")
	if op == "" {
		return left, nil
	}
	if op == "!=" {
		op = "<>"
	}
	right, err := r.sum()
	if err != nil {
		return nil, err
	}
	if right.kind == testNode && op != "=" && op != "<>" {
		return nil, fault(right.at, "%s is compared with = or <>", right.text)
	}
	if right.kind == testNode && left.kind != columnNode {
		return nil, fault(left.at, "a column stands before = %s", right.text)
	}
	return &Node{kind: operatorNode, text: op, args: []*Node{left, right}, at: at}, nil
}

func (r *reader) sum() (*Node, error) {
	return r.binary(r.product, func() string { return r.arithmetic("+", "-") })
}

func (r *reader) product() (*Node, error) {
	return r.binary(r.signed, func() string { return r.arithmetic("*", "/", `\`) })
}

func (r *reader) arithmetic(marks ...string) string {
	if r.use == ForWhere {
		return ""
	}
	return r.mark(marks...)
}

func (r *reader) signed() (*Node, error) {
	at := r.at()
	negative := false
	for n := 0; ; n++ {
		m := r.mark("-", "+")
		if m == "" {
			break
		}
		negative = negative != (m == "-")
	}
	n, err := r.operand()
	if err != nil || !negative {
		return n, err
	}
	if n.kind == numberNode {
		n.text = "-" + n.text
		return n, nil
	}
	zero := &Node{kind: numberNode, text: "0", at: at}
	return &Node{kind: operatorNode, text: "-", args: []*Node{zero, n}, at: at}, nil
}

// operand reads what stands between operators.
func (r *reader) operand() (*Node, error) {
	if r.i >= len(r.tokens) {
		return nil, r.unexpected()
	}
	t := r.tokens[r.i]
	switch {
	case t.Kind == param.Quoted:
		r.i++
		return &Node{kind: textNode, text: t.Text, at: t.Pos}, nil
	case t.Kind == param.DoubleQuoted && !r.AnsiQuotes:
		r.i++
		return &Node{kind: textNode, text: t.Text, at: t.Pos, word: true}, nil
	case t.Kind == param.DoubleQuoted:
		r.i++
		return &Node{kind: columnNode, text: t.Text, at: t.Pos, word: true, exact: true}, nil
	case t.Kind == param.Word && strings.HasPrefix(t.Text, "@"):
		r.i++
		return r.call(t)
	case t.Kind == param.Word:
		r.i++
		return r.name(t)
	}
	if r.mark("(") == "" {
		return nil, r.unexpected()
	}
	n, err := r.or()
	if err != nil {
		return nil, err
	}
	if r.mark(")") == "" {
		return nil, r.unexpected()
	}
	return n, nil
}

// name reads a number or a column, possibly with before. or after. or the ID of a
// SQLEXEC in front of it.
func (r *reader) name(t param.Token) (*Node, error) {
	if c := t.Text[0]; c >= '0' && c <= '9' || c == '.' {
		if _, ok := parseNumber([]byte(t.Text)); ok {
			return &Node{kind: numberNode, text: t.Text, at: t.Pos}, nil
		}
	}
	n := &Node{kind: columnNode, text: t.Text, at: t.Pos, word: true}
	first, rest, two := strings.Cut(t.Text, ".")
	if !two {
		return n, nil
	}
	for prefix, w := range map[string]when{"BEFORE": ofBefore, "AFTER": ofAfter} {
		if strings.EqualFold(first, prefix) {
			n.when, n.text, n.word = w, rest, false
		}
	}
	if strings.HasSuffix(t.Text, ".") && r.i < len(r.tokens) {
		if q := r.tokens[r.i]; q.Kind == param.DoubleQuoted && q.Glued {
			n.text += q.Text
			n.exact, n.word = true, false
			r.i++
		}
	}
	if n.text == "" {
		return nil, fault(t.Pos, "behind %s the name of a column is missing", t.Text)
	}
	return n, nil
}

// call reads a function with its arguments.
func (r *reader) call(t param.Token) (*Node, error) {
	upper := strings.ToUpper(t.Text)
	test := upper == "@NULL" || upper == "@PRESENT" || upper == "@ABSENT"
	switch {
	case r.use == ForWhere && test:
		return &Node{kind: testNode, text: upper, at: t.Pos}, nil
	case r.use == ForWhere:
		return nil, fault(t.Pos, "%s is not possible in WHERE", t.Text).
			Do("Use FILTER for functions.")
	case test:
		return nil, fault(t.Pos, "%s is possible in WHERE only", t.Text).
			Do("Use @COLTEST (column, %s).", map[string]string{"@NULL": "NULL",
				"@PRESENT": "PRESENT", "@ABSENT": "MISSING"}[upper])
	}
	n := &Node{kind: callNode, text: upper, at: t.Pos, fn: r.functions[upper]}
	if n.fn == nil {
		err := fault(t.Pos, "there is no function %s", t.Text)
		var names []string
		for name := range r.functions {
			names = append(names, name)
		}
		if near := ggserr.Nearest(upper, names); near != "" {
			err.Do("Did you mean %s?", near)
		}
		return nil, err
	}
	if r.mark("(") == "" {
		if n.fn.min > 0 {
			return nil, fault(r.at(), "behind %s its arguments in parentheses are missing", t.Text)
		}
		return n, nil
	}
	if r.mark(")") == "" {
		if err := r.arguments(n); err != nil {
			return nil, err
		}
	}
	return n, n.fn.counts(n)
}

func (r *reader) arguments(n *Node) error {
	for {
		arg, err := r.or()
		if err != nil {
			return err
		}
		n.args = append(n.args, arg)
		if r.mark(")") != "" {
			return nil
		}
		if r.mark(",") == "" {
			return r.unexpected()
		}
	}
}
