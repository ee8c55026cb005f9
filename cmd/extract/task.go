package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/param"
)

// taskAnswer bounds an order about a task where RMTHOST gives no time.
const taskAnswer = 30 * time.Second

// tasks are the outputs that go to the tasks of other homes.
func (w *wiring) tasks() []param.Output {
	return slices.DeleteFunc(slices.Clone(w.outputs),
		func(o param.Output) bool { return o.Kind != param.RmtTask })
}

// refuseTask refuses RMTTASK outside an initial load.
func (w *wiring) refuseTask() error {
	if list := w.tasks(); len(list) > 0 && !w.isLoad() {
		at := list[0].Pos
		return ggserr.New(ggserr.BadParameter, "RMTTASK is of an initial load, and EXTRACT "+
			w.p.Group()+" reads a log").At(at.File, at.Line, at.Column).
			Do("Write RMTTRAIL, or ADD EXTRACT %s, SOURCEISTABLE.", w.p.Group())
	}
	return nil
}

// endTasks tells the tasks that the load is sent: they end when all of it is applied.
func (w *wiring) endTasks(ctx context.Context) error {
	for _, o := range w.tasks() {
		if _, err := w.orderTask(ctx, o, control.TaskEnd); err != nil {
			return ggserr.New(ggserr.Generic, "the load is sent, and REPLICAT "+o.Group+
				" could not be told so").Because(err).
				Do("There: STOP REPLICAT %s when it has applied all.", o.Group)
		}
		w.p.Line("REPLICAT %s is told that the load is sent; it ends when all of it is applied.", o.Group)
	}
	return nil
}

// orderTask gives the Manager of a task an order about it.
func (w *wiring) orderTask(ctx context.Context, o param.Output, verb control.Verb) (*control.Reply, error) {
	timeout := taskAnswer
	if o.Host.Timeout > 0 {
		timeout = o.Host.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	client := w.manager(o.Host)
	defer client.Close()
	reply, err := client.Do(ctx, control.Request{Verb: verb, Type: string(checkpoint.Replicat),
		Group: o.Group, From: "EXTRACT " + w.p.Group()})
	if err == nil && reply.Error != nil {
		err = reply.Error
	}
	if err != nil {
		return nil, fmt.Errorf("manager at %s:%d: %w", o.Host.Host, o.Host.ManagerPort, err)
	}
	return reply, nil
}

// askTask has the task started, with a collector for what it reads. What its
// Manager refuses, waiting does not mend.
func (w *wiring) askTask(ctx context.Context, o param.Output) (*control.CollectorInfo, error) {
	reply, err := w.orderTask(ctx, o, control.Task)
	var refused *control.Problem
	switch {
	case errors.As(err, &refused):
		return nil, ggserr.New(ggserr.BadParameter, "RMTTASK REPLICAT, GROUP "+o.Group).Because(err).
			At(o.Pos.File, o.Pos.Line, o.Pos.Column)
	case err != nil:
		return nil, passing{err}
	case reply.Collector == nil:
		return nil, ggserr.New(ggserr.Generic, "the manager started no collector for REPLICAT "+o.Group)
	}
	return reply.Collector, nil
}
