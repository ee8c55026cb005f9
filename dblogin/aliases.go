package dblogin

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ggsh/ggserr"
)

// DefaultDomain is the domain of an alias that names none, GoldenGate's own.
const DefaultDomain = "OracleGoldenGate"

// storeHeader tells a reader of the file what protects it. It is bound to the
// content: a store with another header does not open.
const storeHeader = `# ggsh credential store, version 1
# Encrypted with AES-256-GCM. The key is in credentials.key beside this file:
# whoever can read both files can read the passwords. Keep both at mode 0600.
`

const maxStoreSize = 8 << 20

// Alias is one entry of the credential store.
type Alias struct {
	Domain   string `json:"domain"`
	Name     string `json:"alias"`
	User     string `json:"user"`
	Password string `json:"password"`
}

// Aliases is the credential store of a directory.
type Aliases struct{ dir string }

// AliasesIn names the credential store of a directory; nothing is opened.
func AliasesIn(dir string) *Aliases { return &Aliases{dir: dir} }

// Dir is where the store lies.
func (a *Aliases) Dir() string { return a.dir }

func (a *Aliases) storePath() string { return filepath.Join(a.dir, "credentials.gcm") }
func (a *Aliases) keyPath() string   { return filepath.Join(a.dir, "credentials.key") }

// Exists reports whether the store was created.
func (a *Aliases) Exists() bool {
	_, err := os.Stat(a.storePath())
	return err == nil
}

// Create makes an empty store with a key of its own.
func (a *Aliases) Create() error {
	if a.Exists() {
		return ggserr.New(ggserr.Generic, "Credential store already exists in "+a.dir)
	}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return fmt.Errorf("credential store: %w", err)
	}
	key := make([]byte, 32)
	rand.Read(key)
	text := base64.StdEncoding.EncodeToString(key) + "\n"
	if err := writeSecret(a.keyPath(), []byte(text)); err != nil {
		return err
	}
	return a.store(nil)
}

// Remove deletes the store and its key.
func (a *Aliases) Remove() error {
	if err := a.mustExist(); err != nil {
		return err
	}
	if err := os.Remove(a.storePath()); err != nil {
		return fmt.Errorf("credential store: %w", err)
	}
	if err := os.Remove(a.keyPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("credential store: %w", err)
	}
	return nil
}

// Add puts a new alias into the store; an existing one is an error.
func (a *Aliases) Add(entry Alias) error {
	return a.change(func(list []Alias) ([]Alias, error) {
		if i := find(list, entry.Domain, entry.Name); i >= 0 {
			return nil, ggserr.New(ggserr.Generic, fmt.Sprintf("Alias %s already exists in domain %s",
				entry.Name, entry.Domain)).Do("Use ALTER CREDENTIALSTORE REPLACE USER")
		}
		return append(list, entry), nil
	})
}

// Replace gives an existing alias another user and password.
func (a *Aliases) Replace(entry Alias) error {
	return a.change(func(list []Alias) ([]Alias, error) {
		i := find(list, entry.Domain, entry.Name)
		if i < 0 {
			return nil, noAlias(entry.Domain, entry.Name)
		}
		list[i] = entry
		return list, nil
	})
}

// Delete removes an alias.
func (a *Aliases) Delete(domain, name string) error {
	return a.change(func(list []Alias) ([]Alias, error) {
		i := find(list, domain, name)
		if i < 0 {
			return nil, noAlias(domain, name)
		}
		return slices.Delete(list, i, i+1), nil
	})
}

// Find gives an alias; an empty domain is the default one.
func (a *Aliases) Find(domain, name string) (Alias, error) {
	if domain == "" {
		domain = DefaultDomain
	}
	list, err := a.List()
	if err != nil {
		return Alias{}, err
	}
	if i := find(list, domain, name); i >= 0 {
		return list[i], nil
	}
	return Alias{}, noAlias(domain, name)
}

// Secret gives an alias as properties files refer to it; an empty domain is the
// default one.
func (a *Aliases) Secret(name, domain string) (user, password string, err error) {
	entry, err := a.Find(domain, name)
	return entry.User, entry.Password, err
}

// Login makes a login of an alias. source is SOURCEDB's value, or empty when
// the alias's user says it: user@db@host:port.
func (a *Aliases) Login(source, domain, name string) (Login, error) {
	entry, err := a.Find(domain, name)
	if err != nil {
		return Login{}, err
	}
	return New(source, entry.User, entry.Password)
}

