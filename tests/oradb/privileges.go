package oradb

import (
	"slices"
	"strings"
)

func (db *DB) privilegeViews() error {
	users := "USERNAME s128 USER_ID n CREATED d COMMON s3 ORACLE_MAINTAINED s1"
	return db.addViews([]viewRow{
		{"DBA_USERS", "USERNAME s128 USER_ID n ACCOUNT_STATUS s32 DEFAULT_TABLESPACE s30 CREATED d " +
			"COMMON s3 ORACLE_MAINTAINED s1", func(s *session) [][]any {
			var rows [][]any
			for _, u := range s.db.sortedUsers() {
				rows = append(rows, []any{u.name, u.id, "OPEN", "USERS", stamp(u.created), "NO", maintained(u)})
			}
			return rows
		}},
		{"ALL_USERS", users, func(s *session) [][]any {
			var rows [][]any
			for _, u := range s.db.sortedUsers() {
				rows = append(rows, []any{u.name, u.id, stamp(u.created), "NO", maintained(u)})
			}
			return rows
		}},
		{"USER_USERS", "USERNAME s128 USER_ID n ACCOUNT_STATUS s32 DEFAULT_TABLESPACE s30",
			one(func(s *session) []any { return []any{s.user.name, s.user.id, "OPEN", "USERS"} })},
		{"SESSION_PRIVS", "PRIVILEGE s40", func(s *session) [][]any {
			return s.granted(func(name string) bool { return !role(name) })
		}},
		{"SESSION_ROLES", "ROLE s128", func(s *session) [][]any { return s.granted(role) }},
		{"USER_SYS_PRIVS", "USERNAME s128 PRIVILEGE s40 ADMIN_OPTION s3", func(s *session) [][]any {
			var rows [][]any
			for _, r := range s.granted(func(name string) bool { return !role(name) }) {
				rows = append(rows, []any{s.user.name, r[0], "NO"})
			}
			return rows
		}},
		{"USER_ROLE_PRIVS", "USERNAME s128 GRANTED_ROLE s128 DEFAULT_ROLE s3", func(s *session) [][]any {
			var rows [][]any
			for _, r := range s.granted(role) {
				rows = append(rows, []any{s.user.name, r[0], "YES"})
			}
			return rows
		}},
		{"USER_TAB_PRIVS", "GRANTEE s128 OWNER s128 TABLE_NAME s128 PRIVILEGE s40", objectPrivileges},
		{"ALL_TAB_PRIVS", "GRANTEE s128 TABLE_SCHEMA s128 TABLE_NAME s128 PRIVILEGE s40",
			objectPrivileges},
		{"DBA_LOGSTDBY_UNSUPPORTED", "OWNER s128 TABLE_NAME s128 COLUMN_NAME s128 ATTRIBUTES s39 " +
			"DATA_TYPE s106", unsupportedRows},
		{"DBA_LOGSTDBY_UNSUPPORTED_TABLE", "OWNER s128 TABLE_NAME s128", func(s *session) [][]any {
			var rows [][]any
			for _, r := range unsupportedRows(s) {
				rows = append(rows, r[:2])
			}
			return rows
		}},
		{"DBA_GOLDENGATE_SUPPORT_MODE", "OWNER s128 OBJECT_NAME s128 SUPPORT_MODE s6 EXPLANATION s120",
			supportRows},
		{"DBA_REGISTRY", "COMP_ID s30 COMP_NAME s255 VERSION s30 STATUS s11",
			one(func(*session) []any {
				return []any{"CATALOG", "Oracle Database Catalog Views", "19.0.0.0.0", "VALID"}
			})},
	})
}

func maintained(u *user) string {
	if u.name == "SYS" || u.name == "SYSTEM" {
		return "Y"
	}
	return "N"
}

func (db *DB) sortedUsers() []*user {
	var list []*user
	for _, u := range db.users {
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b *user) int { return strings.Compare(a.name, b.name) })
	return list
}

// role tells roles from system privileges.
func role(name string) bool {
	return slices.Contains([]string{"CONNECT", "RESOURCE", "DBA", "SELECT_CATALOG_ROLE",
		"EXECUTE_CATALOG_ROLE", "LOGSTDBY_ADMINISTRATOR"}, name)
}

// everything is what a user who is not limited has.
func everything() []string {
	return []string{"ALTER ANY TABLE", "ALTER DATABASE", "ALTER SESSION", "ALTER SYSTEM", "CONNECT",
		"CREATE ANY TABLE", "CREATE SESSION", "CREATE TABLE", "DBA", "DELETE ANY TABLE", "DROP ANY TABLE",
		"EXECUTE_CATALOG_ROLE", "FLASHBACK ANY TABLE", "INSERT ANY TABLE", "LOCK ANY TABLE", "LOGMINING",
		"RESOURCE", "SELECT ANY DICTIONARY", "SELECT ANY TABLE", "SELECT ANY TRANSACTION",
		"SELECT_CATALOG_ROLE", "SET CONTAINER", "UNLIMITED TABLESPACE", "UPDATE ANY TABLE"}
}

func (s *session) granted(which func(string) bool) [][]any {
	list := everything()
	if s.user.limited {
		list = nil
		for name := range s.user.grants {
			list = append(list, name)
		}
		slices.Sort(list)
	}
	var rows [][]any
	for _, name := range list {
		if which(name) {
			rows = append(rows, []any{name})
		}
	}
	return rows
}

func objectPrivileges(s *session) [][]any {
	var rows [][]any
	for name, privileges := range s.user.objects {
		for p := range privileges {
			rows = append(rows, []any{s.user.name, name.owner, name.name, p})
		}
	}
	return rows
}

// unsupportedRows are the columns that LogMiner does not give.
func unsupportedRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		for _, c := range t.columns {
			if c.typ.name == "ROWID" || c.typ.name == "UROWID" || c.typ.long() {
				rows = append(rows, []any{t.owner, t.name, c.name, "", c.typ.name})
			}
		}
	}
	return rows
}

func supportRows(s *session) [][]any {
	bad := map[objectName]bool{}
	for _, r := range unsupportedRows(s) {
		bad[objectName{r[0].(string), r[1].(string)}] = true
	}
	var rows [][]any
	for _, t := range s.db.sorted() {
		mode, why := "FULL", ""
		if bad[t.objectName] {
			mode, why = "ID KEY", "table has a column of a type that is not supported"
		}
		rows = append(rows, []any{t.owner, t.name, mode, why})
	}
	return rows
}
