package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/capture/ledger"
	"ggsh/capture/payload"
	"ggsh/checkpoint"
	"ggsh/ggserr"
	"ggsh/record"
)

// Source reads topics. It is used by one goroutine.
type Source struct {
	cfg    Config
	client *kgo.Client
	admin  *kadm.Client
	order  *ledger.Ledger
	tables *payload.Tables

	parts     []*part
	byName    map[string]*part
	refreshed time.Time

	csn    uint64
	last   string
	replay []ledger.Piece // written down by an earlier run, not handed out yet
	ready  []batch
	pieces []ledger.Piece
	text   []byte
	ops    rows
	tell   bool // where reading begins is still to be told
	closed bool
}

// batch is a piece with its messages.
type batch struct {
	ledger.Piece
	part    *part
	records []*kgo.Record
}

// Open begins reading.
func Open(ctx context.Context, cfg Config) (*Source, error) {
	if err := cfg.check(); err != nil {
		return nil, ggserr.New(ggserr.BadParameter, err.Error())
	}
	s := &Source{cfg: cfg, byName: map[string]*part{}}
	var err error
	if s.order, err = ledger.Open(cfg.Ledger); err != nil {
		return nil, ggserr.New(ggserr.SourceLost, err.Error()).Do("%s", ledger.Advice)
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// start takes the position of an earlier run, or makes the first one, and begins to
// read there.
func (s *Source) start(ctx context.Context) error {
	text := s.cfg.Restart
	if base, again := s.order.Base(s.cfg.Begin.Order); text == "" && again {
		text = base.Text
	}
	s.newTables()
	if err := s.resume(text); err != nil {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	fresh, err := s.discover(ctx)
	if err != nil {
		return err
	}
	begin := Begin{}
	if text == "" {
		begin = s.cfg.Begin
	}
	if err := s.place(ctx, fresh, begin); err != nil {
		return err
	}
	if text == "" {
		if err := s.admit(fresh); err != nil {
			return err
		}
		s.tell, s.csn = true, s.order.Last()
		err = s.order.Restart(s.cfg.Begin.Order, func(uint64) string { return s.restart() })
	} else {
		err = s.planAgain(fresh)
	}
	if err == nil {
		err = s.within(ctx)
	}
	if err == nil {
		s.client.AddConsumePartitions(offsets(s.parts))
		s.refreshed = s.cfg.Now()
	}
	return err
}

// connect opens the client. It reads committed messages only and never chooses an
// offset by itself, whatever the properties say. The marks at the ends of producers'
// transactions are read, too: the offset must not stay before one, or its end by
// retention would look as if a message was lost.
func (s *Source) connect(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	opts := slices.Concat(
		[]kgo.Opt{kgo.FetchMaxBytes(fetchBytes), kgo.MetadataMinAge(time.Second)},
		s.cfg.Client.Opts(),
		[]kgo.Opt{kgo.FetchIsolationLevel(kgo.ReadCommitted()),
			kgo.ConsumeResetOffset(kgo.NoResetOffset()), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{}), kgo.KeepRetryableFetchErrors(),
			kgo.KeepControlRecords()})
	if s.client, err = s.cfg.Client.ConnectAs(ctx, opts...); err != nil {
		return s.cfg.trouble(err, "connect")
	}
	s.admin = kadm.NewClient(s.client)
	return nil
}

// resume takes the partitions and offsets of a restart text. Those of topics that
// nobody wants any more are dropped.
func (s *Source) resume(text string) error {
	if text == "" {
		return nil
	}
	st, ok, err := checkpoint.ParseStreams(text)
	if err == nil && (!ok || st.Kind != checkpoint.KafkaStreams) {
		err = fmt.Errorf("restart position %.80q is not one of Kafka", text)
	}
	s.csn, s.last = st.CSN, st.Last
	for i := 0; err == nil && i < len(st.Streams); i++ {
		known := &st.Streams[i]
		p := &part{name: known.Name, id: known.ID, offset: known.Offset, planned: known.Offset}
		if p.topic, p.partition, err = splitName(known.Name); err == nil && s.cfg.takes(p.topic) {
			err = s.admit([]*part{p})
		}
	}
	if err != nil {
		return ggserr.New(ggserr.SourceLost, err.Error()).Do("ALTER the EXTRACT to a new BEGIN.")
	}
	return nil
}

// planAgain takes the pieces that an earlier run wrote down and that the checkpoint
// does not know. What all trails hold of them is passed, the rest comes again. Pieces
// of topics that nobody wants any more are left out.
func (s *Source) planAgain(fresh []*part) error {
	if err := s.admit(fresh); err != nil {
		return err
	}
	pass, again, err := s.order.Resume(s.csn, s.cfg.Bounds)
	if err != nil {
		return ggserr.New(ggserr.SourceLost, err.Error()).Do("%s", ledger.Advice)
	}
	for _, piece := range pass {
		if p := s.byName[piece.Name]; p != nil {
			p.offset, p.planned, p.text = piece.To, piece.To, nil
			s.csn, s.last = piece.CSN, piece.Name
		}
	}
	for _, piece := range again {
		if p := s.byName[piece.Name]; p != nil {
			p.planned = max(p.planned, piece.To)
			s.replay = append(s.replay, piece)
		}
	}
	return nil
}

func (s *Source) newTables() {
	cfg := payload.Config{Source: checkpoint.KafkaStreams, Declared: s.cfg.Declared,
		Keep: func(d payload.Definition) error { return s.order.AddTable(ledger.Table(d)) }}
	for _, t := range s.order.Tables() {
		cfg.Found = append(cfg.Found, payload.Definition(t))
	}
	s.tables = payload.NewTables(cfg)
}

// restart is the restart text of what was handed out.
func (s *Source) restart() string {
	st := checkpoint.Streams{Kind: checkpoint.KafkaStreams, CSN: s.csn, Last: s.last}
	s.text = st.AppendHead(s.text[:0])
	for i, p := range s.parts {
		if i > 0 {
			s.text = append(s.text, ',')
		}
		if p.text == nil {
			stream := p.stream()
			p.text = checkpoint.AppendStream(nil, &stream)
		}
		s.text = append(s.text, p.text...)
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

// Next returns the next messages of a partition, io.EOF when there are none.
func (s *Source) Next(ctx context.Context) (*record.Txn, error) {
	if s.closed {
		return nil, fmt.Errorf("kafka: %w", fs.ErrClosed)
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
		if err := s.fill(ctx); err != nil {
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

// fill takes what the client has: pieces of an earlier run first.
func (s *Source) fill(ctx context.Context) error {
	s.ready = s.ready[:0]
	if err := s.refresh(ctx); err != nil {
		return err
	}
	if s.again(); len(s.ready) > 0 {
		return nil
	}
	var atOnce context.Context // none: what is there, without waiting
	if err := s.take(s.client.PollRecords(atOnce, pollRecords)); err != nil {
		return err
	}
	if s.again(); len(s.ready) > 0 || len(s.replay) > 0 {
		return nil
	}
	return s.plan()
}

// take sorts fetched messages by partition.
func (s *Source) take(fetches kgo.Fetches) error {
	var failed error
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		p := s.byName[partName(f.Topic, f.Partition)]
		if f.Err != nil && failed == nil {
			failed = s.fetchError(p, f.Err)
		}
		if p == nil {
			return
		}
		for _, r := range f.Records {
			if n := len(p.buffer); n > 0 && r.Offset <= p.buffer[n-1].Offset || r.Offset < p.offset {
				continue
			}
			p.buffer = append(p.buffer, r)
			p.bytes += len(r.Key) + len(r.Value)
		}
		if p.bytes > bufferedBytes && !p.paused {
			s.client.PauseFetchPartitions(map[string][]int32{p.topic: {p.partition}})
			p.paused = true
		}
	})
	return failed
}

// fetchError judges what a broker said of a partition; nil for what mends itself.
func (s *Source) fetchError(p *part, err error) error {
	var lost *kgo.ErrDataLoss
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), p == nil:
		return nil
	case errors.Is(err, kerr.OffsetOutOfRange):
		return s.outOfRange(p)
	case errors.As(err, &lost):
		return p.outside(lost.ResetTo, lost.ResetTo)
	case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.UnknownTopicID),
		errors.Is(err, kerr.InconsistentTopicID):
		s.refreshed = time.Time{} // the next look tells whether it is gone
		return nil
	case kerr.IsRetriable(err):
		return nil
	}
	return s.cfg.trouble(err, "read partition "+p.name)
}

// outOfRange finds out on which side of a partition's messages an offset lies.
func (s *Source) outOfRange(p *part) error {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	if err := s.within(ctx); err != nil {
		return err
	}
	return away{ggserr.New(ggserr.LogProblem, fmt.Sprintf(
		"Partition %s did not know offset %d for a moment", p.name, p.offset))}
}

// Wait returns when something came, or ctx ends.
func (s *Source) Wait(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		pause := max(s.cfg.Refresh-s.cfg.Now().Sub(s.refreshed), time.Millisecond)
		step, cancel := context.WithTimeout(ctx, pause)
		fetches := s.client.PollRecords(step, pollRecords)
		cancel()
		if err := s.take(fetches); err != nil {
			return err
		}
		if fetches.NumRecords() > 0 {
			return nil
		}
		if err := s.refresh(ctx); err != nil {
			return err
		}
	}
}

// Confirm tells that everything up to a restart position is durable elsewhere. With a
// group.id its offsets are committed there too, for those who watch.
func (s *Source) Confirm(ctx context.Context, restart string) error {
	csn, err := checkpoint.StreamsCSN(restart)
	if err != nil {
		return err
	}
	if err := s.order.Forget(csn); err != nil || s.cfg.Client.Group == "" {
		return err
	}
	st, _, err := checkpoint.ParseStreams(restart)
	if err != nil {
		return err
	}
	var offsets kadm.Offsets
	for i := range st.Streams {
		topic, partition, err := splitName(st.Streams[i].Name)
		if err != nil {
			return err
		}
		offsets.AddOffset(topic, partition, st.Streams[i].Offset, -1)
	}
	done, err := s.admin.CommitOffsets(ctx, s.cfg.Client.Group, offsets)
	if err == nil {
		err = done.Error()
	}
	if err != nil {
		return fmt.Errorf("offsets are not committed to group %s, which only monitors miss: %w",
			s.cfg.Client.Group, err)
	}
	return nil
}

// Close ends reading.
func (s *Source) Close() error {
	s.closed = true
	if s.client != nil {
		s.client.Close()
		s.client = nil
	}
	return s.order.Close()
}
