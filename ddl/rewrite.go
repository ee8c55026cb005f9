package ddl

import (
	"slices"
	"strings"
)

// Quote writes a name in backquotes.
func (n Name) Quote() string {
	s := quotePart(n.Name)
	if n.Schema != "" {
		s = quotePart(n.Schema) + "." + s
	}
	return s
}

func quotePart(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }

// Rewrite gives the statement's text with other names: rename is asked for each name of
// Places and for each table that a foreign key or a partition's exchange names. What
// stands in the body of a view or a routine stays as it is.
func (s *Statement) Rewrite(rename func(Name) Name) string {
	places := append(slices.Clone(s.Places), s.further()...)
	slices.SortFunc(places, func(a, b Place) int { return a.From - b.From })
	var b strings.Builder
	at := 0
	for _, p := range places {
		if p.From < at {
			continue
		}
		b.WriteString(s.text[at:p.From])
		b.WriteString(rename(p.Name).Quote())
		at = p.To
	}
	b.WriteString(s.text[at:])
	return b.String()
}

// further finds the tables behind REFERENCES and WITH TABLE.
func (s *Statement) further() []Place {
	if s.Object != "TABLE" || s.Kind != "CREATE" && s.Kind != "ALTER" {
		return nil
	}
	p := newParser(s.text, s.ansi)
	for p.tok.kind != tokenEnd {
		switch {
		case p.word("REFERENCES"):
			p.name()
		case p.word("WITH"):
			if p.word("TABLE") {
				p.name()
			}
		default:
			p.advance()
		}
	}
	return p.places
}

// Keep gives a DROP or RENAME of several objects with those that keep says only, by
// their number in Names; rename gives their names.
func (s *Statement) Keep(keep func(i int) bool, rename func(Name) Name) string {
	var parts []string
	for i, n := range s.Names {
		if !keep(i) {
			continue
		}
		part := rename(n).Quote()
		if s.Kind == "RENAME" && i < len(s.NewNames) {
			part += " TO " + rename(s.NewNames[i]).Quote()
		}
		parts = append(parts, part)
	}
	head := s.Kind + " " + s.Object + " "
	if s.Kind == "DROP" && s.Exists {
		head += "IF EXISTS "
	}
	return head + strings.Join(parts, ", ")
}

// Several reports whether the statement is of several objects, some of which may be
// left out.
func (s *Statement) Several() bool {
	return len(s.Names) > 1 && (s.Kind == "DROP" || s.Kind == "RENAME")
}

// Backquoted gives a text of a session with ANSI_QUOTES as one without it reads it:
// names in double quotes stand in backquotes.
func Backquoted(text string) string {
	l := lexer{text: text, ansiQuotes: true}
	var b strings.Builder
	at := 0
	for {
		t := l.next()
		if t.kind == tokenEnd {
			b.WriteString(text[at:])
			return b.String()
		}
		if t.kind == tokenName && text[t.from] == '"' {
			b.WriteString(text[at:t.from])
			b.WriteString(quotePart(t.text))
			at = t.to
		}
	}
}

// Outside gives the text without what stands in comments, and the comments.
func Outside(text string) (plain, comments string) {
	l := lexer{text: text}
	var out, left strings.Builder
	at := 0
	for {
		t := l.next()
		left.WriteString(text[at:t.from])
		if t.kind == tokenEnd {
			return out.String(), left.String()
		}
		if at < t.from {
			out.WriteByte(' ')
		}
		out.WriteString(text[t.from:t.to])
		at = t.to
	}
}
