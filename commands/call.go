package commands

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"ggsh/ggserr"
)

// call is a line that was understood: a row of the table with its arguments.
type call struct {
	cmd    *Command
	line   string // as typed
	words  []word // of the arguments
	places map[string]word
	given  map[string][]word // by the option's name
	order  []string          // options in the order of the line
	bang   bool
	loc    *time.Location
}

// parse fits words to the row.
func (cmd *Command) parse(line string, words []word, loc *time.Location) (*call, error) {
	c := &call{cmd: cmd, line: line, words: words, places: map[string]word{},
		given: map[string][]word{}, loc: loc}
	words = c.takeBang(words)
	words, err := c.takePlaces(words)
	if err != nil {
		return c, err
	}
	for len(words) > 0 {
		o := cmd.option(words[0].text)
		if o == nil || words[0].quoted {
			return c, c.unknownOption(words[0])
		}
		rest, err := c.takeOption(o, words)
		if err != nil {
			return c, err
		}
		words = rest
	}
	if cmd.check != nil {
		return c, cmd.check(c)
	}
	return c, nil
}

// takeBang finds the ! of a command, alone or glued to the last word. The
// backslash is what people write for the sake of their Unix shell.
func (c *call) takeBang(words []word) []word {
	words = slices.Clone(words)
	if n := len(words) - 1; n >= 0 && !words[n].quoted && len(words[n].text) > 1 {
		before := n > 0 && words[n-1].is("PASSWORD") || n == 0 && c.cmd.Object == "PASSWORD"
		if text, ok := strings.CutSuffix(words[n].text, "!"); ok && !before {
			words[n].text = strings.TrimSuffix(text, "\\")
			c.bang = true
			if words[n].text == "" {
				words = words[:n]
			}
		}
	}
	return slices.DeleteFunc(words, func(w word) bool {
		isBang := !w.quoted && w.text == "!"
		c.bang = c.bang || isBang
		return isBang
	})
}

func (c *call) takePlaces(words []word) ([]word, error) {
	for _, p := range c.cmd.Places {
		missing := len(words) == 0 ||
			p.Optional && !words[0].quoted && c.cmd.option(words[0].text) != nil
		if missing && p.Optional {
			continue
		}
		if missing || !words[0].quoted && (words[0].text == "(" || words[0].text == ")") {
			at := word{col: len([]rune(c.line)) + 1}
			return nil, fault(at, "%s needs a %s: %s", c.cmd.Name(), p.Name, c.cmd.Synopsis)
		}
		if p.Kind == Rest {
			w := words[0]
			w.text = strings.TrimSpace(c.line[w.at:])
			if words[0].quoted && len(words) == 1 {
				w.text = words[0].text
			}
			c.places[p.Name] = w
			return nil, nil
		}
		if p.Kind == Number {
			if _, err := strconv.ParseInt(words[0].text, 10, 64); err != nil {
				return nil, fault(words[0], "%s is not a number.", words[0].text)
			}
		}
		c.places[p.Name], words = words[0], words[1:]
	}
	return words, nil
}

func (c *call) unknownOption(w word) error {
	var names []string
	for _, o := range c.cmd.Options {
		names = append(names, o.Name)
	}
	e := fault(w, "Unknown option %s of %s.", w.text, c.cmd.Name())
	if near := ggserr.Nearest(w.text, names); near != "" {
		return e.Do("Did you mean %s?", near)
	}
	return e.Do("HELP %s lists its options.", c.cmd.Name())
}

// takeOption reads the value of the option that words begins with. The same
// option twice is a fault unless it says the same again.
func (c *call) takeOption(o *Arg, words []word) ([]word, error) {
	key := words[0]
	value, rest, err := c.value(o, words)
	if err != nil {
		return nil, err
	}
	if before, twice := c.given[o.Name]; twice {
		if !slices.EqualFunc(before, value, func(a, b word) bool { return a.text == b.text }) {
			return nil, fault(key, "%s is given twice.", o.Name)
		}
		return rest, nil
	}
	c.given[o.Name] = value
	c.order = append(c.order, o.Name)
	return rest, nil
}

