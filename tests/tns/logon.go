package tns

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	verifier12c    = 18453
	verifierRounds = 4096
	keyRounds      = 3
	pairLimit      = 200
)

// logon is what the server remembers between the two halves of a login.
type logon struct {
	user, password string
	known          bool
	// key encrypts the two halves of the session key; mine is the server's.
	key, mine []byte
	salt      []byte // of the session key
}

// auth reads what both halves of a login are made of: the user and pairs of texts.
func (se *session) auth() (user string, pairs map[string]string) {
	r := &se.in
	hasUser := r.u8() != 0
	length := r.count(1000)
	r.ub() // mode
	r.skip(1)
	n := r.count(pairLimit)
	r.skip(2)
	if hasUser {
		user = strings.ToUpper(string(se.plainText(length)))
	}
	pairs = make(map[string]string, n)
	for range n {
		key := string(r.twice())
		pairs[key] = string(r.twice())
		r.ub()
	}
	return strings.Trim(user, `"`), pairs
}

// challenge answers the first half. It does not tell whether the user exists.
func (se *session) challenge() error {
	user, pairs := se.auth()
	if se.in.err != nil {
		return se.in.err
	}
	if program := pairs["AUTH_PROGRAM_NM"]; program != "" {
		se.login.Program = program
	}
	lo := &logon{user: user, mine: random(32), salt: random(16)}
	lo.password, lo.known = se.server.config.Users[user]
	salt := random(16)
	var err error
	if lo.key, err = passwordKey(lo.password, salt); err != nil {
		return err
	}
	se.logon = lo
	var m message
	m.u8(8)
	m.ub(6)
	m.pair("AUTH_SESSKEY", upperHex(crypt(lo.key, lo.mine, cipher.NewCBCEncrypter)), 0)
	m.pair("AUTH_VFR_DATA", upperHex(salt), verifier12c)
	m.pair("AUTH_PBKDF2_CSK_SALT", upperHex(lo.salt), 0)
	m.pair("AUTH_PBKDF2_VGEN_COUNT", strconv.Itoa(verifierRounds), 0)
	m.pair("AUTH_PBKDF2_SDER_COUNT", strconv.Itoa(keyRounds), 0)
	m.pair("AUTH_GLOBALLY_UNIQUE_DBID\x00", upperHex(random(16)), 0)
	se.status(&m, outcome{})
	return se.send(m)
}

// verify answers the second half.
func (se *session) verify() error {
	_, pairs := se.auth()
	if se.in.err != nil {
		return se.in.err
	}
	lo := se.logon
	se.logon = nil
	if lo == nil {
		return errors.New("the client skipped the first half of the login")
	}
	mix, err := lo.check(pairs)
	if err != nil {
		se.server.config.Logf("tns: login of %s: %v", lo.user, err)
		return se.fail(&Error{Code: 1017, Text: "invalid username/password; logon denied"}, 0)
	}
	se.login.User = lo.user
	if se.backend, err = se.server.config.Backend.Login(se.login); err != nil {
		return se.fail(err, 0)
	}
	return se.send(se.welcome(mix))
}

// check gives the key that client and server now share, if the client knows the
// password.
func (lo *logon) check(pairs map[string]string) ([]byte, error) {
	theirs, err := hex.DecodeString(pairs["AUTH_SESSKEY"])
	if err != nil || len(theirs) < 32 {
		return nil, errors.New("no session key of 32 octets came")
	}
	theirs = crypt(lo.key, theirs[:32], cipher.NewCBCDecrypter)
	mix, err := pbkdf2.Key(sha512.New, upperHex(append(theirs, lo.mine...)), lo.salt, keyRounds, 32)
	if err != nil {
		return nil, err
	}
	password, err := hex.DecodeString(pairs["AUTH_PASSWORD"])
	if err != nil || len(password) < 2*aes.BlockSize || len(password)%aes.BlockSize != 0 {
		return nil, errors.New("no password came")
	}
	password = crypt(mix, password, cipher.NewCBCDecrypter)
	n := int(password[len(password)-1])
	if n < 1 || n > aes.BlockSize {
		return nil, errors.New("the password is padded wrongly, so it is a wrong one")
	}
	password = password[aes.BlockSize : len(password)-n]
	if subtle.ConstantTimeCompare(password, []byte(lo.password)) != 1 || !lo.known {
		return nil, errors.New("wrong user or password")
	}
	return mix, nil
}

