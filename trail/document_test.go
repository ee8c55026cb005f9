package trail

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var writeDocument = flag.Bool("write-document", false, "refresh the dump in docs/TRAIL.md")

const (
	document  = "../docs/TRAIL.md"
	dumpBegin = "<!-- dump: written by go test ./trail -run Document -write-document -->\n```\n"
	sealBegin = "<!-- encrypted dump: written likewise -->\n```\n"
	dumpEnd   = "```\n"
)

// TestDocument keeps the worked dumps of docs/TRAIL.md true.
func TestDocument(t *testing.T) {
	keepDump(t, dumpBegin, exampleDump(t, testConfig(testName(t))))
	cfg := testConfig(testName(t))
	cfg.Encrypt, cfg.Keys = &Encryption{Algorithm: AES128}, newKeyring()
	testKeys = cfg.Keys
	cfg.Random = bytes.NewReader(bytes.Repeat([]byte{7}, 28))
	cfg.Header = HeaderInfo{Group: "EORA"}
	keepDump(t, sealBegin, exampleDump(t, cfg))
}

func keepDump(t *testing.T, dumpBegin, dump string) {
	t.Helper()
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(content), dumpBegin)
	old, tail, ok2 := strings.Cut(rest, dumpEnd)
	if !ok || !ok2 {
		t.Fatal("the document has no dump")
	}
	if dump == old {
		return
	}
	if !*writeDocument {
		t.Fatalf("the dump of the document is not true; it should be\n%s", dump)
	}
	if err := os.WriteFile(document, []byte(head+dumpBegin+dump+dumpEnd+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// exampleDump writes the smallest useful trail file and shows its frames.
func exampleDump(t *testing.T, cfg WriterConfig) string {
	n := cfg.Name
	w := mustOpen(t, cfg)
	put(t, w, testTable(1), 1, 1)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(n.File(0))
	if err != nil {
		t.Fatal(err)
	}
	r, err := OpenFile(n.File(0), 0, testKeys)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b strings.Builder
	for {
		rec, err := r.Next()
		if err != nil {
			return b.String()
		}
		fmt.Fprintf(&b, "%s at RBA %d, %d bytes\n", rec.Type, rec.Pos.RBA, rec.End.RBA-rec.Pos.RBA)
		dump := hex.Dump(content[rec.Pos.RBA:rec.End.RBA])
		for _, line := range strings.Split(strings.TrimSpace(dump), "\n") {
			fmt.Fprintf(&b, "  %s\n", line[4:])
		}
	}
}

func TestHeaderLaws(t *testing.T) {
	good := Header{Version: FormatVersion, Seqno: 5, File: "lt000000005", PrevEnd: 300,
		Created: testClock(), Last: testInfo(9)}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Header){
		"version":     func(h *Header) { h.Version = 2 },
		"features":    func(h *Header) { h.Features = 1 },
		"created":     func(h *Header) { h.Created = time.Time{} },
		"predecessor": func(h *Header) { h.PrevEnd = 3 },
		"last":        func(h *Header) { h.PrevEnd = 0 },
		"number":      func(h *Header) { h.Seqno = 6 },
		"name":        func(h *Header) { h.File = "lt5" },
		"first":       func(h *Header) { h.Seqno, h.File = 0, "lt000000000" },
	} {
		h := good
		change(&h)
		if err := h.Validate(); err == nil {
			t.Errorf("%s: a broken header is valid", name)
		}
	}
}

// TestLengthCheckSeesEachBit: no single damaged bit of a length passes.
func TestLengthCheckSeesEachBit(t *testing.T) {
	for n := uint32(0); n < 5000; n++ {
		for bit := range 32 {
			if lengthCheck(n) == lengthCheck(n^1<<bit) {
				t.Fatalf("length %d, bit %d", n, bit)
			}
		}
	}
	if lengthCheck(0) == 0 {
		t.Fatal("zeros are a frame")
	}
}
