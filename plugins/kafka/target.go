package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"ggsh/handler"
	"ggsh/kafkaclient"
	"ggsh/record"
)

// target is the handler of one group.
type target struct {
	set     *settings
	link    *session
	changes *handler.Changes
	rules   map[uint32][]handler.Rule
	write   *writer
	tables  []uint32                  // of this batch's operations
	skipped map[int]handler.Exception // those that a rule lets pass

	// A source transaction in parts keeps its Kafka transaction open.
	began time.Time     // when it was opened
	busy  time.Duration // what its calls have taken of that
}

func newTarget() *target { return &target{} }

// Describe says what the handler can do.
func (t *target) Describe() handler.Description {
	return handler.Description{Name: "kafka", Version: "1.0", Transactional: true, Continues: true,
		Origins: true}
}

// openTime bounds Open: connecting, fencing, and reading the position.
const openTime = time.Minute

// Open takes the group's identity over from whoever had it, and tells where
// the committed messages end.
func (t *target) Open(ctx context.Context, cfg handler.Config) (*handler.Opened, error) {
	t.drop()
	set, err := load(cfg)
	if err != nil {
		return nil, setupError(err)
	}
	t.set = set
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if t.link, err = connect(ctx, set); err != nil {
		return nil, t.openError(err)
	}
	product := t.link.product(ctx)
	at, err := t.link.position(ctx, cfg.Reset)
	if err != nil {
		t.drop()
		return nil, t.openError(err)
	}
	t.changes, t.rules = handler.NewChanges(), map[uint32][]handler.Rule{}
	if t.write, err = newWriter(set, t.link); err != nil {
		t.drop()
		return nil, setupError(err)
	}
	return &handler.Opened{Checkpoint: at, Product: product, Charset: "UTF-8"}, nil
}

// Table answers for nobody: what topics hold has no definition beforehand.
func (t *target) Table(_ context.Context, name handler.TableName) (*record.TableDef, error) {
	return nil, &handler.NoTableError{Name: name}
}

// Close ends the connection; what is open is rolled back.
func (t *target) Close() error {
	if t.link != nil && t.link.open {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		// Whoever opens next rolls it back if this does not.
		_ = t.link.abort(ctx)
	}
	t.drop()
	return nil
}

// drop gives the connection up, whatever state it is in.
func (t *target) drop() {
	if t.link != nil {
		t.link.close()
	}
	t.link = nil
}

// Apply writes the batch's messages and the position and commits them; of a
// batch with More, it only writes.
func (t *target) Apply(ctx context.Context, b *handler.Batch) (*handler.Applied, error) {
	if t.link == nil {
		return nil, &handler.ApplyError{Class: handler.Connection, Op: -1,
			Text: "no connection to Kafka: it was given up after an error; the handler must be opened anew"}
	}
	for _, use := range b.Tables {
		t.rules[use.ID] = use.Rules
	}
	ctx, cancel := context.WithTimeout(ctx, t.set.client.DeliveryTimeout)
	defer cancel()
	parts := t.link.open // some were written before
	t.skipped = map[int]handler.Exception{}
	started := time.Now()
	err := t.apply(ctx, b)
	for err != nil && !parts && t.redoable(ctx, err) {
		err = t.apply(ctx, b)
	}
	t.busy += time.Since(started)
	if err != nil {
		return nil, t.undo(err)
	}
	applied := &handler.Applied{Notes: t.set.notes}
	t.set.notes = nil
	for _, op := range slices.Sorted(maps.Keys(t.skipped)) {
		applied.Exceptions = append(applied.Exceptions, t.skipped[op])
	}
	return applied, nil
}

// redoable reports whether an operation that the broker has refused may be left
// out, and rolls back what was written with it.
func (t *target) redoable(ctx context.Context, err error) bool {
	failure := t.failure(err)
	if t.rate(failure) == "" || t.link.abort(ctx) != nil {
		return false
	}
	t.write.forget()
	t.skip(failure)
	return true
}

func (t *target) apply(ctx context.Context, b *handler.Batch) error {
	if !t.link.open {
		t.began, t.busy = time.Now(), 0
		if err := t.link.begin(ctx); err != nil {
			return err
		}
		t.write.begin()
	}
	t.changes.Reset(b)
	t.tables = t.tables[:0]
	for n := 0; ; n++ {
		c, err := t.changes.Next()
		if err != nil {
			return &handler.ApplyError{Class: handler.Setup, Op: n, Text: err.Error()}
		}
		if c == nil {
			break
		}
		t.tables = append(t.tables, c.Op.Table)
		if _, skip := t.skipped[n]; skip {
			continue
		}
		if err := t.write.change(ctx, c, n); err != nil {
			failure := t.failure(err)
			if failure.Class == handler.Row && failure.Op < 0 {
				failure.Op = n
			}
			// What went out before is not this operation's.
			if failure.Op != n || t.rate(failure) == "" {
				return failure
			}
			t.skip(failure)
		}
	}
	if b.More {
		return t.write.flush(ctx)
	}
	if err := t.write.position(ctx, &b.Checkpoint); err != nil {
		return err
	}
	if err := t.write.flush(ctx); err != nil {
		return err
	}
	if err := t.link.commit(ctx); err != nil {
		return err
	}
	t.write.committed()
	return nil
}

