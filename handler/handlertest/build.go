package handlertest

import (
	"strings"
	"time"

	"ggsh/handler"
	"ggsh/record"
)

// V is one value in its binary form.
type V []byte

// Missing and Null are the two values that hold nothing.
func Missing() V { return record.AppendMissing(nil) }

// Null is NULL.
func Null() V { return record.AppendNull(nil) }

// Int is a signed integer.
func Int(n int64) V { return record.AppendInt(nil, n) }

// Str is a text.
func Str(s string) V { return record.AppendText(nil, record.String, s) }

// Table is a table with its use, from which operations are made.
type Table struct {
	handler.TableUse
}

// NewTable makes a table of columns given as "name type", its key first. Kinds
// are read off the types: int, text and so on, as Column does.
func NewTable(id uint32, schema, name string, key int, columns ...record.ColumnDef) *Table {
	def := &record.TableDef{ID: id, Schema: schema, Name: name, Columns: columns}
	t := &Table{handler.TableUse{ID: id, Source: "src." + name, Target: def, KeyIsUnique: key > 0}}
	for i := range key {
		def.Key = append(def.Key, i)
	}
	t.Key = def.KeyColumns()
	return t
}

// Column makes a column definition; a type ending in ! is not nullable.
func Column(name, sqlType string, kind record.Kind) record.ColumnDef {
	plain, must := strings.CutSuffix(sqlType, "!")
	return record.ColumnDef{Name: name, Type: plain, Kind: kind, Nullable: !must}
}

// Op makes one operation; a nil image is absent.
func (t *Table) Op(kind record.OpType, before, after []V) []byte {
	body, start := record.AppendOpHeader(nil, kind, t.ID)
	for i, image := range [][]V{before, after} {
		if image == nil {
			continue
		}
		var mark int
		body, mark = record.BeginImage(body)
		for _, v := range image {
			body = append(body, v...)
		}
		record.EndImage(body, start, mark, i == 0)
	}
	return body
}

// Insert makes an insert.
func (t *Table) Insert(row ...V) []byte { return t.Op(record.Insert, nil, row) }

// Delete makes a delete with the whole row before.
func (t *Table) Delete(row ...V) []byte { return t.Op(record.Delete, row, nil) }

// Update makes an update, of the key too if it changes.
func (t *Table) Update(before, after []V) []byte {
	kind := record.Update
	for _, k := range t.Key {
		if t.KeyIsUnique && string(before[k]) != string(after[k]) {
			kind = record.PKUpdate
		}
	}
	return t.Op(kind, before, after)
}

// Row is a row of values.
func Row(values ...V) []V { return values }

// Batch puts operations into one batch of one transaction, which ends at seqno 1
// and the given RBA.
func Batch(rba uint64, tables []*Table, ops ...[]byte) *handler.Batch {
	b := &handler.Batch{Checkpoint: At(rba), Count: len(ops), Ends: []int{len(ops)}}
	for _, t := range tables {
		b.Tables = append(b.Tables, t.TableUse)
	}
	for _, op := range ops {
		b.Ops = handler.AppendBatchOp(b.Ops, op)
	}
	return b
}

// At is the checkpoint of RBA rba in trail file 1.
func At(rba uint64) handler.Checkpoint {
	return handler.Checkpoint{Seqno: 1, RBA: rba, CSN: record.CSN{Major: 3, Minor: rba},
		XID:        "0-1-" + record.CSN{Minor: rba}.String(),
		CommitTime: time.Unix(1700000000, int64(rba)).UTC()}
}

// Located gives the operations of a batch an origin, one transaction at each of
// Ends: operation i stands at RBA first+i of trail file 1.
func Located(b *handler.Batch, first uint64) *handler.Batch {
	var w handler.OriginWriter
	begun, from := 0, 0
	for i := range b.Count {
		if i == 0 || len(b.Ends) > begun && b.Ends[begun] == i {
			if i > 0 {
				begun++
			}
			from = i
			b.Origins = handler.AppendOriginTxn(b.Origins, &record.TxnInfo{
				CSN: record.CSN{Minor: first + uint64(i)}, XID: "0.1." + record.CSN{Minor: first}.String(),
				CommitTime: b.Checkpoint.CommitTime})
		}
		b.Origins = w.AppendOp(b.Origins, 1, first+uint64(i), i-from)
	}
	return b
}
