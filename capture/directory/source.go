package directory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"time"

	"ggsh/capture/ledger"
	"ggsh/capture/payload"
	"ggsh/checkpoint"
	"ggsh/ggserr"
	"ggsh/record"
)

// Source reads the files of a directory. It is used by one goroutine.
type Source struct {
	cfg    Config
	order  *ledger.Ledger
	tables *payload.Tables

	files   []*file // in the order in which they were first seen
	byIdent map[ident]*file
	handles []*file
	clock   uint64 // of uses of handles
	looks   uint64

	csn    uint64
	last   string         // the file of the last transaction
	replay []ledger.Piece // written down by an earlier run, not handed out yet
	pass   []target       // what the last look found
	ready  []batch        // read and written down, not handed out
	arena  []byte         // their octets
	pieces []ledger.Piece
	text   []byte
	ops    rows
	tell   bool  // where reading begins is still to be told
	failed error // what stops the capture once what is ready is handed out
	wait   time.Duration
	closed bool
}

// Open begins reading.
func Open(ctx context.Context, cfg Config) (*Source, error) {
	if err := cfg.check(); err != nil {
		return nil, ggserr.New(ggserr.BadParameter, err.Error())
	}
	s := &Source{cfg: cfg, byIdent: map[ident]*file{}, wait: minPoll}
	var err error
	if s.order, err = ledger.Open(cfg.Ledger); err != nil {
		return nil, ggserr.New(ggserr.SourceLost, err.Error()).Do("%s", ledger.Advice)
	}
	if err = s.start(); err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// start takes the position of an earlier run, or makes the first one.
func (s *Source) start() error {
	text := s.cfg.Restart
	base, again := s.order.Base(s.cfg.Begin.Order)
	if text == "" && again {
		text = base.Text
	}
	if text != "" {
		if err := s.resume(text); err != nil {
			return err
		}
	}
	s.newTables()
	s.tell = text == ""
	if err := s.look(); err != nil {
		return err
	}
	if text != "" {
		return s.planAgain()
	}
	s.csn = s.order.Last()
	return s.order.Restart(s.cfg.Begin.Order, func(uint64) string { return s.restart() })
}

// resume takes the files and offsets of a restart text.
func (s *Source) resume(text string) error {
	st, ok, err := checkpoint.ParseStreams(text)
	if err == nil && (!ok || st.Kind != checkpoint.DirectoryStreams) {
		err = fmt.Errorf("restart position %.80q is not one of a directory", text)
	}
	if err != nil {
		return ggserr.New(ggserr.SourceLost, err.Error()).Do("ALTER the EXTRACT to a new BEGIN.")
	}
	s.csn, s.last = st.CSN, st.Last
	for i := range st.Streams {
		if err := s.known(&st.Streams[i]); err != nil {
			return ggserr.New(ggserr.SourceLost, err.Error()).Do("ALTER the EXTRACT to a new BEGIN.")
		}
	}
	return nil
}

// known adds a file of a restart text.
func (s *Source) known(st *checkpoint.Stream) error {
	f := &file{name: st.Name, table: st.Table, set: s.cfg.setOf(st.Name), offset: st.Offset,
		line: st.Line, gone: st.Gone, size: -1, drained: -1}
	if f.table == "" && f.set != nil {
		f.table = f.set.tableOf(f.name)
	}
	f.planned, f.plannedTo = f.offset, f.line
	if err := f.parseID(st.ID); err != nil {
		return err
	}
	s.files, s.byIdent[f.ident] = append(s.files, f), f
	return nil
}

// planAgain takes the pieces that an earlier run wrote down and that the checkpoint
// does not know. What all trails hold of them is passed, the rest comes again.
func (s *Source) planAgain() error {
	pass, again, err := s.order.Resume(s.csn, s.cfg.Bounds)
	if err != nil {
		return ggserr.New(ggserr.SourceLost, err.Error()).Do("%s", ledger.Advice)
	}
	for _, p := range pass {
		if err := s.passPiece(p); err != nil {
			return err
		}
	}
	for _, p := range again {
		if f := s.byPiece(p); f != nil {
			f.planned = max(f.planned, p.To)
			f.plannedTo += p.Lines
		}
	}
	s.replay, s.pass = again, nil // the look does not know of the pieces
	return nil
}

// byPiece finds the file of a piece among those that are there.
func (s *Source) byPiece(p ledger.Piece) *file {
	var id ident
	if _, err := fmt.Sscanf(p.Stream, "%d:%d", &id.ino, &id.born); err != nil {
		return nil
	}
	return s.byIdent[id]
}

// passPiece goes behind a piece that the trails hold.
func (s *Source) passPiece(p ledger.Piece) error {
	s.csn, s.last = p.CSN, p.Name
	f := s.byPiece(p)
	if f == nil || f.gone {
		return nil
	}
	f.planned, f.plannedTo = p.To, f.plannedTo+p.Lines
	if f.size < p.To {
		return f.changed(f.size)
	}
	err := s.open(f)
	if err == nil {
		f.prints, err = f.printsAt(p.To)
	}
	if err != nil {
		return f.unreadable(err)
	}
	f.offset, f.line, f.text = f.planned, f.plannedTo, nil
	return nil
}

func (s *Source) newTables() {
	cfg := payload.Config{Source: checkpoint.DirectoryStreams, Declared: s.cfg.Declared,
		Keep: func(d payload.Definition) error { return s.order.AddTable(ledger.Table(d)) }}
	for _, t := range s.order.Tables() {
		cfg.Found = append(cfg.Found, payload.Definition(t))
	}
	s.tables = payload.NewTables(cfg)
}

func (s *Source) path(name string) string { return filepath.Join(s.cfg.Path, name) }

// restart is the restart text of what was handed out.
func (s *Source) restart() string {
	st := checkpoint.Streams{Kind: checkpoint.DirectoryStreams, CSN: s.csn, Last: s.last}
	s.text = st.AppendHead(s.text[:0])
	first := true
	for _, f := range s.files {
		if f.offset == 0 {
			continue
		}
		if !first {
			s.text = append(s.text, ',')
		}
		first = false
		if f.text == nil {
			stream := f.stream()
			f.text = checkpoint.AppendStream(nil, &stream)
		}
		s.text = append(s.text, f.text...)
	}
	s.text = checkpoint.AppendTail(s.text)
	return string(s.text)
}

// Position is where reading stands, before the first Next too.
func (s *Source) Position() (record.Txn, bool) { return s.progress(), true }

func (s *Source) progress() record.Txn {
	return record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: s.csn},
		CommitTime: s.cfg.Now().UTC()}, Restart: s.restart()}
}

