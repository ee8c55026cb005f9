package props

import (
	"fmt"
	"slices"
	"strings"

	"ggsh/ggserr"
)

// served are the types of handlers of this release.
var served = []string{HDFS, FileWriter, Kafka}

// knownTypes are types of handlers that this release does not serve.
var knownTypes = []string{"kafkaconnect", "kafkarestproxy", "hbase", "flume", "jdbc", "cassandra",
	"mongodb", "elasticsearch", "kinesis_streams", "bigquery", "pubsub", "redis", "nosql", "ons",
	"jms", "jms_map", "aq", "file", "singlefile", "rollingfile", "blackhole"}

// classNames are the last parts of class names that stand for types.
var classNames = map[string]string{"hdfshandler": HDFS, "kafkahandler": Kafka,
	"filewriterhandler": FileWriter, "kafkaconnecthandler": "kafkaconnect",
	"hbasehandler": "hbase", "flumehandler": "flume", "jdbcwriterhandler": "jdbc"}

// findHandler finds the handler that gg.handlerlist names, and its type.
func (l *loader) findHandler() {
	list := l.cfg.global["gg.handlerlist"]
	if !list.given {
		l.noList()
		return
	}
	names := strings.FieldsFunc(list.text, func(c rune) bool { return c == ',' || c == ' ' })
	e := l.entry("gg.handlerlist")
	switch {
	case len(names) == 0:
		l.bad(e, wrongf("the name of the handler is missing"))
		return
	case len(names) > 1:
		second := strings.Index(list.text, names[0]) + len(names[0])
		second += strings.Index(list.text[second:], names[1])
		l.add(wrong, at(ggserr.New(ggserr.PropertyWrong, fmt.Sprintf(
			"Property gg.handlerlist names %d handlers: %s", len(names), strings.Join(names,
				", "))).
			Do("One Replicat serves one handler. Give each handler a Replicat and a properties "+
				"file of its own: both read the same trail."), e.place(second)))
		return
	}
	l.cfg.Handler = names[0]
	l.findType()
}

// noList says why there is no handler.
func (l *loader) noList() {
	if l.unreadable {
		return
	}
	err := ggserr.New(ggserr.PropertyWrong, "Property gg.handlerlist is missing").
		Do("Add gg.handlerlist=<name>, and gg.handler.<name>.type.")
	for _, e := range l.entries {
		if rest, ok := cutFold(e.key, "gg.handler."); ok {
			name, _, _ := strings.Cut(rest, ".")
			err.Do("Add gg.handlerlist=%s.", name)
			break
		}
	}
	if l.flat {
		err.Do("The flat file writer of the user exit is not served: use the handler type " +
			"filewriter with the format delimitedtext.")
	}
	l.add(absent, err.At(l.cfg.Path, 1, 1))
}

// findType reads gg.handler.<name>.type.
func (l *loader) findType() {
	key := "gg.handler." + l.cfg.Handler + ".type"
	e := l.entry(key)
	if e == nil {
		err := ggserr.New(ggserr.PropertyWrong, "Property "+key+" is missing").
			Do("Served are %s.", strings.Join(served, ", "))
		for _, other := range l.entries {
			rest, ok := cutFold(other.key, "gg.handler.")
			if ok && strings.HasSuffix(strings.ToLower(rest), ".type") {
				err.Do("Line %d has %s: the name is not the one of gg.handlerlist.",
					other.at.Line, other.key)
			}
		}
		l.add(absent, at(err, l.cfg.global["gg.handlerlist"].at))
		l.cfg.Handler = ""
		return
	}
	if f := e.uncover(); f != nil {
		l.bad(e, f)
		return
	}
	kind := strings.ToLower(e.value)
	if i := strings.LastIndexByte(kind, '.'); i >= 0 && classNames[kind[i+1:]] != "" {
		kind = classNames[kind[i+1:]]
	}
	l.cfg.Type = kind
	l.cfg.own["type"] = value{text: kind, given: true, at: e.place(0)}
	if slices.Contains(served, kind) {
		return
	}
	text := fmt.Sprintf("Property %s: this release does not serve handlers of type %s", e.key,
		e.value)
	err := ggserr.New(ggserr.PropertyWrong, text).Do("Served are %s.", strings.Join(served, ", "))
	class := unserved
	if !slices.Contains(knownTypes, kind) && !strings.Contains(e.value, ".") {
		err = ggserr.New(ggserr.PropertyWrong, fmt.Sprintf(
			"Property %s: there is no handler type %s", e.key, e.value))
		err.Do("Served are %s.", strings.Join(served, ", "))
		if near := ggserr.Nearest(kind, slices.Concat(served, knownTypes)); near != "" {
			err.Do("Did you mean %s?", near)
		}
		class = wrong
	}
	l.add(class, at(err, e.place(0)))
}

