package trail

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"ggsh/ggserr"
)

// Keys finds the keys under which trail files are encrypted. It is asked once for
// each file.
type Keys interface {
	// Current gives the master key that encrypts.
	Current() (name string, version uint32, key []byte, err error)
	// Key gives the version of a master key; version 0 is a key of ENCKEYS.
	Key(name string, version uint32) ([]byte, error)
}

// Algorithm is a cipher of trail files. The numbers are part of the format.
type Algorithm uint8

// The algorithms: AES-GCM with a data key of so many bits.
const (
	AES128 Algorithm = 1
	AES192 Algorithm = 2
	AES256 Algorithm = 3
)

// String names the algorithm as parameters do.
func (a Algorithm) String() string {
	if a >= AES128 && a <= AES256 {
		return [...]string{"AES128", "AES192", "AES256"}[a-1]
	}
	return fmt.Sprintf("algorithm(%d)", uint8(a))
}

// ParseAlgorithm reads what String prints.
func ParseAlgorithm(s string) (Algorithm, error) {
	for a := AES128; a <= AES256; a++ {
		if strings.EqualFold(s, a.String()) {
			return a, nil
		}
	}
	return 0, fmt.Errorf("%q is no algorithm of trails: AES128, AES192 or AES256", s)
}

func (a Algorithm) keySize() int { return 8 + 8*int(a) }

// Encryption is how a writer encrypts its files.
type Encryption struct {
	Algorithm Algorithm
	KeyName   string // of a key of ENCKEYS; empty for the master key
}

// String names the algorithm and the key.
func (e *Encryption) String() string {
	if e.KeyName == "" {
		return e.Algorithm.String() + " under the master key"
	}
	return e.Algorithm.String() + " under key " + e.KeyName + " of ENCKEYS"
}

// Part of the format.
const (
	featureSealed = 2
	sealFixed     = 1 + 4 + keyIDSize + nonceSize
	keyIDSize     = 8
	nonceSize     = 12
	tagSize       = 16
)

// Seal is what an encrypted file's header says of its keys: which one wraps the
// data key, and the wrapped data key.
type Seal struct {
	Algorithm  Algorithm
	KeyName    string
	KeyVersion uint32 // of a master key; 0 for a key of ENCKEYS
	keyID      [keyIDSize]byte
	nonce      [nonceSize]byte
	wrapped    []byte
	bound      []byte // the rest of the header, which the wrapped key authenticates
}

// String names the key: version 2 of master key OGG_DEFAULT_MASTERKEY.
func (s *Seal) String() string {
	if s.KeyVersion == 0 {
		return s.Algorithm.String() + " under key " + s.KeyName + " of ENCKEYS"
	}
	return fmt.Sprintf("%s under version %d of master key %s", s.Algorithm, s.KeyVersion, s.KeyName)
}

func (s *Seal) validate() error {
	switch {
	case s.Algorithm < AES128 || s.Algorithm > AES256:
		return fmt.Errorf("the file is encrypted with %s, which this program does not know", s.Algorithm)
	case s.KeyName == "":
		return errors.New("the file is encrypted, but names no key")
	case len(s.wrapped) != s.Algorithm.keySize()+tagSize:
		return errors.New("the wrapped key of the file has a wrong length")
	}
	return nil
}

// appendSeal appends the section without the wrapped key.
func appendSeal(dst []byte, s *Seal) []byte {
	dst = append(dst, byte(s.Algorithm))
	dst = binary.LittleEndian.AppendUint32(dst, s.KeyVersion)
	dst = append(dst, s.keyID[:]...)
	dst = append(dst, s.nonce[:]...)
	dst = binary.AppendUvarint(dst, uint64(len(s.KeyName)))
	return append(dst, s.KeyName...)
}

// decodeSeal reads the section at the front of rest and gives what follows. whole
// is the header's body, which rest is the end of.
func decodeSeal(whole, rest []byte) (*Seal, []byte, error) {
	short := errors.New("the header ends too early")
	if len(rest) < sealFixed {
		return nil, nil, short
	}
	s := &Seal{Algorithm: Algorithm(rest[0]), KeyVersion: binary.LittleEndian.Uint32(rest[1:])}
	copy(s.keyID[:], rest[5:])
	copy(s.nonce[:], rest[5+keyIDSize:])
	name, rest, ok := cutString(rest[sealFixed:])
	if !ok {
		return nil, nil, short
	}
	front := whole[:len(whole)-len(rest)]
	wrapped, rest, ok := cutString(rest)
	if !ok {
		return nil, nil, short
	}
	s.KeyName, s.wrapped = string(name), append([]byte(nil), wrapped...)
	s.bound = append(append([]byte(nil), front...), rest...)
	return s, rest, nil
}

// cutString takes the uvarint length and its bytes off b.
func cutString(b []byte) (s, rest []byte, ok bool) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, false
	}
	return b[w : w+int(n)], b[w+int(n):], true
}

