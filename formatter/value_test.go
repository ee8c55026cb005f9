package formatter

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/parquet-go/parquet-go"

	"ggsh/handler/handlertest"
	"ggsh/record"
)

// valueCase is a value in a column.
type valueCase struct {
	name  string
	col   record.ColumnDef
	value handlertest.V
}

// column makes a column of a kind with precision and scale.
func column(kind record.Kind, sqlType string, precision, scale int) record.ColumnDef {
	return record.ColumnDef{Name: "V", Kind: kind, Type: sqlType, Nullable: true,
		Precision: precision, Scale: scale}
}

// valueCases are values of every kind, with those at the edges of formats.
func valueCases() []valueCase {
	text := func(k record.Kind, s string) handlertest.V { return record.AppendText(nil, k, s) }
	day := record.PackDate(2024, 2, 29)
	clock := int64(13*3600e9 + 5*60e9 + 9e9)
	bigint, ubigint := column(record.Int, "bigint", 0, 0), column(record.Uint, "bigint unsigned", 0, 0)
	price, number := column(record.Decimal, "decimal", 10, 2), column(record.Decimal, "number", 0, 0)
	long, huge := column(record.Decimal, "decimal", 30, 20), column(record.Decimal, "decimal", 65, 0)
	whole, rough := column(record.Decimal, "number", 10, 0), column(record.Decimal, "number", 5, -2)
	ts, ts6 := column(record.Timestamp, "datetime", 0, 0), column(record.Timestamp, "datetime", 0, 6)
	tz := column(record.TimestampTZ, "timestamp", 0, 0)
	octets, uuid := column(record.Bytes, "blob", 0, 0), column(record.UUID, "uuid", 0, 0)
	late := -int64(838*3600e9 + 59*60e9 + 59e9 + 5e8)
	tz9 := column(record.TimestampTZ, "timestamp(9)", 0, 9)
	double := column(record.Float64, "double", 0, 0)
	str := column(record.String, "varchar(20)", 0, 0)
	return []valueCase{
		{"int", bigint, record.AppendInt(nil, -42)},
		{"int least", bigint, record.AppendInt(nil, math.MinInt64)},
		{"uint", column(record.Uint, "int unsigned", 0, 0), record.AppendUint(nil, 4294967295)},
		{"uint of 64 bits", ubigint, record.AppendUint(nil, math.MaxUint64)},
		{"decimal", price, text(record.Decimal, "-17520.50")},
		{"decimal zero", price, text(record.Decimal, "0.00")},
		{"decimal without whole part", price, text(record.Decimal, "-.5")},
		{"decimal that is whole", whole, text(record.Decimal, "7")},
		{"decimal of unknown precision", number, text(record.Decimal, "1.25")},
		{"decimal of many digits", long, text(record.Decimal, "1.12345678901234567891")},
		{"decimal of 65 digits", huge, text(record.Decimal, strings.Repeat("9", 65))},
		{"decimal of negative scale", rough, text(record.Decimal, "12300")},
		{"decimal that is no number", number, text(record.Decimal, "NaN")},
		{"float32", column(record.Float32, "float", 0, 0), record.AppendFloat32(nil, 0.1)},
		{"float64", double, record.AppendFloat64(nil, 0.1)},
		{"float64 large", double, record.AppendFloat64(nil, 1e300)},
		{"float64 negative zero", double, record.AppendFloat64(nil, math.Copysign(0, -1))},
		{"float64 NaN", double, record.AppendFloat64(nil, math.NaN())},
		{"float64 infinite", double, record.AppendFloat64(nil, math.Inf(-1))},
		{"string", str, text(record.String, "Grüße\t<&>")},
		{"string with NUL", str, text(record.String, "a\x00b")},
		{"string that is not UTF-8", str, text(record.String, "\xff")},
		{"bytes", octets, record.AppendBytes(nil, record.Bytes, []byte{0, 1, 0xfe, 0xff})},
		{"date", column(record.Date, "date", 0, 0), record.AppendDate(nil, day)},
		{"date zero", column(record.Date, "date", 0, 0), record.AppendDate(nil, 0)},
		{"time", column(record.Time, "time(3)", 0, 3), record.AppendTime(nil, late)},
		{"timestamp", ts, record.AppendTimestamp(nil, day, clock)},
		{"timestamp with fraction", ts6, record.AppendTimestamp(nil, day, clock+120e6)},
		{"timestamp with more digits than its column", ts, record.AppendTimestamp(nil, day, clock+5e6)},
		{"timestamp zero", ts, record.AppendTimestamp(nil, 0, 0)},
		{"timestamptz", tz, record.AppendTimestampTZ(nil, day, clock, 120)},
		{"timestamptz of nanoseconds", tz9, record.AppendTimestampTZ(nil, day, clock+123456789, 0)},
		{"interval", column(record.Interval, "interval", 0, 0), record.AppendInterval(nil, 14, -3, 5e9)},
		{"bit", column(record.Bit, "bit(10)", 0, 0), record.AppendBit(nil, 10, []byte{2, 3})},
		{"bool", column(record.Bool, "boolean", 0, 0), record.AppendBool(nil, true)},
		{"json", column(record.JSON, "json", 0, 0), text(record.JSON, `{"a": [1, "x"]}`)},
		{"xml", column(record.XML, "xmltype", 0, 0), text(record.XML, `<a>]]></a>`)},
		{"uuid", uuid, record.AppendBytes(nil, record.UUID, []byte("0123456789abcdef"))},
		{"string in a column of whole numbers", bigint, text(record.String, "7")},
		{"int in a column of texts", str, record.AppendInt(nil, 7)},
		{"decimal in a column of whole numbers", bigint, text(record.Decimal, "7.0")},
		{"int beyond a double", double, record.AppendInt(nil, 1<<53+1)},
	}
}

