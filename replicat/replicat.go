// Package replicat is the Replicat process: it reads a trail by transactions,
// maps their operations, groups whole source transactions and has a handler
// make each group durable at the target together with its checkpoint.
//
// It knows no target and no SQL: those are behind package handler. Its law:
// the target's own checkpoint decides where reading begins; a source
// transaction is applied whole or not at all; and an operation that is not
// applied stands in the statistics and, unless IGNORE was ordered, whole in
// the discard file.
package replicat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/mapping"
	"ggsh/mapping/sqlexec"
	"ggsh/param"
	"ggsh/process"
	"ggsh/record"
	"ggsh/trail"
)

// Launcher starts the handler of that name. Each call gives a fresh one.
type Launcher func(ctx context.Context, plugin string) (handler.Handler, error)

// AliasFinder gives the login of an alias of the credential store in dir.
type AliasFinder func(dir string, l param.Login) (handler.Login, error)

// Config is what a run needs beside its parameter file.
type Config struct {
	Process *process.Process
	Launch  Launcher
	// Alias answers USERIDALIAS; nil refuses it.
	Alias AliasFinder
	// Password gives the password of a login, decrypted if need be; nil refuses
	// encrypted ones.
	Password func(l param.Login) (string, error)
	// Keys opens encrypted trails; nil if there are none.
	Keys trail.Keys
	// SkipTransaction leaves out the first transaction behind the checkpoint.
	SkipTransaction bool
	// From is ATCSN or AFTERCSN.
	From *FromCSN
	// Poll is the longest time between two looks at the trail's end; zero is
	// the trail's own choice.
	Poll time.Duration
	// Delay waits between attempts to reach a target that is away; nil waits
	// with the clock, ever longer up to a minute.
	Delay func(ctx context.Context, attempt int) error
}

// FromCSN is a start position ordered by commit sequence number.
type FromCSN struct {
	CSN   record.CSN
	After bool // AFTERCSN: the transaction of that number is left out too
}

// Replicat is a run.
type Replicat struct {
	cfg      Config
	p        *process.Process
	set      *settings
	plan     *mapping.Plan
	target   *target
	discard  *discardFile
	trail    trail.Name
	state    *state
	tables   map[*record.TableDef][]*table
	reader   *trail.TxnReader // of the mapper, for @GETENV
	product  string           // the target's
	said     map[string]bool  // what was told of tables
	files    definitionFiles
	position handler.Checkpoint // the last one that is durable
	taken    handler.Checkpoint // the last one that the open target was given
	waiting  []takenGroup       // what lies between, oldest first
	inParts  bool               // the target has a part of a transaction
	began    handler.Checkpoint // where the run began
	lossAt   trail.Position     // where the target was lost last
	losses   int                // and how often there
	from     *FromCSN           // ATCSN or AFTERCSN, of this START or one before
	search   search
	// single applies one source transaction at a time until its position is
	// passed: after an error of a group.
	single  trail.Position
	retries map[trail.Position]int
	verdict *verdict // on a transaction that is not applied as it is
	last    lastFacts
	sql     *sqlexec.Statements
	heart   heart
	asks    bool // some MAP has a SQLEXEC: transactions come one at a time
	// commands says that some statement has a SHELL, commanded which transaction was the
	// last whose commands have run.
	commands  bool
	commanded trail.Position
	warned    map[string]int // errors let pass, by table and number
	counted   []*table       // whose tallies wait for their transaction's end
	stored    time.Time      // when the checkpoint file was written
	dirty     bool           // the checkpoint file is behind the target
}

