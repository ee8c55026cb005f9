package mapping

import (
	"errors"
	"fmt"
)

// ErrNoOperation is returned by Apply for an update that leaves the target row
// as it is: none of the columns that it changes is mapped.
var ErrNoOperation = errors.New("mapping: the update changes no mapped column")

// MissingKeyError says that an operation does not carry a column that is
// needed to find its row.
type MissingKeyError struct {
	Table  string
	Column string
}

// Error names table and column.
func (e *MissingKeyError) Error() string {
	return fmt.Sprintf("the record has no value for key column %s of table %s", e.Column, e.Table)
}

// FilterError says that a row does not pass a FILTER with RAISEERROR.
type FilterError struct {
	Table  string
	Number int // of the error, for REPERROR
}

// Error names table and number.
func (e *FilterError) Error() string {
	return fmt.Sprintf("a row of table %s does not pass the FILTER that raises error %d", e.Table,
		e.Number)
}

// UndecidedError says that a FILTER or WHERE needs columns that the record does
// not carry, or whose values are invalid.
type UndecidedError struct {
	Table   string
	What    string // FILTER or WHERE
	Columns string // names, with commas; empty: not of a column
}

// Error names table and columns.
func (e *UndecidedError) Error() string {
	columns := e.Columns
	if columns == "" {
		columns = "a value"
	}
	return fmt.Sprintf("%s needs %s, which the record of table %s does not carry or which is invalid",
		e.What, columns, e.Table)
}

// ValueError says that the value for a target column is invalid.
type ValueError struct {
	Table  string
	Column string
}

// Error names table and column.
func (e *ValueError) Error() string {
	return fmt.Sprintf("the value for column %s of table %s is invalid", e.Column, e.Table)
}

// RowError tells the errors of Apply that are about one row, for REPERROR to
// decide on, from those that say that the record is damaged. code is the error's
// number; 0: it has none.
func RowError(err error) (code int, ok bool) {
	var filter *FilterError
	if errors.As(err, &filter) {
		return filter.Number, true
	}
	var query *QueryError
	if errors.As(err, &query) {
		return query.Code, true
	}
	var key *MissingKeyError
	var value *ValueError
	return 0, errors.As(err, &key) || errors.As(err, &value) || errors.Is(err, ErrNoOperation)
}

func isUndecided(err error) bool { return errors.As(err, new(*UndecidedError)) }