// welcome is the answer to a login that is in order.
func (se *session) welcome(mix []byte) message {
	proof := append(random(16), "SERVER_TO_CLIENT"...)
	proof = append(proof, bytes.Repeat([]byte{aes.BlockSize}, aes.BlockSize)...)
	who := se.login
	service := who.Service
	if service == "" {
		service = who.SID
	}
	pairs := [][2]string{
		{"AUTH_VERSION_STRING", "- Production"},
		{"AUTH_VERSION_SQL", "26"},
		{"AUTH_XACTION_TRAITS", "3"},
		{"AUTH_VERSION_NO", strconv.Itoa(databaseVersion)},
		{"AUTH_VERSION_STATUS", "0"},
		{"AUTH_CAPABILITY_TABLE", ""},
		{"AUTH_LAST_LOGIN", ""},
		{"AUTH_DBNAME", strings.ToUpper(service)},
		{"AUTH_DB_ID", "1"},
		{"AUTH_SESSION_ID", strconv.FormatUint(se.serial, 10)},
		{"AUTH_SERIAL_NUM", "1"},
		{"AUTH_INSTANCE_NO", "1"},
		{"AUTH_FAILOVER_ID", ""},
		{"AUTH_SERVER_PID", "1"},
		{"AUTH_MAX_OPEN_CURSORS", strconv.Itoa(cursorLimit)},
		{"AUTH_MAX_IDEN_LENGTH", "128"},
		{"AUTH_SC_SERVER_HOST", "localhost"},
		{"AUTH_SC_INSTANCE_NAME", "stub"},
		{"AUTH_SC_SERVICE_NAME", service},
		{"AUTH_SC_DBUNIQUE_NAME", "STUB"},
		{"AUTH_SC_DB_DOMAIN", ""},
		{"AUTH_INSTANCENAME", "stub"},
		{"AUTH_NLS_LXLAN", "AMERICAN"},
		{"AUTH_NLS_LXCTERRITORY", "AMERICA"},
		{"AUTH_NLS_LXCCURRENCY", "$"},
		{"AUTH_NLS_LXCISOCURR", "AMERICA"},
		{"AUTH_NLS_LXCNUMERICS", ".,"},
		{"AUTH_NLS_LXCDATEFM", "DD-MON-RR"},
		{"AUTH_NLS_LXCDATELANG", "AMERICAN"},
		{"AUTH_NLS_LXCSORT", "BINARY"},
		{"AUTH_NLS_LXCCALENDAR", "GREGORIAN"},
		{"AUTH_NLS_LXCUNIONCUR", "$"},
		{"AUTH_NLS_LXCTIMEFM", "HH.MI.SSXFF AM"},
		{"AUTH_NLS_LXCSTMPFM", "DD-MON-RR HH.MI.SSXFF AM"},
		{"AUTH_NLS_LXCTTZNFM", "HH.MI.SSXFF AM TZR"},
		{"AUTH_NLS_LXCSTZNFM", "DD-MON-RR HH.MI.SSXFF AM TZR"},
		{"AUTH_SVR_RESPONSE", upperHex(crypt(mix, proof, cipher.NewCBCEncrypter))},
	}
	var m message
	m.u8(8)
	m.ub(uint64(len(pairs)))
	for _, p := range pairs {
		m.pair(p[0], p[1], 0)
	}
	se.status(&m, outcome{})
	return m
}

// passwordKey is the key that a password and its salt make.
func passwordKey(password string, salt []byte) ([]byte, error) {
	slow, err := pbkdf2.Key(sha512.New, password,
		append(bytes.Clone(salt), "AUTH_PBKDF2_SPEEDY_KEY"...), verifierRounds, 64)
	if err != nil {
		return nil, fmt.Errorf("derive a password's key: %w", err)
	}
	sum := sha512.Sum512(append(slow, salt...))
	return sum[:32], nil
}

// crypt works on whole blocks with a key of 32 octets.
func crypt(key, text []byte, mode func(cipher.Block, []byte) cipher.BlockMode) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // of a key of another length
	}
	out := make([]byte, len(text))
	mode(block, make([]byte, aes.BlockSize)).CryptBlocks(out, text)
	return out
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
