package logdump

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"ggsh/record"
	"ggsh/trail"
)

// read gives the next entry; transactions' frames are passed over.
func (s *Session) read() (*entry, error) {
	for {
		rec, err := s.file.Next()
		if err != nil {
			return nil, err
		}
		if rec.Type == trail.TypeTxn {
			continue
		}
		e := classify(rec)
		return &e, nil
	}
}

// stopped explains why reading stopped: the end, or a bad record.
func (s *Session) stopped(err error) error {
	var ce *trail.CorruptError
	switch {
	case err == io.EOF:
		s.printf("End of file at RBA %d\n", s.file.RBA())
		return nil
	case errors.As(err, &ce):
		return fmt.Errorf("bad record found at RBA %d: %s. SFH finds the next good one",
			ce.RBA, ce.Cause)
	}
	return err
}

// scan reads until want says yes, prints that entry, or says why none was found.
func (s *Session) scan(ctx context.Context, want func(*entry) bool) (found bool, err error) {
	if err := s.needFile(); err != nil {
		return false, err
	}
	suppressed := 0
	for i := 0; ; i++ {
		if i%1024 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		e, err := s.read()
		if err != nil {
			s.suppressed(suppressed)
			return false, s.stopped(err)
		}
		if !s.filter.admits(e) {
			suppressed++
			continue
		}
		if want(e) {
			s.suppressed(suppressed)
			s.print(e)
			return true, nil
		}
	}
}

// find is scan for commands that have nothing to add.
func (s *Session) find(ctx context.Context, want func(*entry) bool) error {
	_, err := s.scan(ctx, want)
	return err
}

func (s *Session) suppressed(n int) {
	if n > 0 {
		s.printf("Filtering suppressed %d records\n", n)
	}
}

func (s *Session) next(ctx context.Context, args []string) error {
	n := uint64(1)
	if len(args) > 0 {
		var err error
		if n, err = number(args[0]); err != nil {
			return err
		}
	}
	for range n {
		found, err := s.scan(ctx, func(*entry) bool { return true })
		if err != nil || !found {
			return err
		}
	}
	return nil
}

func (s *Session) skip(_ context.Context, args []string) error {
	word, err := argument(args, "SKIP n")
	if err != nil {
		return err
	}
	if err := s.needFile(); err != nil {
		return err
	}
	n, err := number(word)
	if err != nil {
		return err
	}
	for range n {
		if _, err := s.read(); err != nil {
			return s.stopped(err)
		}
	}
	s.printf("Reading forward from RBA %d\n", s.file.RBA())
	return nil
}

