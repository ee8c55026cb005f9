package param

import "ggsh/ggserr"

// TrailCipher is one ENCRYPTTRAIL, NOENCRYPTTRAIL or DECRYPTTRAIL.
type TrailCipher struct {
	Clear     bool   // NOENCRYPTTRAIL
	Algorithm string // AES128, AES192, AES256; BLOWFISH is said by older files
	KeyName   string // KEYNAME: a key of ENCKEYS; empty: the master key
	Pos       ggserr.Location
}

// cipher reads the words behind ENCRYPTTRAIL and DECRYPTTRAIL.
func (c *cursor) cipher() TrailCipher {
	t := TrailCipher{Algorithm: "AES256"}
	for c.more() {
		switch {
		case c.word("BLOWFISH"):
			t.Algorithm = "BLOWFISH"
		case c.word("AES128"):
			t.Algorithm = "AES128"
		case c.word("AES192"):
			t.Algorithm = "AES192"
		case c.word("AES256"):
			t.Algorithm = "AES256"
		case c.word("KEYNAME"):
			t.KeyName = c.value("the name of a key")
		default:
			c.unexpected("BLOWFISH", "AES128", "AES192", "AES256", "KEYNAME")
		}
	}
	return t
}

// ReadDecryption reads DECRYPTTRAIL: the key that must be there to read the
// trail, nil when the file does not say.
func ReadDecryption(f *File) (*TrailCipher, error) {
	st, ok := f.Last("DECRYPTTRAIL")
	if !ok || st.faulty {
		return nil, nil
	}
	c := st.cursor()
	t := c.cipher()
	t.Pos = st.Pos
	return &t, c.errs.orNil()
}
