package commands

import (
	"context"
	"fmt"
	"strings"

	"ggsh/dblogin"
	"ggsh/ggserr"
)

// binlogAdmin answers ADD TRANDATA for servers with a binary log. Such a log
// holds whole rows for all tables or for none: nothing is switched on for a
// table, but what would be missing is found here and not at the first update.
type binlogAdmin struct{}

// BinlogAdmin is the source administration of servers with a binary log.
func BinlogAdmin() SourceAdmin { return binlogAdmin{} }

// wanted are the settings of a server that Extract can read.
func wanted() [][2]string {
	return [][2]string{{"log_bin", "ON"}, {"binlog_format", "ROW"}, {"binlog_row_image", "FULL"}}
}

func (binlogAdmin) AddTrandata(ctx context.Context, db *dblogin.Session,
	o Trandata) ([]Line, error) {
	missing, err := missingSettings(ctx, db)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		return nil, refuse("The server does not log what Extract needs: %s.",
			strings.Join(missing, ", ")).Do("Set it in the server's configuration and restart it.")
	}
	return eachTable(ctx, db, o, func(table string, key []string) []Line {
		lines := []Line{{Number: ggserr.TrandataAdded, Severity: ggserr.Info,
			Text: "Logging of supplemental redo data enabled for table " + table + "."}}
		if len(key) == 0 && len(o.Cols) == 0 {
			w := ggserr.New(ggserr.NoUniqueKey, table)
			lines = append(lines, Line{Number: w.Number, Severity: w.Severity, Text: w.Text + "."})
		}
		return lines
	})
}

func (binlogAdmin) DeleteTrandata(ctx context.Context, db *dblogin.Session,
	o Trandata) ([]Line, error) {
	lines, err := eachTable(ctx, db, o, func(table string, _ []string) []Line {
		return []Line{{Text: "Logging of supplemental redo log data disabled for table " + table + "."}}
	})
	if err == nil {
		lines = append(lines, Line{Text: "The server logs whole rows of all its tables as before: " +
			"take the table out of the TABLE statements."})
	}
	return lines, err
}

func (binlogAdmin) InfoTrandata(ctx context.Context, db *dblogin.Session,
	o Trandata) ([]Line, error) {
	missing, err := missingSettings(ctx, db)
	if err != nil {
		return nil, err
	}
	return eachTable(ctx, db, o, func(table string, key []string) []Line {
		if len(missing) > 0 {
			return []Line{{Text: "Logging of supplemental redo log data is disabled for table " +
				table + " (" + strings.Join(missing, ", ") + ")."}}
		}
		lines := []Line{{Text: "Logging of supplemental redo log data is enabled for table " +
			table + "."}}
		columns := "ALL (it has no key)"
		if len(key) > 0 {
			columns = strings.Join(key, ", ")
		}
		return append(lines, Line{Text: fmt.Sprintf("Columns supplementally logged for table %s: %s.",
			table, columns)})
	})
}

// Register has nothing to do: whoever reads such a log needs no registration.
func (binlogAdmin) Register(context.Context, *dblogin.Session, Registration) ([]Line, error) {
	return nil, nil
}

func missingSettings(ctx context.Context, db *dblogin.Session) ([]string, error) {
	if db.Kind != dblogin.MySQL && db.Kind != dblogin.MariaDB {
		return nil, refuse("A %s database is no source of an Extract: it has no log to read.", db.Kind)
	}
	have, err := db.LogSettings(ctx)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, w := range wanted() {
		if v, ok := have[w[0]]; ok && v != w[1] && !(w[1] == "ON" && v == "1") {
			missing = append(missing, fmt.Sprintf("%s is %s and must be %s", w[0], v, w[1]))
		}
	}
	return missing, nil
}

func eachTable(ctx context.Context, db *dblogin.Session, o Trandata,
	say func(table string, key []string) []Line) ([]Line, error) {
	if parts := strings.Split(o.Table, "."); len(parts) == 3 {
		o.Table = parts[1] + "." + parts[2] // a container before the schema
	}
	tables, err := db.Tables(ctx, o.Table)
	if err != nil {
		return nil, err
	}
	if len(tables) == 0 {
		return nil, refuse("No table found matching %s.", o.Table)
	}
	var lines []Line
	for _, table := range tables {
		key, err := db.Key(ctx, table)
		if err != nil {
			return lines, err
		}
		lines = append(lines, say(table, key)...)
	}
	return lines, nil
}
