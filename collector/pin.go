package collector

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
	"fmt"
	"math/big"
	"net"
	"time"

	"ggsh/ggserr"
)

// ServerTLS makes a certificate for one server's life, and the fingerprint by
// which its sender knows it: the Manager passes it on beside the token.
func ServerTLS() (cfg *tls.Config, fingerprint string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, "", err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: serial, NotBefore: now.Add(-24 * time.Hour),
		NotAfter: now.AddDate(10, 0, 0), DNSNames: []string{"collector"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(der)
	return &tls.Config{MinVersion: tls.VersionTLS13,
			Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		hex.EncodeToString(sum[:]), nil
}

// SenderTLS accepts the server whose certificate has the fingerprint, and no other.
func SenderTLS(fingerprint string) (*tls.Config, error) {
	want, err := hex.DecodeString(fingerprint)
	if err != nil || len(want) != sha256.Size {
		return nil, errors.New("a collector's fingerprint has 64 hexadecimal digits")
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, ServerName: "collector",
		InsecureSkipVerify: true, // the fingerprint below says more than a chain
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) > 0 {
				sum := sha256.Sum256(state.PeerCertificates[0].Raw)
				if subtle.ConstantTimeCompare(sum[:], want) == 1 {
					return nil
				}
			}
			return errors.New("the collector's certificate is not the one it was announced with")
		}}, nil
}

// Listen listens on address and gives the line that announces it: LISTENING and
// the port. When the address is not loopback, cfg is made to ask for TLS, and
// the line ends with the certificate's fingerprint.
func Listen(address string, cfg *ServerConfig) (net.Listener, string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, "", ggserr.New(ggserr.NetworkError, address).Because(err)
	}
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		l.Close()
		return nil, "", ggserr.New(ggserr.NetworkError, address)
	}
	line := fmt.Sprintf("LISTENING %d", at.Port)
	if at.IP.IsLoopback() {
		return l, line, nil
	}
	var print string
	if cfg.TLS, print, err = ServerTLS(); err != nil {
		l.Close()
		return nil, "", err
	}
	cfg.AllowRemote = true
	return l, line + " " + print, nil
}
