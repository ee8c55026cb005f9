package formatter

import (
	"bytes"

	"ggsh/record"
)

const quote = '"'

// delimitedEncoder writes delimitedtext (one image) and delimitedtext_op
// (before and after value of each column).
type delimitedEncoder struct {
	*settings
	images    bool   // both images
	field     string // between fields
	line      string // behind each record
	pair      string // between tokens
	pairValue string // between a token's name and value
	null      string
	missing   string
	names     bool // of columns
	metaNames bool
	grouped   bool // names, before values, after values: each as a group
	wrap      bool // quotes round all texts
	quotes    bool // round values that need them
	escape    byte // before what would end a field; 0 for none
	warn      func(*Error)
	special   [256]bool // octets at which a value needs a look
}

func (e *delimitedEncoder) prepare(t *table) error {
	for _, fd := range e.fields {
		t.heads = append(t.heads, []byte(fd.name))
	}
	for i := range t.def.Columns {
		t.labels = append(t.labels, []byte(t.def.Columns[i].Name))
		if err := checkText(t.labels[i]); err != nil {
			return at(err, t, i)
		}
	}
	t.warned = make([]bool, len(e.fields)+len(t.def.Columns))
	return nil
}

// next begins a field of the record that begins at start.
func (e *delimitedEncoder) next(dst []byte, first *bool) []byte {
	if *first {
		*first = false
		return dst
	}
	return append(dst, e.field...)
}

func (e *delimitedEncoder) encode(dst []byte, op *operation) ([]byte, error) {
	first := true
	var err error
	for i := range e.fields {
		if e.names && e.metaNames {
			dst = e.name(e.next(dst, &first), op.table.heads[i])
		}
		if dst, err = e.meta(e.next(dst, &first), op, i); err != nil {
			return dst, at(err, op.table, -1)
		}
	}
	from, to := op.row(), []record.Value(nil)
	if e.images {
		from, to = op.before, op.after
	}
	if e.grouped {
		dst, err = e.groups(dst, op, &first, [2][]record.Value{from, to})
		return append(dst, e.line...), err
	}
	for i := range op.table.def.Columns {
		if e.names {
			dst = e.name(e.next(dst, &first), op.table.labels[i])
		}
		if dst, err = e.value(e.next(dst, &first), op, from, i); err != nil {
			return dst, err
		}
		if e.images {
			if dst, err = e.value(e.next(dst, &first), op, to, i); err != nil {
				return dst, err
			}
		}
	}
	return append(dst, e.line...), nil
}

// header appends the line of names that begins a file.
func (e *delimitedEncoder) header(dst []byte, t *table) []byte {
	first := true
	for _, name := range t.heads {
		dst = e.name(e.next(dst, &first), name)
	}
	for _, name := range t.labels {
		if !e.images {
			dst = e.name(e.next(dst, &first), name)
			continue
		}
		for _, image := range []string{".before", ".after"} {
			dst = e.name(e.next(dst, &first), append(append([]byte{}, name...), image...))
		}
	}
	return append(dst, e.line...)
}

// groups appends all names, then all values of one image, then of the other.
func (e *delimitedEncoder) groups(dst []byte, op *operation, first *bool,
	images [2][]record.Value) ([]byte, error) {
	if e.names {
		for i := range op.table.labels {
			dst = e.name(e.next(dst, first), op.table.labels[i])
		}
	}
	for n, im := range images {
		if n > 0 && !e.images {
			break
		}
		for i := range op.table.def.Columns {
			var err error
			if dst, err = e.value(e.next(dst, first), op, im, i); err != nil {
				return dst, err
			}
		}
	}
	return dst, nil
}

// name appends the name of a column or meta field.
func (e *delimitedEncoder) name(dst, name []byte) []byte {
	from := len(dst)
	dst, _ = e.finish(append(dst, name...), from, false)
	return dst
}

// meta appends a meta field.
func (e *delimitedEncoder) meta(dst []byte, op *operation, n int) ([]byte, error) {
	from := len(dst)
	fd := &e.fields[n]
	var err error
	switch fd.shape {
	case listField:
		for i, k := range op.table.def.Key {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, op.table.labels[k]...)
		}
	case mapField:
		for i, p := range op.tokens {
			if i > 0 {
				dst = append(dst, e.pair...)
			}
			dst = append(append(append(dst, p[0]...), e.pairValue...), p[1]...)
		}
		err = checkText(dst[from:])
	default:
		if dst, err = e.appendField(dst, fd, op); err == nil {
			err = checkText(dst[from:])
		}
	}
	if err != nil {
		return dst, err
	}
	dst, why := e.finish(dst, from, false)
	e.tell(op.table, len(op.table.def.Columns)+n, fd.name, why)
	return dst, nil
}

