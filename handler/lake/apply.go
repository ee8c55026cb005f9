package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"ggsh/handler"
	"ggsh/record"
)

// parts is a source transaction of which more is to come.
type parts struct{ last place }

// Apply takes a batch into temporary files, and publishes them when that is due.
func (h *Handler) Apply(ctx context.Context, b *handler.Batch) (*handler.Applied, error) {
	if h.fs == nil {
		return nil, &handler.ApplyError{Class: handler.Setup, Op: -1, Text: "the handler is not open"}
	}
	if h.broken != nil {
		return nil, h.broken
	}
	if err := ctx.Err(); err != nil {
		return nil, h.away(err)
	}
	applied := &handler.Applied{}
	refused, err := h.apply(ctx, b, applied)
	if errors.Is(err, fs.ErrNotExist) {
		err = h.journal.whyGone(ctx, err) // a later process has removed our files
	}
	if err != nil {
		h.broken = h.fault(err)
		return nil, h.broken
	}
	if refused != nil {
		return nil, refused
	}
	applied.Notes, h.notes = h.notes, nil
	return applied, nil
}

// apply takes a batch. It refuses one without having changed anything, or fails
// and leaves what is in the temporary files unknown.
func (h *Handler) apply(ctx context.Context, b *handler.Batch, applied *handler.Applied) (
	refused *handler.ApplyError, err error) {
	if h.parts != nil && b.Count == 0 && b.Flush != handler.NoFlush {
		// The transaction was broken off: its end never comes.
		if err := h.discard(ctx); err != nil {
			return nil, err
		}
	}
	if err := h.stage(ctx, b, applied); err != nil {
		h.unstage()
		if !errors.As(err, &refused) {
			return nil, err
		}
		if h.parts == nil {
			return refused, nil
		}
		return refused, h.discard(ctx)
	}
	return nil, h.accept(ctx, b, applied)
}

// accept writes what is staged, and publishes if that is due.
func (h *Handler) accept(ctx context.Context, b *handler.Batch, applied *handler.Applied) error {
	if b.More && h.parts == nil {
		if err := h.beginParts(ctx, applied); err != nil {
			return err
		}
	}
	if err := h.write(ctx, b); err != nil {
		return err
	}
	if b.More {
		return nil
	}
	h.parts = nil
	return h.boundary(ctx, b, applied)
}

// beginParts publishes what was taken before a transaction of several parts, so
// that all that is not published is of that transaction and can be dropped.
func (h *Handler) beginParts(ctx context.Context, applied *handler.Applied) error {
	if len(h.outputs) > 0 {
		if err := h.publish(ctx); err != nil {
			return err
		}
		applied.Durable = h.durable()
	}
	h.parts = &parts{}
	return nil
}

// stage formats the batch into memory: nothing is written before all of it can be.
func (h *Handler) stage(ctx context.Context, b *handler.Batch, applied *handler.Applied) error {
	h.changes.Reset(b)
	h.learn(b.Tables)
	h.route = h.route[:0]
	for n := 0; ; n++ {
		c, err := h.changes.Next()
		if err != nil {
			return &handler.ApplyError{Class: handler.Setup, Op: -1, Text: err.Error()}
		}
		if c == nil {
			return nil
		}
		if n == 0 {
			if err := h.notBefore(ctx, place{c.Seqno, c.RBA}); err != nil {
				return err
			}
		}
		s, err := h.stageOne(c)
		if err != nil {
			e := rowError(n, c, err)
			response := handler.ResponseTo(h.uses[c.Op.Table].Rules, e)
			if response != handler.Discard && response != handler.Ignore {
				return e
			}
			applied.Exceptions = append(applied.Exceptions, handler.Exception{
				Op: n, Code: e.Code, Text: e.Text, Response: response})
		}
		h.route = append(h.route, s)
	}
}

// FormatErrorCode is the number of an operation that the format cannot carry or
// that no file can be named for, as REPERROR names it.
const FormatErrorCode = 22000

func rowError(n int, c *record.Change, err error) *handler.ApplyError {
	return (&handler.ApplyError{Class: handler.Row, Op: n, Code: FormatErrorCode,
		Text: fmt.Sprintf("%s of %s: %v", c.Op.Type, c.Def.FullName(), err)}).Because(err)
}

// learn remembers how the operations of a table are to be treated.
func (h *Handler) learn(uses []handler.TableUse) {
	for i := range uses {
		use := uses[i]
		if before := h.uses[use.ID]; before != nil {
			delete(h.defs, before.Target)
		}
		h.uses[use.ID] = &use
	}
}

// notBefore finds out whether Replicat reads again: then what is not published
// comes anew and is dropped.
func (h *Handler) notBefore(ctx context.Context, p place) error {
	again := p.before(h.accepted)
	if h.parts != nil {
		again = p.before(h.parts.last)
	}
	if !again {
		return nil
	}
	held := placeOf(&h.held)
	if h.holds && p.before(held) {
		return &handler.ApplyError{Class: handler.Setup, Op: -1, Text: fmt.Sprintf("operations at "+
			"%s come again, before %s that the files hold; to write them again, position the "+
			"group with ALTER REPLICAT", p, held)}
	}
	h.accepted = held
	return h.discard(ctx)
}

func placeOf(c *handler.Checkpoint) place { return place{c.Seqno, c.RBA} }

