package main

import (
	"testing"

	"ggsh/checkpointtable"
	"ggsh/oracleclient"
	"ggsh/subdirs"
	"ggsh/tests/oradb"
	"ggsh/tests/tns"
)

// oracleTarget is an Oracle in small, which outlives the Replicats that are killed.
func oracleTarget(t *testing.T, _ subdirs.Home) target {
	t.Helper()
	users := map[string]string{"GGADMIN": "Secret#1"}
	backend, err := oradb.Open(oradb.Options{Users: users})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { backend.Close() })
	server, err := tns.Start(tns.Config{Backend: backend, Users: users})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	db, err := oracleclient.Open(t.Context(), oracleclient.Config{Connect: server.Addr() + "/ORCL",
		User: "ggadmin", Password: "Secret#1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return target{plugin: "oracle", schema: "ggadmin", product: "Oracle Database",
		login: "USERID ggadmin@" + server.Addr() + "/ORCL, PASSWORD Secret#1",
		key:   "GGADMIN.ACCOUNT: ID", kind: checkpointtable.Oracle, db: db,
		checkpoint: checkpointtable.Name{Schema: "ggadmin", Table: "ggs_checkpoint"}}
}
