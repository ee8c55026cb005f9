package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/handler"
	"ggsh/props"
	"ggsh/record"
)

// writer makes messages of operations and hands them to the session.
type writer struct {
	set    *settings
	link   *session
	topics map[string]*topic
	slab   slab
	report func(*kgo.Record, error) // the session's, once

	name    []byte // scratch: the name of a topic
	waiting int    // bytes handed over and not yet written
	narrow  int    // the smallest batch limit of the topics among them

	schemas *schemas
	txn     transaction
}

// transaction gathers the operations of a source transaction in mode=tx.
type transaction struct {
	body []byte
	tail record.Change // the last operation, without its images
	op   int
}

func newWriter(set *settings, link *session) (*writer, error) {
	w := &writer{set: set, link: link, topics: map[string]*topic{}, report: link.sent}
	var err error
	w.schemas, err = newSchemas(set)
	return w, err
}

// begin starts a Kafka transaction.
func (w *writer) begin() {
	w.slab.reuse()
	w.waiting, w.narrow = 0, 0
	w.txn.body = w.txn.body[:0]
}

// forget undoes what was remembered of a transaction that was rolled back.
func (w *writer) forget() {
	w.begin()
	w.schemas.forget()
	clear(w.topics) // one of them may be gone
}

// messageOverhead is more than what Kafka's frames add to a message and its batch.
const messageOverhead = 128

// inFlight is how many bytes are handed over before they are waited for.
const inFlight = 32 << 20

// change writes one operation, the batch's n-th.
func (w *writer) change(ctx context.Context, c *record.Change, n int) error {
	if w.set.byTransaction {
		return w.gather(ctx, c, n)
	}
	to, err := w.topicOf(ctx, c)
	if err != nil {
		return err
	}
	if err := w.publish(ctx, c, n); err != nil {
		return err
	}
	mark := w.slab.mark()
	r, err := w.compose(ctx, c, to)
	if err == nil && r == nil {
		w.slab.back(mark)
		return nil // the format has nothing to say of it
	}
	if err == nil {
		err = w.fits(r, c)
	}
	if err != nil {
		w.slab.back(mark)
		return err
	}
	return w.send(ctx, r, to, n)
}

// compose makes the message of an operation.
func (w *writer) compose(ctx context.Context, c *record.Change, to *topic) (*kgo.Record, error) {
	buf := w.slab.bytes()
	start := len(buf)
	buf, err := w.schemas.appendID(ctx, buf, c, to)
	if err != nil {
		return nil, err
	}
	body := len(buf)
	if buf, err = w.set.format.Append(buf, c); err != nil {
		return nil, rowError(err)
	}
	if len(buf) == body {
		return nil, nil
	}
	value := w.slab.keep(buf, start)
	var key []byte
	if w.set.messageKey != nil {
		buf = w.slab.bytes()
		start = len(buf)
		if buf, err = w.set.messageKey.Append(buf, w.set.env, c); err != nil {
			return nil, rowError(fmt.Errorf("%s: %w", w.set.property("keyMappingTemplate"), err))
		}
		key = w.slab.keep(buf, start)
	}
	r := w.slab.record()
	r.Topic, r.Key, r.Value = to.name, key, value
	r.Headers, err = w.headersOf(c)
	return r, err
}

// headersOf prints metaHeadersTemplate.
func (w *writer) headersOf(c *record.Change) ([]kgo.RecordHeader, error) {
	if len(w.set.headers) == 0 {
		return nil, nil
	}
	headers := w.slab.headers(len(w.set.headers))
	for i := range w.set.headers {
		h := &w.set.headers[i]
		buf := w.slab.bytes()
		start := len(buf)
		buf, err := h.Append(buf, w.set.env, c)
		if errors.Is(err, props.ErrNotText) {
			buf, err = appendList(buf[:start], h.Keyword, c)
		}
		if err != nil {
			return nil, rowError(fmt.Errorf("%s: ${%s}: %w", w.set.property("metaHeadersTemplate"),
				h.Keyword, err))
		}
		headers[i] = kgo.RecordHeader{Key: h.Name, Value: w.slab.keep(buf, start)}
	}
	return headers, nil
}

// invalidRecord is Kafka's number for a record that cannot be written as it is;
// REPERROR finds what a format cannot carry by it.
var invalidRecord = int(kerr.InvalidRecord.Code)

// rowError makes an error of an operation of what a format or template says.
func rowError(err error) error {
	var known *handler.ApplyError
	if errors.As(err, &known) {
		return err
	}
	return (&handler.ApplyError{Class: handler.Row, Op: -1, Code: invalidRecord,
		Text: err.Error()}).Because(err)
}

