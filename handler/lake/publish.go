package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"ggsh/handler"
)

const (
	// maxLive bounds the published files that are remembered for continuing.
	maxLive = 1000
	// costShare keeps publishing and copying below this part of the time.
	costShare = 4
	// idleAfter is how long after the last operation a look at the clock publishes,
	// where that does not end files.
	idleAfter = 900 * time.Millisecond
	// positionEvery is how often a checkpoint is committed that comes without files.
	positionEvery = time.Minute
)

// boundary is called where a source transaction has ended, and publishes if
// that is due.
func (h *Handler) boundary(ctx context.Context, b *handler.Batch, applied *handler.Applied) error {
	if p := placeOf(&b.Checkpoint); !p.before(h.accepted) {
		h.accepted, h.cut = p, b.Checkpoint
	}
	h.ending = b.Flush == handler.FlushAll && h.set.rollOnShutdown
	if h.due(b, h.now()) {
		if err := h.publish(ctx); err != nil {
			return err
		}
		applied.Durable = h.durable()
	}
	h.report(b.Flush == handler.FlushAll)
	return nil
}

// durable is a copy of the checkpoint that the newest commit holds.
func (h *Handler) durable() *handler.Checkpoint {
	c := h.held
	return &c
}

// due reports whether to publish now.
func (h *Handler) due(b *handler.Batch, now time.Time) bool {
	all := b.Flush == handler.FlushAll
	if len(h.outputs) == 0 {
		moved := placeOf(&h.cut) != placeOf(&h.held)
		return moved && (all || now.Sub(h.committed) >= positionEvery) ||
			all && h.ending && h.liveCount() > 0
	}
	if all || h.urgent {
		return true
	}
	for _, o := range h.outputs {
		if o.size() >= h.set.maxFileSize || h.tooOld(&o.meta, now) {
			return true
		}
	}
	if h.set.publishEvery <= 0 {
		return false
	}
	idle := h.grows && b.Flush == handler.FlushDue && now.Sub(h.written) >= idleAfter
	return idle || now.Sub(h.since) >= max(h.set.publishEvery, costShare*h.cost)
}

// tooOld reports whether a file has to end by the clock.
func (h *Handler) tooOld(m *CommitFile, now time.Time) bool {
	return h.set.fileRoll > 0 && now.Sub(m.Created) >= h.set.fileRoll ||
		h.set.inactivityRoll > 0 && now.Sub(m.Written) >= h.set.inactivityRoll
}

// mustEnd reports whether nothing may be added to a file any more.
func (h *Handler) mustEnd(m *CommitFile, now time.Time) bool {
	return m.Ended || h.ending || !h.grows ||
		m.Bytes >= min(h.set.maxFileSize, h.set.mergeBelow) || h.tooOld(m, now)
}

func (h *Handler) liveCount() int {
	n := 0
	for _, s := range h.streams {
		if s.live != nil {
			n++
		}
	}
	return n
}

// publish makes visible and durable all that was taken, up to h.cut.
func (h *Handler) publish(ctx context.Context) error {
	began := h.now()
	for _, o := range h.outputs {
		if err := h.end(ctx, o); err != nil {
			return err
		}
		o.meta.Ended = h.mustEnd(&o.meta, began)
	}
	h.dropEmpty()
	if err := h.settleNames(ctx); err != nil {
		return err
	}
	c := h.record(began)
	if err := h.journal.write(ctx, c); err != nil {
		return err
	}
	for i := range c.Files {
		if err := h.fs.Rename(ctx, c.Files[i].Temp, c.Files[i].Final); err != nil {
			return err
		}
	}
	if err := h.journal.done(ctx); err != nil {
		return err
	}
	h.published(c, began)
	return nil
}

