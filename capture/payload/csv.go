package payload

import (
	"bytes"
	"unicode/utf8"

	"ggsh/record"
)

// Split gives the length of the first whole record of data, its end of line
// included; 0 when there is none. A line break within quotes belongs to the record.
func (f *Format) Split(data []byte) int {
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		return 0
	}
	if f.Form != CSV || f.Quote == 0 || bytes.IndexByte(data[:end], f.Quote) < 0 {
		return end + 1
	}
	return f.splitQuoted(data)
}

func (f *Format) splitQuoted(data []byte) int {
	within, begins := false, true
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case within:
			if c == f.Quote {
				if i+1 < len(data) && data[i+1] == f.Quote {
					i++
				} else {
					within = false
				}
			}
		case c == '\n':
			return i + 1
		case c == f.Quote && begins:
			within, begins = true, false
		default:
			begins = c == f.Delimiter
		}
	}
	return 0
}

// Trim takes the end of line off a record.
func Trim(rec []byte) []byte {
	rec = bytes.TrimSuffix(rec, []byte{'\n'})
	return bytes.TrimSuffix(rec, []byte{'\r'})
}

// fields are the fields of a record.
type fields struct {
	list   [][]byte
	quoted []bool
	text   []byte // of fields with doubled quotes
}

// read cuts a record into fields, which alias it or the fields' own buffer.
func (x *fields) read(f *Format, rec []byte) error {
	x.list, x.quoted, x.text = x.list[:0], x.quoted[:0], x.text[:0]
	for {
		if f.Quote != 0 && len(rec) > 0 && rec[0] == f.Quote {
			field, n, err := x.unquote(f, rec)
			if err != nil {
				return err
			}
			x.list, x.quoted = append(x.list, field), append(x.quoted, true)
			if n == len(rec) {
				return nil
			}
			rec = rec[n+1:]
			continue
		}
		end := bytes.IndexByte(rec, f.Delimiter)
		if end < 0 {
			x.list, x.quoted = append(x.list, rec), append(x.quoted, false)
			return nil
		}
		x.list, x.quoted = append(x.list, rec[:end]), append(x.quoted, false)
		rec = rec[end+1:]
	}
}

// unquote reads a field in quotes and tells how long it was with them.
func (x *fields) unquote(f *Format, rec []byte) (field []byte, n int, err error) {
	from := len(x.text)
	for i := 1; i < len(rec); i++ {
		c := rec[i]
		switch {
		case c != f.Quote:
			x.text = append(x.text, c)
		case i+1 < len(rec) && rec[i+1] == f.Quote:
			x.text = append(x.text, c)
			i++
		case i+1 == len(rec) || rec[i+1] == f.Delimiter:
			return x.text[from:len(x.text):len(x.text)], i + 1, nil
		default:
			return nil, 0, badRecord("field %d goes on behind its closing quote", len(x.list)+1)
		}
	}
	return nil, 0, badRecord("the quote of field %d is not closed", len(x.list)+1)
}

// Columns reads a header record: the names of the columns.
func (f *Format) Columns(rec []byte) ([]string, error) {
	var x fields
	if err := x.read(f, Trim(rec)); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(x.list))
	seen := map[string]bool{}
	for i, field := range x.list {
		name := string(field)
		switch {
		case name == "":
			return nil, badRecord("column %d of the header line has no name", i+1)
		case !utf8.ValidString(name):
			return nil, badRecord("the name of column %d of the header line is not UTF-8", i+1)
		case seen[name]:
			return nil, badRecord("the header line names column %s twice", name)
		}
		seen[name] = true
		names = append(names, name)
	}
	return names, nil
}

// Header makes the records that follow rows of these columns.
func (d *Decoder) Header(schema, name string, columns []string) (err error) {
	d.table, err = d.tables.withHeader(schema, name, columns)
	return err
}

// csvRow makes an inserted row of the record.
func (d *Decoder) csvRow() (*record.TableDef, []byte, error) {
	rec := d.rest
	d.rest = nil
	t := d.table
	if err := d.fields.read(&d.format, rec); err != nil {
		return nil, nil, t.in(err, "")
	}
	if got, want := len(d.fields.list), len(t.def.Columns); got != want {
		return nil, nil, t.in(badRecord("it has %d fields, not %d", got, want), "")
	}
	body, start := record.AppendOpHeader(d.body[:0], record.Insert, t.def.ID)
	body, mark := record.BeginImage(body)
	var err error
	for i, field := range d.fields.list {
		col := &t.def.Columns[i]
		if !d.fields.quoted[i] && (len(field) == 0 || string(field) == d.format.NullText) {
			body, err = appendNull(body, col)
		} else {
			body, err = AppendText(body, col, field)
		}
		if err != nil {
			return nil, nil, t.in(err, col.Name)
		}
	}
	record.EndImage(body, start, mark, false)
	d.body = body
	return t.def, body, nil
}

func appendNull(dst []byte, col *record.ColumnDef) ([]byte, error) {
	if !col.Nullable {
		return dst, badRecord("it is NULL, and the column is NOT NULL")
	}
	return record.AppendNull(dst), nil
}
