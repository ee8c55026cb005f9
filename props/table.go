package props

import (
	"fmt"
	"slices"
	"strings"

	"ggsh/ggserr"
)

// Owner says whose property a row is.
type Owner uint8

// The owners.
const (
	OfHandler Owner = iota // gg.handler.<handler>.<name>
	OfAll                  // the whole key is the name
	OfEvent                // gg.eventhandler.<event handler>.<name>
)

// Status says what this release does with a property.
type Status uint8

// The stages of support.
const (
	// Works: acted on.
	Works Status = iota
	// Accepted: nothing needs to be done; no warning.
	Accepted
	// Ignored: a warning says what happens instead.
	Ignored
	// Refused: leaving it out could change data, so it is an error.
	Refused
)

// String names the status for people.
func (s Status) String() string { return [...]string{"works", "accepted", "ignored", "refused"}[s] }

// Row is one property.
type Row struct {
	// Name is the whole key, or what follows the name of the handler. An * at
	// its end stands for any text.
	Name    string
	Aliases []string
	Owner   Owner
	// Types are the types of handlers that have the property; none: all.
	Types []string
	// Formats are the formats that act on it; none: all.
	Formats []string
	Kind    Kind
	Choices []string
	// Spellings are other words for choices: word and choice.
	Spellings [][2]string
	// Refuse are choices that are known and refused.
	Refuse   []string
	Default  string
	Required bool
	Status   Status
	Instead  string // what happens instead; the reason of a refusal
	Help     string
	Ours     bool // an extension of this product
}

// key finds the row's value in a Config.
func (r *Row) key() string { return strings.ToLower(r.Name) }

// serves reports whether the row is of handlers of a type.
func (r *Row) serves(kind string) bool {
	return len(r.Types) == 0 || slices.Contains(r.Types, kind)
}

// Table gives all rows. The caller must not change them.
func Table() []Row {
	return slices.Concat(generalRows, handlerRows, hdfsRows, fileRows, kafkaRows, formatRows,
		parquetRows, eventRows, otherRows)
}

// index finds rows by name.
type index struct {
	rows     []Row
	byName   map[string][]*Row // handler rows, by name and alias in lower case
	general  map[string]*Row
	event    map[string][]*Row
	patterns []*Row
}

func newIndex() *index {
	ix := &index{rows: Table(), byName: map[string][]*Row{}, general: map[string]*Row{},
		event: map[string][]*Row{}}
	for i := range ix.rows {
		r := &ix.rows[i]
		if strings.HasSuffix(r.Name, "*") {
			ix.patterns = append(ix.patterns, r)
		}
		for _, name := range append([]string{r.Name}, r.Aliases...) {
			name = strings.ToLower(name)
			switch r.Owner {
			case OfAll:
				ix.general[name] = r
			case OfEvent:
				ix.event[name] = append(ix.event[name], r)
			default:
				ix.byName[name] = append(ix.byName[name], r)
			}
		}
	}
	return ix
}

// handlerRow finds a property of handlers of a type, of several the one of the
// format; when these do not have it, one of others; nil when no handler has it.
func (ix *index) handlerRow(name, kind, format string) *Row {
	var best *Row
	rank := -1
	for _, r := range ix.byName[strings.ToLower(name)] {
		n := 0
		if r.serves(kind) {
			n += 2
		}
		if slices.Contains(r.Formats, format) {
			n++
		}
		if n > rank {
			best, rank = r, n
		}
	}
	return best
}

func (ix *index) globalRow(key string) *Row { return ix.general[strings.ToLower(key)] }

// pattern finds a row whose name ends with * and begins as the given one, and
// what stands for the *.
func (ix *index) pattern(owner Owner, name, kind string) (*Row, string) {
	for _, r := range ix.patterns {
		stem := len(r.Name) - 1
		if r.Owner == owner && len(name) > stem && strings.EqualFold(name[:stem], r.Name[:stem]) &&
			(owner == OfAll || r.serves(kind)) {
			return r, name[stem:]
		}
	}
	return nil, ""
}

// nearest proposes a name of the owner's rows for handlers of a type.
func (ix *index) nearest(owner Owner, name, kind string) string {
	var names []string
	for i := range ix.rows {
		r := &ix.rows[i]
		if r.Owner == owner && (owner == OfAll || r.serves(kind)) && !strings.HasSuffix(r.Name,
			"*") {
			names = append(names, r.Name)
		}
	}
	return ggserr.Nearest(name, names)
}

// Help explains a property, by its whole key or by what follows the handler's
// name; it is empty for a name that is not known.
func Help(name string) string {
	name = strings.TrimSpace(name)
	lower := strings.ToLower(name)
	for _, prefix := range []string{"gg.handler.", "gg.eventhandler."} {
		if rest, ok := strings.CutPrefix(lower, prefix); ok {
			_, lower, _ = strings.Cut(rest, ".")
		}
	}
	var b strings.Builder
	for _, r := range Table() {
		if r.key() != lower && !slices.ContainsFunc(r.Aliases, func(a string) bool {
			return strings.EqualFold(a, lower)
		}) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		b.WriteString(r.help())
	}
	return b.String()
}

// Nearest is the known property that a name most likely was meant to be, for
// handlers of a type ("" for any).
func Nearest(name, kind string) string {
	ix := newIndex()
	if strings.Contains(name, ".") {
		if near := ix.nearest(OfAll, name, ""); near != "" {
			return near
		}
	}
	var names []string
	for _, r := range ix.rows {
		if r.Owner == OfHandler && (kind == "" || r.serves(kind)) {
			names = append(names, r.Name)
		}
	}
	return ggserr.Nearest(name, names)
}

// Key is the row's whole key, with <...> for the name of a handler.
func (r *Row) Key() string {
	switch r.Owner {
	case OfAll:
		return r.Name
	case OfEvent:
		return "gg.eventhandler.<name>." + r.Name
	}
	return "gg.handler.<name>." + r.Name
}

// Values says what a value may be.
func (r *Row) Values() string {
	if r.Kind == Choice {
		return strings.Join(r.Choices, " | ")
	}
	return r.Kind.String()
}

func (r *Row) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s = %s\n  %s\n", r.Key(), r.Values(), r.Help)
	if r.Required {
		b.WriteString("  It must be given.\n")
	}
	if r.Default != "" {
		fmt.Fprintf(&b, "  Default: %s\n", Shown(r.Default))
	}
	if len(r.Types) > 0 {
		fmt.Fprintf(&b, "  Handlers: %s\n", strings.Join(r.Types, ", "))
	}
	if len(r.Formats) > 0 {
		fmt.Fprintf(&b, "  Formats: %s\n", strings.Join(r.Formats, ", "))
	}
	if r.Ours {
		b.WriteString("  An extension of this product.\n")
	}
	if r.Instead != "" {
		fmt.Fprintf(&b, "  %s: %s\n", capital(r.Status.String()), r.Instead)
	}
	return b.String()
}

// Shown is a value as a properties file would have it, control characters escaped.
func Shown(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
