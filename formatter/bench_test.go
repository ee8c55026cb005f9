package formatter

import (
	"io"
	"testing"

	"ggsh/record"
)

// changes are an insert, an update and a delete, decoded once.
func changes(t testing.TB) []*record.Change {
	t.Helper()
	s := samples()
	var list []*record.Change
	for i, name := range []string{"insert", "update", "compressed", "delete", "tokens"} {
		c := s[name].change(t, i)
		c.Def = s["insert"].table.Target
		list = append(list, c)
	}
	return list
}

// messageFormats are formats that Append writes, with properties worth measuring.
func messageFormats() map[string][]string {
	return map[string][]string{
		"delimitedtext":        {"format=delimitedtext", "includeTokens=true"},
		"delimitedtext quoted": {"format=delimitedtext", "format.quoteDelimiters=true"},
		"json":                 {"format=json", "includeTokens=true"},
		"json_row":             {"format=json_row"},
		"xml":                  {"format=xml"},
		"avro_row":             {"format=avro_row"},
		"avro_op":              {"format=avro_op"},
		"avro_op wrapped":      {"format=avro_op", "format.wrapMessageInGenericAvroMessage=true"},
		"avro_row logical": {"format=avro_row", "format.enableDecimalLogicalType=true",
			"format.enableTimestampLogicalType=true"},
	}
}

// TestAppendAllocatesNothing: once a table is known, a row costs no allocation.
func TestAppendAllocatesNothing(t *testing.T) {
	for name, lines := range messageFormats() {
		t.Run(name, func(t *testing.T) {
			f, list, buf := must(t, lines...), changes(t), make([]byte, 0, 64<<10)
			n := testing.AllocsPerRun(100, func() {
				out := buf
				var err error
				for _, c := range list {
					if out, err = f.Append(out, c); err != nil {
						t.Fatal(err)
					}
				}
			})
			if n != 0 {
				t.Errorf("%v allocations for %d rows", n, len(list))
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for name, lines := range messageFormats() {
		b.Run(name, func(b *testing.B) {
			f, list, buf := must(b, lines...), changes(b), make([]byte, 0, 64<<10)
			b.ReportAllocs()
			size := 0
			for i := 0; b.Loop(); i++ {
				out, err := f.Append(buf, list[i%len(list)])
				if err != nil {
					b.Fatal(err)
				}
				size += len(out)
			}
			b.ReportMetric(float64(size)/float64(b.N), "bytes/row")
		})
	}
}

// BenchmarkFile writes files whose bytes go nowhere.
func BenchmarkFile(b *testing.B) {
	for name, lines := range map[string][]string{
		"avro_row_ocf":         {"format=avro_row_ocf"},
		"avro_row_ocf snappy":  {"format=avro_row_ocf", "avroCodec=snappy"},
		"avro_row_ocf deflate": {"format=avro_row_ocf", "avroCodec=deflate"},
		"parquet snappy":       {"format=parquet"},
	} {
		b.Run(name, func(b *testing.B) {
			f, list := must(b, lines...), changes(b)
			w, err := f.File(io.Discard, list[0].Def)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := w.Write(list[i%len(list)]); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
