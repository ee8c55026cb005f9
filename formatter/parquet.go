package formatter

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"ggsh/record"
)

// parquetKind is how a column is stored.
type parquetKind uint8

const (
	parquetString parquetKind = iota
	parquetLong
	parquetUnsigned
	parquetFloat
	parquetDouble
	parquetBytes
	parquetBoolean
	parquetDecimal // of 32 or 64 bits, or of as many octets as the precision needs
	parquetDate
	parquetTimestamp // unit nanoseconds long each
)

// parquetColumn is a column of a parquet file.
type parquetColumn struct {
	kind      parquetKind
	precision int
	scale     int
	octets    int // of a decimal: 4, 8, or more
	unit      int64
}

// missingColumns names the columns that an operation does not carry: what tells
// them from NULL.
const missingColumns = "missing_columns"

// maxPrecision is the longest decimal that readers of parquet take.
const maxPrecision = 38

// parquetEncoder plans the columns of tables. Parquet has no records by themselves.
type parquetEncoder struct {
	*settings
	isMissing bool // a column missing_columns
	codec     compress.Codec
	groupSize int64
	number    unscaled
	arena     []byte      // what the values of a row point into
	row       parquet.Row // the values of all rows
	rows      []parquet.Row
}

// parquetTable is what the encoder knows of a table.
type parquetTable struct {
	schema  *parquet.Schema
	columns []parquetColumn
}

func (e *parquetEncoder) encode(dst []byte, _ *operation) ([]byte, error) {
	return dst, fmt.Errorf("formatter: format=%s makes files, not records", Parquet)
}

// columnType chooses how a column is stored.
func (e *parquetEncoder) columnType(c *record.ColumnDef) parquetColumn {
	if e.allStrings || e.largeAsStrings && isLarge(c) {
		return parquetColumn{}
	}
	switch c.Kind {
	case record.Int:
		return parquetColumn{kind: parquetLong}
	case record.Uint:
		return parquetColumn{kind: parquetUnsigned}
	case record.Float32:
		return parquetColumn{kind: parquetFloat}
	case record.Float64:
		return parquetColumn{kind: parquetDouble}
	case record.Bytes:
		return parquetColumn{kind: parquetBytes}
	case record.Bool:
		return parquetColumn{kind: parquetBoolean}
	case record.Date:
		return parquetColumn{kind: parquetDate}
	case record.Timestamp, record.TimestampTZ:
		if c.Scale > 6 {
			return parquetColumn{kind: parquetTimestamp, unit: 1}
		}
		return parquetColumn{kind: parquetTimestamp, unit: 1000}
	case record.Decimal:
		p, s := decimalSize(c)
		if p > 0 && p <= maxPrecision {
			return parquetColumn{kind: parquetDecimal, precision: p, scale: s, octets: decimalOctets(p)}
		}
	}
	return parquetColumn{}
}

// decimalOctets is how many octets hold every number of so many digits.
func decimalOctets(precision int) int {
	switch {
	case precision <= 9:
		return 4
	case precision <= 18:
		return 8
	}
	return int(math.Ceil((float64(precision)*math.Log2(10) + 1) / 8))
}

func (c parquetColumn) node(def *record.ColumnDef) parquet.Node {
	switch c.kind {
	case parquetLong:
		return parquet.Int(64)
	case parquetUnsigned:
		return parquet.Uint(64)
	case parquetFloat:
		return parquet.Leaf(parquet.FloatType)
	case parquetDouble:
		return parquet.Leaf(parquet.DoubleType)
	case parquetBytes:
		return parquet.Leaf(parquet.ByteArrayType)
	case parquetBoolean:
		return parquet.Leaf(parquet.BooleanType)
	case parquetDate:
		return parquet.Date()
	case parquetTimestamp:
		unit := parquet.TimeUnit(parquet.Microsecond)
		if c.unit == 1 {
			unit = parquet.Nanosecond
		}
		return parquet.TimestampAdjusted(unit, def.Kind == record.TimestampTZ)
	case parquetDecimal:
		kind := parquet.Type(parquet.Int32Type)
		if c.octets == 8 {
			kind = parquet.Int64Type
		} else if c.octets > 8 {
			kind = parquet.FixedLenByteArrayType(c.octets)
		}
		return parquet.Decimal(c.scale, c.precision, kind)
	}
	return parquet.String()
}

