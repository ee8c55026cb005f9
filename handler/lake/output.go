package lake

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path"
	"time"

	"ggsh/formatter"
	"ggsh/record"
)

const (
	// spillBytes is what a file gathers in memory before its file system is called.
	spillBytes = 64 << 10
	// memoryBytes bounds what all files together gather.
	memoryBytes = 64 << 20
	copyBytes   = 256 << 10
)

// place is where an operation stands in the trail.
type place struct {
	seqno uint32
	rba   uint64
}

func (p place) before(q place) bool {
	return p.seqno < q.seqno || p.seqno == q.seqno && p.rba < q.rba
}

// String gives the twenty digits of ${position}.
func (p place) String() string { return fmt.Sprintf("%010d%010d", p.seqno, p.rba) }

// staged is what the batch at hand adds to a stream, before it is written.
type staged struct {
	bytes       []byte
	count       [record.DDL + 1]int64 // by record.OpType
	rows        int64
	first, last place
	// name is the final name of the file, if one has to be begun.
	name string
}

// stream is a run of files, one at a time, to which the same operations go on
// every replay.
type stream struct {
	key    string
	table  string
	digest string
	// def is the definition that the operations of the batch at hand have.
	def *record.TableDef
	// live is the published file that the next one continues.
	live   *CommitFile
	open   *output
	staged staged
}

// output is a file that is not published yet.
type output struct {
	stream *stream
	// meta tells of what was added, and, from the end on, of the whole file.
	meta CommitFile
	// sum is the CRC-32C of the whole file.
	sum checksum
	// mem is content that the file does not have yet.
	mem []byte
	// file is nil as long as all content is in mem: what comes between two
	// publications is mostly little.
	file File
	rows formatter.FileWriter // of formats that make a file as a whole
	// fresh is the final name of a file that continues none.
	fresh string
	// prior is what the stream's live was when the output was begun.
	prior *CommitFile
	// continues says that it begins with prior's content and takes its name.
	continues bool
	closed    bool
	used      uint64
}

// Write is where all content passes, and is counted.
func (o *output) Write(p []byte) (int, error) {
	o.count(p)
	o.mem = append(o.mem, p...)
	return len(p), nil
}

func (o *output) count(p []byte) {
	o.meta.Bytes += int64(len(p))
	o.sum = checksum(crc32.Update(uint32(o.sum), castagnoli, p))
}

// size is how large the file will be, as far as that is known.
func (o *output) size() int64 {
	n := o.meta.Bytes
	if o.closed {
		return n
	}
	if o.continues {
		n += o.prior.Bytes
	}
	if o.rows != nil {
		n += o.rows.Buffered()
	}
	return n
}

// add counts what a batch has added.
func (o *output) add(s *staged, now time.Time) {
	m := &o.meta
	if m.Start == "" {
		m.Start = s.first.String()
	}
	m.End, m.Written = s.last.String(), now
	m.Rows += s.rows
	m.Inserts += s.count[record.Insert]
	m.Updates += s.count[record.Update] + s.count[record.PKUpdate]
	m.Deletes += s.count[record.Delete]
	m.Truncates += s.count[record.Truncate]
}

// whole makes meta tell of the whole file.
func (o *output) whole() {
	m := &o.meta
	m.CRC32C, m.Final = o.sum, o.fresh
	if !o.continues {
		return
	}
	p := o.prior
	m.Final, m.Start = p.Final, p.Start
	m.Bytes += p.Bytes
	m.Rows += p.Rows
	m.Inserts += p.Inserts
	m.Updates += p.Updates
	m.Deletes += p.Deletes
	m.Truncates += p.Truncates
}

// begin begins the next file of a stream that has none open.
func (h *Handler) begin(s *stream) error {
	o := &output{stream: s, prior: s.live, continues: s.live != nil, fresh: s.staged.name,
		mem: h.spareBuffer(), meta: CommitFile{Stream: s.key, Table: s.table, Definition: s.digest,
			Created: h.now()}}
	if o.continues {
		o.sum, o.meta.Created = o.prior.CRC32C, o.prior.Created
	}
	s.open = o
	h.outputs = append(h.outputs, o)
	return h.beginRows(o)
}

// beginRows writes what a file of the format begins with.
func (h *Handler) beginRows(o *output) (err error) {
	if h.grows && (!h.headed || o.continues) {
		return nil
	}
	o.rows, err = h.format.File(o, o.stream.def)
	if err == nil && h.headed {
		err = o.rows.Flush()
		o.rows = nil
	}
	return err
}

// spill brings what is in memory into the temporary file.
func (h *Handler) spill(ctx context.Context, o *output) error {
	if o.file == nil {
		if err := h.openTemp(ctx, o); err != nil {
			return err
		}
	}
	if len(o.mem) == 0 {
		return nil
	}
	_, err := o.file.Write(o.mem)
	o.mem = o.mem[:0]
	return err
}

// most is how much an output may keep in memory.
func (h *Handler) most() int { return min(h.set.spill, memoryBytes/max(len(h.outputs), 1)) }

