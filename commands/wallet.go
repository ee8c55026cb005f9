package commands

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ggsh/wallet"
)

// ring is the keys of the home.
func (s *Session) ring() (*wallet.Ring, error) { return wallet.Of(s.cfg.Home) }

// walletPlace is the wallet's location as people write it.
func (s *Session) walletPlace() string {
	if v := s.global("WALLETLOCATION"); v != "" {
		return v
	}
	return "./dirwlt"
}

func createWallet(_ context.Context, s *Session, _ *call) (Value, error) {
	ring, err := s.ring()
	if err == nil {
		err = ring.Wallet.Create()
	}
	if err != nil {
		return nil, err
	}
	return say(fmt.Sprintf("Created wallet at location '%s'.", s.walletPlace()),
		fmt.Sprintf("Opened wallet at location '%s'.", s.walletPlace())), nil
}

func openWallet(_ context.Context, s *Session, _ *call) (Value, error) {
	ring, err := s.ring()
	if err == nil {
		err = ring.Wallet.Open()
	}
	if err != nil {
		return nil, err
	}
	return say(fmt.Sprintf("Opened wallet at location '%s'.", s.walletPlace())), nil
}

func purgeWallet(_ context.Context, s *Session, c *call) (Value, error) {
	ring, err := s.ring()
	if err == nil {
		err = ring.Wallet.Open()
	}
	if err != nil {
		return nil, err
	}
	if !c.bang {
		yes, err := s.ask("Trails encrypted under keys that are marked deleted can never be read " +
			"again. Purge the wallet (y/n)? ")
		if err != nil || !yes {
			return nil, err
		}
	}
	n, err := ring.Wallet.Purge()
	if err != nil {
		return nil, err
	}
	return say(fmt.Sprintf("Purged wallet at location '%s': %d version%s removed.", s.walletPlace(), n,
		plural(int64(n)))), nil
}

func addMasterKey(_ context.Context, s *Session, _ *call) (Value, error) {
	ring, err := s.ring()
	if err == nil {
		err = ring.Wallet.Add(ring.Name, s.cfg.Now())
	}
	if err != nil {
		return nil, err
	}
	return say(fmt.Sprintf("Master key '%s' added to wallet at location '%s'.", ring.Name,
		s.walletPlace())), nil
}

func renewMasterKey(_ context.Context, s *Session, _ *call) (Value, error) {
	ring, err := s.ring()
	var version uint32
	if err == nil {
		version, err = ring.Wallet.Renew(ring.Name, s.cfg.Now())
	}
	if err != nil {
		return nil, err
	}
	return say(fmt.Sprintf("Master key '%s' renewed to version %d in wallet at location '%s'.",
		ring.Name, version, s.walletPlace()),
		"Trail files begun from now on are encrypted under it."), nil
}

func checkVersion(c *call) error {
	if n := c.number("VERSION", 0); n == 0 || n > 1<<32-1 {
		return fault(word{col: len([]rune(c.line)) + 1}, "%s needs VERSION and a number: %s",
			c.cmd.Name(), c.cmd.Synopsis)
	}
	return nil
}

func deleteMasterKey(_ context.Context, s *Session, c *call) (Value, error) {
	version := uint32(c.number("VERSION", 0))
	ring, err := s.ring()
	if err == nil {
		err = ring.Wallet.Delete(ring.Name, version)
	}
	if err != nil {
		return nil, err
	}
	return say(fmt.Sprintf("Version %d of master key '%s' marked deleted in wallet at location '%s'.",
		version, ring.Name, s.walletPlace()), fmt.Sprintf("What is encrypted under it cannot be read "+
		"until UNDELETE MASTERKEY VERSION %d.", version)), nil
}

func undeleteMasterKey(_ context.Context, s *Session, c *call) (Value, error) {
	version := uint32(c.number("VERSION", 0))
	ring, err := s.ring()
	if err == nil {
		err = ring.Wallet.Undelete(ring.Name, version)
	}
	if err != nil {
		return nil, err
	}
	return say(fmt.Sprintf("Version %d of master key '%s' undeleted in wallet at location '%s'.",
		version, ring.Name, s.walletPlace())), nil
}

