package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"ggsh/capture/directory"
	"ggsh/capture/payload"
	"ggsh/checkpoint"
	"ggsh/extract"
	"ggsh/ggserr"
	"ggsh/param"
	"ggsh/process"
	"ggsh/record"
)

// discards are the records that are no rows, written to the discard file.
type discards struct {
	file  *process.Discard
	p     *process.Process
	count int64
	max   int64
}

// openDiscard opens the discard file when bad records go there; nil when they stop
// the group.
func (w *wiring) openDiscard() (*discards, error) {
	if !w.run.Capture.Log.Streams.DiscardBad {
		return nil, nil
	}
	return w.needDiscard()
}

// needDiscard opens the discard file at its first use.
func (w *wiring) needDiscard() (*discards, error) {
	if w.discards != nil {
		return w.discards, nil
	}
	file, err := w.p.OpenDiscard(w.run.DiscardFile)
	if err != nil {
		return nil, err
	}
	file.RolloverAt(w.run.DiscardRollover)
	w.discards = &discards{file: file, p: w.p, max: int64(w.run.MaxDiscards)}
	return w.discards, nil
}

// maxDiscardText bounds what is written of one record.
const maxDiscardText = 4000

// add writes one record: where it stands, why it is no row, and what it holds.
func (d *discards) add(where string, reason error, content []byte) error {
	if err := d.counted(); err != nil {
		return err
	}
	cut := ""
	if len(content) > maxDiscardText {
		cut = fmt.Sprintf(" (the first of %d octets)", len(content))
		content = content[:maxDiscardText]
	}
	return d.file.Add(fmt.Sprintf("Current time: %s\nDiscarded record at %s: %s\nRecord%s:\n%q\n\n",
		d.p.Now().Local().Format(time.DateTime), where, reason, cut, content))
}

// discardOp writes an operation that is not taken: where it stands, why, and what it
// holds.
func (w *wiring) discardOp(def *record.TableDef, body []byte, reason error) error {
	d, err := w.needDiscard()
	if err != nil {
		return err
	}
	if err := d.counted(); err != nil {
		return err
	}
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Current time: %s\nDiscarded record of table %s: %s\nOperation %s\n",
		d.p.Now().Local().Format(time.DateTime), def.FullName(), reason, op.Type)
	if err := process.WriteImages(&b, def, &op); err != nil {
		return err
	}
	return d.file.Add(b.String() + "\n")
}

// counted counts one record more, and ends the run when they are too many.
func (d *discards) counted() error {
	d.count++
	if d.max > 0 && d.count > d.max {
		return ggserr.New(ggserr.Generic, fmt.Sprintf("%d records were discarded, MAXDISCARDRECS is %d",
			d.count, d.max)).Do("See the discard file %s.", d.file.Path())
	}
	return nil
}

// streamsOnly refuses options of files and topics with a source of another kind.
func (w *wiring) streamsOnly() error {
	o := w.run.Capture.Log.Streams
	if o.Pos.IsZero() {
		return nil
	}
	return ggserr.New(ggserr.BadParameter, "This option of TRANLOGOPTIONS is of a source that "+
		"is files or topics").
		At(o.Pos.File, o.Pos.Line, o.Pos.Column).
		Do("Name such a source, SOURCEDB directory:path or kafka:, or take the option out.")
}

// schema is the schema of tables that have none in the data: SCHEMA's, else the one
// that all TABLE statements name, else a word.
func (w *wiring) schema(otherwise string) (string, error) {
	if s := w.run.Capture.Log.Streams.Schema; s != "" {
		return s, nil
	}
	found := ""
	for i, t := range w.tables {
		schema := t.Source.Schema()
		if schema.Wild() {
			return otherwise, nil
		}
		if i > 0 && schema.Text != found {
			return "", ggserr.New(ggserr.BadParameter, "The TABLE statements name several schemas").
				At(t.Pos.File, t.Pos.Line, t.Pos.Column).
				Do("Say which one the source's tables have: TRANLOGOPTIONS SCHEMA name.")
		}
		found = schema.Text
	}
	return found, nil
}