// parquetField is a column with its name, and parquetGroup all of them in their
// order, which parquet.Group does not keep.
type parquetField struct {
	parquet.Node
	name string
}

// Name is the column's name.
func (f *parquetField) Name() string { return f.name }

// Value is for rows that are Go values, which ours are not.
func (f *parquetField) Value(reflect.Value) reflect.Value { return reflect.Value{} }

type parquetGroup struct {
	parquet.Group
	fields []parquet.Field
}

// Fields gives the columns in their order.
func (g *parquetGroup) Fields() []parquet.Field { return g.fields }

// GoType is for rows that are Go values, which ours are not.
func (g *parquetGroup) GoType() reflect.Type { return reflect.TypeFor[map[string]any]() }

func (e *parquetEncoder) prepare(t *table) error {
	p := &parquetTable{}
	g := &parquetGroup{Group: parquet.Group{}}
	add := func(name string, node parquet.Node) {
		g.fields = append(g.fields, &parquetField{parquet.Optional(node), name})
	}
	for _, fd := range e.fields {
		if fd.shape == numberField {
			add(fd.name, parquet.Int(64))
		} else {
			add(fd.name, parquet.String())
		}
	}
	if e.isMissing {
		add(missingColumns, parquet.String())
	}
	for i := range t.def.Columns {
		c := &t.def.Columns[i]
		p.columns = append(p.columns, e.columnType(c))
		add(c.Name, p.columns[i].node(c))
	}
	seen := map[string]bool{}
	for _, f := range g.fields {
		switch {
		case seen[f.Name()]:
			return at(fault(fmt.Sprintf("two columns of the parquet file would be named %s", f.Name()),
				"name columns with COLMAP, and meta fields in format.metaColumnsTemplate"), t, -1)
		case f.Name() == "" || strings.Contains(f.Name(), ","):
			return at(fault(fmt.Sprintf("%q cannot be the name of a column of a parquet file", f.Name()),
				"name it with COLMAP"), t, -1)
		}
		seen[f.Name()] = true
	}
	p.schema = parquet.NewSchema(t.name, g)
	t.parquet = p
	return nil
}

// rowOf makes the operation a row. The row is valid until reset.
func (e *parquetEncoder) rowOf(op *operation) (parquet.Row, error) {
	from := len(e.row)
	for i := range e.fields {
		v, err := e.field(&e.fields[i], op)
		if err != nil {
			return nil, at(err, op.table, -1)
		}
		e.add(from, v)
	}
	im := op.row()
	if e.isMissing {
		e.add(from, e.missing(op, im))
	}
	for i := range op.table.parquet.columns {
		v := op.value(im, i)
		if v.Kind == record.Null || v.Kind == record.Missing {
			e.add(from, parquet.NullValue())
			continue
		}
		pv, err := e.value(v, &op.table.parquet.columns[i], &op.table.def.Columns[i])
		if err != nil {
			return nil, at(err, op.table, i)
		}
		e.add(from, pv)
	}
	return e.row[from:len(e.row):len(e.row)], nil
}

// add puts a value into the row that begins at from.
func (e *parquetEncoder) add(from int, v parquet.Value) {
	level := 1
	if v.IsNull() {
		level = 0
	}
	e.row = append(e.row, v.Level(0, level, len(e.row)-from))
}

// reset forgets the rows.
func (e *parquetEncoder) reset() { e.row, e.rows, e.arena = e.row[:0], e.rows[:0], e.arena[:0] }

// text makes what was appended to the arena since from a value.
func (e *parquetEncoder) text(from int) parquet.Value {
	return parquet.ByteArrayValue(e.arena[from:len(e.arena):len(e.arena)])
}

// field makes a meta field a value: lists and maps as text.
func (e *parquetEncoder) field(fd *field, op *operation) (v parquet.Value, err error) {
	from := len(e.arena)
	switch fd.shape {
	case listField:
		for i, k := range op.table.def.Key {
			if i > 0 {
				e.arena = append(e.arena, ',')
			}
			e.arena = append(e.arena, op.table.def.Columns[k].Name...)
		}
	case mapField:
		if e.arena, err = appendTokenObject(e.arena, op.tokens); err != nil {
			return v, err
		}
	default:
		if e.arena, err = e.appendField(e.arena, fd, op); err != nil {
			return v, err
		}
	}
	if fd.shape == numberField {
		n, err := strconv.ParseInt(string(e.arena[from:]), 10, 64)
		return parquet.Int64Value(n), err
	}
	if err := checkText(e.arena[from:]); err != nil {
		return v, err
	}
	return e.text(from), nil
}

