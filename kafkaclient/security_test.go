package kafkaclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// certificate signs itself for a name or address.
func certificate(t *testing.T, name string, ip net.IP) (key, cert []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, DNSNames: []string{name}}
	if ip != nil {
		template.IPAddresses = []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func file(t *testing.T, name string, parts ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A broker is believed by its certificate, and believes us by ours.
func TestTLS(t *testing.T) {
	key, cert := certificate(t, "localhost", net.IPv4(127, 0, 0, 1))
	strangeKey, strangeCert := certificate(t, "elsewhere", nil)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	strange, err := tls.X509KeyPair(strangeCert, strangeKey)
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(cert)
	mutual := cluster(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}))
	misnamed := cluster(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{strange}}))
	store := file(t, "store.pem", key, cert)
	open := file(t, "open.pem", key, cert)
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	loose := producer(t, "bootstrap.servers=h:1", "ssl.keystore.location="+open)
	if got := notices(loose); !strings.Contains(got, "! p.properties:2:1") ||
		!strings.Contains(got, "chmod 600 it") {
		t.Errorf("notices %s", got)
	}
	trust, trustStrange := file(t, "trust.pem", cert), file(t, "strange.pem", strangeCert)
	for _, c := range []struct {
		name    string
		cluster *kfake.Cluster
		lines   []string
		want    string
	}{
		{"both sides", mutual, []string{"ssl.truststore.location=" + trust,
			"ssl.keystore.location=" + store, "ssl.keystore.password=x"}, ""},
		{"inline", mutual, []string{"ssl.truststore.certificates=" + string(cert),
			"ssl.keystore.key=" + string(key), "ssl.keystore.certificate.chain=" + string(cert)}, ""},
		{"unknown signer", mutual, []string{"ssl.truststore.location=" + trustStrange},
			"certificate"},
		{"other name", misnamed, []string{"ssl.truststore.location=" + trustStrange},
			"ssl.endpoint.identification.algorithm"},
		{"any name", misnamed, []string{"ssl.truststore.location=" + trustStrange,
			"ssl.endpoint.identification.algorithm="}, ""},
		{"any name, unknown signer", misnamed, []string{"ssl.truststore.location=" + trust,
			"ssl.endpoint.identification.algorithm="}, "certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := producer(t, append(c.lines, "bootstrap.servers="+c.cluster.ListenAddrs()[0],
				"security.protocol=SSL")...)
			client, err := p.Connect(within(t))
			if err == nil {
				client.Close()
			}
			var trouble *Trouble
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (!errors.As(err, &trouble) || trouble.Kind != Misconfigured ||
				!strings.Contains(err.Error(), c.want)):
				t.Errorf("%v", err)
			}
		})
	}
}

// Java's own stores are refused with the command that converts them.
func TestStoresThatAreNotPEM(t *testing.T) {
	jks := file(t, "trust.jks", []byte{0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2})
	p12 := file(t, "key.p12", []byte{0x30, 0x82, 1, 2})
	other := file(t, "other", []byte("hello"))
	locked := file(t, "locked.pem", pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY"}))
	halfway := file(t, "half.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY"}))
	for _, c := range []struct{ line, want string }{
		{"ssl.truststore.location=" + jks, "keytool -importkeystore -srckeystore " + jks},
		{"ssl.truststore.location=" + jks, "-nokeys"},
		{"ssl.keystore.location=" + p12, "openssl pkcs12 -in " + p12 + " -nodes"},
		{"ssl.keystore.location=" + other, "is no PEM file"},
		{"ssl.keystore.location=" + other + "x", "no such file"},
		{"ssl.keystore.location=" + locked, "openssl pkey -in " + locked},
		{"ssl.keystore.location=" + halfway, "must hold a private key and its certificate"},
		{"ssl.truststore.location=" + halfway, "no certificate is in it"},
		{"ssl.keystore.key=x", "one of them is missing"},
	} {
		_, err := New(settings("bootstrap.servers=h:1", "security.protocol=SSL", c.line),
			Options{Role: Producer})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.line, err, c.want)
		}
	}
}
