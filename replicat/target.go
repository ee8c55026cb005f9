package replicat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/mapping"
	"ggsh/record"
)

// target is the handler and the way back to it when it is away. Its calls come
// one at a time, from the mapper's and the applier's goroutine.
type target struct {
	r      *Replicat
	mu     sync.Mutex
	h      handler.Handler
	cfg    handler.Config
	known  map[uint32]bool // tables that the open handler was told of
	lost   bool
	can    handler.Description
	greets int
}

func newTarget(r *Replicat, reset *handler.Checkpoint) *target {
	cfg := handler.Config{Group: r.p.Group(), Home: string(r.p.Home()), Login: r.set.login,
		CheckpointTable: r.set.checkpointTable, Options: r.set.options, Properties: r.set.properties,
		Credentials: r.set.credentials, Reset: reset}
	if doc := r.p.Document(); doc != nil {
		cfg.GroupKey = doc.Group.Key
	}
	return &target{r: r, cfg: cfg}
}

// open reaches the target, however long that takes, and gives what it holds.
func (t *target) open(ctx context.Context) (*handler.Opened, error) {
	for attempt := 1; ; attempt++ {
		opened, err := t.tryOpen(ctx)
		if err == nil {
			t.greet(opened)
			return opened, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if !t.passes(err, attempt) {
			return nil, t.setupError(err)
		}
		t.r.state.say("Waiting for the target: " + err.Error())
		t.r.p.Event(ggserr.New(ggserr.TargetAway, t.r.set.targetName, err.Error()))
		if err := t.r.delay(t.r.state.stopCtx, attempt); err != nil {
			return nil, errStopped
		}
	}
}

// launchTries is how often a handler that has worked in this run is started again
// before its failing to start ends the run.
const launchTries = 5

// passes reports whether waiting may mend an error of opening.
func (t *target) passes(err error, attempt int) bool {
	var launch *launchError
	if errors.As(err, &launch) {
		return t.greets > 0 && attempt <= launchTries
	}
	var failed *handler.ApplyError
	return errors.As(err, &failed) &&
		(failed.Class == handler.Connection || failed.Class == handler.Conflict)
}

// launchError says that the handler's process did not start, or was killed then.
type launchError struct{ error }

// Unwrap gives the reason.
func (e *launchError) Unwrap() error { return e.error }

func (t *target) tryOpen(ctx context.Context) (*handler.Opened, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closeLocked()
	h, err := t.r.cfg.Launch(ctx, t.r.set.plugin)
	if err != nil {
		return nil, &launchError{err}
	}
	opened, err := h.Open(ctx, t.cfg)
	if err != nil {
		_ = h.Close() // the error of Open says more
		return nil, err
	}
	if err := t.begin(ctx, h); err != nil {
		_ = h.Close() // the error says more
		return nil, err
	}
	t.h, t.known, t.lost, t.can = h, map[uint32]bool{}, false, h.Describe()
	t.cfg.Reset = nil
	return opened, nil
}

// accessDenied are the numbers by which MySQL and MariaDB refuse a user or a password.
var accessDenied = []int{1045, 1698}

// setupError names target and handler in an error that only an operator can mend.
func (t *target) setupError(err error) error {
	name, login := t.r.set.targetName, t.r.set.login
	var own *ggserr.Error
	if errors.As(err, &own) {
		return own
	}
	var failed *handler.ApplyError
	if errors.As(err, &failed) && slices.Contains(accessDenied, failed.Code) {
		return ggserr.New(ggserr.LoginFailed, name, login.User).Because(err)
	}
	return ggserr.New(ggserr.PluginFailed, t.r.set.plugin, "target "+name+": "+err.Error())
}

// greet reports who answered: at the first time in full.
func (t *target) greet(opened *handler.Opened) {
	t.greets++
	p := t.r.p
	if t.greets > 1 {
		p.Event(ggserr.New(ggserr.TargetBack, t.r.set.targetName))
		return
	}
	sum := "none"
	if c, ok := t.h.(interface{ SHA256() string }); ok {
		sum = c.SHA256()
	}
	p.Info(ggserr.PluginLoaded, t.can.Name, t.can.Version, sum)
	p.Line("Database Version:\n%s\n", opened.Product)
	if opened.Charset != "" {
		p.Info(ggserr.SessionCharset, "the target session", opened.Charset)
	}
	if t.can.Transactional && !t.durable() {
		p.Info(ggserr.CheckpointTableNone)
	}
}

// durable reports whether the target keeps the checkpoint with the data: in the
// checkpoint table, or, where there are no tables, in a way of its own.
func (t *target) durable() bool {
	return t.can.Transactional && (t.cfg.CheckpointTable != "" || !t.can.Tables)
}

// lookup gives a target table for the mapping; nil without error when there is none.
func (t *target) lookup(ctx context.Context) mapping.Lookup {
	if !t.can.Tables {
		return nil
	}
	return func(name mapping.Name) (*record.TableDef, error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		def, err := t.h.Table(ctx, handler.TableName(name))
		var none *handler.NoTableError
		if errors.As(err, &none) {
			return nil, nil
		}
		if err != nil {
			return nil, t.failed(ctx, err)
		}
		return def, nil
	}
}

// apply makes one batch durable, telling the handler of tables it does not know.
func (t *target) apply(ctx context.Context, g *group) (*handler.Applied, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g.batch.Tables = g.batch.Tables[:0]
	for _, tb := range g.tables {
		if use, changed := t.r.useOf(tb); changed || !t.known[use.ID] {
			g.batch.Tables = append(g.batch.Tables, use)
		}
	}
	g.receive(t.r.p.Now())
	applied, err := t.h.Apply(ctx, &g.batch)
	if err != nil {
		return nil, t.failed(ctx, err)
	}
	for _, use := range g.batch.Tables {
		t.known[use.ID] = true
	}
	return applied, nil
}

// failed turns the loss of the target into a restart.
func (t *target) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var failure *handler.ApplyError
	if errors.As(err, &failure) && failure.Class == handler.Connection {
		t.lost = true
		t.r.p.Event(ggserr.New(ggserr.TargetAway, t.r.set.targetName, failure.Text))
		return &restart{cause: err}
	}
	return err
}

func (t *target) isLost() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lost
}

func (t *target) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closeLocked()
}

func (t *target) closeLocked() {
	if t.h == nil {
		return
	}
	if err := t.h.Close(); err != nil && !t.lost {
		t.r.p.Line("close the target: %s", err)
	}
	t.h = nil
}

// delay waits before the next attempt: 1, 2, 4 ... 60 seconds.
func (r *Replicat) delay(ctx context.Context, attempt int) error {
	if r.cfg.Delay != nil {
		return r.cfg.Delay(ctx, attempt)
	}
	wait := min(time.Second<<min(attempt-1, 6), time.Minute)
	return sleep(ctx, wait)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait: %w", ctx.Err())
	case <-timer.C:
		return nil
	}
}
