package oracle

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Every statement that the capture, its checks, ADD TRANDATA and the snapshot of an
// initial load send to a database is in this file. They only ask, except those that
// name supplemental logging.

// sessionSettings fix the text forms of values, for every session.
func sessionSettings() []string {
	return []string{
		"ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS'",
		"ALTER SESSION SET NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF9'",
		"ALTER SESSION SET NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM'",
		"ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,'",
		"ALTER SESSION SET TIME_ZONE = '00:00'",
	}
}

// Of the database and its logs.
const (
	sqlState = "SELECT DBID, CURRENT_SCN, LOG_MODE, SUPPLEMENTAL_LOG_DATA_MIN, RESETLOGS_CHANGE#, CDB, " +
		"FORCE_LOGGING FROM V$DATABASE"
	sqlVersion  = "SELECT BANNER FROM V$VERSION"
	sqlCharsets = "SELECT PARAMETER, VALUE FROM NLS_DATABASE_PARAMETERS WHERE PARAMETER IN " +
		"('NLS_CHARACTERSET', 'NLS_NCHAR_CHARACTERSET')"
	sqlZone      = "SELECT DBTIMEZONE FROM DUAL"
	sqlContainer = "SELECT SYS_CONTEXT('USERENV', 'CON_NAME'), SYS_CONTEXT('USERENV', 'CON_ID') FROM DUAL"
	sqlThreads   = "SELECT THREAD#, STATUS, ENABLED, ENABLED_CHANGE#, SEQUENCE#, LAST_REDO_CHANGE# " +
		"FROM V$THREAD"
	sqlOnline = "SELECT L.THREAD#, L.SEQUENCE#, L.FIRST_CHANGE#, L.NEXT_CHANGE#, L.STATUS, " +
		"MIN(F.MEMBER) FROM V$LOG L JOIN V$LOGFILE F ON F.GROUP# = L.GROUP# WHERE L.STATUS <> 'UNUSED' " +
		"GROUP BY L.THREAD#, L.SEQUENCE#, L.FIRST_CHANGE#, L.NEXT_CHANGE#, L.STATUS"
	sqlArchived = "SELECT A.THREAD#, A.SEQUENCE#, A.FIRST_CHANGE#, A.NEXT_CHANGE#, A.NAME FROM " +
		"V$ARCHIVED_LOG A WHERE A.NAME IS NOT NULL AND A.ARCHIVED = 'YES' AND A.STATUS = 'A' AND " +
		"A.STANDBY_DEST = 'NO' AND A.RESETLOGS_CHANGE# = :1 AND A.NEXT_CHANGE# > :2 " +
		"ORDER BY A.THREAD#, A.SEQUENCE#, A.DEST_ID"
	sqlTransactions = "SELECT XIDUSN, XIDSLOT, XIDSQN, START_SCN FROM V$TRANSACTION WHERE STATUS = 'ACTIVE'"
	sqlTimeToSCN    = "SELECT TIMESTAMP_TO_SCN(CAST(FROM_TZ(TO_TIMESTAMP(:1, 'YYYY-MM-DD HH24:MI:SS.FF'), " +
		"'UTC') AT TIME ZONE TO_CHAR(SYSTIMESTAMP, 'TZH:TZM') AS TIMESTAMP)) FROM DUAL"
)

// Of LogMiner.
const (
	sqlRoot    = "ALTER SESSION SET CONTAINER = CDB$ROOT"
	sqlNewLog  = "BEGIN DBMS_LOGMNR.ADD_LOGFILE(LOGFILENAME => :1, OPTIONS => DBMS_LOGMNR.NEW); END;"
	sqlAddLog  = "BEGIN DBMS_LOGMNR.ADD_LOGFILE(LOGFILENAME => :1, OPTIONS => DBMS_LOGMNR.ADDFILE); END;"
	sqlEndMine = "BEGIN DBMS_LOGMNR.END_LOGMNR; END;"
	// The range and the options are written out: some drivers bind them as text.
	sqlRawMine = "BEGIN DBMS_LOGMNR.START_LOGMNR(STARTSCN => %d, ENDSCN => %d, OPTIONS => " +
		"DBMS_LOGMNR.NO_ROWID_IN_STMT); END;"
	sqlCatalogMine = "BEGIN DBMS_LOGMNR.START_LOGMNR(STARTSCN => %d, ENDSCN => %d, OPTIONS => " +
		"DBMS_LOGMNR.NO_ROWID_IN_STMT + DBMS_LOGMNR.DICT_FROM_ONLINE_CATALOG); END;"
)

// startStatement begins a window.
func startStatement(w *Window) string {
	text := sqlRawMine
	if w.Mode == Catalog {
		text = sqlCatalogMine
	}
	return fmt.Sprintf(text, w.From, w.To)
}

