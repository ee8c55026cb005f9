package main

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/colinmarc/hdfs/v2"
	"github.com/colinmarc/hdfs/v2/hadoopconf"

	"ggsh/props"
)

// site is what Hadoop's client configuration says.
type site struct {
	conf      hadoopconf.HadoopConf
	uri       string
	addresses []string // of the NameNodes
	user      string
}

// defaultPort is a NameNode's when the address has none.
const defaultPort = "8020"

// loadSite reads core-site.xml and hdfs-site.xml of gg.classpath, else those of
// HADOOP_CONF_DIR.
func loadSite(p *props.Config) (*site, error) {
	s := &site{conf: hadoopconf.HadoopConf{}}
	seen := map[string]bool{}
	for _, name := range []string{"core-site.xml", "hdfs-site.xml"} {
		file, err := p.Find(name)
		if err != nil || seen[filepath.Dir(file)] {
			continue
		}
		seen[filepath.Dir(file)] = true
		conf, err := hadoopconf.Load(filepath.Dir(file))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		maps.Copy(s.conf, conf)
	}
	if len(s.conf) == 0 {
		conf, err := hadoopconf.LoadFromEnvironment()
		if err != nil {
			return nil, err
		}
		maps.Copy(s.conf, conf)
	}
	if len(s.conf) == 0 {
		return nil, fmt.Errorf("%s: neither core-site.xml nor hdfs-site.xml is in gg.classpath (%s); "+
			"add the directory of Hadoop's client configuration to it", p.Path,
			strings.Join(p.ClassPath(), ", "))
	}
	for name, value := range s.conf {
		s.conf[name] = expand(s.conf, strings.TrimSpace(value))
	}
	if err := s.findNameNodes(); err != nil {
		return nil, err
	}
	return s, s.findUser()
}

// expand puts in what ${name} and ${env.NAME} stand for, as Hadoop does.
func expand(conf hadoopconf.HadoopConf, value string) string {
	for range 20 {
		before, rest, open := strings.Cut(value, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !open || !closed {
			return value
		}
		text, known := conf[name]
		if variable, ok := strings.CutPrefix(name, "env."); ok {
			text, known = os.LookupEnv(variable)
		}
		if !known {
			return value
		}
		value = before + strings.TrimSpace(text) + after
	}
	return value
}

// findNameNodes reads the file system's address: a host, or a name service of
// several NameNodes.
func (s *site) findNameNodes() error {
	s.uri = s.conf["fs.defaultFS"]
	if s.uri == "" {
		s.uri = s.conf["fs.default.name"]
	}
	u, err := url.Parse(s.uri)
	if err != nil || u.Scheme != "hdfs" || u.Host == "" {
		return fmt.Errorf("fs.defaultFS of core-site.xml is %q: an address as hdfs://host:port or "+
			"hdfs://nameservice is needed", s.uri)
	}
	ids := s.conf["dfs.ha.namenodes."+u.Host]
	if ids == "" {
		s.addresses = []string{withPort(u.Host)}
		return nil
	}
	for id := range strings.SplitSeq(ids, ",") {
		key := "dfs.namenode.rpc-address." + u.Host + "." + strings.TrimSpace(id)
		if s.conf[key] == "" {
			return fmt.Errorf("hdfs-site.xml names NameNode %s of %s, but has no %s", id, u.Host, key)
		}
		s.addresses = append(s.addresses, withPort(s.conf[key]))
	}
	return nil
}

func withPort(address string) string {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return net.JoinHostPort(address, defaultPort)
	}
	return address
}

// findUser takes the user as Hadoop's clients do.
func (s *site) findUser() error {
	if s.user = os.Getenv("HADOOP_USER_NAME"); s.user != "" {
		return nil
	}
	u, err := user.Current()
	if err != nil {
		return fmt.Errorf("the user for HDFS is unknown, set HADOOP_USER_NAME: %w", err)
	}
	s.user = u.Username
	return nil
}

// sizes gives the replication and block size that files get: those that are
// given, else the configuration's; 0 leaves it to the NameNode.
func (s *site) sizes(replication int, blockSize int64) (int, int64) {
	if n, err := strconv.Atoi(s.conf["dfs.replication"]); err == nil && replication == 0 {
		replication = n
	}
	if n, err := byteSize(s.conf["dfs.blocksize"]); err == nil && blockSize == 0 {
		blockSize = n
	}
	return replication, blockSize
}

// byteSize reads 134217728 or 128m.
func byteSize(text string) (int64, error) {
	if text == "" {
		return 0, errors.New("no size")
	}
	shift := 10 * (strings.IndexByte("kmgtpe", text[len(text)-1]|0x20) + 1)
	if shift > 0 {
		text = text[:len(text)-1]
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err == nil && (n < 0 || n > (1<<62)>>shift) {
		err = strconv.ErrRange
	}
	return n << shift, err
}

// options are the client's, without what login adds.
func (s *site) options() hdfs.ClientOptions {
	o := hdfs.ClientOptionsFromConf(without(s.conf, "fs.default"))
	o.Addresses, o.User = s.addresses, s.user
	return o
}

// without leaves out properties that the library would read in its own way.
func without(conf hadoopconf.HadoopConf, prefix string) hadoopconf.HadoopConf {
	rest := hadoopconf.HadoopConf{}
	for name, value := range conf {
		if !strings.HasPrefix(name, prefix) {
			rest[name] = value
		}
	}
	return rest
}
