package handlertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"ggsh/handler"
	"ggsh/record"
)

// FakeDuplicate is the fake's native number of a duplicate key.
const FakeDuplicate = 1062

// Fake is a handler whose target is a file, for tests of what drives handlers.
// It is the contract in its plainest form: a batch is applied to a copy of all
// tables, and the copy replaces the file by rename.
//
// Options are its knobs. Their value is the number of the Apply, counted from 1
// in each process, that they act upon:
//
//	lose     the connection is lost before the batch is durable
//	unknown  the connection is lost after the batch is durable
//	conflict the batch is refused as by a deadlock
//	crash    the process ends before the batch is durable
//	vanish   the process ends after the batch is durable
//	hang     Apply waits until its context ends
//	shout    a line goes to standard error
//
// The option slow is a duration that each Apply takes.
type Fake struct {
	path    string
	cfg     handler.Config
	uses    map[uint32]handler.TableUse
	applies int
}

// fakeStore is the content of the file.
type fakeStore struct {
	Checkpoints map[string]*handler.Checkpoint `json:"checkpoints"`
	Tables      map[string]*fakeTable          `json:"tables"`
}

type fakeTable struct {
	Def  *record.TableDef `json:"def"`
	Rows [][][]byte       `json:"rows"` // encoded values
}

// Describe says what the fake is.
func (f *Fake) Describe() handler.Description {
	return handler.Description{Name: "fake", Version: "1.0", Transactional: true, Tables: true,
		Collisions: true}
}

// Open uses the file that Login.Database names; it need not exist.
func (f *Fake) Open(_ context.Context, cfg handler.Config) (*handler.Opened, error) {
	f.path, f.cfg, f.uses = cfg.Login.Database, cfg, map[uint32]handler.TableUse{}
	s, err := loadStore(f.path)
	if err != nil {
		return nil, err
	}
	if cfg.Reset != nil {
		s.Checkpoints[f.group()] = cfg.Reset
		if err := s.save(f.path); err != nil {
			return nil, err
		}
	}
	return &handler.Opened{Checkpoint: s.Checkpoints[f.group()], Product: "Fake 1.0"}, nil
}

func (f *Fake) group() string { return fmt.Sprint(f.cfg.Group, "/", f.cfg.GroupKey) }

// Table gives the definition that FakeCreate stored.
func (f *Fake) Table(_ context.Context, name handler.TableName) (*record.TableDef, error) {
	s, err := loadStore(f.path)
	if err != nil {
		return nil, err
	}
	if t := s.Tables[strings.ToLower(name.Schema+"."+name.Name)]; t != nil {
		return t.Def, nil
	}
	return nil, &handler.NoTableError{Name: name}
}

// Close closes nothing.
func (f *Fake) Close() error {
	f.path = ""
	return nil
}

// Apply applies a batch, unless a knob is turned.
func (f *Fake) Apply(ctx context.Context, b *handler.Batch) (*handler.Applied, error) {
	lost := &handler.ApplyError{Class: handler.Connection, Op: -1, Text: "connection lost"}
	if f.path == "" || ctx.Err() != nil {
		return nil, lost
	}
	f.applies++
	switch {
	case f.turned("shout"):
		fmt.Fprintln(os.Stderr, "shouting")
	case f.turned("lose"):
		return nil, lost
	case f.turned("conflict"):
		return nil, &handler.ApplyError{Class: handler.Conflict, Op: -1, Code: 1213, Text: "deadlock"}
	case f.turned("crash"):
		panic("the fake crashes as ordered")
	case f.turned("hang"):
		<-ctx.Done()
		time.Sleep(time.Second) // the caller has given up before it has this answer
		return nil, lost
	}
	if slow, err := time.ParseDuration(f.cfg.Options["slow"]); err == nil {
		time.Sleep(slow)
	}
	s, err := loadStore(f.path)
	if err != nil {
		return nil, err
	}
	for _, use := range b.Tables {
		f.uses[use.ID] = use
	}
	run := fakeRun{f: f, store: s, applied: &handler.Applied{}}
	if err := run.all(b); err != nil {
		return nil, err
	}
	s.Checkpoints[f.group()] = &b.Checkpoint
	if err := s.save(f.path); err != nil {
		return nil, err
	}
	if f.turned("vanish") {
		panic("the fake vanishes as ordered")
	}
	if f.turned("unknown") {
		return nil, lost
	}
	return run.applied, nil
}