// contentsStatement asks for a window's rows; :1 and :2 are its ends. container is 0
// where there is one only.
func contentsStatement(w *Window, container uint32) string {
	var b strings.Builder
	b.WriteString("SELECT SCN, TIMESTAMP, OPERATION_CODE, STATUS, INFO, XID, ROLLBACK, CSF, RS_ID, SSN, " +
		"THREAD#, ROW_ID, DATA_OBJ#, SEG_OWNER, TABLE_NAME, SRC_CON_ID, USERNAME, SQL_REDO " +
		"FROM V$LOGMNR_CONTENTS WHERE SCN >= :1 AND SCN <= :2 AND (OPERATION_CODE IN (6, 7, 34, 36) OR " +
		"((OPERATION_CODE = 5 AND (INFO IS NULL OR INFO NOT LIKE 'INTERNAL DDL%') OR OPERATION_CODE IN " +
		"(1, 2, 3, 9, 10, 11, 29, 68, 70, 71, 91, 92, 93, 255)")
	if len(w.Exclude) > 0 {
		b.WriteString(" AND DATA_OBJ# NOT IN (")
		for i, object := range w.Exclude {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprint(&b, object)
		}
		b.WriteString(")")
	}
	b.WriteString(")")
	if container > 0 {
		fmt.Fprintf(&b, " AND SRC_CON_ID = %d", container)
	}
	b.WriteString("))")
	for i, xid := range w.XIDs {
		b.WriteString([]string{" AND XID IN (", ", "}[min(i, 1)])
		b.WriteString("HEXTORAW('" + strings.ToUpper(hex.EncodeToString(xid[:])) + "')")
	}
	if len(w.XIDs) > 0 {
		b.WriteString(")")
	}
	return b.String()
}

// Of the dictionary.
const (
	sqlTables = "SELECT OWNER, TABLE_NAME FROM DBA_TABLES WHERE TEMPORARY = 'N' AND NESTED = 'NO' AND " +
		"SECONDARY = 'N' ORDER BY OWNER, TABLE_NAME"
	sqlTable = "SELECT O.OBJECT_ID, T.TEMPORARY FROM DBA_TABLES T JOIN DBA_OBJECTS O ON O.OWNER = T.OWNER " +
		"AND O.OBJECT_NAME = T.TABLE_NAME AND O.OBJECT_TYPE = 'TABLE' WHERE T.OWNER = :1 AND " +
		"T.TABLE_NAME = :2"
	sqlColumns = "SELECT COLUMN_NAME, SEGMENT_COLUMN_ID, DATA_TYPE, DATA_LENGTH, CHAR_LENGTH, " +
		"DATA_PRECISION, DATA_SCALE, NULLABLE, HIDDEN_COLUMN, VIRTUAL_COLUMN, CHARACTER_SET_NAME " +
		"FROM DBA_TAB_COLS WHERE OWNER = :1 AND TABLE_NAME = :2 ORDER BY INTERNAL_COLUMN_ID"
	sqlPrimaryKey = "SELECT L.COLUMN_NAME FROM DBA_CONSTRAINTS C JOIN DBA_CONS_COLUMNS L ON " +
		"L.OWNER = C.OWNER AND L.CONSTRAINT_NAME = C.CONSTRAINT_NAME WHERE C.OWNER = :1 AND " +
		"C.TABLE_NAME = :2 AND C.CONSTRAINT_TYPE = 'P' AND C.STATUS = 'ENABLED' ORDER BY L.POSITION"
	sqlUniqueKeys = "SELECT I.INDEX_NAME, L.COLUMN_NAME FROM DBA_INDEXES I JOIN DBA_IND_COLUMNS L ON " +
		"L.INDEX_OWNER = I.OWNER AND L.INDEX_NAME = I.INDEX_NAME WHERE I.TABLE_OWNER = :1 AND " +
		"I.TABLE_NAME = :2 AND I.UNIQUENESS = 'UNIQUE' ORDER BY I.INDEX_NAME, L.COLUMN_POSITION"
	sqlObject = "SELECT OWNER, OBJECT_NAME, OBJECT_TYPE FROM DBA_OBJECTS WHERE OBJECT_ID = :1"
)

// lobStatement reads one value as of an SCN; :1 is the row id.
func lobStatement(q *LOBQuery) string {
	column := quoteName(q.Column)
	if q.XML {
		column = "XMLSERIALIZE(DOCUMENT " + column + " AS CLOB)"
	}
	asOf := ""
	if q.SCN > 0 {
		asOf = fmt.Sprintf(" AS OF SCN %d", q.SCN)
	}
	return fmt.Sprintf("SELECT %s FROM %s%s WHERE ROWID = :1", column, quoteTable(q.Owner, q.Table), asOf)
}

// quoteName and quoteTable quote identifiers, in which Oracle allows no quotes.
func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, "") + `"` }

func quoteTable(owner, name string) string { return quoteName(owner) + "." + quoteName(name) }

