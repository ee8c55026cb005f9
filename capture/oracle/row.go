package oracle

import "time"

// Code is an operation code of V$LOGMNR_CONTENTS.
type Code int

// The codes that are read.
const (
	CodeInternal    Code = 0
	CodeInsert      Code = 1
	CodeDelete      Code = 2
	CodeUpdate      Code = 3
	CodeDDL         Code = 5
	CodeStart       Code = 6
	CodeCommit      Code = 7
	CodeLOBSelect   Code = 9
	CodeLOBWrite    Code = 10
	CodeLOBTrim     Code = 11
	CodeMarker      Code = 27
	CodeLOBErase    Code = 29
	CodeMissing     Code = 34
	CodeRollback    Code = 36
	CodeXMLBegin    Code = 68
	CodeXMLWrite    Code = 70
	CodeXMLEnd      Code = 71
	CodeLongBegin   Code = 91
	CodeLongWrite   Code = 92
	CodeLongEnd     Code = 93
	CodeUnsupported Code = 255
)

// XID is a transaction id as the database prints it: undo segment, slot and sequence,
// each little endian.
type XID [8]byte

// Row is one row of V$LOGMNR_CONTENTS. Its slices live until the next one is read.
type Row struct {
	SCN       uint64
	Time      time.Time
	Code      Code
	Status    int
	Info      string
	XID       XID
	Rollback  bool // the row undoes an earlier one
	Continues bool // CSF: the text goes on in the next row
	RSID      string
	SSN       int64
	Thread    int
	RowID     string
	Object    uint32 // DATA_OBJ#
	Owner     string // SEG_OWNER
	Table     string // TABLE_NAME
	Container uint32 // SRC_CON_ID
	User      string
	Redo      []byte
}

// Table is a table as the dictionary describes it.
type Table struct {
	Object  uint32   `json:"object"`
	Owner   string   `json:"owner"`
	Name    string   `json:"name"`
	Columns []Column `json:"columns"` // by segment column number
	// Key and Unique are positions in Columns: the primary key, and further unique keys.
	Key       []int   `json:"key,omitempty"`
	Unique    [][]int `json:"unique,omitempty"`
	Temporary bool    `json:"temporary,omitempty"`
}

// Column is one column of a table.
type Column struct {
	Name      string `json:"name"`
	Number    int    `json:"number"` // in the segment: n of "COL n"; 0 has none
	Type      string `json:"type"`   // as the dictionary prints it: TIMESTAMP(6)
	Length    int    `json:"length,omitempty"`
	Precision int    `json:"precision,omitempty"` // 0: none
	Scale     int    `json:"scale,omitempty"`
	NoScale   bool   `json:"noScale,omitempty"`  // a NUMBER without precision and scale
	National  bool   `json:"national,omitempty"` // kept in the national character set
	Nullable  bool   `json:"nullable,omitempty"`
	Hidden    bool   `json:"hidden,omitempty"` // not part of rows: of the database's own
	Virtual   bool   `json:"virtual,omitempty"`
}

// LOB reports whether values may be kept out of their row.
func (c *Column) LOB() bool {
	switch c.Type {
	case "CLOB", "NCLOB", "BLOB", "XMLTYPE", "SYS.XMLTYPE", "JSON":
		return true
	}
	return false
}
