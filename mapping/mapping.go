// Package mapping turns TABLE and MAP statements into a plan: which source
// tables are taken, to which target each goes, and how the bytes of their
// operations are rewritten into the target's columns.
//
// It reads no trail, opens no database and applies nothing; what values and
// conditions mean is package mapping/expr's. Its law: what a statement says is
// done or refused with its place, never left out in silence; a column that the
// record does not carry stays missing; and rewriting a row allocates nothing.
package mapping

import (
	"errors"

	"ggsh/ggserr"
	"ggsh/mapping/expr"
	"ggsh/param"
	"ggsh/record"
)

// Name is the name of a target table, parts unquoted.
type Name struct {
	Catalog string
	Schema  string
	Name    string
	Exact   bool // the name was quoted and its case counts
}

// String joins the parts with dots.
func (n Name) String() string { return joinName(n.Catalog, n.Schema, n.Name) }

func joinName(parts ...string) string {
	s := ""
	for _, p := range parts {
		if p == "" {
			continue
		}
		if s != "" {
			s += "."
		}
		s += p
	}
	return s
}

// Lookup gives a target's own definition of a table; nil without error says
// that the target has no such table.
type Lookup func(Name) (*record.TableDef, error)

// ErrLikeSource is a Lookup's answer for a target that has no definition of its own:
// its columns are the source's.
var ErrLikeSource = errors.New("mapping: the target is like the source")

// Plan is the compiled statements of a parameter file. It belongs to one
// goroutine.
type Plan struct {
	entries        []*entry
	excludes       []exclusion
	extract        bool
	byWildcardOnly bool // exclusions spare tables that are named without wildcards
	lastID         uint32
	env            *expr.Environment
	exceptionEnv   *expr.Environment // of mappings for exceptions
}

// TablePlan says how the operations of one source definition become those of
// one target. It belongs to one goroutine: Apply keeps its scratch space here.
type TablePlan struct {
	// ID is the table id that the rewritten operations carry, unique in the plan.
	ID uint32
	// Statement is the TABLE or MAP that the plan comes from.
	Statement *param.TableStatement
	// Source is the definition that the operations come with.
	Source *record.TableDef
	// Target describes the rewritten operations: their images have its columns
	// in its order. Its ID is the plan's.
	Target *record.TableDef
	// TargetName is the target's name as the statement gives it.
	TargetName Name
	// Key are the target columns that find a row, in key order.
	Key []int
	// KeyIsUnique says that Key finds at most one row.
	KeyIsUnique bool
	// Exceptions are the mappings for operations that have failed: MAPEXCEPTION, or
	// else the EXCEPTIONSONLY statements behind this one. They may be used by another
	// goroutine than the plan itself.
	Exceptions []*TablePlan
	// Queries are the SQLEXECs, to be asked before each Apply.
	Queries []*TableQuery
	// Messages tell an operator what was decided: resolved names, key columns,
	// columns mapped by name, and the warning about a table without key.
	Messages []*ggserr.Error

	columns   []source // for each target column where its value comes from
	actions   [record.DDL + 1]action
	identical bool // the columns are the source's, in the same order
	keyKnown  bool // every source image of a row carries the key
	derived   bool // the target's columns are made of the source's
	// allColumns says that there is no key, so that Key is all columns.
	allColumns bool
	check      bool // rows of a target's table: find missing keys and updates without effect
	images     imagePolicy
	// namedBefore are the columns whose values before an update or a delete
	// GETBEFORECOLS names.
	namedBefore struct{ update, delete []bool }
	isKey       []bool // by target column
	computed    []int  // target columns whose values are made for each record
	conditions  []condition
	tokens      []token
	events      []param.EventAction
	commands    []command // of SHELL
	onlyEvents  bool
	env         *expr.Environment
	scratch     scratch
}

// source is where a target column's value comes from.
type source struct {
	column  int    // of the source definition; -1 for none
	plain   bool   // the source's value goes as it is
	literal []byte // an encoded value, when not nil
	made    *maker // the value is made for each record, when not nil
}

// maker makes a value for each record.
type maker struct {
	value   *expr.Expr // nil: the source column's value is polished
	looksAt []int      // the source columns that value depends on
	polish  polish
}

// given reports whether the column has a source.
func (s *source) given() bool { return s.column >= 0 || s.literal != nil || s.made != nil }

// varies reports whether the value depends on more than the row.
func (m *maker) varies() bool { return m != nil && m.value != nil && !m.value.OfColumns() }

// part says which source image an image is made from.
type part uint8

const (
	nothing   part = iota
	theBefore      // the before image
	theAfter       // the after image
	merged         // the after image, completed from the before image
)

// action is what becomes of one type of operation.
type action struct {
	take   bool
	as     record.OpType
	before part
	after  part
}

// plainActions keep every operation as it is.
func plainActions() [record.DDL + 1]action {
	return [record.DDL + 1]action{
		record.Insert:   {take: true, as: record.Insert, after: theAfter},
		record.Update:   {take: true, as: record.Update, before: theBefore, after: theAfter},
		record.PKUpdate: {take: true, as: record.PKUpdate, before: theBefore, after: theAfter},
		record.Delete:   {take: true, as: record.Delete, before: theBefore},
		record.Truncate: {take: true, as: record.Truncate},
	}
}

// imagePolicy is what Extract leaves of the images.
type imagePolicy struct {
	reduce          bool // Extract: the policy is in force
	compressUpdates bool
	onUpdate        befores
	onDelete        befores
}

// befores says which values before an operation are kept; the key's always are.
type befores uint8

const (
	keyBefore     befores = iota // no others
	changedBefore                // those of columns that the operation changes
	namedBefore                  // those that GETBEFORECOLS names
	allBefore
)
