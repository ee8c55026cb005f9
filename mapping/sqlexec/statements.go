package sqlexec

import (
	"context"
	"errors"
	"time"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/param"
)

// Statements are the SQLEXEC statements outside TABLE and MAP. Those of the start are to
// be executed whenever the session is opened, as they may set it up.
type Statements struct {
	list []param.Standalone
	due  []time.Time // of each statement with EVERY
	log  Log
}

// Read reads the statements of a parameter file; what has EVERY is due that long after
// now.
func Read(f *param.File, log Log, now time.Time) (*Statements, error) {
	list, err := param.ReadStandalone(f)
	if err != nil {
		return nil, err
	}
	s := &Statements{list: list, due: make([]time.Time, len(list)), log: log}
	for i := range list {
		s.due[i] = now.Add(list[i].Every)
	}
	return s, nil
}

// First is the place of the first statement; ok is false when there is none.
func (s *Statements) First() (at ggserr.Location, ok bool) {
	if len(s.list) == 0 {
		return at, false
	}
	return s.list[0].Pos, true
}

// AtStart executes what stands for the start, in the order of the file.
func (s *Statements) AtStart(ctx context.Context, q handler.Querier) error {
	for i := range s.list {
		if st := &s.list[i]; st.Every == 0 && !st.OnExit {
			if err := s.execute(ctx, q, st); err != nil {
				return err
			}
		}
	}
	return nil
}

// OnSchedule executes what is due by EVERY.
func (s *Statements) OnSchedule(ctx context.Context, now time.Time, q handler.Querier) error {
	for i := range s.list {
		st := &s.list[i]
		if st.Every == 0 || now.Before(s.due[i]) {
			continue
		}
		s.due[i] = now.Add(st.Every)
		if err := s.execute(ctx, q, st); err != nil {
			return err
		}
	}
	return nil
}

// NextDue is when OnSchedule has something to do next; ok is false when it never has.
func (s *Statements) NextDue() (next time.Time, ok bool) {
	for i := range s.list {
		if s.list[i].Every > 0 && (!ok || s.due[i].Before(next)) {
			next, ok = s.due[i], true
		}
	}
	return next, ok
}

// AtExit executes what stands for the end of the run. lost says that the session is not
// there any more.
func (s *Statements) AtExit(ctx context.Context, q handler.Querier, lost bool) error {
	for i := range s.list {
		st := &s.list[i]
		if !st.OnExit {
			continue
		}
		if lost {
			return ggserr.New(ggserr.SQLFailed, "SQLEXEC ONEXIT: the database is away")
		}
		if err := s.execute(ctx, q, st); err != nil {
			return err
		}
	}
	return nil
}

// execute runs one statement and obeys its ERROR option.
func (s *Statements) execute(ctx context.Context, q handler.Querier, st *param.Standalone) error {
	answer, err := q.Query(ctx, handler.Query{Text: st.Text, Limit: perSchedule})
	if err == nil {
		s.log.Line("SQLEXEC: %d rows: %s", answer.Rows, st.Text)
		return nil
	}
	var failed *handler.ApplyError
	if !errors.As(err, &failed) || failed.Class == handler.Connection {
		return err
	}
	switch st.Error {
	case "IGNORE":
		return nil
	case "REPORT":
		s.log.Event(ggserr.New(ggserr.ApplyWarning, "SQLEXEC: "+failed.Error()))
		return nil
	}
	return ggserr.New(ggserr.SQLFailed, "SQLEXEC: "+failed.Error()).At(st.Pos.File, st.Pos.Line,
		st.Pos.Column)
}
