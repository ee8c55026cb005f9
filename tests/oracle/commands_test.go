package oracle

import (
	"fmt"
	"strings"
	"testing"

	"ggsh/tests/oradb"
)

// TestCommandsOfAnOracleSource types what prepares a schema and takes it back; INFO asks
// the database for the log groups of its tables.
func TestCommandsOfAnOracleSource(t *testing.T) {
	s := newStage(t, oradb.Options{LogSize: 40})
	s.samples(s.source, "oracle/source/*.prm")
	s.oracle("APPUSER", emp+"CREATE TABLE DEPT (DEPTNO NUMBER(4) PRIMARY KEY, DNAME VARCHAR2(20));")
	login := "dblogin userid ggadmin@orcl, password ggadmin"
	says := func(commands []string, want ...string) {
		t.Helper()
		out := s.source.Run(append([]string{login}, commands...)...)
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%v do not say %q:\n%s", commands, w, out)
			}
		}
	}
	s.source.Run("create subdirs")
	says([]string{"info schematrandata appuser"}, "disabled for table APPUSER.DEPT",
		"disabled for table APPUSER.EMP")
	says([]string{"add schematrandata appuser"}, "APPUSER.DEPT", "APPUSER.EMP")
	says([]string{"info schematrandata appuser"}, "enabled for table APPUSER.DEPT",
		"enabled for table APPUSER.EMP")
	says([]string{"delete schematrandata appuser", "info schematrandata appuser"},
		"disabled for table APPUSER.DEPT", "disabled for table APPUSER.EMP")
	if out, err := s.source.Try(login, "add schematrandata app*"); err == nil ||
		!strings.Contains(out, "is for one schema") {
		t.Errorf("a wildcard is not refused:\n%s", out)
	}
	says([]string{"register extract insrc database"}, "OGG-02003")
	says([]string{"unregister extract insrc database"}, "INSRC")
}

// TestCommandsOfAnOracleSourceOverConnect types them in another home, connected to the
// Manager of the source's: one login serves them all, and is that Manager's.
func TestCommandsOfAnOracleSourceOverConnect(t *testing.T) {
	s := newStage(t, oradb.Options{LogSize: 40})
	s.samples(s.source, "oracle/source/*.prm")
	s.oracle("APPUSER", emp)
	s.source.Run("create subdirs", "start mgr")
	connect := fmt.Sprintf("connect 127.0.0.1:%d", s.source.Port)
	out := s.target.Run(connect, "dblogin userid ggadmin@orcl", "ggadmin", "add trandata appuser.emp",
		"info trandata appuser.emp", "register extract insrc database",
		"unregister extract insrc database", "disconnect")
	for _, want := range []string{"Successfully logged into database.", " as ggadmin@orcl) 3> add trandata",
		"enabled for table APPUSER.EMP", "OGG-02003"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	s.source.Run("dblogin userid ggadmin@orcl, password ggadmin", "info trandata appuser.emp")
}
