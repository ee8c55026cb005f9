package binlog

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxInflated bounds what one compressed event or column may become. The servers'
// own limit of a value and of an event is 1 GiB.
const maxInflated = 1 << 30

// Inflater undoes the compression of events and columns. Its buffers are used
// again: what it returned is valid until its next use.
type Inflater struct {
	buf    bytes.Buffer
	src    bytes.Reader
	zr     io.ReadCloser
	fr     io.ReadCloser
	zstd   *zstd.Decoder
	events io.Reader // of the open payload
}

// header splits MariaDB's form: one byte with the number of length octets and
// flags, the length big endian, then the data.
func compressedHeader(b []byte) (flags byte, size uint64, data []byte, err error) {
	if len(b) < 1 {
		return 0, 0, nil, ErrShort
	}
	n := int(b[0] & 7)
	if len(b) < 1+n {
		return 0, 0, nil, ErrShort
	}
	for _, c := range b[1 : 1+n] {
		size = size<<8 | uint64(c)
	}
	if size > maxInflated {
		return 0, 0, nil, fmt.Errorf("compressed data of %d octets", size)
	}
	return b[0], size, b[1+n:], nil
}

// zlib undoes MariaDB's compression of rows and queries (log_bin_compress).
func (f *Inflater) zlib(b []byte) ([]byte, error) {
	flags, size, data, err := compressedHeader(b)
	if err != nil {
		return nil, err
	}
	if flags&0x80 == 0 || flags>>4&7 != 0 {
		return nil, fmt.Errorf("compression of kind %#x is not supported", flags)
	}
	f.src.Reset(data)
	if f.zr == nil {
		f.zr, err = zlib.NewReader(&f.src)
	} else {
		err = f.zr.(zlib.Resetter).Reset(&f.src, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("compressed event: %w", err)
	}
	return f.read(f.zr, size)
}

// read takes exactly size octets.
func (f *Inflater) read(r io.Reader, size uint64) ([]byte, error) {
	f.buf.Reset()
	n, err := f.buf.ReadFrom(io.LimitReader(r, int64(size)+1))
	if err != nil {
		return nil, fmt.Errorf("compressed data: %w", err)
	}
	if uint64(n) != size {
		return nil, fmt.Errorf("compressed data gave %d octets instead of %d", n, size)
	}
	return f.buf.Bytes(), nil
}

// column undoes the compression of a MariaDB COMPRESSED column: high nibble 0 is
// stored plain, 8 is deflate, whose zlib wrapper is absent when bit 3 is set.
func (f *Inflater) column(b []byte) ([]byte, error) {
	if len(b) == 0 || b[0]>>4 == 0 {
		return b[min(1, len(b)):], nil
	}
	if b[0]>>4 != 8 {
		return nil, fmt.Errorf("compressed column of method %d is not supported", b[0]>>4)
	}
	flags, size, data, err := compressedHeader(b)
	if err != nil {
		return nil, err
	}
	f.src.Reset(data)
	if flags&8 == 0 {
		zr, err := zlib.NewReader(&f.src)
		if err != nil {
			return nil, fmt.Errorf("compressed column: %w", err)
		}
		return f.read(zr, size)
	}
	if f.fr == nil {
		f.fr = flate.NewReader(&f.src)
	} else if err := f.fr.(flate.Resetter).Reset(&f.src, nil); err != nil {
		return nil, fmt.Errorf("compressed column: %w", err)
	}
	return f.read(f.fr, size)
}

// Payload opens a TRANSACTION_PAYLOAD event. Its events come with NextEvent, one at
// a time, so that a large transaction is never inflated as a whole.
func (f *Inflater) Payload(body []byte) error {
	r := reader{b: body}
	method := uint64(payloadPlain)
	for {
		field := r.packed()
		if field == 0 || r.err != nil {
			break
		}
		v := reader{b: r.packedBytes()}
		if field == 2 {
			method = v.packed()
		}
	}
	if r.err != nil {
		return r.err
	}
	f.src.Reset(r.b)
	switch method {
	case payloadPlain:
		f.events = &f.src
		return nil
	case payloadZstd:
		return f.openZstd()
	}
	return fmt.Errorf("transaction payload of compression %d is not supported", method)
}

// Compressions of a transaction payload.
const (
	payloadZstd  = 0
	payloadPlain = 255
)

// maxWindow bounds the memory of the zstd decoder; the server's highest level uses
// as much.
const maxWindow = 128 << 20

func (f *Inflater) openZstd() error {
	var err error
	if f.zstd == nil {
		f.zstd, err = zstd.NewReader(&f.src, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	} else {
		err = f.zstd.Reset(&f.src)
	}
	if err != nil {
		return fmt.Errorf("transaction payload: %w", err)
	}
	f.events = f.zstd
	return nil
}

// NextEvent gives the payload's next event, which has no CRC; io.EOF at the end. It
// is valid until the next call.
func (f *Inflater) NextEvent() ([]byte, error) {
	var head [HeaderSize]byte
	if _, err := io.ReadFull(f.events, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, fmt.Errorf("transaction payload: %w", err)
	}
	size := int64(binary.LittleEndian.Uint32(head[9:]))
	if size < HeaderSize || size > maxInflated {
		return nil, fmt.Errorf("an event of the payload has %d octets", size)
	}
	f.buf.Reset()
	f.buf.Write(head[:])
	// The buffer grows with what comes, not with what is promised.
	if _, err := io.CopyN(&f.buf, f.events, size-HeaderSize); err != nil {
		return nil, fmt.Errorf("transaction payload: %w", err)
	}
	return f.buf.Bytes(), nil
}

// Query undoes QUERY_COMPRESSED.
func (f *Inflater) Query(b []byte) ([]byte, error) { return f.zlib(b) }

// Close ends the decoders.
func (f *Inflater) Close() {
	if f.zstd != nil {
		f.zstd.Close()
		f.zstd = nil
	}
}
