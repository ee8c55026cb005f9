package oradb

import (
	"fmt"
	"slices"
	"strings"

	"ggsh/capture/oracle"
	"ggsh/capture/oracle/oracletest"
	"ggsh/record"
)

// Options of DBMS_LOGMNR.
const (
	logmnrNew        = 1
	logmnrRemove     = 2
	logmnrCommitted  = 2
	logmnrAdd        = 3
	logmnrCatalog    = 16
	logmnrRedoLogs   = 32
	logmnrNoDelimite = 64
	logmnrContinuous = 1024
	logmnrNoRowID    = 2048
)

// logmnrConstants are the constants of the package by name.
func logmnrConstants() map[string]int64 {
	return map[string]int64{"NEW": logmnrNew, "REMOVEFILE": logmnrRemove, "ADDFILE": logmnrAdd,
		"COMMITTED_DATA_ONLY": logmnrCommitted, "SKIP_CORRUPTION": 4, "DDL_DICT_TRACKING": 8,
		"DICT_FROM_ONLINE_CATALOG": logmnrCatalog, "DICT_FROM_REDO_LOGS": logmnrRedoLogs,
		"NO_SQL_DELIMITER": logmnrNoDelimite, "PRINT_PRETTY_SQL": 512,
		"CONTINUOUS_MINE": logmnrContinuous, "NO_ROWID_IN_STMT": logmnrNoRowID,
		"STRING_LITERALS_IN_STMT": 4096, "NO_DICT_RESET_ONSELECT": 1}
}

// mining is a session's LogMiner session.
type mining struct {
	files   []minedFile
	started bool
	first   uint64
	last    uint64
	options int64
	// table is where SQLite has the contents.
	table string
}

// minedFile is a log that was added, under the name that it was added by.
type minedFile struct {
	name   string
	log    *redoLog
	online bool
}

// fileNamed finds the log that a file holds now.
func (db *DB) fileNamed(name string) (minedFile, error) {
	for _, t := range db.threads {
		for _, l := range slices.Backward(t.logs) {
			switch {
			case l.online() && db.onlineName(l) == name:
				return minedFile{name, l, true}, nil
			case l.next != 0 && !l.deleted && !db.options.NoArchiveLog && db.archivedName(l) == name:
				return minedFile{name, l, false}, nil
			}
		}
	}
	return minedFile{}, oraError(1284, name)
}

// addLogFile is DBMS_LOGMNR.ADD_LOGFILE.
func (s *session) addLogFile(name string, option int64) error {
	if !s.has("EXECUTE_CATALOG_ROLE") && !s.may("EXECUTE", objectName{"SYS", "DBMS_LOGMNR"}) {
		return oraError(6550, "identifier 'DBMS_LOGMNR' must be declared (PLS-00201)")
	}
	f, err := s.db.fileNamed(name)
	if err != nil {
		return err
	}
	if option == logmnrNew {
		if err := s.endMining(); err != nil {
			return err
		}
	}
	for _, other := range s.mine.files {
		if other.log == f.log {
			return oraError(1289, name)
		}
	}
	s.mine.files = append(s.mine.files, f)
	return nil
}

// removeLogFile is DBMS_LOGMNR.REMOVE_LOGFILE.
func (s *session) removeLogFile(name string) error {
	n := slices.IndexFunc(s.mine.files, func(f minedFile) bool { return f.name == name })
	if n < 0 {
		return oraError(1290, name)
	}
	s.mine.files = slices.Delete(s.mine.files, n, n+1)
	return nil
}

// endMining is DBMS_LOGMNR.END_LOGMNR.
func (s *session) endMining() error {
	s.mine.files, s.mine.started = nil, false
	if s.mine.table == "" {
		return nil
	}
	return s.db.run("DELETE FROM " + quote(s.mine.table))
}

