package mysql

import (
	"bytes"
	"errors"
	"fmt"

	"ggsh/capture/mysql/binlog"
	"ggsh/ggserr"
	"ggsh/record"
)

// tableRef is a table id of the log: valid until the table map changes.
type tableRef struct {
	body   []byte // of the TABLE_MAP event
	wanted bool
	marks  bool // a table of FilterTables
	plan   *binlog.Plan
	def    *record.TableDef
}

// maxTableRefs bounds the table ids that are kept: each DDL and each FLUSH TABLES
// makes one that is never used again.
const maxTableRefs = 20000

// tableMap notes which table an id means. The same bytes mean the same table.
func (r *reader) tableMap(body []byte) error {
	id, schema, table, err := binlog.TableMapName(body)
	if err != nil {
		return r.damaged(err)
	}
	ref := r.tables[id]
	if ref != nil && bytes.Equal(ref.body, body) {
		r.group.replicated = r.group.replicated || ref.marks
		return nil
	}
	if len(r.tables) >= maxTableRefs {
		clear(r.tables)
	}
	ref = &tableRef{body: bytes.Clone(body)}
	s, t := string(schema), string(table)
	ref.marks = r.cfg.filtered(s, t, r.srv.folds())
	ref.wanted = !ref.marks && (r.cfg.wanted(s, t) || r.cfg.wantedSequence(s, t))
	r.tables[id] = ref
	r.group.replicated = r.group.replicated || ref.marks
	return nil
}

// rows decodes a rows event into the open group.
func (r *reader) rows(h *binlog.Header, body []byte) error {
	e := &r.rowsEv
	id, err := binlog.RowsTable(body)
	if err != nil {
		return r.damaged(err)
	}
	if id == binlog.DummyTableID {
		return nil
	}
	ref := r.tables[id]
	if ref == nil {
		return r.damaged(fmt.Errorf("rows of table id %d, of which no table map came", id))
	}
	if !ref.wanted || r.group.excluded || r.group.replicated && !r.cfg.GetReplicates {
		return nil
	}
	if ref.plan == nil {
		if err := r.resolve(ref); err != nil {
			return err
		}
		if !ref.wanted {
			return nil
		}
	}
	if err := e.Parse(h.Type, body, &r.events); err != nil {
		return r.damaged(err)
	}
	buf := r.buffer()
	for e.More() {
		r.scratch, err = ref.plan.AppendOp(r.scratch[:0], e)
		if err != nil {
			return r.badRow(ref, err)
		}
		if len(r.scratch) == 0 {
			continue
		}
		if err := buf.Append(ref.def, r.scratch); err != nil {
			return cacheFailed(err)
		}
	}
	r.src.state.grew(buf.Len(), buf.Bytes())
	return nil
}

func (r *reader) badRow(ref *tableRef, err error) error {
	e := ggserr.New(ggserr.LogProblem, fmt.Sprintf("a row of table %s cannot be read, in the "+
		"transaction that begins at %s", ref.def.FullName(), r.group.begin)).Because(err)
	if errors.Is(err, binlog.ErrNoMetadata) {
		e = e.Do("%s", fullMetadataAdvice)
	}
	return r.stop(e)
}

const fullMetadataAdvice = "SET GLOBAL binlog_row_metadata = 'FULL' on the source (MySQL 8.0.1, " +
	"MariaDB 10.5 and later) lets the log describe its rows; or load the table again and start " +
	"behind this position."

// resolve finds the definition of a table map and compiles how its rows are read.
func (r *reader) resolve(ref *tableRef) error {
	t, err := binlog.ParseTableMap(ref.body)
	if err != nil {
		return r.damaged(err)
	}
	known, err := r.schema.resolve(r.ctx, t, r.at.csn(r.epoch))
	if err != nil {
		var placed *ggserr.Error
		if errors.As(err, &placed) {
			return r.placedError(err, placed)
		}
		return err
	}
	if ref.wanted = r.wantedAs(t.Schema, t.Table, known.def.Sequence()); !ref.wanted {
		return nil
	}
	plan, err := binlog.NewPlan(t, known.def.ID, known.def.Key)
	if err != nil {
		e := ggserr.New(ggserr.LogProblem, "the rows of table "+t.Schema+"."+t.Table+
			" cannot be read").Because(err)
		if errors.Is(err, binlog.ErrNoMetadata) {
			e = e.Do("%s", fullMetadataAdvice)
		}
		return r.stop(e)
	}
	if known.rowEnd >= 0 {
		plan.Versioned(known.rowEnd)
	}
	ref.plan, ref.def = plan, known.def
	return nil
}

// wantedAs decides once it is known whether a table is a sequence. The first one that only
// TABLE statements take is told of.
func (r *reader) wantedAs(schema, name string, sequence bool) bool {
	if !sequence {
		return r.cfg.wanted(schema, name)
	}
	if r.cfg.wantedSequence(schema, name) {
		return true
	}
	if !r.saidSequence {
		r.saidSequence = true
		r.cfg.warn(ggserr.New(ggserr.DatabaseMessage, schema+"."+name+" is a sequence, which TABLE does not "+
			"capture: neither this one nor others").Do("Write SEQUENCE %s.%s; or leave it.", schema, name))
	}
	return false
}

// placedError adds the position, unless the error only asks for another try.
func (r *reader) placedError(err error, e *ggserr.Error) error {
	var again *retryable
	if errors.As(err, &again) {
		return err
	}
	return r.stop(e)
}
