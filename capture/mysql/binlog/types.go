package binlog

import (
	"fmt"
	"strings"

	"ggsh/ddl"
)

// wireTypes are the types in the log of the types in SQL; the first is the usual.
var wireTypes = map[string][]byte{
	"tinyint": {typeTiny}, "smallint": {typeShort}, "mediumint": {typeInt24}, "int": {typeLong},
	"bigint": {typeLongLong}, "float": {typeFloat}, "double": {typeDouble},
	"decimal": {typeNewDecimal}, "bit": {typeBit}, "year": {typeYear},
	"date": {typeDate, typeNewDate}, "time": {typeTime2, typeTime},
	"datetime": {typeDatetime2, typeDatetime}, "timestamp": {typeTimestamp2, typeTimestamp},
	"char": {typeString}, "binary": {typeString}, "varchar": {typeVarchar, typeTextPacked},
	"varbinary": {typeVarchar, typeTextPacked}, "enum": {typeEnum}, "set": {typeSet},
	"tinytext": {typeBlob, typeBlobPacked}, "text": {typeBlob, typeBlobPacked},
	"mediumtext": {typeBlob, typeBlobPacked}, "longtext": {typeBlob, typeBlobPacked},
	"tinyblob": {typeBlob, typeBlobPacked}, "blob": {typeBlob, typeBlobPacked},
	"mediumblob": {typeBlob, typeBlobPacked}, "longblob": {typeBlob, typeBlobPacked},
	"json": {typeJSON, typeBlob}, "geometry": {typeGeometry}, "point": {typeGeometry},
	"linestring": {typeGeometry}, "polygon": {typeGeometry}, "multipoint": {typeGeometry},
	"multilinestring": {typeGeometry}, "multipolygon": {typeGeometry},
	"geometrycollection": {typeGeometry}, "uuid": {typeString}, "inet4": {typeString},
	"inet6": {typeString}, "vector": {typeVector, typeVarchar},
}

// WireType is the usual type in the log of a type in SQL; 0 when there is none.
func WireType(base string) byte {
	if w := wireTypes[base]; len(w) > 0 {
		return w[0]
	}
	return 0
}

// Fits reports whether the log's column can be of an SQL type: the wire type, its
// numbers, and whether it is text or octets.
func (c *Column) Fits(t ddl.Type, charset string) bool {
	if strings.IndexByte(string(wireTypes[t.Base]), c.Type) < 0 {
		return false
	}
	switch c.Type {
	case typeNewDecimal:
		return int(c.Meta>>8) == t.Precision && int(c.Meta&0xff) == t.Scale
	case typeBit:
		return int(c.Meta>>8)*8+int(c.Meta&0xff) == t.Length
	case typeTime2, typeDatetime2, typeTimestamp2:
		return int(c.Meta) == t.Scale
	case typeTime, typeDatetime, typeTimestamp:
		return t.Scale == 0
	case typeBlob, typeBlobPacked:
		return int(c.Meta) == blobLength(t.Base)
	case typeEnum:
		return c.Length == 1 && len(t.Labels) < 256 || c.Length == 2 && len(t.Labels) >= 256
	case typeSet:
		n := (len(t.Labels) + 7) / 8
		return c.Length == n || c.Length == 8 && n > 4
	case typeString:
		if t.Base == "binary" {
			return c.Length == t.Length
		}
		if t.Base == "uuid" || t.Base == "inet6" {
			return c.Length == 16
		}
		if t.Base == "inet4" {
			return c.Length == 4
		}
	case typeVarchar:
		if t.Base == "varbinary" {
			return c.Length == t.Length
		}
	}
	return c.Collation == 0 || !c.IsCharacter() ||
		(c.Collation == binaryCollation) == (charset == "" || charset == "binary")
}

// blobLength is the number of octets of the length of a BLOB or TEXT.
func blobLength(base string) int {
	switch {
	case strings.HasPrefix(base, "tiny"):
		return 1
	case strings.HasPrefix(base, "medium"):
		return 3
	case strings.HasPrefix(base, "long"), base == "json":
		return 4
	}
	return 2
}

// TypeText is the type as SQL, as far as the log tells; maxLen is the number of
// octets of a character in the column's charset.
func (c *Column) TypeText(maxLen int) string {
	text := c.baseText(maxLen)
	if c.Unsigned && c.Type != typeYear {
		text += " unsigned"
	}
	return text
}

var plainTypes = map[byte]string{typeTiny: "tinyint", typeShort: "smallint", typeInt24: "mediumint",
	typeLong: "int", typeLongLong: "bigint", typeFloat: "float", typeDouble: "double",
	typeDate: "date", typeNewDate: "date", typeYear: "year", typeTime: "time",
	typeDatetime: "datetime", typeTimestamp: "timestamp", typeJSON: "json",
	typeGeometry: "geometry", typeVector: "vector"}

func (c *Column) baseText(maxLen int) string {
	if text := plainTypes[c.Type]; text != "" {
		return text
	}
	binary := c.Collation == binaryCollation
	switch c.Type {
	case typeNewDecimal:
		return fmt.Sprintf("decimal(%d,%d)", c.Meta>>8, c.Meta&0xff)
	case typeBit:
		return fmt.Sprintf("bit(%d)", int(c.Meta>>8)*8+int(c.Meta&0xff))
	case typeTime2:
		return withDigits("time", c.Meta)
	case typeDatetime2:
		return withDigits("datetime", c.Meta)
	case typeTimestamp2:
		return withDigits("timestamp", c.Meta)
	case typeEnum:
		return "enum(" + quotedList(c.Labels) + ")"
	case typeSet:
		return "set(" + quotedList(c.Labels) + ")"
	case typeBlob, typeBlobPacked:
		size := [5]string{"", "tiny", "", "medium", "long"}[min(c.Meta, 4)]
		if binary {
			return size + "blob"
		}
		return size + "text"
	}
	name := "varchar"
	if c.Type == typeString {
		name = "char"
	}
	if binary {
		return fmt.Sprintf("%s(%d)", strings.Replace(name, "char", "binary", 1), c.Length)
	}
	return fmt.Sprintf("%s(%d)", name, c.Length/max(maxLen, 1))
}

func withDigits(name string, digits uint16) string {
	if digits == 0 {
		return name
	}
	return fmt.Sprintf("%s(%d)", name, digits)
}

func quotedList(labels []string) string {
	quoted := make([]string, len(labels))
	for i, l := range labels {
		quoted[i] = "'" + strings.ReplaceAll(l, "'", "''") + "'"
	}
	return strings.Join(quoted, ",")
}
