package mysql

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"ggsh/capture/mysql/binlog"
	"ggsh/ggserr"
	"ggsh/record"
)

// reader turns the stream of events into transactions. It belongs to the reading
// goroutine; during a session, to go-mysql's.
type reader struct {
	src *Source
	cfg *Config
	srv *database
	// saidSequence: a sequence that is not captured
	saidSequence bool
	ctx          context.Context // of run; ends with Close
	schema       *schema

	// Where we are. committed is behind the last transaction seen, at is behind
	// the last event; set is what was committed up to committed.
	epoch     uint32
	at        place
	committed place
	set       *gtidSet
	learnSet  bool   // set is empty and the log's next GTID list fills it
	byGTID    bool   // the next session asks by GTID: another server, file unknown
	readSet   string // where skipSet's reading began

	// Transactions that were delivered before are read, not delivered.
	skipTo   place
	skipSet  *gtidSet
	skipTime time.Time
	checkSet bool // the first GTID must not be in set: else log and set disagree

	checksum bool
	tables   map[uint64]*tableRef
	group    group
	branches map[string]*branch
	rowsEv   binlog.RowsEvent
	scratch  []byte
	events   binlog.Inflater // of compressed events
	payload  binlog.Inflater // of compressed transactions, which hold the former
	failure  error           // what ended the session
	progress bool            // an event came in this session
}

// handle reads one event of the stream.
func (r *reader) handle(raw []byte) error {
	h, body, err := binlog.ParseHeader(raw)
	if err != nil {
		return r.damaged(err)
	}
	r.src.state.bytes.Add(uint64(len(raw)))
	switch h.Type {
	case binlog.FormatEvent:
		return r.format(&h, body)
	case binlog.RotateEvent:
		return r.rotate(&h, raw)
	}
	if r.checksum {
		if len(body) < 4 {
			return r.damaged(binlog.ErrShort)
		}
		body = body[:len(body)-4]
	}
	start := r.at
	r.moved(&h)
	return r.event(&h, body, start)
}

// moved follows the position. Files may grow beyond 4 GiB while events tell the
// low 32 bits only.
func (r *reader) moved(h *binlog.Header) {
	if h.End == 0 || h.Flags&binlog.FlagArtificial != 0 || h.Type == binlog.HeartbeatEvent ||
		h.Type == binlog.HeartbeatV2Event {
		return
	}
	pos := r.at.Pos&^0xffffffff | uint64(h.End)
	if pos+1<<31 < r.at.Pos {
		pos += 1 << 32
	}
	r.at.Pos = max(pos, r.at.Pos)
}

func (r *reader) format(h *binlog.Header, body []byte) error {
	f, err := binlog.ParseFormat(body)
	if err != nil {
		return r.damaged(err)
	}
	r.checksum = f.Checksum
	r.moved(h)
	r.passed(h)
	return nil
}

// passed notes that the log was read behind an event that stands between
// transactions: the log's end may be just there.
func (r *reader) passed(h *binlog.Header) {
	if r.group.open || r.learnSet || r.byGTID || h.End == 0 || h.Flags&binlog.FlagArtificial != 0 ||
		!r.at.after(r.committed) {
		return
	}
	r.committed = r.at
	r.report(time.Unix(int64(h.Time), 0))
}

// rotate follows to the next file. The first event of a session is an artificial
// one that may or may not have a CRC.
func (r *reader) rotate(h *binlog.Header, raw []byte) error {
	if n := len(raw) - 4; n > binlog.HeaderSize+8 &&
		crc32.ChecksumIEEE(raw[:n]) == binary.LittleEndian.Uint32(raw[n:]) {
		raw = raw[:n]
	}
	body := raw[binlog.HeaderSize:]
	if len(body) < 9 {
		return r.damaged(binlog.ErrShort)
	}
	next := place{File: string(body[8:]), Pos: binary.LittleEndian.Uint64(body)}
	if next.File == r.at.File && h.Flags&binlog.FlagArtificial != 0 {
		return nil
	}
	if fileNumber(next.File) == 0 {
		return r.damaged(fmt.Errorf("the log file's name %q has no number", next.File))
	}
	r.at = next
	if r.byGTID && h.Flags&binlog.FlagArtificial != 0 {
		return nil // where the server begins to look, not where we are
	}
	if !r.group.open {
		r.committed = next
		r.report(time.Unix(int64(h.Time), 0))
	}
	return nil
}

// event reads any event but those that change how others are read.
func (r *reader) event(h *binlog.Header, body []byte, start place) error {
	r.progress = true
	switch h.Type {
	case binlog.TableMapEvent:
		return r.tableMap(body)
	case binlog.WriteRowsV1, binlog.UpdateRowsV1, binlog.DeleteRowsV1, binlog.WriteRowsV2,
		binlog.UpdateRowsV2, binlog.DeleteRowsV2, binlog.WriteRowsCompressed,
		binlog.UpdateRowsCompressed, binlog.DeleteRowsCompressed:
		return r.rows(h, body)
	case binlog.XIDEvent:
		return r.commit(h)
	case binlog.QueryEvent, binlog.QueryCompressed:
		return r.query(h, body, start)
	case binlog.GTIDEvent, binlog.AnonymousGTIDEvent, binlog.GTIDTaggedEvent:
		return r.mysqlGTID(h, body, start)
	case binlog.MariaGTIDEvent:
		return r.mariaGTID(h, body, start)
	case binlog.XAPrepareEvent:
		return r.xaPrepare(h, body)
	case binlog.PayloadEvent:
		return r.unpack(body, start)
	}
	return r.rareEvent(h, body)
}

