package oracle

import (
	"context"
	"fmt"
	"strings"

	"ggsh/capture/oracle/redo"
	"ggsh/ggserr"
	"ggsh/oracleclient"
)

// maxCatalogName is the longest name of which LogMiner shows changes with a dictionary.
const maxCatalogName = 30

// Check looks whether the database and the tables (OWNER.NAME) can be captured. What
// would stop a capture is Fatal, the rest are warnings; each says which statement
// mends it.
func (a *Admin) Check(ctx context.Context, mode Mode, tables []string) []*ggserr.Error {
	list := a.checkDatabase(ctx)
	list = append(list, a.checkRights(ctx)...)
	for _, name := range tables {
		list = append(list, a.CheckTable(ctx, mode, name)...)
	}
	return list
}

func warning(format string, args ...any) *ggserr.Error {
	return ggserr.New(ggserr.DatabaseMessage, fmt.Sprintf(format, args...))
}

// checkDatabase looks at what LogMiner needs of the whole database.
func (a *Admin) checkDatabase(ctx context.Context) []*ggserr.Error {
	s, err := a.d.State(ctx)
	if err != nil {
		return []*ggserr.Error{ggserr.Numbered(err)}
	}
	var list []*ggserr.Error
	if !s.Archiving {
		list = append(list, ggserr.New(ggserr.LogProblem, "the database does not archive its logs").
			Do("SHUTDOWN IMMEDIATE; STARTUP MOUNT; ALTER DATABASE ARCHIVELOG; ALTER DATABASE OPEN;"))
	}
	if !s.Minimal {
		list = append(list, ggserr.New(ggserr.LogProblem, "supplemental logging is off: LogMiner cannot "+
			"tell the rows").Do("ALTER DATABASE ADD SUPPLEMENTAL LOG DATA;"))
	}
	if a.d.forced != "YES" {
		list = append(list, warning("FORCE_LOGGING is %s: what is loaded with NOLOGGING is not in the logs",
			a.d.forced).Do("ALTER DATABASE FORCE LOGGING;"))
	}
	var value string
	found, err := a.d.maybe(ctx, sqlParameter, []any{"enable_goldengate_replication"}, &value)
	if err == nil && found && !strings.EqualFold(value, "TRUE") {
		e := warning("enable_goldengate_replication is %s, which is right: LogMiner does not need it", value)
		e.Severity = ggserr.Info
		list = append(list, e)
	}
	if a.d.container > 0 && !a.d.pluggable {
		list = append(list, warning("the login leads to the root container: only its tables are captured").
			Do("Log in to the service of the pluggable database with a common user (C##...)."))
	}
	return list
}

// Numbers of errors that say more than a class.
const (
	errNoSession  = 1307 // no LogMiner session is active: the right is there
	errNotStarted = 1306
	errBlock      = 6550 // PLS-00201: no such package, or no right
)

// checkRights tries what a capture does.
func (a *Admin) checkRights(ctx context.Context) []*ggserr.Error {
	user := "the capture's user"
	if err := a.d.one(ctx, sqlUser, nil, &user); err != nil {
		return []*ggserr.Error{ggserr.Numbered(err)}
	}
	var list []*ggserr.Error
	for _, view := range neededViews() {
		statement := probeStatement(view)
		_, err := a.d.maybe(ctx, statement, nil, new(int))
		switch class := oracleclient.ClassOf(err); {
		case err == nil || oracleclient.Code(err) == errNotStarted:
		case class == oracleclient.Missing || class == oracleclient.Denied:
			list = append(list, ggserr.New(ggserr.LogProblem, fmt.Sprintf("user %s may not read %s", user,
				view)).Do("GRANT SELECT ON SYS.%s TO %s; or GRANT SELECT ANY DICTIONARY TO %s;",
				strings.Replace(view, "V$", "V_$", 1), user, user))
		default:
			list = append(list, ggserr.Numbered(err))
		}
	}
	_, err := a.d.db.ExecContext(ctx, sqlEndMine)
	switch code := oracleclient.Code(err); {
	case err == nil || code == errNoSession:
	case code == errBlock || oracleclient.ClassOf(err) == oracleclient.Denied:
		list = append(list, ggserr.New(ggserr.LogProblem, "user "+user+" may not use DBMS_LOGMNR").
			Do("GRANT EXECUTE ON SYS.DBMS_LOGMNR TO %s; GRANT LOGMINING TO %s;", user, user))
	default:
		list = append(list, ggserr.Numbered(a.d.failed(err, sqlEndMine)))
	}
	return append(list, a.checkLogMining(ctx, user)...)
}

