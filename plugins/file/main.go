// Command file is the target handler that writes files on disks of its own
// machine: type=filewriter of a properties file.
//
// It is started by Replicat, not by people. Its law: what it calls durable is
// synced, names of files too.
package main

import (
	"ggsh/handler"
	"ggsh/handler/lake"
	"ggsh/handler/lake/disk"
)

func main() { handler.Serve(lake.New(disk.Driver())) }
