package trail

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"ggsh/ggserr"
)

// keyring is the keys of a test: versions of one master key, and named keys.
type keyring struct {
	versions [][]byte
	gone     map[uint32]bool
	named    map[string][]byte
}

func (k *keyring) Current() (string, uint32, []byte, error) {
	return "MASTER", uint32(len(k.versions)), k.versions[len(k.versions)-1], nil
}

func (k *keyring) Key(name string, version uint32) ([]byte, error) {
	if version == 0 && k.named[name] != nil {
		return k.named[name], nil
	}
	if version == 0 || int(version) > len(k.versions) || k.gone[version] {
		return nil, ggserr.New(ggserr.KeyMissing, name, fmt.Sprint("no version ", version))
	}
	return k.versions[version-1], nil
}

func newKeyring() *keyring {
	return &keyring{versions: [][]byte{bytes.Repeat([]byte{1}, 32)}, gone: map[uint32]bool{},
		named: map[string][]byte{"short": bytes.Repeat([]byte{2}, 16)}}
}

// testSeal makes the writers of a test encrypt, and testKeys are the keys of its
// readers and writers.
var (
	testSeal *Encryption
	testKeys Keys = newKeyring()
)

func testTxnOptions() TxnOptions {
	return TxnOptions{ReaderOptions: ReaderOptions{Keys: testKeys}}
}

// sealed runs a test of plain trails once more on encrypted ones.
func sealed(t *testing.T, a Algorithm, test func(t *testing.T)) {
	t.Run(a.String(), func(t *testing.T) {
		testSeal, testKeys = &Encryption{Algorithm: a}, newKeyring()
		defer func() { testSeal = nil }()
		test(t)
	})
}

// TestSealedTrails: what holds for trails holds for encrypted ones.
func TestSealedTrails(t *testing.T) {
	sealed(t, AES128, TestAnyLifeReadsBack)
	sealed(t, AES192, TestAnyLifeReadsBack)
	sealed(t, AES256, func(t *testing.T) {
		t.Run("AnyLife", TestAnyLifeReadsBack)
		t.Run("Killed", TestKilledWriterLosesNothing)
		t.Run("CutAtEachOffset", TestCutAtEachOffset)
		t.Run("EachBitFlip", TestEachBitFlipIsNoticed)
		t.Run("EachFault", TestEachFaultStopsAndHeals)
		t.Run("LongRecord", TestLongRecord)
		t.Run("Detached", TestDetachedTransactionsStay)
		t.Run("Forget", TestForgetBeginsAnew)
		t.Run("Durable", TestOpenKnowsWhatWasDurable)
	})
}

