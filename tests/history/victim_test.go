package history

import (
	"context"
	"fmt"
	"time"

	"ggsh/tests/rig"
)

// victim is a program or a service, and how its end is met.
type victim struct {
	name string
	kill func()
}

// victims are all that the data passes through.
func (st *stage) victims() []victim {
	program := func(name string, h *rig.Home, pids func() []int) victim {
		return victim{name, func() { rig.KillAll(st.t, name, pids) }}
	}
	group := func(h *rig.Home, program, group string) func() []int {
		return func() []int { return h.GroupProcesses(program, group) }
	}
	named := func(h *rig.Home, program string) func() []int {
		return func() []int { return h.Processes(program) }
	}
	all := []victim{
		program("extract", st.source, group(st.source, "extract", "eall")),
		program("pump", st.source, group(st.source, "extract", "pall")),
		program("collector", st.target, named(st.target, "collector")),
	}
	for _, o := range st.outputs {
		plugin := map[string]string{"rfile": "file", "rhdfs": "hdfs", "rkafka": "kafka"}[o.group]
		all = append(all, program("replicat "+o.group, st.target, group(st.target, "replicat", o.group)),
			program("handler "+plugin, st.target, named(st.target, plugin)))
	}
	for _, h := range []*rig.Home{st.source, st.target} {
		all = append(all, victim{fmt.Sprintf("manager on port %d", h.Port), func() {
			rig.KillAll(st.t, "the manager", named(h, "manager"))
			h.Run("start mgr")
		}})
	}
	return append(all, st.services()...)
}

// services come back a moment after their end.
func (st *stage) services() []victim {
	must := func(err error) {
		st.t.Helper()
		if err != nil {
			st.t.Fatal(err)
		}
	}
	back := func(start func(context.Context) error) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		must(start(ctx))
	}
	var list []victim
	if st.hdfs != nil {
		next := 0
		list = append(list, victim{"namenode", func() {
			must(st.hdfs.KillNameNode())
			back(st.hdfs.StartNameNode)
		}}, victim{"datanode", func() {
			i := next % 2
			next++
			must(st.hdfs.KillDataNode(i))
			st.w.wait(30)
			back(func(ctx context.Context) error { return st.hdfs.StartDataNode(ctx, i) })
		}})
	}
	if st.kafka != nil {
		list = append(list, victim{"broker", func() { must(st.kafka.Kill()); back(st.kafka.Start) }})
	}
	return list
}