// fits checks a message against max.request.size.
func (w *writer) fits(r *kgo.Record, c *record.Change) error {
	size := sizeOf(r)
	if limit := w.set.client.MaxRequestSize; size > limit {
		return tooLarge(w.set, "table "+c.Def.FullName()+": a message for topic "+r.Topic, size,
			fmt.Sprintf("max.request.size=%d of the producer", limit))
	}
	return nil
}

// tooLarge explains a message that is too large, and for whom.
func tooLarge(set *settings, what string, size int, limit string) error {
	return &handler.ApplyError{Class: handler.Row, Op: -1, Code: int(kerr.MessageTooLarge.Code),
		Text: fmt.Sprintf("%s has %d bytes, more than %s allows. Raise max.request.size in %s and "+
			"max.message.bytes of the topic (its readers then need max.partition.fetch.bytes), or leave "+
			"the large column out with COLSEXCEPT", what, size, limit, set.producerFile)}
}

func sizeOf(r *kgo.Record) int {
	size := messageOverhead + len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		size += len(h.Key) + len(h.Value) + 10
	}
	return size
}

// send hands a message over. The broker refuses batches above the topic's
// limit: where the producer's own is higher, no more than that is under way at
// once, and a message above it goes alone, since compressed it may fit.
func (w *writer) send(ctx context.Context, r *kgo.Record, to *topic, n int) error {
	size := sizeOf(r)
	narrow := w.narrow
	if to.limit < w.set.client.MaxRequestSize && (narrow == 0 || to.limit < narrow) {
		narrow = to.limit
	}
	if w.waiting > 0 && (w.waiting+size > inFlight || narrow > 0 && w.waiting+size > narrow) {
		var err error
		if r, err = w.wait(ctx, r); err != nil {
			return err
		}
	}
	w.waiting += size
	w.narrow = narrow
	w.slab.sends(n)
	w.link.client.Produce(ctx, r, w.report)
	return nil
}

// wait waits for what was handed over. The message that is next is made anew,
// since the slab is used again.
func (w *writer) wait(ctx context.Context, next *kgo.Record) (*kgo.Record, error) {
	if err := w.settle(ctx); err != nil {
		return nil, err
	}
	copied := kgo.Record{Topic: next.Topic, Key: bytes.Clone(next.Key), Value: bytes.Clone(next.Value)}
	for _, h := range next.Headers {
		copied.Headers = append(copied.Headers, kgo.RecordHeader{Key: h.Key, Value: bytes.Clone(h.Value)})
	}
	w.waiting, w.narrow = 0, 0
	w.slab.reuse()
	r := w.slab.record()
	*r = copied
	return r, nil
}

// flush waits for everything that was handed over.
func (w *writer) flush(ctx context.Context) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	w.waiting, w.narrow = 0, 0
	w.slab.reuse()
	return nil
}

// settle waits, and explains the first message that was not written.
func (w *writer) settle(ctx context.Context) error {
	if err := w.link.flush(ctx); err != nil {
		return err
	}
	failures := w.link.failed()
	if len(failures) == 0 {
		return nil
	}
	return w.explain(failures)
}

// explain gives the error of the first message that was not written. One of
// several that the broker refused together is not to blame.
func (w *writer) explain(failures []sendFailure) error {
	first := failures[0]
	r := first.record
	if !errors.Is(first.err, kerr.MessageTooLarge) {
		trouble := w.link.topicTrouble(first.err, r.Topic)
		if classOf(trouble.Kind) == handler.Row {
			return (&handler.ApplyError{Class: handler.Row, Op: w.slab.op(r), Code: trouble.Code,
				Text: trouble.Text}).Because(first.err)
		}
		return trouble
	}
	together := 0
	for _, f := range failures {
		if f.record.Topic == r.Topic && f.record.Partition == r.Partition {
			together++
		}
	}
	if together > 1 {
		return &handler.ApplyError{Class: handler.Setup, Op: -1, Code: int(kerr.MessageTooLarge.Code),
			Text: fmt.Sprintf("topic %s: the broker refuses a batch of %d messages as too large, and does "+
				"not tell max.message.bytes of the topic. Allow DescribeConfigs on it, or set "+
				"max.request.size in %s to what it takes", r.Topic, together, w.set.producerFile)}
	}
	limit := "max.message.bytes of the topic"
	if to := w.topics[r.Topic]; to != nil {
		limit += fmt.Sprintf(" (%d, after compression)", to.limit)
	}
	err := tooLarge(w.set, "a message for topic "+r.Topic, sizeOf(r), limit)
	err.(*handler.ApplyError).Op = w.slab.op(r)
	return err
}

