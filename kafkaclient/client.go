// Package kafkaclient turns the properties files of Kafka's Java clients, as
// operators have them, into options of the Go client franz-go, and tells the
// errors of a cluster apart by what can be done about them.
//
// It neither produces nor consumes. Its law: a property that could change where
// a message goes, whether it is kept or who may read it is obeyed or refused;
// whatever else is not obeyed is told. No password is in an error or a notice.
package kafkaclient

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/ggserr"
)

// Role says which of Kafka's clients a properties file configures.
type Role int

// The roles.
const (
	Producer Role = 1 << iota
	Consumer
)

// String names the role.
func (r Role) String() string {
	switch r {
	case Producer:
		return "producer"
	case Consumer:
		return "consumer"
	}
	return "producer and consumer"
}

// Setting is one property and where it stands.
type Setting struct {
	Key, Value string
	At         ggserr.Location
}

// File is a plain properties file, such as *props.Properties.
type File interface {
	Keys() []string
	Get(key string) (value string, ok bool)
	Where(key string) ggserr.Location
}

// Secret reports whether a property's value is one.
func (s Setting) Secret() bool {
	return s.Key == "sasl.jaas.config" || s.Key == "ssl.keystore.key" ||
		strings.HasSuffix(s.Key, ".password")
}

// Settings are a file's properties.
func Settings(f File) []Setting {
	var all []Setting
	for _, key := range f.Keys() {
		value, _ := f.Get(key)
		all = append(all, Setting{Key: key, Value: value, At: f.Where(key)})
	}
	return all
}

// refuse is an error at the setting. Its text must not hold the value of a
// secret.
func (s Setting) refuse(format string, args ...any) *ggserr.Error {
	text := s.Key + ": " + fmt.Sprintf(format, args...)
	return ggserr.New(ggserr.Generic, text).At(s.At.File, s.At.Line, s.At.Column)
}

// Options say how a properties file is to be read.
type Options struct {
	Role Role
	// ExactlyOnce makes a producer transactional, whatever the file says of
	// acks, enable.idempotence and retries.
	ExactlyOnce bool
	// TransactionalID and ClientID hold unless the file has its own.
	TransactionalID string
	ClientID        string
	// Find gives the path of a file that a property names, such as a key store;
	// nil takes names as they are.
	Find func(name string) (path string, err error)
	// ReadFile reads such a file; nil is os.ReadFile.
	ReadFile func(path string) ([]byte, error)
}

// Config is a client's configuration.
type Config struct {
	// Notices say what of the file is not obeyed as it stands, in its order.
	Notices []Notice
	Brokers []string
	// ClientID is the name that brokers log.
	ClientID string

	// TransactionalID is empty unless the producer is transactional.
	TransactionalID string
	// TransactionTimeout is zero unless the file has one: whoever opens the
	// producer then chooses, and adds kgo.TransactionTimeout.
	TransactionTimeout time.Duration
	// MaxRequestSize bounds one message with its key and headers.
	MaxRequestSize int
	// DeliveryTimeout is how long a producer tries to get a message through.
	DeliveryTimeout time.Duration

	// Group is a consumer's group.id.
	Group string
	// MaxPollRecords bounds what a consumer takes at once; zero is no bound.
	MaxPollRecords int

	connection []kgo.Opt
	role       []kgo.Opt
}

// Notice is what an operator should know of a property.
type Notice struct {
	Setting Setting // its value may be a secret: it is not for printing
	// Warning says that data could be at stake.
	Warning bool
	Text    string
}

// String gives place and text.
func (n Notice) String() string {
	text := n.Setting.Key + ": " + n.Text
	if n.Setting.At.IsZero() {
		return text
	}
	return n.Setting.At.String() + ": " + text
}

// New checks settings and gives what they mean. Of a key that comes twice, the
// last one counts, as in Java.
func New(settings []Setting, opt Options) (*Config, error) {
	if opt.ReadFile == nil {
		opt.ReadFile = os.ReadFile
	}
	if opt.Find == nil {
		opt.Find = func(name string) (string, error) { return name, nil }
	}
	b := newBuilder(opt)
	if err := b.read(settings); err != nil {
		return nil, err
	}
	if err := b.finish(); err != nil {
		return nil, err
	}
	return b.config, nil
}

// Opts are the options for kgo.NewClient; the caller may add its own.
func (c *Config) Opts() []kgo.Opt { return slices.Concat(c.connection, c.role) }

// Connection are the options that a client of any role needs to reach the same
// cluster.
func (c *Config) Connection() []kgo.Opt { return slices.Clone(c.connection) }

// Connect makes a client with further options and asks a broker for a sign of
// life, so that wrong addresses and logins are told at once. The context must
// have a deadline. The error is a *Trouble.
func (c *Config) Connect(ctx context.Context, more ...kgo.Opt) (*kgo.Client, error) {
	return c.ConnectAs(ctx, append(c.Opts(), more...)...)
}

// ConnectAs is Connect with the caller's options only, which begin with
// Connection.
func (c *Config) ConnectAs(ctx context.Context, opts ...kgo.Opt) (*kgo.Client, error) {
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, &Trouble{Kind: Misconfigured, Text: err.Error(), Err: err}
	}
	if err := client.Ping(ctx); err != nil {
		client.Close()
		return nil, c.Trouble(err, "connect")
	}
	return client, nil
}

// Servers lists the brokers as the file has them, for messages.
func (c *Config) Servers() string { return strings.Join(c.Brokers, ",") }
