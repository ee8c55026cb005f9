package formatter

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/hamba/avro/v2/ocf"
)

// decoded writes samples as messages and reads them with another implementation
// of Avro: its view as JSON.
func decoded(t *testing.T, f *Format, all map[string]sample, names []string) string {
	t.Helper()
	var out strings.Builder
	for n, name := range names {
		c := all[name].change(t, n)
		b, err := f.Append(nil, c)
		if err != nil {
			fmt.Fprintf(&out, "%s: %v\n", name, err)
			continue
		}
		_, text, err := f.Schema(c.Def)
		if err != nil {
			t.Fatal(err)
		}
		if w := f.WrapperSchema(); w != nil {
			var wrapped struct {
				Table       string `avro:"table_name"`
				Fingerprint int64  `avro:"schema_fingerprint"`
				Hash        int    `avro:"schema_hash"`
				Payload     []byte `avro:"payload"`
			}
			if err := avro.Unmarshal(parsed(t, w), b, &wrapped); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%s %x %d\n", wrapped.Table, uint64(wrapped.Fingerprint), wrapped.Hash)
			b = wrapped.Payload
		}
		r := avro.NewReader(nil, 0, avro.WithReaderConfig(avro.DefaultConfig)).Reset(b)
		for r.Error == nil && len(b) > 0 {
			var v any
			r.ReadVal(parsed(t, text), &v)
			if r.Error != nil {
				break
			}
			js, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%s\n", js)
			if _, err := r.Peek(), r.Error; err != nil {
				break
			}
		}
	}
	return out.String()
}

func parsed(t testing.TB, text []byte) avro.Schema {
	t.Helper()
	// Each text by itself: the parser remembers names.
	s, err := avro.ParseBytesWithCache(text, "", &avro.SchemaCache{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return s
}

// octets writes samples as messages and shows their octets.
func octets(t *testing.T, f *Format, all map[string]sample, names []string) string {
	t.Helper()
	out := ""
	for n, name := range names {
		b, err := f.Append(nil, all[name].change(t, n))
		if err != nil {
			t.Fatal(err)
		}
		out += hex.Dump(b)
	}
	return out
}

// TestFingerprints: those that the Avro project publishes, and those of another
// implementation for the schemas of tables.
func TestFingerprints(t *testing.T) {
	for kind, want := range map[string]int64{"null": 7195948357588979594,
		"boolean": -6970731678124411036, "int": 8247732601305521295, "long": -3434872931120570953,
		"float":  5583340709985441680,
		"double": -8181574048448539266, "bytes": 5746618253357095269, "string": -8142146995180207161} {
		if got := int64(primitive(kind).fingerprint()); got != want {
			t.Errorf("%s: %d, want %d", kind, got, want)
		}
	}
	for _, format := range []string{AvroRow, AvroOp} {
		f := must(t, "format="+format)
		tab, err := f.table(samples()["insert"].table.Target)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range [][]byte{tab.avro.text, tab.avro.schema.text(true)} {
			want, err := parsed(t, text).FingerprintUsing(avro.CRC64Avro)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%016x", tab.avro.fingerprint); got != hex.EncodeToString(want) {
				t.Errorf("%s: %s, want %x", format, got, want)
			}
		}
	}
}

// TestContainersAreReadByOthers: each codec, several blocks, both models.
func TestContainersAreReadByOthers(t *testing.T) {
	all := samples()
	for _, codec := range []string{"null", "deflate", "snappy", "zstandard"} {
		for _, format := range []string{AvroRowOCF, AvroOpOCF} {
			t.Run(format+" "+codec, func(t *testing.T) {
				f := must(t, "format="+format, "avroCodec="+codec, "format.pkUpdateHandling=delete-insert")
				var out bytes.Buffer
				w, err := f.File(&out, all["insert"].table.Target)
				if err != nil {
					t.Fatal(err)
				}
				names := []string{"insert", "update", "compressed", "newkey", "delete", "truncate", "unicode"}
				want, blocks := 0, 0
				for n := range 2000 {
					name := names[n%len(names)]
					if err := w.Write(all[name].change(t, n)); err != nil {
						t.Fatal(err)
					}
					want++
					if name == "newkey" && format == AvroRowOCF {
						want++
					}
					if w.Buffered() == 0 {
						blocks++
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				dec, err := ocf.NewDecoder(&out)
				if err != nil {
					t.Fatal(err)
				}
				got := 0
				for dec.HasNext() {
					var v map[string]any
					if err := dec.Decode(&v); err != nil {
						t.Fatal(err)
					}
					if v["table"] != "GG.TCUSTORD" {
						t.Fatalf("record %d: %v", got, v)
					}
					got++
				}
				if dec.Error() != nil || got != want || blocks < 2 {
					t.Errorf("%d records, want %d, in %d blocks: %v", got, want, blocks, dec.Error())
				}
			})
		}
	}
}

func avroUnmarshal(t testing.TB, schema, b []byte, v any) error {
	t.Helper()
	return avro.Unmarshal(parsed(t, schema), b, v)
}

// avroShown prints what another implementation of Avro has read.
func avroShown(v any) string {
	switch v := v.(type) {
	case map[string]any: // a union's branch with a name
		for _, one := range v {
			return avroShown(one)
		}
	case *big.Rat:
		return v.RatString()
	case []byte:
		return hex.EncodeToString(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}
