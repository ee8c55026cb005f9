package payload

import (
	"ggsh/record"
)

// jsonRow makes an inserted row of the next object.
func (d *Decoder) jsonRow() (*record.TableDef, []byte, error) {
	t := d.table
	if err := d.json.open(); err != nil {
		return nil, nil, t.in(err, "")
	}
	d.slots = d.slots[:0]
	for first := true; ; first = false {
		key, val, ok, err := d.json.member(first, 1)
		if err != nil {
			return nil, nil, t.in(err, "")
		}
		if !ok {
			break
		}
		if d.slots, err = d.put(t, d.slots, key, val); err != nil {
			return nil, nil, err
		}
	}
	if len(d.slots) == 0 {
		return nil, nil, t.in(badRecord("it has no members"), "")
	}
	d.begin(record.Insert, t)
	if err := d.image(t, d.slots, false); err != nil {
		return nil, nil, err
	}
	return t.def, d.body, nil
}

// put gives a column its value; a column not known is added.
func (d *Decoder) put(t *table, slots []jsonValue, key, val jsonValue) ([]jsonValue, error) {
	name := d.plain(key)
	i, err := t.column(name)
	if err != nil {
		return slots, err
	}
	if i < 0 {
		if err := d.tables.add(t, name, val); err != nil {
			return slots, err
		}
		i = len(t.def.Columns) - 1
	} else if !t.declared {
		if err := d.tables.widen(t, i, val); err != nil {
			return slots, err
		}
	}
	for len(slots) <= i {
		slots = append(slots, jsonValue{})
	}
	if slots[i].kind != 0 {
		return slots, t.in(badRecord("it stands there twice"), t.def.Columns[i].Name)
	}
	slots[i] = val
	return slots, nil
}

// plain is what a string says, valid until the next record.
func (d *Decoder) plain(v jsonValue) []byte {
	if !v.esc {
		return v.inner()
	}
	from := len(d.text)
	d.text = appendString(d.text, v)
	return d.text[from:]
}

// begin begins an operation in the decoder's buffer.
func (d *Decoder) begin(kind record.OpType, t *table) {
	d.body, _ = record.AppendOpHeader(d.body[:0], kind, t.def.ID)
}

// image appends an image; columns without a value are missing.
func (d *Decoder) image(t *table, slots []jsonValue, before bool) error {
	body, mark := record.BeginImage(d.body)
	var err error
	missing := false
	for i := range t.def.Columns {
		col := &t.def.Columns[i]
		if i >= len(slots) || slots[i].kind == 0 {
			body, missing = record.AppendMissing(body), true
			continue
		}
		if body, err = d.appendValue(body, col, slots[i]); err != nil {
			return t.in(err, col.Name)
		}
	}
	record.EndImage(body, 0, mark, before)
	if missing {
		record.MarkCompressed(body, 0)
	}
	d.body = body
	return nil
}

// appendValue appends a JSON value in the kind of its column.
func (d *Decoder) appendValue(dst []byte, col *record.ColumnDef, v jsonValue) ([]byte, error) {
	written := d.format.Form == Ops || d.format.Form == Rows // by a formatter
	switch {
	case v.kind == 'n':
		return appendNull(dst, col)
	case written && v.kind == '"' && d.meta.table.declared && col.Kind == record.Bytes:
		return appendBase64(dst, col, d.plain(v))
	case written && v.kind == '"' && d.meta.table.declared && col.Kind == record.JSON:
		return AppendText(dst, col, d.plain(v)) // it writes such a column as a string
	case col.Kind == record.JSON:
		return record.AppendBytes(dst, record.JSON, v.raw), nil
	case v.kind == '"':
		return AppendText(dst, col, d.plain(v))
	case v.kind == '{' || v.kind == '[':
		return dst, badRecord("it is a JSON object or list, and the column is %s", col.Type)
	}
	return AppendText(dst, col, v.raw)
}
