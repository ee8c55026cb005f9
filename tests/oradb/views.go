package oradb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ggsh/tests/tns"
)

// view is a view of the dictionary or of the instance: a table of SQLite that is filled
// before each query that names it.
type view struct {
	name       string
	columns    []viewColumn
	perSession bool
	rows       func(s *session) [][]any
	// steady views change with DDL only.
	steady bool
	filled int
}

type viewColumn struct {
	name string
	typ  *dataType
	n    int // of the type
}

func (v *view) table() string { return "view " + v.name }

// definition is the view's table, under a name.
func (v *view) definition(name string) string {
	var list []string
	for _, c := range v.columns {
		list = append(list, quote(c.name)+" "+c.typ.declaration(c.n))
	}
	return "CREATE TABLE " + quote(name) + " (" + strings.Join(list, ", ") + ")"
}

// viewTypes are the types of columns of views by letter.
func viewType(s string) (dataType, error) {
	switch s[0] {
	case 'n':
		// The name keeps the numbers integers of SQLite, the precision is none.
		return dataType{kind: tns.Number, name: "NUMBER", scale: noScale, native: true}, nil
	case 'd':
		return dataType{kind: tns.Date, name: "DATE"}, nil
	case 't':
		return dataType{kind: tns.Timestamp, name: "TIMESTAMP(9)", scale: 9}, nil
	case 'r':
		return dataType{kind: tns.Raw, name: "RAW", length: 8}, nil
	case 'l':
		return dataType{kind: tns.Long, name: "LONG"}, nil
	}
	n, err := strconv.Atoi(s[1:])
	return varchar(n), err
}

// addView defines a view by a list like "NAME s30 CREATED d SCN n".
func (db *DB) addView(name, columns string, rows func(s *session) [][]any) error {
	v := &view{name: name, rows: rows, filled: -1}
	words := strings.Fields(columns)
	for i := 0; i < len(words); i += 2 {
		t, err := viewType(words[i+1])
		if err != nil {
			return err
		}
		v.columns = append(v.columns, viewColumn{words[i], &t, db.addType(&t)})
	}
	db.views[name] = v
	if rows == nil {
		v.perSession = true
		return nil
	}
	_, err := db.lite.Exec(v.definition(v.table()))
	return err
}

// viewNamed finds a view; V_$X is V$X, and CDB_X is DBA_X as seen from a root.
func (db *DB) viewNamed(name string) *view {
	name = strings.Replace(name, "V_$", "V$", 1)
	return db.views[name]
}

// fill brings a view up to date.
func (s *session) fill(v *view) error {
	if v.perSession {
		if !s.mine.started {
			return oraError(1306)
		}
		return s.mayMine()
	}
	if v.steady && v.filled == s.db.ddl {
		return nil
	}
	if err := s.db.run("DELETE FROM " + quote(v.table())); err != nil {
		return err
	}
	for _, row := range v.rows(s) {
		if len(row) != len(v.columns) {
			return fmt.Errorf("view %s: %d values for %d columns", v.name, len(row), len(v.columns))
		}
		err := s.db.run("INSERT INTO "+quote(v.table())+" VALUES (?"+
			strings.Repeat(", ?", len(row)-1)+")", viewValues(row)...)
		if err != nil {
			return err
		}
	}
	v.filled = s.db.ddl
	return nil
}

// viewValues makes values of a row storable: no text is NULL.
func viewValues(row []any) []any {
	out := make([]any, len(row))
	for i, v := range row {
		switch v := v.(type) {
		case string:
			if v != "" {
				out[i] = v
			}
		case uint64:
			out[i] = int64(v)
		case int:
			out[i] = int64(v)
		default:
			out[i] = v
		}
	}
	return out
}

// mayMine says whether the user may read the contents of logs.
func (s *session) mayMine() error {
	if s.has("LOGMINING") || s.has("EXECUTE_CATALOG_ROLE") {
		return nil
	}
	return oraError(1031)
}

func yesNo(b bool) string {
	if b {
		return "YES"
	}
	return "NO"
}

func (db *DB) createViews() error {
	db.views = map[string]*view{}
	for _, create := range []func() error{db.instanceViews, db.logViews, db.dictionaryViews,
		db.constraintViews, db.privilegeViews} {
		if err := create(); err != nil {
			return err
		}
	}
	return nil
}

// define adds several views; each is name, columns and rows.
func (db *DB) addViews(list []viewRow) error {
	for _, v := range list {
		if err := db.addView(v.name, v.columns, v.rows); err != nil {
			return err
		}
	}
	return nil
}

type viewRow struct {
	name, columns string
	rows          func(s *session) [][]any
}

func one(values func(s *session) []any) func(s *session) [][]any {
	return func(s *session) [][]any { return [][]any{values(s)} }
}

