// Package ledger remembers in which order a capture joined pieces of many streams,
// files or partitions, into transactions.
//
// What is in the streams fixes the order within each, but not among them: that
// depends on what was there at which moment. A trail may hold more than the
// checkpoint says, and what it holds must come again with the same numbers. So the
// order is written down before anything is handed out. Its law: a piece is durable
// here before its transaction exists, and comes out again unchanged until it is
// forgotten; what a crash left half written was never handed out.
package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"ggsh/record"
)

// Piece is a run of records of one stream that is one transaction.
type Piece struct {
	CSN    uint64    `json:"csn"`
	Stream string    `json:"stream"` // what tells the stream from others
	Name   string    `json:"name"`   // what people call it
	From   int64     `json:"from"`
	To     int64     `json:"to"`
	Lines  int64     `json:"lines"` // or messages
	Time   time.Time `json:"time"`
	Sum    uint32    `json:"sum,omitempty"` // of the content, where it could change
}

// Base is where reading began when there was no checkpoint yet.
type Base struct {
	Order string `json:"order"` // what was ordered: another order begins anew
	Text  string `json:"text"`  // the restart text of that place
	CSN   uint64 `json:"csn"`
}

// Table is a definition that was found in the data, column by column.
type Table struct {
	Schema  string             `json:"schema,omitempty"`
	Name    string             `json:"name"`
	Columns []record.ColumnDef `json:"columns"`
	Key     []int              `json:"key,omitempty"`
}

// line is one line of the file; one of its fields is set.
type line struct {
	Version int    `json:"version,omitempty"`
	Last    uint64 `json:"last,omitempty"` // with Version: the last number given
	Base    *Base  `json:"base,omitempty"` // with Version
	Piece   *Piece `json:"piece,omitempty"`
	Table   *Table `json:"table,omitempty"`
}

// Advice is what to do when the ledger does not fit to checkpoint and trail.
const Advice = "Restore the checkpoint file and this one as they belong together, or ALTER the " +
	"EXTRACT to a new BEGIN after seeing what the trail holds."

const (
	fileVersion = 1
	// maxFile bounds the file that is read; it is rewritten long before.
	maxFile = 256 << 20
	// rewriteAt is the size from which forgotten pieces are worth a rewrite.
	rewriteAt = 1 << 20
)

// Ledger is an open ledger. It belongs to one goroutine.
type Ledger struct {
	path   string
	file   *os.File
	size   int64
	last   uint64
	base   Base
	pieces []Piece
	tables []Table
	buf    []byte
}

// Open reads the ledger at path, or begins one.
func Open(path string) (*Ledger, error) {
	l := &Ledger{path: path}
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l, l.rewrite()
	case err != nil:
		return nil, fmt.Errorf("order of pieces: %w", err)
	case st.Size() > maxFile:
		return nil, fmt.Errorf("order of pieces: %s is too large, %d octets", path, st.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("order of pieces: %w", err)
	}
	good, err := l.parse(text)
	if err != nil {
		return nil, err
	}
	if l.file, err = os.OpenFile(path, os.O_WRONLY, 0); err != nil {
		return nil, fmt.Errorf("order of pieces: %w", err)
	}
	l.size = int64(good)
	if good < len(text) {
		err = l.file.Truncate(l.size)
	}
	if err == nil {
		_, err = l.file.Seek(l.size, 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("order of pieces: %w", err), l.file.Close())
	}
	return l, nil
}

// parse reads all lines and tells where the last whole one ends. A line that is not
// whole is the file's last: its writer was killed.
func (l *Ledger) parse(text []byte) (good int, err error) {
	for n := 1; good < len(text); n++ {
		end := bytes.IndexByte(text[good:], '\n')
		if end < 0 {
			break
		}
		entry, err := parseLine(text[good : good+end])
		if err == nil {
			err = l.take(n, entry)
		}
		if err != nil {
			if good+end+1 == len(text) && n > 1 {
				break
			}
			return 0, fmt.Errorf("order of pieces: %s, line %d: %w", l.path, n, err)
		}
		good += end + 1
	}
	if good == 0 {
		return 0, fmt.Errorf("order of pieces: %s has no first line", l.path)
	}
	return good, nil
}

