// Command file is the target handler that writes files on disks of its own
// machine: type=filewriter of a properties file.
//
// It is started by Replicat, not by people. Its law: what it calls durable is
// synced, names of files too.
package main

import (
	"context"
	"path/filepath"

	"ggsh/handler"
	"ggsh/handler/lake"
	"ggsh/props"
)

// version is what the handler says of itself.
const version = "1.0"

func main() { handler.Serve(lake.New(driver())) }

func driver() lake.Driver {
	return lake.Driver{Name: "file", Version: version, Type: props.FileWriter,
		Connect: func(_ context.Context, cfg *handler.Config, _ *props.Config) (*lake.Volume, error) {
			return &lake.Volume{FS: disk{}, Product: "Files on " + cfg.Home,
				Base: filepath.ToSlash(cfg.Home), Fault: fault}, nil
		}}
}
