// Package wallet keeps what secrets are encrypted under: the wallet of master
// keys, the keys that an operator wrote into ENCKEYS, and passwords in the
// encrypted form of parameter files.
//
// It encrypts no trail: package trail asks it for keys by name and version. Its
// law: a version of a master key is never changed and never given out twice;
// one that is marked deleted opens nothing until it is undeleted; and no key and
// no password is in an error's text. docs/WALLET.md describes its files.
package wallet

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ggsh/ggserr"
	"ggsh/sealedfile"
)

const (
	// DefaultName is the name of the master key when GLOBALS has no MASTERKEYNAME.
	DefaultName = "OGG_DEFAULT_MASTERKEY"

	walletHeader = `# ggsh master key wallet, version 1
# Encrypted with AES-256-GCM. The key is in masterkeys.key beside this file:
# whoever can read both files can read encrypted trails. Keep both at mode 0600.
`
	keyBytes = 32
)

// Status is what a version of a master key may be used for.
type Status string

// The states of a version.
const (
	Current   Status = "Current"   // encrypts, and opens what it encrypted
	Available Status = "Available" // opens what it encrypted
	Deleted   Status = "Deleted"   // neither, until it is undeleted
)

// Version is one version of a master key, without the key.
type Version struct {
	Number  uint32    `json:"version"`
	Created time.Time `json:"created"`
	Status  Status    `json:"status"`
}

// masterKey is one version as the wallet's file has it.
type masterKey struct {
	Name    string    `json:"name"`
	Version uint32    `json:"version"`
	Created time.Time `json:"created"`
	Deleted bool      `json:"deleted,omitempty"`
	Key     []byte    `json:"key"`
}

// content is what the wallet's file holds. Last has the highest version that
// each name ever had: numbers are not given twice, after PURGE WALLET either.
type content struct {
	Keys []masterKey       `json:"keys"`
	Last map[string]uint32 `json:"last"`
}

// Wallet is the wallet of a directory.
type Wallet struct {
	dir  string
	file sealedfile.File
}

// In names the wallet of a directory; nothing is opened.
func In(dir string) *Wallet {
	return &Wallet{dir: dir, file: sealedfile.File{Path: filepath.Join(dir, "masterkeys.gcm"),
		KeyPath: filepath.Join(dir, "masterkeys.key"), What: "Wallet", Header: walletHeader,
		Mend: "Restore both files of it from a backup, or copy them from a home that has them"}}
}

// Dir is where the wallet lies.
func (w *Wallet) Dir() string { return w.dir }

// Create makes an empty wallet.
func (w *Wallet) Create() error {
	plain, err := json.Marshal(content{Keys: []masterKey{}, Last: map[string]uint32{}})
	if err != nil {
		return err
	}
	return w.file.Create(plain)
}

// Open reads the wallet to see that it can be.
func (w *Wallet) Open() error {
	_, err := w.load()
	return err
}

// Add makes the first version of a master key.
func (w *Wallet) Add(name string, now time.Time) error {
	return w.change(func(c *content) error {
		if c.Last[name] > 0 {
			return ggserr.New(ggserr.Generic, fmt.Sprintf("Master key '%s' already exists in wallet at "+
				"location '%s'", name, w.dir)).Do("RENEW MASTERKEY makes the next version.")
		}
		c.grow(name, now)
		return nil
	})
}

// Renew makes the next version of a master key, which is the current one from now
// on, and gives its number.
func (w *Wallet) Renew(name string, now time.Time) (version uint32, err error) {
	err = w.change(func(c *content) error {
		if c.Last[name] == 0 {
			return w.missing(name)
		}
		version = c.grow(name, now)
		return nil
	})
	return version, err
}

func (c *content) grow(name string, now time.Time) uint32 {
	key := make([]byte, keyBytes)
	rand.Read(key)
	if c.Last == nil {
		c.Last = map[string]uint32{}
	}
	c.Last[name]++
	c.Keys = append(c.Keys, masterKey{Name: name, Version: c.Last[name], Created: now.UTC(), Key: key})
	return c.Last[name]
}

// Delete marks a version deleted; Undelete takes the mark away.
func (w *Wallet) Delete(name string, version uint32) error { return w.mark(name, version, true) }

// Undelete makes a version that is marked deleted usable again.
func (w *Wallet) Undelete(name string, version uint32) error { return w.mark(name, version, false) }

func (w *Wallet) mark(name string, version uint32, deleted bool) error {
	return w.change(func(c *content) error {
		i := c.find(name, version)
		if i < 0 {
			return w.noVersion(name, version)
		}
		if c.Keys[i].Deleted == deleted {
			state := "not marked deleted"
			if deleted {
				state = "marked deleted already"
			}
			return ggserr.New(ggserr.Generic, fmt.Sprintf("Version %d of master key '%s' is %s", version,
				name, state))
		}
		c.Keys[i].Deleted = deleted
		return nil
	})
}

