package process

import (
	"fmt"
	"testing"
	"time"

	"ggsh/param"
)

func TestScheduleIsDueOnceAtEachOfItsTimes(t *testing.T) {
	monday := time.Date(2026, 11, 16, 0, 0, 0, 0, time.Local)
	s := NewSchedule([]param.Clock{{Hour: 4}, {Hour: 22, Minute: 30, OnDay: true, Day: time.Wednesday}}, monday)
	var due []string
	for at := monday; at.Before(monday.AddDate(0, 0, 4)); at = at.Add(10 * time.Minute) {
		if s.Due(at) {
			due = append(due, at.Format("Mon 15:04"))
		}
	}
	want := "[Mon 04:00 Tue 04:00 Wed 04:00 Wed 22:30 Thu 04:00]"
	if got := fmt.Sprint(due); got != want {
		t.Errorf("due at %s, want %s", got, want)
	}
	var none *Schedule
	if none.Due(monday) {
		t.Error("a nil schedule is due")
	}
}

func TestATimeThatPassedWhileNobodyAskedIsDueOnce(t *testing.T) {
	start := time.Date(2026, 11, 16, 3, 0, 0, 0, time.Local)
	s := NewSchedule([]param.Clock{{Hour: 4}}, start)
	if !s.Due(start.Add(50*time.Hour)) || s.Due(start.Add(50*time.Hour)) {
		t.Error("not due exactly once")
	}
}
