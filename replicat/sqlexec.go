package replicat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/param"
)

// standalone are the SQLEXEC statements outside MAP. Those of the start are executed
// whenever the target is opened, as they may set up its session.
type standalone struct {
	statements []param.Standalone
	due        []time.Time // of each statement with EVERY
}

func (r *Replicat) readStandalone() error {
	list, err := param.ReadStandalone(r.p.Params())
	if err != nil {
		return err
	}
	r.sql = standalone{statements: list, due: make([]time.Time, len(list))}
	for i := range list {
		r.sql.due[i] = r.p.Now().Add(list[i].Every)
	}
	return nil
}

// refuse refuses SQL where the handler knows none.
func (s *standalone) refuse(can *handler.Description) error {
	if len(s.statements) == 0 || can.Queries {
		return nil
	}
	at := s.statements[0].Pos
	return ggserr.New(ggserr.BadParameter, "SQLEXEC: handler "+can.Name+" knows no SQL").
		At(at.File, at.Line, at.Column)
}

// atStart executes what stands for the start, in the order of the file.
func (r *Replicat) atStart(ctx context.Context, h handler.Handler) error {
	for i := range r.sql.statements {
		if st := &r.sql.statements[i]; st.Every == 0 && !st.OnExit {
			if err := r.execute(ctx, h, st); err != nil {
				return err
			}
		}
	}
	return nil
}

// onSchedule executes what is due by EVERY; between two parts of a transaction it
// waits.
func (r *Replicat) onSchedule(ctx context.Context, now time.Time) error {
	if r.inParts {
		return nil
	}
	for i := range r.sql.statements {
		st := &r.sql.statements[i]
		if st.Every == 0 || now.Before(r.sql.due[i]) {
			continue
		}
		r.sql.due[i] = now.Add(st.Every)
		if err := r.target.execute(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

// atExit executes what stands for the end of the run.
func (r *Replicat) atExit(ctx context.Context) error {
	for i := range r.sql.statements {
		st := &r.sql.statements[i]
		if !st.OnExit {
			continue
		}
		if r.target.isLost() {
			return ggserr.New(ggserr.SQLFailed, "SQLEXEC ONEXIT: the target is away")
		}
		if err := r.target.execute(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

// execute has the open handler execute a statement.
func (t *target) execute(ctx context.Context, st *param.Standalone) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.r.execute(ctx, t.h, st); err != nil {
		return t.failed(ctx, err)
	}
	return nil
}

// execute runs one statement and obeys its ERROR option.
func (r *Replicat) execute(ctx context.Context, h handler.Handler, st *param.Standalone) error {
	querier, ok := h.(handler.Querier)
	if !ok {
		return fmt.Errorf("handler %s is no Querier", r.set.plugin)
	}
	answer, err := querier.Query(ctx, handler.Query{Text: st.Text})
	if err == nil {
		r.p.Line("SQLEXEC: %d rows: %s", answer.Rows, st.Text)
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
		r.p.Event(ggserr.New(ggserr.ApplyWarning, "SQLEXEC: "+failed.Error()))
		return nil
	}
	return ggserr.New(ggserr.SQLFailed, "SQLEXEC: "+failed.Error()).At(st.Pos.File, st.Pos.Line,
		st.Pos.Column)
}
