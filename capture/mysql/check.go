package mysql

import (
	"context"
	"fmt"
	"path"
	"strings"

	"ggsh/capture/mysql/binlog"
	"ggsh/ddl"
	"ggsh/ggserr"
	"ggsh/record"
)

// Position is a place in a server's log, for INFO and for BEGIN NOW.
type Position struct {
	File string
	Seq  uint64 // the number of File
	Pos  uint64
	GTID string
}

// connected runs f with a connection that ends with it.
func connected(ctx context.Context, cfg Config, f func(*database) error) error {
	cfg = cfg.completed()
	srv, err := connectServer(ctx, &cfg)
	if err != nil {
		return err
	}
	err = f(srv)
	if cerr := srv.close(); err == nil && cerr != nil {
		err = ggserr.New(ggserr.SQLFailed, "close").Because(cerr)
	}
	return err
}

// Head tells where the server's log ends now.
func Head(ctx context.Context, cfg Config) (Position, error) {
	var p Position
	err := connected(ctx, cfg, func(srv *database) error {
		h, err := srv.head(ctx)
		p = Position{File: h.File, Seq: h.number(), Pos: h.Pos, GTID: h.GTID}
		return err
	})
	return p, err
}

// ListTables lists tables as schema.table whose name matches a pattern: schema.name
// with * and ? as wildcards. The server's own schemas are left out.
func ListTables(ctx context.Context, cfg Config, pattern string) ([]string, error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, ggserr.New(ggserr.BadParameter, "table pattern "+pattern).Because(err)
	}
	var list []string
	err := connected(ctx, cfg, func(srv *database) error {
		tables, err := srv.listTables(ctx)
		for _, t := range tables {
			name := t.Schema + "." + t.Name
			if ok, err := path.Match(pattern, name); err == nil && ok {
				list = append(list, name)
			}
		}
		return err
	})
	return list, err
}

// TableDef describes a table as it is now; nil when there is none. Its ID is 0.
func TableDef(ctx context.Context, cfg Config, schema, table string) (*record.TableDef, error) {
	var def *record.TableDef
	err := connected(ctx, cfg, func(srv *database) error {
		t, err := srv.readTable(ctx, schema, table)
		if t != nil {
			def = t.def
		}
		return err
	})
	return def, err
}

// Check looks whether the server and the tables (schema.table) can be captured. What
// would stop a capture is Fatal, the rest are warnings; each says what to do.
func Check(ctx context.Context, cfg Config, tables []string) []*ggserr.Error {
	var list []*ggserr.Error
	err := connected(ctx, cfg, func(srv *database) error {
		list = append(list, srv.checkLog()...)
		grants, err := srv.checkGrants(ctx)
		if err != nil {
			return err
		}
		list = append(list, grants...)
		list = append(list, srv.checkExpiry()...)
		for _, name := range tables {
			found, err := srv.checkTable(ctx, name)
			if err != nil {
				return err
			}
			list = append(list, found...)
		}
		return nil
	})
	if err != nil {
		list = append(list, ggserr.Numbered(err))
	}
	return list
}

// checkGrants reads SHOW GRANTS. Rights that come by roles are not seen: what seems
// missing is a warning then.
func (s *database) checkGrants(ctx context.Context) ([]*ggserr.Error, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	const q = "SHOW GRANTS"
	rows, err := s.db.QueryContext(ctx, q)
	if err != nil {
		return nil, s.failed(err, q)
	}
	defer closeRows(rows)
	global := ""
	roles := false
	for rows.Next() {
		var g string
		if err := rows.Scan(&g); err != nil {
			return nil, s.failed(err, q)
		}
		if strings.Contains(g, " ON *.* TO ") {
			global += strings.ToUpper(g[:strings.Index(g, " ON *.* TO ")]) + ","
		} else if !strings.Contains(g, " ON ") {
			roles = true
		}
	}
	if err := rows.Err(); err != nil {
		return nil, s.failed(err, q)
	}
	has := func(rights ...string) bool {
		for _, r := range append(rights, "ALL PRIVILEGES") {
			if strings.Contains(global, r) {
				return true
			}
		}
		return false
	}
	var list []*ggserr.Error
	missing := func(what string, fatal bool) {
		e := warning("user %s lacks %s", s.cfg.User, what).Do("%s", s.grantAdvice())
		if fatal && !roles {
			e.Severity = ggserr.Fatal
		}
		list = append(list, e)
	}
	if !has("REPLICATION SLAVE", "REPLICATION REPLICA") {
		missing("REPLICATION SLAVE, which reading the log needs", true)
	}
	if !has("REPLICATION CLIENT", "BINLOG MONITOR", "SUPER") {
		missing("the right to see the log's position", true)
	}
	if !has("SELECT") {
		missing("SELECT on *.*: tables that it may not see are not described", false)
	}
	return list, nil
}

// checkExpiry warns when logs are purged soon.
func (s *database) checkExpiry() []*ggserr.Error {
	for _, v := range []struct {
		name    string
		seconds float64
	}{{"binlog_expire_logs_seconds", 1}, {"expire_logs_days", 86400}} {
		var n float64
		if _, err := fmt.Sscan(s.vars[v.name], &n); err != nil || n <= 0 {
			continue
		}
		if hours := n * v.seconds / 3600; hours < 24 {
			return []*ggserr.Error{warning("the server purges its log after %.1f hours: Extract must "+
				"not be stopped longer", hours).Do("SET GLOBAL binlog_expire_logs_seconds = 604800.")}
		}
		return nil
	}
	return nil
}

// checkTable looks whether one table can be captured.
func (s *database) checkTable(ctx context.Context, name string) ([]*ggserr.Error, error) {
	schema, table, _ := strings.Cut(name, ".")
	t, err := s.readTable(ctx, schema, table)
	if err != nil {
		return nil, err
	}
	if t == nil || t.def.Sequence() {
		return []*ggserr.Error{ggserr.New(ggserr.Generic, "table "+name+" does not exist in the source "+
			"database").Do("Correct the name, or create the table; names are case sensitive.")}, nil
	}
	var list []*ggserr.Error
	if len(t.def.Key) == 0 {
		list = append(list, ggserr.New(ggserr.NoUniqueKey, name))
	}
	for i := range t.def.Columns {
		c := &t.def.Columns[i]
		base := ddl.ParseType(c.Type).Base
		if binlog.WireType(base) == 0 {
			list = append(list, ggserr.New(ggserr.Generic, fmt.Sprintf("column %s of table %s has type "+
				"%s, which is not supported", c.Name, name, c.Type)).Do("Leave the table out."))
		} else if c.Charset != "" && !binlog.KnownCharset(c.Charset) {
			list = append(list, ggserr.New(ggserr.Generic, fmt.Sprintf("column %s of table %s has "+
				"character set %s, which is not supported", c.Name, name, c.Charset)).
				Do("Convert the column to utf8mb4, or leave the table out."))
		}
	}
	return list, nil
}