// KeyInfo is INFO MASTERKEY. There is no key in it.
type KeyInfo struct {
	Name     string           `json:"name"`
	Versions []wallet.Version `json:"versions"`
	Single   bool             `json:"-"` // VERSION was given
}

// Text lists the versions, or tells of one.
func (i KeyInfo) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Masterkey Name: %s\n", i.Name)
	if !i.Single {
		fmt.Fprintf(&b, "\n%-16s%-32s%s\n", "Version", "Creation Date", "Status")
	}
	for _, v := range i.Versions {
		created := v.Created.Format("2006-01-02T15:04:05.000-07:00")
		if i.Single {
			fmt.Fprintf(&b, "Version:        %d\nCreation Date:  %s\nStatus:         %s\n", v.Number,
				created, v.Status)
			continue
		}
		fmt.Fprintf(&b, "%-16d%-32s%s\n", v.Number, created, v.Status)
	}
	return b.String()
}

func infoMasterKey(_ context.Context, s *Session, c *call) (Value, error) {
	ring, err := s.ring()
	if err != nil {
		return nil, err
	}
	info := KeyInfo{Name: ring.Name, Single: c.has("VERSION")}
	if info.Versions, err = ring.Wallet.Versions(ring.Name); err != nil {
		return nil, err
	}
	if !info.Single {
		return info, nil
	}
	for _, v := range info.Versions {
		if uint64(v.Number) == c.number("VERSION", 0) {
			info.Versions = []wallet.Version{v}
			return info, nil
		}
	}
	return nil, refuse("Master key '%s' has no version %s in wallet at location '%s'.", ring.Name,
		c.text("VERSION"), s.walletPlace())
}

// Encrypted is ENCRYPT PASSWORD: the password's form for parameter files.
type Encrypted struct {
	Password  string    `json:"password"`
	Algorithm string    `json:"algorithm"`
	Key       string    `json:"key"`
	At        time.Time `json:"at"`
}

// Text says what was used where it is not what it is called.
func (e Encrypted) Text() string {
	var b strings.Builder
	if strings.EqualFold(e.Key, "DEFAULT") {
		b.WriteString("Using DEFAULT key: every copy of this program has it, so it hides the password " +
			"from a glance only.\n")
	}
	if e.Algorithm == "BLOWFISH" {
		b.WriteString("BLOWFISH is done as AES256; only this program reads the text.\n")
	}
	fmt.Fprintf(&b, "Encrypted password:  %s\nAlgorithm used:  %s\n", e.Password, e.Algorithm)
	return b.String()
}

// algorithm is the cipher that a line names: BLOWFISH without one, as ever.
func (c *call) algorithm() string {
	for _, a := range wallet.Algorithms {
		if c.has(a) {
			return a
		}
	}
	return "BLOWFISH"
}

func checkEncrypt(c *call) error {
	n := 0
	for _, a := range wallet.Algorithms {
		if c.has(a) {
			n++
		}
	}
	if n > 1 {
		return fault(word{col: 1}, "%s takes one algorithm.", c.cmd.Name())
	}
	if n > 0 && !c.has("ENCRYPTKEY") {
		return fault(word{col: len([]rune(c.line)) + 1}, "ENCRYPTKEY and a key's name are missing here.")
	}
	return nil
}

func encryptPassword(_ context.Context, s *Session, c *call) (Value, error) {
	ring, err := s.ring()
	if err != nil {
		return nil, err
	}
	e := Encrypted{Algorithm: c.algorithm(), Key: "DEFAULT", At: s.cfg.Now()}
	if c.has("ENCRYPTKEY") {
		e.Key = c.text("ENCRYPTKEY")
	}
	password := c.at("password")
	if password == "" {
		if password, err = s.password(c); err != nil {
			return nil, err
		}
	}
	if e.Password, err = ring.Encrypt(password, e.Algorithm, e.Key); err != nil {
		return nil, err
	}
	return e, nil
}

