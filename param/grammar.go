package param

import (
	"fmt"
	"strings"
)

// nodeKind is what a piece of a Syntax text means.
type nodeKind uint8

const (
	nodeWord   nodeKind = iota // a keyword
	nodeMark                   // ( ) = ,
	nodeValue                  // a lower-case value
	nodeSeq                    // one after the other
	nodeChoice                 // {a|b}
	nodeOption                 // [a]
	nodeRepeat                 // a...
)

// node is a piece of a compiled Syntax text.
type node struct {
	kind nodeKind
	text string
	kids []node
}

// compile reads a Syntax text, without its first word: the keyword itself.
// A text that cannot be read is our own bug and panics; a test compiles all.
func compile(syntax string) node {
	_, rest, _ := strings.Cut(syntax, " ")
	g := &grammar{words: grammarWords(rest), syntax: syntax}
	n := g.choice()
	if g.i != len(g.words) {
		panic("param: cannot read the syntax " + syntax)
	}
	return n
}

type grammar struct {
	words  []string
	i      int
	syntax string
}

// grammarWords cuts a Syntax text into words and marks.
func grammarWords(s string) []string {
	var words []string
	for s != "" {
		switch c := s[0]; {
		case c == ' ':
			s = s[1:]
		case strings.HasPrefix(s, "..."):
			words, s = append(words, "..."), s[3:]
		case strings.IndexByte("[]{}|()=,", c) >= 0:
			words, s = append(words, s[:1]), s[1:]
		default:
			n := strings.IndexAny(s, " []{}|()=,.")
			if n < 0 {
				n = len(s)
			}
			words, s = append(words, s[:n]), s[n:]
		}
	}
	return words
}

func (g *grammar) peek() string {
	if g.i < len(g.words) {
		return g.words[g.i]
	}
	return ""
}

func (g *grammar) choice() node {
	kids := []node{g.seq()}
	for g.peek() == "|" {
		g.i++
		kids = append(kids, g.seq())
	}
	if len(kids) == 1 {
		return kids[0]
	}
	return node{kind: nodeChoice, kids: kids}
}

func (g *grammar) seq() node {
	var kids []node
	for {
		w := g.peek()
		if w == "" || w == "]" || w == "}" || w == "|" {
			return node{kind: nodeSeq, kids: kids}
		}
		n := g.item(w)
		if g.peek() == "..." {
			g.i++
			n = node{kind: nodeRepeat, kids: []node{n}}
		}
		kids = append(kids, n)
	}
}

func (g *grammar) item(w string) node {
	g.i++
	switch {
	case w == "[" || w == "{":
		inner := g.choice()
		if end := g.peek(); end != "]" && end != "}" {
			panic(fmt.Sprintf("param: unclosed %s in the syntax %s", w, g.syntax))
		}
		g.i++
		if w == "[" {
			return node{kind: nodeOption, kids: []node{inner}}
		}
		return inner
	case strings.Contains("()=,", w):
		return node{kind: nodeMark, text: w}
	case w == strings.ToUpper(w):
		return node{kind: nodeWord, text: w}
	}
	if _, ok := valueKinds[w]; !ok {
		panic(fmt.Sprintf("param: no kind of value %q in the syntax %s", w, g.syntax))
	}
	return node{kind: nodeValue, text: w}
}
