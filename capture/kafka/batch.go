package kafka

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/capture/ledger"
	"ggsh/capture/payload"
	"ggsh/ggserr"
	"ggsh/record"
)

// plan makes batches of all that was fetched, and writes down their order.
func (s *Source) plan() error {
	s.pieces = s.pieces[:0]
	for _, p := range s.parts {
		for len(p.buffer) > 0 {
			b := p.cut(s.cfg.MaxRows)
			s.pieces, s.ready = append(s.pieces, b.Piece), append(s.ready, b)
		}
		s.resumeFetching(p)
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

// cut takes the messages of one transaction off a partition's buffer.
func (p *part) cut(rows int) batch {
	n, size := 0, 0
	for n < len(p.buffer) && n < rows && (n == 0 || size < batchBytes) {
		size += len(p.buffer[n].Key) + len(p.buffer[n].Value)
		n++
	}
	b := p.first(n)
	last := b.records[n-1]
	b.Piece = ledger.Piece{Stream: p.name, Name: p.name, From: p.planned, To: last.Offset + 1,
		Lines: int64(n), Time: last.Timestamp.UTC()}
	if b.Time.Before(time.Unix(0, 0)) {
		b.Time = time.Unix(0, 0).UTC() // producers write -1 for none
	}
	p.planned = b.To
	return b
}

// first takes n messages off the buffer.
func (p *part) first(n int) batch {
	b := batch{part: p, records: p.buffer[:n:n]}
	for _, r := range b.records {
		p.bytes -= len(r.Key) + len(r.Value)
	}
	if p.buffer = p.buffer[n:]; len(p.buffer) == 0 {
		p.buffer = nil
	}
	return b
}

func (s *Source) resumeFetching(p *part) {
	if p.paused && p.bytes <= bufferedBytes/2 {
		s.client.ResumeFetchPartitions(map[string][]int32{p.topic: {p.partition}})
		p.paused = false
	}
}

// again takes the next piece of an earlier run, when its messages are there. Those
// that compaction took meanwhile are in no trail and needed by none.
func (s *Source) again() {
	for len(s.replay) > 0 {
		piece := s.replay[0]
		p := s.byName[piece.Name]
		n := 0
		for n < len(p.buffer) && p.buffer[n].Offset < piece.To {
			n++
		}
		if n == len(p.buffer) && (n == 0 || p.buffer[n-1].Offset < piece.To-1) {
			return // the rest is still to come
		}
		b := p.first(n)
		b.Piece = piece
		s.ready, s.replay = append(s.ready, b), s.replay[1:]
		s.resumeFetching(p)
	}
}

// hand makes a transaction of a batch.
func (s *Source) hand(b batch) *record.Txn {
	b.part.offset, b.part.text = b.To, nil
	s.csn, s.last = b.CSN, b.part.name
	txn := &record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: b.CSN}, CommitTime: b.Time,
		XID: fmt.Sprintf("%s:%d", b.Name, b.From)}, Restart: s.restart()}
	s.ops = rows{source: s, batch: b}
	if slices.ContainsFunc(b.records, isMessage) {
		txn.Ops = &s.ops
	}
	return txn
}

// isMessage tells messages from marks of producers' transactions.
func isMessage(r *kgo.Record) bool { return !r.Attrs.IsControl() }

// rows gives the operations of a batch.
type rows struct {
	source *Source
	batch
	at    int // messages given to the builder
	begun bool
}

// Next gives the next operation; see record.Ops.
func (r *rows) Next() (*record.TableDef, []byte, error) {
	for {
		if !r.begun {
			if r.at == len(r.records) {
				return nil, nil, io.EOF
			}
			r.at++
			if !isMessage(r.records[r.at-1]) {
				continue
			}
			r.part.rows.begin(r.records[r.at-1])
			r.begun = true
		}
		def, body, err := r.part.rows.next()
		if err == nil {
			return def, body, nil
		}
		r.begun = false
		if err == io.EOF {
			continue
		}
		if err := r.refuse(r.records[r.at-1], err); err != nil {
			return nil, nil, err
		}
	}
}

