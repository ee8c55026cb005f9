package dml

import "context"

// ahead lets the server execute one statement while the arguments of the next are
// bound. Statements still go one by one and in order: the next starts when the one
// before has succeeded.
type ahead struct {
	a       *Applier
	running chan error // nil while none runs
}

// wait gives the outcome of the statement that runs. Nobody else may use the
// connection before it.
func (w *ahead) wait() error {
	if w.running == nil {
		return nil
	}
	err := <-w.running
	w.running = nil
	return err
}

// start executes a statement of several rows with the arguments bound last. The
// next ones are bound in other memory.
func (w *ahead) start(ctx context.Context, s *shape, rows int, args []any) error {
	text := w.a.statement(s, rows)
	if err := w.wait(); err != nil {
		return err
	}
	work := &w.a.work
	work.args, work.otherArgs = work.otherArgs, work.args
	work.arena, work.otherArena = work.otherArena, work.arena
	done, execute := make(chan error, 1), w.a.stmts.exec
	if w.a.dialect.Arrays != nil {
		execute = w.a.stmts.execArrays
	}
	w.running = done
	go func() {
		result, err := execute(ctx, text, args)
		if err == nil {
			err = expectRows(result, rows, s)
		}
		done <- err
	}()
	return nil
}

// end waits for the last statement; the first error counts.
func (w *ahead) end(err error) error {
	if first := w.wait(); first != nil {
		return first
	}
	return err
}
