// Package checkpointtable is the table in a target database that holds, for
// each Replicat group, the position up to which its trail has been applied:
// its statements for each kind of database, and what commands and handlers do
// with it.
//
// It opens no database and ends no transaction: the caller's connection and the
// caller's transaction are used. Its law: a row is changed only by a writer
// that knew where it stood, so a second writer for the same group is noticed
// before it does harm.
package checkpointtable

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"ggsh/record"
)

// Kind names the database product whose SQL is written.
type Kind string

// The kinds that have a checkpoint table.
const (
	MySQL   Kind = "mysql"
	MariaDB Kind = "mariadb"
	SQLite  Kind = "sqlite"
	Oracle  Kind = "oracle"
)

// version is stored with each row: the form of its columns.
const version = 1

// DB is a *sql.DB, *sql.Conn or *sql.Tx.
type DB interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Name is the table's name; without schema it is in the session's default one.
type Name struct {
	Schema string
	Table  string
	// Exact says that a part was quoted, so that its case counts where that of
	// others does not.
	Exact bool
}

// ParseName reads schema.table or table, each part bare or quoted by " or `.
func ParseName(s string) (Name, error) {
	parts, err := splitName(s)
	exact := strings.ContainsAny(s, "\"`")
	switch {
	case err != nil:
		return Name{}, err
	case len(parts) == 1:
		return Name{Table: parts[0], Exact: exact}, nil
	case len(parts) == 2:
		return Name{Schema: parts[0], Table: parts[1], Exact: exact}, nil
	}
	return Name{}, fmt.Errorf("checkpoint table %s: use schema.table", s)
}

func splitName(s string) ([]string, error) {
	var parts []string
	for rest := strings.TrimSpace(s); ; {
		if rest == "" {
			return nil, fmt.Errorf("checkpoint table %q: a part of the name is empty", s)
		}
		var part string
		if q := rest[0]; q == '"' || q == '`' {
			end := strings.IndexByte(rest[1:], q)
			if end <= 0 {
				return nil, fmt.Errorf("checkpoint table %q: quote without end", s)
			}
			part, rest = rest[1:1+end], rest[2+end:]
		} else {
			end := strings.IndexByte(rest, '.')
			if end < 0 {
				end = len(rest)
			}
			part, rest = rest[:end], rest[end:]
		}
		parts = append(parts, part)
		if rest == "" {
			return parts, nil
		}
		if rest[0] != '.' {
			return nil, fmt.Errorf("checkpoint table %q: a dot is expected before %q", s, rest)
		}
		rest = rest[1:]
	}
}

// String joins the parts with a dot.
func (n Name) String() string {
	if n.Schema == "" {
		return n.Table
	}
	return n.Schema + "." + n.Table
}

// Group identifies a row: group names repeat in different homes, keys do not.
type Group struct {
	Name string
	Key  uint64
}

// Position is what a row says of the trail and of the last transaction applied.
type Position struct {
	Seqno      uint32
	RBA        uint64
	CommitTime time.Time // of the last transaction at its source; zero when none
	CSN        record.CSN
	XID        string
}

// IsZero reports whether nothing has been applied yet.
func (p Position) IsZero() bool {
	return p.Seqno == 0 && p.RBA == 0 && p.CSN.IsZero() && p.XID == ""
}

// Row is a whole row.
type Row struct {
	Group
	Position
	Created    time.Time
	Updated    time.Time
	CurrentDir string // the home of the group
	Pending    Pending
}

// ErrMoved says that the row is not where the caller left it.
var ErrMoved = errors.New("the checkpoint row is not where this process left it: " +
	"another process applies for the same group, or the row was changed by hand")

// Create makes the table; one that exists stays as it is.
func Create(ctx context.Context, db DB, k Kind, n Name) error {
	g, err := grammarOf(k)
	if err != nil {
		return err
	}
	if !g.createAnew {
		found, _, err := Exists(ctx, db, k, n)
		if err != nil || found {
			return err
		}
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf(g.create, g.quote(n)))
	return wrap("create", n, err)
}

// Drop removes the table.
func Drop(ctx context.Context, db DB, k Kind, n Name) error {
	g, err := grammarOf(k)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "DROP TABLE "+g.quote(n))
	return wrap("drop", n, err)
}

// Exists tells whether the table is there and when it was created, as far as
// the database knows (zero on SQLite).
func Exists(ctx context.Context, db DB, k Kind, n Name) (bool, time.Time, error) {
	g, err := grammarOf(k)
	if err != nil {
		return false, time.Time{}, err
	}
	rows, err := db.QueryContext(ctx, g.exists, g.existsArgs(n)...)
	if err != nil {
		return false, time.Time{}, wrap("look for", n, err)
	}
	defer rows.Close()
	if !rows.Next() {
		return false, time.Time{}, wrap("look for", n, rows.Err())
	}
	var created sql.NullString
	if err := rows.Scan(&created); err != nil {
		return false, time.Time{}, wrap("look for", n, err)
	}
	return true, parseTime(created.String), nil
}

