package oracleclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	goora "github.com/sijms/go-ora/v2"
	"github.com/sijms/go-ora/v2/configurations"
	"github.com/sijms/go-ora/v2/network"
)

// sessionSettings fix how values look as text, whatever the client's environment is.
const sessionSettings = "ALTER SESSION SET NLS_DATE_FORMAT='YYYY-MM-DD HH24:MI:SS' " +
	"NLS_TIMESTAMP_FORMAT='YYYY-MM-DD HH24:MI:SS.FF9' " +
	"NLS_TIMESTAMP_TZ_FORMAT='YYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM' " +
	"NLS_NUMERIC_CHARACTERS='.,' TIME_ZONE='+00:00'"

// connector makes watched connections.
type connector struct {
	config Config
	target *target
}

// Connect tries the addresses in their order.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	var failed error
	for try := 0; ; try++ {
		for _, a := range c.target.addresses {
			con, err := c.connectTo(ctx, a)
			if err == nil {
				return con, nil
			}
			failed = c.explain(err, a)
			// Another address helps against places that do not answer only.
			if ClassOf(failed) != Unreachable && ClassOf(failed) != Lost || ctx.Err() != nil {
				return nil, failed
			}
		}
		if try == c.target.retries {
			return nil, failed
		}
		select {
		case <-ctx.Done():
			return nil, failed
		case <-time.After(max(c.target.delay, 100*time.Millisecond)):
		}
	}
}

// Driver is go-ora's.
func (c *connector) Driver() driver.Driver { return goora.NewDriver() }

func (c *connector) connectTo(ctx context.Context, a address) (_ *conn, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	timeout := c.config.ConnectTimeout
	if c.target.timeout > 0 {
		timeout = min(timeout, c.target.timeout)
	}
	if at, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(at))
	}
	d := &dialer{timeout: timeout}
	oc := goora.NewConnector(c.url(a)).(*goora.OracleConnector)
	oc.Dialer(d)
	if a.secure {
		settings, err := c.tls()
		if err != nil {
			return nil, err
		}
		oc.WithTLSConfig(settings)
	}
	// The driver is given no context that ends: its own way to give up closes sockets
	// under the reader. A login that is given up loses its socket here.
	defer context.AfterFunc(ctx, d.kill)()
	defer func() {
		if err != nil {
			d.kill()
		}
	}()
	var raw driver.Conn
	err = guard(func() (err error) {
		raw, err = oc.Connect(context.WithoutCancel(ctx))
		return err
	})
	if err != nil {
		return nil, err
	}
	con := &conn{driver: raw.(*goora.Connection), link: d.link.Load(), grace: c.config.Grace,
		secure: a.secure}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for _, sql := range append([]string{sessionSettings}, c.config.Init...) {
		if _, err := con.ExecContext(ctx, sql, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", sql, err)
		}
	}
	con.link.quiet = c.config.Quiet
	return con, nil
}

// url is the form in which go-ora takes its settings. It holds the password.
func (c *connector) url(a address) string {
	t := c.target
	q := url.Values{
		"PREFETCH_ROWS":   {strconv.Itoa(c.config.Prefetch)},
		"LOB FETCH":       {"PRE"},
		"SERVER LOCATION": {"UTC"},
		"LANGUAGE":        {"AMERICAN"},
		"TERRITORY":       {"AMERICA"},
	}
	if c.config.Program != "" {
		q.Set("PROGRAM", c.config.Program)
	}
	if a.secure {
		q.Set("SSL", "TRUE")
	}
	if t.service == "" {
		q.Set("SID", t.sid)
	}
	if t.instance != "" {
		q.Set("INSTANCE NAME", t.instance)
	}
	// CID stands last in the driver's CONNECT_DATA, so that more can follow it.
	host, _ := os.Hostname()
	program := filepath.Base(first(c.config.Program, os.Args[0]))
	cid := "(CID=(PROGRAM=" + plain(program) + ")(HOST=" + plain(host) + ")(USER=" +
		plain(os.Getenv("USER")) + "))"
	if t.server != "" {
		cid += "(SERVER=" + plain(t.server) + ")"
	}
	q.Set("CID", cid)
	u := url.URL{Scheme: "oracle", User: url.UserPassword(c.config.User, c.config.Password),
		Host: a.String(), Path: "/" + t.service, RawQuery: q.Encode()}
	return u.String()
}

