package trandata

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ggsh/capture/oracle"
	"ggsh/commands"
	"ggsh/dblogin"
	"ggsh/ggserr"
)

// oracleAdmin answers for Oracle databases.
type oracleAdmin struct{ *oracle.Admin }

func ofOracle(ctx context.Context, db *dblogin.Session) (oracleAdmin, error) {
	a, err := oracle.Administer(ctx, db.DB)
	return oracleAdmin{a}, err
}

// add makes the redo log hold what finds the rows of tables.
func (a oracleAdmin) add(ctx context.Context, user string, o commands.Trandata) ([]commands.Line, error) {
	return a.each(ctx, user, o, func(n oracle.Name) ([]commands.Line, error) {
		opt := oracle.TrandataOptions{AllColumns: o.AllCols, NoKey: o.NoKey}
		for _, c := range o.Cols {
			if c == "*" {
				opt.AllColumns = true
				continue
			}
			opt.Columns = append(opt.Columns, upper(c))
		}
		t, already, err := a.AddTrandata(ctx, n.Owner, n.Name, opt)
		if err != nil {
			return nil, err
		}
		if already {
			return text("Logging of supplemental redo log data is already enabled for table %s.", t.Name()), nil
		}
		lines := []commands.Line{message(ggserr.New(ggserr.TrandataAdded, t.Name()))}
		for _, e := range a.CheckTable(ctx, oracle.Raw, t.Name()) {
			lines = append(lines, message(e))
		}
		return lines, nil
	})
}

// remove takes back what add did.
func (a oracleAdmin) remove(ctx context.Context, user string, o commands.Trandata) ([]commands.Line, error) {
	return a.each(ctx, user, o, func(n oracle.Name) ([]commands.Line, error) {
		t, err := a.DeleteTrandata(ctx, n.Owner, n.Name)
		if err != nil {
			return nil, err
		}
		if t.Enabled {
			return text("Logging of supplemental redo log data for table %s goes on: the database logs it, "+
				"or a log group that ADD TRANDATA did not make.", t.Name()), nil
		}
		return text("Logging of supplemental redo log data disabled for table %s.", t.Name()), nil
	})
}

// info tells what the redo log holds of tables.
func (a oracleAdmin) info(ctx context.Context, user string, o commands.Trandata) ([]commands.Line, error) {
	return a.each(ctx, user, o, func(n oracle.Name) ([]commands.Line, error) {
		t, err := a.InfoTrandata(ctx, n.Owner, n.Name)
		switch {
		case err != nil:
			return nil, err
		case !t.Enabled:
			return text("Logging of supplemental redo log data is disabled for table %s.", t.Name()), nil
		}
		columns := strings.Join(t.Columns, ", ")
		if t.All {
			columns = "ALL"
		}
		lines := append(text("Logging of supplemental redo log data is enabled for table %s.", t.Name()),
			text("Columns supplementally logged for table %s: %s.", t.Name(), columns)...)
		if len(t.Missing) > 0 {
			lines = append(lines, text("Key columns that are not logged: %s. ADD TRANDATA %s again.",
				strings.Join(t.Missing, ", "), t.Name())...)
		}
		return lines, nil
	})
}

// register looks whether the database is ready. All findings are told, also where one
// of them refuses.
func (a oracleAdmin) register(ctx context.Context, r commands.Registration) ([]commands.Line, error) {
	if r.Remove {
		return []commands.Line{message(ggserr.New(ggserr.ExtractUnregistered, r.Group))}, nil
	}
	var lines []commands.Line
	var fatal []error
	for _, e := range a.Check(ctx, oracle.Raw, nil) {
		if e.Severity == ggserr.Fatal {
			fatal = append(fatal, e)
			continue
		}
		lines = append(lines, message(e))
	}
	if len(fatal) > 0 {
		return lines, errors.Join(fatal...)
	}
	scn, err := a.Register(ctx)
	if err != nil {
		return lines, err
	}
	if r.SCN > 0 {
		if err := a.Reaches(ctx, r.SCN); err != nil {
			return lines, err
		}
		scn = r.SCN
	}
	return append(lines, message(ggserr.New(ggserr.ExtractRegistered, r.Group, fmt.Sprint(scn)))), nil
}

// each does something with each table that a name stands for; a name without a schema
// is of the user who is logged in.
func (a oracleAdmin) each(ctx context.Context, user string, o commands.Trandata,
	do func(oracle.Name) ([]commands.Line, error)) ([]commands.Line, error) {
	parts := strings.Split(o.Table, ".")
	if len(parts) > 2 {
		parts = parts[len(parts)-2:] // a container before the schema
	}
	schema, pattern := user, parts[len(parts)-1]
	if len(parts) == 2 {
		schema = parts[0]
	}
	all, err := a.Tables(ctx)
	if err != nil {
		return nil, err
	}
	var lines []commands.Line
	found := false
	for _, n := range all {
		if !matches(schema, n.Owner) || !matches(pattern, n.Name) {
			continue
		}
		found = true
		some, err := do(n)
		lines = append(lines, some...)
		if err != nil {
			return lines, err
		}
	}
	if !found {
		return nil, ggserr.New(ggserr.Generic, "no table found matching "+o.Table).
			Because(errors.New("nothing was changed"))
	}
	return lines, nil
}

// matches compares a name with a pattern: exactly when it is quoted.
func matches(pattern, name string) bool {
	if exact, ok := strings.CutPrefix(pattern, `"`); ok {
		return strings.TrimSuffix(exact, `"`) == name
	}
	return dblogin.Match(pattern, name)
}

// upper is a column's name as the dictionary has it.
func upper(name string) string {
	if exact, ok := strings.CutPrefix(name, `"`); ok {
		return strings.TrimSuffix(exact, `"`)
	}
	return strings.ToUpper(name)
}