// banner names the release that the stub's dictionary is like.
const banner = "Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production"

func (db *DB) instanceViews() error {
	name := db.options.Name
	mode := "ARCHIVELOG"
	if db.options.NoArchiveLog {
		mode = "NOARCHIVELOG"
	}
	opened := db.opened
	return db.addViews([]viewRow{
		{"V$DATABASE", "DBID n NAME s9 CREATED d RESETLOGS_CHANGE# n RESETLOGS_TIME d LOG_MODE s12 " +
			"CURRENT_SCN n CHECKPOINT_CHANGE# n OPEN_MODE s20 DATABASE_ROLE s16 DB_UNIQUE_NAME s30 " +
			"SUPPLEMENTAL_LOG_DATA_MIN s8 SUPPLEMENTAL_LOG_DATA_PK s3 SUPPLEMENTAL_LOG_DATA_UI s3 " +
			"SUPPLEMENTAL_LOG_DATA_FK s3 SUPPLEMENTAL_LOG_DATA_ALL s3 SUPPLEMENTAL_LOG_DATA_PL s3 " +
			"FORCE_LOGGING s39 PLATFORM_NAME s101 PLATFORM_ID n CDB s3 CON_ID n FLASHBACK_ON s18",
			one(func(s *session) []any {
				scn := db.tick()
				d := &db.database
				return []any{1577000000, name, opened, db.options.StartSCN, opened, mode, scn, scn,
					"READ WRITE", "PRIMARY", name, yesNo(d.minimal), yesNo(d.primary), yesNo(d.unique),
					yesNo(d.foreignKey), yesNo(d.all), "NO", yesNo(db.forced), "Linux x86 64-bit", 13, "NO",
					0, "NO"}
			})},
		{"V$INSTANCE", "INSTANCE_NUMBER n INSTANCE_NAME s16 HOST_NAME s64 VERSION s17 VERSION_FULL s17 " +
			"STARTUP_TIME d STATUS s12 THREAD# n ARCHIVER s7 LOGINS s10 DATABASE_STATUS s17 PARALLEL s3",
			one(func(s *session) []any {
				return []any{s.thread.number, name, "localhost", "19.0.0.0.0", "19.3.0.0.0", opened, "OPEN",
					s.thread.number, "STARTED", "ALLOWED", "ACTIVE", yesNo(len(db.threads) > 1)}
			})},
		{"V$VERSION", "BANNER s80 BANNER_FULL s160 BANNER_LEGACY s80 CON_ID n",
			one(func(*session) []any { return []any{banner, banner + "\nVersion 19.3.0.0.0", banner, 0} })},
		{"PRODUCT_COMPONENT_VERSION", "PRODUCT s80 VERSION s80 VERSION_FULL s80 STATUS s80",
			one(func(*session) []any {
				return []any{"Oracle Database 19c Enterprise Edition", "19.0.0.0.0", "19.3.0.0.0", "Production"}
			})},
		{"V$PARAMETER", "NUM n NAME s80 TYPE n VALUE s4000 DISPLAY_VALUE s4000 ISDEFAULT s9", parameters},
		{"V$NLS_PARAMETERS", "PARAMETER s64 VALUE s64 CON_ID n", settings},
		{"NLS_SESSION_PARAMETERS", "PARAMETER s30 VALUE s64 CON_ID n", settings},
		{"NLS_DATABASE_PARAMETERS", "PARAMETER s128 VALUE s64 CON_ID n", settings},
		{"V$SESSION", "SID n SERIAL# n USERNAME s30 PROGRAM s48 LOGON_TIME d STATUS s8 TYPE s10 " +
			"AUDSID n INST_ID n", sessionRows},
		{"V$MYSTAT", "SID n STATISTIC# n VALUE n", func(*session) [][]any { return nil }},
		{"V$STATNAME", "STATISTIC# n NAME s64", func(*session) [][]any { return nil }},
		{"V$TRANSACTION", "ADDR r XIDUSN n XIDSLOT n XIDSQN n STATUS s16 START_TIME s20 START_SCNB n " +
			"START_SCN n START_DATE d XID r SES_ADDR r USED_UREC n", transactionRows},
		{"V$PDBS", "CON_ID n DBID n NAME s128 OPEN_MODE s10", func(*session) [][]any { return nil }},
		{"V$CONTAINERS", "CON_ID n DBID n NAME s128 OPEN_MODE s10",
			one(func(*session) []any { return []any{0, 1577000000, name, "READ WRITE"} })},
	})
}

