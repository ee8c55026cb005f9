package mysql

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ggsh/capture/cachemgr"
	"ggsh/capture/mysql/binlog"
	"ggsh/ddl"
	"ggsh/ggserr"
	"ggsh/record"
)

// queryEvent is a statement in the log and what its session had set.
type queryEvent struct {
	schema    string
	text      []byte
	collation uint64 // of text; 0 unknown
	database  uint64 // default collation of schema; 0 unknown
	ansi      bool   // sql_mode ANSI_QUOTES
}

const modeANSIQuotes = 4

// parseQuery opens a QUERY event.
func (r *reader) parseQuery(kind byte, body []byte) (queryEvent, error) {
	var q queryEvent
	if len(body) < 13 {
		return q, binlog.ErrShort
	}
	schemaLen, varsLen := int(body[8]), int(binary.LittleEndian.Uint16(body[11:]))
	rest := body[13:]
	if len(rest) < varsLen+schemaLen+1 {
		return q, binlog.ErrShort
	}
	q.statusVars(rest[:varsLen])
	q.schema = string(rest[varsLen : varsLen+schemaLen])
	q.text = rest[varsLen+schemaLen+1:]
	if kind == binlog.QueryCompressed {
		var err error
		if q.text, err = r.events.Query(q.text); err != nil {
			return q, err
		}
	}
	return q, nil
}

// statusVars reads the variables up to the first that is not known; those that
// matter stand before it.
func (q *queryEvent) statusVars(b []byte) {
	fixed := map[byte]int{0: 4, 1: 8, 3: 4, 4: 6, 7: 2, 8: 2, 9: 8}
	for len(b) > 0 {
		code := b[0]
		b = b[1:]
		n, ok := fixed[code]
		switch {
		case ok:
		case code == 5 || code == 6:
			if len(b) < 1 {
				return
			}
			n = 1 + int(b[0])
		case code == 2:
			if len(b) < 1 {
				return
			}
			n = 2 + int(b[0])
		default:
			return
		}
		if len(b) < n {
			return
		}
		switch code {
		case 1:
			q.ansi = binary.LittleEndian.Uint64(b)&modeANSIQuotes != 0
		case 4:
			q.collation = uint64(binary.LittleEndian.Uint16(b))
		case 8:
			q.database = uint64(binary.LittleEndian.Uint16(b))
		}
		b = b[n:]
	}
}

// utf8 gives the statement's text in UTF-8.
func (r *reader) utf8(q *queryEvent) string {
	charset := r.srv.charsets[q.collation]
	if charset == "" || charset == "binary" {
		charset = "utf8mb4"
	}
	if text, err := binlog.Text(charset, q.text); err == nil {
		return text
	}
	return strings.ToValidUTF8(string(q.text), "\uFFFD")
}

// query reads a statement.
func (r *reader) query(h *binlog.Header, body []byte, start place) error {
	q, err := r.parseQuery(h.Type, body)
	if err != nil {
		return r.damaged(err)
	}
	switch string(q.text) { // nearly all of them, without parsing
	case "BEGIN":
		if !r.group.open {
			r.begin(h, start)
		}
		return nil
	case "COMMIT":
		return r.commit(h)
	}
	text := r.utf8(&q)
	s := ddl.Parse(text, q.ansi)
	switch s.Class {
	case ddl.Begin:
		if !r.group.open {
			r.begin(h, start)
		}
		return nil
	case ddl.Commit:
		return r.commit(h)
	case ddl.Rollback:
		r.freeBuffer(r.group.buf)
		r.group.buf = nil
		return r.deliver(h, nil, false)
	case ddl.Savepoint:
		r.savepoint(s.Savepoint)
		return nil
	case ddl.RollbackTo:
		return r.rollbackTo(s.Savepoint)
	case ddl.XAStart:
		return nil
	case ddl.XACommit, ddl.XARollback:
		return r.xaOutcome(h, xaText(s.Branch), s.Class == ddl.XACommit)
	case ddl.DML:
		return r.dml(h, &q, &s)
	case ddl.Schema:
		return r.schemaChange(h, &q, &s, text)
	}
	return r.endStandalone(h)
}

// xaText brings the statement's form of a branch into that of xaKey.
func xaText(branch string) string {
	return strings.ReplaceAll(strings.ReplaceAll(branch, " ", ""), "x'", "X'")
}

// endStandalone ends a group that has no COMMIT of its own.
func (r *reader) endStandalone(h *binlog.Header) error {
	if r.srv.flavor == flavorMariaDB && r.group.open && !r.group.standalone {
		return nil
	}
	return r.deliver(h, nil, false)
}

// dml stops at a statement that changed rows of a wanted table.
func (r *reader) dml(h *binlog.Header, q *queryEvent, s *ddl.Statement) error {
	if len(s.Names) == 0 {
		if r.cfg.wanted(q.schema, "") || r.cfg.Want != nil {
			return r.statementDML(s.Kind)
		}
		return r.endStandalone(h)
	}
	n := s.Names[0]
	if n.Schema == "" {
		n.Schema = q.schema
	}
	if r.skips(r.group.id, r.at, r.commitTime(h)) || !r.cfg.wanted(n.Schema, n.Name) {
		if !r.group.open || r.group.standalone {
			return r.endStandalone(h)
		}
		return nil
	}
	return r.statementDML(s.Kind + " on " + n.Schema + "." + n.Name)
}

// statementDML stops: the rows that a statement changed are not in the log.
func (r *reader) statementDML(what string) error {
	return r.stop(ggserr.New(ggserr.LogProblem, "the log has the statement "+what+
		" instead of the rows that it changed").
		Do("SET GLOBAL binlog_format = 'ROW' on the source and let its sessions reconnect; then " +
			"load the changed tables again and start behind this position."))
}

