// Package record holds what a change means: operations, transactions, table
// definitions, values and commit sequence numbers, and their one binary form.
//
// It is not a file format: package trail frames these bytes, package collector
// carries them between hosts, and package handler brings them to a target; all
// three carry the same bytes. Its law: a value is exact or it is not there. No
// value passes through a floating point number that was not one at its source,
// and a missing column is never NULL.
package record

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// CSN is a commit sequence number: the place of a transaction in its source's
// order of commits. Major counts log files where a source has them (the binlog
// file number) and is zero elsewhere; Minor is the offset, SCN or LSN.
type CSN struct {
	Major uint64
	Minor uint64
}

// Compare returns -1, 0 or 1 as c commits before, with or after d.
func (c CSN) Compare(d CSN) int {
	switch {
	case c.Major < d.Major:
		return -1
	case c.Major > d.Major:
		return 1
	case c.Minor < d.Minor:
		return -1
	case c.Minor > d.Minor:
		return 1
	}
	return 0
}

// IsZero reports whether c is before every transaction.
func (c CSN) IsZero() bool { return c == CSN{} }

// String prints Minor alone, or both as 000012:000000000000001234.
func (c CSN) String() string {
	if c.Major == 0 {
		return strconv.FormatUint(c.Minor, 10)
	}
	return fmt.Sprintf("%06d:%018d", c.Major, c.Minor)
}

// ParseCSN reads what String prints.
func ParseCSN(s string) (CSN, error) {
	major, minor, two := strings.Cut(s, ":")
	if !two {
		major, minor = "0", major
	}
	hi, err := strconv.ParseUint(major, 10, 64)
	if err != nil {
		return CSN{}, fmt.Errorf("csn %q: %w", s, err)
	}
	lo, err := strconv.ParseUint(minor, 10, 64)
	if err != nil {
		return CSN{}, fmt.Errorf("csn %q: %w", s, err)
	}
	return CSN{Major: hi, Minor: lo}, nil
}

// MarshalText and UnmarshalText make a CSN its printed form in JSON.
func (c CSN) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *CSN) UnmarshalText(b []byte) (err error) {
	*c, err = ParseCSN(string(b))
	return err
}

// TxnInfo is what all operations of a transaction share. It stands once in
// front of them.
type TxnInfo struct {
	CSN        CSN
	XID        string    // the source's transaction id: a GTID, an XID, a number
	CommitTime time.Time // at the source, UTC, to the nanosecond
	User       string    // who changed the rows, if the source tells
	Tag        string    // replication tag, for loop prevention
	// Origin is the position of this transaction's first record in the trail
	// that it was copied from; zero where it was captured.
	OriginSeqno uint32
	OriginRBA   uint64
	// Continued says that the transaction began in an earlier trail file.
	Continued bool
}

// OpType is the kind of an operation. The numbers are part of the binary form.
type OpType uint8

// The operations.
const (
	Insert   OpType = 1
	Update   OpType = 2
	Delete   OpType = 3
	Truncate OpType = 4 // all rows of Table; no images
	PKUpdate OpType = 5 // an Update that changes the key; the before image has the old key
	DDL      OpType = 6 // a statement; see DecodeDDL
)

// String names the operation as GoldenGate's GGHEADER OPTYPE does.
func (t OpType) String() string {
	switch t {
	case Insert:
		return "INSERT"
	case Update:
		return "UPDATE"
	case Delete:
		return "DELETE"
	case Truncate:
		return "TRUNCATE"
	case PKUpdate:
		return "PK UPDATE"
	case DDL:
		return "DDL"
	}
	return fmt.Sprintf("OPTYPE(%d)", uint8(t))
}

// Op is a decoded view of an operation: its images alias the bytes it was
// decoded from and live as long as they do.
type Op struct {
	Type   OpType
	Table  uint32 // the id of the table definition, unique within one writer
	Before Image  // nil when absent
	After  Image  // nil when absent
	// Compressed says that the after image of an update has only key and
	// changed columns, or that an image lacks columns for another reason.
	Compressed bool
	Tokens     Tokens // user tokens; nil when absent
	body       []byte
}

// Body is the operation's whole binary form.
func (o *Op) Body() []byte { return o.body }

// DDLStatement is the content of a DDL operation.
type DDLStatement struct {
	Kind   string // CREATE, ALTER, DROP, RENAME, TRUNCATE
	Schema string // the default schema of the session
	Object string // TABLE, INDEX, VIEW, ...
	Name   string // schema.name of the object, as far as it is known
	Text   string // the statement, UTF-8
}

// Tokens are user tokens as encoded pairs, in their order.
type Tokens []byte
