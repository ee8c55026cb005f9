// Package hostkey is what a home shows to other hosts and what it knows of them:
// the Manager's certificate, and the fingerprints of other Managers, in dircrd.
//
// It connects to nobody. Its law: both files have mode 0600, and a server that is
// not in the file is not known, whatever it says.
package hostkey

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ggsh/control/pin"
	"ggsh/ggserr"
	"ggsh/sealedfile"
	"ggsh/subdirs"
)

// Certificate gives the certificate of a home's Manager, which is made when there
// is none.
func Certificate(home subdirs.Home) (tls.Certificate, error) {
	path := home.Join("dircrd", "manager.pem")
	text, err := sealedfile.ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(path)
	}
	if err != nil {
		return tls.Certificate{}, err
	}
	cert, err := tls.X509KeyPair(text, text)
	if err != nil {
		return tls.Certificate{}, ggserr.New(ggserr.Generic, "the certificate "+path+
			" cannot be used").Because(err).Do("Remove the file: another one is made, and " +
			"who connects has to be told its fingerprint.")
	}
	return cert, nil
}

func create(path string) (tls.Certificate, error) {
	cert, err := pin.Make("manager")
	if err != nil {
		return cert, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return cert, err
	}
	var text bytes.Buffer
	err = errors.Join(pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
		pem.Encode(&text, &pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = sealedfile.Write(path, text.Bytes())
	}
	return cert, err
}

// Known are the Managers that a home trusts: a file of one line for each, its
// host:port and fingerprint. The last line for an address counts.
type Known struct{ path string }

// KnownTo gives the Managers that a home trusts.
func KnownTo(home subdirs.Home) Known {
	return Known{path: home.Join("dircrd", "known_managers")}
}

// Path is the file.
func (k Known) Path() string { return k.path }

// Find gives the fingerprint that a server is known by, empty if none.
func (k Known) Find(address string) (string, error) {
	text, err := sealedfile.ReadSecret(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	found, ok := lookUp(string(text), address)
	if !ok {
		return "", ggserr.New(ggserr.Generic, fmt.Sprintf("%s: the line of %s cannot be read",
			k.path, address)).Do("It has an address and 64 hexadecimal digits. Remove it.")
	}
	return found, nil
}

// lookUp finds the last line of an address, not ok if one of its lines is damaged:
// the line that counts may be the damaged one.
func lookUp(text, address string) (fingerprint string, ok bool) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") || !strings.EqualFold(f[0], address) {
			continue
		}
		if len(f) != 2 {
			return "", false
		}
		found, err := pin.Normal(f[1])
		if err != nil {
			return "", false
		}
		fingerprint = found
	}
	return fingerprint, true
}

// Add makes a server known by a fingerprint.
func (k Known) Add(address, fingerprint string) error {
	fingerprint, err := pin.Normal(fingerprint)
	if err != nil {
		return err
	}
	if !isAddress(address) {
		return fmt.Errorf("%q is no address", address)
	}
	if err := os.MkdirAll(filepath.Dir(k.path), 0o700); err != nil {
		return err
	}
	lock, err := sealedfile.LockFolder(filepath.Dir(k.path))
	if err != nil {
		return err
	}
	defer lock.Close()
	text, err := sealedfile.ReadSecret(k.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if have, ok := lookUp(string(text), address); ok && have == fingerprint {
		return nil
	}
	return sealedfile.Write(k.path, added(text, address, fingerprint))
}

// added is the file with one line more.
func added(text []byte, address, fingerprint string) []byte {
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	return fmt.Appendf(text, "%s %s\n", address, fingerprint)
}

// isAddress tells whether a line can name it.
func isAddress(address string) bool {
	f := strings.Fields(address)
	return len(f) == 1 && f[0] == address && address[0] != '#'
}
