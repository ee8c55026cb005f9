package props

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ggsh/ggserr"
)

// maxFaults is how many faults are told at once.
const maxFaults = 20

// class sorts faults: what is wrong in the text, what is missing in it, and
// what is known and not served.
type class uint8

const (
	wrong class = iota
	absent
	unserved
)

type classed struct {
	class class
	err   *ggserr.Error
}

// loader reads one file.
type loader struct {
	cfg     *Config
	ix      *index
	entries []entry
	faults  []classed
	// unreadable says that there is no text to judge, client that the text has
	// properties of a client and not of handlers, flat that it is one of the flat
	// file writer.
	unreadable, client, flat bool
}

func load(path string, opt Options) *loader {
	ix := newIndex()
	l := &loader{ix: ix, cfg: &Config{Path: opt.inHome(path), opt: opt, ix: ix,
		own: map[string]value{}, global: map[string]value{}, maps: map[string][]pair{}}}
	text, err := opt.read(path)
	if err != nil {
		l.unreadable = true
		l.add(wrong, ggserr.Numbered(err))
		return l
	}
	var faults []*ggserr.Error
	l.entries, faults = scan(path, text)
	for _, f := range faults {
		l.add(wrong, f)
	}
	l.client = len(l.entries) > 0 && !slices.ContainsFunc(l.entries, func(e entry) bool {
		return ours(e.key)
	})
	l.flat = slices.ContainsFunc(l.entries, func(e entry) bool {
		_, ok := cutFold(e.key, "goldengate.flatfilewriter.")
		return ok
	})
	l.dropDoubles()
	l.general()
	l.findHandler()
	if l.cfg.Handler != "" {
		l.handler()
	}
	slices.SortStableFunc(l.faults, func(a, b classed) int {
		return a.err.Where.Line - b.err.Where.Line
	})
	slices.SortStableFunc(l.cfg.notices, func(a, b *ggserr.Error) int {
		return a.Where.Line - b.Where.Line
	})
	return l
}

// ours reports whether a key is one of a handler's file.
func ours(key string) bool {
	key = strings.ToLower(key)
	return slices.ContainsFunc([]string{"gg.", "goldengate.", "javawriter.", "jvm."},
		func(p string) bool { return strings.HasPrefix(key, p) })
}

func (l *loader) add(c class, e *ggserr.Error) { l.faults = append(l.faults, classed{c, e}) }

// failed joins the faults into one error.
func (l *loader) failed() error {
	errs := make([]error, 0, len(l.faults))
	for _, f := range l.faults {
		if len(errs) < maxFaults {
			errs = append(errs, f.err)
		}
	}
	return errors.Join(errs...)
}

func at(e *ggserr.Error, where ggserr.Location) *ggserr.Error {
	return e.At(where.File, where.Line, where.Column)
}

// note tells the operator of something that does not stop the start.
func (l *loader) note(e *ggserr.Error, where ggserr.Location) {
	l.cfg.notices = append(l.cfg.notices, at(e, where))
}

func (l *loader) notef(where ggserr.Location, format string, args ...any) {
	l.note(ggserr.New(ggserr.PropertyNote, fmt.Sprintf(format, args...)), where)
}

// bad reports a fault in the value of an entry.
func (l *loader) bad(e *entry, f *fault) {
	err := ggserr.New(ggserr.PropertyWrong, fmt.Sprintf("Property %s: %s", e.key, f.text))
	switch {
	case f.hint != "":
		err.Do("%s", f.hint)
	case strings.Contains(e.value, " #"):
		err.Do("A comment has a line of its own: # begins none behind a value.")
	}
	l.add(wrong, at(err, e.place(f.off)))
}

// dropDoubles keeps the last of several entries with one key.
func (l *loader) dropDoubles() {
	last := map[string]int{}
	for i, e := range l.entries {
		if !e.prose() {
			last[strings.ToLower(e.key)] = i
		}
	}
	kept := l.entries[:0]
	for i, e := range l.entries {
		if n, known := last[strings.ToLower(e.key)]; known && n != i {
			if l.entries[n].value != e.value {
				l.notef(e.at, "Property %s stands again in line %d, which counts", e.key,
					l.entries[n].at.Line)
			}
			continue
		}
		kept = append(kept, e)
	}
	l.entries = kept
}

// general reads the properties that are no handler's.
func (l *loader) general() {
	for i := range l.entries {
		e := &l.entries[i]
		lower := strings.ToLower(e.key)
		if strings.HasPrefix(lower, "gg.handler.") || strings.HasPrefix(lower, "gg.eventhandler.") {
			continue
		}
		row := l.ix.globalRow(lower)
		if row == nil {
			row, _ = l.ix.pattern(OfAll, lower, "")
		}
		if row == nil {
			l.unknown(e)
			continue
		}
		if v, ok := l.take(row, e); ok {
			l.cfg.global[row.key()] = v
		}
	}
}

// unknown reports a line that is no property of ours.
func (l *loader) unknown(e *entry) {
	switch {
	case l.client || l.flat:
	case strings.HasPrefix(e.key, "--") || strings.HasPrefix(e.key, "//"):
		l.notef(e.at, "The line has no effect: %s begins no comment in a properties file, # does",
			e.key[:2])
	case e.prose():
		l.notef(e.at, "The line has no effect: it is no property; comments begin with #")
	default:
		err := ggserr.New(ggserr.PropertyUnknown, e.key)
		if near := l.ix.nearest(OfAll, e.key, ""); near != "" {
			err.Do("Did you mean %s?", near)
		}
		l.note(err, e.at)
	}
}

// take reads the value of an entry for a row; ok is false when it is not to be used.
func (l *loader) take(row *Row, e *entry) (value, bool) {
	if f := e.uncover(); f != nil {
		l.bad(e, f)
		return value{}, false
	}
	if row.Kind == Text || row.Kind == Secret {
		text, f := l.cfg.opt.reveal(e.value)
		if f != nil {
			l.bad(e, f)
			return value{}, false
		}
		e.value = text
	}
	v, f := row.parse(e.value)
	if f != nil {
		l.bad(e, f)
		return value{}, false
	}
	v.given, v.at = true, e.place(0)
	standard := v.text == row.Default || v.num == row.fallback().num && row.numeric()
	switch {
	case slices.Contains(row.Refuse, v.text) && v.text != "":
		l.refuse(e, e.key+"="+v.text, row.Instead)
	case row.Status == Refused && !standard && len(row.Refuse) == 0:
		l.refuse(e, e.key, row.Instead)
	case row.Status == Ignored && !standard:
		l.note(ggserr.New(ggserr.ParameterIgnored, e.key, row.Instead), e.at)
	}
	return v, true
}

func (r *Row) numeric() bool {
	return r.Kind == Bool || r.Kind == Int || r.Kind == Size || r.Kind == Duration
}

func (l *loader) refuse(e *entry, what, reason string) {
	l.add(unserved, at(ggserr.New(ggserr.ParameterRefused, what, reason), e.at))
}