// startMining is DBMS_LOGMNR.START_LOGMNR. What the session then sees is rendered here.
func (s *session) startMining(first, last uint64, options int64) error {
	if !s.has("LOGMINING") && !s.has("EXECUTE_CATALOG_ROLE") {
		return oraError(1031)
	}
	if options&logmnrContinuous != 0 {
		return oraError(44609)
	}
	if options&(logmnrRedoLogs|logmnrCommitted) != 0 {
		return unsupported("DICT_FROM_REDO_LOGS and COMMITTED_DATA_ONLY")
	}
	if first > 0 && len(s.mine.files) == 0 {
		s.addAll()
	}
	if len(s.mine.files) == 0 {
		return oraError(1292)
	}
	if last == 0 {
		last = s.db.scn
	}
	if first > last {
		return oraError(1281)
	}
	if err := s.covered(first, last); err != nil {
		return err
	}
	s.mine.first, s.mine.last, s.mine.options, s.mine.started = first, last, options, true
	return s.render()
}

// addAll takes the logs that the control file knows.
func (s *session) addAll() {
	for _, t := range s.db.threads {
		for _, l := range t.logs {
			if l.online() || !l.deleted {
				s.mine.files = append(s.mine.files, minedFile{s.db.archivedName(l), l, l.online()})
			}
		}
	}
}

// covered looks whether the files are there and hold the range, thread by thread.
func (s *session) covered(first, last uint64) error {
	held := map[*redoLog]bool{}
	for _, f := range s.mine.files {
		switch {
		case f.online && !f.log.online():
			return oraError(310, fmt.Sprint(f.log.sequence+groups), fmt.Sprint(f.log.sequence))
		case !f.online && f.log.deleted:
			return oraError(308, f.name)
		}
		held[f.log] = true
	}
	if first == 0 {
		return nil
	}
	for _, t := range s.db.threads {
		if first < t.logs[0].first {
			return oraError(1291)
		}
		for _, l := range t.logs {
			if l.first <= last && (l.next == 0 || l.next > first) && !held[l] {
				return oraError(1291)
			}
		}
	}
	return nil
}

