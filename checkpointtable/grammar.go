package checkpointtable

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"ggsh/record"
)

// grammar is what differs between the kinds of database.
type grammar struct {
	open, shut byte   // quotes of names
	create     string // with one %s for the table
	exists     string // one row with the creation time as text, or none
	schemaArg  bool   // exists takes the schema before the table
	forUpdate  string
}

// The columns are GoldenGate's. Times are texts: exact, and the same everywhere.
const mysqlCreate = `CREATE TABLE IF NOT EXISTS %s (
  group_name      VARCHAR(64)     NOT NULL,
  group_key       BIGINT          NOT NULL,
  seqno           BIGINT          NOT NULL,
  rba             BIGINT          NOT NULL,
  audit_ts        VARCHAR(29)     NULL,
  create_ts       VARCHAR(29)     NOT NULL,
  last_update_ts  VARCHAR(29)     NOT NULL,
  current_dir     VARCHAR(1024)   NOT NULL,
  log_bsn         VARCHAR(128)    NULL,
  log_csn         VARCHAR(128)    NULL,
  log_xid         VARCHAR(2000)   NULL,
  log_cmplt_csn   VARCHAR(128)    NULL,
  log_cmplt_xids  VARCHAR(2000)   NULL,
  version         INT             NULL,
  PRIMARY KEY (group_name, group_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`

const sqliteCreate = `CREATE TABLE IF NOT EXISTS %s (
  group_name      TEXT     NOT NULL,
  group_key       INTEGER  NOT NULL,
  seqno           INTEGER  NOT NULL,
  rba             INTEGER  NOT NULL,
  audit_ts        TEXT     NULL,
  create_ts       TEXT     NOT NULL,
  last_update_ts  TEXT     NOT NULL,
  current_dir     TEXT     NOT NULL,
  log_bsn         TEXT     NULL,
  log_csn         TEXT     NULL,
  log_xid         TEXT     NULL,
  log_cmplt_csn   TEXT     NULL,
  log_cmplt_xids  TEXT     NULL,
  version         INTEGER  NULL,
  PRIMARY KEY (group_name, group_key)
) WITHOUT ROWID`

const mysqlExists = `SELECT CAST(create_time AS CHAR) FROM information_schema.tables
  WHERE table_schema = COALESCE(NULLIF(?, ''), DATABASE()) AND table_name = ?`

const sqliteExists = `SELECT '' FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower(?)`

func grammarOf(k Kind) (grammar, error) {
	switch k {
	case MySQL, MariaDB:
		return grammar{open: '`', shut: '`', create: mysqlCreate, exists: mysqlExists,
			schemaArg: true, forUpdate: " FOR UPDATE"}, nil
	case SQLite:
		return grammar{open: '"', shut: '"', create: sqliteCreate, exists: sqliteExists}, nil
	}
	return grammar{}, fmt.Errorf("checkpoint table: no statements for a database of kind %q", k)
}

func (g grammar) quote(n Name) string {
	s := g.quotePart(n.Table)
	if n.Schema != "" {
		s = g.quotePart(n.Schema) + "." + s
	}
	return s
}

func (g grammar) quotePart(s string) string {
	shut := string(g.shut)
	return string(g.open) + strings.ReplaceAll(s, shut, shut+shut) + shut
}

func (g grammar) existsArgs(n Name) []any {
	if g.schemaArg {
		return []any{n.Schema, n.Table}
	}
	return []any{n.Table}
}

// positionColumns are the columns of a Position, in positionArgs' order.
var positionColumns = []string{"seqno", "rba", "audit_ts", "log_bsn", "log_csn", "log_xid",
	"log_cmplt_csn", "log_cmplt_xids"}

const whereGroup = " WHERE group_name = ? AND group_key = ?"

func (g grammar) advance(n Name) string {
	return "UPDATE " + g.quote(n) + " SET " + strings.Join(positionColumns, " = ?, ") +
		" = ?, last_update_ts = ?" + whereGroup + " AND seqno = ? AND rba = ?"
}

func (g grammar) selectRows(n Name) string {
	return "SELECT group_name, group_key, seqno, rba, audit_ts, create_ts, last_update_ts, " +
		"current_dir, log_csn, log_xid, log_cmplt_xids FROM " + g.quote(n)
}

// positionArgs: one thread applies in commit order, so what is complete is what
// was applied last.
func positionArgs(p Position) []any {
	csn := ""
	if !p.CSN.IsZero() {
		csn = p.CSN.String()
	}
	return []any{int64(p.Seqno), int64(p.RBA), timeText(p.CommitTime), csn, csn, p.XID, csn, p.XID}
}

// storedKey: signed columns hold all 64 bits everywhere.
func storedKey(key uint64) int64 { return int64(key) }

const timeLayout = "2006-01-02 15:04:05.000000000"

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeLayout)
}

// parseTime reads a stored time, with or without a fraction; what it cannot
// read is unknown, which is zero.
func parseTime(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05.999999999", s)
	if err != nil {
		return time.Time{}
	}
	return t
}

func queryRows(ctx context.Context, db DB, n Name, query string, args ...any) ([]Row, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, wrap("read", n, err)
	}
	defer rows.Close()
	var all []Row
	for rows.Next() {
		row, err := scanRow(rows)
		if err != nil {
			return nil, wrap("read", n, err)
		}
		all = append(all, row)
	}
	return all, wrap("read", n, rows.Err())
}

func scanRow(rows *sql.Rows) (Row, error) {
	var r Row
	var key, seqno, rba int64
	var audit, csn, xid, complete sql.NullString
	var created, updated string
	err := rows.Scan(&r.Name, &key, &seqno, &rba, &audit, &created, &updated, &r.CurrentDir,
		&csn, &xid, &complete)
	if err != nil {
		return r, err
	}
	r.Key, r.Seqno, r.RBA, r.XID = uint64(key), uint32(seqno), uint64(rba), xid.String
	r.Pending = ParsePending(complete.String)
	r.CommitTime = parseTime(audit.String)
	r.Created, r.Updated = parseTime(created), parseTime(updated)
	if csn.String != "" {
		if r.CSN, err = record.ParseCSN(csn.String); err != nil {
			return r, err
		}
	}
	return r, nil
}