func (v valueCase) sample() sample {
	t := handlertest.NewTable(9, "GG", "T", 0, v.col)
	return sample{table: t, body: t.Insert(v.value)}
}

// TestValues writes every kind of value in every format and reads it with the
// format's own reader; the page shows what comes back, or why it is refused.
func TestValues(t *testing.T) {
	datadriven.RunTest(t, "testdata/values", func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		lines := strings.Split(d.Input, "\n")
		for _, c := range valueCases() {
			fmt.Fprintf(&out, "%s\n", c.name)
			for _, format := range d.CmdArgs[0].Vals {
				f := must(t, append(lines, "gg.compat=21", "format="+format)...)
				fmt.Fprintf(&out, "  %-14s %s\n", format, readBack(t, f, c))
			}
		}
		return out.String()
	})
}

// readBack writes a value and shows what a reader of the format sees.
func readBack(t *testing.T, f *Format, c valueCase) string {
	t.Helper()
	ch := c.sample().change(t, 0)
	var b []byte
	var err error
	if f.Name() == Parquet {
		var file bytes.Buffer
		w, e := f.File(&file, ch.Def)
		if e != nil {
			return e.Error()
		}
		if err = w.Write(ch); err == nil {
			err = w.Close()
		}
		b = file.Bytes()
	} else {
		b, err = f.Append(nil, ch)
	}
	if err != nil {
		return "refused: " + err.(*Error).Reason
	}
	switch f.Name() {
	case JSONRow:
		var row map[string]json.RawMessage
		if err := json.Unmarshal(b, &row); err != nil {
			t.Errorf("%s: %v in %s", c.name, err, b)
		}
		return string(row["V"])
	case XML:
		return fmt.Sprintf("%q", xmlValue(t, b))
	case AvroRow:
		tab, err := f.table(ch.Def)
		if err != nil {
			t.Fatal(err)
		}
		var row map[string]any
		if err := avroUnmarshal(t, tab.avro.text, b, &row); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		kind := tab.avro.schema.fields[0].schema.items[1]
		return visible(fmt.Appendf(nil, "%s %v", kind.text(false), avroShown(row["V"])))
	case Parquet:
		file, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		rows, typ := file.RowGroups()[0].Rows(), file.Schema().Fields()[1].Type()
		defer rows.Close()
		buf := make([]parquet.Row, 1)
		if n, _ := rows.ReadRows(buf); n != 1 {
			t.Fatalf("%s: no row", c.name)
		}
		return visible(fmt.Appendf(nil, "%s %s", typ, shownParquet(buf[0][1], typ)))
	}
	return visible(bytes.TrimSuffix(b, []byte("\n")))
}

// operationXML is an operation as a reader of XML sees it.
type operationXML struct {
	Type string `xml:"type,attr"`
	Cols []struct {
		Name   string   `xml:"name,attr"`
		Before imageXML `xml:"before"`
		After  imageXML `xml:"after"`
	} `xml:"col"`
}

type imageXML struct {
	Missing bool   `xml:"missing,attr"`
	Null    bool   `xml:"isNull,attr"`
	Text    string `xml:",chardata"`
}

func xmlValue(t *testing.T, b []byte) string {
	t.Helper()
	var op operationXML
	if err := xml.Unmarshal(b, &op); err != nil || len(op.Cols) != 1 || !op.Cols[0].Before.Missing {
		t.Fatalf("%v %+v in %s", err, op, b)
	}
	return op.Cols[0].After.Text
}
