package oracle

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ggsh/ggserr"
)

// schemaFile is the content of Config.SchemaFile.
type schemaFile struct {
	Version   int                   `json:"version"`
	ID        uint64                `json:"dbid"`
	Resetlogs uint64                `json:"resetlogs"`
	Tables    map[string][]*version `json:"tables"`
	// Objects are the numbers that tables had, those of partitions too.
	Objects map[uint32]string `json:"objects"`
}

const schemaFileVersion = 1

// load reads what an earlier run knew; a missing file is a first run.
func (s *schema) load(at restart) error {
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
	if f.ID != at.ID || f.Resetlogs != at.Resetlogs {
		return nil // SCNs of another database mean nothing here
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, versions := range f.Tables {
		t := versions[0].Table
		s.tables[key] = &history{owner: t.Owner, name: t.Name, versions: versions,
			wanted: s.cfg.wanted(t.Owner, t.Name) && !t.Temporary, filter: s.cfg.filtered(t.Owner, t.Name)}
	}
	for object, key := range f.Objects {
		if h := s.tables[key]; h != nil {
			s.objects[object] = h
		}
	}
	return nil
}

// checkVersions refuses what a plan would trip over.
func checkVersions(tables map[string][]*version) error {
	for key, versions := range tables {
		if len(versions) == 0 {
			return fmt.Errorf("table %s has no definition", key)
		}
		for _, v := range versions {
			if v == nil || v.Table == nil {
				return fmt.Errorf("table %s lacks a definition", key)
			}
			for _, k := range append([][]int{v.Table.Key}, v.Table.Unique...) {
				for _, c := range k {
					if c < 0 || c >= len(v.Table.Columns) {
						return fmt.Errorf("a key of table %s names column %d", key, c)
					}
				}
			}
			for i := range v.Table.Columns {
				if n := v.Table.Columns[i].Number; n < 0 || n > 1<<16 {
					return fmt.Errorf("column %s of table %s has number %d", v.Table.Columns[i].Name, key, n)
				}
			}
		}
	}
	return nil
}

// save writes the file, if there is something new, before what depends on it is
// delivered.
func (s *schema) save(at restart) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg.SchemaFile == "" || !s.dirty {
		return nil
	}
	f := schemaFile{Version: schemaFileVersion, ID: at.ID, Resetlogs: at.Resetlogs,
		Tables: map[string][]*version{}, Objects: map[uint32]string{}}
	for key, h := range s.tables {
		if len(h.versions) > 0 {
			f.Tables[key] = h.versions
		}
	}
	for object, h := range s.objects {
		f.Objects[object] = fullName(h.owner, h.name)
	}
	b, err := json.MarshalIndent(f, "", " ")
	if err == nil {
		err = writeFile(s.cfg.SchemaFile, b)
	}
	if err != nil {
		return ggserr.New(ggserr.FileOpen, s.cfg.SchemaFile).Because(err)
	}
	s.dirty = false
	return nil
}

// writeFile writes a file aside, syncs it and puts it in place.
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
