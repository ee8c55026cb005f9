// Package formatter turns operations into bytes: of text files, of messages, and
// of container files. Each format is told by example in docs/FORMATS.md.
//
// It knows no target: where the bytes go, when a file is full and when it is
// durable is for others. Its law: a value comes out of a format as it went in,
// or the operation is an *Error and nothing of it is written; and the same
// operation under the same clock is always the same bytes.
package formatter

import (
	"io"
	"strings"
	"time"

	"ggsh/record"
)

// Env is what formats know beside properties and operations.
type Env struct {
	Group string
	// Now is the clock of current_ts; nil is time.Now.
	Now func() time.Time
	// Warn is told, once for each column, of values that are written as GoldenGate
	// writes them but that readers take for something else. It may be nil.
	Warn func(*Error)
}

// Format is one format with all its properties. It belongs to one goroutine, and
// so do the files that it makes.
type Format struct {
	*settings
	name    string
	rows    bool // one image for each operation
	files   fileKind
	encoder encoder
	decoder decoder
	kinds   [2]record.OpType // scratch of split
	checked []byte           // scratch of Check
	codec   codec            // of containers
	// codecName is its word in the header of a container.
	codecName string
	tables    map[*record.TableDef]*table
	last      *table
	known     map[string]*record.TableDef // definition of the operation before, by table
}

// encoder writes operations in one format.
type encoder interface {
	// prepare does for a table what is the same for all its operations.
	prepare(t *table) error
	// encode appends an operation. After an error what it returns is worthless.
	encode(dst []byte, op *operation) ([]byte, error)
}

// FileWriter writes one file.
type FileWriter interface {
	// Write adds an operation. After an *Error the file is as it was before.
	Write(c *record.Change) error
	// Flush gives all that can be given to the writer below.
	Flush() error
	// Buffered is the number of bytes not yet given to it; of formats that
	// compress, before compression.
	Buffered() int64
	// Close writes the end of the file. It does not close the writer below.
	Close() error
}

// maxTables bounds the memory for definitions: beyond it they are prepared anew.
const maxTables = 10000

// Name is the format's word in properties.
func (f *Format) Name() string { return f.name }

// Append appends one operation: one record, two for a changed key under
// pkUpdateHandling=delete-insert. After an error dst is returned as it was.
func (f *Format) Append(dst []byte, c *record.Change) ([]byte, error) {
	dst, _, err := f.append(dst, c, "")
	return dst, err
}

// append is Append, with what stands between two records; count is their number.
func (f *Format) append(dst []byte, c *record.Change, between string) (
	out []byte, count int, err error) {
	t, err := f.table(c.Def)
	if err != nil {
		return dst, 0, err
	}
	ops, err := f.split(c, t)
	if err != nil {
		return dst, 0, err
	}
	from := len(dst)
	for i, kind := range ops {
		if i > 0 {
			dst = append(dst, between...)
			f.decoder.op.completeRow()
		}
		f.decoder.op.kind, f.decoder.op.code = kind, f.env.OpKeys.Of(kind)
		if dst, err = f.encoder.encode(dst, &f.decoder.op); err != nil {
			return dst[:from], 0, err
		}
	}
	if dst, err = f.convert(dst, from); err != nil {
		return dst[:from], 0, at(err, t, f.foreign(&f.decoder.op))
	}
	return dst, len(ops), nil
}

// Check reports what Append or the writer of a file would refuse of an operation,
// and changes nothing.
func (f *Format) Check(c *record.Change) error {
	t, err := f.table(c.Def)
	if err != nil {
		return err
	}
	now := *f.clock
	defer func() { *f.clock = now }()
	if e, ok := f.encoder.(*parquetEncoder); ok {
		_, err = f.rowsOf(e, c, t)
		return err
	}
	f.checked, _, err = f.append(f.checked[:0], c, "")
	return err
}

// split decodes a change and gives the kinds of operations that it becomes: one,
// or a delete and an insert for a changed key.
func (f *Format) split(c *record.Change, t *table) ([]record.OpType, error) {
	if err := f.decoder.decode(c, t); err != nil {
		return nil, at(err, t, -1)
	}
	op := &f.decoder.op
	one := append(f.kinds[:0], op.kind)
	if !f.rows {
		return one, nil
	}
	switch moved := op.movedKey(); {
	case moved < 0:
		op.completeKey()
		return one, nil
	case f.keyUpdates == "update":
		return one, nil
	case f.keyUpdates != "delete-insert":
		return nil, at(fault("an update changes the key ("+t.keyNames()+"), which the format "+
			f.name+" cannot tell from other updates", "set format.pkUpdateHandling to update, "+
			"which leaves the old row, or to delete-insert"), t, moved)
	case op.before == nil:
		return nil, at(fault("an update changes the key, and the record has no before image "+
			"to delete the old row by", "log before images at the source"), t, moved)
	}
	return append(f.kinds[:0], record.Delete, record.Insert), nil
}

// table gives a definition as the format prepared it.
func (f *Format) table(def *record.TableDef) (*table, error) {
	if f.last != nil && f.last.def == def {
		f.last.changed = false
		return f.last, nil
	}
	t := f.tables[def]
	if t == nil {
		t = &table{def: def, name: def.FullName()}
		if err := f.encoder.prepare(t); err != nil {
			return nil, at(err, t, -1)
		}
		if len(f.tables) >= maxTables {
			clear(f.tables)
		}
		f.tables[def] = t
	}
	if f.metadataChanged {
		before := f.known[t.name]
		t.changed = before != nil && !sameDefinition(before, def)
		f.known[t.name] = def
	}
	f.last = t
	return t, nil
}

// Joinable reports whether two files, one behind the other, are a file of the
// format again.
func (f *Format) Joinable() bool { return f.files == plainFile }

// PerTable reports whether a file holds one table in one definition only.
func (f *Format) PerTable() bool { return f.files != plainFile && f.files != arrayFile }

// Extension is what names of files end with when no property says.
func (f *Format) Extension() string {
	switch {
	case f.name == Parquet:
		return ".parquet"
	case strings.HasPrefix(f.name, "avro"):
		return ".avro"
	case strings.HasPrefix(f.name, "json"):
		return ".json"
	case f.name == XML:
		return ".xml"
	}
	return ".txt"
}

// File begins a file. def is needed where PerTable says so.
func (f *Format) File(w io.Writer, def *record.TableDef) (FileWriter, error) {
	if f.PerTable() {
		t, err := f.table(def)
		if err != nil {
			return nil, err
		}
		return f.tableFile(w, t)
	}
	file := &textFile{format: f, out: w}
	if f.files == arrayFile {
		file.array = true
		file.buf = append(file.buf, '[')
	}
	return file, nil
}
