package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"ggsh/capture/kafka"
	"ggsh/capture/payload"
	"ggsh/checkpoint"
	"ggsh/dblogin"
	"ggsh/extract"
	"ggsh/ggserr"
	"ggsh/kafkaclient"
	"ggsh/param"
	"ggsh/props"
)

func (w *wiring) openKafka(ctx context.Context, start extract.SourceStart) (extract.Source, error) {
	o := w.run.Capture.Log.Streams
	set := param.FileSet{Format: param.FormatGeneric}
	if len(o.Sets) > 0 {
		set = o.Sets[0]
	}
	if set.Pattern != "" || set.Table != "" || set.MaxRecord > 0 {
		return nil, ggserr.New(ggserr.BadParameter, "FILES, TABLENAME and MAXRECORD are of "+
			"files, and the source is Kafka").
			At(set.Pos.File, set.Pos.Line, set.Pos.Column).Do("Take them out.")
	}
	cfg := kafka.Config{Restart: start.Restart, Ledger: w.p.Home().Definitions(w.p.Group()),
		MaxRows: o.BatchRows, Want: start.Want, Warn: w.p.Event, Now: w.p.Now,
		Generic: set.Format == "" || set.Format == param.FormatGeneric, Bytes: o.Payload == "BYTES",
		Format: format(&set, param.FormatGeneric), Begin: kafka.Begin{Order: orderOf(start.Begin)}}
	var err error
	if cfg.Client, err = w.consumer(); err != nil {
		return nil, err
	}
	if cfg.Schema, err = w.schema("KAFKA"); err != nil {
		return nil, err
	}
	if cfg.Topics, err = w.topics(cfg); err != nil {
		return nil, err
	}
	if cfg.Declared, err = w.declared(); err != nil {
		return nil, err
	}
	if cfg.Format.Form == payload.CSV && !cfg.Generic && len(cfg.Declared) == 0 {
		return nil, ggserr.New(ggserr.BadParameter, "FORMAT CSV of messages needs the columns").
			At(set.Pos.File, set.Pos.Line, set.Pos.Column).
			Do("Add COLUMNS (name type, ...), or DEFINITIONS file.")
	}
	cfg.Format.Header = false // a message has no line before it
	bad, err := w.openDiscard()
	if err != nil {
		return nil, err
	}
	if bad != nil {
		cfg.Discard = func(d kafka.Discarded) error {
			where := fmt.Sprintf("partition %s, offset %d", d.Partition, d.Offset)
			return bad.add(where, d.Reason, d.Payload)
		}
	}
	switch b := start.Begin; b.Kind {
	case checkpoint.BeginEOF:
		cfg.Begin.AtEnd = true
	case checkpoint.BeginNow, checkpoint.BeginTime:
		cfg.Begin.Time = b.Time
	case checkpoint.BeginEarliest:
	default:
		return nil, noPlace(b)
	}
	for _, csn := range start.Bounds {
		cfg.Bounds = append(cfg.Bounds, csn.Minor)
	}
	return kafka.Open(ctx, cfg)
}

// consumer reads the file of KAFKACONSUMERPROPERTIES.
func (w *wiring) consumer() (*kafkaclient.Config, error) {
	o := w.run.Capture.Log.Streams
	if o.ConsumerProperties == "" {
		return nil, ggserr.New(ggserr.BadParameter, "the parameter file does not say where Kafka is").
			At(w.p.Params().Path, 1, 1).
			Do("Add TRANLOGOPTIONS KAFKACONSUMERPROPERTIES file, and bootstrap.servers=host:port to " +
				"that file in dirprm.")
	}
	path, err := w.clientFile(o.ConsumerProperties)
	if err != nil {
		return nil, ggserr.New(ggserr.FileOpen, o.ConsumerProperties).Because(err).
			At(o.Pos.File, o.Pos.Line, o.Pos.Column)
	}
	file, err := props.LoadProducer(path, props.Options{Home: string(w.p.Home()), Secret: w.secret})
	if err != nil {
		return nil, err
	}
	cfg, err := kafkaclient.New(kafkaclient.Settings(file), kafkaclient.Options{
		Role: kafkaclient.Consumer, ClientID: "ggsh-" + w.p.Group(), Find: w.clientFile})
	if err != nil {
		return nil, err
	}
	for _, n := range cfg.Notices {
		if n.Warning {
			w.p.Event(ggserr.New(ggserr.PropertyNote, n.String()))
		} else {
			w.p.Line("%s", n)
		}
	}
	return cfg, nil
}

// clientFile finds a file of Kafka's client: in dirprm, else in the home.
func (w *wiring) clientFile(name string) (string, error) {
	if !filepath.IsAbs(name) {
		path := w.p.Home().Join("dirprm", name)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, err
		}
	}
	path := w.p.Home().Resolve(name)
	_, err := os.Stat(path)
	return path, err
}

// secret answers aliases in properties files.
func (w *wiring) secret(alias, domain string) (user, password string, err error) {
	entry, err := dblogin.AliasesIn(w.aliasDir()).Find(domain, alias)
	return entry.User, entry.Password, err
}

// topics are those of TOPICS, else those that the TABLE statements name: where the
// messages name their tables, a topic is called as its table is with its schema.
func (w *wiring) topics(cfg kafka.Config) ([]string, error) {
	topics := slices.Clone(w.run.Capture.Log.Streams.Topics)
	if len(topics) > 0 {
		return topics, nil
	}
	for _, t := range w.tables {
		name := t.Source.Table().Text
		if schema := t.Source.Schema().Text; schema != "" && !cfg.Generic &&
			(cfg.Format.Form == payload.Ops || cfg.Format.Form == payload.Rows) {
			name = schema + "." + name
		}
		if !slices.Contains(topics, name) {
			topics = append(topics, name)
		}
	}
	return topics, nil
}
