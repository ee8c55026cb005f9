// Command sqlite is the target handler for SQLite databases.
//
// It is started by Replicat, not by people. Its law: a value that a column's
// affinity would change is refused, not stored.
package main

import (
	"ggsh/handler"
	"ggsh/handler/dml"
)

func main() { handler.Serve(dml.New(dialect())) }