// rate gives what a rule of the operation's table orders for an error if it is
// for a handler to carry out; empty when it is not.
func (t *target) rate(f *failed) handler.Response {
	if f.Class != handler.Row || f.Op < 0 || f.Op >= len(t.tables) {
		return ""
	}
	for _, rule := range t.rules[t.tables[f.Op]] {
		if !rule.Default && (f.Code < rule.From || f.Code > rule.To) {
			continue
		}
		if rule.Response == handler.Discard || rule.Response == handler.Ignore {
			return rule.Response
		}
		break
	}
	return ""
}

func (t *target) skip(f *failed) {
	t.skipped[f.Op] = handler.Exception{Op: f.Op, Code: f.Code, Text: f.Text, Response: t.rate(f)}
}

// abortTime bounds the undoing of a transaction.
const abortTime = 15 * time.Second

// undo rolls back what was written and gives the error as Replicat needs it.
// Where Kafka does not answer, or the outcome is not known, the connection is
// given up: the next one reads what holds.
func (t *target) undo(err error) error {
	failure := t.failure(err)
	if failure.Class == handler.Connection || failure.over {
		t.drop()
		return failure.ApplyError
	}
	ctx, cancel := context.WithTimeout(context.Background(), abortTime)
	defer cancel()
	if t.link.abort(ctx) != nil {
		t.drop()
	}
	t.write.forget()
	return failure.ApplyError
}

// failed is an error as Replicat needs it.
type failed struct {
	*handler.ApplyError
	over bool // of no use to roll back: Kafka has done so, or another producer has taken over
}

// failure sorts an error.
func (t *target) failure(err error) *failed {
	var known *failed
	if errors.As(err, &known) {
		return known
	}
	var e *handler.ApplyError
	if errors.As(err, &e) {
		return &failed{ApplyError: e}
	}
	trouble := t.set.client.Trouble(err, "write")
	e = &handler.ApplyError{Op: -1, Code: trouble.Code, Class: classOf(trouble.Kind),
		Text: trouble.Text}
	f := &failed{ApplyError: e.Because(err)}
	open := time.Since(t.began)
	switch {
	case t.link != nil && t.link.open && trouble.Code != 0 && open >= t.link.timeout:
		f.over = true
		t.expired(e, open)
	case trouble.Kind == kafkaclient.Fenced:
		f.over = true
		e.Text += ". Another producer has taken over transactional.id " + t.set.client.TransactionalID +
			": a second Replicat of that name runs, or two groups share one transactional.id in " +
			t.set.producerFile + ". Stop one of them"
	}
	return f
}

// expired explains a transaction that Kafka has rolled back by time.
func (t *target) expired(e *handler.ApplyError, open time.Duration) {
	e.Class = handler.Connection
	e.Text = fmt.Sprintf("%s. The transaction was open for %s, longer than transaction.timeout.ms "+
		"(%s), so Kafka has rolled it back", e.Text, open.Round(time.Second), t.link.timeout)
	if t.busy > t.link.timeout/2 {
		// It would be so each time.
		e.Class = handler.Setup
		e.Text += ". The source transaction is too large for this time: set transaction.timeout.ms in " +
			t.set.producerFile + " higher, up to the broker's transaction.max.timeout.ms"
	}
}

// classOf says what Replicat can do about trouble.
func classOf(k kafkaclient.Kind) handler.Class {
	switch k {
	case kafkaclient.Away:
		return handler.Connection
	case kafkaclient.TooLarge, kafkaclient.BadTopic, kafkaclient.Refused:
		return handler.Row
	}
	return handler.Setup
}

// openError is an error of Open.
func (t *target) openError(err error) error {
	trouble := t.set.client.Trouble(err, "open")
	return (&handler.ApplyError{Class: classOf(trouble.Kind), Op: -1, Code: trouble.Code,
		Text: trouble.Text}).Because(err)
}

func setupError(err error) error {
	return (&handler.ApplyError{Class: handler.Setup, Op: -1, Text: err.Error()}).Because(err)
}
