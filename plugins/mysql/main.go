// Command mysql is the target handler for MySQL and MariaDB databases.
//
// It is started by Replicat, not by people. Its law: the session is strict, in
// UTC and utf8mb4, and what the server would round or cut in silence is refused.
package main

import (
	"ggsh/handler"
	"ggsh/handler/dml"
)

func main() { handler.Serve(dml.New(dialect())) }
