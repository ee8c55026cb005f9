package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ggsh/ggserr"
	"ggsh/props"
)

func help(_ context.Context, s *Session, c *call) (Value, error) {
	topic := strings.ToUpper(strings.Join(strings.Fields(strings.TrimRight(c.at("topic"), ";")), " "))
	if c.bang {
		topic = "!"
	}
	if topic == "" {
		return Page{Content: s.ix.summary()}, nil
	}
	if word, name, ok := strings.Cut(topic, " "); ok && word == "PROPERTY" {
		return property(name)
	}
	return s.ix.topic(topic)
}

// property explains a property of big data handlers.
func property(name string) (Value, error) {
	if text := props.Help(name); text != "" {
		return Page{Content: text}, nil
	}
	e := refuse("There is no property %s.", name)
	if near := props.Nearest(name, ""); near != "" {
		return nil, e.Do("Did you mean HELP PROPERTY %s?", near)
	}
	return nil, e
}

// summary lists the commands by object, as HELP prints them.
func (ix *index) summary() string {
	var b strings.Builder
	b.WriteString("GGSH Command Summary:\n\nObject:          Command:\n")
	verbs := map[string][]string{}
	var objects, single []string
	for _, r := range ix.rows {
		if !r.Works() {
			continue
		}
		if r.Object == "" {
			if ix.byKey[r.Verb+" EXTRACT"] == nil && !slices.Contains(single, r.Verb) {
				single = append(single, r.Verb)
			}
			continue
		}
		if verbs[r.Object] == nil {
			objects = append(objects, r.Object)
		}
		verbs[r.Object] = append(verbs[r.Object], r.Verb)
	}
	slices.Sort(objects)
	for _, o := range objects {
		slices.Sort(verbs[o])
		fmt.Fprintf(&b, "%-17s%s\n", o, wrapList(verbs[o], 17, 60))
	}
	slices.Sort(single)
	b.WriteString("\nCommands without an object:\n                 " +
		wrapList(single, 17, 60) + "\n" +
		"                 (note: type the word COMMAND after the ! to display the\n" +
		"                 ! help topic, for example: GGSH (sys1)> help ! command)\n\n" +
		"A group's type may be left out: INFO, START, STOP and the like find the name.\n" +
		"For help on a specific command, type HELP <command> <object>.\n\n" +
		"Example: HELP ADD REPLICAT\n")
	return b.String()
}

// wrapList joins words by commas over lines of a width.
func wrapList(words []string, indent, width int) string {
	var b strings.Builder
	col := 0
	for i, w := range words {
		if i > 0 {
			b.WriteString(",")
			if col+len(w)+2 > width {
				b.WriteString("\n" + strings.Repeat(" ", indent))
				col = 0
			} else {
				b.WriteString(" ")
			}
		}
		b.WriteString(w)
		col += len(w) + 2
	}
	return b.String()
}

// topic explains one command, or lists those of a verb or object.
func (ix *index) topic(topic string) (Value, error) {
	verb, rest, _ := strings.Cut(topic, " ")
	object := objectName(rest)
	full := ix.verb(verb)
	if r, ok := ix.byKey[strings.TrimSpace(full+" "+object)]; ok && (object != "" || !ix.many(full)) {
		return Page{Content: r.page()}, nil
	}
	if r, ok := ix.byKey[topic]; ok && !ix.many(topic) {
		return Page{Content: r.page()}, nil
	}
	var b strings.Builder
	for _, r := range ix.rows {
		if r.Verb == full && rest == "" || r.Object == objectName(topic) && r.Object != "" {
			fmt.Fprintf(&b, "%-28s%s\n", r.Name(), firstSentence(r))
		}
	}
	if b.Len() > 0 {
		return Page{Content: b.String()}, nil
	}
	e := refuse("There is no help on %s.", topic)
	var names []string
	for _, r := range ix.rows {
		names = append(names, r.Name())
	}
	if near := ggserr.Nearest(topic, names); near != "" {
		return nil, e.Do("Did you mean HELP %s?", near)
	}
	return nil, e.Do("HELP lists the commands.")
}

// many tells whether a verb has several objects.
func (ix *index) many(verb string) bool {
	n := 0
	for _, r := range ix.rows {
		if r.Verb == verb {
			n++
		}
	}
	return n > 1
}

func firstSentence(r Command) string {
	text := r.Help
	if !r.Works() {
		text = "Not supported: " + r.Instead
	}
	end := len(text)
	for _, mark := range []string{". ", ": ", "; "} {
		if i := strings.Index(text, mark); i > 0 {
			end = min(end, i)
		}
	}
	if r.Works() && end < len(text) {
		text = text[:end] + "."
	}
	return text
}

// page is the help on one command.
func (cmd *Command) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", cmd.Name())
	if !cmd.Works() {
		fmt.Fprintf(&b, "Not supported: %s\n", cmd.Instead)
		return b.String()
	}
	fmt.Fprintf(&b, "%s\n\nSyntax:\n  %s\n", fold(cmd.Help, 0, 76), fold(cmd.Synopsis, 4, 74))
	var works, accepted, refused []string
	for _, a := range append(append([]Arg{}, cmd.Places...), cmd.Options...) {
		switch {
		case a.Refuse != "":
			refused = append(refused, a.Name)
		case a.Note != "" || a.Help == "":
			accepted = append(accepted, a.Name)
		default:
			works = append(works, fmt.Sprintf("  %-24s%s", a.Name, fold(a.Help, 26, 50)))
		}
	}
	if len(works) > 0 {
		b.WriteString("\nArguments:\n" + strings.Join(works, "\n") + "\n")
	}
	if len(accepted) > 0 {
		b.WriteString("\nAccepted and not acted on:\n  " + wrapList(accepted, 2, 74) + "\n")
	}
	if len(refused) > 0 {
		b.WriteString("\nNot supported:\n  " + wrapList(refused, 2, 74) + "\n")
	}
	return b.String()
}

// fold breaks a text into lines of a width.
func fold(text string, indent, width int) string {
	var b strings.Builder
	col := 0
	for i, w := range strings.Fields(text) {
		if i > 0 {
			if col+1+len(w) > width {
				b.WriteString("\n" + strings.Repeat(" ", indent))
				col = 0
			} else {
				b.WriteString(" ")
				col++
			}
		}
		b.WriteString(w)
		col += len(w)
	}
	return b.String()
}
