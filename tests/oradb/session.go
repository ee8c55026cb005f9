package oradb

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"ggsh/tests/tns"
)

// session is one login: a transaction at a time, settings, and a LogMiner session.
type session struct {
	db      *DB
	id      int
	user    *user
	schema  string
	program string
	logon   time.Time
	thread  *thread
	nls     map[string]string
	tx      *transaction
	// savepoints are those of the transaction, set before its first change too.
	savepoints []savepoint
	mine       mining
	// deferred is SET CONSTRAINTS ALL DEFERRED of the transaction.
	deferred bool
	readOnly uint64 // SET TRANSACTION READ ONLY reads at this number
	ctx      context.Context
}

func (db *DB) newSession(u *user, program string) *session {
	db.serial++
	s := &session{db: db, id: db.serial, user: u, schema: u.name, program: program, logon: db.now(),
		thread: db.threads[db.serial%len(db.threads)], ctx: context.Background(),
		nls: map[string]string{
			"NLS_LANGUAGE": "AMERICAN", "NLS_TERRITORY": "AMERICA", "NLS_NUMERIC_CHARACTERS": ".,",
			"NLS_DATE_FORMAT": "DD-MON-RR", "NLS_CALENDAR": "GREGORIAN",
			"NLS_TIMESTAMP_FORMAT":    "DD-MON-RR HH.MI.SSXFF AM",
			"NLS_TIMESTAMP_TZ_FORMAT": "DD-MON-RR HH.MI.SSXFF AM TZR",
			"NLS_LENGTH_SEMANTICS":    "BYTE", "NLS_SORT": "BINARY", "NLS_COMP": "BINARY",
			"NLS_CHARACTERSET": "AL32UTF8", "NLS_NCHAR_CHARACTERSET": "AL16UTF16"}}
	db.sessions[s] = true
	return s
}

// heldRows are the rows of a query, read whole.
type heldRows struct {
	rows [][]any
	at   int
}

// Next gives the next row.
func (h *heldRows) Next() ([]any, error) {
	if h.at >= len(h.rows) {
		return nil, io.EOF
	}
	h.at++
	return h.rows[h.at-1], nil
}

// Close forgets the rows.
func (h *heldRows) Close() error {
	h.at = len(h.rows)
	return nil
}

// Execute runs one statement or block, once for each row of binds.
func (s *session) Execute(ctx context.Context, c tns.Call) (*tns.Result, error) {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	s.ctx = ctx
	rows := c.Binds
	if len(rows) == 0 {
		rows = [][]tns.Bind{nil}
	}
	whole := &tns.Result{}
	for _, binds := range rows {
		s.db.current = s
		r, err := s.execute(c.SQL, binds)
		if err != nil {
			return nil, err
		}
		whole.Columns, whole.Rows = r.Columns, r.Rows
		whole.Affected += r.Affected
		whole.Out = append(whole.Out, r.Out...)
	}
	return whole, nil
}

// firstWord gives a statement's first keyword without reading the rest.
func firstWord(statement string) string {
	for {
		statement = strings.TrimLeft(statement, " \t\r\n(")
		switch {
		case strings.HasPrefix(statement, "--"):
			_, statement, _ = strings.Cut(statement, "\n")
		case strings.HasPrefix(statement, "/*"):
			_, statement, _ = strings.Cut(statement, "*/")
		default:
			return strings.ToUpper(statement[:nameLength(statement)])
		}
	}
}

func (s *session) execute(statement string, binds []tns.Bind) (*tns.Result, error) {
	switch firstWord(statement) {
	case "SELECT", "WITH":
		return s.query(statement, binds)
	case "INSERT", "UPDATE", "DELETE", "MERGE":
		return s.changeRows(statement, binds)
	case "BEGIN", "DECLARE", "CALL":
		return s.block(statement, binds)
	case "COMMIT":
		return &tns.Result{}, s.commit()
	case "ROLLBACK":
		return s.rollbackStatement(statement)
	case "SAVEPOINT":
		p, err := parse(statement)
		if err != nil {
			return nil, err
		}
		s.savepoint(p.ahead(1).text)
		return &tns.Result{}, nil
	case "SET":
		return s.set(statement)
	case "LOCK", "EXPLAIN", "ANALYZE", "AUDIT", "NOAUDIT":
		return &tns.Result{}, nil
	case "ALTER", "CREATE", "DROP", "TRUNCATE", "RENAME", "GRANT", "REVOKE", "COMMENT", "PURGE":
		return s.define(statement)
	}
	return nil, oraError(900)
}

