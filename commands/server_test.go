package commands

import (
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"ggsh/tests/services/server"
)

// TestOnMariaDB does on a real server what operators do before the first start.
func TestOnMariaDB(t *testing.T) {
	in := server.ForTest(t, server.MariaDB, server.Options{})
	root, err := sql.Open("mysql", in.RootDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, statement := range []string{"CREATE DATABASE hr",
		"CREATE TABLE hr.emp (id INT PRIMARY KEY)",
		"CREATE TABLE hr.nokey (a INT)", "CREATE USER ogg IDENTIFIED BY 's3cr3t'",
		"GRANT ALL ON *.* TO ogg"} {
		if _, err := root.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	st := newStage(t)
	at := fmt.Sprintf("hr@%s:%d", in.Host, in.Port)
	text := st.commands(strings.ReplaceAll(`create subdirs
dblogin sourcedb AT, userid ogg, password wr0ng
dblogin sourcedb AT, userid ogg, password s3cr3t
list tables hr.*
add trandata hr.*
info trandata hr.emp
delete trandata hr.emp
add trandata hr.none
add checkpointtable hr.ggchkpt
info checkpointtable hr.ggchkpt
add replicat r1, exttrail ./dirdat/rt, checkpointtable hr.ggchkpt
delete replicat r1
cleanup checkpointtable hr.ggchkpt
delete checkpointtable hr.ggchkpt !
versions
`, "AT", at))
	text = regexp.MustCompile(`created 20[0-9: -]+\.`).ReplaceAllString(text, "created WHEN.")
	for _, want := range []string{
		"as ogg@hr) ",
		"ERROR   OGG-00769  Login to database " + at + " as user ogg failed",
		"INFO    OGG-03036  Database character set identified as ",
		"\nSuccessfully logged into database.\n\n",
		"hr.emp\nhr.nokey\n\nFound 2 tables",
		"INFO    OGG-15132  Logging of supplemental redo data enabled for table hr.emp.",
		"WARNING OGG-06439  No unique key is defined for table hr.nokey.",
		"Columns supplementally logged for table hr.emp: id.",
		"Logging of supplemental redo log data disabled for table hr.emp.",
		"ERROR: No table found matching hr.none.",
		"Successfully created checkpoint table hr.ggchkpt.",
		"Checkpoint table hr.ggchkpt created WHEN.",
		"Deleted REPLICAT R1",
		"Successfully deleted checkpoint table hr.ggchkpt.",
		"MariaDB " + in.Version,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
			break
		}
	}
	if strings.Contains(text, "s3cr3t") {
		t.Error("a password is shown")
	}
}
