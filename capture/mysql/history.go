package mysql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ggsh/capture/mysql/binlog"
	"ggsh/ddl"
	"ggsh/ggserr"
	"ggsh/record"
)

// schemaFile is the content of Config.SchemaFile.
type schemaFile struct {
	Version int                  `json:"version"`
	Server  string               `json:"server"`
	Tables  map[string][]version `json:"tables"`
}

const schemaFileVersion = 1

// openSchema reads what an earlier run knew. Without FULL metadata and without
// earlier knowledge the wanted tables are read from information_schema now.
func openSchema(ctx context.Context, cfg *Config, srv *database, at record.CSN) (*schema, error) {
	s := newSchema(cfg, srv)
	if err := s.load(); err != nil {
		return nil, err
	}
	if srv.fullMetadata() || len(s.tables) > 0 {
		return s, nil
	}
	tables, err := srv.listTables(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		if !cfg.wanted(t.Schema, t.Name) {
			continue
		}
		if _, err := s.learn(ctx, t.Schema, t.Name, at); err != nil {
			return nil, err
		}
	}
	return s, s.save()
}

func newSchema(cfg *Config, srv *database) *schema {
	return &schema{cfg: cfg, srv: srv, lookup: srv.readTable, tables: map[string]*history{},
		warned: map[string]bool{}}
}

