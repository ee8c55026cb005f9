package kafkaclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Kind sorts a cluster's errors by what can be done about them.
type Kind int

// The kinds.
const (
	// Away: brokers do not answer, or are busy electing: try again later.
	Away Kind = iota
	// Misconfigured: addresses, TLS or limits do not fit to the cluster.
	Misconfigured
	// LoginRefused: user, password or certificate is wrong.
	LoginRefused
	// Denied: an access rule of the cluster is missing.
	Denied
	// NoTopic: the topic does not exist.
	NoTopic
	// BadTopic: no topic can have this name.
	BadTopic
	// TooLarge: the broker takes no batch of this size.
	TooLarge
	// Fenced: another producer has taken over the transactional id.
	Fenced
	// TimeoutTooLong: transaction.timeout.ms is beyond the broker's limit.
	TimeoutTooLong
	// Refused: the broker refuses the records themselves.
	Refused
)

// Trouble is an error of a cluster.
type Trouble struct {
	Kind Kind
	// Code is Kafka's number of it; 0 when no broker has said it.
	Code int
	// Text says what happened and what to do next.
	Text string
	Err  error
}

// Error is the text.
func (t *Trouble) Error() string { return t.Text }

// Unwrap gives the cause.
func (t *Trouble) Unwrap() error { return t.Err }

// Trouble sorts an error of doing something, such as "write to topic X".
func (c *Config) Trouble(err error, doing string) *Trouble {
	var known *Trouble
	if errors.As(err, &known) {
		return known
	}
	t := &Trouble{Kind: Away, Err: err}
	says := "Kafka (" + c.Servers() + "): " + doing + ": "
	var native *kerr.Error
	if !errors.As(err, &native) {
		t.Kind, t.Text = c.unreached(err)
		t.Text = says + t.Text
		return t
	}
	t.Code = int(native.Code)
	what := native.Message + " (" + strings.TrimSuffix(native.Description, ".") + ")"
	hint := ""
	t.Kind, hint = judge(native)
	t.Text = says + what
	if hint != "" {
		t.Text += ". " + hint
	}
	return t
}

// judge gives kind and advice for what a broker said.
func judge(e *kerr.Error) (Kind, string) {
	switch e {
	case kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism, kerr.IllegalSaslState:
		return LoginRefused, "See sasl.mechanism and sasl.jaas.config"
	case kerr.TopicAuthorizationFailed:
		return Denied, "Allow it: kafka-acls --add --allow-principal User:... --operation Write " +
			"--operation Describe --topic ... (a reader: --operation Read)"
	case kerr.TransactionalIDAuthorizationFailed:
		return Denied, "Allow it: kafka-acls --add --allow-principal User:... --operation Write " +
			"--operation Describe --transactional-id ..."
	case kerr.GroupAuthorizationFailed:
		return Denied, "Allow it: kafka-acls --add --allow-principal User:... --operation Read " +
			"--group ..."
	case kerr.ClusterAuthorizationFailed:
		return Denied, "Allow it: kafka-acls --add --allow-principal User:... --operation " +
			"IdempotentWrite --cluster"
	case kerr.UnknownTopicOrPartition, kerr.UnknownTopicID:
		return NoTopic, ""
	case kerr.InvalidTopicException:
		return BadTopic, "A topic's name has 1 to 249 letters, digits, dots, underscores and hyphens"
	case kerr.MessageTooLarge, kerr.RecordListTooLarge:
		return TooLarge, ""
	case kerr.ProducerFenced, kerr.InvalidProducerEpoch:
		return Fenced, ""
	case kerr.InvalidProducerIDMapping, kerr.UnknownProducerID:
		return Away, "The cluster has forgotten the producer after a long rest: a new one is needed"
	case kerr.InvalidTransactionTimeout:
		return TimeoutTooLong, ""
	case kerr.InvalidRecord, kerr.CorruptMessage, kerr.InvalidTimestamp:
		return Refused, ""
	case kerr.UnsupportedVersion, kerr.UnsupportedForMessageFormat, kerr.PolicyViolation,
		kerr.InvalidConfig, kerr.SecurityDisabled, kerr.InvalidReplicationFactor,
		kerr.InvalidRequiredAcks:
		return Misconfigured, ""
	}
	return Away, ""
}

// unreached sorts errors on the way to a broker.
func (c *Config) unreached(err error) (Kind, string) {
	var early *kgo.ErrFirstReadEOF
	var unknownHost *net.DNSError
	text := err.Error()
	switch {
	case errors.As(err, &early):
		return Away, "a broker closes the connection at once. See security.protocol: PLAINTEXT and " +
			"SSL, or SASL and none, do not understand each other"
	case isCertificate(err):
		return Misconfigured, fmt.Sprintf("%s. See ssl.truststore.location and "+
			"ssl.endpoint.identification.algorithm", text)
	case errors.As(err, &unknownHost) && unknownHost.IsNotFound:
		return Away, fmt.Sprintf("no host %s is known. See bootstrap.servers, and the broker's "+
			"advertised.listeners", unknownHost.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return Away, "connection refused: no broker runs there. See bootstrap.servers"
	case errors.Is(err, context.DeadlineExceeded):
		return Away, "no answer in time (" + text + ")"
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET):
		return Away, "the connection broke (" + text + ")"
	}
	return Away, text
}

// isCertificate reports whether TLS refused who answered.
func isCertificate(err error) bool {
	text := err.Error()
	return strings.Contains(text, "x509:") || strings.Contains(text, "tls:")
}
