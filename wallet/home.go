package wallet

import (
	"ggsh/ggserr"
	"ggsh/param"
	"ggsh/subdirs"
)

// Of gives the keys of a home, as its GLOBALS says.
func Of(home subdirs.Home) (*Ring, error) {
	g, err := param.LoadGlobals(home.Globals(), string(home))
	if err != nil {
		return nil, err
	}
	return RingOf(string(home), home.Resolve(g.Wallet), g.MasterKey), nil
}

// Check looks for the key that DECRYPTTRAIL of a parameter file names, so that a
// process without it stops at its start and not at the first encrypted file.
func (r *Ring) Check(f *param.File) error {
	c, err := param.ReadDecryption(f)
	if c == nil || err != nil {
		return err
	}
	if c.KeyName != "" {
		_, err = r.named(c.KeyName)
	} else {
		_, _, _, err = r.Current()
	}
	return at(err, c.Pos)
}

// Password gives the password of a login of a parameter file.
func (r *Ring) Password(l param.Login) (string, error) {
	if l.EncryptKey == "" {
		return l.Password, nil
	}
	password, err := r.Decrypt(l.Password, l.EncryptKey)
	return password, at(err, l.Pos)
}

// at puts an error at its place in a parameter file.
func at(err error, pos ggserr.Location) error {
	if err == nil {
		return nil
	}
	e := *ggserr.Numbered(err)
	if e.Where.IsZero() {
		e.Where = pos
	}
	return &e
}