func (c *call) value(o *Arg, words []word) (value, rest []word, err error) {
	key, rest := words[0], words[1:]
	none := len(rest) == 0
	switch o.Kind {
	case Flag:
		return nil, rest, nil
	case Rest:
		return rest, nil, nil
	case OptWord:
		if none || c.isOption(rest[0]) {
			return nil, rest, nil
		}
		return rest[:1], rest[1:], nil
	case OptNumber:
		if none || !isNumber(rest[0].text) {
			return nil, rest, nil
		}
		return rest[:1], rest[1:], nil
	case Names:
		return c.names(key, rest)
	case When:
		return c.when(key, rest)
	}
	if none || !rest[0].quoted && (rest[0].text == "(" || rest[0].text == ")") {
		return nil, nil, fault(key, "%s needs a value.", o.Name)
	}
	if o.Kind == Number && !isNumber(rest[0].text) {
		return nil, nil, fault(rest[0], "%s needs a whole number, not %s.", o.Name, rest[0].text)
	}
	return rest[:1], rest[1:], nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

func (c *call) isOption(w word) bool { return !w.quoted && c.cmd.option(w.text) != nil }

// names reads (a, b) or a b up to the next keyword.
func (c *call) names(key word, words []word) (value, rest []word, err error) {
	if len(words) > 0 && !words[0].quoted && words[0].text == "(" {
		end := slices.IndexFunc(words, func(w word) bool { return !w.quoted && w.text == ")" })
		if end < 0 {
			return nil, nil, fault(words[0], "The parenthesis that begins here is not closed.")
		}
		return words[1:end], words[end+1:], nil
	}
	end := 0
	for end < len(words) && !c.isOption(words[end]) {
		end++
	}
	return words[:end], words[end:], nil
}

// when reads a time: one word, or date and time as two.
func (c *call) when(key word, words []word) (value, rest []word, err error) {
	if len(words) == 0 {
		return nil, nil, fault(key, "%s needs NOW, EARLIEST or a time: yyyy-mm-dd hh:mi:ss.", key.text)
	}
	if words[0].is("NOW") || words[0].is("EARLIEST") {
		return words[:1], words[1:], nil
	}
	if len(words) > 1 && !words[0].quoted {
		both := words[0]
		both.text += " " + words[1].text
		if _, ok := parseTime(both.text, c.loc); ok {
			return []word{both}, words[2:], nil
		}
	}
	if _, ok := parseTime(words[0].text, c.loc); !ok {
		return nil, nil, fault(words[0], "%s is not a time: write NOW, EARLIEST or yyyy-mm-dd hh:mi:ss.",
			words[0].text)
	}
	return words[:1], words[1:], nil
}

// parseTime reads yyyy-mm-dd[ hh:mi[:ss[.ffffff]]], and the ISO form with T and zone.
func parseTime(s string, loc *time.Location) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05",
		"2006-01-02:15:04:05", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, loc); err == nil {
			return t, true
		}
	}
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil
}

// at gives the word at a place, empty when it is missing.
func (c *call) at(place string) string { return c.places[place].text }

func (c *call) has(option string) bool {
	_, ok := c.given[option]
	return ok
}

// text gives the first word of an option, empty when there is none.
func (c *call) text(option string) string {
	if v := c.given[option]; len(v) > 0 {
		return v[0].text
	}
	return ""
}

// number gives an option's number, or otherwise.
func (c *call) number(option string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(c.text(option), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// list gives all words of an option.
func (c *call) list(option string) []string {
	var out []string
	for _, w := range c.given[option] {
		out = append(out, w.text)
	}
	return out
}

// notes are what is said of options that are not acted on.
func (c *call) notes() (notes []string, refused error) {
	for _, name := range c.order {
		o := c.cmd.option(name)
		if o.Note != "" {
			notes = append(notes, name+": "+o.Note)
		}
		if o.Refuse != "" {
			return nil, refuse("%s of %s is not supported: %s", name, c.cmd.Name(), o.Refuse)
		}
	}
	return notes, nil
}