// checkLogMining looks for the privilege that servers from 12 on ask for.
func (a *Admin) checkLogMining(ctx context.Context, user string) []*ggserr.Error {
	var n int
	if found, err := a.d.maybe(ctx, sqlPrivilege, []any{"LOGMINING"}, &n); err != nil || !found || n > 0 {
		return nil
	}
	return []*ggserr.Error{warning("user %s lacks LOGMINING, which servers from version 12 on need", user).
		Do("GRANT LOGMINING TO %s;", user)}
}

// CheckTable looks at one table, OWNER.NAME, as Check does.
func (a *Admin) CheckTable(ctx context.Context, mode Mode, name string) []*ggserr.Error {
	owner, table, _ := strings.Cut(name, ".")
	t, err := a.table(ctx, owner, table)
	if err != nil {
		return []*ggserr.Error{ggserr.Numbered(err)}
	}
	if t.Temporary {
		return []*ggserr.Error{ggserr.New(ggserr.Generic, "table "+name+" is temporary: its rows are not in "+
			"the logs").Do("TABLEEXCLUDE %s", name)}
	}
	var list []*ggserr.Error
	tran, err := a.info(ctx, t)
	switch {
	case err != nil:
		list = append(list, ggserr.Numbered(err))
	case !tran.Enabled || len(tran.Missing) > 0:
		list = append(list, ggserr.New(ggserr.LogProblem, fmt.Sprintf("the key of table %s is not logged "+
			"with its changes", name)).Do("ADD TRANDATA %s, or: %s;", name, addStatement(t)))
	case len(t.Key) == 0 && !tran.All:
		list = append(list, ggserr.New(ggserr.LogProblem, "table "+name+" has no key, and not all of its "+
			"columns are logged with its changes").
			Do("%s;", logDataStatement(owner, table, "ADD", "ALL")))
	}
	if len(t.Key) == 0 {
		list = append(list, ggserr.New(ggserr.NoUniqueKey, name))
	}
	return append(list, a.checkColumns(mode, t)...)
}

// addStatement is what ADD TRANDATA would run.
func addStatement(t *Table) string {
	columns := wantedColumns(t, &TrandataOptions{})
	if len(columns) == 0 || len(columns) > maxGroupColumns {
		return logDataStatement(t.Owner, t.Name, "ADD", "ALL")
	}
	return addGroupStatement(t.Owner, t.Name, groupName(t), columns)
}

// checkColumns looks for what LogMiner or this capture cannot tell.
func (a *Admin) checkColumns(mode Mode, t *Table) []*ggserr.Error {
	name := fullName(t.Owner, t.Name)
	var list []*ggserr.Error
	long := len(t.Name) > maxCatalogName
	for i := range t.Columns {
		c := &t.Columns[i]
		long = long || len(c.Name) > maxCatalogName && !c.Hidden
		if c.Hidden {
			continue
		}
		_, err := redo.NewType(c.Type, c.Precision, c.Scale, c.Length, a.d.fixed.Octets)
		if err != nil || c.Type == "LONG" || c.Type == "LONG RAW" {
			list = append(list, warning("column %s of table %s has type %s, which LogMiner does not show: "+
				"its values are not captured", c.Name, name, c.Type).
				Do("Leave the table out, or change the column's type: ALTER TABLE %s MODIFY (%s CLOB);",
					quoteTable(t.Owner, t.Name), quoteName(c.Name)))
		}
	}
	if long && mode == Catalog {
		list = append(list, ggserr.New(ggserr.LogProblem, fmt.Sprintf("table %s or one of its columns has a "+
			"name of more than %d characters: with a dictionary LogMiner shows none of its changes", name,
			maxCatalogName)).Do("Take out TRANLOGOPTIONS DICTIONARY ONLINECATALOG: without one it needs no "+
			"names."))
	}
	return list
}
