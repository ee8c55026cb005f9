package lake

import (
	"io"
	"time"

	"ggsh/record"
)

// Format makes bytes of operations.
type Format interface {
	// Append appends one operation to a file of a joinable format.
	Append(dst []byte, c *record.Change) ([]byte, error)
	// File begins a file that is made as a whole.
	File(w io.Writer, def *record.TableDef) (FileWriter, error)
	// Joinable says that more operations may be appended to a file that has ended.
	Joinable() bool
	// PerTable says that a file holds operations of one table and definition only.
	PerTable() bool
	// Schema gives the schema file of a table; no text when the format has none.
	Schema(def *record.TableDef) (file string, text []byte, err error)
}

// FileWriter writes one file of a format that makes a file as a whole.
type FileWriter interface {
	Write(c *record.Change) error
	// Buffered is how many bytes are not yet given to the file.
	Buffered() int64
	// Close ends the file's content.
	Close() error
}

// Names says which file an operation belongs to.
type Names interface {
	// Stream appends what identifies the run of files that the operation goes to,
	// the same on every replay.
	Stream(dst []byte, c *record.Change) ([]byte, error)
	// Final gives the path of a file that is begun with the operation.
	Final(c *record.Change, now time.Time) (string, error)
}