func (f *Fake) turned(knob string) bool { return f.cfg.Options[knob] == fmt.Sprint(f.applies) }

// FakeCreate makes a table anew in a fake's file.
func FakeCreate(path string, def *record.TableDef) error {
	s, err := loadStore(path)
	if err != nil {
		return err
	}
	s.Tables[strings.ToLower(def.Schema+"."+def.Name)] = &fakeTable{Def: def}
	return s.save(path)
}

// FakeRows reads a table of a fake's file: one string a row, columns between bars.
func FakeRows(path string, def *record.TableDef) ([]string, error) {
	s, err := loadStore(path)
	if err != nil {
		return nil, err
	}
	t := s.Tables[strings.ToLower(def.Schema+"."+def.Name)]
	if t == nil {
		return nil, fmt.Errorf("the fake has no table %s", def.FullName())
	}
	var rows []string
	for _, row := range t.Rows {
		var parts []string
		for _, b := range row {
			v, _, err := record.DecodeValue(b)
			if err != nil {
				return nil, err
			}
			text := "NULL"
			if v.Kind != record.Null {
				text = string(v.Text(nil, -1))
			}
			parts = append(parts, text)
		}
		rows = append(rows, strings.Join(parts, "|"))
	}
	return rows, nil
}

func loadStore(path string) (*fakeStore, error) {
	s := &fakeStore{Checkpoints: map[string]*handler.Checkpoint{}, Tables: map[string]*fakeTable{}}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	return s, json.Unmarshal(b, s)
}

func (s *fakeStore) save(path string) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".tmp", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// fakeRun applies one batch to a loaded store.
type fakeRun struct {
	f       *Fake
	store   *fakeStore
	applied *handler.Applied
}

func (r *fakeRun) all(b *handler.Batch) error {
	rest, number := b.Ops, 0
	counts := map[uint32]*handler.TableCollisions{}
	var order []uint32
	for {
		body, tail, ok := handler.NextBatchOp(rest)
		if !ok {
			break
		}
		rest = tail
		var op record.Op
		if err := record.DecodeOp(body, &op); err != nil {
			return setupError(number, err.Error())
		}
		use, known := r.f.uses[op.Table]
		if !known || op.Type == record.DDL {
			return setupError(number, "no such table, or DDL")
		}
		if counts[op.Table] == nil {
			counts[op.Table], order = &handler.TableCollisions{ID: op.Table}, append(order, op.Table)
		}
		if err := r.one(&use, &op, number, counts[op.Table]); err != nil {
			return err
		}
		number++
	}
	if len(rest) > 0 || number != b.Count {
		return setupError(-1, "the batch is damaged")
	}
	for _, id := range order {
		if *counts[id] != (handler.TableCollisions{ID: id}) {
			r.applied.Collisions = append(r.applied.Collisions, *counts[id])
		}
	}
	return nil
}

func setupError(op int, text string) error {
	return &handler.ApplyError{Class: handler.Setup, Op: op, Text: text}
}

func (r *fakeRun) one(use *handler.TableUse, op *record.Op, number int,
	count *handler.TableCollisions) error {
	t := r.store.Tables[strings.ToLower(use.Target.Schema+"."+use.Target.Name)]
	if t == nil {
		return setupError(number, "no table "+use.Target.FullName())
	}
	w := fakeWrite{use: use, table: t, count: count}
	err := w.apply(op)
	var e *handler.ApplyError
	if err == nil || !errors.As(err, &e) {
		return err
	}
	e.Op = number
	for _, rule := range use.Rules {
		if !rule.Default && (e.Code < rule.From || e.Code > rule.To) {
			continue
		}
		if rule.Response == handler.Discard || rule.Response == handler.Ignore {
			r.applied.Exceptions = append(r.applied.Exceptions, handler.Exception{
				Op: number, Code: e.Code, Text: e.Text, Response: rule.Response})
			return nil
		}
		break
	}
	return e
}

// encoded cuts an image into its encoded values; nil of nil.
func encoded(im record.Image) ([][]byte, error) {
	var row [][]byte
	for b := []byte(im); len(b) > 0; {
		rest, err := record.SkipValue(b)
		if err != nil {
			return nil, err
		}
		row, b = append(row, bytes.Clone(b[:len(b)-len(rest)])), rest
	}
	return row, nil
}
