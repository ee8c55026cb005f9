package formatter

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"ggsh/record"
)

// avroKind is the Avro type of a column.
type avroKind uint8

const (
	avroString avroKind = iota
	avroLong
	avroDouble
	avroBytes
	avroBoolean
	avroDecimal   // logical type of bytes
	avroTimestamp // logical type timestamp-micros of long
)

// avroColumn is how a column is written.
type avroColumn struct {
	kind      avroKind
	precision int
	scale     int
}

// avroEncoder writes avro_row (one image) and avro_op (both), binary.
type avroEncoder struct {
	*settings
	rows       bool
	isMissing  bool // fields that tell missing from NULL
	decimals   bool // logical types
	timestamps bool
	numScale   int // of decimals whose scale is not known
	delimiter  string
	wrapper    wrapping
	number     unscaled // scratch of decimals
	payload    []byte   // scratch of wrapped records
}

// wrapping says whether records are put into the generic wrapper.
type wrapping uint8

const (
	bare wrapping = iota
	wrapFingerprint
	wrapHash
)

// avroTable is what the encoder knows of a table.
type avroTable struct {
	schema      *schema
	text        []byte
	fingerprint uint64
	hash        int32
	columns     []avroColumn
}

// columnType chooses the Avro type of a column.
func (e *avroEncoder) columnType(c *record.ColumnDef) avroColumn {
	if e.allStrings {
		return avroColumn{kind: avroString}
	}
	switch c.Kind {
	case record.Int:
		return avroColumn{kind: avroLong}
	case record.Uint, record.Decimal:
		return e.numberType(c)
	case record.Float32, record.Float64:
		return avroColumn{kind: avroDouble}
	case record.Bytes:
		return avroColumn{kind: avroBytes}
	case record.Bool:
		return avroColumn{kind: avroBoolean}
	case record.Timestamp, record.TimestampTZ:
		if e.timestamps {
			return avroColumn{kind: avroTimestamp}
		}
	}
	return avroColumn{kind: avroString}
}

// numberType: a whole number that fits 64 bits is a long, others are doubles
// unless logical types or texts are asked for.
func (e *avroEncoder) numberType(c *record.ColumnDef) avroColumn {
	switch {
	case isLong(c):
		return avroColumn{kind: avroLong}
	case e.decimals && c.Kind == record.Uint && isLarge(c):
		return avroColumn{kind: avroDecimal, precision: 20}
	case e.decimals && c.Kind == record.Decimal:
		precision, scale := decimalSize(c)
		if precision == 0 {
			precision, scale = unknownPrecision+e.numScale, e.numScale
		}
		return avroColumn{avroDecimal, precision, scale}
	case e.largeAsStrings && isLarge(c):
		return avroColumn{kind: avroString}
	case c.Kind == record.Uint:
		return avroColumn{kind: avroLong}
	}
	return avroColumn{kind: avroDouble}
}

// unknownPrecision is how many digits before the point a decimal gets whose
// precision is not known: as many as Oracle's NUMBER has at most.
const unknownPrecision = 38

// schemaOf gives the schema of a column's type.
func (c avroColumn) schemaOf() *schema {
	switch c.kind {
	case avroLong:
		return primitive("long")
	case avroDouble:
		return primitive("double")
	case avroBytes:
		return primitive("bytes")
	case avroBoolean:
		return primitive("boolean")
	case avroDecimal:
		return &schema{kind: "bytes", logical: fmt.Sprintf(`logicalType:"decimal",precision:%d,scale:%d`,
			c.precision, c.scale)}
	case avroTimestamp:
		return &schema{kind: "long", logical: `logicalType:"timestamp-micros"`}
	}
	return primitive("string")
}

func (e *avroEncoder) prepare(t *table) error {
	for i := range t.def.Columns {
		t.labels = append(t.labels, []byte(t.def.Columns[i].Name))
	}
	a := &avroTable{}
	rec := &schema{kind: "record", name: avroName(t.def.Name), namespace: e.space(t.def)}
	for _, fd := range e.fields {
		f := schemaField{name: avroName(fd.name), schema: primitive("string")}
		switch fd.shape {
		case listField:
			f.schema = &schema{kind: "array", items: []*schema{primitive("string")}}
		case mapField:
			f.schema = &schema{kind: "map", items: []*schema{primitive("string")}}
			f.fallback = "{}"
		case numberField:
			f.schema = primitive("long")
		}
		rec.fields = append(rec.fields, f)
	}
	var columns []schemaField
	for i := range t.def.Columns {
		c := e.columnType(&t.def.Columns[i])
		a.columns = append(a.columns, c)
		name := avroName(t.def.Columns[i].Name)
		columns = append(columns, schemaField{name, optional(c.schemaOf()), "null"})
		if e.isMissing {
			columns = append(columns, schemaField{name + "_isMissing", primitive("boolean"), ""})
		}
	}
	if e.rows {
		rec.fields = append(rec.fields, columns...)
		columns = nil
	} else {
		im := &schema{kind: "record", name: "columns", fields: columns}
		rec.fields = append(rec.fields, schemaField{"before", optional(im), "null"},
			schemaField{"after", optional(primitive("columns")), "null"})
	}
	if name := doubled(rec.fields, columns); name != "" {
		return at(fault(fmt.Sprintf("two fields of the Avro schema would be named %s", name),
			"name columns with COLMAP, and meta fields in format.metaColumnsTemplate"), t, -1)
	}
	a.schema, a.text, a.fingerprint = rec, rec.text(false), rec.fingerprint()
	a.hash = javaHash(a.text)
	t.avro = a
	return nil
}