// declared are the columns that the parameter file and its DEFINITIONS give.
func (w *wiring) declared() ([]payload.Definition, error) {
	o := w.run.Capture.Log.Streams
	var all []payload.Definition
	for _, s := range o.Sets {
		if s.Columns != nil {
			all = append(all, payload.Definition{Name: s.Table, Columns: s.Columns.Columns,
				Key: s.Columns.Key})
		}
	}
	if o.Definitions == "" {
		return all, nil
	}
	path := w.p.Home().Resolve(o.Definitions)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, ggserr.New(ggserr.FileOpen, path).Because(err).
			At(o.Pos.File, o.Pos.Line, o.Pos.Column)
	}
	tables, err := param.ReadDefinitions(path, string(text))
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		all = append(all, payload.Definition{Schema: t.Schema, Name: t.Table, Columns: t.Columns,
			Key: t.Key})
	}
	return all, nil
}

// forms are the formats that rows are read from.
var forms = map[param.StreamFormat]payload.Form{param.FormatCSV: payload.CSV,
	param.FormatJSON: payload.JSON, param.FormatOps: payload.Ops, param.FormatRows: payload.Rows}

func format(s *param.FileSet, otherwise param.StreamFormat) payload.Format {
	name := s.Format
	if name == "" {
		name = otherwise
	}
	return payload.Format{Form: forms[name], Header: forms[name] == payload.CSV && !s.NoHeader,
		Delimiter: s.Delimiter, Quote: s.Quote, NullText: s.NullText}
}

// fileSets are the kinds of files; without FILES all files are of one.
func (w *wiring) fileSets() ([]directory.Set, error) {
	given := w.run.Capture.Log.Streams.Sets
	if len(given) == 0 {
		given = []param.FileSet{{Delimiter: ',', Quote: '"'}}
	}
	var sets []directory.Set
	for i := range given {
		s := &given[i]
		if s.Format == param.FormatGeneric {
			return nil, ggserr.New(ggserr.BadParameter, "FORMAT GENERIC is of messages, not of files").
				At(s.Pos.File, s.Pos.Line, s.Pos.Column).Do("Write CSV, JSON, OGG_JSON or OGG_JSON_ROW.")
		}
		set := directory.Set{Pattern: s.Pattern, Table: s.Table, MaxLine: int(s.MaxRecord)}
		if set.Pattern == "" {
			set.Pattern = "*"
		}
		usual := param.FormatCSV
		if strings.Contains(strings.ToLower(set.Pattern), ".json") {
			usual = param.FormatJSON
		}
		set.Format = format(s, usual)
		sets = append(sets, set)
	}
	return sets, nil
}

func (w *wiring) openDirectory(ctx context.Context, path string, start extract.SourceStart,
) (extract.Source, error) {
	o := w.run.Capture.Log.Streams
	if o.ConsumerProperties != "" || len(o.Topics) > 0 {
		return nil, ggserr.New(ggserr.BadParameter, "TRANLOGOPTIONS speaks of Kafka, and SOURCEDB "+
			"names a directory").
			At(o.Pos.File, o.Pos.Line, o.Pos.Column).Do("Take one of the two out.")
	}
	cfg := directory.Config{Path: path, Restart: start.Restart,
		Ledger: w.p.Home().Definitions(w.p.Group()),
		ByName: o.ByName, MaxRows: o.BatchRows, Want: start.Want, Warn: w.p.Event, Now: w.p.Now,
		Begin: directory.Begin{Order: orderOf(start.Begin)}}
	var err error
	if cfg.Sets, err = w.fileSets(); err != nil {
		return nil, err
	}
	if cfg.Schema, err = w.schema("FILES"); err != nil {
		return nil, err
	}
	if cfg.Declared, err = w.declared(); err != nil {
		return nil, err
	}
	bad, err := w.openDiscard()
	if err != nil {
		return nil, err
	}
	if bad != nil {
		cfg.Discard = func(d directory.Discarded) error {
			return bad.add(fmt.Sprintf("%s:%d, offset %d", d.File, d.Line, d.Offset), d.Reason, d.Record)
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
	return directory.Open(ctx, cfg)
}

// orderOf tells one order to begin from another.
func orderOf(b checkpoint.Begin) string {
	return fmt.Sprintf("%s %s", b.Kind, b.Time.UTC().Format(time.RFC3339Nano))
}

// noPlace refuses a begin by numbers.
func noPlace(b checkpoint.Begin) error {
	return ggserr.New(ggserr.Generic, fmt.Sprintf("A source of files or topics cannot begin at a %s",
		b.Kind)).Do("ALTER the EXTRACT: BEGIN NOW, BEGIN EARLIEST, BEGIN time or EOF.")
}
