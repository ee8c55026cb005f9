package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"time"

	"ggsh/handler"
	"ggsh/record"
)

// Handler is the handler of a kind of file system.
type Handler struct {
	driver Driver
	set    settings
	cfg    handler.Config
	volume *Volume
	fs     FS
	format Format
	grows  bool // operations may be appended to a file that has ended
	headed bool // such files begin with a line of names
	names  Names
	clock  func() time.Time

	journal *journal
	tempDir string
	temps   int // files made in it
	tick    uint64

	changes *handler.Changes
	uses    map[uint32]*handler.TableUse
	defs    map[*record.TableDef]*known
	schemas map[string]bool // digests of definitions whose schema files are written
	streams map[string]*stream
	key     []byte
	copying []byte
	spare   [][]byte // buffers to use again
	// spareBytes is their capacity.
	spareBytes int

	// The batch at hand.
	touched []*stream
	route   []*stream // of each operation; nil for one that is passed over

	outputs []*output // not published yet
	parts   *parts
	broken  error // why nothing can be taken any more

	held     handler.Checkpoint // of the newest commit
	holds    bool               // there is one
	cut      handler.Checkpoint // where the next commit will stand
	accepted place              // of cut

	since     time.Time // when the oldest operation that is not published was taken
	written   time.Time // when the last operation was taken
	committed time.Time // when the newest commit was made
	cost      time.Duration
	urgent    bool // something has to be published at the next boundary
	ending    bool // files are to end with the run

	notes []string
	stats stats
}

// New is the handler for a kind of file system.
func New(d Driver) *Handler { return &Handler{driver: d, clock: time.Now} }

func (h *Handler) now() time.Time { return h.clock() }

// Describe says what the handler can do.
func (h *Handler) Describe() handler.Description {
	return handler.Description{Name: h.driver.Name, Version: h.driver.Version,
		Continues: true, Origins: true, Deferred: true}
}

// Table knows no tables: the target's definition is the source's.
func (h *Handler) Table(_ context.Context, name handler.TableName) (*record.TableDef, error) {
	return nil, &handler.NoTableError{Name: name}
}

// start takes the group's files over and finishes what was begun.
func (h *Handler) start(ctx context.Context) (*handler.Opened, error) {
	group := groupFolder(&h.cfg)
	h.journal = &journal{fs: h.fs, dir: path.Join(h.set.commits, ownPrefix+"commit", group),
		keep: uint64(h.set.keepCommits)}
	opened, err := h.takeOver(ctx, group)
	if errors.Is(err, fs.ErrNotExist) {
		err = h.journal.whyGone(ctx, err)
	}
	return opened, err
}

func (h *Handler) takeOver(ctx context.Context, group string) (*handler.Opened, error) {
	if err := h.journal.take(ctx); err != nil {
		return nil, err
	}
	newest, err := h.recover(ctx)
	if err != nil {
		return nil, err
	}
	temps := path.Join(h.set.root, ownPrefix+"tmp", group)
	if err := h.removeTemps(ctx, temps); err != nil {
		return nil, err
	}
	h.tempDir = path.Join(temps, strconv.FormatUint(h.journal.epoch, 10))
	if err := h.fs.MakeAll(ctx, h.tempDir); err != nil {
		return nil, err
	}
	h.reset()
	if newest != nil {
		h.held, h.holds = newest.Checkpoint, true
		h.resume(newest)
	}
	if h.cfg.Reset != nil {
		h.cut = *h.cfg.Reset
		h.streams = map[string]*stream{}
		if err := h.publish(ctx); err != nil {
			return nil, err
		}
	}
	h.cut, h.accepted, h.committed = h.held, placeOf(&h.held), h.now()
	h.note("Files are written below %s; commit records are in %s, this is epoch %d; %d files may be "+
		"continued", h.set.root, h.journal.dir, h.journal.epoch, h.liveCount())
	opened := &handler.Opened{Product: h.volume.Product + ", below " + h.set.root}
	if h.holds {
		opened.Checkpoint = h.durable()
	}
	return opened, nil
}

// ownPrefix begins the names of folders that are the handler's own; readers of
// whole directories pass over names with an underscore in front.
const ownPrefix = "_ogg_"

// groupFolder is the group's name in folders: groups of one name in several
// homes have different keys.
func groupFolder(cfg *handler.Config) string { return fmt.Sprintf("%s-%x", cfg.Group, cfg.GroupKey) }

func (h *Handler) reset() {
	h.changes = handler.NewChanges()
	h.uses = map[uint32]*handler.TableUse{}
	h.defs = map[*record.TableDef]*known{}
	h.schemas = map[string]bool{}
	h.streams = map[string]*stream{}
	h.outputs, h.touched, h.parts, h.broken = nil, nil, nil, nil
	h.holds, h.held, h.urgent, h.ending = false, handler.Checkpoint{}, false, false
	h.since, h.written, h.cost, h.stats = time.Time{}, time.Time{}, 0, stats{since: h.now()}
}

