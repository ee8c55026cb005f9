package formatter

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"ggsh/handler/handlertest"
)

// readParquet prints a file: its columns, then its rows.
func readParquet(t *testing.T, file []byte) string {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	fields := f.Schema().Fields()
	for _, field := range fields {
		fmt.Fprintf(&out, "%s %s\n", field.Name(), field.Type())
	}
	for _, group := range f.RowGroups() {
		rows := group.Rows()
		buf := make([]parquet.Row, 10)
		for {
			n, err := rows.ReadRows(buf)
			for _, row := range buf[:n] {
				for i, v := range row {
					if i > 0 {
						out.WriteString(" | ")
					}
					out.WriteString(shownParquet(v, fields[i].Type()))
				}
				out.WriteString("\n")
			}
			if err != nil || n == 0 {
				break
			}
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
	return out.String()
}

// shownParquet prints a value by its type in the file.
func shownParquet(v parquet.Value, typ parquet.Type) string {
	if v.IsNull() {
		return "NULL"
	}
	logical := fmt.Sprint(typ)
	switch {
	case strings.HasPrefix(logical, "TIMESTAMP") && strings.Contains(logical, "NANOS"):
		return time.Unix(0, v.Int64()).UTC().Format("2006-01-02 15:04:05.000000000")
	case strings.HasPrefix(logical, "TIMESTAMP"):
		return time.UnixMicro(v.Int64()).UTC().Format("2006-01-02 15:04:05.000000")
	case logical == "DATE":
		return time.Unix(int64(v.Int32())*86400, 0).UTC().Format(time.DateOnly)
	case logical == "STRING":
		return string(v.ByteArray())
	case v.Kind() == parquet.FixedLenByteArray:
		n := new(big.Int).SetBytes(v.ByteArray())
		if v.ByteArray()[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v.ByteArray()))))
		}
		return n.String()
	case v.Kind() == parquet.ByteArray:
		return hex.EncodeToString(v.ByteArray())
	case strings.HasPrefix(logical, "INT(64,false)"):
		return fmt.Sprint(v.Uint64())
	}
	return v.String()
}

// TestParquetRowGroups: a file of several row groups holds every row, with each
// codec; memory is given back with each group.
func TestParquetRowGroups(t *testing.T) {
	s := samples()["insert"]
	for _, codec := range []string{"uncompressed", "snappy", "gzip", "zstd"} {
		t.Run(codec, func(t *testing.T) {
			f := must(t, "format=parquet", "format.compressionCodec="+codec, "format.rowGroupSize=64k")
			var out bytes.Buffer
			w, err := f.File(&out, s.table.Target)
			if err != nil {
				t.Fatal(err)
			}
			most := int64(0)
			for n := range 5000 {
				if err := w.Write(s.change(t, n)); err != nil {
					t.Fatal(err)
				}
				most = max(most, w.Buffered())
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			file, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
			if err != nil {
				t.Fatal(err)
			}
			if file.NumRows() != 5000 || len(file.RowGroups()) < 3 || most > 256<<10 {
				t.Errorf("%d rows in %d groups, %d bytes in memory", file.NumRows(),
					len(file.RowGroups()), most)
			}
		})
	}
}

// TestParquetKeepsItsFileAfterAnError: a refused row leaves the file as it was.
func TestParquetKeepsItsFileAfterAnError(t *testing.T) {
	all := samples()
	f := must(t, "format=parquet")
	var out bytes.Buffer
	w, err := f.File(&out, all["insert"].table.Target)
	if err != nil {
		t.Fatal(err)
	}
	bad := all["insert"]
	bad.body = bad.table.Insert(handlertest.Str("WILL"), stamp(1994, 2, 30, 0), handlertest.Str("CAR"),
		dec("1"), dec("1.00"), dec("1"), handlertest.Null())
	for n, s := range []sample{all["insert"], bad, all["newkey"], all["badutf8"], all["update"]} {
		err := w.Write(s.change(t, n))
		if _, refused := err.(*Error); refused != (n != 0 && n != 4) {
			t.Errorf("%d: %v", n, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readParquet(t, out.Bytes()); strings.Count(got, "GG.TCUSTORD") != 2 {
		t.Error(got)
	}
}
