package replicat

import (
	"context"
	"errors"
	"sync"
	"time"

	"ggsh/control"
	"ggsh/trail"
)

// errStopped is the cause of a graceful end, errAborted of one without delay.
var (
	errStopped = errors.New("stopped by order")
	errAborted = errors.New("stopped by order, without finishing the transaction")
)

func isStop(err error) bool { return errors.Is(err, errStopped) || errors.Is(err, errAborted) }

// state is what orders ask about and give; any goroutine may use it.
type state struct {
	mu       sync.Mutex
	now      func() time.Time
	abort    context.CancelCauseFunc
	stopCtx  context.Context // ends with the order to stop, and with the run
	stop     context.CancelCauseFunc
	phrase   string
	reading  trail.Position
	readTime time.Time     // commit time of what is being read
	records  int64         // in the transaction being built or applied
	inflight int           // groups between mapper and target
	readEOF  bool          // the mapper found nothing more to read
	ending   bool          // the run is to end at the end of the trail
	any      bool          // something was processed
	applied  time.Time     // commit time of the last transaction that is durable at the target
	pending  bool          // the target has taken more than is durable
	oldest   time.Time     // commit time of the first transaction of that
	resumed  chan struct{} // closed by the order to go on; nil: not suspended
	collide  []collisionOrder
	changes  int // of collide
}

// collisionOrder is SEND REPLICAT [NO]HANDLECOLLISIONS.
type collisionOrder struct {
	on       bool
	patterns []string // none: all tables
}

func newState(ctx context.Context, now func() time.Time, abort context.CancelCauseFunc) *state {
	s := &state{now: now, abort: abort, phrase: "Starting"}
	s.stopCtx, s.stop = context.WithCancelCause(ctx)
	return s
}

// say sets the words of STATUS.
func (s *state) say(phrase string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phrase = phrase
}

// suspend begins a pause; the channel is closed by resume.
func (s *state) suspend() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phrase, s.resumed = control.SuspendedPhrase, make(chan struct{})
	return s.resumed
}

// resume ends a pause; false: there is none.
func (s *state) resume() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resumed == nil {
		return false
	}
	close(s.resumed)
	s.phrase, s.resumed = "Processing data", nil
	return true
}

// read notes where the mapper is.
func (s *state) read(at trail.Position, commit time.Time, records int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading, s.readTime, s.records, s.readEOF = at, commit, int64(records), false
	s.phrase = "Processing data"
}

// eof notes that nothing more is to be read for now.
func (s *state) eof(at trail.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading, s.readEOF, s.records = at, true, 0
}

// endAtEOF makes the next end of the trail the end of the run.
func (s *state) endAtEOF() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending = true
}

func (s *state) endsAtEOF() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending
}

// sent and done count groups between mapper and target.
func (s *state) sent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight++
}

func (s *state) done(any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight--
	s.any = s.any || any
}

// took notes that the target has a transaction that is not durable yet.
func (s *state) took(commit time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.pending {
		s.pending, s.oldest = true, commit
	}
}

// durable notes the last transaction that is durable; all says that the target
// has taken none beyond it.
func (s *state) durable(commit time.Time, all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !commit.IsZero() {
		s.applied = commit
	}
	if s.pending = s.pending && !all; s.pending {
		s.oldest = commit
	}
}

// restarted forgets what was on its way.
func (s *state) restarted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight, s.readEOF, s.records = 0, false, 0
}

// lost forgets what the target had taken.
func (s *state) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = false
}

func (s *state) atEOFLocked() bool { return s.readEOF && s.inflight == 0 && !s.pending }

// atEOF reports whether everything in the trail is applied.
func (s *state) atEOF() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.atEOFLocked()
}

// lag is how old the last applied transaction is; nothing at the trail's end.
func (s *state) lag() (d time.Duration, any, eof bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.atEOFLocked() {
		return 0, s.any, true
	}
	commit := s.applied
	if s.pending {
		commit = s.oldest
	}
	if commit.IsZero() {
		commit = s.readTime
	}
	if commit.IsZero() {
		return 0, s.any, false
	}
	return max(0, s.now().Sub(commit)), s.any, false
}

// order adds a HANDLECOLLISIONS order.
func (s *state) order(o collisionOrder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collide = append(s.collide, o)
	s.changes++
}

func (s *state) collisionOrders() []collisionOrder {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.collide[:len(s.collide):len(s.collide)]
}
