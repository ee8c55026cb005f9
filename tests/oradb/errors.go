package oradb

import (
	"fmt"

	"ggsh/tests/tns"
)

// texts are the messages of the errors given here, without their numbers.
var texts = map[int]string{
	1:     "unique constraint (%s) violated",
	54:    "resource busy and acquire with NOWAIT specified or timeout expired",
	60:    "deadlock detected while waiting for resource",
	310:   "archived log contains sequence %s; sequence %s required",
	308:   "cannot open archived log '%s'",
	900:   "invalid SQL statement",
	902:   "invalid datatype",
	903:   "invalid table name",
	909:   "invalid number of arguments",
	905:   "missing keyword",
	904:   "%s: invalid identifier",
	907:   "missing right parenthesis",
	911:   "invalid character",
	913:   "too many values",
	918:   "column ambiguously defined",
	922:   "missing or invalid option",
	926:   "missing VALUES keyword",
	923:   "FROM keyword not found where expected",
	933:   "SQL command not properly ended",
	936:   "missing expression",
	942:   "table or view does not exist",
	947:   "not enough values",
	955:   "name is already used by an existing object",
	1008:  "not all variables bound",
	1017:  "invalid username/password; logon denied",
	1013:  "user requested cancel of current operation",
	1031:  "insufficient privileges",
	1036:  "illegal variable name/number",
	1086:  "savepoint '%s' never established in this session or is invalid",
	1284:  "file %s cannot be opened",
	1281:  "SCN range specified is invalid",
	1290:  "cannot remove unlisted logfile %s",
	44609: "CONTINUOUS_MINE is desupported for use with DBMS_LOGMNR.START_LOGMNR.",
	1289:  "cannot add duplicate logfile %s",
	1291:  "missing log file",
	1292:  "no log file has been specified for the current LogMiner session",
	1306:  "dbms_logmnr.start_logmnr() must be invoked before selecting from v$logmnr_contents",
	1307:  "no LogMiner session is currently active",
	1410:  "invalid ROWID",
	1456:  "may not perform insert, delete, update operation inside a READ ONLY transaction",
	1400:  "cannot insert NULL into (%s)",
	1407:  "cannot update (%s) to NULL",
	1408:  "such column list already indexed",
	1418:  "specified index does not exist",
	1430:  "column being added already exists in table",
	1438:  "value larger than specified precision allowed for this column",
	1461:  "can bind a LONG value only for insert into a LONG column",
	1465:  "invalid hex number",
	1466:  "unable to read data - table definition has changed",
	1555:  "snapshot too old: rollback segment number with name \"\" too small",
	1740:  "missing double quote in identifier",
	1756:  "quoted string not properly terminated",
	1722:  "invalid number",
	1830:  "date format picture ends before converting entire input string",
	1840:  "input value not long enough for date format",
	1847:  "day of month must be between 1 and last day of month",
	1850:  "hour must be between 0 and 23",
	1855:  "AM/A.M. or PM/P.M. required",
	1858:  "a non-numeric character was found where a numeric was expected",
	1867:  "the interval is invalid",
	1882:  "timezone region not found",
	1843:  "not a valid month",
	1861:  "literal does not match format string",
	1918:  "user '%s' does not exist",
	1920:  "user name '%s' conflicts with another user or role name",
	2289:  "sequence does not exist",
	2290:  "check constraint (%s) violated",
	2291:  "integrity constraint (%s) violated - parent key not found",
	2292:  "integrity constraint (%s) violated - child record found",
	2443:  "Cannot drop constraint  - nonexistent constraint",
	6550:  "line 1, column 7:\nPLS-00103: this block is not one that the stub knows: %s",
	8181:  "specified number is not a valid system change number",
	8186:  "invalid timestamp specified",
	30076: "invalid extract field for extract source",
	30186: "illegal Unicode escape sequence",
	2091:  "transaction rolled back",
	8180:  "no snapshot found based on specified time",
	12899: "value too large for column %s (actual: %d, maximum: %d)",
	32588: "supplemental logging attribute %s exists",
	32587: "Cannot drop nonexistent %s supplemental logging",
	32795: "cannot insert into a generated always identity column",
	38104: "Columns referenced in the ON Clause cannot be updated: %s",
	42302: "stub limit: %s",
}

// oraError gives the error of a number with its text filled in.
func oraError(code int, args ...any) *tns.Error {
	text, known := texts[code]
	if !known {
		text = "no text for this number"
	}
	return &tns.Error{Code: code, Text: fmt.Sprintf(text, args...)}
}

// unsupported is the error for Oracle SQL that the stub does not do.
func unsupported(what string) *tns.Error { return oraError(42302, what) }