// parseLine checks the sum in front of a line.
func parseLine(b []byte) (line, error) {
	var entry line
	if len(b) < 10 || b[8] != ' ' {
		return entry, errors.New("it is cut short")
	}
	sum, err := strconv.ParseUint(string(b[:8]), 16, 32)
	if err != nil || uint32(sum) != Sum(b[9:]) {
		return entry, errors.New("its sum is wrong")
	}
	return entry, json.Unmarshal(b[9:], &entry)
}

func (l *Ledger) take(n int, entry line) error {
	switch {
	case n == 1:
		if entry.Version != fileVersion {
			return fmt.Errorf("version %d is not known", entry.Version)
		}
		l.last = entry.Last
		if entry.Base != nil {
			l.base = *entry.Base
		}
	case entry.Piece != nil:
		if entry.Piece.CSN != l.last+1 && len(l.pieces) > 0 || entry.Piece.CSN <= l.last {
			return fmt.Errorf("piece %d follows %d", entry.Piece.CSN, l.last)
		}
		l.pieces, l.last = append(l.pieces, *entry.Piece), entry.Piece.CSN
	case entry.Table != nil:
		l.keep(*entry.Table)
	}
	return nil
}

// castagnoli is the polynomial that processors compute.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sum is the checksum that pieces carry.
func Sum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// Last is the highest number ever given.
func (l *Ledger) Last() uint64 { return l.last }

// After gives the pieces behind a number, in their order. A number that was
// forgotten is an error: what followed it is not known any more.
func (l *Ledger) After(csn uint64) ([]Piece, error) {
	if len(l.pieces) == 0 || csn >= l.last {
		return nil, nil
	}
	first := l.pieces[0].CSN
	if csn+1 < first {
		return nil, fmt.Errorf("order of pieces: %s begins at number %d, behind %d",
			l.path, first, csn)
	}
	return l.pieces[csn+1-first:], nil
}

// Resume gives the pieces behind the checkpoint's number: those that all trails hold,
// which are passed, and those that come again. bounds are the last numbers of the
// trails, zero for one that holds none.
func (l *Ledger) Resume(csn uint64, bounds []uint64) (pass, again []Piece, err error) {
	held, newest := uint64(0), uint64(0)
	if len(bounds) > 0 {
		held, newest = slices.Min(bounds), slices.Max(bounds)
	}
	if newest > max(l.last, csn) {
		return nil, nil, fmt.Errorf("the trail holds transaction %d, and %s knows only %d", newest,
			l.path, l.last)
	}
	pieces, err := l.After(csn)
	if err != nil {
		return nil, nil, err
	}
	n := 0
	for n < len(pieces) && pieces[n].CSN <= held {
		n++
	}
	return pieces[:n], slices.Clone(pieces[n:]), l.skip(csn)
}

// Base is where reading began by an order; ok is false when it was another order, or
// when what came behind it is forgotten.
func (l *Ledger) Base(order string) (b Base, ok bool) {
	_, err := l.After(l.base.CSN)
	return l.base, l.base.Order == order && order != "" && err == nil
}

// Restart drops all pieces: reading begins anew by an order, at a place that text
// gives for the number given to it. Numbers go on from the highest, and tables that were
// found stay.
func (l *Ledger) Restart(order string, text func(csn uint64) string) error {
	l.pieces = nil
	l.base = Base{Order: order, Text: text(l.last), CSN: l.last}
	return l.rewrite()
}

// skip makes the next number greater than csn.
func (l *Ledger) skip(csn uint64) error {
	if csn <= l.last {
		return nil
	}
	l.pieces, l.last = nil, csn
	return l.rewrite()
}

