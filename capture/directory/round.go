package directory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"ggsh/capture/ledger"
	"ggsh/capture/payload"
	"ggsh/ggserr"
	"ggsh/record"
)

// batch is a piece with its octets.
type batch struct {
	ledger.Piece
	file   *file
	line   int64 // lines before it
	rows   int   // records, but for the header line
	prints prints
	data   []byte
}

// round reads from the files of the pass until there is enough, and writes down in
// which order.
func (s *Source) round() error {
	s.pieces = s.pieces[:0]
	for len(s.pass) > 0 && len(s.arena) < roundBytes {
		t := &s.pass[0]
		done, err := s.chunk(t.file, t.end)
		if err != nil && len(s.pieces) == 0 {
			return err
		}
		if err != nil {
			s.failed = err
			break
		}
		if done {
			s.pass = s.pass[1:]
		}
	}
	if len(s.pieces) == 0 {
		return nil
	}
	if err := s.order.Add(s.pieces); err != nil {
		return ggserr.New(ggserr.TrailWrite, s.cfg.Ledger).Because(err)
	}
	for i := range s.ready {
		s.ready[i].Piece = s.pieces[i]
	}
	return nil
}

// chunk reads the next whole records of a file; done says that the file has no more
// up to end.
func (s *Source) chunk(f *file, end int64) (done bool, err error) {
	if err := s.open(f); err != nil {
		return true, s.vanished(f, err)
	}
	if err := s.header(f); err != nil {
		return false, err
	}
	for size := int64(chunkBytes); ; size *= 2 {
		n := min(end-f.planned, size)
		data, err := s.read(f, f.planned, n)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return false, f.shrunk()
		}
		if err != nil {
			return false, f.unreadable(err)
		}
		used, err := s.cut(f, data)
		if err != nil {
			return false, err
		}
		s.arena = s.arena[:len(s.arena)-len(data)+used]
		switch {
		case used > 0:
			return f.planned >= end, nil
		case len(data) > f.set.MaxLine:
			return false, s.bad(f, f.plannedTo+1, f.planned, fmt.Errorf(
				"it is longer than %d octets (MAXRECORD)", f.set.MaxLine))
		case n == end-f.planned:
			if f.openEnd.IsZero() {
				f.openEnd = s.cfg.Now()
			}
			return true, nil
		}
	}
}

// vanished handles a file that went away between look and open: the next look tells.
func (s *Source) vanished(f *file, err error) error {
	if _, serr := statAt(unix.AT_FDCWD, s.path(f.name)); serr != nil {
		return nil
	}
	return f.unreadable(err)
}

// read appends a part of a file to the arena.
func (s *Source) read(f *file, from, n int64) ([]byte, error) {
	at := len(s.arena)
	if int64(cap(s.arena)-at) < n {
		grown := make([]byte, at, max(int64(at)+n, min(2*int64(cap(s.arena)), roundBytes+chunkBytes)))
		copy(grown, s.arena)
		s.arena = grown // the batches keep the one before
	}
	s.arena = s.arena[:at+int(n)]
	data := s.arena[at:]
	return data, readFull(f.handle, data, from)
}

// cut makes batches of the whole records in data, and tells how long they are.
func (s *Source) cut(f *file, data []byte) (used int, err error) {
	for used < len(data) {
		b, n, err := s.one(f, data[used:])
		if err != nil || n == 0 {
			return used, err
		}
		b.data = data[used : used+n : used+n]
		b.Sum = ledger.Sum(b.data)
		b.From, b.To = f.planned, f.planned+int64(n)
		b.line, b.Lines = f.plannedTo, int64(bytes.Count(b.data, []byte{'\n'}))
		if b.prints, err = f.printsAt(b.To); err != nil {
			return used, f.unreadable(err)
		}
		used += n
		f.planned, f.plannedTo = b.To, b.line+b.Lines
		s.pieces, s.ready = append(s.pieces, b.Piece), append(s.ready, b)
	}
	return used, nil
}

// one measures the records that make one transaction.
func (s *Source) one(f *file, data []byte) (b batch, n int, err error) {
	first := 0
	if f.planned == 0 && f.set.Format.Header {
		first = 1
	}
	records := 0
	for records < s.cfg.MaxRows+first {
		size := f.set.Format.Split(data[n:])
		if size == 0 {
			break
		}
		if size > f.set.MaxLine {
			return b, 0, s.bad(f, f.plannedTo+1+int64(bytes.Count(data[:n], []byte{'\n'})),
				f.planned+int64(n), fmt.Errorf("it is longer than %d octets (MAXRECORD)", f.set.MaxLine))
		}
		n += size
		records++
	}
	if n == 0 {
		return b, 0, nil
	}
	b = batch{file: f, rows: max(records-first, 0), Piece: ledger.Piece{Stream: f.ident.String(),
		Name: f.name, Time: time.Unix(0, f.mtime).UTC()}}
	return b, n, nil
}

// again reads the pieces of an earlier run, exactly as they were.
func (s *Source) again() error {
	for len(s.replay) > 0 && len(s.arena) < roundBytes {
		p := s.replay[0]
		f := s.byPiece(p)
		if f == nil || f.gone {
			return ggserr.New(ggserr.SourceLost, fmt.Sprintf("File %s is gone, and what it held from "+
				"offset %d to %d is not in the trail", p.Name, p.From, p.To)).
				Do("Put the file back, by a move and not by a copy, and START; or ALTER the EXTRACT to a " +
					"new BEGIN.")
		}
		if p.From != f.offset && !s.readyTo(f, p.From) {
			return f.changed(f.size)
		}
		if err := s.prepare(f); err != nil {
			return err
		}
		if err := s.open(f); err != nil {
			return f.unreadable(err)
		}
		b, err := s.same(f, p)
		if err != nil {
			return err
		}
		s.ready, s.replay = append(s.ready, b), s.replay[1:]
	}
	return nil
}

