package commands

import (
	"context"
	"slices"
	"strings"

	"ggsh/dblogin"
)

func addStore(_ context.Context, s *Session, _ *call) (Value, error) {
	if err := s.aliases().Create(); err != nil {
		return nil, err
	}
	return say("Credential store created."), nil
}

func deleteStore(_ context.Context, s *Session, c *call) (Value, error) {
	store := s.aliases()
	if _, err := store.List(); err == nil && !c.bang && s.cfg.Lines != nil {
		yes, err := s.ask("Are you sure you want to delete the credential store and all its " +
			"passwords (y/n)? ")
		if err != nil || !yes {
			return nil, err
		}
	}
	if err := store.Remove(); err != nil {
		return nil, err
	}
	return say("Credential store deleted."), nil
}

// checkAlter wants one of ADD, REPLACE and DELETE.
func checkAlter(c *call) error {
	n := 0
	for _, o := range []string{"ADD", "REPLACE", "DELETE"} {
		if c.has(o) {
			n++
		}
	}
	if n == 1 && c.has("USER") {
		return checkEncrypt(c)
	}
	return fault(word{col: len([]rune(c.line)) + 1}, "%s needs one of ADD USER, REPLACE USER "+
		"and DELETE USER: %s", c.cmd.Name(), c.cmd.Synopsis)
}

func alterStore(_ context.Context, s *Session, c *call) (Value, error) {
	entry := dblogin.Alias{Domain: c.text("DOMAIN"), Name: c.text("ALIAS"), User: c.text("USER")}
	if entry.Domain == "" {
		entry.Domain = dblogin.DefaultDomain
	}
	if entry.Name == "" {
		entry.Name = entry.User
	}
	store := s.aliases()
	if c.has("DELETE") {
		have, err := store.Find(entry.Domain, entry.Name)
		if err == nil && have.User != entry.User {
			err = refuse("Alias %s belongs to user %s, not to %s.", entry.Name, have.User, entry.User)
		}
		if err == nil {
			err = store.Delete(entry.Domain, entry.Name)
		}
		if err != nil {
			return nil, err
		}
		return say("Credential store altered."), nil
	}
	if _, err := store.List(); err != nil {
		return nil, err
	}
	password, err := s.password(c)
	if err == nil {
		entry.Password, err = s.decrypted(c, password)
	}
	if err != nil {
		return nil, err
	}
	change := store.Add
	if c.has("REPLACE") {
		change = store.Replace
	}
	if err := change(entry); err != nil {
		return nil, err
	}
	return say("Credential store altered."), nil
}

// StoreInfo is INFO CREDENTIALSTORE.
type StoreInfo struct {
	Entries []StoreEntry `json:"entries"`
}

// StoreEntry is one alias; there is no password in it.
type StoreEntry struct {
	Domain string `json:"domain"`
	Alias  string `json:"alias"`
	User   string `json:"user"`
}

// Text lists the aliases by domain, the default one first.
func (i StoreInfo) Text() string {
	var b strings.Builder
	b.WriteString("Reading from credential store:\n")
	domain := "\x00"
	for _, e := range i.Entries {
		if e.Domain != domain {
			domain = e.Domain
			if strings.EqualFold(domain, dblogin.DefaultDomain) {
				b.WriteString("\nDefault domain: " + domain + "\n")
			} else {
				b.WriteString("\nDomain: " + domain + "\n")
			}
		}
		b.WriteString("\n  Alias: " + e.Alias + "\n  Userid: " + e.User + "\n")
	}
	if len(i.Entries) == 0 {
		b.WriteString("No information found in credential store.\n")
	}
	return b.String()
}

func infoStore(_ context.Context, s *Session, c *call) (Value, error) {
	list, err := s.aliases().List()
	if err != nil {
		return nil, err
	}
	info := StoreInfo{Entries: []StoreEntry{}}
	for _, a := range list {
		if !c.has("DOMAIN") || strings.EqualFold(a.Domain, c.text("DOMAIN")) {
			info.Entries = append(info.Entries, StoreEntry{a.Domain, a.Name, a.User})
		}
	}
	isOther := func(e StoreEntry) int {
		if strings.EqualFold(e.Domain, dblogin.DefaultDomain) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(info.Entries, func(x, y StoreEntry) int { return isOther(x) - isOther(y) })
	return info, nil
}

func credentialRows() []Command {
	return []Command{
		{Verb: "ADD", Object: "CREDENTIALSTORE", Priority: P0, Changes: true, run: addStore,
			Synopsis: "ADD CREDENTIALSTORE",
			Help: "Creates the credential store in dircrd, or where GLOBALS " +
				"CREDENTIALSTORELOCATION says."},
		{Verb: "ALTER", Object: "CREDENTIALSTORE", Priority: P0, Changes: true, run: alterStore,
			check: checkAlter,
			Synopsis: "ALTER CREDENTIALSTORE {ADD | REPLACE | DELETE} USER userid [, PASSWORD p " +
				"[algorithm ENCRYPTKEY k]] [ALIAS a] [DOMAIN d]",
			Help: "Changes an entry. Without PASSWORD it is asked for; the alias is the user id " +
				"without ALIAS, the domain " + dblogin.DefaultDomain + " without DOMAIN.",
			Options: append([]Arg{{Name: "ADD", Help: "a new alias"},
				{Name: "REPLACE", Help: "another user or password"},
				{Name: "DELETE", Help: "remove the alias"},
				{Name: "USER", Kind: Word, Help: "user, or user@db@host:port"},
				{Name: "PASSWORD", Kind: Word, Help: "password; asked for without it"},
				{Name: "ALIAS", Kind: Word, Help: "name for USERIDALIAS"},
				{Name: "DOMAIN", Kind: Word, Help: "group of aliases"}}, encryptOptions()...)},
		{Verb: "INFO", Object: "CREDENTIALSTORE", Priority: P0, run: infoStore,
			Synopsis: "INFO CREDENTIALSTORE [DOMAIN d]",
			Help:     "Lists aliases and their users, never passwords.",
			Options:  []Arg{{Name: "DOMAIN", Kind: Word, Help: "only this domain"}}},
		{Verb: "DELETE", Object: "CREDENTIALSTORE", Priority: P1, Changes: true, run: deleteStore,
			Synopsis: "DELETE CREDENTIALSTORE [!]", Help: "Removes the credential store."},
	}
}
