package lake

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"ggsh/dblogin"
	"ggsh/formatter"
	"ggsh/handler"
	"ggsh/props"
)

// settings are the properties as the handler uses them.
type settings struct {
	root    string // the folder of temporary files is in it
	commits string // the folder of commit records is in it

	perTable       bool // files hold one table
	rollOnMetadata bool // files hold one definition
	rollOnShutdown bool
	maxFileSize    int64
	mergeBelow     int64
	fileRoll       time.Duration
	inactivityRoll time.Duration
	publishEvery   time.Duration // 0: when files are full, and at the end
	reportEvery    time.Duration
	keepCommits    int
	maxOpen        int
	spill          int // bytes that a file may keep in memory

	definitions string // local folder for schema files
	schemaDir   string // folder for schema files in the file system; empty for none
}

const (
	// maxOpenFiles bounds the files that are written at a time.
	maxOpenFiles = 256
	// wholePublish is how long operations wait by default where each publication
	// ends its files.
	wholePublish = time.Minute
)

// configure reads the properties for a volume that was reached.
func (h *Handler) configure(p *props.Config) error {
	f, err := formatter.New(p, formatter.Env{Group: h.cfg.Group, Now: h.clock,
		Warn: func(e *formatter.Error) { h.note("%s", e.Error()) }})
	if err != nil {
		return err
	}
	names, err := newTemplates(p, &h.cfg, h.volume)
	if err != nil {
		return err
	}
	h.format, h.names = f, names
	h.headed = !f.Joinable() && f.PerTable() && f.Name() == formatter.DelimitedText
	h.grows = h.headed || f.Joinable()
	h.set = settings{
		root:           names.root,
		commits:        names.root,
		perTable:       p.Bool("partitionByTable"),
		rollOnMetadata: p.Bool("rollOnMetadataChange") || f.PerTable(),
		maxFileSize:    p.Size("maxFileSize"),
		mergeBelow:     p.Size("mergeBelow"),
		fileRoll:       p.Duration("fileRollInterval"),
		inactivityRoll: p.Duration("inactivityRollInterval"),
		publishEvery:   p.Duration("publishInterval"),
		reportEvery:    p.GlobalDuration("gg.report.time"),
		keepCommits:    max(p.Int("keepCommits"), 1),
		maxOpen:        maxOpenFiles,
		spill:          spillBytes,
		definitions:    filepath.Join(h.cfg.Home, "dirdef"),
	}
	if !h.grows && !p.Has("publishInterval") {
		h.set.publishEvery = wholePublish
	}
	if h.set.maxFileSize <= 0 {
		h.set.maxFileSize = math.MaxInt64
	}
	if f.PerTable() && !h.set.perTable {
		return fmt.Errorf("format %s needs partitionByTable=true: its files hold one table each",
			f.Name())
	}
	switch p.Type {
	case props.FileWriter:
		h.set.rollOnShutdown = p.Bool("rollOnShutdown")
		h.set.commits = names.absolute(p.Text("stateFileDirectory"))
	case props.HDFS:
		if dir := p.Text("schemaFilePath"); dir != "" {
			h.set.schemaDir = names.absolute(dir)
		}
	}
	return nil
}

// Open reads the properties, reaches the file system, takes the group's files
// over and finishes what was begun.
func (h *Handler) Open(ctx context.Context, cfg handler.Config) (*handler.Opened, error) {
	h.cfg = cfg
	if cfg.Properties == "" {
		return nil, setup("the handler %s has no properties file: name it with TARGETDB LIBFILE "+
			"libggjava.so SET property=dirprm/....props", h.driver.Name)
	}
	p, err := props.Load(cfg.Properties, props.Options{Home: cfg.Home,
		Secret: dblogin.AliasesIn(cfg.Credentials).Secret})
	if err != nil {
		return nil, setup("%v", err)
	}
	if p.Type != h.driver.Type {
		return nil, setup("%s is of type=%s, the handler %s serves type=%s", cfg.Properties, p.Type,
			h.driver.Name, h.driver.Type)
	}
	if h.volume, err = h.driver.Connect(ctx, &h.cfg, p); err != nil {
		return nil, err
	}
	h.fs = h.volume.FS
	if err := h.configure(p); err != nil {
		return nil, setup("%s: %v", cfg.Properties, err)
	}
	opened, err := h.start(ctx)
	if err != nil {
		return nil, h.fault(err)
	}
	return opened, nil
}

func setup(format string, args ...any) *handler.ApplyError {
	return &handler.ApplyError{Class: handler.Setup, Op: -1, Text: fmt.Sprintf(format, args...)}
}