func parameters(s *session) [][]any {
	archive := "ARCHIVELOG"
	list := [][2]string{{"compatible", "19.0.0"}, {"db_name", s.db.options.Name},
		{"db_unique_name", s.db.options.Name}, {"enable_goldengate_replication", "TRUE"},
		{"instance_name", s.db.options.Name}, {"service_names", s.db.options.Service},
		{"open_cursors", "300"}, {"processes", "300"}, {"undo_retention", "900"},
		{"streams_pool_size", "0"}, {"sga_max_size", "1610612736"}, {"max_string_size", "STANDARD"},
		{"log_archive_dest_1", "LOCATION=USE_DB_RECOVERY_FILE_DEST"}, {"log_mode", archive},
		{"nls_length_semantics", "BYTE"}}
	var rows [][]any
	for i, p := range list {
		rows = append(rows, []any{i + 1, p[0], 2, p[1], p[1], "FALSE"})
	}
	return rows
}

func settings(s *session) [][]any {
	var rows [][]any
	for name, value := range s.nls {
		rows = append(rows, []any{name, value, 0})
	}
	rows = append(rows, []any{"NLS_RDBMS_VERSION", "19.0.0.0.0", 0})
	slices.SortFunc(rows, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
	return rows
}

func sessionRows(s *session) [][]any {
	var rows [][]any
	for other := range s.db.sessions {
		rows = append(rows, []any{other.id, 1, other.user.name, other.program,
			stampText(other.logon.Truncate(1e9), false), "ACTIVE", "USER", other.id, other.thread.number})
	}
	return rows
}

func transactionRows(s *session) [][]any {
	var rows [][]any
	for other := range s.db.sessions {
		tx := other.tx
		if tx == nil {
			continue
		}
		rows = append(rows, []any{tx.xid[:], tx.usn, tx.slot, tx.sqn, "ACTIVE",
			tx.began.Format("01/02/06 15:04:05"), tx.start, tx.start,
			stampText(tx.began.Truncate(1e9), false), tx.xid[:], tx.xid[:], len(tx.changes)})
	}
	slices.SortFunc(rows, func(a, b []any) int { return int(a[7].(uint64)) - int(b[7].(uint64)) })
	return rows
}

func (db *DB) logViews() error {
	return db.addViews([]viewRow{
		{"V$THREAD", "THREAD# n STATUS s6 ENABLED s8 ENABLED_CHANGE# n ENABLED_TIME d GROUPS n INSTANCE s80 " +
			"CURRENT_GROUP# n SEQUENCE# n CHECKPOINT_CHANGE# n LAST_REDO_SEQUENCE# n LAST_REDO_CHANGE# n " +
			"LAST_REDO_TIME d DISABLE_CHANGE# n", threadRows},
		{"V$LOG", "GROUP# n THREAD# n SEQUENCE# n BYTES n BLOCKSIZE n MEMBERS n ARCHIVED s3 STATUS s16 " +
			"FIRST_CHANGE# n FIRST_TIME d NEXT_CHANGE# n NEXT_TIME d CON_ID n", onlineRows},
		{"V$LOGFILE", "GROUP# n STATUS s7 TYPE s7 MEMBER s513 IS_RECOVERY_DEST_FILE s3", memberRows},
		{"V$ARCHIVED_LOG", "RECID n NAME s513 DEST_ID n THREAD# n SEQUENCE# n RESETLOGS_CHANGE# n " +
			"RESETLOGS_TIME d FIRST_CHANGE# n FIRST_TIME d NEXT_CHANGE# n NEXT_TIME d BLOCKS n BLOCK_SIZE n " +
			"STANDBY_DEST s3 ARCHIVED s3 APPLIED s9 DELETED s3 STATUS s1 COMPLETION_TIME d " +
			"DICTIONARY_BEGIN s3 DICTIONARY_END s3 CREATOR s7 REGISTRAR s7 CON_ID n", archivedRows},
		{"V$LOG_HISTORY", "THREAD# n SEQUENCE# n FIRST_CHANGE# n FIRST_TIME d NEXT_CHANGE# n", historyRows},
		{"V$ARCHIVE_DEST_STATUS", "DEST_ID n DEST_NAME s256 STATUS s9 TYPE s16 DATABASE_MODE s15 " +
			"DESTINATION s256 SYNCHRONIZED s3",
			one(func(*session) []any {
				return []any{1, "LOG_ARCHIVE_DEST_1", "VALID", "LOCAL", "OPEN",
					"/u01/app/oracle/fast_recovery_area", "YES"}
			})},
		{"V$ARCHIVE_DEST", "DEST_ID n DEST_NAME s256 STATUS s9 TARGET s7 DESTINATION s256",
			one(func(*session) []any {
				return []any{1, "LOG_ARCHIVE_DEST_1", "VALID", "PRIMARY", "/u01/app/oracle/fast_recovery_area"}
			})},
		{"V$LOGMNR_LOGS", "LOG_ID n FILENAME s512 LOW_TIME d HIGH_TIME d DB_ID n DB_NAME s8 " +
			"THREAD_ID n THREAD_SQN n LOW_SCN n NEXT_SCN n STATUS n INFO s32", minedRows},
		{"V$LOGMNR_PARAMETERS", "START_DATE d END_DATE d START_SCN n END_SCN n OPTIONS n STATUS n",
			func(s *session) [][]any {
				if !s.mine.started {
					return nil
				}
				return [][]any{{nil, nil, s.mine.first, s.mine.last, s.mine.options, 0}}
			}},
		{"V$LOGMNR_CONTENTS", "SCN n START_SCN n COMMIT_SCN n TIMESTAMP d START_TIMESTAMP d " +
			"COMMIT_TIMESTAMP d XIDUSN n XIDSLT n XIDSQN n XID r PXIDUSN n PXIDSLT n PXIDSQN n PXID r " +
			"TX_NAME s256 OPERATION s32 OPERATION_CODE n ROLLBACK n SEG_OWNER s128 SEG_NAME s256 " +
			"TABLE_NAME s128 SEG_TYPE n SEG_TYPE_NAME s32 TABLE_SPACE s32 ROW_ID s18 USERNAME s384 " +
			"OS_USERNAME s4000 MACHINE_NAME s4000 SESSION# n SERIAL# n SESSION_INFO s4000 THREAD# n " +
			"SEQUENCE# n RBASQN n RBABLK n RBABYTE n DATA_OBJ# n DATA_OBJV# n DATA_OBJD# n " +
			"SQL_REDO s4000 SQL_UNDO s4000 RS_ID s32 SSN n CSF n INFO s64 STATUS n SRC_CON_NAME s384 " +
			"SRC_CON_ID n SRC_CON_UID n SRC_CON_DBID n CON_ID n", nil},
	})
}

func threadRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.threads {
		l := t.current()
		started := stampText(t.logs[0].firstTime.Truncate(1e9), false)
		rows = append(rows, []any{t.number, "OPEN", "PUBLIC", t.enabled, started, groups,
			s.db.options.Name, l.group(), l.sequence, l.first, l.sequence, s.db.scn + 1,
			stampText(s.db.now().Truncate(1e9), false), 0})
	}
	return rows
}