// topicOf gives the topic of an operation.
func (w *writer) topicOf(ctx context.Context, c *record.Change) (to *topic, err error) {
	w.name, err = w.set.topic.Append(w.name[:0], w.set.env, c)
	if err != nil {
		return nil, rowError(fmt.Errorf("%s: %w", w.set.property("topicMappingTemplate"), err))
	}
	if to = w.topics[string(w.name)]; to != nil {
		return to, nil
	}
	if !validTopic(w.name) {
		return nil, badTopic(w.set, w.name, c.Def.FullName())
	}
	if to, err = w.link.openTopic(ctx, string(w.name)); err != nil {
		return nil, err
	}
	w.topics[to.name] = to
	return to, nil
}

// position writes the group's position as the last message of a transaction.
func (w *writer) position(ctx context.Context, at *handler.Checkpoint) error {
	if len(w.txn.body) > 0 {
		if err := w.whole(ctx, &w.txn.tail, w.txn.op); err != nil {
			return err
		}
	}
	buf := w.slab.bytes()
	start := len(buf)
	r := w.slab.record()
	r.Topic, r.Key = w.set.checkpoints, []byte(w.set.key)
	r.Value = w.slab.keep(appendPosition(buf, w.set, at, time.Now()), start)
	return w.send(ctx, r, &topic{name: r.Topic, limit: w.set.client.MaxRequestSize}, -1)
}

// committed is told that all of it is durable.
func (w *writer) committed() { w.schemas.committed() }

// gather adds an operation to its source transaction's message, and sends that
// with the last one.
func (w *writer) gather(ctx context.Context, c *record.Change, n int) error {
	t := &w.txn
	if err := w.publish(ctx, c, n); err != nil {
		return err
	}
	before := len(t.body)
	body, err := w.set.format.Append(t.body, c)
	if err != nil {
		return rowError(err)
	}
	if limit := w.set.client.MaxRequestSize; len(body)+messageOverhead > limit {
		t.body = body[:before]
		return tooLarge(w.set, "table "+c.Def.FullName()+": the message of source transaction "+
			c.Txn.XID+" (mode=tx)", len(body)+messageOverhead,
			fmt.Sprintf("max.request.size=%d of the producer", limit))
	}
	t.body, t.op = body, n
	if c.Last {
		return w.whole(ctx, c, n)
	}
	t.tail = *c
	t.tail.Op = record.Op{Type: c.Op.Type}
	return nil
}

// whole sends the message of a source transaction, whose last operation is c.
func (w *writer) whole(ctx context.Context, c *record.Change, n int) error {
	body := w.txn.body
	w.txn.body = w.txn.body[:0]
	if len(body) == 0 {
		return nil
	}
	to, err := w.topicOf(ctx, c)
	if err != nil {
		return err
	}
	buf := w.slab.bytes()
	start := len(buf)
	value := w.slab.keep(append(buf, body...), start)
	r := w.slab.record()
	r.Topic, r.Value = to.name, value
	if r.Headers, err = w.headersOf(c); err != nil {
		return err
	}
	return w.send(ctx, r, to, n)
}

// publish sends the schema of a table that is new, or anew, to schemaTopicName.
func (w *writer) publish(ctx context.Context, c *record.Change, n int) error {
	if w.schemas.known(c.Def) {
		return nil
	}
	messages, err := w.schemas.messages(c.Def)
	if err != nil {
		return rowError(err)
	}
	for _, m := range messages {
		to := w.topics[w.set.schemaTopic]
		if to == nil {
			if to, err = w.link.openTopic(ctx, w.set.schemaTopic); err != nil {
				return err
			}
			w.topics[to.name] = to
		}
		r := w.slab.record()
		r.Topic, r.Key, r.Value = to.name, []byte(m.key), m.value
		if err := w.send(ctx, r, to, n); err != nil {
			return err
		}
	}
	w.schemas.sent(c.Def)
	return nil
}

// appendList prints meta columns that are more than a text, as JSON.
func appendList(dst []byte, keyword string, c *record.Change) ([]byte, error) {
	switch keyword {
	case "primarykeycolumns":
		names := []string{}
		for _, k := range c.Def.Key {
			names = append(names, c.Def.Columns[k].Name)
		}
		return appendJSON(dst, names)
	case "alltokens":
		pairs, err := c.Op.Tokens.Pairs()
		if err != nil {
			return dst, err
		}
		tokens := map[string]string{}
		for _, p := range pairs {
			tokens[p[0]] = p[1]
		}
		return appendJSON(dst, tokens)
	}
	return dst, fmt.Errorf("it has no form as a header")
}
