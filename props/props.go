// Package props reads the properties files of big data handlers: the .props
// file that TARGETDB LIBFILE ... SET property names, and the client properties
// beside it. It holds the one table of properties, and the templates, meta
// columns and printed forms that formats and handlers share.
//
// It opens no target, formats no row and starts nothing. Its law: a property is
// acted on, or its reader is told by name, line and column what happens
// instead; whatever would change data if it were left out is an error.
package props

import (
	"os"
	"time"

	"ggsh/ggserr"
)

// The handler types that this release serves.
const (
	HDFS       = "hdfs"
	Kafka      = "kafka"
	FileWriter = "filewriter"
)

// Options say how files and secrets are reached. The zero value reads the disk
// relative to the current directory and knows no secrets.
type Options struct {
	// Home is the directory that relative paths start from.
	Home string
	// ReadFile replaces the disk.
	ReadFile func(path string) ([]byte, error)
	// Getenv replaces the environment of the process.
	Getenv func(name string) string
	// Secret answers ORACLEWALLETUSERNAME[alias domain] and ORACLEWALLETPASSWORD.
	// An empty domain is the default one.
	Secret func(alias, domain string) (user, password string, err error)
}

func (o Options) getenv(name string) string {
	if o.Getenv != nil {
		return o.Getenv(name)
	}
	return os.Getenv(name)
}

// Config is a properties file, read and checked, of a handler that is served.
type Config struct {
	Handler string // its name in gg.handlerlist
	Type    string // hdfs, kafka, filewriter
	Path    string // of the file

	opt     Options
	ix      *index
	format  string
	own     map[string]value // of the handler, by the row's name in lower case
	global  map[string]value
	maps    map[string][]pair // of rows with a pattern, by the row's name in lower case
	notices []*ggserr.Error
}

// pair is one property of a row with a pattern: what stands for *, and its value.
type pair struct{ name, text string }

// Text is the value of gg.handler.<Handler>.<name>, or its default. Words of a
// choice come in the spelling of the table. Asking for a name that the table
// does not have is our own bug and panics; so it is with all getters.
func (c *Config) Text(name string) string { return c.handler(name).text }

// Bool is a truth value.
func (c *Config) Bool(name string) bool { return c.handler(name).num != 0 }

// Int is a number.
func (c *Config) Int(name string) int { return int(c.handler(name).num) }

// Size is a number of bytes.
func (c *Config) Size(name string) int64 { return c.handler(name).num }

// Duration is a length of time; 0 is off.
func (c *Config) Duration(name string) time.Duration { return time.Duration(c.handler(name).num) }

// Has reports whether the file gives the property.
func (c *Config) Has(name string) bool { return c.handler(name).given }

// Where is the place of the property in the file; zero when it is not there.
func (c *Config) Where(name string) ggserr.Location { return c.handler(name).at }

// Global is the value of a property that is no handler's, by its whole name.
func (c *Config) Global(key string) string { return c.globally(key).text }

// GlobalBool is Global as a truth value.
func (c *Config) GlobalBool(key string) bool { return c.globally(key).num != 0 }

// GlobalDuration is Global as a length of time; 0 is off.
func (c *Config) GlobalDuration(key string) time.Duration {
	return time.Duration(c.globally(key).num)
}

// Map gives the properties of the handler that begin with a prefix of the
// table, such as "partitioner.": what follows the prefix, as written, and the value.
func (c *Config) Map(prefix string) map[string]string {
	row := c.ix.handlerRow(prefix+"*", c.Type, "")
	if row == nil {
		panic("props: no row " + prefix + "*")
	}
	m := map[string]string{}
	for _, p := range c.maps[row.key()] {
		m[p.name] = p.text
	}
	return m
}

// Notices are what the operator should know of the file, in its order:
// properties that are unknown, not acted on, of another handler, or double.
func (c *Config) Notices() []*ggserr.Error { return c.notices }

// MetaFields reports whether formats write table, op_type, op_ts, current_ts and
// pos by themselves when there is no metaColumnsTemplate: releases before 21 do.
func (c *Config) MetaFields() bool { return c.Global("gg.compat") != "21" }

// Location is the zone that operation timestamps are shown in.
func (c *Config) Location() *time.Location {
	if c.Global("goldengate.userexit.timestamp") == "utc" {
		return time.UTC
	}
	return time.Local
}

// OpKeys are the letters that stand for the kinds of operations.
func (c *Config) OpKeys() OpKeys {
	return OpKeys{c.Text("format.insertOpKey"), c.Text("format.updateOpKey"),
		c.Text("format.deleteOpKey"), c.Text("format.truncateOpKey")}
}

// handler finds the value of a property of the handler.
func (c *Config) handler(name string) value {
	row := c.ix.handlerRow(name, c.Type, c.format)
	if row == nil {
		panic("props: no property " + name + " in the table")
	}
	if v, ok := c.own[row.key()]; ok {
		return v
	}
	return row.fallback()
}

func (c *Config) globally(key string) value {
	row := c.ix.globalRow(key)
	if row == nil {
		panic("props: no property " + key + " in the table")
	}
	if v, ok := c.global[row.key()]; ok {
		return v
	}
	return row.fallback()
}

// Load reads a properties file and checks each line of it. Its error holds
// every fault, each a *ggserr.Error with file, line and column.
func Load(path string, opt Options) (*Config, error) {
	l := load(path, opt)
	if err := l.failed(); err != nil {
		return nil, err
	}
	return l.cfg, nil
}