// refuse hands a message that is no row to who takes such messages, or stops.
func (r *rows) refuse(rec *kgo.Record, err error) error {
	var bad *payload.BadRecord
	if !errors.As(err, &bad) {
		return err
	}
	if r.source.cfg.Discard == nil {
		return ggserr.New(ggserr.RecordBad, fmt.Sprintf("partition %s, offset %d: %s", r.part.name,
			rec.Offset, err))
	}
	return r.source.cfg.Discard(Discarded{Partition: r.part.name, Offset: rec.Offset,
		Payload: rec.Value, Reason: err})
}

// builder makes operations of a topic's messages.
type builder struct {
	decoder *payload.Decoder // nil: generic
	def     *record.TableDef
	bytes   bool
	rec     *kgo.Record // of a generic row
	body    []byte
	scratch []byte
}

// newBuilder makes the builder of a topic.
func (s *Source) newBuilder(topic string) (*builder, error) {
	if s.cfg.Generic {
		text, kind := "VARCHAR", record.String
		if s.cfg.Bytes {
			text, kind = "BINARY", record.Bytes
		}
		return &builder{bytes: s.cfg.Bytes, def: s.tables.Fixed(payload.Definition{Schema: s.cfg.Schema,
			Name: topic, Key: []int{0}, Columns: []record.ColumnDef{
				{Name: "id", Kind: record.String, Type: "VARCHAR"},
				{Name: "key", Kind: kind, Type: text, Nullable: true},
				{Name: "payload", Kind: kind, Type: text, Nullable: true},
				{Name: "topic", Kind: record.String, Type: "VARCHAR"},
				{Name: "partition", Kind: record.Int, Type: "INT"},
				{Name: "offset", Kind: record.Int, Type: "BIGINT"},
				{Name: "timestamp", Kind: record.TimestampTZ, Type: "TIMESTAMPTZ", Scale: 3,
					Nullable: true}}})}, nil
	}
	d, err := s.tables.NewDecoder(s.cfg.Format, s.cfg.Schema, topic)
	if err != nil {
		return nil, ggserr.New(ggserr.RecordBad, "topic "+topic+": "+err.Error())
	}
	return &builder{decoder: d}, nil
}

// begin takes a message. One without payload is the mark of a deleted key, and no row.
func (b *builder) begin(r *kgo.Record) {
	if b.decoder == nil {
		b.rec = r
		return
	}
	b.decoder.Begin(r.Value)
}

// next gives the message's next operation, io.EOF behind the last.
func (b *builder) next() (*record.TableDef, []byte, error) {
	if b.decoder != nil {
		return b.decoder.Next()
	}
	r := b.rec
	if r == nil {
		return nil, nil, io.EOF
	}
	b.rec = nil
	b.scratch = append(append(b.scratch[:0], r.Topic...), '_')
	b.scratch = strconv.AppendInt(b.scratch, int64(r.Partition), 10)
	b.scratch = strconv.AppendInt(append(b.scratch, '_'), r.Offset, 10)
	body, start := record.AppendOpHeader(b.body[:0], record.Insert, b.def.ID)
	body, mark := record.BeginImage(body)
	body = record.AppendBytes(body, record.String, b.scratch)
	var err error
	for i, octets := range [][]byte{r.Key, r.Value} {
		if body, err = b.octets(body, b.def.Columns[i+1].Name, octets); err != nil {
			return nil, nil, err
		}
	}
	body = record.AppendText(body, record.String, r.Topic)
	body = record.AppendInt(body, int64(r.Partition))
	body = record.AppendInt(body, r.Offset)
	if r.Timestamp.Before(time.Unix(0, 0)) {
		body = record.AppendNull(body) // producers write -1 for none
	} else {
		body = record.AppendInstant(body, r.Timestamp.UTC())
	}
	record.EndImage(body, start, mark, false)
	b.body = body
	return b.def, body, nil
}

// octets appends key or payload.
func (b *builder) octets(dst []byte, column string, octets []byte) ([]byte, error) {
	switch {
	case octets == nil:
		return record.AppendNull(dst), nil
	case b.bytes:
		return record.AppendBytes(dst, record.Bytes, octets), nil
	case !utf8.Valid(octets):
		return dst, &payload.BadRecord{Table: b.def.FullName(), Column: column,
			Reason: "it is not UTF-8 (TRANLOGOPTIONS PAYLOAD BYTES keeps octets)"}
	}
	return record.AppendBytes(dst, record.String, octets), nil
}
