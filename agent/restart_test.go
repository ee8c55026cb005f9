package agent

import (
	"testing"
	"time"

	"ggsh/param"
)

func TestRestartPolicy(t *testing.T) {
	at := func(min float64) time.Time {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).
			Add(time.Duration(min * float64(time.Minute)))
	}
	times := func(min ...float64) (all []time.Time) {
		for _, m := range min {
			all = append(all, at(m))
		}
		return all
	}
	rule := param.AutoRestart{Retries: 2, Wait: 2 * time.Minute, Reset: 120 * time.Minute}
	none := param.AutoRestart{Retries: 0, Reset: time.Hour}
	once := param.AutoRestart{Retries: 3, Reset: 10 * time.Minute}
	for _, c := range []struct {
		name     string
		rule     param.AutoRestart
		restarts []time.Time
		ended    float64
		now      float64
		want     verdict
	}{
		{"first end, wait", rule, nil, 10, 10, verdict{at: at(12), attempt: 1, of: 2}},
		{"still waiting", rule, nil, 10, 11.99, verdict{at: at(12), attempt: 1, of: 2}},
		{"wait is over", rule, nil, 10, 12, verdict{restart: true, attempt: 1, of: 2}},
		{"long over: the manager was down", rule, nil, 10, 900,
			verdict{restart: true, attempt: 1, of: 2}},
		{"second end", rule, times(12), 13, 15, verdict{restart: true, attempt: 2, of: 2}},
		{"third end: three attempts together", rule, times(12, 15), 16, 30,
			verdict{giveUp: true, attempt: 2, of: 2}},
		{"given up stays so, however late", rule, times(12, 15), 16, 10000,
			verdict{giveUp: true, attempt: 2, of: 2}},
		{"it ran for longer than RESETMINUTES", rule, times(12, 15), 136, 140,
			verdict{restart: true, attempt: 1, of: 2}},
		{"one of two is forgotten", rule, times(12, 15), 133, 140,
			verdict{restart: true, attempt: 2, of: 2}},
		{"RETRIES 0", none, nil, 1, 1, verdict{giveUp: true}},
		{"no wait", once, nil, 1, 1, verdict{restart: true, attempt: 1, of: 3}},
		{"the clock went back", rule, nil, 10, 3, verdict{at: at(12), attempt: 1, of: 2}},
	} {
		got := restartPolicy(c.rule, c.restarts, at(c.ended), at(c.now))
		if got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}
