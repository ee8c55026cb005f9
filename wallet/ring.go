package wallet

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"ggsh/ggserr"
	"ggsh/sealedfile"
)

// Sizes of the keys of ENCKEYS, in bits.
const (
	minBits = 128
	maxBits = 512
)

// Ring is all keys of a home: its wallet's and those of ENCKEYS.
type Ring struct {
	Wallet *Wallet
	Name   string // of the master key
	Path   string // of ENCKEYS
}

// RingOf gives the keys of a home. dir and name are WALLETLOCATION and
// MASTERKEYNAME of GLOBALS, dir resolved; an empty name is the default.
func RingOf(home, dir, name string) *Ring {
	if name == "" {
		name = DefaultName
	}
	return &Ring{Wallet: In(dir), Name: name, Path: filepath.Join(home, "ENCKEYS")}
}

// Current gives the master key that encrypts: name, version and key.
func (r *Ring) Current() (name string, version uint32, key []byte, err error) {
	version, key, err = r.Wallet.Current(r.Name)
	return r.Name, version, key, err
}

// Key gives the version of a master key; version 0 is a key of ENCKEYS.
func (r *Ring) Key(name string, version uint32) ([]byte, error) {
	if version > 0 {
		return r.Wallet.Key(name, version)
	}
	return r.named(name)
}

// named finds a key of ENCKEYS; names are compared in any case.
func (r *Ring) named(name string) ([]byte, error) {
	text, err := sealedfile.ReadSecret(r.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ggserr.New(ggserr.KeyMissing, name, r.Path+" does not exist").
			Do("keygen 256 1 makes a key: write NAME and the key into that file.")
	}
	if err != nil {
		return nil, err
	}
	keys, err := parseKeys(string(text), r.Path)
	if err != nil {
		return nil, err
	}
	key, ok := keys[strings.ToUpper(name)]
	if !ok {
		return nil, ggserr.New(ggserr.KeyMissing, name, r.Path+" does not name it")
	}
	return key, nil
}

// parseKeys reads ENCKEYS: lines of a name and a key, 0x and hexadecimal digits;
// ## begins a remark.
func parseKeys(text, path string) (map[string][]byte, error) {
	keys := map[string][]byte{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(line, "##")
		words := strings.Fields(strings.TrimPrefix(line, "\ufeff"))
		if len(words) == 0 {
			continue
		}
		wrong := func(what string) error {
			return ggserr.New(ggserr.BadParameter, what).At(path, number, 1).
				Do("Write NAME and a key of %d to %d bits, as keygen prints it.", minBits, maxBits)
		}
		if len(words) != 2 {
			return nil, wrong("the line is not a name and a key")
		}
		name := strings.ToUpper(words[0])
		digits, ok := strings.CutPrefix(strings.ToLower(words[1]), "0x")
		key, err := hex.DecodeString(digits)
		if !ok || err != nil || len(key) < minBits/8 || len(key) > maxBits/8 {
			return nil, wrong("the key of " + name + " is none")
		}
		if _, twice := keys[name]; twice {
			return nil, wrong("key " + name + " is there twice")
		}
		if name == defaultKeyName {
			return nil, wrong("DEFAULT cannot be the name of a key")
		}
		keys[name] = key
	}
	return keys, nil
}

// Generate gives n random keys of so many bits, as ENCKEYS has them.
func Generate(bits, n int) ([]string, error) {
	if bits < minBits || bits > maxBits || bits%8 != 0 {
		return nil, fmt.Errorf("a key of %d bits; possible are %d to %d, in steps of 8", bits, minBits,
			maxBits)
	}
	var out []string
	key := make([]byte, bits/8)
	for range n {
		rand.Read(key)
		out = append(out, "0x"+strings.ToUpper(hex.EncodeToString(key)))
	}
	return out, nil
}
