package replicat

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"ggsh/handler"
	"ggsh/record"
)

// server is a target database with transactions, shared by the handlers that
// connect to it one after the other.
type server struct {
	mu         sync.Mutex
	cond       *sync.Cond
	tables     map[string]*record.TableDef
	rows       map[string]string // "schema.table key" to the row's text
	log        []string          // operations in the order of their commits
	checkpoint *handler.Checkpoint
	batches    [][]int // Ends of the batches that committed
	opens      int
	runs       int // ended
	parts      int // batches with More
	largest    int // octets of a batch
	continues  bool
	plain      bool // without transactions: keeps no checkpoint
	deferred   bool // durable when it is told to flush, or after keep batches
	keep       int
	held       []heldBatch // taken by the present connection, not durable
	changes    []string    // where the operations of durable batches come from
	// fail is asked before a batch is applied; after it, with applied set.
	fail func(s *server, b *handler.Batch, applied bool) error
	// ddl executes DDL; nil: the handler takes none.
	ddl func(st record.DDLStatement) error
	// bad gives the error of an operation.
	bad map[string]int // operation text to error number
	// queries are the statements that were executed, each with the length of the log.
	queries []string
}

func newServer() *server {
	s := &server{tables: map[string]*record.TableDef{}, rows: map[string]string{}, continues: true,
		bad: map[string]int{}}
	s.cond = sync.NewCond(&s.mu)
	return s
}

// wait returns when the condition holds; it is asked after each commit.
func (s *server) wait(holds func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !holds() {
		s.cond.Wait()
	}
}

func (s *server) at(csn uint64) func() bool {
	return func() bool { return s.checkpoint != nil && s.checkpoint.CSN.Minor >= csn }
}

func (s *server) launch(context.Context, string) (handler.Handler, error) {
	return &fake{s: s}, nil
}

// heldBatch is what a deferred server has taken.
type heldBatch struct {
	checkpoint handler.Checkpoint
	rows       map[string]string
	log        []string
	changes    []string
}

// fake is one connection to the server.
type fake struct {
	s    *server
	uses map[uint32]handler.TableUse
	rows map[string]string // of the open transaction
	log  []string
	open bool

	reader  *handler.Changes
	changes []string // of the open transaction
}

func (f *fake) Describe() handler.Description {
	return handler.Description{Name: "fake", Version: "1", Transactional: !f.s.plain, Tables: true,
		Collisions: true, Continues: f.s.continues, Resolves: true, Queries: !f.s.plain, Deferred: f.s.deferred,
		Origins: f.s.deferred, DDL: f.s.ddl != nil}
}

func (f *fake) Open(_ context.Context, cfg handler.Config) (*handler.Opened, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	f.s.opens++
	f.s.cond.Broadcast()
	f.uses, f.reader = map[uint32]handler.TableUse{}, handler.NewChanges()
	f.s.held = nil
	if f.s.plain {
		return &handler.Opened{Product: "fake"}, nil
	}
	if cfg.Reset != nil {
		c := *cfg.Reset
		f.s.checkpoint = &c
	}
	return &handler.Opened{Checkpoint: f.s.checkpoint, Product: "fake 1.0"}, nil
}

func (f *fake) Table(_ context.Context, name handler.TableName) (*record.TableDef, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if def, ok := f.s.tables[name.String()]; ok {
		return def, nil
	}
	return nil, &handler.NoTableError{Name: name}
}

func (f *fake) Close() error { return nil }

func (f *fake) Query(_ context.Context, q handler.Query) (*handler.Answer, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	defer f.s.cond.Broadcast()
	f.s.queries = append(f.s.queries, fmt.Sprintf("%d %s", len(f.s.log), q.Text))
	if strings.HasPrefix(q.Text, "bad") {
		return nil, &handler.ApplyError{Class: handler.Setup, Op: -1, Code: 1064, Text: "no SQL"}
	}
	return &handler.Answer{Rows: 1}, nil
}

