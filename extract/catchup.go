package extract

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"ggsh/checkpoint"
	"ggsh/ggserr"
	"ggsh/mapping/expr"
	"ggsh/record"
)

// catchUp brings what earlier runs have loaded from the commit as of which it is
// to that of the snapshot: it reads the changes between them from the log and
// writes those of loaded rows.
func (l *load) catchUp(ctx context.Context) error {
	if !l.anyDone() || l.led.At == l.at.CSN && l.led.Upto.IsZero() && !l.at.CSN.IsZero() {
		return nil
	}
	switch {
	case l.at.CSN.IsZero() || l.led.Restart == "":
		return ggserr.New(ggserr.LoadBroken, "the source keeps no change log, by which what is loaded "+
			"could be brought up to a new snapshot")
	case l.at.CSN.Compare(l.led.At) < 0:
		return ggserr.New(ggserr.LoadBroken, fmt.Sprintf("the source is at CSN %s and what is loaded at %s: "+
			"it is another server, or its log was reset", l.at.CSN, l.led.At))
	}
	l.proc.Info(ggserr.LoadCatchUp, l.led.At, l.at.CSN)
	l.led.Phase, l.led.Upto = checkpoint.LoadCatchingUp, l.at.CSN
	if err := l.storeLedger(); err != nil {
		return err
	}
	l.show(func(v *view) { v.state = "Catching up with what was changed since" })
	src, err := l.lc.OpenChanges(ctx, l.led.Restart)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := l.follow(ctx, src); err != nil || ctx.Err() != nil {
		return err
	}
	if err := l.syncParts(); err != nil {
		return err
	}
	l.led.At, l.led.Restart, l.led.Upto = l.at.CSN, l.at.Restart, record.CSN{}
	if err := l.storeLedger(); err != nil {
		return err
	}
	if l.lc.Free != nil {
		return l.lc.Free(ctx, l.led.At)
	}
	return nil
}

func (l *load) anyDone() bool {
	for i := range l.led.Tables {
		if len(l.led.Tables[i].Done) > 0 {
			return true
		}
	}
	return false
}

// follow writes the changes up to the snapshot.
func (l *load) follow(ctx context.Context, src Source) error {
	l.syncedAt = l.proc.Now()
	for ctx.Err() == nil {
		txn, err := src.Next(ctx)
		if err == io.EOF {
			err = src.Wait(ctx)
			if err == nil {
				continue
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if txn.CSN.Compare(l.at.CSN) > 0 {
			return nil
		}
		if txn.Ops != nil && txn.CSN.Compare(l.led.At) > 0 {
			if err := l.followTxn(txn); err != nil {
				return err
			}
		}
		if txn.CSN == l.at.CSN {
			return nil
		}
		if err := l.followed(txn); err != nil {
			return err
		}
	}
	return nil
}

// followed remembers, now and then, how far the catch-up is.
func (l *load) followed(txn *record.Txn) error {
	now := l.proc.Now()
	if l.unsynced < syncBytes && now.Sub(l.syncedAt) < time.Second {
		return nil
	}
	l.syncedAt = now
	if err := l.syncParts(); err != nil {
		return err
	}
	if txn.CSN.Compare(l.led.At) > 0 && txn.Restart != "" {
		l.led.At, l.led.Restart = txn.CSN, txn.Restart
	}
	return l.storeLedger()
}

// followTxn writes what a transaction has of loaded rows.
func (l *load) followTxn(txn *record.Txn) error {
	l.txn = *txn
	l.txn.Ops = nil
	for _, o := range l.outputs {
		o.skip, o.begun, o.waiting = false, false, false
	}
	var body []byte
	for {
		def, op, err := txn.Ops.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			body, err = l.ofLoaded(body[:0], def, op)
		}
		if err == nil && len(body) > 0 {
			err = l.followOp(def, body)
		}
		if err != nil {
			return err
		}
	}
	for _, o := range l.outputs {
		if o.waiting {
			l.led.Last = l.txn.XID
		}
	}
	return l.finish(&l.txn)
}

func (l *load) followOp(def *record.TableDef, op []byte) error {
	routes, known := l.routes[def]
	if !known {
		plans, err := l.cfg.Plan.Resolve(def, nil) // what there is to say of it is said
		if err != nil {
			return err
		}
		for _, p := range plans {
			routes = append(routes, l.routesTo(p)...)
		}
		l.routes[def] = routes
	}
	l.sql.beginOp()
	for _, r := range routes {
		if err := l.engine.write(r, op, &expr.Origin{Txn: &l.txn.TxnInfo}); err != nil {
			return err
		}
	}
	l.unsynced += int64(len(op))
	return nil
}

// ofLoaded gives what of a change concerns loaded rows, nothing if it does not. A
// row whose key moves into what is loaded, or out of it, comes or goes.
func (l *load) ofLoaded(dst []byte, def *record.TableDef, body []byte) ([]byte, error) {
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		return dst, err
	}
	if op.Type == record.DDL {
		return dst, l.checkDDL(&op)
	}
	t := l.led.Table(def.FullName())
	if t == nil || len(t.Done) == 0 {
		return dst, nil
	}
	if t.Key == "" || t.Complete() || op.Type == record.Truncate {
		return append(dst, body...), nil
	}
	was, is, err := loadedImages(t, def, &op)
	switch {
	case err != nil:
		return dst, ggserr.New(ggserr.LoadBroken, fmt.Sprintf("a change of table %s at CSN %s does not tell "+
			"which row it is of", t.Name, l.txn.CSN)).Because(err)
	case was && (is || op.After == nil), is && op.Before == nil:
		return append(dst, body...), nil
	case was:
		return appendImageOp(dst, record.Delete, &op, op.Before, true), nil
	case is && op.Compressed:
		return dst, ggserr.New(ggserr.LoadBroken, fmt.Sprintf("the log has not all columns of a row of table "+
			"%s that comes among the loaded ones", t.Name)).
			Do("SET GLOBAL binlog_row_image = 'FULL' at the source; DELETE the EXTRACT, ADD it again and load anew.")
	case is:
		return appendImageOp(dst, record.Insert, &op, op.After, false), nil
	}
	return dst, nil
}

