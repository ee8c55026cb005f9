package heartbeat

import (
	"strings"
	"testing"

	"ggsh/tests/rig"
)

// TestHeartbeatTablesAreNamedByGlobals: GGSCHEMA says where they lie and HEARTBEATTABLE what
// they are called.
func TestHeartbeatTablesAreNamedByGlobals(t *testing.T) {
	h := rig.NewHome(t, bin)
	s, own := servers.Database(t, "mariadb", h.Dir, "hbnames"), servers.Database(t, "mariadb", h.Dir, "hbown")
	tables := func(schema string) string {
		t.Helper()
		rows, err := s.DB.Query("SELECT table_name FROM information_schema.tables WHERE table_schema = ? "+
			"AND table_type = 'BASE TABLE' ORDER BY 1", schema)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var names []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			names = append(names, strings.ToLower(name))
		}
		return strings.Join(names, " ")
	}
	h.Write("GLOBALS", "GGSCHEMA "+own.Schema+"\n")
	h.Run("start mgr", "dblogin sourcedb "+s.Login, "add heartbeattable")
	if got := tables(own.Schema); !strings.HasPrefix(got, "gg_heartbeat ") || tables(s.Schema) != "" {
		t.Errorf("with GGSCHEMA: %s, beside it %s", got, tables(s.Schema))
	}
	h.Run("dblogin sourcedb "+s.Login, "delete heartbeattable")
	h.Write("GLOBALS", "GGSCHEMA "+own.Schema+"\nHEARTBEATTABLE pulse\n")
	h.Run("dblogin sourcedb "+s.Login, "add heartbeattable")
	if got := tables(own.Schema); got != "pulse pulse_history pulse_seed" {
		t.Errorf("with HEARTBEATTABLE: %s", got)
	}
	h.Run("stop mgr !")
}
