package extract

import (
	"ggsh/checkpoint"
	"ggsh/heartbeat"
	"ggsh/record"
)

// moveBeat stamps a heartbeat and writes it to every output; other changes of the seed
// table stay here.
func (e *engine) moveBeat(txn *record.Txn, def *record.TableDef, body []byte) error {
	beat, ok, err := heartbeat.Decode(def, body)
	if err != nil || !ok {
		return err
	}
	if now := e.proc.Now(); e.doc.Group.Source == checkpoint.TrailSource {
		beat.Through(e.proc.Group(), now)
	} else {
		beat.Extract, beat.Extracted = e.proc.Group(), now
	}
	for _, o := range e.outputs {
		if o.skip {
			continue
		}
		if err := o.hold(&txn.TxnInfo, def, beat.AppendSeed(o.spare[:0], def)); err != nil {
			return err
		}
	}
	e.unsynced += int64(len(body))
	return nil
}
