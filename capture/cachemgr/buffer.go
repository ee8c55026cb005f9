package cachemgr

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"ggsh/record"
)

// A frame is the length of an operation in four bytes, then its bytes. Frames
// lie one behind the other in the spool file and then in the blocks; a frame
// never spans two blocks.
const frameHead = 4

// Buffer holds the operations of one transaction. Append until the transaction
// is committed, then Rewind and Next until io.EOF, then Release.
type Buffer struct {
	m      *Manager
	blocks [][]byte // the last one is being filled
	defs   []*record.TableDef
	last   *record.TableDef // the definition of the latest Append or Next
	ops    int64
	bytes  int64 // of all frames

	file     *os.File
	path     string
	fileSize int64

	// reading
	block   int
	at      int
	fileAt  int64
	window  []byte // what was read from the file and not yet returned
	reading []byte // the block that window is part of

	released bool
}

// Mark is a place in a buffer to which Truncate can return.
type Mark struct {
	ops   int64
	bytes int64
}

// Len is the number of operations.
func (b *Buffer) Len() int64 { return b.ops }

// Bytes is the size of the operations, in memory and spooled.
func (b *Buffer) Bytes() int64 { return b.bytes }

// Spooled is the part of Bytes that is in the spool file.
func (b *Buffer) Spooled() int64 { return b.fileSize }

// Held is the memory that the buffer occupies.
func (b *Buffer) Held() int64 {
	n := int64(0)
	for _, blk := range b.blocks {
		n += int64(cap(blk))
	}
	return n
}

// Mark gives the current end.
func (b *Buffer) Mark() Mark { return Mark{ops: b.ops, bytes: b.bytes} }

// Append adds an operation of table def. body is copied. def is nil only for a
// DDL operation on no known table, whose table id is then 0.
func (b *Buffer) Append(def *record.TableDef, body []byte) error {
	if def != b.last {
		b.note(def)
	}
	need := frameHead + len(body)
	n := len(b.blocks)
	if n == 0 || cap(b.blocks[n-1])-len(b.blocks[n-1]) < need {
		if err := b.grow(need); err != nil {
			return err
		}
		n = len(b.blocks)
	}
	blk := binary.LittleEndian.AppendUint32(b.blocks[n-1], uint32(len(body)))
	b.blocks[n-1] = append(blk, body...)
	b.ops++
	b.bytes += int64(need)
	return nil
}

// note remembers a definition that operations refer to by its id.
func (b *Buffer) note(def *record.TableDef) {
	b.last = def
	if def == nil {
		return
	}
	for _, d := range b.defs {
		if d.ID == def.ID {
			return
		}
	}
	b.defs = append(b.defs, def)
}

// grow adds a block, and spools the full ones when memory is short.
func (b *Buffer) grow(need int) error {
	blk, over := b.m.block(need, len(b.blocks) == 0 && b.file == nil)
	if over && len(b.blocks) > 0 {
		if err := b.spill(); err != nil {
			b.m.put([][]byte{blk})
			return err
		}
	}
	b.blocks = append(b.blocks, blk)
	return nil
}

// spill writes all blocks to the spool file and gives them back.
func (b *Buffer) spill() error {
	if b.file == nil {
		b.path = b.m.nextFile()
		f, err := os.OpenFile(b.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			b.m.spool(0, -1)
			return fmt.Errorf("spool file: %w", err)
		}
		b.file = f
	}
	for _, blk := range b.blocks {
		n, err := b.file.WriteAt(blk, b.fileSize)
		if err != nil {
			return b.spillFailed(err)
		}
		b.fileSize += int64(n)
		b.m.spool(int64(n), 0)
	}
	b.m.put(b.blocks)
	b.blocks = b.blocks[:0]
	return nil
}

func (b *Buffer) spillFailed(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("the file system of spool file %s is full: make room there, or raise "+
			"CACHEMGR CACHESIZE, and start again: nothing is lost: %w", b.path, err)
	}
	return fmt.Errorf("spool file %s: %w", b.path, err)
}

