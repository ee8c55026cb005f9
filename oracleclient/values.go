package oracleclient

import (
	"database/sql/driver"
	"time"

	goora "github.com/sijms/go-ora/v2"
)

// Out binds a variable that the statement sets, by RETURNING ... INTO or in a block;
// size is the longest text or RAW in octets. dest is a *string, *[]byte, *int64,
// *float64, *time.Time or a sql.Null of those.
func Out(dest any, size int) any { return goora.Out{Dest: dest, Size: size} }

// InOut is Out for a variable whose value goes to the server, too.
func InOut(dest any, size int) any { return goora.Out{Dest: dest, Size: size, In: true} }

// National binds a text in the national character set: for NCHAR and NVARCHAR2.
func National(text string) any { return goora.NVarChar(text) }

// Timestamp binds a time without a zone, as its clock shows it: for DATE and TIMESTAMP,
// whose indexes a value with a zone would not use.
func Timestamp(t time.Time) any { return goora.TimeStamp(t) }

// CLOB binds a text of any length as a temporary LOB, which costs three calls more.
func CLOB(text string) any { return goora.Clob{String: text, Valid: true} }

// NCLOB is CLOB in the national character set.
func NCLOB(text string) any { return goora.NClob{String: text, Valid: true} }

// BLOB binds octets of any number as a temporary LOB, which costs three calls more.
func BLOB(octets []byte) any { return goora.Blob{Data: octets, Valid: true} }

// checkValue lets the types above and arrays through to the driver. Its own check leaves
// some of them to database/sql, which refuses them.
func checkValue(v *driver.NamedValue) error {
	switch v.Value.(type) {
	case goora.TimeStamp, goora.NVarChar, goora.Clob, goora.NClob, goora.Blob:
		return nil
	case driver.Valuer:
		return driver.ErrSkip
	}
	return nil
}