// Of checks and supplemental logging.
const (
	sqlParameter = "SELECT VALUE FROM V$PARAMETER WHERE NAME = :1"
	sqlPrivilege = "SELECT COUNT(*) FROM SESSION_PRIVS WHERE PRIVILEGE = :1"
	sqlUser      = "SELECT USER FROM DUAL"
	sqlLogGroups = "SELECT LOG_GROUP_NAME, LOG_GROUP_TYPE, ALWAYS FROM DBA_LOG_GROUPS WHERE OWNER = :1 " +
		"AND TABLE_NAME = :2 ORDER BY LOG_GROUP_NAME"
	sqlLogColumns = "SELECT COLUMN_NAME FROM DBA_LOG_GROUP_COLUMNS WHERE OWNER = :1 AND TABLE_NAME = :2 AND " +
		"LOG_GROUP_NAME = :3 ORDER BY POSITION"
	sqlMinimal = "SELECT SUPPLEMENTAL_LOG_DATA_MIN, SUPPLEMENTAL_LOG_DATA_PK, SUPPLEMENTAL_LOG_DATA_ALL " +
		"FROM V$DATABASE"
)

// neededViews are what the capture asks, and what a grant names them.
func neededViews() []string {
	return []string{"V$DATABASE", "V$THREAD", "V$LOG", "V$LOGFILE", "V$ARCHIVED_LOG", "V$TRANSACTION",
		"V$VERSION", "V$LOGMNR_CONTENTS", "DBA_TABLES", "DBA_TAB_COLS", "DBA_OBJECTS", "DBA_CONSTRAINTS",
		"DBA_CONS_COLUMNS", "DBA_INDEXES", "DBA_IND_COLUMNS", "DBA_LOG_GROUPS", "DBA_LOG_GROUP_COLUMNS"}
}

// probeStatement tells whether a view may be read.
func probeStatement(view string) string { return "SELECT 1 FROM " + view + " WHERE ROWNUM < 1" }

// addGroupStatement logs columns of each changed row, dropGroupStatement no more.
func addGroupStatement(owner, table, group string, columns []string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = quoteName(c)
	}
	return "ALTER TABLE " + quoteTable(owner, table) + " ADD SUPPLEMENTAL LOG GROUP " + quoteName(group) +
		" (" + strings.Join(quoted, ", ") + ") ALWAYS"
}

func dropGroupStatement(owner, table, group string) string {
	return "ALTER TABLE " + quoteTable(owner, table) + " DROP SUPPLEMENTAL LOG GROUP " + quoteName(group)
}

// logDataStatement does it by kind: add or drop, ALL or PRIMARY KEY.
func logDataStatement(owner, table, verb, kind string) string {
	return "ALTER TABLE " + quoteTable(owner, table) + " " + verb + " SUPPLEMENTAL LOG DATA (" + kind +
		") COLUMNS"
}

// Of the snapshot for an initial load.
const (
	sqlSegments = "SELECT DATA_OBJECT_ID FROM DBA_OBJECTS WHERE OWNER = :1 AND OBJECT_NAME = :2 AND " +
		"DATA_OBJECT_ID IS NOT NULL AND OBJECT_TYPE IN ('TABLE', 'TABLE PARTITION', 'TABLE SUBPARTITION') " +
		"ORDER BY DATA_OBJECT_ID"
	sqlExtents = "SELECT RELATIVE_FNO, MIN(BLOCK_ID), MAX(BLOCK_ID + BLOCKS - 1) FROM DBA_EXTENTS WHERE " +
		"OWNER = :1 AND SEGMENT_NAME = :2 AND SEGMENT_TYPE IN ('TABLE', 'TABLE PARTITION', " +
		"'TABLE SUBPARTITION') GROUP BY RELATIVE_FNO"
	sqlRows = "SELECT NUM_ROWS, IOT_TYPE FROM DBA_TABLES WHERE OWNER = :1 AND TABLE_NAME = :2"
)

// selectedColumn is a column as a snapshot reads it: as text where the driver would not
// give every value exactly.
func selectedColumn(c *Column) string {
	name := quoteName(c.Name)
	switch {
	case c.Type == "DATE":
		return "TO_CHAR(" + name + ", 'YYYY-MM-DD HH24:MI:SS')"
	case strings.HasPrefix(c.Type, "TIMESTAMP") && strings.Contains(c.Type, "WITH TIME ZONE"):
		return "TO_CHAR(" + name + ", 'YYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM')"
	case strings.HasPrefix(c.Type, "TIMESTAMP"):
		return "TO_CHAR(" + name + ", 'YYYY-MM-DD HH24:MI:SS.FF9')"
	case strings.HasSuffix(c.Type, "XMLTYPE"):
		return "XMLSERIALIZE(DOCUMENT " + name + " AS CLOB)"
	}
	return name
}
