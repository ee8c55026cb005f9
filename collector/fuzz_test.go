package collector

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"ggsh/trail"
)

// bytesConn is a connection that receives given bytes and sends nowhere.
type bytesConn struct {
	net.Conn
	in *bytes.Reader
}

func (c bytesConn) Read(b []byte) (int, error)       { return c.in.Read(b) }
func (c bytesConn) Write(b []byte) (int, error)      { return len(b), nil }
func (c bytesConn) SetReadDeadline(time.Time) error  { return nil }
func (c bytesConn) SetWriteDeadline(time.Time) error { return nil }
func (c bytesConn) Close() error                     { return nil }

// FuzzWire reads any bytes as frames, and any frame as each of the kinds.
func FuzzWire(f *testing.F) {
	h := hello{Version: 1, Token: "t", Trail: "./dirdat/rt", Header: trail.HeaderInfo{Group: "P"}}
	f.Add(h.append(nil))
	h.Version, h.Algorithm, h.KeyName = sealedVersion, trail.AES128, "k"
	f.Add(h.append(nil))
	last := testInfo(3)
	f.Add((&holds{at: trail.Position{Seqno: 1, RBA: 2}, last: last}).append(nil))
	head := blockHeader(codecPlain, []byte{itemAbort, 0})
	f.Add(append(head[:], itemAbort, 0))
	f.Add([]byte{1, 0, 0, 0, frameClose, 5, 0, 0, 0, frameFail, 1, 2, 3, 4})
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxMemory(1<<20))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k := newLink(bytesConn{in: bytes.NewReader(b)}, time.Second)
		for frames := 0; ; frames++ {
			if _, _, err := k.read(maxFrame); err != nil {
				break
			}
			if frames > len(b) {
				t.Fatal("reading does not end")
			}
		}
		if got, err := decodeHello(b); err == nil {
			if again, err := decodeHello(got.append(nil)); err != nil || *again != *got {
				t.Fatal(got, again, err)
			}
		}
		_, _ = decodeHolds(b)
		_ = decodeFailure(b)
		items, err := openBlock(b, nil, unpack)
		for err == nil && len(items) > 0 {
			_, items, err = cutBytes(items[1:])
		}
	})
}
