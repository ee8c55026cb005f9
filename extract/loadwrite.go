package extract

import (
	"context"
	"encoding/binary"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/groupstate"
	"ggsh/mapping/expr"
	"ggsh/record"
)

// looseBytes is how much a load of one run writes before it is made durable.
const looseBytes = 32 << 20

// readAll reads what is not loaded from the snapshot and writes it, one part after
// the other, each as a transaction of the trail.
func (l *load) readAll(ctx context.Context) error {
	l.led.Phase, l.led.At, l.led.Restart = checkpoint.LoadReading, l.at.CSN, l.at.Restart
	l.began, l.toldAt = l.proc.Now(), l.proc.Now()
	for _, t := range l.tables {
		t.gaps = l.led.Table(t.name).Gaps()
	}
	l.show(func(v *view) { v.state = "Reading tables" })
	if err := l.storeLedger(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	f, wait := l.startFeed(ctx)
	defer func() {
		cancel()
		wait()
	}()
	for {
		if l.orders.takeRollover() {
			if err := l.rollover(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case s, ok := <-f.announced:
			if !ok {
				return nil
			}
			if err := l.writePart(ctx, f, s); err != nil {
				return err
			}
		}
	}
}

// writePart writes a part as one transaction; a load of one run cuts a table
// that is read as one into several.
func (l *load) writePart(ctx context.Context, f *feed, s *stream) error {
	l.beginTxn(l.led.Serial + 1)
	cuts := l.oneRun() && s.table.Key == ""
	taken := 0
	for block := range s.blocks {
		for b := block; len(b) >= 4; {
			n := 4 + int(binary.LittleEndian.Uint32(b))
			if err := l.writeRow(s.table, b[4:n:n]); err != nil {
				return err
			}
			b = b[n:]
			if taken++; cuts && taken >= l.lc.ChunkRows {
				if err := l.cut(); err != nil {
					return err
				}
				taken = 0
			}
		}
		f.recycle(block)
		if err := l.onSchedule(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		if err := l.tell(s.table); err != nil || ctx.Err() != nil {
			return err
		}
	}
	if s.err != nil {
		return s.err
	}
	part := checkpoint.LoadPart{Table: s.table.name, KeyRange: s.part}
	part.Rows, part.CSN = s.rows, l.at.CSN
	return l.endPart(part)
}

func (l *load) beginTxn(serial uint64) {
	l.txn = record.Txn{TxnInfo: record.TxnInfo{CSN: l.at.CSN, CommitTime: l.at.CommitTime,
		XID: l.nameOf(serial)}}
	l.sql.beginTxn()
	for _, o := range l.outputs {
		o.skip, o.begun, o.waiting = false, false, false
	}
}

func (l *load) writeRow(t *loadTable, op []byte) error {
	from := expr.Origin{Txn: &l.txn.TxnInfo}
	l.sql.beginOp()
	for _, r := range t.routes {
		if err := l.write(r, op, &from); err != nil {
			return err
		}
	}
	l.unsynced += int64(len(op))
	l.led.RunRows++
	l.led.Written++
	return nil
}

// cut ends a transaction within a part and begins the next. Should the load break
// off now, the part cannot be read again.
func (l *load) cut() error {
	if err := l.finish(&l.txn); err != nil {
		return err
	}
	l.cutPart = true
	l.led.Serial++
	l.beginTxn(l.led.Serial + 1)
	return nil
}

// endPart ends the transaction of a part. Before its last operation goes out, the
// ledger knows that this is the part on its way and that all before it are durable:
// what the trail holds then tells after a failure which one it ended with.
func (l *load) endPart(part checkpoint.LoadPart) error {
	empty := true
	for _, o := range l.outputs {
		empty = empty && !o.waiting
	}
	if empty { // no row, or none that is taken: the trail has nothing of it
		l.led.Table(part.Table).Add(part.KeyRange)
		l.cutPart = false
		return nil
	}
	l.led.Serial++
	if !l.oneRun() || l.unsynced >= looseBytes {
		if err := l.syncParts(); err != nil {
			return err
		}
	}
	l.pending = append(l.pending, pendingPart{l.led.Serial, part})
	l.led.Pending = &part
	if !l.oneRun() {
		if err := l.storeLedger(); err != nil {
			return err
		}
	}
	if err := l.finish(&l.txn); err != nil {
		return err
	}
	l.cutPart, l.fresh = false, false
	l.proc.Progress()
	return nil
}

// syncParts makes durable what was written, and promotes the parts in it.
func (l *load) syncParts() error {
	for _, o := range l.outputs {
		at, err := o.w.Sync()
		if err != nil {
			return err
		}
		o.flushTallies()
		o.durable = at
	}
	l.unsynced = 0
	l.showOutputs()
	l.promote(len(l.pending))
	return nil
}

// tell shows how far the load is: to orders, and now and then in the report.
func (l *load) tell(t *loadTable) error {
	now := l.proc.Now()
	status := l.status(now)
	status.Table = t.name
	l.show(func(v *view) { v.load = status })
	if now.Sub(l.toldAt) >= reportEvery {
		l.toldAt = now
		l.proc.Info(ggserr.LoadProgress, status.Text())
	}
	if l.lc.Ledger != nil && now.Sub(l.storedL) >= idleStore {
		l.noteTable(t.name)
		return l.storeLedger()
	}
	return nil
}

// noteTable makes a table what INFO shows as the last read.
func (l *load) noteTable(name string) {
	now := l.proc.Now()
	row := l.led.Table(name)
	l.doc.State.Current = checkpoint.Position{RBA: uint64(row.Rows), CSN: l.led.At, Time: now, Valid: true}
	l.proc.NoteSource(name, now, now)
}

// complete ends a load of which everything is written.
func (l *load) complete(ctx context.Context) error {
	if err := l.syncParts(); err != nil {
		return err
	}
	l.led.Phase = checkpoint.LoadComplete
	if n := len(l.led.Tables); n > 0 {
		l.noteTable(l.led.Tables[n-1].Name)
	}
	if err := l.storeLedger(); err != nil {
		return err
	}
	status := l.status(l.proc.Now())
	l.show(func(v *view) { v.load, v.state = status, "Initial load complete" })
	for _, t := range l.led.Tables {
		l.proc.Line("%12d rows of table %s", t.Rows, t.Name)
	}
	l.proc.Info(ggserr.LoadProgress, status.Text())
	if l.lc.Free != nil {
		if err := l.lc.Free(ctx, record.CSN{}); err != nil {
			l.proc.Line("%s", err)
		}
	}
	if l.led.At.IsZero() {
		l.proc.Info(ggserr.LoadUnlogged, status.Rows, len(l.led.Tables))
		return nil
	}
	l.proc.Info(ggserr.LoadEnded, status.Rows, len(l.led.Tables), l.led.At, l.led.At)
	return nil
}

// status is what INFO and SEND show of the load.
func (l *load) status(now time.Time) *control.LoadStatus {
	l.led.Updated = now
	if !l.began.IsZero() {
		l.led.RunTime = now.Sub(l.began)
	}
	return groupstate.LoadStatus(l.led)
}
