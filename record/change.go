package record

// Change is an operation with all that is known of where it comes from: what
// formats, templates and message keys are made of. It aliases the bytes that it
// was decoded from and lives as long as they do.
type Change struct {
	Op Op
	// Def describes the columns of the images, under the name of the target table.
	Def *TableDef
	// Source is the full name of the source table.
	Source string
	// Key are the columns that find a row, as the mapping sees them.
	Key []int
	Txn *TxnInfo
	// Seqno and RBA are the position of the operation in the trail it was read from.
	Seqno uint32
	RBA   uint64
	// Index is the operation's number within its source transaction, from 0, as
	// the trail counts; operations that were left out leave gaps.
	Index int
	// Last says that no further operation of the transaction follows.
	Last bool
}
