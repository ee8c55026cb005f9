package mapping

import (
	"strings"

	"ggsh/record"
)

// pattern is one part of an object name, possibly with wildcards.
type pattern struct {
	text  string // with \* and \? for literal marks
	exact bool   // quoted: case counts
	wild  bool
	stars int
}

func newPattern(text string, exact bool) pattern {
	p := pattern{text: text, exact: exact}
	if exact {
		return p
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '*':
			p.wild = true
			p.stars++
		case '?':
			p.wild = true
		}
	}
	if !p.wild {
		p.text = unescape(text)
	}
	return p
}

// unescape makes \* and \? the marks themselves.
func unescape(s string) string {
	return strings.NewReplacer(`\*`, "*", `\?`, "?").Replace(s)
}

// match reports whether name fits, and what each star stood for.
func (p pattern) match(name string) (stars []string, ok bool) {
	if !p.wild {
		return nil, name == p.text || !p.exact && strings.EqualFold(name, p.text)
	}
	return matchWild([]rune(p.text), []rune(name), !p.exact)
}

// matchWild matches stars as short as possible, the last one as long as needed.
func matchWild(pat, name []rune, fold bool) ([]string, bool) {
	if len(pat) == 0 {
		return nil, len(name) == 0
	}
	switch {
	case pat[0] == '*':
		for n := 0; n <= len(name); n++ {
			if rest, ok := matchWild(pat[1:], name[n:], fold); ok {
				return append([]string{string(name[:n])}, rest...), true
			}
		}
		return nil, false
	case len(name) == 0:
		return nil, false
	case pat[0] == '?':
		return matchWild(pat[1:], name[1:], fold)
	case pat[0] == '\\' && len(pat) > 1:
		pat = pat[1:]
	}
	if pat[0] == name[0] || fold && strings.EqualFold(string(pat[0]), string(name[0])) {
		return matchWild(pat[1:], name[1:], fold)
	}
	return nil, false
}

// objectName is catalog, schema and name as patterns; what is not given has no text.
type objectName struct {
	catalog pattern
	schema  pattern
	name    pattern
}

func (n objectName) wild() bool { return n.catalog.wild || n.schema.wild || n.name.wild }

// String is the name as it was written.
func (n objectName) String() string {
	return joinName(n.catalog.text, n.schema.text, n.name.text)
}

// captured is what the stars of each part stood for.
type captured struct{ catalog, schema, name []string }

// match reports whether the table fits. A name without catalog fits tables of
// any; a name without schema fits tables without one, and the main schema of
// an embedded database.
func (n objectName) match(def *record.TableDef) (got captured, ok bool) {
	if n.catalog.text != "" {
		if got.catalog, ok = n.catalog.match(def.Catalog); !ok {
			return got, false
		}
	}
	switch {
	case n.schema.text != "":
		if got.schema, ok = n.schema.match(def.Schema); !ok {
			return got, false
		}
	case def.Schema != "" && def.Database != anyDatabase:
		return got, false
	}
	got.name, ok = n.name.match(def.Name)
	return got, ok
}

// sameCase reports whether a name without wildcards is the table's letter by letter.
func (n objectName) sameCase(def *record.TableDef) bool {
	return n.name.text == def.Name && (n.schema.text == "" || n.schema.text == def.Schema) &&
		(n.catalog.text == "" || n.catalog.text == def.Catalog)
}

// fill puts what the source's stars stood for in place of a target part's
// stars. A star of the target stands for the whole source name when the source
// part has no star.
func (p pattern) fill(stars []string, whole string) string {
	if p.stars == 0 {
		return p.text
	}
	var b strings.Builder
	next := 0
	for i := 0; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\' && i+1 < len(p.text):
			i++
			b.WriteByte(p.text[i])
		case c == '*' && len(stars) == 0:
			b.WriteString(whole)
		case c == '*':
			b.WriteString(stars[next])
			next++
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// column is a column as a statement names it.
type column struct {
	name  string
	exact bool
}

// find gives the position of the column in a definition: the exact name, else
// the same name in another case; -1 when there is none.
func (c column) find(def *record.TableDef) int {
	if i := def.Column(c.name); i >= 0 || c.exact {
		return i
	}
	for i := range def.Columns {
		if strings.EqualFold(def.Columns[i].Name, c.name) {
			return i
		}
	}
	return -1
}
