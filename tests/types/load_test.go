package types

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ggsh/record"
	"ggsh/tests/rig"
	"ggsh/trail"
)

// image is what a trail has of one table: its definition and the inserted rows.
type image struct {
	def  *record.TableDef
	rows []string // octets of the after images, sorted
}

// inserted reads the inserts of a trail by table.
func (s *stage) inserted(prefix string) map[string]*image {
	s.Helper()
	r, err := trail.OpenReader(trail.Name{Dir: filepath.Join(s.homes[sourceHome].Dir, "dirdat"),
		Prefix: prefix, Digits: 9}, trail.Position{}, trail.ReaderOptions{})
	if err != nil {
		s.Fatal(err)
	}
	defer r.Close()
	found := map[string]*image{}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.Fatal(err)
		}
		var op record.Op
		if rec.Table == nil || rec.Type != trail.TypeOp || record.DecodeOp(rec.Body, &op) != nil ||
			op.Type != record.Insert {
			continue
		}
		im := found[rec.Table.Name]
		if im == nil {
			im = &image{def: rec.Table}
			found[rec.Table.Name] = im
		}
		im.rows = append(im.rows, string(op.After))
	}
	for _, im := range found {
		slices.Sort(im.rows)
	}
	return found
}

// definition prints a definition without what differs from place to place. Labels
// with characters beyond the Basic Multilingual Plane only the log tells.
func definition(t *record.TableDef) string {
	d := *t
	d.ID, d.Version = 0, ""
	d.Columns = slices.Clone(d.Columns)
	for i := range d.Columns {
		c := &d.Columns[i]
		c.Labels = slices.Clone(c.Labels)
		for l, label := range c.Labels {
			c.Labels[l] = strings.Map(func(r rune) rune {
				if r > 0xffff {
					return '?'
				}
				return r
			}, label)
		}
	}
	b, err := json.Marshal(&d)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// show prints the values of a row in which two images differ.
func show(def *record.TableDef, a, b string) string {
	va, err := record.Image(a).Values(nil, len(def.Columns))
	if err != nil {
		return err.Error()
	}
	vb, err := record.Image(b).Values(nil, len(def.Columns))
	if err != nil {
		return err.Error()
	}
	var lines []string
	for i := range va {
		x, y := fmt.Sprintf("%+v", va[i]), fmt.Sprintf("%+v", vb[i])
		if x != y {
			lines = append(lines, fmt.Sprintf("%s %s: log %.200s, load %.200s", def.Columns[i].Name,
				def.Columns[i].Type, x, y))
		}
	}
	return strings.Join(lines, "\n")
}

// TestALoadGivesTheRecordsOfTheLog compares, for every type, what an initial load
// writes of a row with what the capture of its insert wrote.
func TestALoadGivesTheRecordsOfTheLog(t *testing.T) {
	for _, source := range databases {
		t.Run("from "+source, func(t *testing.T) {
			t.Parallel()
			s, p := newStage(t, source), newPlan(source)
			for i := range p.trials {
				s.run(p.trials[i].create(""))
			}
			s.run("CREATE TABLE mark (id INTEGER PRIMARY KEY)")
			h := s.homes[sourceHome]
			h.Write("dirprm/eora.prm", fmt.Sprintf("EXTRACT eora\nSOURCEDB %s\nEXTTRAIL ./dirdat/lt\n"+
				"TABLE %s.*;\n", s.source.Login, s.source.Schema))
			h.Write("dirprm/load.prm", fmt.Sprintf("SOURCEISTABLE PARALLEL 2 CHUNKROWS 3\nSOURCEDB %s\n"+
				"EXTFILE ./dirdat/loaded, PURGE\nTABLE %s.*;\n", s.source.Login, s.source.Schema))
			h.Run("start mgr", "dblogin sourcedb "+s.source.Login, "add trandata "+s.source.Schema+".*",
				"add extract eora, tranlog, begin now",
				"add exttrail ./dirdat/lt, extract eora, megabytes 200", "start extract eora")
			h.WaitState("eora", "RUNNING")
			s.run(p.phases[0]...)
			s.run("INSERT INTO mark VALUES (1)")
			rig.Until(t, "the mark in the trail", func() (bool, string) {
				return s.inserted("lt")["mark"] != nil, h.Logs()
			})
			if out, err := h.Program("extract", "paramfile", "dirprm/load.prm", "reportfile",
				"dirrpt/load.rpt"); err != nil {
				t.Fatalf("%v\n%s\n%s", err, out, h.Read("dirrpt/load.rpt"))
			}
			logged, loaded := s.inserted("lt"), s.inserted("loaded")
			for table, want := range logged {
				if got := loaded[table]; got == nil {
					t.Errorf("table %s is not in the load", table)
				} else {
					compareImages(t, want, got)
				}
			}
		})
	}
}

func compareImages(t *testing.T, want, got *image) {
	t.Helper()
	table := want.def.Name
	if a, b := definition(want.def), definition(got.def); a != b {
		t.Errorf("definition of %s:\nlog  %s\nload %s", table, a, b)
	}
	if len(want.rows) != len(got.rows) {
		t.Errorf("table %s: the log has %d rows, the load %d", table, len(want.rows), len(got.rows))
		return
	}
	for i := range want.rows {
		if want.rows[i] != got.rows[i] {
			t.Errorf("table %s, row %d:\n%s", table, i, show(want.def, want.rows[i], got.rows[i]))
		}
	}
}
