package formatter

import (
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"ggsh/record"
)

// parquetFileWriter writes a parquet file.
type parquetFileWriter struct {
	format  *Format
	encoder *parquetEncoder
	table   *table
	out     *countingWriter
	writer  *parquet.Writer
	group   int64 // size of the values of the row group that is open
	err     error // the file is lost
}

// countingWriter counts what it gives on.
type countingWriter struct {
	w io.Writer
	n int64
}

// Write gives on.
func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

func newParquetFile(f *Format, w io.Writer, t *table) (*parquetFileWriter, error) {
	e := f.encoder.(*parquetEncoder)
	out := &countingWriter{w: w}
	// A page of each column is in memory: the more columns, the smaller pages are.
	page := min(max(pageMemory/len(t.parquet.schema.Fields()), 16<<10), 256<<10)
	config, err := parquet.NewWriterConfig(t.parquet.schema, parquet.Compression(e.codec),
		parquet.PageBufferSize(page), parquet.CreatedBy("ggsh", "1", "go"))
	if err != nil {
		return nil, fmt.Errorf("formatter: parquet of table %s: %w", t.name, err)
	}
	return &parquetFileWriter{format: f, encoder: e, table: t, out: out,
		writer: parquet.NewWriter(out, config)}, nil
}

// pageMemory is how much memory the open pages of a file get.
const pageMemory = 8 << 20

// Write adds an operation.
func (p *parquetFileWriter) Write(c *record.Change) error {
	if p.err != nil {
		return p.err
	}
	t, err := p.format.sameTable(c, p.table)
	if err != nil {
		return err
	}
	p.table = t
	rows, err := p.format.rowsOf(p.encoder, c, t)
	if err != nil {
		return err
	}
	if _, err := p.writer.WriteRows(rows); err != nil {
		p.err = fmt.Errorf("formatter: writing parquet of table %s: %w", t.name, err)
		return p.err
	}
	p.group += int64(len(p.encoder.arena) + 8*len(p.encoder.row) + len(c.Op.Body()))
	if p.group >= p.encoder.groupSize {
		p.group = 0
		p.err = p.writer.Flush()
	}
	return p.err
}

// rowsOf makes a change one or two rows of parquet, valid until the next call.
func (f *Format) rowsOf(e *parquetEncoder, c *record.Change, t *table) ([]parquet.Row, error) {
	kinds, err := f.split(c, t)
	if err != nil {
		return nil, err
	}
	e.reset()
	op := &f.decoder.op
	for i, kind := range kinds {
		if i > 0 {
			op.completeRow()
		}
		op.kind, op.code = kind, f.env.OpKeys.Of(kind)
		row, err := e.rowOf(op)
		if err != nil {
			return nil, err
		}
		e.rows = append(e.rows, row)
	}
	return e.rows, nil
}

// Flush does nothing: a row group is written when it is full, or at the end.
func (p *parquetFileWriter) Flush() error { return p.err }

// Buffered is the number of bytes not yet given to the writer below, before compression.
func (p *parquetFileWriter) Buffered() int64 { return max(p.writer.Size()-p.out.n, 0) }

// Close writes the last row group and the footer.
func (p *parquetFileWriter) Close() error {
	if p.err == nil {
		if err := p.writer.Close(); err != nil {
			p.err = fmt.Errorf("formatter: closing parquet of table %s: %w", p.table.name, err)
		}
	}
	return p.err
}

// parquetCodec gives the codec of pages.
func parquetCodec(name string) (compress.Codec, error) {
	switch strings.ToLower(name) {
	case "uncompressed", "none":
		return &parquet.Uncompressed, nil
	case "snappy":
		return &parquet.Snappy, nil
	case "gzip":
		return &parquet.Gzip, nil
	case "zstd", "zstandard":
		return &parquet.Zstd, nil
	}
	return nil, errNoCodec
}
