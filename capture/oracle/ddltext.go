package oracle

import (
	"slices"
	"strings"
)

// ddlText is what the words of a statement tell.
type ddlText struct {
	kind, object string // ALTER, TABLE
	owner, name  string // as far as they are given
	rename       bool
	temporary    bool
}

// parseDDL reads the beginning of a statement: what is done to which object.
func parseDDL(text string) ddlText {
	w := ddlWords{rest: text}
	d := ddlText{kind: strings.ToUpper(w.next())}
	modifiers := []string{"OR", "REPLACE", "EDITIONABLE", "NONEDITIONABLE", "EDITIONING", "FORCE", "NO",
		"UNIQUE", "BITMAP", "MULTIVALUE", "PUBLIC", "SHARED", "DUPLICATED", "SHARDED", "IMMUTABLE",
		"BLOCKCHAIN"}
	if d.kind == "RENAME" {
		d.object, d.rename = "TABLE", true
		d.owner, d.name = w.object()
		return d
	}
	for d.object == "" && w.more() {
		switch word := strings.ToUpper(w.next()); {
		case word == "GLOBAL" || word == "PRIVATE":
		case word == "TEMPORARY":
			d.temporary = true
		case slices.Contains(modifiers, word):
		case word == "MATERIALIZED" || word == "PACKAGE" || word == "TYPE":
			d.object = word
			if next := strings.ToUpper(w.peek()); next == "VIEW" || next == "BODY" {
				w.next()
				d.object += " " + next
			}
		default:
			d.object = word
		}
	}
	if strings.EqualFold(w.peek(), "IF") { // IF [NOT] EXISTS
		for w.more() && !strings.EqualFold(w.next(), "EXISTS") {
		}
	}
	d.owner, d.name = w.object()
	if d.kind == "ALTER" && d.object == "TABLE" {
		d.rename = strings.EqualFold(w.peek(), "RENAME")
		if d.rename {
			w.next()
			d.rename = strings.EqualFold(w.peek(), "TO")
		}
	}
	return d
}

// ddlWords reads words, quoted names and dots, without comments.
type ddlWords struct{ rest string }

func (w *ddlWords) skip() {
	for {
		w.rest = strings.TrimLeft(w.rest, " \t\r\n\x00")
		switch {
		case strings.HasPrefix(w.rest, "--"):
			_, w.rest, _ = strings.Cut(w.rest, "\n")
		case strings.HasPrefix(w.rest, "/*"):
			_, w.rest, _ = strings.Cut(w.rest, "*/")
		default:
			return
		}
	}
}

func (w *ddlWords) more() bool {
	w.skip()
	return w.rest != ""
}

// next takes a word, a quoted name with its quotes, or one sign.
func (w *ddlWords) next() string {
	w.skip()
	if w.rest == "" {
		return ""
	}
	end := 0
	if w.rest[0] == '"' {
		end = strings.IndexByte(w.rest[1:], '"') + 2
		if end == 1 {
			end = len(w.rest)
		}
	} else {
		end = strings.IndexFunc(w.rest, func(r rune) bool {
			return strings.ContainsRune(" \t\r\n\".,;()", r)
		})
		if end < 0 {
			end = len(w.rest)
		}
		end = max(end, 1)
	}
	word := w.rest[:end]
	w.rest = w.rest[end:]
	return word
}

func (w *ddlWords) peek() string {
	ahead := *w
	return ahead.next()
}

// object takes a name, with an owner or not.
func (w *ddlWords) object() (owner, name string) {
	name = unquoteName(w.next())
	if w.peek() == "." {
		w.next()
		owner, name = name, unquoteName(w.next())
	}
	return owner, name
}

// unquoteName gives a name as the dictionary has it.
func unquoteName(word string) string {
	if strings.HasPrefix(word, `"`) {
		return strings.Trim(word, `"`)
	}
	return strings.ToUpper(word)
}