// Next returns the next lines of a file, io.EOF when there are none.
func (s *Source) Next(ctx context.Context) (*record.Txn, error) {
	if s.closed {
		return nil, fmt.Errorf("directory %s: %w", s.cfg.Path, fs.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.tell {
		s.tell = false
		txn := s.progress()
		return &txn, nil
	}
	if len(s.ready) == 0 {
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
	if len(s.ready) == 0 {
		return nil, io.EOF
	}
	b := s.ready[0]
	s.ready = s.ready[1:]
	return s.hand(b), nil
}

// fill reads what comes next: pieces of an earlier run, else what a look finds.
func (s *Source) fill() error {
	if s.failed != nil {
		return s.failed
	}
	if cap(s.arena) > 2*roundBytes {
		s.arena = nil
	}
	s.arena, s.ready = s.arena[:0], s.ready[:0]
	if len(s.replay) > 0 {
		return s.again()
	}
	if len(s.pass) == 0 {
		if err := s.look(); err != nil {
			return err
		}
	}
	return s.round()
}

// hand makes a transaction of a batch.
func (s *Source) hand(b batch) *record.Txn {
	f := b.file
	f.offset, f.line, f.prints, f.text = b.To, b.line+b.Lines, b.prints, nil
	s.csn, s.last, s.wait = b.CSN, f.name, minPoll
	txn := &record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: b.CSN}, CommitTime: b.Time,
		XID: fmt.Sprintf("%s:%d", b.Name, b.From)}, Restart: s.restart()}
	s.ops = rows{source: s, batch: b, data: b.data}
	if b.rows > 0 {
		txn.Ops = &s.ops
	}
	return txn
}

// Wait returns when something came, or ctx ends.
func (s *Source) Wait(ctx context.Context) error {
	timer := time.NewTimer(s.wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		if err := s.look(); err != nil || len(s.pass) > 0 {
			return err
		}
		s.wait = min(s.wait*3/2, maxPoll)
		timer.Reset(s.wait)
	}
}

// Confirm tells that everything up to a restart position is durable elsewhere.
func (s *Source) Confirm(_ context.Context, restart string) error {
	csn, err := checkpoint.StreamsCSN(restart)
	if err != nil {
		return err
	}
	return s.order.Forget(csn)
}

// Close ends reading.
func (s *Source) Close() error {
	s.closed = true
	for len(s.handles) > 0 {
		s.shut(s.handles[0])
	}
	return s.order.Close()
}