// Run applies the trail until it is told to stop, the end that END names is
// reached, or an error ends it. The end of ctx is an order to stop: what is on
// its way to the target is finished first.
func Run(ctx context.Context, cfg Config) error {
	r := &Replicat{cfg: cfg, p: cfg.Process, tables: map[*record.TableDef][]*table{}, said: map[string]bool{},
		retries: map[trail.Position]int{}, warned: map[string]int{}}
	if err := r.prepare(); err != nil {
		return err
	}
	if r.set.run.CheckParams {
		r.p.Line("Parameters processed successfully.")
		return nil
	}
	hard, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	r.state = newState(ctx, r.p.Now, cancel)
	context.AfterFunc(hard, func() { r.state.stop(errAborted) })
	if err := r.p.Serve(hard, &orders{r: r}); err != nil {
		return err
	}
	defer r.discard.Close()
	err := r.work(hard)
	if isStop(err) {
		err = nil
	}
	if serr := r.store(); err == nil {
		err = serr
	}
	return err
}

// prepare reads everything that can be refused before the target is asked.
func (r *Replicat) prepare() error {
	var err error
	if r.set, err = readSettings(r.p, &r.cfg); err != nil {
		return err
	}
	if r.plan, err = mapping.Compile(r.p.Params()); err != nil {
		return err
	}
	r.plan.SetEnvironment(r.environment())
	if r.set.spareNamed {
		r.plan.SpareNamed()
	}
	r.asks, r.commands = r.plan.HasQueries(), r.plan.Causes("SHELL", "")
	r.plan.SetExceptionEnvironment(r.exceptionEnvironment())
	if err := r.readHeartbeat(); err != nil {
		return err
	}
	if r.sql, err = sqlexec.Read(r.p.Params(), r.p, r.p.Now()); err != nil {
		return err
	}
	r.announce()
	if err := r.readDefinitions(); err != nil {
		return err
	}
	if r.trail, err = r.trailName(); err != nil {
		return err
	}
	r.discard = &discardFile{p: r.p, r: r}
	if r.discard.Discard, err = r.p.OpenDiscard(r.set.run.DiscardFile); err == nil {
		r.discard.RolloverAt(r.set.run.DiscardRollover)
	}
	return err
}

// announce writes what the parameters made of the run.
func (r *Replicat) announce() {
	for _, notice := range r.set.notices {
		r.p.Event(notice)
	}
}

// work opens the target and pumps until the end, again and again after what
// can be repaired by reading from the last durable checkpoint.
func (r *Replicat) work(ctx context.Context) error {
	reset, err := r.orderedPosition()
	if err != nil {
		return err
	}
	r.target = newTarget(r, reset)
	defer r.target.close()
	opened, err := r.target.open(ctx)
	if err != nil {
		return err
	}
	r.product = opened.Product
	if err := r.settlePosition(opened, reset); err != nil {
		return err
	}
	r.began = r.position
	for {
		err := r.pump(ctx)
		var again *restart
		if err == nil || errors.Is(err, errStopped) {
			if sqlErr := r.sql.AtExit(ctx, r.target, r.target.isLost()); sqlErr != nil {
				return sqlErr
			}
		}
		if !errors.As(err, &again) {
			return err
		}
		if !again.single.IsZero() {
			r.single = again.single
		}
		if again.verdict != nil {
			r.verdict = again.verdict
		}
		var failed *handler.ApplyError
		if errors.As(again.cause, &failed) && failed.Class == handler.Conflict {
			if err := r.awaitAgain(); err != nil {
				return err
			}
		}
		r.p.Info(ggserr.TransactionRetried, r.taken.RBA, r.taken.Seqno)
	}
}

// restart says that everything behind the last durable checkpoint is to be
// read and applied again.
type restart struct {
	cause error
	// single, when not zero, is up to where transactions are to be applied one
	// at a time.
	single trail.Position
	// verdict, when set, is on the transaction to be left out.
	verdict *verdict
}

// Error gives the reason.
func (e *restart) Error() string { return fmt.Sprintf("start again: %v", e.cause) }

// Unwrap gives the reason.
func (e *restart) Unwrap() error { return e.cause }

func positionOf(c *handler.Checkpoint) trail.Position {
	return trail.Position{Seqno: c.Seqno, RBA: c.RBA}
}