// schemaChange reads DDL: the definitions follow it, and what concerns a wanted
// table or schema becomes a transaction of its own.
func (r *reader) schemaChange(h *binlog.Header, q *queryEvent, s *ddl.Statement,
	text string) error {
	if s.Temporary {
		return r.endStandalone(h)
	}
	for i := range s.Names {
		completeName(&s.Names[i], q.schema, s.Object)
	}
	for i := range s.NewNames {
		completeName(&s.NewNames[i], q.schema, s.Object)
	}
	var known *record.TableDef
	if len(s.Names) > 0 && s.Object == "TABLE" {
		known = r.schema.current(s.Names[0].Schema, s.Names[0].Name)
	}
	if !r.skips(r.group.id, r.at, r.commitTime(h)) {
		charset := r.srv.charsets[q.database]
		if err := r.schema.apply(r.ctx, s, charset, r.at.csn(r.epoch)); err != nil {
			var placed *ggserr.Error
			if errors.As(err, &placed) {
				return r.placedError(err, placed)
			}
			return err
		}
	}
	if !r.concerns(s) {
		return r.endStandalone(h)
	}
	if s.Partition != "" {
		r.cfg.warn(ggserr.New(ggserr.DatabaseMessage, fmt.Sprintf("ALTER TABLE %s.%s ... %s PARTITION "+
			"at %s removes rows of which the log has no row events", s.Names[0].Schema,
			s.Names[0].Name, s.Partition, r.at)))
	}
	buf := r.src.cache.Buffer()
	if err := r.appendDDL(buf, q, s, text, known); err != nil {
		r.freeBuffer(buf)
		return err
	}
	if r.group.open && r.srv.flavor == flavorMariaDB && !r.group.standalone ||
		strings.HasSuffix(text, "START TRANSACTION") {
		return r.deliverWithin(h, buf)
	}
	return r.deliver(h, buf, r.leavesOut())
}

func completeName(n *ddl.Name, schema, object string) {
	if n.Schema == "" && object != "DATABASE" {
		n.Schema = schema
	}
}

// concerns reports whether a statement names a wanted table or schema, or, when all DDL
// is wanted, anything but the server's own.
func (r *reader) concerns(s *ddl.Statement) bool {
	if r.cfg.AllDDL && len(s.Names) > 0 {
		schema := s.Names[0].Schema
		if s.Object == "DATABASE" {
			schema = s.Names[0].Name
		}
		return !slices.Contains(systemSchemas, strings.ToLower(schema))
	}
	for _, list := range [2][]ddl.Name{s.Names, s.NewNames} {
		for _, n := range list {
			if s.Object == "DATABASE" {
				if r.cfg.wanted(n.Name, "") {
					return true
				}
			} else if r.cfg.wanted(n.Schema, n.Name) {
				return true
			}
		}
	}
	return false
}

// appendDDL puts the operation into buf: Truncate for tables that are known.
func (r *reader) appendDDL(buf *cachemgr.Buffer, q *queryEvent, s *ddl.Statement, text string,
	known *record.TableDef) error {
	if s.Kind == "TRUNCATE" && known != nil {
		r.scratch, _ = record.AppendOpHeader(r.scratch[:0], record.Truncate, known.ID)
		return cacheFailed(buf.Append(known, r.scratch))
	}
	if s.Kind == "TRUNCATE" && len(s.Names) == 1 {
		def, err := r.schema.describe(r.ctx, s.Names[0].Schema, s.Names[0].Name)
		if err != nil {
			return err
		}
		if def != nil {
			r.scratch, _ = record.AppendOpHeader(r.scratch[:0], record.Truncate, def.ID)
			return cacheFailed(buf.Append(def, r.scratch))
		}
	}
	if q.ansi {
		text = ddl.Backquoted(text)
	}
	d := record.DDLStatement{Kind: s.Kind, Schema: q.schema, Object: s.Object,
		Text: strings.TrimSuffix(strings.TrimSpace(text), " START TRANSACTION")}
	if len(s.Names) > 0 {
		d.Name = strings.TrimPrefix(s.Names[0].Schema+"."+s.Names[0].Name, ".")
	}
	id := uint32(0)
	if known != nil {
		id = known.ID
	}
	r.scratch = record.AppendDDL(r.scratch[:0], id, d)
	return cacheFailed(buf.Append(known, r.scratch))
}

func cacheFailed(err error) error {
	if err == nil {
		return nil
	}
	return ggserr.New(ggserr.Generic, "the transaction cache failed").Because(err)
}

// deliverWithin delivers the CREATE TABLE of a CREATE ... SELECT, whose rows follow
// in the same group. A restart behind it reads the group again from its begin.
func (r *reader) deliverWithin(h *binlog.Header, buf *cachemgr.Buffer) error {
	end, when := r.at, r.commitTime(h)
	if r.skips(r.group.id, end, when) || r.leavesOut() {
		r.freeBuffer(buf)
		return nil
	}
	before := r.committed
	r.committed = end
	info := record.TxnInfo{CSN: end.csn(r.epoch), XID: r.group.id.String(), CommitTime: when,
		Tag: r.group.tag}
	txn := record.Txn{TxnInfo: info, Restart: r.restartText(gtid{}, r.set.text())}
	r.committed = before
	if err := r.schema.flush(); err != nil {
		r.freeBuffer(buf)
		return err
	}
	r.src.state.delivered(end, txn.CSN, when, 1)
	if err := r.src.queue.Push(r.ctx, &delivery{txn, buf}, buf.Held()); err != nil {
		r.freeBuffer(buf)
		return err
	}
	// Should the connection break now, the statement must not come again.
	r.skipTo = end
	return nil
}
