package lake

import (
	"io"
	"time"

	"ggsh/formatter"
	"ggsh/record"
)

// Format makes bytes of operations.
type Format interface {
	// Append appends one operation; after an error dst is as it was.
	Append(dst []byte, c *record.Change) ([]byte, error)
	// Check finds what Append or a file's writer would refuse.
	Check(c *record.Change) error
	// File begins a file that is made as a whole.
	File(w io.Writer, def *record.TableDef) (formatter.FileWriter, error)
	// Schema gives the schema file of a table; no text when the format has none.
	Schema(def *record.TableDef) (file string, text []byte, err error)
}

// Names says which file an operation belongs to.
type Names interface {
	// Stream appends what identifies the run of files that the operation goes to,
	// the same on every replay.
	Stream(dst []byte, c *record.Change) ([]byte, error)
	// Final gives the path of a file that is begun with the operation.
	Final(c *record.Change, now time.Time) (string, error)
}
