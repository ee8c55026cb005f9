package formatter

import "strings"

// Error is an operation that the format cannot carry as it is. Nothing of it was
// written.
type Error struct {
	Table  string
	Column string // empty when it is not of one column
	Reason string // what cannot be written, and why
	Advice string // which property helps; empty when none does
}

// Error says where, what and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("table " + e.Table)
	if e.Column != "" {
		b.WriteString(", column " + e.Column)
	}
	b.WriteString(": " + e.Reason)
	if e.Advice != "" {
		b.WriteString("; " + e.Advice)
	}
	return b.String()
}

// fault is an Error whose place its caller fills in.
func fault(reason, advice string) *Error { return &Error{Reason: reason, Advice: advice} }

// at fills in where an error was found, if that is not said yet.
func at(err error, t *table, column int) error {
	e, ok := err.(*Error)
	if !ok || e.Table != "" {
		return err
	}
	e.Table = t.name
	if column >= 0 {
		e.Column = t.def.Columns[column].Name
	}
	return e
}