// endless is about NEXT_CHANGE# of a log that is being written: more than an int64 holds.
const endless = float64(9295429630892703743)

func onlineRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.threads {
		for _, l := range t.logs {
			if !l.online() {
				continue
			}
			status, next, nextTime := "INACTIVE", any(l.next), any(nil)
			if l.next == 0 {
				status, next = "CURRENT", endless
			} else {
				nextTime = stampText(l.nextTime.Truncate(1e9), false)
			}
			rows = append(rows, []any{l.group(), t.number, l.sequence, 209715200, 512, 1,
				yesNo(l.next != 0 && !s.db.options.NoArchiveLog), status, l.first,
				stampText(l.firstTime.Truncate(1e9), false), next, nextTime, 0})
		}
	}
	return rows
}

func memberRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.threads {
		for _, l := range t.logs {
			if l.online() {
				rows = append(rows, []any{l.group(), nil, "ONLINE", s.db.onlineName(l), "NO"})
			}
		}
	}
	return rows
}

func archivedRows(s *session) [][]any {
	var rows [][]any
	if s.db.options.NoArchiveLog {
		return nil
	}
	for _, t := range s.db.threads {
		for _, l := range t.logs {
			if l.next == 0 {
				continue
			}
			name, status := any(s.db.archivedName(l)), "A"
			if l.deleted {
				name, status = nil, "D"
			}
			done := stampText(l.nextTime.Truncate(1e9), false)
			rows = append(rows, []any{len(rows) + 1, name, 1, t.number, l.sequence,
				s.db.options.StartSCN, s.db.opened, l.first, stampText(l.firstTime.Truncate(1e9), false),
				l.next, done, len(l.records) + 2, 512, "NO", "YES", "NO", yesNo(l.deleted), status, done,
				"NO", "NO", "ARCH", "ARCH", 0})
		}
	}
	return rows
}

func historyRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.threads {
		for _, l := range t.logs {
			if l.next != 0 {
				rows = append(rows, []any{t.number, l.sequence, l.first,
					stampText(l.firstTime.Truncate(1e9), false), l.next})
			}
		}
	}
	return rows
}

func minedRows(s *session) [][]any {
	var rows [][]any
	for _, f := range s.mine.files {
		next := any(f.log.next)
		if f.log.next == 0 {
			next = endless
		}
		rows = append(rows, []any{f.log.sequence, f.name, nil, nil, 1577000000, s.db.options.Name,
			f.log.thread.number, f.log.sequence, f.log.first, next, 0, nil})
	}
	return rows
}
