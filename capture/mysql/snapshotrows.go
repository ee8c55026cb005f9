package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	gomysql "github.com/go-mysql-org/go-mysql/mysql"

	"ggsh/capture/mysql/binlog"
	"ggsh/ddl"
	"ggsh/ggserr"
)

// describe reads the definitions of the tables. They are read behind the moment of
// the snapshot: a table that was altered since is refused when it is read.
func (s *Snapshot) describe(ctx context.Context) error {
	names, err := s.wanted(ctx)
	if err != nil {
		return err
	}
	for _, n := range names {
		t, err := s.srv.readTable(ctx, n.Schema, n.Name)
		if err != nil {
			return err
		}
		if t == nil || t.def.Sequence() {
			continue
		}
		if t.versioned {
			addVersionColumns(t.def)
		}
		table := &SnapshotTable{Def: t.def, Key: -1, Rows: -1}
		if err := s.describeStorage(ctx, table); err != nil {
			return err
		}
		table.prepare()
		s.nextID++
		t.def.ID, t.def.Version = s.nextID, s.Position().CSN.String()
		s.tables = append(s.tables, table)
	}
	return nil
}

// describeStorage refuses tables that have no snapshot, and learns about how many
// rows there are.
func (s *Snapshot) describeStorage(ctx context.Context, t *SnapshotTable) error {
	const q = "SELECT ENGINE, TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND " +
		"TABLE_NAME = ?"
	var engine sql.NullString
	var rows sql.NullInt64
	if err := s.srv.db.QueryRowContext(ctx, q, t.Def.Schema, t.Def.Name).Scan(&engine, &rows); err != nil {
		return s.srv.failed(err, q)
	}
	if rows.Valid {
		t.Rows = rows.Int64
	}
	switch strings.ToLower(engine.String) {
	case "innodb", "rocksdb":
		return nil
	}
	return ggserr.New(ggserr.Generic, fmt.Sprintf("table %s is kept by engine %s, which has no "+
		"snapshots: other sessions may change it while it is read", t.Def.FullName(), engine.String)).
		Do("ALTER TABLE %s ENGINE=InnoDB, or leave the table out: TABLEEXCLUDE %s",
			quoteTable(t.Def.Schema, t.Def.Name), t.Def.FullName())
}

// prepare writes the list of columns and finds the leading key.
func (t *SnapshotTable) prepare() {
	list := make([]string, len(t.Def.Columns))
	for i := range t.Def.Columns {
		list[i] = quoteName(t.Def.Columns[i].Name)
	}
	t.columns = strings.Join(list, ", ")
	if len(t.Def.Key) > 0 {
		switch ddl.ParseType(t.Def.Columns[t.Def.Key[0]].Type).Base {
		case "tinyint", "smallint", "mediumint", "int", "bigint":
			t.Key = t.Def.Key[0]
		}
	}
}

// quoteName and quoteTable quote identifiers.
func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func quoteTable(schema, table string) string { return quoteName(schema) + "." + quoteName(table) }

// plan compiles how the rows of a result become operations.
func (t *SnapshotTable) plan() (*binlog.Plan, error) {
	m := &binlog.TableMap{Signs: true}
	for i := range t.Def.Columns {
		m.Columns = append(m.Columns, wireColumn(&t.Def.Columns[i]))
	}
	return binlog.NewPlan(m, t.Def.ID, nil)
}

// Bounds gives the lowest and the highest value of the table's Key column; any is
// false for a table without rows. What is beyond int64 counts as its end.
func (s *Snapshot) Bounds(ctx context.Context, reader int, t *SnapshotTable) (low, high int64, any bool,
	err error) {
	key := quoteName(t.Def.Columns[t.Key].Name)
	q := fmt.Sprintf("SELECT MIN(%s), MAX(%s) FROM %s", key, key, quoteTable(t.Def.Schema, t.Def.Name))
	rows, err := s.conns[reader].ask(ctx, q)
	if err == nil {
		err = s.conns[reader].exec(ctx, giveBack)
	}
	if err != nil {
		return 0, 0, false, s.readFailed(err, t, q)
	}
	if len(rows) != 1 || rows[0][0] == "" {
		return 0, 0, false, nil
	}
	low, err1 := clamped(rows[0][0])
	high, err2 := clamped(rows[0][1])
	return low, high, true, errors.Join(err1, err2)
}

func clamped(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return n, nil // the nearest there is
	}
	return n, err
}

// Part is the rows of a table whose Key lies in From to To, ends of int64 meaning
// that there is no end, and for which the condition Where holds if one is given.
type Part struct {
	Table    *SnapshotTable
	From, To int64
	Where    string
}

// Read gives the rows of a part as inserts. An operation lives until take returns.
func (s *Snapshot) Read(ctx context.Context, reader int, p Part, take func(op []byte) error) error {
	t := p.Table
	plan, err := t.plan()
	if err != nil {
		return ggserr.New(ggserr.Generic, "the rows of table "+t.Def.FullName()+" cannot be read").
			Because(err)
	}
	q := s.query(p)
	var op []byte
	var failure error // of ours, as opposed to the server's
	err = s.conns[reader].read(ctx, q, func(kinds []byte) error {
		failure = plan.Results(kinds)
		return failure
	}, func(row []byte) error {
		if op, failure = plan.AppendRow(op[:0], row); failure == nil {
			failure = take(op)
			return failure
		}
		failure = ggserr.New(ggserr.Generic, "a row of table "+t.Def.FullName()+" cannot be read").
			Because(failure)
		return failure
	})
	if err == nil {
		err = s.conns[reader].exec(ctx, giveBack)
	}
	switch {
	case failure != nil:
		return failure
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return s.readFailed(err, t, q)
	}
	return nil
}

func (s *Snapshot) query(p Part) string {
	t := p.Table
	q := "SELECT " + t.columns + " FROM " + quoteTable(t.Def.Schema, t.Def.Name)
	var terms []string
	if where := strings.TrimSpace(p.Where); where != "" {
		terms = append(terms, "("+where+")")
	}
	if t.Key >= 0 {
		key := quoteName(t.Def.Columns[t.Key].Name)
		if p.From != math.MinInt64 {
			terms = append(terms, fmt.Sprintf("%s >= %d", key, p.From))
		}
		if p.To != math.MaxInt64 {
			terms = append(terms, fmt.Sprintf("%s <= %d", key, p.To))
		}
	}
	if len(terms) > 0 {
		q += " WHERE " + strings.Join(terms, " AND ")
	}
	return q
}

// readFailed says what to do when a table cannot be read in the snapshot.
func (s *Snapshot) readFailed(err error, t *SnapshotTable, q string) error {
	var coded *gomysql.MyError
	if errors.As(err, &coded) && coded.Code == errDefChanged {
		return &retryable{ggserr.New(ggserr.SQLFailed, "table "+t.Def.FullName()+" was altered since "+
			"the snapshot was taken").Because(err).Do("What is not loaded yet is read in a new snapshot.")}
	}
	if lockedOut(err) {
		return &retryable{ggserr.New(ggserr.SQLFailed, fmt.Sprintf("table %s was locked by other sessions "+
			"for %s", t.Def.FullName(), readWait)).Because(err).
			Do("What is not loaded yet is read in a new snapshot.")}
	}
	return s.srv.rowsFailed(err, q)
}
