package formatter

import (
	"fmt"
	"io"
	"reflect"

	"ggsh/record"
)

// fileKind says what a file of a format is beside its records.
type fileKind uint8

const (
	plainFile     fileKind = iota // nothing
	headedFile                    // a line of names first
	arrayFile                     // an array of JSON
	containerFile                 // an Avro object container
	parquetFile
)

// flushSize is the number of bytes from which on a file of text gives them to
// the writer below.
const flushSize = 64 << 10

// textFile is a file of records one behind the other, or an array of them.
type textFile struct {
	format *Format
	out    io.Writer
	buf    []byte
	table  *table // of a file of one table
	array  bool
	begun  bool
	err    error // of the writer below: the file is lost
}

// Write adds an operation.
func (w *textFile) Write(c *record.Change) error {
	if w.err != nil {
		return w.err
	}
	if w.table != nil {
		t, err := w.format.sameTable(c, w.table)
		if err != nil {
			return err
		}
		w.table = t
	}
	from := len(w.buf)
	between := ""
	if w.array {
		between = ","
		if w.begun {
			w.buf = append(w.buf, ',')
		}
	}
	buf, _, err := w.format.append(w.buf, c, between)
	if err != nil {
		w.buf = buf[:from]
		return err
	}
	w.buf, w.begun = buf, true
	if len(w.buf) >= flushSize {
		return w.Flush()
	}
	return nil
}

// Flush gives all records to the writer below.
func (w *textFile) Flush() error {
	if w.err == nil && len(w.buf) > 0 {
		if _, err := w.out.Write(w.buf); err != nil {
			w.err = fmt.Errorf("formatter: writing %s: %w", w.format.name, err)
		}
		w.buf = w.buf[:0]
	}
	return w.err
}

// Buffered is the number of bytes not yet given to the writer below.
func (w *textFile) Buffered() int64 { return int64(len(w.buf)) }

// Close writes the end.
func (w *textFile) Close() error {
	if w.array {
		w.buf = append(w.buf, ']')
		w.array = false
	}
	return w.Flush()
}

// tableFile begins a file that is of one table.
func (f *Format) tableFile(w io.Writer, t *table) (FileWriter, error) {
	switch f.files {
	case containerFile:
		return newContainer(f, w, t), nil
	case parquetFile:
		return newParquetFile(f, w, t)
	}
	file := &textFile{format: f, out: w, table: t}
	var err error
	file.buf, err = f.convert(f.encoder.(*delimitedEncoder).header(file.buf, t), 0)
	return file, at(err, t, -1)
}

// sameTable refuses a change that is of another table than a file, or of the
// table in another definition.
func (f *Format) sameTable(c *record.Change, t *table) (*table, error) {
	if c.Def == t.def {
		return t, nil
	}
	other, err := f.table(c.Def)
	if err != nil {
		return nil, err
	}
	if other.name != t.name || !sameDefinition(other.def, t.def) {
		return nil, fmt.Errorf("formatter: an operation on %s in a file of %s in another definition",
			other.name, t.name)
	}
	return other, nil
}

// sameDefinition reports whether two definitions are of the same columns and key.
func sameDefinition(a, b *record.TableDef) bool {
	return reflect.DeepEqual(a.Columns, b.Columns) && reflect.DeepEqual(a.Key, b.Key)
}