// List gives all aliases, by domain and name, passwords included: it is for
// programs, not for printing.
func (a *Aliases) List() ([]Alias, error) {
	if err := a.mustExist(); err != nil {
		return nil, err
	}
	return a.load()
}

func (a *Aliases) mustExist() error {
	if !a.Exists() {
		return ggserr.New(ggserr.Generic, "Credential store does not exist in "+a.dir).
			Do("ADD CREDENTIALSTORE creates it")
	}
	return nil
}

func (a *Aliases) change(edit func([]Alias) ([]Alias, error)) error {
	list, err := a.List()
	if err != nil {
		return err
	}
	if list, err = edit(list); err != nil {
		return err
	}
	slices.SortFunc(list, func(x, y Alias) int {
		return strings.Compare(strings.ToLower(x.Domain+"\x00"+x.Name),
			strings.ToLower(y.Domain+"\x00"+y.Name))
	})
	return a.store(list)
}

func find(list []Alias, domain, name string) int {
	return slices.IndexFunc(list, func(e Alias) bool {
		return strings.EqualFold(e.Domain, domain) && strings.EqualFold(e.Name, name)
	})
}

func noAlias(domain, name string) error {
	return ggserr.New(ggserr.Generic, fmt.Sprintf("Alias %s is not found in domain %s", name, domain)).
		Do("INFO CREDENTIALSTORE lists the aliases")
}

func (a *Aliases) load() ([]Alias, error) {
	content, err := readSecret(a.storePath())
	if err != nil {
		return nil, err
	}
	body, ok := bytes.CutPrefix(content, []byte(storeHeader))
	if !ok {
		return nil, a.damaged("its header is not this program's")
	}
	sealed, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(body)))
	if err != nil {
		return nil, a.damaged("it is cut short or edited")
	}
	box, err := a.box()
	if err != nil {
		return nil, err
	}
	if len(sealed) < box.NonceSize() {
		return nil, a.damaged("it is cut short")
	}
	nonce, sealed := sealed[:box.NonceSize()], sealed[box.NonceSize():]
	plain, err := box.Open(nil, nonce, sealed, []byte(storeHeader))
	if err != nil {
		return nil, a.damaged("its key does not open it")
	}
	var list []Alias
	if err := json.Unmarshal(plain, &list); err != nil {
		return nil, a.damaged("its content is not a list of aliases")
	}
	return list, nil
}

func (a *Aliases) damaged(how string) error {
	return ggserr.New(ggserr.Generic, fmt.Sprintf("Credential store %s cannot be used: %s",
		a.storePath(), how)).Do("Restore both files of it, or DELETE and ADD CREDENTIALSTORE")
}

func (a *Aliases) store(list []Alias) error {
	box, err := a.box()
	if err != nil {
		return err
	}
	if list == nil {
		list = []Alias{}
	}
	plain, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("credential store: %w", err)
	}
	nonce := make([]byte, box.NonceSize())
	rand.Read(nonce)
	sealed := box.Seal(nonce, nonce, plain, []byte(storeHeader))
	text := storeHeader + base64.StdEncoding.EncodeToString(sealed) + "\n"
	return writeSecret(a.storePath(), []byte(text))
}

func (a *Aliases) box() (cipher.AEAD, error) {
	text, err := readSecret(a.keyPath())
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != 32 {
		return nil, a.damaged("its key file is not a key")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("credential store: %w", err)
	}
	return cipher.NewGCM(block)
}

// readSecret refuses a file that others than its owner may read.
func readSecret(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("credential store: %w", err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, ggserr.New(ggserr.Generic, fmt.Sprintf("File %s may be read by others (mode %04o)",
			path, st.Mode().Perm())).Do("chmod 600 it, and change the passwords in it")
	}
	if st.Size() > maxStoreSize {
		return nil, ggserr.New(ggserr.Generic, "File "+path+" is too large for a credential store")
	}
	return os.ReadFile(path)
}

// writeSecret writes aside with mode 0600, syncs and renames.
func writeSecret(path string, content []byte) error {
	w, err := os.CreateTemp(filepath.Dir(path), ".credentials-*")
	if err != nil {
		return fmt.Errorf("credential store: %w", err)
	}
	defer os.Remove(w.Name())
	_, err = w.Write(content)
	if err == nil {
		err = w.Sync()
	}
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(w.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("credential store: %w", err)
	}
	return nil
}