func (s *session) rollbackStatement(statement string) (*tns.Result, error) {
	p, err := parse(statement)
	if err != nil {
		return nil, err
	}
	p.at++
	p.accept("WORK")
	if p.accept("TO") {
		p.accept("SAVEPOINT")
		return &tns.Result{}, s.rollbackTo(p.next().text)
	}
	return &tns.Result{}, s.rollback()
}

// set is SET TRANSACTION, SET CONSTRAINTS, SET ROLE.
func (s *session) set(statement string) (*tns.Result, error) {
	p, err := parse(statement)
	if err != nil {
		return nil, err
	}
	p.at++
	switch {
	case p.accept("TRANSACTION", "READ", "ONLY"):
		s.readOnly = s.db.scn
	case p.accept("TRANSACTION"), p.accept("ROLE"):
	case p.accept("CONSTRAINTS"), p.accept("CONSTRAINT"):
		s.deferred = p.token(len(p.tokens) - 1).is("DEFERRED")
		if !s.deferred {
			return &tns.Result{}, s.checkDeferred()
		}
	default:
		return nil, oraError(922)
	}
	return &tns.Result{}, nil
}

// arguments gives SQLite's arguments of a plan: where to read, who reads, the binds.
func (s *session) arguments(p *plan, binds []tns.Bind) ([]any, error) {
	snapshot, reader := int64(s.db.scn), int64(0)
	if s.readOnly > 0 {
		snapshot = int64(s.readOnly)
	}
	if s.tx != nil {
		reader = s.tx.number
	}
	args := []any{snapshot, reader}
	for i, name := range p.binds {
		at := i
		if len(binds) < len(p.binds) {
			// A name that comes again is bound once.
			at = slices.IndexFunc(binds, func(b tns.Bind) bool { return b.Name == name })
		}
		if at < 0 || at >= len(binds) {
			return nil, oraError(1008)
		}
		v, err := fromBind(binds[at])
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	return args, nil
}

// query runs a SELECT.
func (s *session) query(statement string, binds []tns.Bind) (*tns.Result, error) {
	p, err := s.compile(statement)
	if err != nil {
		return nil, err
	}
	return s.runQuery(p, binds)
}

func (s *session) runQuery(p *plan, binds []tns.Bind) (*tns.Result, error) {
	for _, v := range p.views {
		if err := s.fill(v); err != nil {
			return nil, err
		}
	}
	args, err := s.arguments(p, binds)
	if err != nil {
		return nil, err
	}
	a, err := s.db.rowsOf(p.sql, args...)
	if err != nil {
		return nil, err
	}
	types := s.typesOf(a)
	r := &tns.Result{Columns: make([]tns.Column, len(types)), Rows: &heldRows{rows: a.rows}}
	for i := range types {
		r.Columns[i] = types[i].column(a.names[i])
	}
	for _, row := range a.rows {
		for i, v := range row {
			row[i] = result(v, types[i])
		}
	}
	return r, nil
}

// typesOf gives the types of an answer's columns: declared, or as the first value is.
func (s *session) typesOf(a *answer) []*dataType {
	types := make([]*dataType, len(a.declared))
	for i, d := range a.declared {
		if types[i] = s.db.declared(d); types[i] != nil {
			continue
		}
		var first any
		for _, row := range a.rows {
			if first = row[i]; first != nil {
				break
			}
		}
		t := guess(first)
		types[i] = &t
	}
	return types
}

// Commit ends the transaction.
func (s *session) Commit() error {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	s.db.current = s
	return s.commit()
}

// Rollback undoes the transaction.
func (s *session) Rollback() error {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	s.db.current = s
	return s.rollback()
}

// Close rolls back and ends the session.
func (s *session) Close() error {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	s.db.current = s
	if !s.db.sessions[s] {
		return nil
	}
	err := s.rollback()
	if s.mine.table != "" {
		if dropped := s.db.change("DROP TABLE IF EXISTS " + quote(s.mine.table)); err == nil {
			err = dropped
		}
	}
	delete(s.db.sessions, s)
	return err
}
