package wallet

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"slices"
	"strings"

	"ggsh/ggserr"
)

// An encrypted password is passwordMark and, in base 32 without padding: u8
// version 1, u8 algorithm, 12 bytes nonce, then AES-GCM of u16 length and the
// password, filled with zeros to a multiple of 32 bytes, so that its length does
// not tell the password's. Version and algorithm are authenticated.
const (
	passwordMark    = "GGSHPW"
	passwordVersion = 1
	passwordStep    = 32
	maxPassword     = 1024
	maxSealed       = 2048 // of the text

	defaultKeyName = "DEFAULT"
	// defaultKey is in every copy of this program: it hides from a glance only.
	defaultKey = "ggsh: the DEFAULT key of ENCRYPT PASSWORD is no secret"
)

// Algorithms are the words for AES with keys of that many bits, and BLOWFISH,
// which older files say; it is done as AES256.
var Algorithms = []string{"AES128", "AES192", "AES256", "BLOWFISH"}

// algorithmKey is the key size in bytes of an algorithm; 0 for an unknown one.
func algorithmKey(algorithm string) int {
	return map[string]int{"AES128": 16, "AES192": 24, "AES256": 32, "BLOWFISH": 32}[algorithm]
}

// foreign is what is said of a password that GoldenGate itself encrypted.
const foreign = "it is not of this program's making; what GoldenGate itself encrypted " +
	"cannot be read"

// Encrypt gives a password in the form of parameter files. keyName is DEFAULT or a
// key of ENCKEYS with at least the algorithm's bits.
func (r *Ring) Encrypt(password, algorithm, keyName string) (string, error) {
	if len(password) == 0 || len(password) > maxPassword {
		return "", ggserr.New(ggserr.Generic, "A password of this length cannot be encrypted")
	}
	number := slices.Index(Algorithms, algorithm)
	box, err := r.passwordBox(number, keyName)
	if err != nil {
		return "", err
	}
	plain := binary.LittleEndian.AppendUint16(nil, uint16(len(password)))
	plain = append(plain, password...)
	for len(plain)%passwordStep != 0 {
		plain = append(plain, 0)
	}
	head := []byte{passwordVersion, byte(number)}
	nonce := make([]byte, box.NonceSize())
	rand.Read(nonce)
	sealed := box.Seal(append(slices.Clone(head), nonce...), nonce, plain, head)
	return passwordMark + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sealed), nil
}

// Decrypt gives the password that Encrypt encrypted. The text itself says with
// which algorithm.
func (r *Ring) Decrypt(text, keyName string) (string, error) {
	digits, ok := strings.CutPrefix(strings.ToUpper(text), passwordMark)
	if !ok {
		return "", ggserr.New(ggserr.PasswordSealed, foreign)
	}
	if len(digits) > maxSealed {
		return "", ggserr.New(ggserr.PasswordSealed, "it is too long")
	}
	sealed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(digits)
	if err != nil || len(sealed) < 2 {
		return "", ggserr.New(ggserr.PasswordSealed, "it is cut short or edited")
	}
	if sealed[0] != passwordVersion || int(sealed[1]) >= len(Algorithms) {
		return "", ggserr.New(ggserr.PasswordSealed, "its version is unknown")
	}
	box, err := r.passwordBox(int(sealed[1]), keyName)
	if err != nil {
		return "", err
	}
	head, rest := sealed[:2], sealed[2:]
	if len(rest) < box.NonceSize() {
		return "", ggserr.New(ggserr.PasswordSealed, "it is cut short or edited")
	}
	plain, err := box.Open(nil, rest[:box.NonceSize()], rest[box.NonceSize():], head)
	if err != nil || len(plain) < 2 || int(binary.LittleEndian.Uint16(plain)) > len(plain)-2 {
		return "", ggserr.New(ggserr.PasswordSealed, "key "+strings.ToUpper(keyName)+" does not open it")
	}
	return string(plain[2 : 2+binary.LittleEndian.Uint16(plain)]), nil
}

// passwordBox makes the cipher of an algorithm under a key.
func (r *Ring) passwordBox(algorithm int, keyName string) (cipher.AEAD, error) {
	if algorithm < 0 || algorithm >= len(Algorithms) {
		return nil, ggserr.New(ggserr.PasswordSealed, "its algorithm is unknown").
			Do("Use %s.", strings.Join(Algorithms, ", "))
	}
	name := Algorithms[algorithm]
	size := algorithmKey(name)
	key := []byte(defaultKey)
	if !strings.EqualFold(keyName, defaultKeyName) {
		var err error
		if key, err = r.named(keyName); err != nil {
			return nil, err
		}
		if name != "BLOWFISH" && len(key) < size {
			return nil, ggserr.New(ggserr.KeyMissing, keyName, name+" needs one with more bits").
				Do("Use a shorter algorithm, or a key of keygen %d 1.", size*8)
		}
	} else if name != "BLOWFISH" {
		return nil, ggserr.New(ggserr.KeyMissing, defaultKeyName, "only BLOWFISH has one").
			Do("Use a key of ENCKEYS, or BLOWFISH ENCRYPTKEY DEFAULT.")
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "ggsh password "+name, size)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
