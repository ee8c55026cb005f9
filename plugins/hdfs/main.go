// Command hdfs is the target handler that writes files in HDFS: type=hdfs of a
// properties file.
//
// It is started by Replicat, not by people. It needs no Java. Its law: a file is
// durable when the NameNode has called it complete, and not before; after a
// failed write its client is not used again.
package main

import (
	"context"
	"fmt"

	"ggsh/handler"
	"ggsh/handler/lake"
	"ggsh/props"
)

// version is what the handler says of itself.
const version = "1.0"

func main() { handler.Serve(lake.New(driver())) }

func driver() lake.Driver {
	return lake.Driver{Name: "hdfs", Version: version, Type: props.HDFS, Connect: connect}
}

// connect logs in to the cluster that the properties tell of.
func connect(_ context.Context, cfg *handler.Config, p *props.Config) (*lake.Volume, error) {
	site, err := loadSite(p)
	if err != nil {
		return nil, setup("%v", err)
	}
	s := &session{user: site.user, replication: p.Int("replication"), blockSize: p.Size("blockSize")}
	s.replication, s.blockSize = site.sizes(s.replication, s.blockSize)
	if err := s.login(site, p); err != nil {
		return nil, err
	}
	return &lake.Volume{FS: s, Base: "/user/" + s.user, NoColons: true, Fault: s.fault,
		Product: fmt.Sprintf("HDFS %s as user %s", site.uri, s.user), Close: s.close}, nil
}

func setup(format string, args ...any) *handler.ApplyError {
	return &handler.ApplyError{Class: handler.Setup, Op: -1, Text: fmt.Sprintf(format, args...)}
}
