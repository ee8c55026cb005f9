package main

import (
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/colinmarc/hdfs/v2"
	krb "github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"ggsh/handler"
	"ggsh/props"
)

const (
	dialTimeout = 10 * time.Second
	// ioTimeout bounds each read and write of a connection: a node that is silent
	// for so long is away.
	ioTimeout = 60 * time.Second
)

// login makes the client.
func (s *session) login(site *site, p *props.Config) error {
	o := site.options()
	o.NamenodeDialFunc, o.DatanodeDialFunc = s.nameConns.dial, s.dataConns.dial
	wanted := p.Text("authType") == "kerberos"
	switch {
	case wanted && o.KerberosClient == nil:
		return setup("authType is kerberos, but hadoop.security.authentication of core-site.xml is not")
	case o.KerberosClient != nil && !wanted && p.Has("authType"):
		return setup("authType is none, but hadoop.security.authentication of core-site.xml is kerberos")
	case o.KerberosClient != nil:
		client, err := kerberos(p)
		if err != nil {
			return err
		}
		s.kerberos, o.KerberosClient = client, client
		s.user, o.User = client.Credentials.UserName(), ""
		if s.user, _, _ = strings.Cut(s.user, "/"); o.KerberosServicePrincipleName == "" {
			return setup("dfs.namenode.kerberos.principal is missing in hdfs-site.xml")
		}
	}
	client, err := hdfs.NewClient(o)
	if err != nil {
		return s.fault(err)
	}
	s.client = client
	return nil
}

// kerberos logs in with a key table.
func kerberos(p *props.Config) (*krb.Client, error) {
	file, principal := p.Text("kerberosKeytabFile"), p.Text("kerberosPrincipal")
	if file == "" || principal == "" {
		return nil, setup("Kerberos needs kerberosKeytabFile and kerberosPrincipal")
	}
	path, err := p.Find(file)
	if err != nil {
		return nil, setup("kerberosKeytabFile: %v", err)
	}
	keys, err := keytab.Load(path)
	if err != nil {
		return nil, setup("key table %s: %v", path, err)
	}
	confFile := os.Getenv("KRB5_CONFIG")
	if given, ok := p.JavaProperty("java.security.krb5.conf"); ok && confFile == "" {
		confFile = given
	}
	if confFile == "" {
		confFile = "/etc/krb5.conf"
	}
	conf, err := config.Load(confFile)
	if err != nil {
		return nil, setup("configuration of Kerberos %s: %v", confFile, err)
	}
	name, realm, _ := strings.Cut(principal, "@")
	if realm == "" {
		realm = conf.LibDefaults.DefaultRealm
	}
	if host, err := os.Hostname(); err == nil {
		name = strings.Replace(name, "_HOST", host, 1)
	}
	client := krb.NewWithKeytab(name, realm, keys, conf, krb.DisablePAFXFAST(true))
	if err := client.Login(); err != nil {
		class := handler.Setup
		if strings.Contains(err.Error(), "Networking_Error") {
			class = handler.Connection
		}
		return nil, (&handler.ApplyError{Class: class, Op: -1, Text: "Kerberos login of " + principal +
			" with " + path + ": " + err.Error()}).Because(err)
	}
	return client, nil
}

// conns are the connections of a session.
type conns struct {
	mu   sync.Mutex
	made uint64
	open map[*conn]uint64 // the how many-th it is
}

// conn is a connection on which nothing takes longer than ioTimeout.
type conn struct {
	net.Conn
	all *conns
}

func (c *conns) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	n := &conn{Conn: raw, all: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[*conn]uint64{}
	}
	c.made++
	c.open[n] = c.made
	return n, nil
}

// Read reads in time.
func (c *conn) Read(p []byte) (int, error) {
	if err := c.Conn.SetReadDeadline(time.Now().Add(ioTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write writes in time.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(ioTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// SetDeadline leaves the deadlines to Read and Write: the client library asks for
// none.
func (c *conn) SetDeadline(time.Time) error { return nil }

// Close closes the connection.
func (c *conn) Close() error {
	c.all.mu.Lock()
	delete(c.all.open, c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}

// mark gives a point in time for closeSince.
func (c *conns) mark() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.made
}

// closeSince breaks the connections that were made after a mark, so that nobody
// waits on one and none is left over.
func (c *conns) closeSince(mark uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n, made := range c.open {
		if made > mark {
			_ = n.Conn.Close() // it is not needed any more
			delete(c.open, n)
		}
	}
}