// loadedImages reports whether a row was among the loaded ones, and whether it is.
func loadedImages(t *checkpoint.LoadTable, def *record.TableDef, op *record.Op) (was, is bool, err error) {
	column := def.Column(t.Key)
	if column < 0 {
		return false, false, fmt.Errorf("it has no column %s", t.Key)
	}
	for _, im := range []struct {
		image  record.Image
		loaded *bool
	}{{op.Before, &was}, {op.After, &is}} {
		if im.image == nil {
			continue
		}
		key, err := keyOf(im.image, column)
		if err != nil {
			return false, false, err
		}
		*im.loaded = t.Holds(key)
	}
	return was, is, nil
}

// appendImageOp makes an operation of one image of another.
func appendImageOp(dst []byte, kind record.OpType, op *record.Op, image record.Image, before bool) []byte {
	dst, start := record.AppendOpHeader(dst, kind, op.Table)
	dst, mark := record.BeginImage(dst)
	dst = append(dst, image...)
	record.EndImage(dst, start, mark, before)
	if op.Compressed {
		record.MarkCompressed(dst, start)
	}
	return dst
}

// checkDDL stops at a statement that changes rows of a loaded table without
// telling which. That its columns are still the same is seen by the snapshot.
func (l *load) checkDDL(op *record.Op) error {
	d, err := record.DecodeDDL(op)
	if err != nil {
		return err
	}
	text := strings.ToUpper(d.Text)
	renames := strings.Contains(text, "RENAME")
	harmless := d.Kind == "ALTER" && !strings.Contains(text, "PARTITION") ||
		d.Kind == "CREATE" && strings.Contains(text, "IF NOT EXISTS")
	for i := range l.led.Tables {
		t := &l.led.Tables[i]
		_, name, _ := strings.Cut(t.Name, ".")
		named := t.Name == d.Name && d.Object == "TABLE" && !harmless ||
			renames && strings.Contains(text, strings.ToUpper(name))
		if named && len(t.Done) > 0 {
			return ggserr.New(ggserr.LoadBroken, fmt.Sprintf("%s of table %s at CSN %s changes loaded "+
				"rows without telling which", d.Kind, t.Name, l.txn.CSN))
		}
	}
	return nil
}
