package formatter

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"ggsh/record"
)

// blockSize is the number of bytes of records from which on a block of an Avro
// object container is closed, as the Avro tools have it.
const blockSize = 64000

// container writes an Avro object container file: a header with the schema, then
// blocks of records, each compressed by itself and ended by the file's marker.
type container struct {
	format *Format
	table  *table
	out    io.Writer
	marker [16]byte
	block  []byte // records
	count  int
	head   []byte // of the file, then of each block
	packed []byte
	err    error // of the writer below: the file is lost
}

func newContainer(f *Format, w io.Writer, t *table) *container {
	c := &container{format: f, table: t, out: w}
	// Any sixteen octets that are not in the data: of the schema, the writer and the
	// time, so that they are the same under the same clock.
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d", t.avro.text, f.env.Group,
		f.clock.Now().UnixNano()))
	copy(c.marker[:], sum[:])
	c.head = append(c.head, "Obj\x01"...)
	c.head = appendLength(c.head, 2)
	for _, pair := range [2][2]string{{"avro.schema", string(t.avro.text)},
		{"avro.codec", f.codecName}} {
		for _, text := range pair {
			c.head = append(appendLength(c.head, len(text)), text...)
		}
	}
	c.head = append(append(c.head, 0), c.marker[:]...)
	return c
}

// Write adds an operation.
func (c *container) Write(ch *record.Change) error {
	if c.err != nil {
		return c.err
	}
	t, err := c.format.sameTable(ch, c.table)
	if err != nil {
		return err
	}
	c.table = t
	block, n, err := c.format.append(c.block, ch, "")
	if err != nil {
		return err
	}
	c.block = block
	c.count += n
	if len(c.block) >= blockSize {
		return c.Flush()
	}
	return nil
}

// Flush closes the block that is open.
func (c *container) Flush() error {
	if c.err != nil {
		return c.err
	}
	if c.count > 0 {
		if c.packed, c.err = c.format.codec(c.packed[:0], c.block); c.err != nil {
			return c.err
		}
		c.head = appendLength(c.head, c.count)
		c.head = appendLength(c.head, len(c.packed))
		c.head = append(append(c.head, c.packed...), c.marker[:]...)
		c.block, c.count = c.block[:0], 0
	}
	if len(c.head) > 0 {
		if _, err := c.out.Write(c.head); err != nil {
			c.err = fmt.Errorf("formatter: writing %s: %w", c.format.name, err)
		}
		c.head = c.head[:0]
	}
	return c.err
}

// Buffered is the number of bytes not yet given to the writer below.
func (c *container) Buffered() int64 { return int64(len(c.head) + len(c.block)) }

// Close closes the last block; a container has no other end.
func (c *container) Close() error { return c.Flush() }

// The codecs of Avro containers.
const (
	codecNull      = "null"
	codecDeflate   = "deflate"
	codecSnappy    = "snappy"
	codecZstandard = "zstandard"
)

var errNoCodec = errors.New("this codec is not served")

// codec appends data, compressed, to dst.
type codec func(dst, data []byte) ([]byte, error)

// codecNamed gives the codec of an Avro container.
func codecNamed(name string) (codec, error) {
	switch name {
	case codecNull:
		return func(dst, data []byte) ([]byte, error) { return append(dst, data...), nil }, nil
	case codecDeflate:
		return newDeflate()
	case codecSnappy:
		return func(dst, data []byte) ([]byte, error) {
			at := len(dst)
			dst = append(dst, make([]byte, snappy.MaxEncodedLen(len(data)))...)
			dst = dst[:at+len(snappy.Encode(dst[at:], data))]
			return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(data)), nil
		}, nil
	case codecZstandard:
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("formatter: zstandard: %w", err)
		}
		return func(dst, data []byte) ([]byte, error) { return enc.EncodeAll(data, dst), nil }, nil
	}
	return nil, errNoCodec
}

func newDeflate() (codec, error) {
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.DefaultCompression)
	if err != nil {
		return nil, fmt.Errorf("formatter: deflate: %w", err)
	}
	return func(dst, data []byte) ([]byte, error) {
		buf.Reset()
		w.Reset(&buf)
		if _, err := w.Write(data); err != nil {
			return dst, fmt.Errorf("formatter: deflate: %w", err)
		}
		if err := w.Close(); err != nil {
			return dst, fmt.Errorf("formatter: deflate: %w", err)
		}
		return append(dst, buf.Bytes()...), nil
	}, nil
}