func (f *fake) Apply(_ context.Context, b *handler.Batch) (*handler.Applied, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	defer f.s.cond.Broadcast()
	f.s.largest = max(f.s.largest, len(b.Ops))
	for _, u := range b.Tables {
		f.uses[u.ID] = u
	}
	if !f.open {
		f.rows, f.log, f.open = map[string]string{}, nil, true
	}
	out, err := f.apply(b)
	if err != nil || b.More || out.Stopped > 0 {
		f.open = err == nil
		f.s.parts++
		return out, err
	}
	f.open = false
	f.s.held = append(f.s.held, heldBatch{b.Checkpoint, f.rows, f.log, f.changes})
	f.changes = nil
	if !f.s.deferred || b.Flush != handler.NoFlush || len(f.s.held) > f.s.keep {
		if at := f.s.publish(); f.s.deferred {
			out.Durable = at
		}
	}
	f.s.batches = append(f.s.batches, append([]int(nil), b.Ends...))
	if f.s.fail != nil {
		if err := f.s.fail(f.s, b, true); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// publish makes durable what is held.
func (s *server) publish() *handler.Checkpoint {
	for _, h := range s.held {
		for k, v := range h.rows {
			if v == "" {
				delete(s.rows, k)
			} else {
				s.rows[k] = v
			}
		}
		s.log, s.changes = append(s.log, h.log...), append(s.changes, h.changes...)
		s.checkpoint = &h.checkpoint
	}
	s.held = nil
	return s.checkpoint
}

// origins notes where the batch's operations come from.
func (f *fake) origins(b *handler.Batch) error {
	f.reader.Reset(b)
	for {
		c, err := f.reader.Next()
		if c == nil || err != nil {
			return err
		}
		f.changes = append(f.changes, fmt.Sprintf("%s %s csn %s xid %s at %d/%d number %d last %t",
			c.Op.Type, c.Source, c.Txn.CSN, c.Txn.XID, c.Seqno, c.RBA, c.Index, c.Last))
	}
}

func (f *fake) apply(b *handler.Batch) (*handler.Applied, error) {
	if f.s.fail != nil {
		if err := f.s.fail(f.s, b, false); err != nil {
			return nil, err
		}
	}
	out := &handler.Applied{}
	if f.s.deferred {
		if err := f.origins(b); err != nil {
			return nil, err
		}
	}
	rest := b.Ops
	for n := range b.Count {
		body, next, ok := handler.NextBatchOp(rest)
		if !ok {
			return nil, fmt.Errorf("batch ends early")
		}
		rest = next
		if err := f.op(body, n, out); err != nil {
			return nil, err
		}
		if out.Stopped > 0 {
			return out, nil
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("batch goes on behind its count")
	}
	return out, nil
}

// get reads a row as the open transaction sees it.
func (f *fake) get(key string) string {
	if v, ok := f.rows[key]; ok {
		return v
	}
	for i := len(f.s.held) - 1; i >= 0; i-- {
		if v, ok := f.s.held[i].rows[key]; ok {
			return v
		}
	}
	return f.s.rows[key]
}

func (f *fake) op(body []byte, n int, out *handler.Applied) error {
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		return err
	}
	if op.Type == record.DDL {
		st, err := record.DecodeDDL(&op)
		if err == nil {
			err = f.s.ddl(st)
		}
		f.log = append(f.log, "ddl "+st.Text)
		return err
	}
	use, ok := f.uses[op.Table]
	if !ok {
		return fmt.Errorf("table %d was not told", op.Table)
	}
	before, after := values(op.Before, use), values(op.After, use)
	key, code := "", 0
	for _, k := range use.Key {
		v := "?"
		for _, im := range [][]string{before, after} {
			if im != nil && im[k] != "-" {
				v = im[k]
				break
			}
		}
		key += " " + v
	}
	key = use.Target.FullName() + key
	text := fmt.Sprintf("%s%s %v", strings.ToLower(op.Type.String()), key[len(use.Target.FullName()):], after)
	row := f.get(key)
	switch {
	case f.s.bad[text] != 0:
		code = f.s.bad[text]
	case op.Type == record.Insert && row != "":
		code = 1062
	case op.Type != record.Insert && row == "":
		code = handler.RowMissing
	}
	if code != 0 && use.HandleCollisions {
		out.Collisions = append(out.Collisions, handler.TableCollisions{ID: op.Table, Inserts: 1})
	} else if code != 0 {
		return f.refused(use, n, code, out)
	}
	f.log = append(f.log, text)
	switch op.Type {
	case record.Delete:
		f.rows[key] = ""
	case record.Insert:
		f.rows[key] = strings.Join(after, ",")
	default:
		f.rows[key] = merge(row, after)
	}
	return nil
}

func (f *fake) refused(use handler.TableUse, n, code int, out *handler.Applied) error {
	for _, r := range use.Rules {
		if !r.Default && (code < r.From || code > r.To) {
			continue
		}
		if r.Response == handler.Abend {
			break
		}
		out.Exceptions = append(out.Exceptions, handler.Exception{Op: n, Code: code,
			Text: "refused", Response: r.Response})
		if r.Response == handler.Except {
			out.Stopped = n + 1
		}
		return nil
	}
	return &handler.ApplyError{Class: handler.Row, Op: n, Code: code, Text: "refused",
		Statement: "STATEMENT OF " + use.Target.FullName()}
}

func merge(row string, after []string) string {
	old := strings.Split(row, ",")
	for i, v := range after {
		if v != "-" && i < len(old) {
			old[i] = v
		}
	}
	return strings.Join(old, ",")
}

// values prints an image; a missing column is a dash.
func values(im record.Image, use handler.TableUse) []string {
	if im == nil {
		return nil
	}
	vals, err := im.Values(nil, len(use.Target.Columns))
	if err != nil {
		panic(err)
	}
	var out []string
	for _, v := range vals {
		switch v.Kind {
		case record.Missing:
			out = append(out, "-")
		case record.Null:
			out = append(out, "NULL")
		default:
			text := string(v.Text(nil, -1))
			out = append(out, text[:min(len(text), 40)])
		}
	}
	return out
}
