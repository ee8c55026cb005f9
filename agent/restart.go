package agent

import (
	"time"

	"ggsh/param"
)

// verdict is what AUTORESTART says of a group that ended without order.
type verdict struct {
	restart bool
	at      time.Time // when to restart, if not now
	attempt int       // the number of this restart in its series, from 1
	of      int
	giveUp  bool // all attempts of the series are used
}

// restartPolicy decides on a group that ended at ended, after the automatic
// restarts before it. It is pure: the clock is now. Restarts count for as long
// as RESETMINUTES; older ones are forgotten, so a group that fails once a week is
// always restarted, and one that fails at once, RETRIES times.
func restartPolicy(rule param.AutoRestart, restarts []time.Time, ended, now time.Time) verdict {
	used := len(recent(restarts, ended.Add(-rule.Reset)))
	v := verdict{attempt: used + 1, of: rule.Retries}
	if used >= rule.Retries {
		v.attempt, v.giveUp = used, true
		return v
	}
	if due := ended.Add(rule.Wait); now.Before(due) {
		v.at = due
		return v
	}
	v.restart = true
	return v
}

// recent gives the times after since.
func recent(times []time.Time, since time.Time) []time.Time {
	for i, t := range times {
		if t.After(since) {
			return times[i:]
		}
	}
	return nil
}