// Truncate drops what was appended after the mark.
func (b *Buffer) Truncate(to Mark) error {
	if to.bytes > b.bytes || to.ops > b.ops {
		return fmt.Errorf("cachemgr: mark %d lies behind the end %d", to.bytes, b.bytes)
	}
	if to.bytes < b.fileSize {
		if err := b.file.Truncate(to.bytes); err != nil {
			return fmt.Errorf("spool file %s: %w", b.path, err)
		}
		b.m.spool(to.bytes-b.fileSize, 0)
		b.fileSize = to.bytes
	}
	left := to.bytes - b.fileSize
	for i, blk := range b.blocks {
		if left >= int64(len(blk)) {
			left -= int64(len(blk))
			continue
		}
		b.blocks[i] = blk[:left]
		b.m.put(b.blocks[i+1:])
		b.blocks = b.blocks[:i+1]
		break
	}
	b.ops, b.bytes = to.ops, to.bytes
	return nil
}

// Rewind puts reading before the first operation.
func (b *Buffer) Rewind() {
	b.block, b.at, b.fileAt, b.window = 0, 0, 0, nil
}

// Next gives the next operation; it is valid until the next call. After the last
// one it returns io.EOF.
func (b *Buffer) Next() (*record.TableDef, []byte, error) {
	if b.fileAt < b.fileSize || len(b.window) > 0 {
		return b.nextSpooled()
	}
	for b.block < len(b.blocks) {
		blk := b.blocks[b.block]
		if b.at == len(blk) {
			b.block, b.at = b.block+1, 0
			continue
		}
		end := b.at + frameHead + int(binary.LittleEndian.Uint32(blk[b.at:]))
		body := blk[b.at+frameHead : end : end]
		b.at = end
		return b.named(body)
	}
	return nil, nil, io.EOF
}

// nextSpooled reads from the file through a window of one block.
func (b *Buffer) nextSpooled() (*record.TableDef, []byte, error) {
	if err := b.fill(frameHead); err != nil {
		return nil, nil, err
	}
	end := frameHead + int(binary.LittleEndian.Uint32(b.window))
	if err := b.fill(end); err != nil {
		return nil, nil, err
	}
	body := b.window[frameHead:end:end]
	b.window = b.window[end:]
	return b.named(body)
}

// fill makes the window hold at least need bytes.
func (b *Buffer) fill(need int) error {
	if len(b.window) >= need {
		return nil
	}
	if int64(need-len(b.window)) > b.fileSize-b.fileAt {
		return fmt.Errorf("spool file %s ends within an operation at %d", b.path, b.fileAt)
	}
	if cap(b.reading) < need {
		bigger, _ := b.m.block(need, false)
		b.window = append(bigger, b.window...)
		if b.reading != nil {
			b.m.put([][]byte{b.reading})
		}
		b.reading = bigger
	} else {
		b.window = append(b.reading[:0], b.window...)
	}
	have := len(b.window)
	room := int64(cap(b.reading) - have)
	want := int(min(room, b.fileSize-b.fileAt))
	b.window = b.window[:have+want]
	if _, err := b.file.ReadAt(b.window[have:], b.fileAt); err != nil {
		return fmt.Errorf("spool file %s: %w", b.path, err)
	}
	b.fileAt += int64(want)
	return nil
}

// named finds the definition of an operation by its id.
func (b *Buffer) named(body []byte) (*record.TableDef, []byte, error) {
	if len(body) < 6 {
		return nil, nil, fmt.Errorf("cachemgr: operation of %d bytes: %w", len(body), record.ErrShort)
	}
	_, id := record.OpTable(body)
	if id == 0 {
		return nil, body, nil
	}
	if b.last != nil && b.last.ID == id {
		return b.last, body, nil
	}
	for _, d := range b.defs {
		if d.ID == id {
			b.last = d
			return d, body, nil
		}
	}
	return nil, nil, fmt.Errorf("cachemgr: operation names unknown table id %d", id)
}

// Release gives all memory back and removes the spool file. The buffer must not
// be used afterwards; releasing twice does nothing.
func (b *Buffer) Release() error {
	if b.released {
		return nil
	}
	b.m.put(b.blocks)
	if b.reading != nil {
		b.m.put([][]byte{b.reading})
	}
	var err error
	if b.file != nil {
		err = errors.Join(b.file.Close(), os.Remove(b.path))
		b.m.spool(-b.fileSize, -1)
	}
	clear(b.defs)
	*b = Buffer{m: b.m, blocks: b.blocks[:0], defs: b.defs[:0], released: true}
	b.m.keep(b)
	return err
}
