package lake

import (
	"bufio"
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

// bufferBytes is what an open file gathers before its file system is called.
const bufferBytes = 64 << 10

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
	meta   CommitFile
	file   File
	buf    *bufio.Writer
	rows   formatter.FileWriter // of formats that make a file as a whole
	// prior is what the stream's live was when the output was begun.
	prior *CommitFile
	// continues says that it begins with prior's content and takes its name.
	continues bool
	closed    bool
	used      uint64
}

// Write is where all content passes, and is counted.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.buf.Write(p)
	o.meta.Bytes += int64(n)
	o.meta.CRC32C = checksum(crc32.Update(uint32(o.meta.CRC32C), castagnoli, p[:n]))
	return n, err
}

// size is how large the file will be, as far as that is known.
func (o *output) size() int64 {
	if o.rows == nil || o.closed {
		return o.meta.Bytes
	}
	return o.meta.Bytes + o.rows.Buffered()
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

// close ends the temporary file; its content is durable then.
func (o *output) close() error {
	if o.closed {
		return nil
	}
	if o.rows != nil {
		if err := o.rows.Close(); err != nil {
			return err
		}
	}
	if err := o.buf.Flush(); err != nil {
		return err
	}
	if err := o.file.Close(); err != nil {
		return err
	}
	o.closed, o.rows, o.buf = true, nil, nil
	return nil
}

// begin makes the temporary file of a stream that has none open.
func (h *Handler) begin(ctx context.Context, s *stream) error {
	if err := h.makeRoom(); err != nil {
		return err
	}
	o, err := h.create(ctx, s)
	if err != nil {
		return err
	}
	s.open = o
	h.outputs = append(h.outputs, o)
	if s.live == nil {
		return h.beginRows(o)
	}
	why, err := h.copyLive(ctx, o, s.live)
	if err != nil {
		return err
	}
	if why == "" {
		o.continues = true
		m := *s.live
		m.Temp, m.Bytes, m.CRC32C = o.meta.Temp, o.meta.Bytes, o.meta.CRC32C
		o.meta = m
		return h.beginRows(o)
	}
	h.note("%s %s: a new file is begun", s.live.Final, why)
	o.file.Abandon()
	if err := h.fs.Remove(ctx, o.meta.Temp); err != nil {
		return err
	}
	s.live, o.prior = nil, nil
	again, err := h.create(ctx, s)
	if err != nil {
		return err
	}
	*o = *again
	return h.beginRows(o)
}

// create makes an empty temporary file.
func (h *Handler) create(ctx context.Context, s *stream) (*output, error) {
	h.temps++
	temp := path.Join(h.tempDir, fmt.Sprintf("%d.tmp", h.temps))
	f, err := h.fs.Create(ctx, temp)
	if err != nil {
		return nil, err
	}
	return &output{stream: s, file: f, buf: bufio.NewWriterSize(f, bufferBytes), prior: s.live,
		meta: CommitFile{Stream: s.key, Table: s.table, Definition: s.digest, Temp: temp,
			Final: s.staged.name, Created: h.now()}}, nil
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

// copyLive begins a file with the content of the one it continues. why says in
// what way that is no longer what was published.
func (h *Handler) copyLive(ctx context.Context, o *output, live *CommitFile) (why string, err error) {
	began := h.now()
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
	if _, err := io.CopyBuffer(struct{ io.Writer }{o}, r, h.copyBuffer()); err != nil {
		return "", err
	}
	h.cost += h.now().Sub(began)
	if o.meta.Bytes != live.Bytes || o.meta.CRC32C != live.CRC32C {
		return "has another content than was published", nil
	}
	return "", nil
}

func (h *Handler) copyBuffer() []byte {
	if h.copying == nil {
		h.copying = make([]byte, 4*bufferBytes)
	}
	return h.copying
}

// makeRoom ends the file that was not written to for longest when as many are
// open as may be; files of the batch at hand stay open. The stream of a file that
// was ended begins another one when it is needed.
func (h *Handler) makeRoom() error {
	var oldest *output
	open := 0
	for _, o := range h.outputs {
		if o.closed {
			continue
		}
		open++
		if o.used != h.tick && (oldest == nil || o.used < oldest.used) {
			oldest = o
		}
	}
	if open < h.set.maxOpen || oldest == nil {
		return nil
	}
	if err := oldest.close(); err != nil {
		return err
	}
	oldest.meta.Ended = true
	oldest.stream.open, oldest.stream.live = nil, nil
	h.urgent = true
	return nil
}

// discard drops all that is not published.
func (h *Handler) discard(ctx context.Context) error {
	for _, o := range h.outputs {
		if !o.closed {
			o.file.Abandon()
		}
	}
	for i := len(h.outputs) - 1; i >= 0; i-- {
		o := h.outputs[i]
		if err := h.fs.Remove(ctx, o.meta.Temp); err != nil {
			return err
		}
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
