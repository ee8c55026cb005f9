package checkpointtable

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ggsh/record"
)

// grammar is what differs between the kinds of database.
type grammar struct {
	open, shut byte   // quotes of names
	create     string // with one %s for the table
	exists     string // one row with the creation time as text, or none
	createAnew bool   // create leaves a table that is there as it is
	schemaArg  bool   // exists takes the schema before the table
	upper      bool   // names that are not quoted are meant in upper case
	numbered   bool   // placeholders are :1, :2 and so on
	whole      string // of a number that the driver would give as another type
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

// Drivers of Oracle give numbers as they like, so they are read as texts.
const oracleCreate = `CREATE TABLE %s (
  group_name      VARCHAR2(64)    NOT NULL,
  group_key       NUMBER(19)      NOT NULL,
  seqno           NUMBER(10)      NOT NULL,
  rba             NUMBER(19)      NOT NULL,
  audit_ts        VARCHAR2(29)    NULL,
  create_ts       VARCHAR2(29)    NOT NULL,
  last_update_ts  VARCHAR2(29)    NOT NULL,
  current_dir     VARCHAR2(1024)  NOT NULL,
  log_bsn         VARCHAR2(128)   NULL,
  log_csn         VARCHAR2(128)   NULL,
  log_xid         VARCHAR2(2000)  NULL,
  log_cmplt_csn   VARCHAR2(128)   NULL,
  log_cmplt_xids  VARCHAR2(2000)  NULL,
  version         NUMBER(3)       NULL,
  PRIMARY KEY (group_name, group_key)
)`

const oracleExists = `SELECT TO_CHAR(created, 'YYYY-MM-DD HH24:MI:SS') FROM all_objects
  WHERE object_type = 'TABLE' AND owner = NVL(?, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'))
    AND object_name = ?`

const mysqlExists = `SELECT CAST(create_time AS CHAR) FROM information_schema.tables
  WHERE table_schema = COALESCE(NULLIF(?, ''), DATABASE()) AND table_name = ?`

const sqliteExists = `SELECT '' FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower(?)`

func grammarOf(k Kind) (grammar, error) {
	switch k {
	case MySQL, MariaDB:
		return grammar{open: '`', shut: '`', create: mysqlCreate, createAnew: true,
			exists: mysqlExists, schemaArg: true, forUpdate: " FOR UPDATE"}, nil
	case SQLite:
		return grammar{open: '"', shut: '"', create: sqliteCreate, createAnew: true,
			exists: sqliteExists}, nil
	case Oracle:
		return grammar{open: '"', shut: '"', create: oracleCreate, exists: Numbered(oracleExists),
			schemaArg: true, upper: true, numbered: true, whole: "TO_CHAR",
			forUpdate: " FOR UPDATE"}, nil
	}
	return grammar{}, fmt.Errorf("checkpoint table: no statements for a database of kind %q", k)
}

func (g grammar) quote(n Name) string {
	n = g.named(n)
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

// named gives the name as the database has it.
func (g grammar) named(n Name) Name {
	if g.upper && !n.Exact {
		n.Schema, n.Table = strings.ToUpper(n.Schema), strings.ToUpper(n.Table)
	}
	return n
}

// marked writes placeholders as the database has them.
func (g grammar) marked(text string) string {
	if g.numbered {
		return Numbered(text)
	}
	return text
}

// Numbered replaces each ? that is not within quotes by :1, :2 and so on.
func Numbered(text string) string {
	var b strings.Builder
	var quote byte
	n := 0
	for i := range len(text) {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '?':
			n++
			b.WriteByte(':')
			b.WriteString(strconv.Itoa(n))
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func (g grammar) existsArgs(n Name) []any {
	n = g.named(n)
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
	return g.marked("UPDATE " + g.quote(n) + " SET " + strings.Join(positionColumns, " = ?, ") +
		" = ?, last_update_ts = ?" + whereGroup + " AND seqno = ? AND rba = ?")
}

func (g grammar) selectRows(n Name) string {
	w := func(column string) string {
		if g.whole == "" {
			return column
		}
		return g.whole + "(" + column + ")"
	}
	return "SELECT group_name, " + w("group_key") + ", " + w("seqno") + ", " + w("rba") +
		", audit_ts, create_ts, last_update_ts, current_dir, log_csn, log_xid FROM " + g.quote(n)
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
	var audit, csn, xid sql.NullString
	var created, updated string
	err := rows.Scan(&r.Name, &key, &seqno, &rba, &audit, &created, &updated, &r.CurrentDir,
		&csn, &xid)
	if err != nil {
		return r, err
	}
	r.Key, r.Seqno, r.RBA, r.XID = uint64(key), uint32(seqno), uint64(rba), xid.String
	r.CommitTime = parseTime(audit.String)
	r.Created, r.Updated = parseTime(created), parseTime(updated)
	if csn.String != "" {
		if r.CSN, err = record.ParseCSN(csn.String); err != nil {
			return r, err
		}
	}
	return r, nil
}
