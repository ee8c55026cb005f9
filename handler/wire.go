package handler

import (
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"ggsh/record"
)

// MaxBatchBytes bounds the operations of one batch: a longer one is refused on
// both sides of the process boundary.
const MaxBatchBytes = 64 << 20

// maxMessageBytes leaves room for the control part of a batch of that size.
const maxMessageBytes = MaxBatchBytes + 16<<20

// block is the one form of message on the boundary: a control part in JSON and
// a body of plain bytes.
//
//	offset  size  field
//	0       4     length of the control part, little endian
//	4       n     control part, JSON
//	4+n     ..    body: a batch's operations, then their origins; empty in other messages
type block struct {
	head []byte
	body []byte
	tail []byte // written behind body, read as part of it
}

// blockCodec carries blocks as they are, and go-plugin's own messages as protobuf.
type blockCodec struct{ encoding.CodecV2 }

func newBlockCodec() blockCodec { return blockCodec{encoding.GetCodecV2("proto")} }

// Marshal writes a block without copying its body.
func (c blockCodec) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*block)
	if !ok {
		return c.CodecV2.Marshal(v)
	}
	n := len(b.head)
	size := []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}
	parts := mem.BufferSlice{mem.SliceBuffer(append(size, b.head...)), mem.SliceBuffer(b.body)}
	if len(b.tail) > 0 {
		parts = append(parts, mem.SliceBuffer(b.tail))
	}
	return parts, nil
}

// Unmarshal reads what Marshal wrote.
func (c blockCodec) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*block)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	raw := data.Materialize()
	if len(raw) < 4 {
		return errors.New("handler: message is cut short")
	}
	n := uint64(raw[0]) | uint64(raw[1])<<8 | uint64(raw[2])<<16 | uint64(raw[3])<<24
	if n > uint64(len(raw)-4) {
		return errors.New("handler: message is cut short")
	}
	b.head, b.body = raw[4:4+n:4+n], raw[4+n:]
	return nil
}

// Name names the codec.
func (blockCodec) Name() string { return "ggshblock" }

// reply is the control part of every answer: a result or why there is none.
type reply struct {
	Result  json.RawMessage `json:"result,omitempty"`
	Apply   *ApplyError     `json:"applyError,omitempty"`
	NoTable *TableName      `json:"noTable,omitempty"`
	Other   string          `json:"error,omitempty"`
}

// hello answers Describe.
type hello struct {
	Protocol    int         `json:"protocol"`
	Description Description `json:"description"`
}

// wireTable is a table definition with the id that its own JSON leaves out.
type wireTable struct {
	ID  uint32           `json:"id"`
	Def *record.TableDef `json:"def"`
}

// wireUse is a TableUse with its target's id.
type wireUse struct {
	TableUse
	TargetID uint32 `json:"targetId"`
}

// wireBatch is the control part of a batch.
type wireBatch struct {
	Checkpoint Checkpoint `json:"checkpoint"`
	Tables     []wireUse  `json:"tables,omitempty"`
	Count      int        `json:"count"`
	Ends       []int      `json:"ends,omitempty"`
	More       bool       `json:"more,omitempty"`
	Flush      Flush      `json:"flush,omitempty"`
	Origins    int        `json:"origins,omitempty"` // how many bytes of the body's end they are
}

func packBatch(b *Batch) (*block, error) {
	w := wireBatch{Checkpoint: b.Checkpoint, Count: b.Count, Ends: b.Ends, More: b.More,
		Flush: b.Flush, Origins: len(b.Origins)}
	for _, use := range b.Tables {
		u := wireUse{TableUse: use}
		if use.Target != nil {
			u.TargetID = use.Target.ID
		}
		w.Tables = append(w.Tables, u)
	}
	head, err := json.Marshal(&w)
	if err != nil {
		return nil, fmt.Errorf("handler: batch: %w", err)
	}
	return &block{head: head, body: b.Ops, tail: b.Origins}, nil
}

func unpackBatch(m *block) (*Batch, error) {
	var w wireBatch
	if err := json.Unmarshal(m.head, &w); err != nil {
		return nil, fmt.Errorf("handler: batch: %w", err)
	}
	ops := len(m.body) - w.Origins
	if w.Origins < 0 || ops < 0 {
		return nil, fmt.Errorf("handler: batch: %d bytes of origins in a body of %d", w.Origins, len(m.body))
	}
	b := &Batch{Checkpoint: w.Checkpoint, Ops: m.body[:ops:ops], Count: w.Count, Ends: w.Ends,
		More: w.More, Flush: w.Flush}
	if w.Origins > 0 {
		b.Origins = m.body[ops:]
	}
	for _, u := range w.Tables {
		if u.Target != nil {
			u.Target.ID = u.TargetID
		}
		b.Tables = append(b.Tables, u.TableUse)
	}
	return b, nil
}

// packReply makes the answer to a call of its result and error.
func packReply(result any, err error) (*block, error) {
	var r reply
	var applyErr *ApplyError
	var noTable *NoTableError
	switch {
	case err == nil:
		if r.Result, err = json.Marshal(result); err != nil {
			return nil, fmt.Errorf("handler: answer: %w", err)
		}
	case errors.As(err, &applyErr):
		r.Apply = applyErr
	case errors.As(err, &noTable):
		r.NoTable = &noTable.Name
	default:
		r.Other = err.Error()
	}
	head, err := json.Marshal(&r)
	if err != nil {
		return nil, fmt.Errorf("handler: answer: %w", err)
	}
	return &block{head: head}, nil
}

// unpackReply reads an answer into result, or returns the error it carries.
func unpackReply(m *block, result any) error {
	var r reply
	if err := json.Unmarshal(m.head, &r); err != nil {
		return fmt.Errorf("handler: answer: %w", err)
	}
	switch {
	case r.Apply != nil:
		return r.Apply
	case r.NoTable != nil:
		return &NoTableError{Name: *r.NoTable}
	case r.Other != "":
		return errors.New(r.Other)
	}
	return json.Unmarshal(r.Result, result)
}

// tooLong is the error of a batch beyond MaxBatchBytes.
func tooLong(n int) *ApplyError {
	return &ApplyError{Class: Setup, Op: -1, Text: fmt.Sprintf("a batch of %d bytes is more than "+
		"the %d that go to a handler at once: lower GROUPTRANSOPS or MAXTRANSOPS, or exclude "+
		"the column whose values are that large", n, MaxBatchBytes)}
}
