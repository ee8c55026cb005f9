package main

import (
	"fmt"
	"net/url"
	"os"
	"slices"

	"ggsh/dblogin"
	"ggsh/formatter"
	"ggsh/handler"
	"ggsh/kafkaclient"
	"ggsh/props"
)

// settings are what the properties files say.
type settings struct {
	group        string
	key          string // of the group's position, and in its transactional id
	home         string
	props        *props.Config
	producerFile string
	client       *kafkaclient.Config
	format       *formatter.Format
	env          *props.Env

	byTransaction bool // mode=tx
	topic         *props.Template
	messageKey    *props.Template // nil: none
	headers       []props.MetaColumn
	checkpoints   string // the topic of positions
	schemaTopic   string
	registry      *url.URL // of schemas; nil: none

	notes []string
}

// load reads both files and refuses what does not fit together.
func load(cfg handler.Config) (*settings, error) {
	reading := props.Options{Home: cfg.Home, Secret: dblogin.AliasesIn(cfg.Credentials).Secret}
	p, err := props.Load(cfg.Properties, reading)
	if err != nil {
		return nil, err
	}
	if p.Type != props.Kafka {
		return nil, fmt.Errorf("%s is of a handler of type %s, not of type kafka", p.Path, p.Type)
	}
	s := &settings{group: cfg.Group, key: fmt.Sprintf("%s-%016x", cfg.Group, cfg.GroupKey),
		home: cfg.Home, props: p}
	if err := s.readProducer(reading); err != nil {
		return nil, err
	}
	s.env = &props.Env{Group: cfg.Group, Local: p.Location(), OpKeys: p.OpKeys(),
		JavaProperty: p.JavaProperty}
	if s.format, err = formatter.New(p, formatter.Env{Group: cfg.Group, Warn: s.warn}); err != nil {
		return nil, err
	}
	s.checkpoints = p.Text("checkpointTopic")
	s.byTransaction = p.Text("mode") == "tx"
	for _, set := range []func() error{s.setTopic, s.setKey, s.setHeaders, s.setSchemas} {
		if err := set(); err != nil {
			return nil, err
		}
	}
	if p.Has("transactionsEnabled") && !p.Bool("transactionsEnabled") {
		s.note("gg.handler.%s.transactionsEnabled=false is not obeyed: messages and position are one "+
			"Kafka transaction, so that nothing comes twice", p.Handler)
	}
	return s, nil
}

// readProducer finds and reads the producer's file.
func (s *settings) readProducer(reading props.Options) error {
	path, err := s.props.Find(s.props.Text("kafkaProducerConfigFile"))
	if err != nil {
		return err
	}
	file, err := props.LoadProducer(path, reading)
	if err != nil {
		return err
	}
	s.producerFile = path
	list := kafkaclient.Settings(file)
	if st, err := os.Stat(path); err == nil && st.Mode().Perm()&0o077 != 0 &&
		slices.ContainsFunc(list, kafkaclient.Setting.Secret) {
		s.note("Warning: others than its owner can read %s, which holds a secret: chmod 600 it, or "+
			"keep the secret in the credential store", path)
	}
	s.client, err = kafkaclient.New(list, kafkaclient.Options{
		Role: kafkaclient.Producer, ExactlyOnce: true, TransactionalID: "ogg-" + s.key,
		ClientID: "ggsh-" + s.group, Find: s.props.Find})
	if err != nil {
		return err
	}
	for _, n := range s.client.Notices {
		if n.Warning {
			s.note("Warning: %s", n)
		} else {
			s.note("%s", n)
		}
	}
	return nil
}

func (s *settings) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// warn takes a format's warning of a value.
func (s *settings) warn(e *formatter.Error) { s.note("Warning: %s", e) }

// property is the whole name of one of the handler's.
func (s *settings) property(name string) string {
	return "gg.handler." + s.props.Handler + "." + name
}

// setTopic takes topicMappingTemplate, which topicName and topicPartitioning
// have become where they stand for it.
func (s *settings) setTopic() (err error) {
	name, text := "topicMappingTemplate", s.props.Text("topicMappingTemplate")
	if s.topic, err = props.ParseTemplate(text); err != nil {
		return err
	}
	if s.topic.IsNull() {
		return fmt.Errorf("%s: %s=${null} is no topic", s.props.Path, s.property(name))
	}
	// A name that needs no operation is known already.
	fixed, err := s.topic.Append(nil, s.env, nil)
	if err == nil && !validTopic(fixed) {
		return fmt.Errorf("%s: %s=%s: %s", s.props.Path, s.property(name), text, topicLaw)
	}
	return nil
}

// setKey takes keyMappingTemplate. In mode=tx messages have no key.
func (s *settings) setKey() error {
	text := s.props.Text("keyMappingTemplate")
	key, err := props.ParseTemplate(text)
	switch {
	case err != nil:
		return err
	case key.IsNull():
		return nil
	case s.byTransaction:
		s.note("%s=%s is not obeyed: in mode=tx messages have no key",
			s.property("keyMappingTemplate"), text)
		return nil
	case !s.props.Has("keyMappingTemplate"):
		s.note("%s is not given: the key is the table's name, so all rows of a table go to one "+
			"partition; ${primaryKeys} spreads them and keeps the order of each row",
			s.property("keyMappingTemplate"))
	}
	s.messageKey = key
	return nil
}

// setHeaders takes metaHeadersTemplate.
func (s *settings) setHeaders() (err error) {
	s.headers, err = props.ParseMetaColumns(s.props.Text("metaHeadersTemplate"))
	if err != nil {
		return err
	}
	for _, h := range s.headers {
		if h.Keyword == "metadatachanged" {
			return fmt.Errorf("%s: %s: ${metadatachanged} has no form as a header", s.props.Path,
				s.property("metaHeadersTemplate"))
		}
	}
	return nil
}
