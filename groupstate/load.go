package groupstate

import (
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
)

// LoadStatus says how far an initial load is, by its ledger.
func LoadStatus(l *checkpoint.Load) *control.LoadStatus {
	s := &control.LoadStatus{Phase: string(l.Phase), Rows: l.Written, Tables: len(l.Tables)}
	if !l.At.IsZero() {
		s.CSN = l.At.String()
	}
	for i := range l.Tables {
		t := &l.Tables[i]
		row := control.LoadTableStatus{Table: t.Name, Rows: t.Rows, Estimate: t.Estimate,
			Ranges: len(t.Done), Done: t.Complete()}
		if row.Done {
			s.TablesDone++
			s.Estimate += t.Rows
		} else {
			s.Estimate += max(t.Estimate, t.Rows)
		}
		s.List = append(s.List, row)
	}
	s.Estimate = max(s.Estimate, s.Rows)
	switch {
	case l.Phase == checkpoint.LoadComplete:
		s.Percent = 100
	case s.Estimate > 0: // an estimate, so that it is never the whole
		s.Percent = min(100*float64(s.Rows)/float64(s.Estimate), 99.9)
	}
	if seconds := l.RunTime.Seconds(); seconds > 0 {
		rate := float64(l.RunRows) / seconds
		s.PerSecond = int64(rate)
		if l.Phase != checkpoint.LoadComplete && rate >= 1 {
			s.Left = time.Duration(float64(s.Estimate-s.Rows) / rate * float64(time.Second))
		}
	}
	return s
}
