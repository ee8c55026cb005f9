package record

// Txn is one committed transaction of a source, or, without operations, news
// of how far the source was read.
type Txn struct {
	TxnInfo
	// Restart is where the source has to be read from so that everything after
	// this transaction comes again: the source's own text, opaque to others.
	Restart string
	// Ops gives the operations in their order; nil when there are none.
	Ops Ops
}

// Ops gives a transaction's operations one by one, from memory or a spool file.
type Ops interface {
	// Next gives the next operation's definition and bytes, valid until the
	// next call. It returns io.EOF after the last one.
	Next() (*TableDef, []byte, error)
}