// load reads the file; a missing one is a first run.
func (s *schema) load() error {
	if s.cfg.SchemaFile == "" || s.cfg.Start.Restart == "" {
		return nil
	}
	b, err := os.ReadFile(s.cfg.SchemaFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var f schemaFile
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err == nil && f.Version != schemaFileVersion {
		err = fmt.Errorf("its version is %d, not %d", f.Version, schemaFileVersion)
	}
	if err == nil {
		err = checkVersions(f.Tables)
	}
	if err != nil {
		return ggserr.New(ggserr.FileOpen, s.cfg.SchemaFile).Because(err).
			Do("Remove the file to take the definitions from the database, if no table was changed "+
				"since %s stopped.", s.cfg.Group)
	}
	if f.Server != s.srv.identity {
		return nil // places of another server mean nothing here
	}
	for key, versions := range f.Tables {
		s.tables[key] = &history{versions: versions}
	}
	return nil
}

// checkVersions refuses what NewPlan would trip over.
func checkVersions(tables map[string][]version) error {
	for key, versions := range tables {
		for i := range versions {
			def := versions[i].Def
			if def == nil && versions[i].Unknown {
				continue
			}
			if def == nil {
				return fmt.Errorf("table %s lacks a definition", key)
			}
			for _, k := range append([][]int{def.Key}, def.Unique...) {
				for _, c := range k {
					if c < 0 || c >= len(def.Columns) {
						return fmt.Errorf("a key of table %s names column %d", key, c)
					}
				}
			}
		}
	}
	return nil
}

// flush keeps the definitions that a delivered transaction depends on.
func (s *schema) flush() error {
	if !s.dirty {
		return nil
	}
	return s.save()
}

// save writes the file aside, syncs it and puts it in place.
func (s *schema) save() error {
	if s == nil || s.cfg.SchemaFile == "" || !s.dirty && !s.minor {
		return nil
	}
	f := schemaFile{Version: schemaFileVersion, Server: s.srv.identity, Tables: map[string][]version{}}
	for key, h := range s.tables {
		f.Tables[key] = h.versions
	}
	b, err := json.MarshalIndent(f, "", " ")
	if err == nil {
		err = writeFile(s.cfg.SchemaFile, b)
	}
	if err != nil {
		return ggserr.New(ggserr.FileOpen, s.cfg.SchemaFile).Because(err)
	}
	s.dirty, s.minor = false, false
	return nil
}

func writeFile(path string, b []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".tmp*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// learn reads a table from information_schema as its definition since a place.
func (s *schema) learn(ctx context.Context, schema, table string,
	since record.CSN) (*version, error) {
	t, err := s.lookup(ctx, schema, table)
	if err != nil || t == nil {
		return nil, err
	}
	end, err := s.srv.head(ctx)
	if err != nil {
		return nil, err
	}
	read := end.place.csn(uint32(since.Major >> 32))
	v := version{Since: since, Def: t.def, Read: &read, RowEnd: -1, Charset: t.charset}
	if t.versioned {
		v.RowEnd = addVersionColumns(t.def)
	}
	key := tableKey(schema, table)
	h := s.tables[key]
	if h == nil {
		h = &history{}
		s.tables[key] = h
	}
	if n := len(h.versions); n > 0 && !h.versions[n-1].Unknown && sameDef(h.versions[n-1].Def, t.def) {
		h.versions[n-1].Read = &read
		return &h.versions[n-1], nil
	}
	s.giveID(t.def)
	t.def.Version = since.String()
	h.add(v)
	s.dirty = true
	return &h.versions[len(h.versions)-1], nil
}

// add appends a version and forgets the oldest beyond maxVersions.
func (h *history) add(v version) {
	h.versions = append(h.versions, v)
	if n := len(h.versions); n > maxVersions {
		h.versions = append(h.versions[:0], h.versions[n-maxVersions:]...)
	}
}

// addVersionColumns adds the hidden pair unless the table names its own.
func addVersionColumns(def *record.TableDef) int {
	for i := range def.Columns {
		if c := &def.Columns[i]; c.Generated && c.Type == "timestamp(6)" && i > 0 &&
			def.Columns[i-1].Generated {
			def.Key = without(def.Key, i)
			return i
		}
	}
	for _, name := range []string{"row_start", "row_end"} {
		c := record.ColumnDef{Name: name, Type: "timestamp(6)", Generated: true, Invisible: true}
		completeColumn(&c)
		def.Columns = append(def.Columns, c)
	}
	return len(def.Columns) - 1
}

// fromHistory completes a table map that lacks names or signs from what is known.
func (s *schema) fromHistory(ctx context.Context, t *binlog.TableMap,
	at record.CSN) (resolved, error) {
	v := s.at(tableKey(t.Schema, t.Table), at)
	if v == nil || v.Unknown || !s.fits(t, v.Def) {
		var err error
		if v, err = s.relearn(ctx, t, v, at); err != nil {
			return resolved{}, err
		}
	}
	if v.Read != nil && at.Compare(*v.Read) < 0 && !s.warned[tableKey(t.Schema, t.Table)] &&
		v.Since.Compare(*v.Read) < 0 {
		s.warned[tableKey(t.Schema, t.Table)] = true
		s.cfg.warn(warning("the columns of table %s.%s at %s are taken from the database as it is now, "+
			"because the log does not name them", t.Schema, t.Table, at).Do("%s", metadataStatement(s.srv)))
	}
	if !v.Used {
		v.Used, s.dirty = true, true
	}
	s.giveID(v.Def)
	fill(t, v.Def)
	return resolved{def: v.Def, rowEnd: v.RowEnd}, nil
}

// at finds the version in force at a place: the last that began before it, else the
// first.
func (s *schema) at(key string, at record.CSN) *version {
	h := s.tables[key]
	if h == nil || len(h.versions) == 0 {
		return nil
	}
	for i := len(h.versions) - 1; i >= 0; i-- {
		if h.versions[i].Since.Compare(at) <= 0 {
			return &h.versions[i]
		}
	}
	return &h.versions[0]
}

// relearn asks information_schema for a table that is not known or does not fit.
func (s *schema) relearn(ctx context.Context, t *binlog.TableMap, v *version,
	at record.CSN) (*version, error) {
	now, err := s.learn(ctx, t.Schema, t.Table, at)
	if err != nil {
		return nil, err
	}
	if now != nil && s.fits(t, now.Def) {
		return now, nil
	}
	what := "is not in the database any more"
	if now != nil {
		what = fmt.Sprintf("has %d columns in the database now", len(now.Def.Columns))
	}
	if v != nil && v.Def != nil {
		what += fmt.Sprintf(" and had %d when it was last known", len(v.Def.Columns))
	}
	text := fmt.Sprintf("the rows of table %s.%s have %d columns of which the log gives no names; "+
		"the table %s, or its types differ", t.Schema, t.Table, len(t.Columns), what)
	return nil, ggserr.New(ggserr.LogProblem, text).Do("%s", fullMetadataAdvice)
}

// fits is sameColumns with what MINIMAL metadata tells besides.
func (s *schema) fits(t *binlog.TableMap, def *record.TableDef) bool {
	if len(def.Columns) != len(t.Columns) || !sameColumns(t, def) {
		return false
	}
	for i := range t.Columns {
		c, d := &t.Columns[i], &def.Columns[i]
		if t.Signs && c.IsNumeric() && d.Kind != record.Int &&
			c.Unsigned != ddl.ParseType(d.Type).Unsigned && ddl.ParseType(d.Type).Base != "year" {
			return false
		}
		if t.Charsets && c.IsCharacter() && c.Collation != 0 {
			if charset := s.srv.charsets[c.Collation]; charset != charsetOf(d) {
				return false
			}
		}
	}
	return true
}

// fill gives a table map what the definition knows.
func fill(t *binlog.TableMap, def *record.TableDef) {
	for i := range t.Columns {
		c, d := &t.Columns[i], &def.Columns[i]
		pt := ddl.ParseType(d.Type)
		c.Name, c.Unsigned, c.Charset, c.Labels = d.Name, pt.Unsigned, charsetOf(d), d.Labels
		c.Special = special(pt.Base)
		if pt.Base == "float" || pt.Base == "double" {
			c.Decimal = pt.Digits
		}
	}
	t.Signs = true
}
