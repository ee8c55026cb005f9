package logdump

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/record"
	"ggsh/trail"
)

// oneKey has a master key, or says why it has none.
type oneKey struct{ err error }

func (k oneKey) Current() (string, uint32, []byte, error) {
	return "MASTER", 3, bytes.Repeat([]byte{1}, 32), k.err
}

func (k oneKey) Key(string, uint32) ([]byte, error) { return bytes.Repeat([]byte{1}, 32), k.err }

// TestEncryptedTrail: with the key records are shown, without it the header, and
// which key is missing.
func TestEncryptedTrail(t *testing.T) {
	n := trail.Name{Dir: t.TempDir(), Prefix: "lt", Digits: 9}
	w, err := trail.Open(trail.WriterConfig{Name: n, Now: clock, Keys: oneKey{},
		Encrypt: &trail.Encryption{Algorithm: trail.AES256}})
	if err == nil {
		err = w.BeginTxn(&record.TxnInfo{CSN: record.CSN{Minor: 1}, XID: "x", CommitTime: clock()})
	}
	if err == nil {
		err = w.Op(empTable(), operation(record.Insert, nil, &row{no: 1, name: "SMITH"}), true)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	const seal = "AES256 under version 3 of master key MASTER"
	for _, missing := range []error{nil, errors.New("no wallet here")} {
		var out bytes.Buffer
		s := NewSession(Config{Out: &out, Keys: func(path string) (trail.Keys, error) {
			if filepath.Dir(path) != n.Dir {
				t.Error("keys are asked for ", path)
			}
			return oneKey{err: missing}, nil
		}})
		err := s.RunText(context.Background(), "OPEN "+n.File(0)+"; FILEHEADER ON; GHDR ON; DECRYPT ON; "+
			"DETAIL DATA; N 5; COUNT")
		if err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if !strings.Contains(text, "Encrypted  : "+seal) ||
			strings.Contains(text, "SMITH") != (missing == nil) ||
			strings.Contains(text, "encrypted with "+seal+", which cannot be used: no wallet here") !=
				(missing != nil) {
			t.Errorf("%v:\n%s", missing, text)
		}
	}
}
