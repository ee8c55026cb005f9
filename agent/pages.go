package agent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ggsh/control"
)

// serverError is HTTP's word for our own faults.
const serverError = 500

// GroupPage is one row of GET /v1/groups: what INFO ALL shows.
type GroupPage struct {
	control.GroupStatus
	Task            bool    `json:"task,omitempty"`
	LagSeconds      float64 `json:"lagSeconds"`      // at the last checkpoint
	SinceCheckpoint float64 `json:"sinceCheckpoint"` // seconds
	Restarts        int     `json:"restarts,omitempty"`
}

func (m *Manager) ownPages() map[string]control.Page {
	return map[string]control.Page{
		"GET /v1/groups":  m.groupsPage,
		"GET /v1/manager": m.managerPage,
		"GET /metrics":    m.metricsPage,
		"GET /healthz": func(context.Context, control.Call) control.Answer {
			return text(0, "ok\n")
		},
	}
}

func text(status int, s string) control.Answer {
	return control.Answer{Status: status, ContentType: "text/plain; charset=utf-8",
		Body: []byte(s)}
}

func (m *Manager) groupPages(ctx context.Context) ([]GroupPage, error) {
	groups, err := m.observe(ctx)
	if err != nil {
		return nil, err
	}
	rows := []GroupPage{}
	for _, g := range groups {
		lag, since := lagOf(g.Document, m.cfg.Now())
		row := GroupPage{GroupStatus: g.GroupStatus, Task: g.IsTask(),
			LagSeconds: lag.Seconds(), SinceCheckpoint: since.Truncate(time.Millisecond).Seconds()}
		if g.Order != nil {
			row.Restarts = len(g.Order.Restarts)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (m *Manager) groupsPage(ctx context.Context, _ control.Call) control.Answer {
	rows, err := m.groupPages(ctx)
	if err != nil {
		return control.JSONAnswer(serverError, reply(err))
	}
	return control.JSONAnswer(0, map[string]any{"groups": rows})
}

func (m *Manager) managerPage(context.Context, control.Call) control.Answer {
	return control.JSONAnswer(0, control.Reply{Manager: m.status()})
}

// metricsPage is for Prometheus.
func (m *Manager) metricsPage(ctx context.Context, _ control.Call) control.Answer {
	rows, err := m.groupPages(ctx)
	if err != nil {
		return text(serverError, "# "+oneLine(err.Error())+"\n")
	}
	var b strings.Builder
	metric := func(name, kind, help string, each func(GroupPage, string)) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
		for _, r := range rows {
			each(r, fmt.Sprintf("type=%q,group=%q", r.Type, r.Group))
		}
	}
	fmt.Fprintf(&b, "# HELP ggsh_manager_start_time_seconds When the Manager started.\n"+
		"# TYPE ggsh_manager_start_time_seconds gauge\nggsh_manager_start_time_seconds %d\n",
		m.started.Unix())
	metric("ggsh_group_up", "gauge", "1 when the group is running.",
		func(r GroupPage, labels string) {
			fmt.Fprintf(&b, "ggsh_group_up{%s} %d\n", labels, one(r.Up()))
		})
	metric("ggsh_group_state", "gauge", "1 at the state that the group is in.",
		func(r GroupPage, labels string) {
			for _, s := range []string{control.Running, control.Suspended, control.Starting,
				control.Stopped, control.Abended} {
				fmt.Fprintf(&b, "ggsh_group_state{%s,state=%q} %d\n", labels, s, one(r.State == s))
			}
		})
	metric("ggsh_group_lag_seconds", "gauge", "Lag at the last checkpoint.",
		func(r GroupPage, labels string) {
			fmt.Fprintf(&b, "ggsh_group_lag_seconds{%s} %g\n", labels, r.LagSeconds)
		})
	metric("ggsh_group_checkpoint_age_seconds", "gauge", "Time since the last checkpoint.",
		func(r GroupPage, labels string) {
			fmt.Fprintf(&b, "ggsh_group_checkpoint_age_seconds{%s} %g\n", labels, r.SinceCheckpoint)
		})
	metric("ggsh_group_restarts", "gauge", "Automatic restarts since the last START.",
		func(r GroupPage, labels string) {
			fmt.Fprintf(&b, "ggsh_group_restarts{%s} %d\n", labels, r.Restarts)
		})
	return control.Answer{ContentType: "text/plain; version=0.0.4; charset=utf-8",
		Body: []byte(b.String())}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
