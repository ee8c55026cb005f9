package collector

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/trail"
)

// oneKey has a master key, or says why it has none.
type oneKey struct{ err error }

func (k oneKey) Current() (string, uint32, []byte, error) {
	return "MASTER", 1, bytes.Repeat([]byte{1}, 32), k.err
}

func (k oneKey) Key(string, uint32) ([]byte, error) { return bytes.Repeat([]byte{1}, 32), k.err }

// TestTheCollectorEncrypts: what a sender wants encrypted is encrypted under the
// keys of the collector's home, and found again when the next sender comes.
func TestTheCollectorEncrypts(t *testing.T) {
	r := newRemote(t)
	keys := func(cfg *ServerConfig) { cfg.Keys = oneKey{} }
	for csn := 1; csn <= 2; csn++ {
		cfg := senderConfig(r.start(keys))
		cfg.Encrypt = &trail.Encryption{Algorithm: trail.AES256}
		s := mustDial(t, cfg)
		if last, _, ok := s.Last(); ok != (csn > 1) || ok && last.Minor != uint64(csn-1) {
			t.Fatal("the trail was held up to ", last)
		}
		if err := put(s, testTable(1), csn, 3, "a secret text"); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := r.wait(); err != nil {
			t.Fatal(err)
		}
	}
	name := trail.Name{Dir: filepath.Join(r.home, "dirdat"), Prefix: "rt", Digits: 9}
	for seqno := range uint32(2) {
		content, err := os.ReadFile(name.File(seqno))
		if err != nil || bytes.Contains(content, []byte("secret")) {
			t.Fatalf("file %d is in clear: %v", seqno, err)
		}
	}
	reader, err := trail.OpenTxnReader(name, trail.Position{},
		trail.TxnOptions{ReaderOptions: trail.ReaderOptions{Keys: oneKey{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for csn := uint64(1); csn <= 2; csn++ {
		if txn, err := reader.Next(); err != nil || txn.CSN.Minor != csn || txn.Count != 3 {
			t.Fatal(txn, err)
		}
	}
}

// TestTheCollectorHasNoKey: the sender is told why nothing is written, and
// nothing is written.
func TestTheCollectorHasNoKey(t *testing.T) {
	r := newRemote(t)
	cfg := senderConfig(r.start(func(cfg *ServerConfig) {
		cfg.Keys = oneKey{err: errors.New("there is no wallet")}
	}))
	cfg.Encrypt = &trail.Encryption{Algorithm: trail.AES128}
	if s, err := Dial(context.Background(), cfg); err == nil || !strings.Contains(err.Error(),
		"there is no wallet") {
		t.Fatal(s, err)
	}
	if err := r.wait(); err == nil {
		t.Fatal("the server ended in order")
	}
	files, err := filepath.Glob(filepath.Join(r.home, "dirdat", "rt0*"))
	if err != nil || len(files) > 0 {
		t.Fatal(files, err)
	}
}

// TestOldCollectorsRefuse: a hello that asks for encryption says a version that
// a collector without it does not take; all others stay as they were.
func TestOldCollectorsRefuse(t *testing.T) {
	plain := hello{Version: protocolVersion, Token: "t", Trail: "./dirdat/rt"}
	sealed := hello{Version: sealedVersion, Token: "t", Trail: "./dirdat/rt",
		Algorithm: trail.AES192, KeyName: "k"}
	for _, h := range []hello{plain, sealed} {
		got, err := decodeHello(h.append(nil))
		if err != nil || *got != h {
			t.Fatal(got, err)
		}
	}
	if sealed.Version == plain.Version || plain.encryption() != nil {
		t.Fatal("an old collector would write in clear")
	}
}
