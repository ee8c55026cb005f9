package lake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"time"

	"ggsh/handler"
)

// commitVersion is the version of the commit record's form.
const commitVersion = 1

// maxCommitBytes bounds a commit record on reading.
const maxCommitBytes = 64 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Commit is a commit record: one publication of files together with the
// checkpoint that they bring the group to.
type Commit struct {
	Version int    `json:"version"`
	Group   string `json:"group"`
	Key     uint64 `json:"key"`
	Epoch   uint64 `json:"epoch"`
	// Number counts the group's commits, from 1.
	Number     uint64             `json:"number"`
	Time       time.Time          `json:"time"`
	Checkpoint handler.Checkpoint `json:"checkpoint"`
	// Files are published by this commit.
	Files []CommitFile `json:"files"`
	// Open are files of earlier commits that later ones may still add to.
	Open []CommitFile `json:"open,omitempty"`
}

// CommitFile is one file of a commit.
type CommitFile struct {
	// Stream identifies the run of files that this one is of.
	Stream     string `json:"stream"`
	Table      string `json:"table,omitempty"`      // empty when it may hold several
	Definition string `json:"definition,omitempty"` // digest of the table's definition
	// Temp is the name before the publication; empty in Commit.Open.
	Temp   string   `json:"temp,omitempty"`
	Final  string   `json:"final"`
	Bytes  int64    `json:"bytes"`
	CRC32C checksum `json:"crc32c"`
	Rows   int64    `json:"rows"`
	// Start and End are the trail positions of the first and the last operation.
	Start     string `json:"start"`
	End       string `json:"end"`
	Inserts   int64  `json:"inserts,omitempty"`
	Updates   int64  `json:"updates,omitempty"`
	Deletes   int64  `json:"deletes,omitempty"`
	Truncates int64  `json:"truncates,omitempty"`
	// Created and Written are when the file was begun and last written to.
	Created time.Time `json:"created"`
	Written time.Time `json:"written"`
	// Ended says that nothing will be added.
	Ended bool `json:"ended,omitempty"`
}

// checksum is a CRC-32C, in JSON eight hexadecimal digits.
type checksum uint32

// MarshalText prints the digits.
func (c checksum) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%08x", uint32(c)), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *checksum) UnmarshalText(b []byte) error {
	var n uint32
	if _, err := fmt.Sscanf(string(b), "%08x", &n); err != nil || len(b) != 8 {
		return fmt.Errorf("lake: %q is not a CRC-32C in eight digits", b)
	}
	*c = checksum(n)
	return nil
}

// trailerPrefix begins the last line of a commit record.
const trailerPrefix = "crc32c "

// encode gives the record's file: JSON, then a line with its CRC-32C.
func (c *Commit) encode() ([]byte, error) {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("lake: commit record: %w", err)
	}
	text = append(text, '\n')
	return fmt.Appendf(text, "%s%08x\n", trailerPrefix, crc32.Checksum(text, castagnoli)), nil
}

// DecodeCommit reads a commit record and checks it.
func DecodeCommit(file []byte) (*Commit, error) {
	at := bytes.LastIndex(file, []byte("\n"+trailerPrefix)) + 1
	if at == 0 {
		return nil, fmt.Errorf("its last line, crc32c, is missing")
	}
	var sum checksum
	last := bytes.TrimSuffix(file[at+len(trailerPrefix):], []byte("\n"))
	if err := sum.UnmarshalText(last); err != nil {
		return nil, fmt.Errorf("its last line is not crc32c and eight digits")
	}
	if got := crc32.Checksum(file[:at], castagnoli); got != uint32(sum) {
		return nil, fmt.Errorf("its CRC-32C is %08x, its last line says %08x", got, uint32(sum))
	}
	c := &Commit{}
	if err := json.Unmarshal(file[:at], c); err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	if c.Version != commitVersion {
		return nil, fmt.Errorf("it has version %d, this program knows version %d", c.Version,
			commitVersion)
	}
	return c, nil
}