// Add numbers pieces and makes them durable.
func (l *Ledger) Add(pieces []Piece) error {
	l.buf = l.buf[:0]
	for i := range pieces {
		pieces[i].CSN = l.last + uint64(i) + 1
		var err error
		if l.buf, err = appendLine(l.buf, line{Piece: &pieces[i]}); err != nil {
			return err
		}
	}
	if err := l.write(); err != nil {
		return err
	}
	l.pieces = append(l.pieces, pieces...)
	l.last += uint64(len(pieces))
	return nil
}

// Tables gives the definitions that were kept.
func (l *Ledger) Tables() []Table { return l.tables }

// AddTable keeps a definition in place of an older one of the same table.
func (l *Ledger) AddTable(t Table) error {
	var err error
	if l.buf, err = appendLine(l.buf[:0], line{Table: &t}); err != nil {
		return err
	}
	if err := l.write(); err != nil {
		return err
	}
	l.keep(t)
	return nil
}

func (l *Ledger) keep(t Table) {
	for i := range l.tables {
		if l.tables[i].Schema == t.Schema && l.tables[i].Name == t.Name {
			l.tables[i] = t
			return
		}
	}
	l.tables = append(l.tables, t)
}

// Forget drops the pieces up to a number: they are durable elsewhere.
func (l *Ledger) Forget(csn uint64) error {
	n := 0
	for n < len(l.pieces) && l.pieces[n].CSN <= csn {
		n++
	}
	if n == 0 {
		return nil
	}
	l.pieces = l.pieces[n:]
	if l.size < rewriteAt {
		return nil
	}
	return l.rewrite()
}

// Close ends its use.
func (l *Ledger) Close() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

func appendLine(dst []byte, entry line) ([]byte, error) {
	text, err := json.Marshal(entry)
	if err != nil {
		return dst, fmt.Errorf("order of pieces: %w", err)
	}
	dst = fmt.Appendf(dst, "%08x ", Sum(text))
	return append(append(dst, text...), '\n'), nil
}

// write appends the buffer and makes it durable. What was written of a buffer that
// failed is taken back, so that nothing stands behind half a line.
func (l *Ledger) write() error {
	if l.file == nil {
		return fmt.Errorf("order of pieces: %s: %w", l.path, fs.ErrClosed)
	}
	_, err := l.file.Write(l.buf)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		undo := l.file.Truncate(l.size)
		_, back := l.file.Seek(l.size, 0)
		return errors.Join(fmt.Errorf("order of pieces: %w", err), undo, back)
	}
	l.size += int64(len(l.buf))
	return nil
}

// rewrite writes what is remembered into a new file and puts it in place.
func (l *Ledger) rewrite() error {
	head := line{Version: fileVersion, Last: l.last, Base: &l.base}
	if len(l.pieces) > 0 {
		head.Last = l.pieces[0].CSN - 1
	}
	buf, err := appendLine(l.buf[:0], head)
	for i := 0; err == nil && i < len(l.tables); i++ {
		buf, err = appendLine(buf, line{Table: &l.tables[i]})
	}
	for i := 0; err == nil && i < len(l.pieces); i++ {
		buf, err = appendLine(buf, line{Piece: &l.pieces[i]})
	}
	if err != nil {
		return err
	}
	l.buf = buf
	f, err := replace(l.path, buf)
	if err != nil {
		return fmt.Errorf("order of pieces: %w", err)
	}
	if l.file != nil {
		err = l.file.Close()
	}
	l.file, l.size = f, int64(len(buf))
	return err
}

// replace makes a file aside, renames it to path and gives it open.
func replace(path string, content []byte) (*os.File, error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".tmp*")
	if err != nil {
		return nil, err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	d, err := os.Open(dir)
	if err == nil {
		err = errors.Join(d.Sync(), d.Close())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