// newSeal makes the keys of a new file: a random data key, to be wrapped when the
// header is known.
func newSeal(e *Encryption, keys Keys, random io.Reader) (s *Seal, key, data []byte, err error) {
	s = &Seal{Algorithm: e.Algorithm, KeyName: e.KeyName}
	if keys == nil || e.Algorithm < AES128 || e.Algorithm > AES256 {
		return nil, nil, nil, fmt.Errorf("trail: no keys, or no algorithm: %s", e.Algorithm)
	}
	if e.KeyName == "" {
		s.KeyName, s.KeyVersion, key, err = keys.Current()
	} else {
		key, err = keys.Key(e.KeyName, 0)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	if len(key) < e.Algorithm.keySize() {
		return nil, nil, nil, ggserr.New(ggserr.KeyMissing, s.KeyName, fmt.Sprintf(
			"%s needs one of %d bits or more", e.Algorithm, 8*e.Algorithm.keySize()))
	}
	s.keyID = idOf(key)
	data = make([]byte, e.Algorithm.keySize())
	if _, err = io.ReadFull(random, data); err == nil {
		_, err = io.ReadFull(random, s.nonce[:])
	}
	return s, key, data, err
}

// idOf tells keys apart without telling them.
func idOf(key []byte) (id [keyIDSize]byte) {
	sum := sha256.Sum256(append([]byte("ggsh trail key id\n"), key...))
	copy(id[:], sum[:])
	return id
}

// wrapBox is the cipher that wraps data keys under key.
func (s *Seal) wrapBox(key []byte) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, "ggsh trail data key "+s.Algorithm.String(),
		s.Algorithm.keySize())
	if err != nil {
		return nil, err
	}
	return newGCM(derived)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// KeyError says that a file is encrypted and its key cannot be had.
type KeyError struct {
	File string
	Key  string // which key: Seal.String
	Err  error
}

func (e *KeyError) Error() string { return e.numbered().Message() }

// Unwrap gives the reason.
func (e *KeyError) Unwrap() error { return e.Err }

// As lets errors.As find the message of the catalog that tells of e.
func (e *KeyError) As(target any) bool { return fill(target, e.numbered()) }

func (e *KeyError) numbered() *ggserr.Error {
	n := ggserr.New(ggserr.TrailKey, e.File, e.Key)
	var why *ggserr.Error
	if !errors.As(e.Err, &why) {
		return n.Because(e.Err)
	}
	text := why.Text
	if why.Err != nil {
		text += ": " + why.Err.Error()
	}
	n.Hint = why.Hint
	return n.Because(errors.New(text))
}

// open gives the cipher of the frames of the file at path.
func (s *Seal) open(path string, keys Keys) (cipher.AEAD, error) {
	fail := func(err error) (cipher.AEAD, error) {
		return nil, &KeyError{File: path, Key: s.String(), Err: err}
	}
	if keys == nil {
		return fail(errors.New("this reader has no keys"))
	}
	key, err := keys.Key(s.KeyName, s.KeyVersion)
	if err != nil {
		return fail(err)
	}
	if idOf(key) != s.keyID {
		return fail(errors.New("the key of that name here is another one"))
	}
	box, err := s.wrapBox(key)
	if err != nil {
		return fail(err)
	}
	data, err := box.Open(nil, s.nonce[:], s.wrapped, s.bound)
	if err != nil {
		return nil, &CorruptError{File: path, Cause: "the header of the encrypted file was changed"}
	}
	return newGCM(data)
}

// crypt seals and opens the bodies of one file's frames. The nonce is the frame's
// offset, which comes once under a file's data key: files are only appended to.
type crypt struct {
	box   cipher.AEAD // nil: in clear
	nonce [nonceSize]byte
	bound [2]byte // type and flags, authenticated with the body
}

// overhead is how much longer a body gets.
func (c *crypt) overhead() int {
	if c.box == nil {
		return 0
	}
	return tagSize
}

func (c *crypt) at(rba uint64, t Type, flags byte) {
	binary.LittleEndian.PutUint64(c.nonce[:], rba)
	c.bound = [2]byte{byte(t), flags}
}

// appendBody appends the body of the frame at rba as the file has it.
func (c *crypt) appendBody(dst []byte, rba uint64, t Type, flags byte, body []byte) []byte {
	if c.box == nil {
		return append(dst, body...)
	}
	c.at(rba, t, flags)
	return c.box.Seal(dst, c.nonce[:], body, c.bound[:])
}

// openBody opens the body of the frame at rba in place. The header stays in clear.
func (c *crypt) openBody(rba uint64, t Type, flags byte, body []byte) ([]byte, bool) {
	if c.box == nil || rba == 0 {
		return body, true
	}
	c.at(rba, t, flags)
	plain, err := c.box.Open(body[:0], c.nonce[:], body, c.bound[:])
	return plain, err == nil
}
