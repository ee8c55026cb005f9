package kafkaclient

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"ggsh/ggserr"
)

// login is what sasl.jaas.config gave.
type login struct {
	module, user, password string
	token                  bool
}

func applyProtocol(b *builder, s Setting) (err error) {
	b.protocol, err = s.oneOf("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
	return err
}

// The mechanisms of sasl.mechanism.
const (
	plainMechanism = "PLAIN"
	scram256       = "SCRAM-SHA-256"
	scram512       = "SCRAM-SHA-512"
)

func applyMechanism(b *builder, s Setting) (err error) {
	b.mechanism, err = s.oneOf(plainMechanism, scram256, scram512, "GSSAPI", "OAUTHBEARER")
	return err
}

// secure makes the options of security.protocol.
func (b *builder) secure() error {
	if strings.HasPrefix(b.protocol, "SASL_") {
		mechanism, err := b.authenticate()
		if err != nil {
			return err
		}
		b.reach(kgo.SASL(mechanism))
		if b.protocol == "SASL_PLAINTEXT" && b.mechanism == plainMechanism {
			b.warn(b.given["security.protocol"], "the password crosses the network unencrypted: "+
				"SASL_SSL encrypts it")
		}
	} else if s, ok := b.given["sasl.jaas.config"]; ok {
		b.notice(s, "ignored: security.protocol is %s", b.protocol)
	}
	if strings.HasSuffix(b.protocol, "SSL") {
		config, err := b.tlsConfig()
		if err != nil {
			return err
		}
		b.reach(kgo.DialTLSConfig(config))
	}
	return nil
}

func (b *builder) authenticate() (sasl.Mechanism, error) {
	s, given := b.given["sasl.mechanism"]
	if !given {
		s = b.given["security.protocol"]
	}
	switch b.mechanism {
	case "GSSAPI":
		return nil, s.refuse("Kerberos (GSSAPI, which holds where sasl.mechanism is not given) is not " +
			"available for Kafka").Do("Use SCRAM-SHA-512, or PLAIN over SASL_SSL, or SSL with a key store.")
	case "OAUTHBEARER":
		return nil, s.refuse("OAUTHBEARER is not available").
			Do("Use SCRAM-SHA-512, or PLAIN over SASL_SSL, or SSL with a key store.")
	}
	if b.login.user == "" || b.login.password == "" {
		return nil, s.refuse("%s needs user and password", b.mechanism).Do("Add sasl.jaas.config=%s "+
			`required username="..." password="...";`, loginModule(b.mechanism))
	}
	if want := loginModule(b.mechanism); b.login.module != want {
		return nil, b.given["sasl.jaas.config"].refuse("the login module %s does not fit to "+
			"sasl.mechanism=%s, which needs %s", b.login.module, b.mechanism, want)
	}
	switch b.mechanism {
	case scram256:
		return scram.Auth{User: b.login.user, Pass: b.login.password,
			IsToken: b.login.token}.AsSha256Mechanism(), nil
	case scram512:
		return scram.Auth{User: b.login.user, Pass: b.login.password,
			IsToken: b.login.token}.AsSha512Mechanism(), nil
	}
	return plain.Auth{User: b.login.user, Pass: b.login.password}.AsMechanism(), nil
}

// loginModule is Java's class for a mechanism.
func loginModule(mechanism string) string {
	if mechanism == plainMechanism {
		return "org.apache.kafka.common.security.plain.PlainLoginModule"
	}
	return "org.apache.kafka.common.security.scram.ScramLoginModule"
}

func applyTLSVersions(b *builder, s Setting) error {
	b.tls.minVersion, b.tls.maxVersion = 0, 0
	for _, word := range strings.Split(s.Value, ",") {
		var v uint16
		switch strings.ToUpper(strings.TrimSpace(word)) {
		case "TLSV1.3":
			v = tls.VersionTLS13
		case "TLSV1.2":
			v = tls.VersionTLS12
		case "":
			continue
		default:
			b.notice(s, "%s is left out: it is not safe", strings.TrimSpace(word))
			continue
		}
		if b.tls.minVersion == 0 || v < b.tls.minVersion {
			b.tls.minVersion = v
		}
		b.tls.maxVersion = max(b.tls.maxVersion, v)
	}
	if b.tls.minVersion == 0 {
		return s.refuse("none of %q can be used", s.Value).Do("Use TLSv1.2,TLSv1.3.")
	}
	return nil
}

func applyIdentification(b *builder, s Setting) error {
	word, err := s.oneOf("https", "")
	if b.tls.anyName = err == nil && word == ""; b.tls.anyName {
		b.warn(s, "empty: a broker is believed whatever name its certificate has")
	}
	return err
}

func (b *builder) tlsConfig() (*tls.Config, error) {
	c := &tls.Config{MinVersion: b.tls.minVersion, MaxVersion: b.tls.maxVersion,
		RootCAs: b.tls.roots}
	if b.tls.anyName {
		// The chain is checked below, the name is not.
		c.InsecureSkipVerify = true
		c.VerifyConnection = chainOnly(b.tls.roots)
	}
	if len(b.tls.key) == 0 && len(b.tls.chain) == 0 {
		return c, nil
	}
	s, ok := b.given["ssl.keystore.location"]
	if !ok {
		s = b.given["ssl.keystore.key"]
	}
	if len(b.tls.key) == 0 || len(b.tls.chain) == 0 {
		return nil, b.half().refuse("key and certificate belong together, and one of them is missing")
	}
	pair, err := tls.X509KeyPair(b.tls.chain, b.tls.key)
	if err != nil {
		// The reason speaks of PEM blocks and types, never of their content.
		return nil, s.refuse("key and certificate do not work: %v", err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// half is the setting that gave a key without certificate, or the reverse.
func (b *builder) half() Setting {
	for _, key := range []string{"ssl.keystore.location", "ssl.keystore.key",
		"ssl.keystore.certificate.chain"} {
		if s, ok := b.given[key]; ok {
			return s
		}
	}
	return Setting{Key: "ssl.keystore.key"}
}

// chainOnly checks who signed a broker's certificate.
func chainOnly(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the broker has shown no certificate")
		}
		between := x509.NewCertPool()
		for _, c := range state.PeerCertificates[1:] {
			between.AddCert(c)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots,
			Intermediates: between})
		return err
	}
}

func applyTrusted(b *builder, s Setting) error { return b.trust(s, []byte(s.Value), "") }

func applyTrustStore(b *builder, s Setting) error {
	text, path, err := b.store(s)
	if err != nil {
		return err
	}
	return b.trust(s, text, path)
}

func (b *builder) trust(s Setting, text []byte, path string) error {
	if b.tls.roots == nil {
		b.tls.roots = x509.NewCertPool()
	}
	if !b.tls.roots.AppendCertsFromPEM(text) {
		return s.refuse("no certificate is in it%s", in(path))
	}
	return nil
}

func in(path string) string {
	if path == "" {
		return ""
	}
	return " (" + path + ")"
}

func applyKeyStore(b *builder, s Setting) error {
	text, path, err := b.store(s)
	if err != nil {
		return err
	}
	if st, err := os.Stat(path); err == nil && st.Mode().Perm()&0o077 != 0 {
		b.warn(s, "others than its owner can read %s, which holds a key: chmod 600 it", path)
	}
	var key, chain []byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "CERTIFICATE":
			chain = append(chain, pem.EncodeToMemory(block)...)
		case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
			return s.refuse("the key in %s is encrypted, which is not supported", path).Do(
				"Decrypt it with: openssl pkey -in %s -out key.pem; put key.pem and the certificates "+
					"into one file of mode 0600 and name it here.", path)
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			key = pem.EncodeToMemory(block)
		}
	}
	if key == nil || chain == nil {
		return s.refuse("%s must hold a private key and its certificate, PEM", path)
	}
	b.tls.key, b.tls.chain = key, chain
	return nil
}

