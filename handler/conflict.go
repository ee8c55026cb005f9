package handler

// ConflictType is a way in which a row of the target is not as the source had it.
type ConflictType string

// The types, by the names of RESOLVECONFLICT.
const (
	InsertRowExists  ConflictType = "INSERTROWEXISTS"
	UpdateRowExists  ConflictType = "UPDATEROWEXISTS"
	UpdateRowMissing ConflictType = "UPDATEROWMISSING"
	DeleteRowExists  ConflictType = "DELETEROWEXISTS"
	DeleteRowMissing ConflictType = "DELETEROWMISSING"
)

// Conflicts is COMPARECOLS and RESOLVECONFLICT of a table.
type Conflicts struct {
	// Updates and Deletes are the columns whose values before the change must be
	// those of the target's row. What a record does not carry is not compared.
	Updates []int `json:"updates,omitempty"`
	Deletes []int `json:"deletes,omitempty"`
	// Resolve is what to do about a conflict, one entry for each type at most. A
	// conflict of another type is an error of its row.
	Resolve []Resolution `json:"resolve,omitempty"`
}

// Resolution says what to do about one type of conflict.
type Resolution struct {
	Type   ConflictType    `json:"type"`
	Groups []ConflictGroup `json:"groups"`
}

// Method is how a group of columns is resolved.
type Method string

// The methods. UseMin and the others with a column write the incoming values when
// that column's is the smaller (greater) one; those with Eq also when it is equal.
const (
	Overwrite    Method = "OVERWRITE"
	KeepTarget   Method = "IGNORE"
	DiscardGroup Method = "DISCARD"
	UseMin       Method = "USEMIN"
	UseMax       Method = "USEMAX"
	UseMinEq     Method = "USEMINEQ"
	UseMaxEq     Method = "USEMAXEQ"
	UseDelta     Method = "USEDELTA" // add what the source added
)

// ConflictGroup is some columns and their method. The group without columns is the
// default: all that no other group has.
type ConflictGroup struct {
	Columns []int  `json:"columns,omitempty"`
	Method  Method `json:"method"`
	Column  int    `json:"column,omitempty"` // that UseMin and the like compare
}

// TableConflicts counts conflicts of one type for a table id.
type TableConflicts struct {
	ID       uint32       `json:"id"`
	Type     ConflictType `json:"type"`
	Resolved int64        `json:"resolved"`
	Failed   int64        `json:"failed"`
}
