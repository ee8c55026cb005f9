package param

import (
	"strings"

	"ggsh/ggserr"
)

// NamePart is one part of an object's name.
type NamePart struct {
	Text   string
	Quoted bool // in double quotes: case matters, and * is a letter
}

// Wild reports whether the part has a wildcard.
func (p NamePart) Wild() bool {
	if p.Quoted {
		return false
	}
	for i := 0; i < len(p.Text); i++ {
		switch p.Text[i] {
		case '\\':
			i++
		case '*', '?':
			return true
		}
	}
	return false
}

// String writes the part as in a parameter file.
func (p NamePart) String() string {
	if p.Quoted {
		return `"` + strings.ReplaceAll(p.Text, `"`, `""`) + `"`
	}
	return p.Text
}

// Name is an object's name as written: table, schema.table or
// container.schema.table.
type Name struct {
	Parts []NamePart
	Pos   ggserr.Location
}

// String writes the name as in a parameter file.
func (n Name) String() string {
	parts := make([]string, len(n.Parts))
	for i, p := range n.Parts {
		parts[i] = p.String()
	}
	return strings.Join(parts, ".")
}

// IsZero reports whether no name was given.
func (n Name) IsZero() bool { return len(n.Parts) == 0 }

// Wild reports whether any part has a wildcard.
func (n Name) Wild() bool {
	for _, p := range n.Parts {
		if p.Wild() {
			return true
		}
	}
	return false
}

// part counts from the right: 0 is the table.
func (n Name) part(i int) NamePart {
	if i < len(n.Parts) {
		return n.Parts[len(n.Parts)-1-i]
	}
	return NamePart{}
}

// Table is the last part.
func (n Name) Table() NamePart { return n.part(0) }

// Schema is the part before the table, empty when not given.
func (n Name) Schema() NamePart { return n.part(1) }

// Catalog is the container, empty when not given.
func (n Name) Catalog() NamePart { return n.part(2) }

// ParseName reads a name of one to three parts.
func ParseName(text string) (Name, error) {
	args, err := Lex("", text)
	if err != nil {
		return Name{}, err
	}
	c := &cursor{name: "name", args: args}
	n := c.name3()
	if c.i < len(args) && len(c.errs) == 0 {
		c.unexpected()
	}
	return n, c.errs.orNil()
}

// name3 takes a name of one to three parts.
func (c *cursor) name3() Name {
	at := c.at()
	_, n := takeKey(c.args[c.i:])
	if n == 0 {
		c.lacks("a name")
		return Name{}
	}
	name := Name{Pos: at}
	part, open := NamePart{}, true
	closePart := func() {
		if part.Text == "" && !part.Quoted {
			c.fail(at, "a part of the name is empty")
		}
		name.Parts = append(name.Parts, part)
		part = NamePart{}
	}
	for _, t := range c.args[c.i : c.i+n] {
		if t.Kind == Quoted || t.Kind == DoubleQuoted {
			part.Text += t.Text
			part.Quoted, open = true, true
			continue
		}
		for i, piece := range strings.Split(t.Text, ".") {
			if i > 0 {
				closePart()
			}
			part.Text += piece
		}
	}
	if open {
		closePart()
	}
	c.i += n
	if len(name.Parts) > 3 && len(c.errs) == 0 {
		c.fail(at, "a name has at most three parts: container.schema.table")
	}
	return name
}
