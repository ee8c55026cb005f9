package mysql

import (
	"hash/fnv"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"ggsh/ggserr"
)

// Deadlines of everything that crosses the network.
const (
	connectTimeout = 10 * time.Second
	queryTimeout   = 60 * time.Second
	// heartbeat is how often an idle server sends a sign of life; a link that is
	// silent for readTimeout is taken for dead.
	heartbeat   = 10 * time.Second
	readTimeout = 3 * heartbeat
)

// completed fills in defaults.
func (c Config) completed() Config {
	if c.Host == "" && c.Socket == "" {
		c.Host = "127.0.0.1"
	}
	if c.Port == 0 {
		c.Port = 3306
	}
	if c.Group == "" {
		c.Group = "mysql"
	}
	if c.SpoolDir == "" {
		c.SpoolDir = os.TempDir()
	}
	if c.ServerID == 0 {
		c.ServerID = c.stableID()
	}
	return c
}

// stableID derives a server id from what makes this reader unique, above the
// range that people give to servers.
func (c *Config) stableID() uint32 {
	h := fnv.New32a()
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	for _, part := range []string{host, c.SpoolDir, c.SchemaFile, c.Group, c.address()} {
		// A hash never fails to write.
		_, _ = h.Write(append([]byte(part), 0))
	}
	return h.Sum32() | 1<<30
}

// address is host:port or the socket's path, for messages.
func (c *Config) address() string {
	if c.Socket != "" {
		return c.Socket
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
}

// network gives what a dialer needs.
func (c *Config) network() (network, address string) {
	if c.Socket != "" {
		return "unix", c.Socket
	}
	return "tcp", c.address()
}

func (c *Config) warn(e *ggserr.Error) {
	if c.Warn != nil {
		c.Warn(e)
	}
}

// wanted applies Want; the server's own schemas are never captured unasked.
func (c *Config) wanted(schema, table string) bool {
	if c.Want != nil {
		return c.Want(schema, table)
	}
	return !slices.Contains(systemSchemas, strings.ToLower(schema))
}

// excludesTag applies LeaveOutTag.
func (c *Config) excludesTag(tag string) bool { return c.LeaveOutTag != nil && c.LeaveOutTag(tag) }

// wantedSequence applies WantSequence.
func (c *Config) wantedSequence(schema, name string) bool {
	return c.WantSequence != nil && c.WantSequence(schema, name)
}

// systemSchemas hold the server's own tables.
var systemSchemas = []string{"mysql", "information_schema", "performance_schema", "sys"}

// filtered reports a table of FilterTables; folds says that the server does not tell
// upper and lower case of names apart.
func (c *Config) filtered(schema, table string, folds bool) bool {
	return slices.ContainsFunc(c.FilterTables, func(name string) bool {
		s, t, _ := strings.Cut(name, ".")
		if folds {
			return strings.EqualFold(s, schema) && strings.EqualFold(t, table)
		}
		return s == schema && t == table
	})
}
