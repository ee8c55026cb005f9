package dblogin

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"ggsh/ggserr"
	"ggsh/sealedfile"
)

// DefaultDomain is the domain of an alias that names none, GoldenGate's own.
const DefaultDomain = "OracleGoldenGate"

const storeHeader = `# ggsh credential store, version 1
# Encrypted with AES-256-GCM. The key is in credentials.key beside this file:
# whoever can read both files can read the passwords. Keep both at mode 0600.
`

// Alias is one entry of the credential store.
type Alias struct {
	Domain   string `json:"domain"`
	Name     string `json:"alias"`
	User     string `json:"user"`
	Password string `json:"password"`
}

// Aliases is the credential store of a directory.
type Aliases struct {
	dir  string
	file sealedfile.File
}

// AliasesIn names the credential store of a directory; nothing is opened.
func AliasesIn(dir string) *Aliases {
	return &Aliases{dir: dir, file: sealedfile.File{Path: filepath.Join(dir, "credentials.gcm"),
		KeyPath: filepath.Join(dir, "credentials.key"), What: "Credential store", Header: storeHeader,
		Mend: "Restore both files of it, or DELETE and ADD CREDENTIALSTORE"}}
}

// Dir is where the store lies.
func (a *Aliases) Dir() string { return a.dir }

// Exists reports whether the store was created.
func (a *Aliases) Exists() bool { return a.file.Exists() }

// Create makes an empty store with a key of its own.
func (a *Aliases) Create() error { return a.file.Create([]byte("[]")) }

// Remove deletes the store and its key.
func (a *Aliases) Remove() error {
	if err := a.mustExist(); err != nil {
		return err
	}
	return a.file.Remove()
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
	plain, err := a.file.Load()
	if err != nil {
		return nil, err
	}
	return a.decode(plain)
}

func (a *Aliases) mustExist() error {
	if !a.Exists() {
		return ggserr.New(ggserr.Generic, "Credential store does not exist in "+a.dir).
			Do("ADD CREDENTIALSTORE creates it")
	}
	return nil
}

func (a *Aliases) decode(plain []byte) ([]Alias, error) {
	var list []Alias
	if err := json.Unmarshal(plain, &list); err != nil {
		return nil, a.file.Damaged("its content is not a list of aliases")
	}
	return list, nil
}

func (a *Aliases) change(edit func([]Alias) ([]Alias, error)) error {
	if err := a.mustExist(); err != nil {
		return err
	}
	return a.file.Change(func(plain []byte) ([]byte, error) {
		list, err := a.decode(plain)
		if err == nil {
			list, err = edit(list)
		}
		if err != nil {
			return nil, err
		}
		slices.SortFunc(list, func(x, y Alias) int {
			return strings.Compare(strings.ToLower(x.Domain+"\x00"+x.Name),
				strings.ToLower(y.Domain+"\x00"+y.Name))
		})
		return json.Marshal(list)
	})
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
