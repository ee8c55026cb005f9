package heartbeat

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// nameLength bounds the names of databases, pathLength those of paths: together they fit a
// key of InnoDB.
const (
	nameLength = 128
	pathLength = 480
)

// timeLayout is UTC, to the microsecond.
const timeLayout = "2006-01-02 15:04:05.000000"

func timeText(t time.Time) string { return t.UTC().Format(timeLayout) }

// parseTime reads a stored time; what it cannot read is unknown, which is zero.
func parseTime(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05.999999999", s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// object is a table or a view.
type object struct{ kind, name string }

// objects are all of them, views first: so they are dropped.
func objects(n Names) []object {
	return []object{{"VIEW", lagHistoryView}, {"VIEW", lagView}, {"TABLE", n.History()},
		{"TABLE", n.Table}, {"TABLE", n.Seed()}}
}

func exists(ctx context.Context, db DB, n Names, o object) (bool, error) {
	query, args := "", []any{o.name}
	switch n.Kind {
	case SQLite:
		query = "SELECT 1 FROM sqlite_master WHERE lower(name) = lower(?)"
	case Oracle:
		query = "SELECT 1 FROM ALL_OBJECTS WHERE OBJECT_NAME = ? AND OWNER = "
		args = append(args, n.Schema)
		query += "NVL(?, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'))"
	default:
		query = "SELECT 1 FROM information_schema.tables WHERE lower(table_name) = lower(?) AND " +
			"table_schema = "
		if n.Schema == "" {
			query += "DATABASE()"
		} else {
			query, args = query+"?", append(args, n.Schema)
		}
	}
	rows, err := db.QueryContext(ctx, n.marked(query), args...)
	if err != nil {
		return false, fault("look for", n, err)
	}
	defer rows.Close()
	return rows.Next(), fault("look for", n, rows.Err())
}

func (n Names) quoted(name string) string {
	q := `"`
	if n.Kind == MySQL || n.Kind == MariaDB {
		q = "`"
	}
	name = q + strings.ReplaceAll(name, q, q+q) + q
	if n.Schema == "" {
		return name
	}
	return q + strings.ReplaceAll(n.Schema, q, q+q) + q + "." + name
}

// marked writes Oracle's placeholders.
func (n Names) marked(query string) string {
	if n.Kind != Oracle {
		return query
	}
	parts := strings.Split(query, "?")
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			fmt.Fprintf(&b, ":%d", i)
		}
		b.WriteString(p)
	}
	return b.String()
}

const oracleTime = "'YYYY-MM-DD HH24:MI:SS.FF6'"

// aTime is a placeholder for the text of a time.
func (n Names) aTime() string {
	if n.Kind == Oracle {
		return "TO_TIMESTAMP(?, " + oracleTime + ")"
	}
	return "?"
}

// timeText gives a column of a time as text.
func (n Names) timeText(column string) string {
	switch n.Kind {
	case SQLite:
		return column
	case Oracle:
		return "TO_CHAR(" + column + ", " + oracleTime + ")"
	}
	return "DATE_FORMAT(" + column + ", '%Y-%m-%d %H:%i:%s.%f')"
}

// joined puts texts one behind the other; NULL is an empty one.
func (n Names) joined(parts ...string) string {
	for i, p := range parts {
		parts[i] = "COALESCE(" + p + ", '')"
	}
	if n.Kind == SQLite || n.Kind == Oracle {
		return "(" + strings.Join(parts, " || ") + ")"
	}
	return "CONCAT(" + strings.Join(parts, ", ") + ")"
}

// now is the database's clock in UTC.
func (n Names) now() string {
	switch n.Kind {
	case SQLite:
		return "strftime('%Y-%m-%d %H:%M:%f', 'now')"
	case Oracle:
		return "SYS_EXTRACT_UTC(SYSTIMESTAMP)"
	}
	return "UTC_TIMESTAMP(6)"
}

// seconds is how much later a is than b.
func (n Names) seconds(a, b string) string {
	switch n.Kind {
	case SQLite:
		return fmt.Sprintf("ROUND((julianday(%s) - julianday(%s)) * 86400.0, 3)", a, b)
	case Oracle:
		d := "(" + a + " - " + b + ")"
		return fmt.Sprintf("(EXTRACT(DAY FROM %s) * 86400 + EXTRACT(HOUR FROM %[1]s) * 3600 + "+
			"EXTRACT(MINUTE FROM %[1]s) * 60 + EXTRACT(SECOND FROM %[1]s))", d)
	}
	return fmt.Sprintf("TIMESTAMPDIFF(MICROSECOND, %s, %s) / 1000000", b, a)
}

