package extract

import (
	"context"
	"errors"
	"time"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/mapping/expr"
	"ggsh/mapping/sqlexec"
)

// Session is a database that SQLEXEC asks.
type Session interface {
	handler.Querier
	Close() error
}

// database is the database of SQLEXEC and the way back to it when it is away: a lookup
// waits for it, so that a transaction under way need not come again.
type database struct {
	e       *engine
	session Session // nil when it is to be opened
	reached bool    // it was open in this run
	memory  sqlexec.Memory
	asker   sqlexec.Asker // of the operation under way
	txns    uint64        // transactions that were begun
}

// Query executes a statement, as often as it takes to have an answer.
func (d *database) Query(ctx context.Context, q handler.Query) (*handler.Answer, error) {
	backoff, told := minBackoff, ""
	for {
		answer, err := d.try(ctx, q)
		var failed *handler.ApplyError
		if err == nil || !errors.As(err, &failed) || failed.Class != handler.Connection &&
			failed.Class != handler.Conflict {
			return answer, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err.Error() != told {
			told = err.Error()
			d.e.proc.Event(ggserr.New(ggserr.DatabaseMessage, "SQLEXEC: trying again after an error: "+told))
		}
		sleep(ctx, backoff)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

func (d *database) try(ctx context.Context, q handler.Query) (*handler.Answer, error) {
	if err := d.open(ctx); err != nil {
		return nil, err
	}
	answer, err := d.session.Query(ctx, q)
	var failed *handler.ApplyError
	if errors.As(err, &failed) && failed.Class == handler.Connection {
		d.close()
	}
	return answer, err
}

// open logs in and executes what stands for the start. What was reached before in this
// run is waited for.
func (d *database) open(ctx context.Context) error {
	if d.session != nil {
		return nil
	}
	session, err := d.e.cfg.OpenSession(ctx)
	if err != nil {
		if d.reached && ctx.Err() == nil {
			return (&handler.ApplyError{Class: handler.Connection, Op: -1, Text: err.Error()}).Because(err)
		}
		return err
	}
	d.session = session
	if err := d.e.cfg.Statements.AtStart(ctx, session); err != nil {
		d.close()
		return err
	}
	d.reached = true
	return nil
}

func (d *database) close() {
	if d.session == nil {
		return
	}
	if err := d.session.Close(); err != nil {
		d.e.proc.Line("SQLEXEC: close the session: %s", err)
	}
	d.session = nil
}

// beginSQL opens the database of SQLEXEC, if there is something to ask.
func (e *engine) beginSQL(ctx context.Context) error {
	if e.cfg.OpenSession == nil {
		return nil
	}
	e.sql.asker = sqlexec.Asker{Context: ctx, Querier: &e.sql, Memory: &e.sql.memory, Log: e.proc}
	return e.sql.open(ctx)
}

// ask executes the queries of a TABLE for an operation.
func (e *engine) ask(r *route, body []byte, from *expr.Origin) error {
	if len(r.plan.Queries) == 0 {
		return nil
	}
	e.sql.asker.Table = r.plan.Source.FullName()
	return r.plan.Ask(body, from, &e.sql.asker)
}

// beginTxn says that the operations that come next are of a further transaction.
func (d *database) beginTxn() {
	d.txns++
	d.asker.Place = sqlexec.Place{Txn: [2]uint64{d.txns}, Ordinal: -1}
}

// beginOp says that the next operation is to be asked for.
func (d *database) beginOp() { d.asker.Place.Ordinal++ }

// onSchedule executes what is due by EVERY, between transactions.
func (e *engine) onSchedule(ctx context.Context) error {
	if e.cfg.OpenSession == nil {
		return nil
	}
	return e.cfg.Statements.OnSchedule(ctx, e.proc.Now(), &e.sql)
}

// untilDue shortens a wait to the next statement with EVERY.
func (e *engine) untilDue(due time.Time) time.Time {
	if e.cfg.OpenSession == nil {
		return due
	}
	if next, ok := e.cfg.Statements.NextDue(); ok && next.Before(due) {
		return next
	}
	return due
}

// atExit executes what stands for the end of the run, which an order to stop has begun.
// It does not wait for a database that is away.
func (e *engine) atExit(ctx context.Context) error {
	if e.cfg.OpenSession == nil {
		return nil
	}
	return e.cfg.Statements.AtExit(context.WithoutCancel(ctx), e.sql.session, e.sql.session == nil)
}