// secretTrail writes one transaction with a text to look for.
func secretTrail(t *testing.T, cfg WriterConfig) {
	t.Helper()
	w := mustOpen(t, cfg)
	if err := w.BeginTxn(testInfo(1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Op(testTable(1), insertOp(1, 7, "the secret text"), true); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestSealedFileTellsNothing: neither values nor table and column names are in an
// encrypted file, and two files have nothing in common but lengths.
func TestSealedFileTellsNothing(t *testing.T) {
	n := testName(t)
	cfg := testConfig(n)
	cfg.Encrypt = &Encryption{Algorithm: AES256}
	secretTrail(t, cfg)
	content, err := os.ReadFile(n.File(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"secret", "EMP", "NAME"} {
		if bytes.Contains(content, []byte(word)) {
			t.Errorf("the file tells %q", word)
		}
	}
	h, err := ReadHeader(n.File(0))
	if err != nil || h.Seal == nil ||
		h.Seal.String() != "AES256 under version 1 of master key MASTER" {
		t.Fatal(h, err)
	}
	wantTxns(t, n, Position{}, "1[7]")
}

// TestKeyIsMissed: a reader without the key names file, key and version.
func TestKeyIsMissed(t *testing.T) {
	for what, keys := range map[string]Keys{
		"no keys":        nil,
		"version 1":      &keyring{versions: nil},
		"is another one": &keyring{versions: [][]byte{bytes.Repeat([]byte{9}, 32)}},
	} {
		n := testName(t)
		cfg := testConfig(n)
		cfg.Encrypt = &Encryption{Algorithm: AES192}
		secretTrail(t, cfg)
		_, err := OpenReader(n, Position{}, ReaderOptions{Keys: keys})
		var missing *KeyError
		if !errors.As(err, &missing) || ggserr.NumberOf(err) != ggserr.TrailKey ||
			!strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), n.File(0)) ||
			!strings.Contains(err.Error(), "version 1 of master key MASTER") {
			t.Errorf("%s: %v", what, err)
		}
		cfg.Keys = keys
		if _, err := Open(cfg); !errors.As(err, &missing) {
			t.Errorf("%s: a writer opens the trail: %v", what, err)
		}
		s, err := OpenScanner(n.File(0), keys)
		if err != nil {
			t.Fatal(err)
		}
		if rec, err := s.Next(); err != nil || rec.Type != TypeHeader {
			t.Errorf("%s: the header: %v", what, err)
		}
		if _, err := s.Next(); !errors.As(err, &missing) {
			t.Errorf("%s: behind the header: %v", what, err)
		}
		s.Close()
	}
}

// TestRenewedKeysAndMixedTrails: each file is read with the key that it names; a
// trail may have files in clear and encrypted ones.
func TestRenewedKeysAndMixedTrails(t *testing.T) {
	keys := newKeyring()
	testKeys = keys
	n := testName(t)
	cfg := testConfig(n)
	for i, e := range []*Encryption{nil, {Algorithm: AES128}, {Algorithm: AES256},
		{Algorithm: AES128, KeyName: "short"}, nil, {Algorithm: AES192}} {
		cfg.Encrypt = e
		w := mustOpen(t, cfg)
		put(t, w, testTable(1), 2*i+1, 1)
		keys.versions = append(keys.versions, bytes.Repeat([]byte{byte(10 + i)}, 32))
		if err := w.Rollover(); err != nil { // the new version counts from the next file on
			t.Fatal(err)
		}
		put(t, w, testTable(1), 2*i+2, 1)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var want []string
	for i := 1; i <= 12; i++ {
		want = append(want, fmt.Sprintf("%d[0]", i))
	}
	wantTxns(t, n, Position{}, want...)
	for seqno, version := range map[uint32]uint32{2: 2, 3: 3, 4: 3, 5: 4, 6: 0, 10: 6, 11: 7} {
		h, err := ReadHeader(n.File(seqno))
		if err != nil || h.Seal == nil || h.Seal.KeyVersion != version {
			t.Errorf("file %d: %v, %v", seqno, h.Seal, err)
		}
	}
	keys.gone[3] = true
	got, err := readTxns(n, Position{}, TxnOptions{})
	if !errors.As(err, new(*KeyError)) || len(got) != 3 {
		t.Fatal(got, err)
	}
}

// TestShortKeyIsRefused: a named key has at least the algorithm's bits.
func TestShortKeyIsRefused(t *testing.T) {
	cfg := testConfig(testName(t))
	cfg.Keys, cfg.Encrypt = newKeyring(), &Encryption{Algorithm: AES256, KeyName: "short"}
	if _, err := Open(cfg); ggserr.NumberOf(err) != ggserr.KeyMissing {
		t.Fatal(err)
	}
}

// TestForgeryIsNoticed changes an encrypted file as somebody does who can make
// checksums right, but has no key: nothing that was not written is read.
func TestForgeryIsNoticed(t *testing.T) {
	n := testName(t)
	cfg := testConfig(n)
	cfg.Encrypt, cfg.Keys = &Encryption{Algorithm: AES256}, newKeyring()
	testKeys = cfg.Keys
	w := mustOpen(t, cfg)
	put(t, w, testTable(1), 1, 2)
	put(t, w, testTable(1), 2, 2)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(n.File(0))
	if err != nil {
		t.Fatal(err)
	}
	var starts []uint64
	r, err := OpenFile(n.File(0), 0, testKeys)
	if err != nil {
		t.Fatal(err)
	}
	for {
		rec, err := r.Next()
		if err != nil {
			break
		}
		starts = append(starts, rec.Pos.RBA)
	}
	r.Close()
	reseal := func(b []byte, i int, change func(frame []byte)) {
		end := uint64(len(b))
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		frame := b[starts[i]:end]
		change(frame)
		sealFrame(frame, Type(frame[10]), frame[11])
	}
	for i := range starts {
		for what, change := range map[string]func(f []byte){
			"last byte":  func(f []byte) { f[len(f)-1] ^= 1 },
			"first byte": func(f []byte) { f[frameHead] ^= 1 },
			"flags":      func(f []byte) { f[11] ^= FlagLast },
		} {
			if i == 0 && what == "flags" {
				continue // a header has none
			}
			b := bytes.Clone(good)
			reseal(b, i, change)
			if err := os.WriteFile(n.File(0), b, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := readTxns(n, Position{}, TxnOptions{}); !errors.As(err, new(*CorruptError)) {
				t.Errorf("frame %d, %s: %v, %v", i, what, got, err)
			}
		}
	}
	// The operations of one transaction change places.
	b := bytes.Clone(good)
	a, c, end := starts[3], starts[4], starts[5]
	copy(b[a:], good[c:end])
	copy(b[a+end-c:], good[a:c])
	if err := os.WriteFile(n.File(0), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readTxns(n, Position{}, TxnOptions{}); !errors.As(err, new(*CorruptError)) {
		t.Errorf("moved: %v, %v", got, err)
	}
}

// FuzzSealedReader reads any bytes behind an encrypted file's header, their
// checksum made right: nothing but what was written is read.
func FuzzSealedReader(f *testing.F) {
	keys := newKeyring()
	n := testName(f)
	cfg := testConfig(n)
	cfg.Encrypt, cfg.Keys = &Encryption{Algorithm: AES128}, keys
	w := mustOpen(f, cfg)
	put(f, w, testTable(1), 1, 1)
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(n.File(0))
	if err != nil {
		f.Fatal(err)
	}
	head := int(frameHead) + int(good[0]) + int(good[1])<<8
	f.Add(byte(TypeOp), byte(3), insertOp(1, 7, "text"))
	f.Add(byte(TypeTxn), byte(0), []byte{})
	f.Fuzz(func(t *testing.T, typ, flags byte, body []byte) {
		n := testName(t)
		b := appendFrame(bytes.Clone(good[:head]), Type(typ), flags, body)
		if err := os.WriteFile(n.File(0), b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := OpenFile(n.File(0), 0, keys)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if rec, err := r.Next(); !errors.As(err, new(*CorruptError)) {
			t.Fatal(rec, err)
		}
	})
}
