// Package redo reads the text of SQL_REDO, as LogMiner renders changes, and turns
// its values into values of records.
//
// It is a reader of text and of Oracle's internal octets: it knows neither a
// database nor transactions. Rows that are continued (CSF) are joined before.
//
// Its law: a value is exact or it is an error. Text that is not wholly of a known
// form is a *SyntaxError, a value that a record cannot hold is a *ValueError; nothing
// is cut, guessed or passed over. Errors name places and types, never the values.
package redo

import "fmt"

// Op is what a statement does.
type Op uint8

// The forms of SQL_REDO, with the operation codes that they come under.
const (
	None      Op = iota // set transaction, commit, rollback, the note of a temporary table
	Insert              // 1
	Delete              // 2
	Update              // 3
	DDL                 // 5: only told from the others; the text is left alone
	LOBSelect           // 9: the LOB that the following pieces belong to
	LOBWrite            // 10
	LOBTrim             // 11
	LOBErase            // 29
	XMLBegin            // 68: the XML column that the following pieces belong to
	XMLWrite            // 70
	XMLEnd              // 71
	LongBegin           // 91: the extended (32K) string that the following pieces belong to
	LongWrite           // 92
	LongEnd             // 93
)

var opNames = [...]string{"none", "insert", "delete", "update", "ddl", "lob_select",
	"lob_write", "lob_trim", "lob_erase", "xml_begin", "xml_write", "xml_end",
	"ext32k_begin", "ext32k_write", "ext32k_end"}

// String names the operation.
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return fmt.Sprintf("op(%d)", uint8(o))
}

// Statement is one parsed text. Everything in it aliases the text or buffers of the
// Statement: the next Parse into the same Statement overwrites it. The zero value is
// ready for use.
type Statement struct {
	Op Op
	// Owner is empty where the text has none. Without a dictionary it is UNKNOWN, and
	// Table OBJ# n.
	Owner, Table []byte
	// Set are the columns of an INSERT or of the SET list, Where those of the WHERE list.
	// A pseudo column ROWID is among Where under that name.
	Set, Where []Column

	// Delimited tells that the text ended in a semicolon. Where LogMiner writes them, one
	// that is missing means that the end of the text is missing: a WHERE list may be cut
	// between two columns and still be of a known form.
	Delimited bool

	// Column is the one that LOBSelect, XMLBegin and LongBegin are about.
	Column []byte
	// Binary tells a BLOB from the others and National an NCLOB, of LOBSelect by the
	// locator's name and of LOBWrite, LOBTrim, LOBErase likewise.
	Binary, National bool
	// Offset of LOBWrite and LOBErase counts from 1, in characters or octets.
	Offset int64
	// Length is what the text says of it: the length of the piece, or the one that a LOB
	// is trimmed to, or how much is erased.
	Length int64
	// Piece is the content of LOBWrite, XMLWrite and LongWrite: Quoted, HexToRaw or Null.
	Piece Value

	scratch []byte
	args    [][]byte
}

// Column is a name with its value.
type Column struct {
	Name  []byte // as between the quotes, doubled ones undone
	Value Value
}

// ValueKind is the form of a literal.
type ValueKind uint8

// The forms of literals.
const (
	Null        ValueKind = iota // NULL, = NULL, IS NULL
	NotNull                      // IS NOT NULL
	Quoted                       // '..': Text, doubled quotes undone
	Number                       // bare: Text as given
	HexToRaw                     // HEXTORAW('..'): Text has the digits as given, pieces joined
	UniStr                       // UNISTR('..'), also joined by || to others: Text is UTF-8
	Call                         // another function: Name, and Args
	EmptyCLOB                    // EMPTY_CLOB()
	EmptyBLOB                    // EMPTY_BLOB()
	Unsupported                  // Unsupported Type: LogMiner cannot render it
	Bind                         // XMLType(:1): Text is the marker; the value follows in pieces
)

var valueKindNames = [...]string{"NULL", "IS NOT NULL", "quoted text", "number", "HEXTORAW",
	"UNISTR", "function", "EMPTY_CLOB", "EMPTY_BLOB", "Unsupported Type", "bind"}

// String names the form.
func (k ValueKind) String() string {
	if int(k) < len(valueKindNames) {
		return valueKindNames[k]
	}
	return fmt.Sprintf("form(%d)", uint8(k))
}

// Value is a literal.
type Value struct {
	Kind ValueKind
	Text []byte
	Name []byte   // Call: the function, as given
	Args [][]byte // Call: its arguments, quotes undone
	Hint []byte   // JSON, where /* JSON */ stood before the value
}

// SyntaxError says that a text is not of a known form, and where.
type SyntaxError struct {
	Offset int    // octets from the start of the text
	Wanted string // what should have stood there
}

// Error says where and what.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("SQL_REDO at offset %d: %s", e.Offset, e.Wanted)
}

// ValueError says that a value cannot become one of a record.
type ValueError struct {
	Type  string // of the column
	Cause string
}

// Error says which type and why.
func (e *ValueError) Error() string { return "value of type " + e.Type + ": " + e.Cause }

// UnsupportedError names a type or a character set that nothing is known of.
type UnsupportedError struct {
	What string // type, character set
	Name string
}

// Error names it.
func (e *UnsupportedError) Error() string { return e.What + " " + e.Name + " is not supported" }
