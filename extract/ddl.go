package extract

import (
	"strings"

	"ggsh/ggserr"
	"ggsh/mapping"
	"ggsh/record"
)

// moveDDL writes a DDL operation to the outputs that take it. Without DDL in the
// parameter file a capture writes none, and a data pump all that comes.
func (e *engine) moveDDL(txn *record.Txn, body []byte) error {
	rules := &e.cfg.DDL
	if !rules.Given && !e.cfg.PassDDL {
		return nil
	}
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		return err
	}
	st, err := record.DecodeDDL(&op)
	if err != nil {
		return err
	}
	schema, name, _ := strings.Cut(st.Name, ".")
	if n := e.cfg.Heartbeat; n != nil && n.Table != "" && n.Has(schema, name) {
		return nil // the target's own ADD HEARTBEATTABLE makes them
	}
	d, err := e.cfg.Plan.MapDDL(st)
	if err != nil {
		return err
	}
	clause, ok := d.Selects(rules.Rules)
	if rules.Report {
		e.proc.Info(ggserr.DDLFound, st.Text)
		number := ggserr.DDLIncluded
		if !ok {
			number = ggserr.DDLExcluded
		}
		e.proc.Info(number, clause, st.Kind, st.Object, st.Name)
	}
	if !ok {
		e.proc.Stats().AddDDL(d.Count(false))
		return nil
	}
	d.Substitute(rules.Substs)
	written := false
	for _, o := range e.outputs {
		if o.skip || d.Scope == mapping.Mapped && !e.takes(d, o) {
			continue
		}
		if err := o.hold(&txn.TxnInfo, nil, record.AppendDDL(o.spare[:0], 0, d.Statement)); err != nil {
			return err
		}
		written = true
	}
	if written {
		e.proc.Stats().AddDDL(d.Count(true))
	}
	if written && rules.Report {
		e.proc.Info(ggserr.DDLWritten)
	}
	e.unsynced += int64(len(body))
	return nil
}

// takes reports whether a TABLE statement of an output takes one of the objects.
func (e *engine) takes(d *mapping.DDL, o *output) bool {
	for _, n := range d.Source {
		def := &record.TableDef{Schema: n.Schema, Name: n.Name, Database: "mysql"}
		for _, st := range e.cfg.Plan.StatementsOf(def) {
			if e.cfg.Serves(st, o.cfg) {
				return true
			}
		}
	}
	return false
}

// takeTruncates has a table's truncates written when DDL includes them, whatever
// GETTRUNCATES says.
func (e *engine) takeTruncates(p *mapping.TablePlan) {
	if !e.cfg.DDL.Given {
		return
	}
	if _, ok := mapping.TruncateOf(p.Source).Selects(e.cfg.DDL.Rules); ok {
		p.TakeTruncates()
	}
}