// stageOne formats one operation; on an error nothing of it stays.
func (h *Handler) stageOne(c *record.Change) (*stream, error) {
	s, err := h.streamOf(c)
	if err != nil {
		return nil, err
	}
	st := &s.staged
	at := place{c.Seqno, c.RBA}
	if st.rows == 0 {
		if st.name, err = h.names.Final(c, h.now()); err != nil {
			return nil, err
		}
		if st.bytes == nil {
			st.bytes = h.spareBuffer()
		}
		st.first = at
	}
	if h.grows {
		if st.bytes, err = h.format.Append(st.bytes, c); err != nil {
			return nil, err
		}
	} else if err := h.format.Check(c); err != nil {
		return nil, err
	}
	if st.rows == 0 {
		h.touched = append(h.touched, s)
	}
	s.def, st.last = c.Def, at
	st.rows++
	st.count[c.Op.Type]++
	return s, nil
}

// streamOf finds the stream of an operation, or makes it.
func (h *Handler) streamOf(c *record.Change) (*stream, error) {
	key, err := h.names.Stream(h.key[:0], c)
	if err != nil {
		return nil, err
	}
	if h.set.perTable {
		key = append(append(key, '|'), h.fullName(c.Def)...)
	}
	if h.set.rollOnMetadata {
		key = append(append(key, '|'), h.digest(c.Def)...)
	}
	h.key = key
	if s := h.streams[string(key)]; s != nil {
		return s, nil
	}
	s := &stream{key: string(key)}
	if h.set.perTable {
		s.table = c.Def.FullName()
	}
	if h.set.rollOnMetadata {
		s.digest = h.digest(c.Def)
	}
	h.streams[s.key] = s
	return s, nil
}

// known is what is computed once of a definition.
type known struct{ name, digest string }

func (h *Handler) fullName(def *record.TableDef) string { return h.known(def).name }

func (h *Handler) digest(def *record.TableDef) string { return h.known(def).digest }

func (h *Handler) known(def *record.TableDef) *known {
	k := h.defs[def]
	if k == nil {
		k = &known{def.FullName(), digestOf(def)}
		h.defs[def] = k
	}
	return k
}

// digestOf tells definitions apart by what they say of the columns; it is the
// same in every run.
func digestOf(def *record.TableDef) string {
	plain := *def
	plain.Version = ""
	js, err := json.Marshal(&plain)
	if err != nil {
		return "" // a definition that came over the process boundary can go back
	}
	sum := sha256.Sum256(js)
	return hex.EncodeToString(sum[:8])
}

// unstage forgets the batch at hand.
func (h *Handler) unstage() {
	h.clearStaged()
	h.forgetStreams()
}

// clearStaged takes the buffers of the batch at hand back.
func (h *Handler) clearStaged() {
	for _, s := range h.touched {
		h.keepBuffer(s.staged.bytes)
		s.staged = staged{}
	}
	h.touched = h.touched[:0]
}

// maxSpareBytes bounds the buffers that are kept for the next use.
const maxSpareBytes = 32 << 20

func (h *Handler) keepBuffer(b []byte) {
	if cap(b) > 0 && h.spareBytes+cap(b) <= maxSpareBytes {
		h.spare = append(h.spare, b[:0])
		h.spareBytes += cap(b)
	}
}

func (h *Handler) spareBuffer() []byte {
	if len(h.spare) == 0 {
		return nil
	}
	b := h.spare[len(h.spare)-1]
	h.spare = h.spare[:len(h.spare)-1]
	h.spareBytes -= cap(b)
	return b
}

// write brings the staged batch into the temporary files.
func (h *Handler) write(ctx context.Context, b *handler.Batch) error {
	if len(h.touched) == 0 {
		return nil
	}
	defer h.clearStaged()
	now := h.now()
	if h.written = now; h.since.IsZero() {
		h.since = now
	}
	h.tick++
	for _, s := range h.touched { // so that none of them is ended to make room
		if s.open != nil {
			s.open.used = h.tick
		}
	}
	for _, s := range h.touched {
		if err := h.writeStream(ctx, s, now); err != nil {
			return err
		}
		if last := s.staged.last; h.parts != nil && h.parts.last.before(last) {
			h.parts.last = last
		}
	}
	if err := h.writeRows(b); err != nil {
		return err
	}
	for _, s := range h.touched {
		if len(s.open.mem) > h.most() {
			if err := h.spill(ctx, s.open); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *Handler) writeStream(ctx context.Context, s *stream, now time.Time) error {
	if s.open == nil {
		if s.live != nil && h.mustEnd(s.live, now) {
			s.live = nil
		}
		if err := h.schema(ctx, s.def); err != nil {
			return err
		}
		if err := h.begin(s); err != nil {
			return err
		}
	}
	o := s.open
	o.used = h.tick
	o.add(&s.staged, now)
	h.stats.rows += s.staged.rows
	if len(o.mem)+len(s.staged.bytes) <= h.most() {
		_, err := o.Write(s.staged.bytes)
		return err
	}
	if err := h.spill(ctx, o); err != nil || len(s.staged.bytes) == 0 {
		return err
	}
	o.count(s.staged.bytes)
	_, err := o.file.Write(s.staged.bytes)
	return err
}

// writeRows gives the operations to the writers of formats that make a file as
// a whole; stage has seen that they can be written.
func (h *Handler) writeRows(b *handler.Batch) error {
	if h.grows || b.Count == 0 {
		return nil
	}
	h.changes.Reset(b)
	for _, s := range h.route {
		c, err := h.changes.Next()
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		if err := s.open.rows.Write(c); err != nil {
			return fmt.Errorf("lake: an operation that could be written before cannot now: %w", err)
		}
	}
	return nil
}
