// Package expr is the language of values and conditions in TABLE and MAP:
// columns, literals, arithmetic, comparisons and the column-conversion
// functions. Parse reads tokens once for a statement, Bind resolves them once for
// a table, and the Expr that comes out gives a value for each record.
//
// It knows no statement, no trail and no database: package mapping asks it for
// values, and what only a process knows it asks through Facts and Results. Its
// law: NULL, missing and invalid are never confused with a value or with each
// other; decimal numbers are exact; and evaluating allocates nothing, but for
// numbers beyond 18 digits.
package expr

import "ggsh/record"

// Invalid is the kind of a value that is there and cannot be what it should be.
// It exists within this package and its callers only, never in a record.
const Invalid record.Kind = 255

const (
	// maxArena bounds the memory that the values of one record may take.
	maxArena = 64 << 20
	// keepArena is how much of it is kept for the next record.
	keepArena = 1 << 20
)

// Record is the operation that expressions look at. It belongs to one goroutine
// and is reused from record to record.
type Record struct {
	Op     record.Op
	Before Image
	After  Image
	Origin Origin
	// Compressed says that the record's images lack columns, or will.
	Compressed bool
	Results    Results // nil: nothing was asked

	fromBefore bool
	unhashed   bool // @RANGE found nothing to hash
	arena      []byte
	pairs      [][2][]byte
	havePairs  bool
}

// Load decodes an operation and forgets what was made of the one before.
func (r *Record) Load(body []byte) error {
	if cap(r.arena) > keepArena {
		r.arena = nil
	}
	r.arena, r.havePairs, r.unhashed = r.arena[:0], false, false
	if err := record.DecodeOp(body, &r.Op); err != nil {
		return err
	}
	r.Compressed = r.Op.Compressed
	return nil
}

// Unhashed reports whether @RANGE met a row all of whose columns are NULL or missing.
func (r *Record) Unhashed() bool { return r.unhashed }

// Tokens are the user tokens of the record; they alias it.
func (r *Record) Tokens() [][2][]byte {
	if !r.havePairs {
		r.havePairs = true
		var err error
		if r.pairs, err = r.Op.Tokens.AppendPairs(r.pairs[:0]); err != nil {
			r.pairs = r.pairs[:0]
		}
	}
	return r.pairs
}

// Expr is a bound expression. It keeps scratch space: one goroutine evaluates it.
type Expr struct {
	bound
}

// Def describes the value: the column's definition where the expression is a
// column, else what its function gives.
func (e *Expr) Def() record.ColumnDef {
	if e.def != nil {
		return *e.def
	}
	switch e.kind {
	case record.Decimal:
		return record.ColumnDef{Kind: record.Decimal, Type: "decimal", Nullable: true}
	case record.Bytes:
		return record.ColumnDef{Kind: record.Bytes, Type: "varbinary", Nullable: true}
	}
	return record.ColumnDef{Kind: record.String, Type: "varchar", Nullable: true}
}

// OfColumns says that the value depends on columns of the record alone, so that
// the values before give the value before.
func (e *Expr) OfColumns() bool { return e.columns && !e.impure }

// Value evaluates the expression; before: on the values before the operation. It
// lives until the record's next Load.
func (e *Expr) Value(r *Record, before bool) record.Value {
	r.fromBefore = before
	return e.eval(r)
}

// Verdict is the answer of a condition.
type Verdict uint8

// The answers. Undecided says that a column it needs is missing or invalid.
const (
	False Verdict = iota
	True
	Undecided
)

// Test evaluates a condition: a number other than zero is true, NULL is false.
func (e *Expr) Test(r *Record, before bool) Verdict {
	r.fromBefore = before
	v := e.eval(r)
	switch v.Kind {
	case record.Missing, Invalid:
		return Undecided
	}
	if truth(v) {
		return True
	}
	return False
}

// exceptional reports whether a kind is NULL, missing or invalid.
func exceptional(k record.Kind) bool { return k <= record.Null || k == Invalid }

// worse gives the graver of two kinds: invalid, missing, NULL, a value.
func worse(a, b record.Kind) record.Kind {
	for _, k := range [...]record.Kind{Invalid, record.Missing, record.Null} {
		if a == k || b == k {
			return k
		}
	}
	return a
}

func state(k record.Kind) record.Value { return record.Value{Kind: k} }

// truth reports whether a value is a number other than zero.
func truth(v record.Value) bool {
	if exceptional(v.Kind) {
		return false
	}
	n, ok := numberOf(v)
	return ok && n.sign() != 0
}

func boolean(b bool) record.Value {
	if b {
		return record.Value{Kind: record.Int, N: 1}
	}
	return record.Value{Kind: record.Int}
}

func integer(n int64) record.Value { return record.Value{Kind: record.Int, N: uint64(n)} }
