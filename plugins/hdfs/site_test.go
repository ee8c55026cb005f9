package main

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colinmarc/hdfs/v2/hadoopconf"
	krbkeys "github.com/jcmturner/gokrb5/v8/keytab"

	"ggsh/handler"
	"ggsh/props"
)

// properties reads a properties file whose class path is dir.
func properties(t *testing.T, dir, extra string) *props.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hdfs.props")
	text := "gg.handlerlist=hdfs\ngg.handler.hdfs.type=hdfs\ngg.classpath=/nowhere/*:" + dir + "/*\n" + extra
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := props.Load(file, props.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// siteFiles writes core-site.xml and hdfs-site.xml, each of name, value pairs.
func siteFiles(t *testing.T, core, hdfs []string) string {
	t.Helper()
	dir := t.TempDir()
	for file, pairs := range map[string][]string{"core-site.xml": core, "hdfs-site.xml": hdfs} {
		text := "<?xml version=\"1.0\"?>\n<configuration>\n"
		for i := 0; i+1 < len(pairs); i += 2 {
			text += "<property><name>" + pairs[i] + "</name><value>\n  " + pairs[i+1] +
				" </value><final>true</final></property>\n"
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text+"</configuration>\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSite(t *testing.T) {
	t.Setenv("HADOOP_USER_NAME", "etl")
	t.Setenv("HADOOP_CONF_DIR", "")
	t.Setenv("HADOOP_HOME", "")
	t.Setenv("NN_HOST", "nn.example.org")
	for _, c := range []struct {
		name       string
		core, hdfs []string
		want       string // addresses, or words of the error behind a !
	}{
		{"one", []string{"fs.defaultFS", "hdfs://nn:9000"}, nil, "nn:9000"},
		{"older name, no port", []string{"fs.default.name", "hdfs://nn/"}, nil, "nn:8020"},
		{"variables", []string{"fs.defaultFS", "hdfs://${env.NN_HOST}:${port}", "port", "1234"}, nil,
			"nn.example.org:1234"},
		{"pair", []string{"fs.defaultFS", "hdfs://ours"}, []string{"dfs.nameservices", "theirs,ours",
			"dfs.ha.namenodes.ours", "a, b", "dfs.ha.namenodes.theirs", "a",
			"dfs.namenode.rpc-address.ours.a", "one:8020", "dfs.namenode.rpc-address.ours.b", "two",
			"dfs.namenode.rpc-address.theirs.a", "three:8020"}, "one:8020 two:8020"},
		{"pair without address", []string{"fs.defaultFS", "hdfs://ours"}, []string{
			"dfs.ha.namenodes.ours", "a"}, "!dfs.namenode.rpc-address.ours.a"},
		{"local", []string{"fs.defaultFS", "file:///"}, nil, "!hdfs://host:port"},
		{"nothing of it", nil, []string{"dfs.replication", "1"}, "!fs.defaultFS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := loadSite(properties(t, siteFiles(t, c.core, c.hdfs), ""))
			if words, bad := strings.CutPrefix(c.want, "!"); bad {
				if err == nil || !strings.Contains(err.Error(), words) {
					t.Fatalf("got %v, want %q", err, words)
				}
				return
			}
			if err != nil || strings.Join(s.addresses, " ") != c.want || s.user != "etl" {
				t.Fatalf("%v, %+v", err, s)
			}
			if o := s.options(); !slices.Equal(o.Addresses, s.addresses) || o.User != "etl" {
				t.Fatalf("options %+v", o)
			}
		})
	}
	_, err := loadSite(properties(t, t.TempDir(), ""))
	if err == nil || !strings.Contains(err.Error(), "gg.classpath (/nowhere, ") {
		t.Fatalf("without configuration: %v", err)
	}
}

func TestSizes(t *testing.T) {
	s := &site{conf: hadoopconf.HadoopConf{"dfs.replication": "2", "dfs.blocksize": "64M"}}
	if r, b := s.sizes(0, 0); r != 2 || b != 64<<20 {
		t.Errorf("of the configuration: %d, %d", r, b)
	}
	if r, b := s.sizes(3, 1<<20); r != 3 || b != 1<<20 {
		t.Errorf("of the properties: %d, %d", r, b)
	}
	s.conf = hadoopconf.HadoopConf{"dfs.replication": "many", "dfs.blocksize": "9e"}
	if r, b := s.sizes(0, 0); r != 0 || b != 0 {
		t.Errorf("of nonsense: %d, %d", r, b)
	}
}

// remote is an exception of a NameNode.
type remote struct{ class, message string }

func (r remote) Error() string     { return "call failed with ERROR_APPLICATION (" + r.class + ")" }
func (r remote) Method() string    { return "create" }
func (r remote) Desc() string      { return "ERROR_APPLICATION" }
func (r remote) Exception() string { return r.class }
func (r remote) Message() string   { return r.message }

func TestFaults(t *testing.T) {
	s := &session{user: "etl"}
	for _, c := range []struct {
		err   error
		class handler.Class
		words string
	}{
		{remote{"org.apache.hadoop.ipc.RetriableException",
			"org.apache.hadoop.hdfs.server.namenode.SafeModeException: Name node is in safe mode.\n\tat x"},
			handler.Connection, "is in safe mode and takes no changes"},
		{fs.ErrPermission, handler.Setup, "refuses user etl: create /ogg/f: permission denied"},
		{remote{"org.apache.hadoop.security.AccessControlException", "Permission denied: user=etl"},
			handler.Setup, "refuses user etl"},
		{remote{"org.apache.hadoop.hdfs.protocol.NSQuotaExceededException", "The NameSpace quota"},
			handler.Setup, "quota"},
		{remote{"java.io.IOException", "File /ogg/f could only be written to 0 of the 1 minReplication " +
			"nodes.\n\tat x"}, handler.Connection, "could only be written to 0"},
		{remote{"org.apache.hadoop.fs.InvalidPathException", "Invalid path name"}, handler.Setup,
			"does not take such a name"},
		{remote{"org.apache.hadoop.hdfs.protocol.NotReplicatedYetException", "Not replicated yet"},
			handler.Connection, "Not replicated yet"},
		{errors.New("no available namenodes: SASL handshake: no key"), handler.Setup, "kerberosPrincipal"},
		{errors.New("no available namenodes: SASL handshake: EOF"), handler.Connection, "EOF"},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, handler.Connection, "refused"},
		{errors.New("write failed: ERROR ()"), handler.Connection, "a DataNode of the block does not answer"},
	} {
		e := s.fault(named("create", "/ogg/f", &fs.PathError{Op: "x", Path: "y", Err: c.err}))
		if e.Class != c.class || !strings.Contains(e.Text, c.words) || strings.Contains(e.Text, "\tat") {
			t.Errorf("%v: class %s, %s", c.err, e.Class, e.Text)
		}
	}
	lost := named("write", "/ogg/f", remote{"org.apache.hadoop.hdfs.server.namenode.LeaseExpiredException",
		"No lease on /ogg/f"})
	if !errors.Is(lost, fs.ErrNotExist) {
		t.Error("a lost lease is not taken for a lost file")
	}
	if err := named("read", "/ogg/f", io.EOF); err != io.EOF {
		t.Errorf("the end of a file became %v", err)
	}
}

// TestKerberos: what is missing is said before anything is reached.
func TestKerberos(t *testing.T) {
	dir := siteFiles(t, []string{"fs.defaultFS", "hdfs://127.0.0.1:1",
		"hadoop.security.authentication", "kerberos"}, nil)
	const key = "gg.handler.hdfs.authType=kerberos\n"
	keytab := filepath.Join(t.TempDir(), "x.keytab")
	keys := krbkeys.New()
	if err := keys.AddEntry("gg", "X", "not a secret", time.Now(), 1, 18); err != nil {
		t.Fatal(err)
	}
	if text, err := keys.Marshal(); err != nil || os.WriteFile(keytab, text, 0o600) != nil {
		t.Fatal("no key table to be had", err)
	}
	for extra, want := range map[string]string{
		"gg.handler.hdfs.authType=none\n": "authType is none",
		key:                               "needs kerberosKeytabFile and kerberosPrincipal",
		key + "gg.handler.hdfs.kerberosPrincipal=gg@X\ngg.handler.hdfs.kerberosKeytabFile=absent.keytab\n": "absent.keytab",
		key + "gg.handler.hdfs.kerberosPrincipal=gg@X\ngg.handler.hdfs.kerberosKeytabFile=" + keytab +
			"\njavawriter.bootoptions=-Djava.security.krb5.conf=/nowhere/krb5.conf\n": "/nowhere/krb5.conf",
	} {
		_, err := connect(t.Context(), &handler.Config{}, properties(t, dir, extra))
		var e *handler.ApplyError
		if !errors.As(err, &e) || e.Class != handler.Setup || !strings.Contains(e.Text, want) {
			t.Errorf("%q: %v", extra, err)
		}
	}
	plain := siteFiles(t, []string{"fs.defaultFS", "hdfs://127.0.0.1:1"}, nil)
	if _, err := connect(t.Context(), &handler.Config{}, properties(t, plain, key)); err == nil ||
		!strings.Contains(err.Error(), "hadoop.security.authentication of core-site.xml is not") {
		t.Errorf("a cluster without Kerberos: %v", err)
	}
}

// TestConnections: a silent other side costs no more than the deadline, and what
// was made since a mark can be closed alone.
func TestConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var all conns
	first, err := all.dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	mark := all.mark()
	second, err := all.dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	all.closeSince(mark)
	if _, err := second.Write([]byte("x")); err == nil {
		t.Error("a closed connection takes bytes")
	}
	if _, err := first.Write([]byte("x")); err != nil {
		t.Errorf("the older one is closed, too: %v", err)
	}
	if err := first.SetDeadline(time.Now().Add(-time.Hour)); err != nil {
		t.Error(err)
	}
	if _, err := first.Write([]byte("x")); err != nil {
		t.Errorf("a deadline of somebody else counts: %v", err)
	}
	if err := first.Close(); err != nil || len(all.open) != 0 {
		t.Errorf("%v, %d are left", err, len(all.open))
	}
}
