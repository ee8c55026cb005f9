package lake

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestDocument: the record that docs/LAKE.md shows is one.
func TestDocument(t *testing.T) {
	page, err := os.ReadFile("../../docs/LAKE.md")
	if err != nil {
		t.Fatal(err)
	}
	var example bytes.Buffer
	for line := range strings.Lines(string(page)) {
		text, indented := strings.CutPrefix(line, "    ")
		if indented && (text == "{\n" || example.Len() > 0) {
			example.WriteString(text)
		}
		if !indented && example.Len() > 0 {
			break
		}
	}
	c, err := DecodeCommit(example.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if c.Number != 17 || len(c.Files) != 1 || c.Files[0].Rows != 131 || c.Checkpoint.RBA != 90313 {
		t.Fatalf("%+v", c)
	}
}
