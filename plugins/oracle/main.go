// Command oracle is the target handler for Oracle databases.
//
// It is started by Replicat, not by people. Its law: numbers, dates and times go as
// texts with a form that no setting of a session changes, so that the database
// takes each value as it is, and what it would round, cut or take for NULL in
// silence is refused or follows a rule that the operator has chosen.
package main

import (
	"ggsh/handler"
	"ggsh/handler/dml"
)

func main() { handler.Serve(dml.New(dialect())) }
