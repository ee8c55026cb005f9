package heartbeat

import (
	"context"
	"time"
)

// look is how often the settings are looked at.
const look = 10 * time.Second

// Sender updates the seed row of a database.
type Sender struct {
	DB     DB
	Names  Names
	Holder string // who holds the lease: one of several that capture a database
	Now    func() time.Time
	Tell   func(text string) // what an operator should know; the same is said once
	last   time.Time
	told   string
}

// Run sends heartbeats until ctx ends, or until there are no heartbeat objects.
func (s *Sender) Run(ctx context.Context) {
	for ctx.Err() == nil {
		wait, goOn := s.Step(ctx)
		if !goOn {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Step sends a heartbeat if one is due and says when to look again; goOn is false when
// there is nothing to send here.
func (s *Sender) Step(ctx context.Context) (wait time.Duration, goOn bool) {
	ctx, cancel := context.WithTimeout(ctx, look)
	defer cancel()
	st, err := Load(ctx, s.DB, s.Names)
	if err == ErrNone {
		return 0, false
	}
	if err == nil && st.Frequency > 0 && !st.TargetOnly {
		every := time.Duration(st.Frequency) * time.Second
		if due := every - s.Now().Sub(s.last); due > 0 && !s.last.IsZero() {
			return min(due, look), true
		}
		s.last = s.Now()
		err = s.beat(ctx, every)
		wait = every
	}
	if err != nil && ctx.Err() == nil && s.told != err.Error() {
		s.told = err.Error()
		s.Tell("no heartbeat is sent: " + s.told)
	}
	if wait == 0 {
		wait = look
	}
	return min(wait, look), true
}

// beat updates the row if nobody else holds the lease: the statement decides.
func (s *Sender) beat(ctx context.Context, every time.Duration) error {
	now := s.Now()
	n := s.Names
	_, err := s.DB.ExecContext(ctx, n.marked("UPDATE "+n.quoted(n.Seed())+" SET "+
		"HEARTBEAT_TIMESTAMP = "+n.aTime()+", LEASE_HOLDER = ?, LEASE_UNTIL = "+n.aTime()+
		" WHERE LEASE_HOLDER IS NULL OR LEASE_HOLDER = ? OR LEASE_UNTIL < "+n.aTime()),
		timeText(now), s.Holder, timeText(now.Add(2*every+look)), s.Holder, timeText(now))
	if err == nil {
		s.told = ""
	}
	return fault("update", n, err)
}
