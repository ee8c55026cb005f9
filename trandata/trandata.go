// Package trandata answers ADD, DELETE and INFO TRANDATA for every kind of
// source: it joins the command table with what the captures need of a database.
//
// It captures nothing. Its law: a table that it calls enabled can be captured
// from that moment on, and what is missing is said with the statement that
// mends it.
package trandata

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ggsh/capture/mysql"
	"ggsh/capture/sqlite"
	"ggsh/commands"
	"ggsh/dblogin"
	"ggsh/ggserr"
)

// Admin is the source administration of a session.
type Admin struct{ binlog commands.SourceAdmin }

// New makes one for all kinds of sources.
func New() Admin { return Admin{binlog: commands.BinlogAdmin()} }

// AddTrandata makes the source log what Extract needs of a table.
func (a Admin) AddTrandata(ctx context.Context, db *dblogin.Session, o commands.Trandata) ([]commands.Line, error) {
	if db.Kind == dblogin.Oracle {
		ora, err := ofOracle(ctx, db)
		if err != nil {
			return nil, err
		}
		return ora.add(ctx, db.User, o)
	}
	if db.Kind != dblogin.SQLite {
		return a.addBinlog(ctx, db, o)
	}
	return eachTable(ctx, db, o, func(path, table string) ([]commands.Line, error) {
		t, already, err := sqlite.AddTrandata(ctx, path, table)
		if err != nil {
			return nil, err
		}
		name := qualified(t.Table)
		if already {
			return text("Logging of supplemental redo log data is already enabled for table %s.", name), nil
		}
		lines := []commands.Line{message(ggserr.New(ggserr.TrandataAdded, name))}
		if len(t.Key) == 0 {
			lines = append(lines, message(ggserr.New(ggserr.NoUniqueKey, name)))
		}
		return append(lines, unseen(t, name)...), nil
	})
}

// addBinlog looks at the server as an Extract would before it calls a table enabled.
func (a Admin) addBinlog(ctx context.Context, db *dblogin.Session, o commands.Trandata) ([]commands.Line, error) {
	l := db.Login
	var lines []commands.Line
	for _, e := range mysql.Check(ctx, mysql.Config{Host: l.Host, Port: l.Port, User: l.User,
		Password: db.Password()}, nil) {
		if e.Severity == ggserr.Fatal {
			return lines, e
		}
		lines = append(lines, message(e))
	}
	more, err := a.binlog.AddTrandata(ctx, db, o)
	return append(lines, more...), err
}

// DeleteTrandata makes the source log a table no more.
func (a Admin) DeleteTrandata(ctx context.Context, db *dblogin.Session, o commands.Trandata) ([]commands.Line, error) {
	if db.Kind == dblogin.Oracle {
		ora, err := ofOracle(ctx, db)
		if err != nil {
			return nil, err
		}
		return ora.remove(ctx, db.User, o)
	}
	if db.Kind != dblogin.SQLite {
		return a.binlog.DeleteTrandata(ctx, db, o)
	}
	return eachTable(ctx, db, o, func(path, table string) ([]commands.Line, error) {
		t, err := sqlite.DeleteTrandata(ctx, path, table)
		if err != nil {
			return nil, err
		}
		return text("Logging of supplemental redo log data disabled for table %s.", qualified(t.Table)), nil
	})
}

// InfoTrandata tells what the source logs of a table.
func (a Admin) InfoTrandata(ctx context.Context, db *dblogin.Session, o commands.Trandata) ([]commands.Line, error) {
	if db.Kind == dblogin.Oracle {
		ora, err := ofOracle(ctx, db)
		if err != nil {
			return nil, err
		}
		return ora.info(ctx, db.User, o)
	}
	if db.Kind != dblogin.SQLite {
		return a.binlog.InfoTrandata(ctx, db, o)
	}
	return eachTable(ctx, db, o, func(path, table string) ([]commands.Line, error) {
		t, err := sqlite.InfoTrandata(ctx, path, table)
		if err != nil {
			return nil, err
		}
		name := qualified(t.Table)
		switch {
		case !t.Enabled:
			return text("Logging of supplemental redo log data is disabled for table %s.", name), nil
		case !t.Current:
			return text("Logging of supplemental redo log data is enabled for table %s, but the table was "+
				"changed since: ADD TRANDATA %s again.", name, name), nil
		}
		lines := text("Logging of supplemental redo log data is enabled for table %s.", name)
		lines = append(lines, text("Columns supplementally logged for table %s: %s.", name,
			strings.Join(t.Columns, ", "))...)
		return append(lines, unseen(t, name)...), nil
	})
}

// Register looks whether an Oracle database is ready for an Extract.
func (a Admin) Register(ctx context.Context, db *dblogin.Session, r commands.Registration) ([]commands.Line, error) {
	ora, err := ofOracle(ctx, db)
	if err != nil {
		return nil, err
	}
	return ora.register(ctx, r)
}

// unseen warns of unique indexes whose REPLACE the triggers do not see.
func unseen(t sqlite.Trandata, name string) []commands.Line {
	if len(t.Unseen) == 0 {
		return nil
	}
	e := ggserr.New(ggserr.DatabaseMessage, fmt.Sprintf("Rows of %s that REPLACE removes for the sake of "+
		"index %s alone are not captured, unless the writer sets PRAGMA recursive_triggers=on",
		name, strings.Join(t.Unseen, ", ")))
	return []commands.Line{message(e)}
}

// eachTable does something with each table that a name stands for.
func eachTable(ctx context.Context, db *dblogin.Session, o commands.Trandata,
	do func(path, table string) ([]commands.Line, error)) ([]commands.Line, error) {
	pattern := o.Table
	if schema, name, ok := strings.Cut(pattern, "."); ok {
		if !dblogin.Match(schema, sqlite.Schema) {
			return nil, ggserr.New(ggserr.Generic, fmt.Sprintf("schema %s does not exist: the tables of a "+
				"SQLite database are in schema %s", schema, sqlite.Schema))
		}
		pattern = name
	}
	path := db.Login.Database
	all, err := sqlite.Tables(ctx, path)
	if err != nil {
		return nil, err
	}
	var lines []commands.Line
	found := false
	for _, table := range all {
		if !dblogin.Match(pattern, table) {
			continue
		}
		found = true
		some, err := do(path, table)
		lines = append(lines, some...)
		if err != nil {
			return lines, err
		}
	}
	if !found {
		return nil, ggserr.New(ggserr.Generic, "no table found matching "+o.Table).Because(errors.New("nothing was changed"))
	}
	return lines, nil
}

func qualified(table string) string { return sqlite.Schema + "." + table }

func message(e *ggserr.Error) commands.Line {
	return commands.Line{Number: e.Number, Severity: e.Severity,
		Text: strings.TrimSuffix(e.Message(), ".") + "."}
}

func text(format string, args ...any) []commands.Line {
	return []commands.Line{{Text: fmt.Sprintf(format, args...)}}
}
