package trail

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A frame, all numbers little endian. Part of the format; docs/TRAIL.md.
//
//	offset  size  field
//	0       4     length of the body
//	4       4     CRC32C of bytes 10 to the end of the body
//	8       2     check of the length
//	10      1     type
//	11      1     flags
//	12      n     body
const (
	frameHead = 12

	// MaxBody is the longest body of a frame, in bytes.
	MaxBody = 1 << 30
)

// Type is the kind of a frame. The numbers are part of the format.
type Type uint8

// The frames.
const (
	TypeHeader  Type = 1 // a file's first frame, and only there
	TypeTable   Type = 2 // a table definition, before its first use in each file
	TypeTxn     Type = 3 // what the operations that follow share
	TypeOp      Type = 4 // an operation
	TypeRestart Type = 5 // the writer started again with this file
	TypeEnd     Type = 6 // the last frame of a finished file
)

// String names the type.
func (t Type) String() string {
	if t >= TypeHeader && t <= TypeEnd {
		return [...]string{"header", "table", "transaction", "operation", "restart", "end"}[t-1]
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// The flags of an operation's frame. Part of the format.
const (
	FlagFirst = 1 // the first operation of its transaction
	FlagLast  = 2 // the last one; the transaction is complete
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// lengthCheck guards a length, so that a damaged one is not taken for a frame
// that is still being written. It is never right for twelve zero bytes.
func lengthCheck(n uint32) uint16 { return uint16(n*0x9E3779B1>>16) ^ 0x4747 }

func putFrameHead(b []byte, t Type, flags byte, n uint32) {
	binary.LittleEndian.PutUint32(b, n)
	binary.LittleEndian.PutUint16(b[8:], lengthCheck(n))
	b[10], b[11] = byte(t), flags
}

// appendFrame appends a whole frame.
func appendFrame(dst []byte, t Type, flags byte, body []byte) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	dst = append(dst, body...)
	sealFrame(dst[at:], t, flags)
	return dst
}

// sealFrame fills in the head of the frame that b holds.
func sealFrame(b []byte, t Type, flags byte) {
	putFrameHead(b, t, flags, uint32(len(b)-frameHead))
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[10:], castagnoli))
}

// frame is one frame of a file; body aliases the buffer that it was read into.
type frame struct {
	at, end uint64
	typ     Type
	flags   byte
	body    []byte
}