// recover reads the newest commit record and gives its files their names.
func (h *Handler) recover(ctx context.Context) (*Commit, error) {
	c, pending, err := h.journal.newest(ctx)
	var damaged *damagedError
	if errors.As(err, &damaged) && h.cfg.Reset != nil {
		h.note("%s; the order to position the group replaces it", damaged)
		return nil, nil
	}
	if err != nil || c == nil || !pending {
		return c, err
	}
	for i := range c.Files {
		if err := h.finish(ctx, &c.Files[i]); err != nil {
			return nil, err
		}
	}
	return c, h.journal.done(ctx)
}

// lostError says that a file that a commit record names is nowhere.
type lostError struct {
	file  *CommitFile
	found string
}

func (e *lostError) Error() string {
	return fmt.Sprintf("file %s is committed with %d bytes, operations %s to %s, but %s; "+
		"put it there, or position the group with ALTER REPLICAT at its first operation",
		e.file.Final, e.file.Bytes, e.file.Start, e.file.End, e.found)
}

// finish gives a committed file its final name, if it has it not yet. Only a
// rename takes a temporary file away, so one that is there was not renamed.
func (h *Handler) finish(ctx context.Context, m *CommitFile) error {
	temp, err := sizeOf(ctx, h.fs, m.Temp)
	if err != nil {
		return err
	}
	if temp >= 0 {
		if temp != m.Bytes {
			return &lostError{m, fmt.Sprintf("its temporary file %s has %d bytes", m.Temp, temp)}
		}
		if err := h.fs.MakeAll(ctx, path.Dir(m.Final)); err != nil {
			return err
		}
		err := h.fs.Rename(ctx, m.Temp, m.Final)
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		// The process before this one has just done it.
	}
	final, err := sizeOf(ctx, h.fs, m.Final)
	switch {
	case err != nil:
		return err
	case final == m.Bytes:
		return nil
	case final < 0:
		return &lostError{m, "neither it nor its temporary file " + m.Temp + " is there"}
	}
	return &lostError{m, fmt.Sprintf("its temporary file %s is not there, and it has %d bytes",
		m.Temp, final)}
}

// sizeOf is a file's size; -1 when it is not there.
func sizeOf(ctx context.Context, in FS, name string) (int64, error) {
	r, err := in.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return -1, nil
	}
	if err != nil {
		return 0, err
	}
	return r.Size(), r.Close()
}

// removeTemps removes what older epochs have not published. Later epochs, if
// there are any, have fenced this process, and keep theirs.
func (h *Handler) removeTemps(ctx context.Context, dir string) error {
	entries, err := h.fs.List(ctx, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if n, ok := numbered(e.Name, "", ""); !ok || n >= h.journal.epoch {
			continue
		}
		if err := h.fs.Remove(ctx, path.Join(dir, e.Name)); err != nil {
			return err
		}
	}
	return nil
}

// resume remembers the files that may be continued.
func (h *Handler) resume(c *Commit) {
	for _, list := range [][]CommitFile{c.Files, c.Open} {
		for _, m := range list {
			if m.Ended {
				continue
			}
			m.Temp = ""
			h.streams[m.Stream] = &stream{key: m.Stream, table: m.Table, digest: m.Definition, live: &m}
		}
	}
}

// Close ends the session. What is not published comes again.
func (h *Handler) Close() error {
	if h.volume == nil {
		return nil
	}
	for _, o := range h.outputs {
		if o.file != nil {
			o.file.Abandon()
		}
	}
	h.outputs, h.fs = nil, nil
	end := h.volume.Close
	h.volume = nil
	if end == nil {
		return nil
	}
	return end()
}

// fault sorts an error of the file system or of the protocol.
func (h *Handler) fault(err error) *handler.ApplyError {
	var damaged *damagedError
	var lost *lostError
	var sorted *handler.ApplyError
	switch {
	case errors.As(err, &sorted):
		return sorted
	case errors.Is(err, errFenced):
		return (&handler.ApplyError{Class: handler.Setup, Op: -1, Text: fmt.Sprintf(
			"%v in %s: this one, of epoch %d, stops; two groups of the same name and key must not "+
				"run at a time", err, h.journal.dir, h.journal.epoch)}).Because(err)
	case errors.As(err, &damaged), errors.As(err, &lost):
		return (&handler.ApplyError{Class: handler.Setup, Op: -1, Text: err.Error()}).Because(err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return h.away(err)
	}
	e := h.volume.Fault(err)
	e.Op = -1
	return e.Because(err)
}

func (h *Handler) away(err error) *handler.ApplyError {
	return (&handler.ApplyError{Class: handler.Connection, Op: -1,
		Text: "the call has run out of time: " + err.Error()}).Because(err)
}