// createStatements make the tables and views; types stand in braces.
func createStatements(n Names) []string {
	incoming := "LOCAL_DATABASE {name} NOT NULL, REMOTE_DATABASE {name} NOT NULL, " +
		"INCOMING_PATH {path} NOT NULL, INCOMING_EXTRACT {name}, INCOMING_ROUTING_PATH {path}, " +
		"INCOMING_REPLICAT {name}, INCOMING_HEARTBEAT_TS {time} NOT NULL, INCOMING_EXTRACT_TS {time}, " +
		"INCOMING_ROUTING_TS {time}, INCOMING_REPLICAT_TS {time}, HEARTBEAT_RECEIVED_TS {time}, " +
		"PRIMARY KEY (LOCAL_DATABASE, REMOTE_DATABASE, INCOMING_PATH"
	lag := n.seconds("HEARTBEAT_RECEIVED_TS", "INCOMING_HEARTBEAT_TS") + " AS INCOMING_LAG"
	list := []string{
		"CREATE TABLE " + n.quoted(n.Seed()) + " (LOCAL_DATABASE {name} NOT NULL PRIMARY KEY, " +
			"HEARTBEAT_TIMESTAMP {time}, OUTGOING_EXTRACT {name}, OUTGOING_EXTRACT_TS {time}, " +
			"OUTGOING_ROUTING_PATH {path}, OUTGOING_ROUTING_TS {time}, FREQUENCY {int}, " +
			"RETENTION_TIME {int}, PURGE_FREQUENCY {int}, TARGETONLY {int}, LEASE_HOLDER {path}, " +
			"LEASE_UNTIL {time}){end}",
		"CREATE TABLE " + n.quoted(n.Table) + " (" + incoming + ")){end}",
		"CREATE TABLE " + n.quoted(n.History()) + " (" + incoming + ", INCOMING_HEARTBEAT_TS)){end}",
		"CREATE VIEW " + n.quoted(lagView) + " AS SELECT LOCAL_DATABASE, " + n.now() +
			" AS CURRENT_LOCAL_TS, REMOTE_DATABASE, " + n.seconds(n.now(), "INCOMING_HEARTBEAT_TS") +
			" AS INCOMING_HEARTBEAT_AGE, INCOMING_PATH, " + lag + " FROM " + n.quoted(n.Table),
		"CREATE VIEW " + n.quoted(lagHistoryView) + " AS SELECT LOCAL_DATABASE, " +
			"HEARTBEAT_RECEIVED_TS, REMOTE_DATABASE, INCOMING_HEARTBEAT_TS, INCOMING_PATH, " + lag +
			", " + n.seconds("INCOMING_EXTRACT_TS", "INCOMING_HEARTBEAT_TS") + " AS EXTRACT_LAG, " +
			n.seconds("INCOMING_ROUTING_TS", "INCOMING_EXTRACT_TS") + " AS ROUTING_LAG, " +
			n.seconds("INCOMING_REPLICAT_TS", "COALESCE(INCOMING_ROUTING_TS, INCOMING_EXTRACT_TS)") +
			" AS REPLICAT_READ_LAG, " + n.seconds("HEARTBEAT_RECEIVED_TS", "INCOMING_REPLICAT_TS") +
			" AS REPLICAT_APPLY_LAG FROM " + n.quoted(n.History()),
	}
	text, end := "VARCHAR", " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
	stamp, whole := "DATETIME(6)", "INT"
	switch n.Kind {
	case SQLite:
		stamp, whole, end = "TEXT", "INTEGER", ""
	case Oracle:
		text, stamp, whole, end = "VARCHAR2", "TIMESTAMP(6)", "NUMBER(10)", ""
	}
	types := strings.NewReplacer("{name}", fmt.Sprintf("%s(%d)", text, nameLength), "{path}",
		fmt.Sprintf("%s(%d)", text, pathLength), "{time}", stamp, "{int}", whole, "{end}", end)
	for i := range list {
		list[i] = types.Replace(list[i])
	}
	return list
}

// PurgeStatement removes the history that is older than its retention at a time.
func (n Names) PurgeStatement(now time.Time, retention int) string {
	cutoff := "'" + timeText(now.AddDate(0, 0, -retention)) + "'"
	return "DELETE FROM " + n.quoted(n.History()) + " WHERE INCOMING_HEARTBEAT_TS < " +
		strings.Replace(n.aTime(), "?", cutoff, 1)
}

// SettingsStatement asks for the local name, the days of retention and the days between
// purges, in a row.
func (n Names) SettingsStatement() string {
	return "SELECT LOCAL_DATABASE, RETENTION_TIME, PURGE_FREQUENCY FROM " + n.quoted(n.Seed())
}
