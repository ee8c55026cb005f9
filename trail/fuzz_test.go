package trail

import (
	"errors"
	"io"
	"os"
	"testing"
)

// FuzzReader reads any bytes as a trail file: it must end, with the end or an
// error, and never fail otherwise; Scanner and Reader must agree on a file that
// is not damaged.
func FuzzReader(f *testing.F) {
	n := testName(f)
	w := mustOpen(f, testConfig(n))
	put(f, w, testTable(1), 1, 2)
	put(f, w, testTable(2), 2, 1)
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(n.File(0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, uint16(0))
	f.Add(good[:len(good)-7], uint16(200))
	f.Add([]byte{}, uint16(0))
	f.Add(make([]byte, 100), uint16(12))
	f.Fuzz(func(t *testing.T, content []byte, rba uint16) {
		n := testName(t)
		if err := os.WriteFile(n.File(0), content, 0o600); err != nil {
			t.Fatal(err)
		}
		frames := 0
		for r, err := OpenFile(n.File(0), 0, testKeys); err == nil; frames++ {
			if _, err = r.Next(); err != nil {
				if err != io.EOF && !errors.As(err, new(*CorruptError)) {
					t.Fatal(err)
				}
				r.Close()
			}
		}
		if _, err := readTxns(n, Position{RBA: uint64(rba)}, TxnOptions{MemoryLimit: 50}); err == io.EOF {
			t.Fatal(err)
		}
		s, err := OpenScanner(n.File(0), testKeys)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, _, err := s.Seek(uint64(rba)); err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			if _, err := s.Next(); err != nil {
				break
			}
			if i > len(content) {
				t.Fatal("the scanner does not end")
			}
		}
	})
}

// FuzzHeader: what is decoded is encoded again to the same bytes.
func FuzzHeader(f *testing.F) {
	h := &Header{Version: FormatVersion, Seqno: 5, File: "lt000000005", PrevEnd: 300,
		Created: testClock(), Last: testInfo(9), HeaderInfo: testConfig(Name{}).Header}
	f.Add(appendHeader(nil, h))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := decodeHeader(b)
		if err != nil {
			return
		}
		if again, err := decodeHeader(appendHeader(nil, h)); err != nil || again.File != h.File ||
			again.HeaderInfo != h.HeaderInfo || again.PrevEnd != h.PrevEnd {
			t.Fatal(h, again, err)
		}
	})
}