// decrypted is the password of a line that names an ENCRYPTKEY, else what was given.
func (s *Session) decrypted(c *call, password string) (string, error) {
	if !c.has("ENCRYPTKEY") {
		return password, nil
	}
	ring, err := s.ring()
	if err != nil {
		return "", err
	}
	return ring.Decrypt(password, c.text("ENCRYPTKEY"))
}

// encryptOptions are the options of an encrypted password.
func encryptOptions() []Arg {
	return []Arg{{Name: "ENCRYPTKEY", Kind: Word,
		Help: "key of ENCKEYS, or DEFAULT, of an encrypted password"},
		{Name: "BLOWFISH", Help: "done as AES256"}, {Name: "AES128", Help: "algorithm"},
		{Name: "AES192", Help: "algorithm"}, {Name: "AES256", Help: "algorithm"}}
}

func walletRows() []Command {
	version := []Arg{{Name: "VERSION", Kind: Number, Help: "number of the version"}}
	rows := []Command{
		{Verb: "CREATE", Object: "WALLET", Priority: P1, Changes: true, run: createWallet,
			Synopsis: "CREATE WALLET", Help: "Creates the wallet of master keys in dirwlt, or where " +
				"GLOBALS WALLETLOCATION says, and opens it."},
		{Verb: "OPEN", Object: "WALLET", Priority: P1, run: openWallet, Synopsis: "OPEN WALLET",
			Help: "Opens the wallet to see that it can be; processes open it by themselves."},
		{Verb: "PURGE", Object: "WALLET", Priority: P2, Changes: true, run: purgeWallet,
			Synopsis: "PURGE WALLET [!]",
			Help:     "Removes for good the versions that are marked deleted. Asks first; ! does not."},
		{Verb: "ADD", Object: "MASTERKEY", Priority: P1, Changes: true, run: addMasterKey,
			Synopsis: "ADD MASTERKEY",
			Help: "Adds version 1 of the master key that GLOBALS MASTERKEYNAME names, or of " +
				wallet.DefaultName + "."},
		{Verb: "INFO", Object: "MASTERKEY", Priority: P1, run: infoMasterKey,
			Synopsis: "INFO MASTERKEY [VERSION n]", Options: version,
			Help: "Lists the versions of the master key, or tells of one."},
		{Verb: "RENEW", Object: "MASTERKEY", Priority: P2, Changes: true, run: renewMasterKey,
			Synopsis: "RENEW MASTERKEY", Help: "Adds a version, which encrypts the trail files begun " +
				"from then on. The older ones stay for what they have encrypted."},
		{Verb: "DELETE", Object: "MASTERKEY", Priority: P2, Changes: true, run: deleteMasterKey,
			check: checkVersion, Synopsis: "DELETE MASTERKEY VERSION n", Options: version,
			Help: "Marks a version deleted: it opens nothing until it is undeleted."},
		{Verb: "UNDELETE", Object: "MASTERKEY", Priority: P2, Changes: true, run: undeleteMasterKey,
			check: checkVersion, Synopsis: "UNDELETE MASTERKEY VERSION n", Options: version,
			Help: "Takes the mark of DELETE MASTERKEY away."},
		{Verb: "ENCRYPT", Object: "PASSWORD", Priority: P1, run: encryptPassword, check: checkEncrypt,
			Synopsis: "ENCRYPT PASSWORD [p] [AES128 | AES192 | AES256 | BLOWFISH] ENCRYPTKEY {key | " +
				"DEFAULT}",
			Help: "Prints the encrypted form of a password for parameter files and DBLOGIN. The keys " +
				"are in the file ENCKEYS of the home: NAME 0x... on each line, as keygen makes them. " +
				"Without a password it is asked for. BLOWFISH is done as AES256.",
			Places: []Arg{{Name: "password", Kind: Word, Optional: true,
				Help: "password; asked for without it"}},
			Options: encryptOptions()},
	}
	return rows
}