// render fills the session's contents.
func (s *session) render() error {
	v := s.db.views["V$LOGMNR_CONTENTS"]
	if s.mine.table == "" {
		s.mine.table = fmt.Sprintf("mined %d", s.id)
		if err := s.db.change(v.definition(s.mine.table)); err != nil {
			return err
		}
	}
	if err := s.db.run("DELETE FROM " + quote(s.mine.table)); err != nil {
		return err
	}
	var records []*redoRecord
	for _, f := range s.mine.files {
		for i := range f.log.records {
			r := &f.log.records[i]
			if r.place.SCN >= s.mine.first && r.place.SCN <= s.mine.last {
				records = append(records, r)
			}
		}
	}
	slices.SortStableFunc(records, func(a, b *redoRecord) int {
		return int(int64(a.place.SCN) - int64(b.place.SCN))
	})
	renderer := &oracletest.Renderer{Catalog: s.mine.options&logmnrCatalog != 0,
		Mismatch: s.db.mismatch}
	for _, r := range records {
		rows, err := r.rows(renderer)
		if err != nil {
			return err
		}
		for i := range rows {
			if lob := rows[i].Code == oracle.CodeLOBSelect || rows[i].Code == oracle.CodeLOBWrite; lob &&
				r.start < s.mine.first {
				continue // LogMiner loses them in a window that begins within the transaction
			}
			if err := s.addMined(v, r, &rows[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// mismatch reports whether the dictionary knows another version of a table.
func (db *DB) mismatch(t *oracle.Table) bool {
	now := db.tables[objectName{t.Owner, t.Name}]
	return now == nil || now.described != t
}

func (r *redoRecord) rows(renderer *oracletest.Renderer) ([]oracle.Row, error) {
	switch r.code {
	case oracle.CodeStart:
		return []oracle.Row{oracletest.Start(&r.place)}, nil
	case oracle.CodeCommit:
		return []oracle.Row{oracletest.Commit(&r.place)}, nil
	case oracle.CodeRollback:
		return []oracle.Row{oracletest.Rollback(&r.place)}, nil
	case oracle.CodeDDL:
		return []oracle.Row{oracletest.DDL(&r.place, r.owner, r.name, r.object, r.text+";")}, nil
	}
	if r.undoes != nil {
		return r.undoRows(renderer)
	}
	return renderer.AppendChange(nil, &r.place, r.change)
}

// undoRows are the rows that undo what a change was shown as, the last first: an insert
// with a short LOB was shown as an insert and an update.
func (r *redoRecord) undoRows(renderer *oracletest.Renderer) ([]oracle.Row, error) {
	shown, err := renderer.AppendChange(nil, &r.place, r.undoes)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, row := range shown {
		if row.Code <= oracle.CodeUpdate && !row.Continues {
			n++
		}
	}
	var rows []oracle.Row
	for ; n > 0; n-- {
		c := r.change
		if n > 1 {
			c = &oracletest.Change{Code: oracle.CodeUpdate, Table: c.Table, RowID: c.RowID, Undo: true,
				After: make([]record.Value, len(c.Table.Columns))}
			for i := range c.After {
				if c.Table.Columns[i].LOB() {
					c.After[i].Kind = record.Null
				}
			}
		}
		if rows, err = renderer.AppendChange(rows, &r.place, c); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// operations are names of operation codes.
func operation(c oracle.Code) string {
	return map[oracle.Code]string{oracle.CodeInsert: "INSERT", oracle.CodeDelete: "DELETE",
		oracle.CodeUpdate: "UPDATE", oracle.CodeDDL: "DDL", oracle.CodeStart: "START",
		oracle.CodeCommit: "COMMIT", oracle.CodeRollback: "ROLLBACK",
		oracle.CodeLOBSelect: "SEL_LOB_LOCATOR", oracle.CodeLOBWrite: "LOB_WRITE",
		oracle.CodeUnsupported: "UNSUPPORTED"}[c]
}

// addMined writes one row into the session's contents.
func (s *session) addMined(v *view, r *redoRecord, row *oracle.Row) error {
	redo := string(row.Redo)
	if s.mine.options&logmnrNoDelimite != 0 && !row.Continues {
		redo = strings.TrimSuffix(redo, ";")
	}
	flag := func(b bool) int64 {
		if b {
			return 1
		}
		return 0
	}
	if r.start < s.mine.first && row.Rollback {
		// Of a transaction that began before the window LogMiner does not know the whole
		// number for rows that undo others.
		copy(row.XID[4:], "\xff\xff\xff\xff")
	}
	xid := row.XID[:]
	byName := map[string]any{"SCN": row.SCN, "START_SCN": r.start, "TIMESTAMP": stampText(row.Time, false),
		"OPERATION_CODE": row.Code, "OPERATION": operation(row.Code), "STATUS": row.Status,
		"INFO": row.Info, "XID": xid, "XIDUSN": int(xid[0]) | int(xid[1])<<8,
		"XIDSLT": int(xid[2]) | int(xid[3])<<8,
		"XIDSQN": int(xid[4]) | int(xid[5])<<8 | int(xid[6])<<16 | int(xid[7])<<24,
		"PXID":   xid, "ROLLBACK": flag(row.Rollback), "CSF": flag(row.Continues), "RS_ID": row.RSID,
		"SSN": row.SSN, "THREAD#": row.Thread, "SEQUENCE#": r.place.Sequence,
		"RBASQN": r.place.Sequence, "RBABLK": r.place.Block, "RBABYTE": r.place.Offset,
		"ROW_ID": row.RowID, "DATA_OBJ#": row.Object, "DATA_OBJD#": r.dataObject,
		"DATA_OBJV#": r.version, "SEG_OWNER": row.Owner, "TABLE_NAME": row.Table, "SEG_NAME": row.Table,
		"SEG_TYPE_NAME": "TABLE", "TABLE_SPACE": "USERS", "USERNAME": row.User,
		"SESSION#": r.serial, "SERIAL#": 1, "SRC_CON_ID": 0, "CON_ID": 0,
		"SRC_CON_NAME": s.db.options.Name, "SRC_CON_UID": 0, "SRC_CON_DBID": 0, "SQL_REDO": redo}
	values := make([]any, len(v.columns))
	for i, c := range v.columns {
		switch value := byName[c.name].(type) {
		case string:
			if value != "" {
				values[i] = value
			}
		case oracle.Code:
			values[i] = int64(value)
		case uint64:
			values[i] = int64(value)
		case uint32:
			values[i] = int64(value)
		default:
			values[i] = value
		}
	}
	return s.db.run("INSERT INTO "+quote(s.mine.table)+" VALUES (?"+
		strings.Repeat(", ?", len(values)-1)+")", values...)
}