// Purge removes the versions that are marked deleted for good and tells how many
// there were.
func (w *Wallet) Purge() (purged int, err error) {
	err = w.change(func(c *content) error {
		before := len(c.Keys)
		c.Keys = slices.DeleteFunc(c.Keys, func(k masterKey) bool { return k.Deleted })
		purged = before - len(c.Keys)
		return nil
	})
	return purged, err
}

// Versions lists the versions of a master key by number.
func (w *Wallet) Versions(name string) ([]Version, error) {
	c, err := w.load()
	if err != nil {
		return nil, err
	}
	current := c.current(name)
	var list []Version
	for i, k := range c.Keys {
		if k.Name != name {
			continue
		}
		v := Version{Number: k.Version, Created: k.Created, Status: Available}
		switch {
		case i == current:
			v.Status = Current
		case k.Deleted:
			v.Status = Deleted
		}
		list = append(list, v)
	}
	if list == nil {
		return nil, w.missing(name)
	}
	return list, nil
}

// Current gives the version of a master key that encrypts, and the key.
func (w *Wallet) Current(name string) (version uint32, key []byte, err error) {
	c, err := w.load()
	if err != nil {
		return 0, nil, err
	}
	i := c.current(name)
	if i < 0 {
		return 0, nil, w.missing(name)
	}
	return c.Keys[i].Version, c.Keys[i].Key, nil
}

// Key gives a version of a master key.
func (w *Wallet) Key(name string, version uint32) ([]byte, error) {
	c, err := w.load()
	if err != nil {
		return nil, err
	}
	i := c.find(name, version)
	switch {
	case i < 0:
		return nil, w.noVersion(name, version)
	case c.Keys[i].Deleted:
		return nil, ggserr.New(ggserr.KeyMissing, name, fmt.Sprintf("version %d in wallet at location "+
			"'%s' is marked deleted", version, w.dir)).
			Do("UNDELETE MASTERKEY VERSION %d makes it usable again.", version)
	}
	return c.Keys[i].Key, nil
}

func (c *content) find(name string, version uint32) int {
	return slices.IndexFunc(c.Keys, func(k masterKey) bool {
		return k.Name == name && k.Version == version
	})
}

// current is the newest version that is not marked deleted; -1 without one.
func (c *content) current(name string) int {
	at := -1
	for i, k := range c.Keys {
		if k.Name == name && !k.Deleted && (at < 0 || k.Version > c.Keys[at].Version) {
			at = i
		}
	}
	return at
}

func (w *Wallet) missing(name string) error {
	return ggserr.New(ggserr.KeyMissing, name, fmt.Sprintf("wallet at location '%s' has no usable "+
		"version of it", w.dir)).Do("ADD MASTERKEY makes one; UNDELETE MASTERKEY brings one back.")
}

func (w *Wallet) noVersion(name string, version uint32) error {
	return ggserr.New(ggserr.KeyMissing, name, fmt.Sprintf("wallet at location '%s' has no version "+
		"%d of it", w.dir, version)).Do("INFO MASTERKEY lists the versions; copy the wallet of the home " +
		"that has it.")
}

func (w *Wallet) mustExist() error {
	if !w.file.Exists() {
		return ggserr.New(ggserr.Generic, fmt.Sprintf("There is no wallet at location '%s'", w.dir)).
			Do("CREATE WALLET and ADD MASTERKEY, or copy the wallet of the home that has it.")
	}
	return nil
}

func (w *Wallet) load() (*content, error) {
	if err := w.mustExist(); err != nil {
		return nil, err
	}
	plain, err := w.file.Load()
	if err != nil {
		return nil, err
	}
	return w.decode(plain)
}

func (w *Wallet) decode(plain []byte) (*content, error) {
	c, err := decodeContent(plain)
	if err != nil {
		return nil, w.file.Damaged(err.Error())
	}
	return c, nil
}

// decodeContent reads and checks what a wallet's file holds.
func decodeContent(plain []byte) (*content, error) {
	c := &content{}
	if json.Unmarshal(plain, c) != nil {
		return nil, fmt.Errorf("its content is not a list of keys")
	}
	for i, k := range c.Keys {
		if k.Name == "" || strings.ContainsAny(k.Name, "\r\n") || k.Version == 0 ||
			k.Version > c.Last[k.Name] || len(k.Key) != keyBytes || c.find(k.Name, k.Version) != i {
			return nil, fmt.Errorf("key %d in it is none", i+1)
		}
	}
	return c, nil
}

func (w *Wallet) change(edit func(c *content) error) error {
	if err := w.mustExist(); err != nil {
		return err
	}
	return w.file.Change(func(plain []byte) ([]byte, error) {
		c, err := w.decode(plain)
		if err == nil {
			err = edit(c)
		}
		if err != nil {
			return nil, err
		}
		return json.Marshal(c)
	})
}
