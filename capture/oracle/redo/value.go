package redo

// AppendValue appends the record value of a literal: what record.Append… of its kind makes.
// The text of quoted literals is UTF-8, as the driver gives it; HEXTORAW for a type other
// than RAW, BLOB and LONG RAW holds internal octets and is as AppendInternal has it. The empty
// string is NULL. NotNull, Unsupported and Bind are errors: they carry no value.
func AppendValue(dst []byte, t *Type, v *Value) ([]byte, error) {
	return dst, &ValueError{Type: t.Name, Cause: "not yet"}
}

// AppendInternal appends the record value of a column's internal octets, which are what
// HEXTORAW holds where LogMiner runs without a dictionary. No octets are NULL. Octets of a LOB
// are its in-row locator with the content behind it, or the content alone.
func AppendInternal(dst []byte, t *Type, raw []byte) ([]byte, error) {
	return dst, &ValueError{Type: t.Name, Cause: "not yet"}
}

// AppendPiece appends the content of a LOB's, an XML document's or a long string's piece: UTF-8
// for types of characters, octets for the others. It is content alone, not a record value:
// record.AppendBytes of the whole makes one.
func AppendPiece(dst []byte, t *Type, v *Value) ([]byte, error) {
	return dst, &ValueError{Type: t.Name, Cause: "not yet"}
}

// AppendOctets appends what HEXTORAW holds, as octets.
func (v *Value) AppendOctets(dst []byte) ([]byte, error) {
	return dst, &ValueError{Type: "RAW", Cause: "not yet"}
}

// AppendText appends octets of the type's character set as UTF-8. It serves content whose
// pieces may end inside a character: join the octets of all first.
func (t *Type) AppendText(dst []byte, raw []byte) ([]byte, error) {
	return dst, &ValueError{Type: t.Name, Cause: "not yet"}
}