// missing names the columns that the operation does not carry; NULL if it has all.
func (e *parquetEncoder) missing(op *operation, im []record.Value) parquet.Value {
	from := len(e.arena)
	if im == nil {
		return parquet.NullValue() // a truncate has no columns at all
	}
	for i := range im {
		if im[i].Kind == record.Missing {
			if len(e.arena) > from {
				e.arena = append(e.arena, ',')
			}
			e.arena = append(e.arena, op.table.def.Columns[i].Name...)
		}
	}
	if len(e.arena) == from {
		return parquet.NullValue()
	}
	return e.text(from)
}

// value makes a value one of its column, or refuses it.
func (e *parquetEncoder) value(v *record.Value, c *parquetColumn, def *record.ColumnDef) (
	out parquet.Value, err error) {
	var n int64
	var f float64
	switch c.kind {
	case parquetLong:
		n, err = whole(v)
		out = parquet.Int64Value(n)
	case parquetUnsigned:
		if v.Kind == record.Uint {
			return parquet.Int64Value(int64(v.N)), nil // unsigned by its logical type
		}
		if n, err = whole(v); err == nil && n < 0 {
			err = fault(fmt.Sprintf("%d is negative in an unsigned column", n), "")
		}
		out = parquet.Int64Value(n)
	case parquetFloat:
		f, err = double(v)
		if single := float32(f); err == nil && float64(single) != f && f == f {
			err = fault(fmt.Sprintf("a single cannot hold %s", v.Text(nil, -1)), "")
		}
		out = parquet.FloatValue(float32(f))
	case parquetDouble:
		f, err = double(v)
		out = parquet.DoubleValue(f)
	case parquetBytes:
		if v.Kind != record.Bytes {
			err = unfit(v, "octets")
		}
		out = parquet.ByteArrayValue(v.B)
	case parquetBoolean:
		if v.Kind != record.Bool {
			err = unfit(v, "a boolean")
		}
		out = parquet.BooleanValue(v.N != 0)
	case parquetDate:
		out, err = dateValue(v)
	case parquetTimestamp:
		n, err = instant(v, c.unit)
		out = parquet.Int64Value(n)
	case parquetDecimal:
		out, err = e.decimal(v, c)
	default:
		from := len(e.arena)
		e.arena, err = appendText(e.arena, v, def)
		out = e.text(from)
	}
	if fault, ok := err.(*Error); ok {
		fault.Advice = asStrings
	}
	return out, err
}

func dateValue(v *record.Value) (parquet.Value, error) {
	if v.Kind != record.Date {
		return parquet.NullValue(), unfit(v, "a date")
	}
	days, ok := unixDays(v.D)
	if !ok || days != int64(int32(days)) {
		return parquet.NullValue(), fault(string(v.Text(nil, -1))+" is no day of the calendar", "")
	}
	return parquet.Int32Value(int32(days)), nil
}

// decimal makes a decimal the whole number of its digits.
func (e *parquetEncoder) decimal(v *record.Value, c *parquetColumn) (parquet.Value, error) {
	negative, err := e.number.set(v, c.precision, c.scale)
	if err != nil {
		return parquet.NullValue(), err
	}
	from := len(e.arena)
	e.arena = e.number.appendOctets(e.arena, negative)
	fill, n := byte(0), int64(0)
	if negative {
		fill, n = 0xff, -1
	}
	if c.octets <= 8 {
		for _, b := range e.arena[from:] {
			n = n<<8 | int64(b)
		}
		if c.octets == 4 {
			return parquet.Int32Value(int32(n)), nil
		}
		return parquet.Int64Value(n), nil
	}
	start := len(e.arena)
	for range c.octets - (start - from) {
		e.arena = append(e.arena, fill)
	}
	e.arena = append(e.arena, e.arena[from:start]...)
	return parquet.FixedLenByteArrayValue(e.arena[start:len(e.arena):len(e.arena)]), nil
}