// store reads a key or trust store and refuses Java's own formats with the way
// to convert them.
func (b *builder) store(s Setting) (text []byte, path string, err error) {
	path, err = b.opt.Find(s.Value)
	if err != nil {
		return nil, "", s.refuse("%v", err)
	}
	text, err = b.opt.ReadFile(path)
	if err != nil {
		return nil, "", s.refuse("%v", err)
	}
	switch {
	case bytes.Contains(text, []byte("-----BEGIN ")):
		return text, path, nil
	case bytes.HasPrefix(text, []byte{0xfe, 0xed, 0xfe, 0xed}):
		return nil, "", convert(s, path, true)
	case len(text) > 0 && text[0] == 0x30:
		return nil, "", convert(s, path, false)
	}
	return nil, "", s.refuse("%s is no PEM file", path)
}

// convert is the refusal of a JKS or PKCS12 file.
func convert(s Setting, path string, jks bool) *ggserr.Error {
	to := strings.TrimSuffix(strings.TrimSuffix(path, ".jks"), ".p12")
	kind, keytool, from := "a PKCS12", "", path
	if jks {
		from = to + ".p12"
		kind = "a JKS"
		keytool = "keytool -importkeystore -srckeystore " + path + " -destkeystore " + from +
			" -deststoretype PKCS12 && "
	}
	which := "-nodes"
	if strings.Contains(s.Key, "truststore") {
		which = "-nokeys"
	}
	return s.refuse("%s is %s file; PEM is needed", path, kind).Do(
		"Convert it with: %s(umask 077; openssl pkcs12 -in %s %s -out %s.pem); then set %s=%s.pem.",
		keytool, from, which, to, s.Key, to)
}
