package oradb

import (
	"strings"

	"ggsh/tests/tns"
)

// parser walks over the tokens of one statement.
type parser struct {
	sql    string
	tokens []token
	at     int
}

func parse(sql string) (*parser, error) {
	tokens, err := lex(sql)
	if err != nil {
		return nil, err
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].is(";", "/") {
		tokens = tokens[:len(tokens)-1]
	}
	return &parser{sql: sql, tokens: tokens}, nil
}

func (p *parser) peek() token { return p.ahead(0) }

// ahead gives the token n places on; one without kind behind the end.
func (p *parser) ahead(n int) token {
	if p.at+n >= len(p.tokens) || p.at+n < 0 {
		return token{at: len(p.sql), end: len(p.sql)}
	}
	return p.tokens[p.at+n]
}

func (p *parser) next() token {
	t := p.peek()
	p.at++
	return t
}

func (p *parser) done() bool { return p.at >= len(p.tokens) }

// accept goes over the words if they are the next tokens.
func (p *parser) accept(words ...string) bool {
	for i, w := range words {
		if !p.ahead(i).is(w) {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *parser) expect(w string) error {
	if p.accept(w) {
		return nil
	}
	code := 933
	switch w {
	case ")", "(":
		code = 907
	case "FROM":
		code = 923
	}
	return p.fail(code)
}

// fail is an error at the parser's place.
func (p *parser) fail(code int, args ...any) *tns.Error {
	err := oraError(code, args...)
	err.Offset = p.peek().at
	return err
}

// rest is the statement's text from the present token to the end.
func (p *parser) rest() string {
	return strings.TrimSpace(p.sql[min(p.peek().at, len(p.sql)):])
}

// between is the text of the tokens from one to before another; empty for none.
func (p *parser) between(from, to int) string {
	from, to = max(from, 0), min(to, len(p.tokens))
	if from >= to {
		return ""
	}
	return p.sql[p.tokens[from].at:p.tokens[to-1].end]
}

// token gives the token at a place, one without kind if there is none.
func (p *parser) token(at int) token { return p.ahead(at - p.at) }

// qualified reads NAME or OWNER.NAME.
func (p *parser) qualified(owner string) (string, string, error) {
	first := p.next()
	if !first.name() {
		p.at--
		return "", "", p.fail(903)
	}
	if !p.peek().is(".") {
		return owner, first.text, nil
	}
	p.at++
	second := p.next()
	if !second.name() {
		p.at--
		return "", "", p.fail(903)
	}
	return first.text, second.text, nil
}

// names reads (A, B, ...).
func (p *parser) names() ([]string, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var names []string
	for {
		t := p.next()
		if !t.name() {
			p.at--
			return nil, p.fail(904, t.text)
		}
		names = append(names, t.text)
		// What may follow a column in a list of columns: NO LOG, ASC, DESC.
		if p.accept("NO", "LOG") {
			names[len(names)-1] += " NO LOG"
		}
		if !p.accept("ASC") {
			p.accept("DESC")
		}
		if p.accept(")") {
			return names, nil
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
}

// skipTo gives the place of the first of the words outside parentheses, or the end.
func (p *parser) skipTo(from int, words ...string) int {
	depth := 0
	for i := from; i < len(p.tokens); i++ {
		switch t := p.tokens[i]; {
		case t.is("("):
			depth++
		case t.is(")"):
			if depth--; depth < 0 {
				return i
			}
		case depth == 0 && t.is(words...):
			return i
		}
	}
	return len(p.tokens)
}
