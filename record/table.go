package record

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// TableDef is what readers need to know of a table to understand its records.
// A definition never changes once an id is given to it; a changed table gets
// a new definition with a new id.
type TableDef struct {
	ID       uint32      `json:"-"` // unique within one writer; given by its maker
	Catalog  string      `json:"catalog,omitempty"`
	Schema   string      `json:"schema,omitempty"`
	Name     string      `json:"name"`
	Database string      `json:"database,omitempty"` // the kind of the source: mysql, mariadb, sqlite, oracle, directory, kafka
	Columns  []ColumnDef `json:"columns"`
	Key      []int       `json:"key,omitempty"`     // positions of the key columns, in key order; none without key
	Unique   [][]int     `json:"unique,omitempty"`  // further unique keys
	Version  string      `json:"version,omitempty"` // where in the source this definition begins, for people
}

// ColumnDef is one column.
type ColumnDef struct {
	Name      string   `json:"name"`
	Kind      Kind     `json:"kind"`             // the usual form of its values
	Type      string   `json:"type"`             // the source's own type: varchar(30)
	Length    int      `json:"length,omitempty"` // characters or octets; 0 unknown
	Precision int      `json:"precision,omitempty"`
	Scale     int      `json:"scale,omitempty"` // digits behind the point; of seconds for times
	Nullable  bool     `json:"nullable,omitempty"`
	Generated bool     `json:"generated,omitempty"` // computed by the database: never written
	Invisible bool     `json:"invisible,omitempty"`
	Charset   string   `json:"charset,omitempty"` // at the source; values are UTF-8
	Labels    []string `json:"labels,omitempty"`  // of ENUM and SET
}

// Sequence reports whether the definition is that of a sequence: MariaDB keeps one as a
// table of one row, and logs what becomes of it as an insert of that row.
func (t *TableDef) Sequence() bool {
	return t.Database == "mariadb" && len(t.Columns) == 8 &&
		t.Columns[0].Name == "next_not_cached_value" && t.Columns[7].Name == "cycle_count"
}

// FullName joins catalog, schema and name with dots, leaving out what is empty.
func (t *TableDef) FullName() string {
	s := t.Name
	if t.Schema != "" {
		s = t.Schema + "." + s
	}
	if t.Catalog != "" {
		s = t.Catalog + "." + s
	}
	return s
}

// Column finds a column by its exact name; -1 when there is none.
func (t *TableDef) Column(name string) int {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return i
		}
	}
	return -1
}

// PromoteUnique makes the first unique key that allows no NULL the key of a table
// that has none.
func (t *TableDef) PromoteUnique() {
	if len(t.Key) > 0 {
		return
	}
	for i, key := range t.Unique {
		if !slices.ContainsFunc(key, func(c int) bool { return t.Columns[c].Nullable }) {
			t.Key = key
			t.Unique = slices.Delete(t.Unique, i, i+1)
			return
		}
	}
}

// KeyColumns gives the positions that identify a row: the key, else all
// columns that are not generated.
func (t *TableDef) KeyColumns() []int {
	if len(t.Key) > 0 {
		return t.Key
	}
	all := make([]int, 0, len(t.Columns))
	for i := range t.Columns {
		if !t.Columns[i].Generated {
			all = append(all, i)
		}
	}
	return all
}

// AppendTableDef appends the definition: its id, then JSON. Definitions are
// rare, so they may be readable.
func AppendTableDef(dst []byte, t *TableDef) ([]byte, error) {
	js, err := json.Marshal(t)
	if err != nil {
		return dst, fmt.Errorf("record: definition of %s: %w", t.FullName(), err)
	}
	dst = binary.LittleEndian.AppendUint32(dst, t.ID)
	return append(dst, js...), nil
}

// DecodeTableDef reads what AppendTableDef wrote and checks that its keys name columns.
func DecodeTableDef(b []byte) (*TableDef, error) {
	if len(b) < 4 {
		return nil, ErrShort
	}
	t := &TableDef{}
	if err := json.Unmarshal(b[4:], t); err != nil {
		return nil, fmt.Errorf("record: table definition: %w", err)
	}
	t.ID = binary.LittleEndian.Uint32(b)
	for _, key := range append([][]int{t.Key}, t.Unique...) {
		for _, c := range key {
			if c < 0 || c >= len(t.Columns) {
				return nil, fmt.Errorf("record: key of %s names column %d of %d", t.FullName(), c, len(t.Columns))
			}
		}
	}
	return t, nil
}

// AppendTxnInfo appends what a transaction's operations share:
// flags (1 continued), CSN, commit time in Unix nanoseconds (the smallest number:
// unknown), origin, then XID, user and tag as strings.
func AppendTxnInfo(dst []byte, t *TxnInfo) []byte {
	flags := byte(0)
	if t.Continued {
		flags = 1
	}
	dst = append(dst, flags)
	dst = binary.LittleEndian.AppendUint64(dst, t.CSN.Major)
	dst = binary.LittleEndian.AppendUint64(dst, t.CSN.Minor)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(unixNano(t.CommitTime)))
	dst = binary.LittleEndian.AppendUint32(dst, t.OriginSeqno)
	dst = binary.LittleEndian.AppendUint64(dst, t.OriginRBA)
	dst = appendString(dst, t.XID)
	dst = appendString(dst, t.User)
	return appendString(dst, t.Tag)
}

const txnFixedSize = 1 + 8 + 8 + 8 + 4 + 8

// DecodeTxnInfo reads what AppendTxnInfo wrote.
func DecodeTxnInfo(b []byte) (TxnInfo, error) {
	var t TxnInfo
	if len(b) < txnFixedSize {
		return t, ErrShort
	}
	t.Continued = b[0]&1 != 0
	t.CSN.Major = binary.LittleEndian.Uint64(b[1:])
	t.CSN.Minor = binary.LittleEndian.Uint64(b[9:])
	t.CommitTime = fromUnixNano(int64(binary.LittleEndian.Uint64(b[17:])))
	t.OriginSeqno = binary.LittleEndian.Uint32(b[25:])
	t.OriginRBA = binary.LittleEndian.Uint64(b[29:])
	rest := b[txnFixedSize:]
	for _, field := range []*string{&t.XID, &t.User, &t.Tag} {
		part, r, err := cutBytes(rest)
		if err != nil {
			return t, err
		}
		*field, rest = string(part), r
	}
	return t, nil
}

// unixNano is t in Unix nanoseconds; the zero time, which they do not reach, is
// the smallest number.
func unixNano(t time.Time) int64 {
	if t.IsZero() {
		return math.MinInt64
	}
	return t.UnixNano()
}

func fromUnixNano(n int64) time.Time {
	if n == math.MinInt64 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