// dropEmpty forgets outputs to which nothing was added: operations for which the
// format writes nothing.
func (h *Handler) dropEmpty() {
	h.outputs = slices.DeleteFunc(h.outputs, func(o *output) bool {
		if o.meta.Temp == "" && o.stream.open == o {
			o.stream.open = nil
		}
		return o.meta.Temp == ""
	})
}

// record makes the commit record.
func (h *Handler) record(now time.Time) *Commit {
	c := &Commit{Group: h.cfg.Group, Key: h.cfg.GroupKey, Time: now.UTC(), Checkpoint: h.cut,
		Files: []CommitFile{}}
	for _, o := range h.outputs {
		c.Files = append(c.Files, o.meta)
	}
	for _, s := range h.streams {
		if s.live != nil && s.open == nil && !h.mustEnd(s.live, now) {
			c.Open = append(c.Open, *s.live)
		}
	}
	slices.SortFunc(c.Open, func(a, b CommitFile) int { return b.Written.Compare(a.Written) })
	c.Open = c.Open[:min(len(c.Open), maxLive)]
	return c
}

// published takes over what a commit has made of the files.
func (h *Handler) published(c *Commit, began time.Time) {
	for _, o := range h.outputs {
		h.stats.files++
		h.stats.bytes += o.meta.Bytes
		if o.prior != nil && o.continues {
			h.stats.bytes -= o.prior.Bytes
			h.stats.files--
		}
		if o.stream.open != o {
			continue
		}
		o.stream.open, o.stream.live = nil, nil
		if !o.meta.Ended {
			m := o.meta
			m.Temp = ""
			o.stream.live = &m
		}
	}
	h.outputs = h.outputs[:0]
	kept := map[string]bool{}
	for _, m := range c.Open {
		kept[m.Stream] = true
	}
	for _, m := range c.Files {
		kept[m.Stream] = kept[m.Stream] || !m.Ended
	}
	for _, s := range h.streams {
		if !kept[s.key] {
			s.live = nil
		}
	}
	h.forgetStreams()
	h.held, h.holds, h.committed = c.Checkpoint, true, h.now()
	h.urgent, h.since = false, time.Time{}
	h.cost = h.committed.Sub(began)
}

// settleNames gives each file that is not a continued one a name that nothing
// has, and makes the folders.
func (h *Handler) settleNames(ctx context.Context) error {
	taken, made := map[string]bool{}, map[string]bool{}
	for _, s := range h.streams {
		if s.live != nil {
			taken[s.live.Final] = true
		}
	}
	for _, o := range h.outputs {
		if o.continues {
			taken[o.meta.Final] = true
		}
	}
	for _, o := range h.outputs {
		var late bool
		if o.meta.Final, late = settle(o.meta.Final, &o.meta); late {
			o.meta.Ended = true
		}
		if dir := path.Dir(o.meta.Final); !made[dir] {
			if err := h.fs.MakeAll(ctx, dir); err != nil {
				return err
			}
			made[dir] = true
		}
		if o.continues {
			continue
		}
		name := o.meta.Final
		for n := 0; ; n++ {
			name = anotherName(o.meta.Final, o.meta.Start, n)
			if taken[name] {
				continue
			}
			there, err := exists(ctx, h.fs, name)
			if err != nil {
				return err
			}
			if !there {
				break
			}
		}
		o.meta.Final = name
		taken[name] = true
	}
	return nil
}

// anotherName makes the n-th name for a file whose own is taken: the position
// of its first operation, then a number, in front of the suffix.
func anotherName(name, start string, n int) string {
	if n == 0 {
		return name
	}
	dir, file := path.Split(name)
	stem, suffix := file, ""
	if at := strings.LastIndexByte(file, '.'); at > 0 {
		stem, suffix = file[:at], file[at:]
	}
	stem += "_" + start
	if n > 1 {
		stem += fmt.Sprintf("_%d", n)
	}
	return dir + stem + suffix
}

func exists(ctx context.Context, in FS, name string) (bool, error) {
	r, err := in.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, r.Close()
}