// follow shows records as the writer appends them, across files, until the
// session is interrupted or n were shown.
func (s *Session) follow(ctx context.Context, args []string) error {
	if err := s.needFile(); err != nil {
		return err
	}
	most := uint64(0)
	if len(args) > 0 {
		var err error
		if most, err = number(args[0]); err != nil {
			return err
		}
	}
	name, seqno, err := trail.ParseFile(s.file.Path())
	if err != nil {
		return err
	}
	keys, err := s.keys(s.file.Path())
	if err != nil {
		return err
	}
	r, err := trail.OpenReader(name, trail.Position{Seqno: seqno, RBA: s.file.RBA()},
		trail.ReaderOptions{Keys: keys})
	if err != nil {
		return err
	}
	defer r.Close()
	for shown := uint64(0); most == 0 || shown < most; {
		rec, err := r.Next()
		if err == io.EOF {
			if err := s.out.Flush(); err != nil {
				return err
			}
			if err := r.Wait(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if rec.Type == trail.TypeTxn {
			continue
		}
		if rec.Pos.Seqno != seqno {
			seqno = rec.Pos.Seqno
			if err := s.openPath(name.File(seqno)); err != nil {
				return err
			}
		}
		if e := classify(rec); s.filter.admits(&e) {
			s.print(&e)
			shown++
		}
	}
	_, _, err = s.file.Seek(r.Position().RBA)
	return err
}

func (s *Session) scanHeader(_ context.Context, args []string) error {
	if err := s.needFile(); err != nil {
		return err
	}
	at := s.file.RBA()
	before, after, err := s.file.Seek(at)
	if err != nil {
		return err
	}
	if len(args) > 0 && strings.EqualFold(args[0], "PREV") {
		if at == 0 {
			return errors.New("this is the first record")
		}
		if before, _, err = s.file.Seek(at - 1); err != nil {
			return err
		}
		after = before
	} else if before == at {
		after = at
	}
	if _, _, err := s.file.Seek(after); err != nil {
		return err
	}
	if e, err := s.file.Next(); err == nil && e.Type != trail.TypeTxn {
		entry := classify(e)
		s.print(&entry)
	}
	return s.goTo(after)
}

func (s *Session) scanTime(ctx context.Context, args []string) error {
	t, err := s.readTime(args)
	if err != nil {
		return err
	}
	return s.find(ctx, func(e *entry) bool { return !e.time().IsZero() && !e.time().Before(t) })
}

func (s *Session) scanType(ctx context.Context, args []string) error {
	word, err := argument(args, "SCANFORTYPE type, a name or number of SHOW RECTYPE")
	if err != nil {
		return err
	}
	want, err := parseType(word)
	if err != nil {
		return err
	}
	return s.find(ctx, func(e *entry) bool { return e.kind.number == want })
}

// parseType reads a record type's name or number.
func parseType(word string) (int, error) {
	for _, t := range recTypes() {
		if strings.EqualFold(word, t.name) || word == fmt.Sprint(t.number) {
			return t.number, nil
		}
	}
	return 0, fmt.Errorf("no record type %s: SHOW RECTYPE lists them", word)
}

func (s *Session) scanEndTrans(ctx context.Context, _ []string) error {
	found, err := s.scan(ctx, func(e *entry) bool {
		return e.rec.Type == trail.TypeOp && e.rec.Flags&trail.FlagLast != 0
	})
	if found {
		s.printf("End of transaction found; next RBA %d\n", s.file.RBA())
	}
	return err
}

func (s *Session) scanNextTrans(ctx context.Context, _ []string) error {
	return s.find(ctx, func(e *entry) bool {
		return e.rec.Type == trail.TypeOp && e.rec.Flags&trail.FlagFirst != 0
	})
}

func (s *Session) scanRBA(ctx context.Context, args []string) error {
	word, err := argument(args, "SCANFORRBA rba")
	if err != nil {
		return err
	}
	rba, err := number(word)
	if err != nil {
		return err
	}
	if err := s.needFile(); err != nil {
		return err
	}
	if _, _, err := s.file.Seek(0); err != nil {
		return err
	}
	return s.find(ctx, func(e *entry) bool { return e.rec.Pos.RBA >= rba })
}

func (s *Session) scanMetadata(ctx context.Context, _ []string) error {
	return s.find(ctx, func(e *entry) bool { return e.rec.Type == trail.TypeTable })
}

// metadata shows the definitions that stand before the present place.
func (s *Session) metadata(_ context.Context, args []string) error {
	if err := s.needFile(); err != nil {
		return err
	}
	at := s.file.RBA()
	if _, _, err := s.file.Seek(0); err != nil {
		return err
	}
	seen := map[string]bool{}
	for s.file.RBA() < at {
		rec, err := s.file.Next()
		if err != nil {
			break
		}
		if rec.Type != trail.TypeTable || seen[string(rec.Body)] {
			continue
		}
		seen[string(rec.Body)] = true
		name := rec.Table.FullName()
		if len(args) > 0 && !matchName(args[0], name) {
			continue
		}
		s.printf("%s  (TDR Index: %d)\n", name, rec.Table.ID)
		s.printTable(rec.Table)
	}
	_, _, err := s.file.Seek(at)
	return err
}

// opText names an operation for counting, GoldenGate's way.
func opText(op *record.Op) string {
	switch op.Type {
	case record.Insert:
		return "Insert"
	case record.Delete:
		return "Delete"
	case record.Update:
		return "Update"
	case record.PKUpdate:
		return "PKUpdate"
	case record.Truncate:
		return "Truncate"
	}
	return op.Type.String()
}