// Rows gives all rows, by group name and key.
func Rows(ctx context.Context, db DB, k Kind, n Name) ([]Row, error) {
	g, err := grammarOf(k)
	if err != nil {
		return nil, err
	}
	return queryRows(ctx, db, n, g.selectRows(n)+" ORDER BY group_name, group_key")
}

// Load gives a group's row, nil when there is none. With lock it waits for
// other writers of the row and keeps it until the transaction's end.
func Load(ctx context.Context, db DB, k Kind, n Name, group Group, lock bool) (*Row, error) {
	g, err := grammarOf(k)
	if err != nil {
		return nil, err
	}
	query := g.selectRows(n) + whereGroup
	if lock {
		query += g.forUpdate
	}
	rows, err := queryRows(ctx, db, n, g.marked(query), group.Name, storedKey(group.Key))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// Insert makes a group's row.
func Insert(ctx context.Context, db DB, k Kind, n Name, group Group, p Position,
	home string) error {
	g, err := grammarOf(k)
	if err != nil {
		return err
	}
	now := timeText(time.Now())
	args := append([]any{group.Name, storedKey(group.Key)}, positionArgs(p)...)
	args = append(args, now, now, home, version)
	_, err = db.ExecContext(ctx, g.marked("INSERT INTO "+g.quote(n)+" (group_name, group_key, "+
		strings.Join(positionColumns, ", ")+", create_ts, last_update_ts, current_dir, version) "+
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"), args...)
	return wrap("write", n, err)
}

// Advance moves a group's row from where the caller knows it to be; ErrMoved
// when it is not there. It is the first statement of a target transaction: its
// row lock keeps a second writer out until the end.
func Advance(ctx context.Context, db DB, k Kind, n Name, group Group, from, to Position) error {
	g, err := grammarOf(k)
	if err != nil {
		return err
	}
	result, err := db.ExecContext(ctx, g.advance(n), AdvanceArgs(group, from, to)...)
	if err != nil {
		return wrap("write", n, err)
	}
	return CheckAdvanced(result)
}

// AdvanceSQL is Advance's statement, for callers that prepare it; AdvanceArgs
// are its arguments and CheckAdvanced judges its result.
func AdvanceSQL(k Kind, n Name) (string, error) {
	g, err := grammarOf(k)
	if err != nil {
		return "", err
	}
	return g.advance(n), nil
}

// AdvanceArgs are the arguments of AdvanceSQL.
func AdvanceArgs(group Group, from, to Position) []any {
	args := append(positionArgs(to), timeText(time.Now()), group.Name, storedKey(group.Key))
	return append(args, int64(from.Seqno), int64(from.RBA))
}

// MarkSQL updates a group's row to what it is: where a log shows nothing else of where a
// transaction begins and ends, a row that is marked behind its move, and again before the
// commit, tells what lies between for this group's. MarkArgs are its arguments.
func MarkSQL(k Kind, n Name) (string, error) {
	g, err := grammarOf(k)
	if err != nil {
		return "", err
	}
	return g.marked("UPDATE " + g.quote(n) + " SET version = version" + whereGroup), nil
}

// MarkArgs are the arguments of MarkSQL.
func MarkArgs(group Group) []any { return []any{group.Name, storedKey(group.Key)} }

// CheckAdvanced gives ErrMoved when the statement found no row.
func CheckAdvanced(result sql.Result) error {
	n, err := result.RowsAffected()
	if err != nil {
		return err
	}
	if n != 1 {
		return ErrMoved
	}
	return nil
}

// Place sets a group's row whatever it says, and makes it if need be: an
// operator has positioned the group.
func Place(ctx context.Context, db DB, k Kind, n Name, group Group, p Position, home string) error {
	row, err := Load(ctx, db, k, n, group, true)
	if err != nil {
		return err
	}
	if row == nil {
		return Insert(ctx, db, k, n, group, p, home)
	}
	return Advance(ctx, db, k, n, group, row.Position, p)
}

// Delete removes a group's row; DELETE REPLICAT does it.
func Delete(ctx context.Context, db DB, k Kind, n Name, group Group) error {
	g, err := grammarOf(k)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, g.marked("DELETE FROM "+g.quote(n)+whereGroup),
		group.Name, storedKey(group.Key))
	return wrap("delete from", n, err)
}

// Cleanup removes the rows that keep refuses and tells which they were. keep
// sees all rows, those of other homes (CurrentDir) too.
func Cleanup(ctx context.Context, db DB, k Kind, n Name, keep func(Row) bool) ([]Row, error) {
	rows, err := Rows(ctx, db, k, n)
	if err != nil {
		return nil, err
	}
	var removed []Row
	for _, row := range rows {
		if keep(row) {
			continue
		}
		if err := Delete(ctx, db, k, n, row.Group); err != nil {
			return removed, err
		}
		removed = append(removed, row)
	}
	return removed, nil
}

func wrap(verb string, n Name, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s checkpoint table %s: %w", verb, n, err)
}
