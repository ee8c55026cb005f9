package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash"
	"regexp"
	"strings"

	"github.com/go-sql-driver/mysql"

	"ggsh/ddl"
	"ggsh/handler/dml"
	"ggsh/record"
)

// definer is how these servers execute DDL.
func definer() *dml.DDL {
	return &dml.DDL{Execute: execute, Imprint: imprint, Lock: lock, Unlock: unlock}
}

// lockSeconds is how long an earlier session is waited for at once.
const lockSeconds = 10

func lock(ctx context.Context, conn *sql.Conn, name string) (bool, error) {
	var got sql.NullInt64
	err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", name, lockSeconds).Scan(&got)
	return got.Int64 == 1, err
}

func unlock(ctx context.Context, conn *sql.Conn, name string) error {
	_, err := conn.ExecContext(ctx, "DO RELEASE_LOCK(?)", name)
	return err
}

// bodied are the objects whose statements have a body with names of its own, which are
// looked for in the default schema.
var bodied = map[string]bool{"VIEW": true, "TRIGGER": true, "PROCEDURE": true, "FUNCTION": true,
	"EVENT": true, "PACKAGE": true}

// execute executes a statement. All other names have their schemas.
func execute(ctx context.Context, conn *sql.Conn, st record.DDLStatement) error {
	if !bodied[st.Object] || st.Schema == "" {
		_, err := conn.ExecContext(ctx, st.Text)
		return err
	}
	var before sql.NullString
	if err := conn.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&before); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "USE "+quote(st.Schema)); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, st.Text)
	if before.Valid {
		_, back := conn.ExecContext(ctx, "USE "+quote(before.String))
		err = errors.Join(err, back)
	}
	return err
}

// shownAs is the word behind SHOW CREATE.
var shownAs = map[string]string{"TABLE": "TABLE", "INDEX": "TABLE", "VIEW": "TABLE",
	"DATABASE": "DATABASE", "TRIGGER": "TRIGGER", "PROCEDURE": "PROCEDURE", "FUNCTION": "FUNCTION",
	"EVENT": "EVENT", "PACKAGE": "PACKAGE", "SEQUENCE": "SEQUENCE"}

// imprint hashes what SHOW CREATE says of each object that a statement names, old and new;
// then the numbers that InnoDB gives tables, which tell two of one form apart.
func imprint(ctx context.Context, conn *sql.Conn, st record.DDLStatement) (string, error) {
	s := ddl.Parse(st.Text, false)
	word := shownAs[s.Object]
	if word == "" {
		return "", fmt.Errorf("DDL on %s: it cannot be told whether it was executed", s.Object)
	}
	sum := sha256.New()
	names := append(append([]ddl.Name(nil), s.Names...), s.NewNames...)
	for _, n := range names {
		if _, err := describe(ctx, conn, sum, "SHOW CREATE "+word+" "+n.Quote()); err != nil {
			return "", err
		}
	}
	numbers := sha256.New()
	for _, n := range names {
		known, err := numbered(ctx, conn, numbers, n)
		if err != nil {
			return "", err
		}
		if !known {
			return fmt.Sprintf("%x-%s", sum.Sum(nil)[:16], dml.NotKnown), nil
		}
	}
	return fmt.Sprintf("%x-%x", sum.Sum(nil)[:16], numbers.Sum(nil)[:8]), nil
}

// numbered adds the numbers of a table and of its partitions to the hash; false when the
// user may not see them.
func numbered(ctx context.Context, conn *sql.Conn, sum hash.Hash, n ddl.Name) (bool, error) {
	name := n.Schema + "/" + n.Name
	like := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(name) + "#%"
	for _, table := range []string{"INNODB_TABLES", "INNODB_SYS_TABLES"} {
		known, err := describe(ctx, conn, sum, "SELECT NAME, TABLE_ID FROM information_schema."+table+
			" WHERE NAME = ? OR NAME LIKE ? ORDER BY NAME", name, like)
		if known || err != nil {
			return known, err
		}
	}
	return false, nil
}

// growing is the part of a table's text that rows change.
var growing = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// describe adds a query's rows to the hash. That the server refuses it, as for an object
// that it has not, is a description, too.
func describe(ctx context.Context, conn *sql.Conn, sum hash.Hash, query string, args ...any) (known bool,
	err error) {
	rows, err := conn.QueryContext(ctx, query, args...)
	var native *mysql.MySQLError
	if errors.As(err, &native) {
		fmt.Fprintf(sum, "none\x00")
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return false, err
	}
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return false, err
		}
		for _, v := range values {
			fmt.Fprintf(sum, "%s\x00", growing.ReplaceAllString(v.String, ""))
		}
	}
	return true, rows.Err()
}