// space is the namespace: the table's catalog and schema.
func (e *avroEncoder) space(def *record.TableDef) string {
	space := ""
	for _, part := range []string{def.Catalog, def.Schema} {
		if part != "" && space != "" {
			space += "."
		}
		if part != "" {
			space += avroName(part)
		}
	}
	return space
}

// doubled finds a name that stands twice in one of the lists.
func doubled(lists ...[]schemaField) string {
	for _, list := range lists {
		seen := map[string]bool{}
		for _, f := range list {
			if seen[f.name] {
				return f.name
			}
			seen[f.name] = true
		}
	}
	return ""
}

// wrapperSchema is the schema of the generic wrapper.
func (e *avroEncoder) wrapperSchema() *schema {
	id := schemaField{name: "schema_fingerprint", schema: primitive("long")}
	if e.wrapper == wrapHash {
		id = schemaField{name: "schema_hash", schema: primitive("int")}
	}
	return &schema{kind: "record", name: "generic_wrapper", namespace: "oracle.goldengate",
		fields: []schemaField{{name: "table_name", schema: primitive("string")}, id,
			{name: "payload", schema: primitive("bytes")}}}
}

func (e *avroEncoder) encode(dst []byte, op *operation) ([]byte, error) {
	if e.wrapper == bare {
		dst, err := e.record(dst, op)
		return append(dst, e.delimiter...), err
	}
	payload, err := e.record(e.payload[:0], op)
	if err != nil {
		return dst, err
	}
	e.payload = payload
	a := op.table.avro
	dst = appendLength(dst, len(op.table.name))
	dst = append(dst, op.table.name...)
	if e.wrapper == wrapHash {
		dst = binary.AppendVarint(dst, int64(a.hash))
	} else {
		dst = binary.AppendVarint(dst, int64(a.fingerprint))
	}
	dst = append(appendLength(dst, len(payload)), payload...)
	return append(dst, e.delimiter...), nil
}

// record appends an operation as a datum of the table's schema.
func (e *avroEncoder) record(dst []byte, op *operation) ([]byte, error) {
	var err error
	for i := range e.fields {
		if dst, err = e.field(dst, &e.fields[i], op); err != nil {
			return dst, at(err, op.table, -1)
		}
	}
	if e.rows {
		return e.columns(dst, op, op.row())
	}
	for _, im := range [2][]record.Value{op.before, op.after} {
		if im == nil {
			dst = append(dst, 0)
			continue
		}
		if dst, err = e.columns(append(dst, 2), op, im); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// field appends a meta field.
func (e *avroEncoder) field(dst []byte, fd *field, op *operation) ([]byte, error) {
	switch fd.shape {
	case listField:
		if key := op.table.def.Key; len(key) > 0 {
			dst = appendLength(dst, len(key))
			for _, k := range key {
				dst = append(appendLength(dst, len(op.table.labels[k])), op.table.labels[k]...)
			}
		}
		return append(dst, 0), nil
	case mapField:
		if len(op.tokens) > 0 {
			dst = appendLength(dst, len(op.tokens))
			for _, p := range op.tokens {
				for _, text := range p {
					if !utf8.Valid(text) {
						return dst, badUTF8(text)
					}
					dst = append(appendLength(dst, len(text)), text...)
				}
			}
		}
		return append(dst, 0), nil
	}
	text, err := e.appendField(e.scratch[:0], fd, op)
	if err != nil {
		return dst, err
	}
	e.scratch = text
	if fd.shape == numberField {
		n, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return dst, fault(fmt.Sprintf("the meta field %s is no number: %q", fd.name, text), "")
		}
		return binary.AppendVarint(dst, n), nil
	}
	if !utf8.Valid(text) {
		return dst, badUTF8(text)
	}
	return append(appendLength(dst, len(text)), text...), nil
}

// columns appends all columns of an image.
func (e *avroEncoder) columns(dst []byte, op *operation, im []record.Value) ([]byte, error) {
	t := op.table
	for i := range t.avro.columns {
		v := op.value(im, i)
		if v.Kind == record.Null || v.Kind == record.Missing {
			dst = append(dst, 0)
		} else {
			var err error
			dst, err = e.value(append(dst, 2), v, &t.avro.columns[i], &t.def.Columns[i])
			if err != nil {
				return dst, at(err, t, i)
			}
		}
		if e.isMissing {
			dst = append(dst, flag(v.Kind == record.Missing))
		}
	}
	return dst, nil
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func appendLength(dst []byte, n int) []byte { return binary.AppendVarint(dst, int64(n)) }

// value appends one value as its column's type, or refuses what that type
// cannot hold exactly.
func (e *avroEncoder) value(dst []byte, v *record.Value, c *avroColumn,
	def *record.ColumnDef) ([]byte, error) {
	switch c.kind {
	case avroLong:
		n, err := whole(v)
		return binary.AppendVarint(dst, n), err
	case avroDouble:
		f, err := double(v)
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f)), err
	case avroBytes:
		if v.Kind != record.Bytes {
			return dst, unfit(v, "octets")
		}
		return append(appendLength(dst, len(v.B)), v.B...), nil
	case avroBoolean:
		if v.Kind != record.Bool {
			return dst, unfit(v, "a boolean")
		}
		return append(dst, byte(v.N)), nil
	case avroDecimal:
		negative, err := e.number.set(v, c.precision, c.scale)
		if err != nil {
			return dst, err
		}
		e.scratch = e.number.appendOctets(e.scratch[:0], negative)
		return append(appendLength(dst, len(e.scratch)), e.scratch...), nil
	case avroTimestamp:
		n, err := micros(v)
		return binary.AppendVarint(dst, n), err
	}
	text, err := appendText(e.scratch[:0], v, def)
	if err != nil {
		return dst, err
	}
	e.scratch = text
	return append(appendLength(dst, len(text)), text...), nil
}
