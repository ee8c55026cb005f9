// Package pin makes certificates that no authority signs, and has both ends of a
// connection know them by their fingerprints.
//
// It listens nowhere and asks nobody: who shows a fingerprint to whom is its
// callers' business. Its law: a certificate is trusted because a person or a
// Manager named its fingerprint, never because it came first.
package pin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"time"
)

// years are how long a certificate says it is good for. Nobody who pins it looks.
const years = 10

// Unknown is the error of a certificate that is not the one that was expected.
type Unknown struct {
	Got  string // its fingerprint
	Want string // what was expected; empty: nothing is known of that server
}

// Error says which certificate came.
func (u *Unknown) Error() string {
	if u.Want == "" {
		return "its certificate is not known here; the fingerprint is " + u.Got
	}
	return "its certificate has the fingerprint " + u.Got + ", and expected is " + u.Want
}

// Make makes a key and a certificate for one server.
func Make(name string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: serial, NotBefore: now.Add(-24 * time.Hour),
		NotAfter: now.AddDate(years, 0, 0), DNSNames: []string{name}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// Fingerprint is the SHA-256 of a certificate in 64 hexadecimal digits.
func Fingerprint(cert tls.Certificate) string { return digits(cert.Certificate[0]) }

func digits(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// Normal gives a fingerprint as this package writes it: lower case, no colons.
func Normal(fingerprint string) (string, error) {
	f := strings.ToLower(strings.ReplaceAll(fingerprint, ":", ""))
	if b, err := hex.DecodeString(f); err != nil || len(b) != sha256.Size {
		return "", errors.New("a fingerprint has 64 hexadecimal digits")
	}
	return f, nil
}

// Server is the configuration of who shows the certificate.
func Server(cert tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}}
}

// Client accepts the server whose certificate has the fingerprint, and no other;
// with an empty one none, and the error tells which it was.
func Client(fingerprint string) (*tls.Config, error) {
	if fingerprint != "" {
		var err error
		if fingerprint, err = Normal(fingerprint); err != nil {
			return nil, err
		}
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, ServerName: "ggsh",
		InsecureSkipVerify: true, // the fingerprint below says more than a chain
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 {
				return errors.New("the server shows no certificate")
			}
			got := digits(state.PeerCertificates[0].Raw)
			if subtle.ConstantTimeCompare([]byte(got), []byte(fingerprint)) == 1 {
				return nil
			}
			return &Unknown{Got: got, Want: fingerprint}
		}}, nil
}