// rareEvent reads what comes seldom or means the end.
func (r *reader) rareEvent(h *binlog.Header, body []byte) error {
	switch h.Type {
	case binlog.HeartbeatEvent, binlog.HeartbeatV2Event:
		r.src.state.idle()
		return nil
	case binlog.PreviousGTIDsEvent, binlog.MariaGTIDListEvent:
		if err := r.gtidList(h.Type, body); err != nil {
			return err
		}
		r.passed(h)
		return nil
	case binlog.IncidentEvent:
		return r.stop(ggserr.New(ggserr.LogProblem, "the server notes an incident in its log: "+
			"changes may be missing from here on").
			Do("See the server's error log; load the tables again and start behind this position."))
	case binlog.PartialUpdateRows:
		return r.stop(ggserr.New(ggserr.LogProblem, "an update of part of a JSON document").
			Do("SET GLOBAL binlog_row_value_options = '' on the source, let its sessions " +
				"reconnect, load the table again and start behind this position."))
	case binlog.WriteRowsV0, binlog.UpdateRowsV0, binlog.DeleteRowsV0:
		return r.stop(ggserr.New(ggserr.LogProblem, "rows in a form from before MySQL 5.1.16"))
	case binlog.BeginLoadQueryEvent, binlog.ExecLoadQueryEvent:
		return r.statementDML("LOAD DATA")
	case binlog.StopEvent, binlog.IntvarEvent, binlog.RandEvent, binlog.UserVarEvent,
		binlog.IgnorableEvent, binlog.RowsQueryEvent, binlog.TransactionContext,
		binlog.ViewChange, binlog.AnnotateRowsEvent, binlog.CheckpointEvent,
		binlog.StartEncryptionEvent:
		r.passed(h)
		return nil
	}
	if h.Flags&binlog.FlagIgnorable != 0 {
		return nil
	}
	return r.stop(ggserr.New(ggserr.LogProblem, fmt.Sprintf("an event of unknown type %d from "+
		"server version %s", h.Type, r.srv.version)).
		Do("This version of ggsh cannot read it; nothing was skipped."))
}

// unpack reads the events of a compressed transaction.
func (r *reader) unpack(body []byte, start place) error {
	if err := r.payload.Payload(body); err != nil {
		return r.damaged(err)
	}
	for {
		raw, err := r.payload.NextEvent()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return r.damaged(err)
		}
		h, inner, err := binlog.ParseHeader(raw)
		if err != nil {
			return r.damaged(err)
		}
		if h.Type == binlog.PayloadEvent {
			return r.damaged(errors.New("a compressed transaction within another"))
		}
		if err := r.event(&h, inner, start); err != nil {
			return err
		}
	}
}

// stop places a fatal error at the current position.
func (r *reader) stop(e *ggserr.Error) error {
	e.Text = fmt.Sprintf("%s, at %s", e.Text, r.at)
	return e
}

// damaged is a fatal error about bytes that cannot be read.
func (r *reader) damaged(err error) error {
	return r.stop(ggserr.New(ggserr.LogProblem, "an event of the binary log cannot be read").
		Because(err).Do("Look at it with: mysqlbinlog --start-position=%d %s. Nothing was skipped.",
		r.committed.Pos, r.committed.File))
}

// run reads until ctx ends or an error that waiting does not mend.
func (r *reader) run(ctx context.Context) error {
	r.ctx = ctx
	wait := time.Second
	for first := true; ; first = false {
		r.progress = false
		var err error
		if !first {
			err = r.reconnect(ctx)
		}
		if err == nil {
			err = r.session(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var again *retryable
		if !errors.As(err, &again) {
			return err
		}
		r.src.state.disconnected(again.err)
		r.cfg.warn(ggserr.New(ggserr.NetworkRetry, fmt.Sprintf("source %s, after %s",
			r.cfg.address(), r.committed)).Because(again.err))
		if r.progress {
			wait = time.Second
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(wait*2, 30*time.Second)
	}
}

// release gives back what open transactions hold.
func (r *reader) release() {
	r.dropGroup()
	for key, b := range r.branches {
		r.freeBuffer(b.buf)
		delete(r.branches, key)
	}
	r.events.Close()
	r.payload.Close()
	if err := r.schema.save(); err != nil {
		r.cfg.warn(ggserr.New(ggserr.DatabaseMessage, "table definitions were not kept").Because(err))
	}
}

// report notes how far the log was read without a transaction to deliver.
func (r *reader) report(at time.Time) {
	if r.committed.File == "" || r.skipping(r.committed) {
		return
	}
	txn := record.Txn{TxnInfo: record.TxnInfo{CSN: r.committed.csn(r.epoch), CommitTime: at.UTC()},
		Restart: r.restartText(r.group.id, "")}
	r.src.queue.Advance(&txn)
}