// value appends a column of an image.
func (e *delimitedEncoder) value(dst []byte, op *operation, im []record.Value, i int) (
	[]byte, error) {
	v, t := op.value(im, i), op.table
	switch v.Kind {
	case record.Missing:
		return append(dst, e.missing...), nil
	case record.Null:
		return append(dst, e.null...), nil
	}
	from := len(dst)
	dst, err := appendText(dst, v, &t.def.Columns[i])
	if err != nil {
		return dst, at(err, t, i)
	}
	dst, why := e.finish(dst, from, e.wrap && !isNumber(v.Kind) && v.Kind != record.Bool)
	e.tell(t, i, t.def.Columns[i].Name, why)
	return dst, nil
}

// tell warns, once for each column, of a value that readers will take for another.
func (e *delimitedEncoder) tell(t *table, n int, column, why string) {
	if why == "" || t.warned[n] || e.warn == nil {
		return
	}
	t.warned[n] = true
	e.warn(&Error{Table: t.name, Column: column, Reason: "a value " + why +
		", so that readers take it for something else; it is written as it is, and so are " +
		"further ones of this column",
		Advice: "set format.quoteDelimiters=true or format.escape, and the reader likewise"})
}

// finish makes a field of the text dst[from:]: quoted or escaped if that is
// asked for. Otherwise why says what in it readers will not understand.
func (e *delimitedEncoder) finish(dst []byte, from int, wrap bool) (out []byte, why string) {
	clash := e.clash(dst[from:])
	switch {
	case wrap && !e.quotes:
		if bytes.IndexByte(dst[from:], quote) >= 0 {
			why = "has a quote in it"
		}
		dst = append(dst, 0, 0)
		copy(dst[from+1:], dst[from:len(dst)-2])
		dst[from], dst[len(dst)-1] = quote, quote
		return dst, why
	case wrap, e.quotes && clash != "":
		return enquote(dst, from), ""
	case e.escape != 0:
		return e.escaped(dst, from)
	case clash == hasQuote, clash == isMissing:
		return dst, "" // nothing to classic readers
	}
	return dst, clash
}

const (
	hasQuote  = "has a quote in it"
	isMissing = "is the text that stands for a missing value"
	isNull    = "is the text that stands for NULL"
)

// clash says what in a text readers would take for something else.
func (e *delimitedEncoder) clash(b []byte) string {
	switch { // a conversion for one comparison is free, one for a switch is not
	case string(b) == e.null:
		return isNull
	case string(b) == e.missing:
		return isMissing
	}
	found := ""
	for i, c := range b {
		if !e.special[c] {
			continue
		}
		switch {
		case bytes.HasPrefix(b[i:], []byte(e.field)):
			return "has the field delimiter in it"
		case c == '\n', c == '\r', bytes.HasPrefix(b[i:], []byte(e.line)):
			return "has a line break in it"
		case c == 0:
			return "has a NUL character in it"
		case c == quote:
			found = hasQuote
		}
	}
	return found
}

// enquote puts the text dst[from:] between quotes, those in it doubled.
func enquote(dst []byte, from int) []byte {
	n := len(dst)
	grow := 2 + bytes.Count(dst[from:], []byte{quote})
	for range grow {
		dst = append(dst, quote)
	}
	w := len(dst) - 2
	for r := n - 1; r >= from; r-- {
		dst[w] = dst[r]
		w--
		if dst[r] == quote {
			dst[w] = quote
			w--
		}
	}
	dst[from] = quote
	return dst
}

// escaped puts the escape character before what would end the field dst[from:].
func (e *delimitedEncoder) escaped(dst []byte, from int) (out []byte, why string) {
	same := string(dst[from:]) == e.null
	e.scratch = append(e.scratch[:0], dst[from:]...)
	dst = dst[:from]
	for i, c := range e.scratch {
		switch {
		case c == '\n':
			dst = append(dst, e.escape, 'n')
		case c == '\r':
			dst = append(dst, e.escape, 'r')
		case c == 0:
			dst = append(dst, e.escape, '0')
		case c == e.escape, e.special[c] && c != quote && (bytes.HasPrefix(e.scratch[i:],
			[]byte(e.field)) || bytes.HasPrefix(e.scratch[i:], []byte(e.line))):
			dst = append(dst, e.escape, c)
		default:
			dst = append(dst, c)
		}
	}
	if same && string(dst[from:]) == e.null {
		return dst, isNull
	}
	return dst, ""
}
