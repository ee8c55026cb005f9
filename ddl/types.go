package ddl

import (
	"strconv"
	"strings"
)

// Type is a column's type taken apart.
type Type struct {
	Base      string // lower case, without synonyms: int, varchar, ...
	Length    int    // of characters or octets
	Precision int
	Scale     int // digits behind the point; of seconds for times
	// Digits is D of FLOAT(M,D) and DOUBLE(M,D), -1 when not given.
	Digits   int
	Unsigned bool
	Labels   []string
	// Compressed is MariaDB's COMPRESSED.
	Compressed bool
}

// synonyms of types, as the servers resolve them.
var synonyms = map[string]string{"integer": "int", "int1": "tinyint", "int2": "smallint",
	"int3": "mediumint", "int4": "int", "int8": "bigint", "middleint": "mediumint",
	"bool": "tinyint", "boolean": "tinyint", "dec": "decimal", "numeric": "decimal",
	"fixed": "decimal", "real": "double", "float8": "double", "float4": "float",
	"character": "char", "nchar": "char", "nvarchar": "varchar", "varcharacter": "varchar",
	"long": "mediumtext", "clob": "longtext", "geomcollection": "geometrycollection",
	"number": "decimal", "varchar2": "varchar", "raw": "varbinary"}

// ParseType takes a type's text apart: varchar(30), bigint(20) unsigned,
// enum('a','b'), double(10,5).
func ParseType(text string) Type {
	t, _ := parseType(newParser(text, false))
	return t
}

// parseType reads a type and its UNSIGNED, ZEROFILL and COMPRESSED.
func parseType(p *parser) (Type, bool) {
	t := Type{Digits: -1}
	base, ok := p.ident()
	if !ok {
		return t, false
	}
	t.Base = strings.ToLower(base)
	t.twoWords(p)
	if s, ok := synonyms[t.Base]; ok {
		if t.Base == "bool" || t.Base == "boolean" {
			t.Length = 1
		}
		t.Base = s
	}
	var numbers []int
	if p.symbol("(") {
		for !p.symbol(")") {
			switch p.tok.kind {
			case tokenEnd:
				return t, false
			case tokenNumber:
				n, err := strconv.Atoi(p.tok.text)
				if err != nil {
					return t, false
				}
				numbers = append(numbers, n)
			case tokenString:
				t.Labels = append(t.Labels, strings.TrimRight(p.tok.text, " "))
			}
			p.advance()
		}
	}
	t.setNumbers(numbers)
	for {
		switch {
		case p.word("UNSIGNED"):
			t.Unsigned = true
		case p.word("ZEROFILL"):
			t.Unsigned = true
		case p.word("SIGNED"):
		case p.word("COMPRESSED"):
			t.Compressed = true
		default:
			return t, true
		}
	}
}

// twoWords joins DOUBLE PRECISION, CHAR VARYING, LONG VARCHAR, NATIONAL CHAR.
func (t *Type) twoWords(p *parser) {
	switch t.Base {
	case "double":
		p.word("PRECISION")
	case "char", "character":
		if p.word("VARYING") {
			t.Base = "varchar"
		}
	case "national":
		if p.word("VARCHAR", "VARCHARACTER") {
			t.Base = "varchar"
		} else if p.word("CHAR", "CHARACTER") {
			t.Base = "char"
			if p.word("VARYING") {
				t.Base = "varchar"
			}
		}
	case "long":
		if p.word("VARBINARY") {
			t.Base = "mediumblob"
		} else {
			p.word("VARCHAR", "CHAR")
			p.word("VARYING")
		}
	}
}

// setNumbers gives the numbers in brackets their meaning.
func (t *Type) setNumbers(n []int) {
	first := func(without int) int {
		if len(n) > 0 {
			return n[0]
		}
		return without
	}
	switch t.Base {
	case "decimal":
		t.Precision = first(10)
		if len(n) > 1 {
			t.Scale = n[1]
		}
	case "float", "double":
		if len(n) > 1 {
			t.Precision, t.Scale, t.Digits = n[0], n[1], n[1]
		} else if t.Base == "float" && first(0) > 24 {
			t.Base = "double"
		}
	case "time", "datetime", "timestamp":
		t.Scale = first(0)
	case "bit", "char", "binary":
		t.Length = first(1)
	case "varchar", "varbinary", "vector", "text", "blob":
		t.Length = first(0)
		t.sizeOfText()
	}
}

// sizeOfText chooses the type of TEXT(n) and BLOB(n).
func (t *Type) sizeOfText() {
	if t.Length == 0 || t.Base != "text" && t.Base != "blob" {
		return
	}
	switch {
	case t.Length < 1<<8:
		t.Base = "tiny" + t.Base
	case t.Length < 1<<16:
	case t.Length < 1<<24:
		t.Base = "medium" + t.Base
	default:
		t.Base = "long" + t.Base
	}
	t.Length = 0
}