// readyTo reports whether the batches read so far go up to an offset of a file.
func (s *Source) readyTo(f *file, offset int64) bool {
	for i := len(s.ready) - 1; i >= 0; i-- {
		if s.ready[i].file == f {
			return s.ready[i].To == offset
		}
	}
	return false
}

// same reads one piece and checks that it is what it was.
func (s *Source) same(f *file, p ledger.Piece) (batch, error) {
	b := batch{Piece: p, file: f, line: f.line}
	for i := range s.ready {
		if s.ready[i].file == f {
			b.line += s.ready[i].Lines
		}
	}
	if p.To < p.From || p.To-p.From > 2*MaxMaxLine || f.size < p.To {
		return b, f.changed(f.size)
	}
	var err error
	if b.data, err = s.read(f, p.From, p.To-p.From); err != nil {
		return b, f.unreadable(err)
	}
	if ledger.Sum(b.data) != p.Sum {
		return b, f.changed(f.size)
	}
	if b.prints, err = f.printsAt(p.To); err != nil {
		return b, f.unreadable(err)
	}
	b.rows = 1 // or more; a transaction without operations does no harm
	return b, s.header(f)
}

// header reads the header line of a file, unless it is known.
func (s *Source) header(f *file) error {
	format := &f.set.Format
	if !format.Header || f.columns != nil || f.decoder == nil {
		return nil
	}
	size := min(int64(f.set.MaxLine)+1, max(f.size, f.planned))
	data := make([]byte, size)
	if err := readFull(f.handle, data, 0); err != nil {
		return f.unreadable(err)
	}
	n := format.Split(data)
	if n == 0 {
		return nil // it is not whole yet
	}
	columns, err := format.Columns(bytes.TrimPrefix(data[:n], utf8Mark))
	if err == nil {
		err = f.decoder.Header(s.cfg.Schema, f.table, columns)
	}
	if err != nil {
		return s.bad(f, 1, 0, err)
	}
	f.columns = columns
	return nil
}

// utf8Mark is the mark that some programs begin UTF-8 files with.
var utf8Mark = []byte{0xef, 0xbb, 0xbf}

// bad is a record that stops the capture.
func (s *Source) bad(f *file, line, offset int64, err error) error {
	e := ggserr.New(ggserr.RecordBad, fmt.Sprintf("offset %d: %s", offset, err)).
		At(s.path(f.name), int(line), 0)
	return e
}

// rows gives the operations of a batch.
type rows struct {
	source *Source
	batch
	data   []byte
	begun  bool // a record is in the decoder
	at     int64
	lineAt int64
	record []byte // in the decoder, and where it begins:
	from   int64
	line0  int64
}

// Next gives the next operation; see record.Ops.
func (r *rows) Next() (*record.TableDef, []byte, error) {
	d := r.file.decoder
	for {
		if !r.begun && !r.begin(d) {
			return nil, nil, io.EOF
		}
		def, body, err := d.Next()
		if err == nil {
			return def, body, nil
		}
		r.begun = false
		if err == io.EOF {
			continue
		}
		if err := r.refuse(err); err != nil {
			return nil, nil, err
		}
	}
}

// begin gives the decoder the next record that is not empty.
func (r *rows) begin(d *payload.Decoder) bool {
	format := &r.file.set.Format
	if r.at == 0 {
		r.at, r.lineAt = r.From, r.line+1
		if r.From == 0 {
			r.data = r.data[len(r.data)-len(bytes.TrimPrefix(r.data, utf8Mark)):]
			r.at = r.To - int64(len(r.data))
			if format.Header {
				r.pass(format.Split(r.data))
			}
		}
	}
	for len(r.data) > 0 {
		n := format.Split(r.data)
		r.record, r.from, r.line0 = payload.Trim(r.data[:n]), r.at, r.lineAt
		if len(r.record) > 0 {
			d.Begin(r.record)
			r.begun = true
			r.pass(n)
			return true
		}
		r.pass(n)
	}
	return false
}

// pass goes behind a record.
func (r *rows) pass(n int) {
	r.lineAt += int64(bytes.Count(r.data[:n], []byte{'\n'}))
	r.at += int64(n)
	r.data = r.data[n:]
}

// refuse hands a record that is no row to who takes such records, or stops.
func (r *rows) refuse(err error) error {
	var bad *payload.BadRecord
	if !errors.As(err, &bad) {
		return err
	}
	if r.source.cfg.Discard == nil {
		return r.source.bad(r.file, r.line0, r.from, err)
	}
	return r.source.cfg.Discard(Discarded{File: r.source.path(r.file.name), Line: r.line0,
		Offset: r.from, Record: r.record, Reason: err})
}

// countLines counts the lines up to an offset, and gives the end of the last.
func countLines(f io.ReaderAt, size int64) (end, lines int64, err error) {
	buf := make([]byte, 64<<10)
	for at := int64(0); at < size; {
		n := min(size-at, int64(len(buf)))
		if err := readFull(f, buf[:n], at); err != nil {
			return 0, 0, err
		}
		if last := bytes.LastIndexByte(buf[:n], '\n'); last >= 0 {
			lines += int64(bytes.Count(buf[:n], []byte{'\n'}))
			end = at + int64(last) + 1
		}
		at += n
	}
	return end, lines, nil
}