// entry finds an entry by its key.
func (l *loader) entry(key string) *entry {
	for i := range l.entries {
		if strings.EqualFold(l.entries[i].key, key) {
			return &l.entries[i]
		}
	}
	return nil
}

// cutFold is strings.CutPrefix whatever the case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// handler reads the properties of the handler, and notes those of others.
func (l *loader) handler() {
	prefix := "gg.handler." + l.cfg.Handler + "."
	others := map[string][]*entry{}
	var order []string
	l.findFormat(prefix + "format")
	for i := range l.entries {
		e := &l.entries[i]
		if name, ok := cutFold(e.key, prefix); ok {
			l.property(e, name)
			continue
		}
		whose := ""
		if rest, ok := cutFold(e.key, "gg.handler."); ok {
			name, _, _ := strings.Cut(rest, ".")
			whose = "gg.handler." + name
		} else if rest, ok := cutFold(e.key, "gg.eventhandler."); ok {
			name, _, _ := strings.Cut(rest, ".")
			whose = "gg.eventhandler." + name
		}
		if whose == "" {
			continue
		}
		if others[whose] == nil {
			order = append(order, whose)
		}
		others[whose] = append(others[whose], e)
	}
	for _, whose := range order {
		l.leftOver(whose, others[whose])
	}
	if slices.Contains(served, l.cfg.Type) {
		l.require()
		l.derive()
	}
}

// findFormat reads the format beforehand: options depend on it.
func (l *loader) findFormat(key string) {
	row := l.ix.handlerRow("format", l.cfg.Type, "")
	l.cfg.format = row.Default
	if e := l.entry(key); e != nil {
		l.cfg.format = strings.ToLower(e.value)
	}
}

// leftOver notes the properties of a handler that is not in use.
func (l *loader) leftOver(whose string, list []*entry) {
	reason := "gg.handlerlist does not name it"
	if strings.HasPrefix(whose, "gg.eventhandler.") {
		reason = "event handlers are not run"
	}
	l.note(ggserr.New(ggserr.ParameterIgnored, fmt.Sprintf("%s.* (%s)", whose,
		count(len(list), "property", "properties")), reason), list[0].at)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// property reads one property of the handler.
func (l *loader) property(e *entry, name string) {
	if strings.EqualFold(name, "type") {
		return
	}
	kind := l.cfg.Type
	row := l.ix.handlerRow(name, kind, l.cfg.format)
	var rest string
	if row == nil {
		row, rest = l.ix.pattern(OfHandler, name, kind)
	}
	switch here := slices.Contains(served, kind); {
	case !here && (row != nil || !l.described(kind)):
		if f := e.uncover(); f != nil {
			l.bad(e, f)
		}
		return // of a handler that is not served
	case row == nil:
		err := ggserr.New(ggserr.PropertyUnknown, e.key)
		if near := l.ix.nearest(OfHandler, name, kind); near != "" {
			err.Do("Did you mean gg.handler.%s.%s?", l.cfg.Handler, near)
		}
		l.note(err, e.at)
		return
	case !row.serves(kind):
		l.note(ggserr.New(ggserr.ParameterIgnored, e.key, fmt.Sprintf(
			"it is a property of handlers of type %s", strings.Join(row.Types, ", "))), e.at)
		return
	}
	v, ok := l.take(row, e)
	switch {
	case !ok:
	case rest != "":
		l.cfg.maps[row.key()] = append(l.cfg.maps[row.key()], pair{rest, v.text})
	default:
		l.cfg.own[row.key()] = v
	}
}

// described reports whether the table has properties of a type that is not served.
func (l *loader) described(kind string) bool {
	return slices.ContainsFunc(otherRows, func(r Row) bool {
		return slices.Contains(r.Types,
			kind)
	})
}
