package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2/ocf"
	"github.com/parquet-go/parquet-go"
)

func TestReadersReadWhatGoWrote(t *testing.T) {
	Require(t, KindHDFS)
	ctx := limited(t, 2*time.Minute)
	dir := t.TempDir()

	file := filepath.Join(dir, "x.avro")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	enc, err := ocf.NewEncoder(`{"type":"record","name":"r","fields":[{"name":"id","type":"long"},`+
		`{"name":"name","type":["null","string"]}]}`, out, ocf.WithCodec(ocf.Deflate))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []map[string]any{{"id": int64(1) << 60, "name": "Zoë 🐬"}, {"id": int64(2), "name": nil}} {
		if err := enc.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := enc.Close(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	const encoded = `{"id":1152921504606846976,"name":{"string":"Zoë \uD83D\uDC2C"}}` + "\n" +
		`{"id":2,"name":null}` + "\n"
	if got, err := AvroJSON(ctx, file); err != nil || got != encoded {
		t.Errorf("the Avro file as JSON, %v:\n%s", err, got)
	}
	if got, err := ParquetTool(ctx, "schema", file); err != nil || !strings.Contains(got, `"name" : "r"`) {
		t.Errorf("the Avro file's schema, %v:\n%s", err, got)
	}

	file = filepath.Join(dir, "x.parquet")
	type row struct {
		ID   int64   `parquet:"id"`
		Name *string `parquet:"name,optional"`
	}
	name := "Zoë 🐬"
	for codec, with := range map[string]parquet.WriterOption{
		"SNAPPY": parquet.Compression(&parquet.Snappy), "ZSTD": parquet.Compression(&parquet.Zstd),
	} {
		if err := parquet.WriteFile(file, []row{{1 << 60, &name}, {2, nil}}, with); err != nil {
			t.Fatal(err)
		}
		got, err := ParquetTool(ctx, "cat", file)
		if want := "{\"id\": 1152921504606846976, \"name\": \"Zoë 🐬\"}\n{\"id\": 2, \"name\": null}\n"; err != nil || got != want {
			t.Errorf("the %s file, %v:\n%s", codec, err, got)
		}
		if got, err := ParquetTool(ctx, "meta", file); err != nil || !strings.Contains(got, codec[:1]) ||
			!strings.Contains(got, "count: 2") {
			t.Errorf("what is in the %s file, %v:\n%s", codec, err, got)
		}
	}
}