// plain leaves what could end a part of a descriptor out.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune("()=\"'\\", r) {
			return '_'
		}
		return r
	}, s)
}

// tls believes the system's authorities, or those of the wallet. The name in the
// certificate must be the host's, or the one that the descriptor demands.
func (c *connector) tls() (*tls.Config, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.target.wallet != "" {
		if err := fromWallet(settings, c.target.wallet); err != nil {
			return nil, fmt.Errorf("the wallet %s: %w", c.target.wallet, err)
		}
	}
	if dn := c.target.dn; dn != "" {
		settings.InsecureSkipVerify = true // the chain and the name are checked here
		settings.VerifyConnection = func(state tls.ConnectionState) error {
			return verifyDN(state, settings.RootCAs, dn)
		}
	}
	return settings, nil
}

func fromWallet(settings *tls.Config, dir string) error {
	settings.RootCAs = x509.NewCertPool()
	if text, err := os.ReadFile(filepath.Join(dir, "ewallet.pem")); err == nil {
		if !settings.RootCAs.AppendCertsFromPEM(text) {
			return errors.New("no certificate is in ewallet.pem")
		}
		if pair, err := tls.X509KeyPair(text, text); err == nil {
			settings.Certificates = []tls.Certificate{pair}
		}
		return nil
	}
	var w *configurations.Wallet
	err := guard(func() (err error) {
		w, err = configurations.NewWallet(filepath.Join(dir, "cwallet.sso"))
		return err
	})
	if err != nil {
		return err
	}
	for _, raw := range w.Certificates {
		cert, err := x509.ParseCertificate(raw)
		if err != nil {
			return err
		}
		settings.RootCAs.AddCert(cert)
		for _, key := range w.PrivateKeys {
			private, err := x509.ParsePKCS1PrivateKey(key)
			if err == nil && private.PublicKey.Equal(cert.PublicKey) {
				settings.Certificates = append(settings.Certificates,
					tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: private, Leaf: cert})
			}
		}
	}
	return nil
}

func verifyDN(state tls.ConnectionState, roots *x509.CertPool, dn string) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server has shown no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	leaf := state.PeerCertificates[0]
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between}); err != nil {
		return err
	}
	if have := leaf.Subject.String(); canonicalDN(have) != canonicalDN(dn) {
		return fmt.Errorf("the server's certificate is of %s, and the descriptor demands %s", have, dn)
	}
	return nil
}

// canonicalDN makes names comparable: their parts come in either order.
func canonicalDN(dn string) string {
	parts := strings.Split(strings.ToUpper(dn), ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	if len(parts) > 1 && strings.HasPrefix(parts[len(parts)-1], "CN=") {
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
	}
	return strings.Join(parts, ",")
}

// explain gives an error of connecting its number, and says where it was.
func (c *connector) explain(err error, a address) error {
	named := *settle(err)
	if _, native := errors.AsType[*network.OracleError](err); !native && named.Class == Lost {
		named.Code, named.Class = unreachedCode(err), Unreachable
		named.Text = fmt.Sprintf("ORA-%05d: %s", named.Code, Message(err))
	}
	named.Text = "connect to " + a.String() + " (" + c.target.where() + "): " + named.Text
	return &named
}

// unreachedCode is Oracle's number for an error of the network.
func unreachedCode(err error) int {
	_, noHost := errors.AsType[*net.DNSError](err)
	switch {
	case noHost:
		return 12545
	case errors.Is(err, syscall.ECONNREFUSED):
		return 12541
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, syscall.ETIMEDOUT):
		return 12170
	}
	return 12537
}