// openTemp makes the temporary file, with the content that it continues.
func (h *Handler) openTemp(ctx context.Context, o *output) error {
	if err := h.makeRoom(ctx); err != nil {
		return err
	}
	if err := h.create(ctx, o); err != nil || !o.continues {
		return err
	}
	why, err := h.copyLive(ctx, o)
	if err != nil || why == "" {
		return err
	}
	h.note("%s %s: a new file is begun", o.prior.Final, why)
	o.file.Abandon()
	if err := h.fs.Remove(ctx, o.meta.Temp); err != nil {
		return err
	}
	if err := h.anew(o); err != nil {
		return err
	}
	return h.create(ctx, o)
}

// anew makes an output that continues a file begin one. All that was added is
// in memory still.
func (h *Handler) anew(o *output) error {
	added := o.mem
	o.mem, o.sum, o.meta.Bytes, o.meta.Created = nil, 0, 0, h.now()
	o.stream.live, o.prior, o.continues = nil, nil, false
	if err := h.beginRows(o); err != nil {
		return err
	}
	_, err := o.Write(added)
	return err
}

// create makes an empty temporary file.
func (h *Handler) create(ctx context.Context, o *output) (err error) {
	h.temps++
	o.meta.Temp = path.Join(h.tempDir, fmt.Sprintf("%d.tmp", h.temps))
	o.file, err = h.fs.Create(ctx, o.meta.Temp)
	return err
}

// copied sums up what passes.
type copied struct {
	to    io.Writer
	bytes int64
	sum   uint32
}

func (c *copied) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	c.sum = crc32.Update(c.sum, castagnoli, p)
	return c.to.Write(p)
}

// copyLive begins a file with the content of the one it continues. why says in
// what way that is no longer what was published.
func (h *Handler) copyLive(ctx context.Context, o *output) (why string, err error) {
	began, live := h.now(), o.prior
	r, err := h.fs.Open(ctx, live.Final)
	if errors.Is(err, fs.ErrNotExist) {
		return "is gone", nil
	}
	if err != nil {
		return "", err
	}
	defer r.Close()
	if r.Size() != live.Bytes {
		return fmt.Sprintf("has %d bytes, %d were published", r.Size(), live.Bytes), nil
	}
	if h.copying == nil {
		h.copying = make([]byte, copyBytes)
	}
	c := copied{to: o.file}
	if _, err := io.CopyBuffer(&c, struct{ io.Reader }{r}, h.copying); err != nil {
		return "", err
	}
	h.cost += h.now().Sub(began)
	if c.bytes != live.Bytes || checksum(c.sum) != live.CRC32C {
		return "has another content than was published", nil
	}
	return "", nil
}

// end ends the temporary file; its content is durable then. An output to which
// nothing was added has none.
func (h *Handler) end(ctx context.Context, o *output) error {
	if o.closed {
		return nil
	}
	if o.rows != nil {
		if err := o.rows.Close(); err != nil {
			return err
		}
	}
	if o.meta.Bytes > 0 {
		if err := h.spill(ctx, o); err != nil {
			return err
		}
		if err := o.file.Close(); err != nil {
			return err
		}
	}
	h.keepBuffer(o.mem)
	o.closed, o.rows, o.mem, o.file = true, nil, nil, nil
	o.whole()
	return nil
}

// makeRoom has a publication follow when as many files are open as should be. If
// twice as many are, or none can follow for long, it ends the one that was not
// written to for longest; files of the batch at hand stay open.
func (h *Handler) makeRoom(ctx context.Context) error {
	var oldest *output
	open := 0
	for _, o := range h.outputs {
		if o.file == nil {
			continue
		}
		open++
		if o.used != h.tick && (oldest == nil || o.used < oldest.used) {
			oldest = o
		}
	}
	if open < h.set.maxOpen {
		return nil
	}
	h.urgent = true
	if oldest == nil || open < 2*h.set.maxOpen && h.parts == nil {
		return nil
	}
	if err := h.end(ctx, oldest); err != nil {
		return err
	}
	oldest.meta.Ended = true
	oldest.stream.open, oldest.stream.live = nil, nil
	return nil
}

// discard drops all that is not published.
func (h *Handler) discard(ctx context.Context) error {
	for _, o := range h.outputs {
		if o.file != nil {
			o.file.Abandon()
		}
	}
	for i := len(h.outputs) - 1; i >= 0; i-- {
		o := h.outputs[i]
		if o.meta.Temp != "" {
			if err := h.fs.Remove(ctx, o.meta.Temp); err != nil {
				return err
			}
		}
		h.keepBuffer(o.mem)
		o.stream.open, o.stream.live = nil, o.prior
	}
	h.outputs, h.urgent, h.parts = h.outputs[:0], false, nil
	h.forgetStreams()
	return nil
}

// forgetStreams drops streams that have neither an open file nor one to continue.
func (h *Handler) forgetStreams() {
	for key, s := range h.streams {
		if s.open == nil && s.live == nil && s.staged.rows == 0 {
			delete(h.streams, key)
		}
	}
}
