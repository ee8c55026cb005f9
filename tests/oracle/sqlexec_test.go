package oracle

import (
	"strings"
	"testing"

	"ggsh/tests/oradb"
)

// TestSQLExecInAnExtractOfOracle has an Extract look up columns in its source and write
// there at its end; a procedure is refused.
func TestSQLExecInAnExtractOfOracle(t *testing.T) {
	s := newStage(t, oradb.Options{LogSize: 40})
	maria := s.toMaria()
	s.oracle("GGADMIN", "CREATE TABLE PRICES (SKU VARCHAR2(10) PRIMARY KEY, PRICE NUMBER(10,2)); "+
		"INSERT INTO PRICES VALUES ('Ada', 2.5); COMMIT;")
	s.source.Run("stop extract insrc")
	s.source.WaitState("insrc", "STOPPED")
	s.source.Replace("dirprm/insrc.prm", "TABLE appuser.*;", "SQLEXEC \"DELETE FROM GGADMIN.PRICES\" ONEXIT\n"+
		"TABLE appuser.EMP, SQLEXEC (ID q, QUERY 'SELECT PRICE AS P FROM GGADMIN.PRICES WHERE SKU = :name', "+
		"PARAMS (name = ENAME)), COLMAP (USEDEFAULTS, SAL = q.P);")
	s.source.Run("start extract insrc")
	s.source.WaitState("insrc", "RUNNING")
	s.oracle("APPUSER", "INSERT INTO EMP VALUES (1, 'Ada', 1, NULL, NULL); "+
		"INSERT INTO EMP VALUES (2, 'Bob', 1, NULL, NULL); COMMIT;")
	s.sees(maria, "EMP", "1|Ada|2.50||", "2|Bob|||")
	s.source.Run("stop extract insrc")
	s.source.WaitState("insrc", "STOPPED")
	if logs := s.source.Logs(); !strings.Contains(logs, "SQLEXEC: 1 rows: DELETE FROM GGADMIN.PRICES") {
		t.Errorf("the statement of the end is not told:\n%s", logs)
	}
	s.source.Replace("dirprm/insrc.prm", "SQLEXEC (ID q, QUERY 'SELECT PRICE AS P FROM GGADMIN.PRICES "+
		"WHERE SKU = :name', PARAMS (name = ENAME)), COLMAP (USEDEFAULTS, SAL = q.P)", "SQLEXEC (SPNAME hr.p, NOPARAMS)")
	s.source.Run("start extract insrc")
	s.source.WaitState("insrc", "ABENDED")
	if logs := s.source.Logs(); !strings.Contains(logs, "SPNAME is not possible with Oracle") {
		t.Errorf("the procedure is not refused:\n%s", logs)
	}
	s.target.Run("stop replicat *", "stop mgr !")
	s.source.Run("stop extract *", "stop mgr !")
}
