package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"ggsh/formatter"
	"ggsh/kafkaclient"
	"ggsh/record"
)

// schemas publishes the schemas of tables: to a topic, each before the first
// message that needs it and again when it has changed; or to a registry, whose
// number of a schema then begins each message.
type schemas struct {
	set      *settings
	registry *sr.Client
	told     map[*record.TableDef]bool // false: in the open transaction only
	wrapped  bool                      // the generic wrapper's schema was told
	wrapping bool                      // in the open transaction
	ids      map[schemaUse]int
	header   sr.ConfluentHeader
}

// schemaUse is a table's definition in a topic.
type schemaUse struct {
	def   *record.TableDef
	topic *topic
}

// schemaMessage is a message for schemaTopicName.
type schemaMessage struct {
	key   string
	value []byte
}

// registryTime bounds one question to a registry.
const registryTime = 15 * time.Second

func newSchemas(set *settings) (*schemas, error) {
	s := &schemas{set: set, told: map[*record.TableDef]bool{}, ids: map[schemaUse]int{}}
	if set.registry == nil {
		return s, nil
	}
	address := *set.registry
	opts := []sr.ClientOpt{}
	if user := address.User; user != nil {
		password, _ := user.Password()
		opts = append(opts, sr.BasicAuth(user.Username(), password))
		address.User = nil
	}
	var err error
	s.registry, err = sr.NewClient(append(opts, sr.URLs(address.String()))...)
	return s, err
}

// setSchemas checks schemaTopicName and schemaRegistryUrl.
func (s *settings) setSchemas() error {
	avro := s.format.Name() == formatter.AvroRow || s.format.Name() == formatter.AvroOp
	s.schemaTopic = s.props.Text("schemaTopicName")
	if s.schemaTopic != "" && !avro {
		s.note("%s has no effect: the format %s has no Avro schema", s.property("schemaTopicName"),
			s.format.Name())
		s.schemaTopic = ""
	}
	text := s.props.Text("schemaRegistryUrl")
	if text == "" {
		return nil
	}
	name := s.property("schemaRegistryUrl")
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		// The text may hold a password.
		return fmt.Errorf("%s: %s is no address like https://host:port", s.props.Path, name)
	}
	misfit := ""
	switch {
	case !avro:
		misfit = "it is for the formats avro_row and avro_op only"
	case s.byTransaction:
		misfit = "in mode=tx a message holds several records"
	case s.format.WrapperSchema() != nil:
		misfit = "messages in the generic wrapper name their schema themselves"
	case s.format.Name() == formatter.AvroRow &&
		s.props.Text("format.pkUpdateHandling") == "delete-insert":
		misfit = "with format.pkUpdateHandling=delete-insert a message may hold two records"
	}
	if misfit != "" {
		return fmt.Errorf("%s: %s does not fit here: %s", s.props.Path, name, misfit)
	}
	s.registry = address
	return nil
}

// known reports whether nothing needs to be told of a table.
func (s *schemas) known(def *record.TableDef) bool {
	if s.set.schemaTopic == "" {
		return true
	}
	_, ok := s.told[def]
	return ok
}

// messages are what is to be told of a table.
func (s *schemas) messages(def *record.TableDef) ([]schemaMessage, error) {
	_, text, err := s.set.format.Schema(def)
	if err != nil {
		return nil, err
	}
	var all []schemaMessage
	if wrapper := s.set.format.WrapperSchema(); wrapper != nil && !s.wrapped && !s.wrapping {
		all = append(all, schemaMessage{"generic_wrapper", wrapper})
	}
	if len(text) > 0 {
		all = append(all, schemaMessage{def.FullName(), text})
	}
	return all, nil
}

// sent notes that a table's schema is in the open transaction.
func (s *schemas) sent(def *record.TableDef) {
	s.told[def] = false
	s.wrapping = true
}

// committed notes that what was sent is durable.
func (s *schemas) committed() {
	for def := range s.told {
		s.told[def] = true
	}
	s.wrapped = s.wrapped || s.wrapping
}

// forget takes back what was sent in a transaction that was rolled back.
func (s *schemas) forget() {
	for def, durable := range s.told {
		if !durable {
			delete(s.told, def)
		}
	}
	s.wrapping = false
	clear(s.ids)
}

// appendID begins a message with the registry's number of its schema.
func (s *schemas) appendID(ctx context.Context, dst []byte, c *record.Change,
	to *topic) ([]byte, error) {
	if s.registry == nil {
		return dst, nil
	}
	use := schemaUse{c.Def, to}
	id, ok := s.ids[use]
	if !ok {
		var err error
		if id, err = s.register(ctx, c.Def, to.name+"-value"); err != nil {
			return dst, err
		}
		s.ids[use] = id
	}
	return s.header.AppendEncode(dst, id, nil)
}

// register gives the number of a table's schema in the registry, where it is
// added if it is not there.
func (s *schemas) register(ctx context.Context, def *record.TableDef, subject string) (int, error) {
	_, text, err := s.set.format.Schema(def)
	if err != nil {
		return 0, rowError(err)
	}
	ctx, cancel := context.WithTimeout(ctx, registryTime)
	defer cancel()
	known, err := s.registry.CreateSchema(ctx, subject, sr.Schema{Schema: string(text)})
	if err == nil {
		return known.ID, nil
	}
	t := &kafkaclient.Trouble{Kind: kafkaclient.Away, Err: err, Text: fmt.Sprintf(
		"schema registry %s, subject %s, table %s: %v", s.set.registry.Redacted(), subject,
		def.FullName(), err)}
	var refused *sr.ResponseError
	if !errors.As(err, &refused) {
		return 0, t
	}
	switch code := refused.StatusCode; {
	case code == 409:
		t.Kind = kafkaclient.Misconfigured
		t.Text += ". The schema does not fit to the one before in this subject: if several tables " +
			"share the topic, give each one its own; else set the subject's compatibility to NONE"
	case code == 401 || code == 403:
		t.Kind = kafkaclient.LoginRefused
		t.Text += ". See user and password in " + s.set.property("schemaRegistryUrl")
	case code >= 400 && code < 500 && code != 429 && code != 408:
		t.Kind = kafkaclient.Misconfigured
	}
	return 0, t
}
