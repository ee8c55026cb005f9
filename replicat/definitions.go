package replicat

import (
	"context"
	"slices"

	"ggsh/definitions"
	"ggsh/ggserr"
	"ggsh/mapping"
	"ggsh/param"
	"ggsh/record"
)

// definitionFiles is what SOURCEDEFS, TARGETDEFS and ASSUMETARGETDEFS say of tables.
type definitionFiles struct {
	source, target []definitionFile
	alike          bool // ASSUMETARGETDEFS OVERRIDE
	told           map[string]bool
}

type definitionFile struct {
	*definitions.File
	override bool
}

// readDefinitions reads the files. One of a form that cannot be read is no error where
// it would not count anyway.
func (r *Replicat) readDefinitions() error {
	run := r.set.run
	r.files = definitionFiles{alike: run.AssumeOverride, told: map[string]bool{}}
	for _, list := range []struct {
		keyword string
		from    []param.Definitions
		to      *[]definitionFile
	}{{"SOURCEDEFS", run.SourceDefs, &r.files.source}, {"TARGETDEFS", run.TargetDefs, &r.files.target}} {
		for _, d := range list.from {
			f, err := definitions.Read(r.p.Home().Resolve(d.Path))
			if err == nil {
				*list.to = append(*list.to, definitionFile{File: f, override: d.Override})
			}
			switch {
			case err != nil && (d.Override || list.keyword == "TARGETDEFS"):
				return err
			case err != nil || !d.Override && list.keyword == "SOURCEDEFS":
				r.p.Info(ggserr.SourceDefsIgnored, list.keyword+" "+d.Path)
			}
		}
	}
	if run.AssumeTargetDefs && !run.AssumeOverride {
		r.p.Info(ggserr.SourceDefsIgnored, "ASSUMETARGETDEFS")
	}
	return nil
}

// definitionOf gives what is to count for a source table: the trail's definition, or
// the one of a file or of the target that overrides it. What overrides has as many
// columns; values keep their places.
func (r *Replicat) definitionOf(ctx context.Context, def *record.TableDef) (*record.TableDef, error) {
	for _, f := range r.files.source {
		other := f.Find(def.Schema, def.Name)
		if other == nil || sameColumns(other, def) {
			continue
		}
		if !f.override {
			r.p.Event(ggserr.New(ggserr.DefinitionsDiffer, def.FullName(), f.Path))
			continue
		}
		return r.overridden(def, other, f.Path)
	}
	if !r.files.alike || !r.target.can.Tables {
		return def, nil
	}
	names, err := r.plan.Targets(def)
	if err != nil || len(names) == 0 {
		return def, err
	}
	other, err := r.target.lookup(ctx)(names[0])
	if err != nil || other == nil || sameColumns(other, def) {
		return def, err // that the target has no such table is told by the mapping
	}
	return r.overridden(def, other, "the target by ASSUMETARGETDEFS OVERRIDE")
}

// overridden gives a table the columns of another definition.
func (r *Replicat) overridden(def, other *record.TableDef, from string) (*record.TableDef, error) {
	if len(def.Columns) != len(other.Columns) {
		return nil, ggserr.New(ggserr.DefinitionsWrong, from, "the records of table "+def.FullName()+
			" have another number of columns")
	}
	out := *def
	out.Columns, out.Key, out.Unique = other.Columns, other.Key, other.Unique
	r.p.Event(ggserr.New(ggserr.DefinitionFromFile, def.FullName(), from))
	return &out, nil
}

// sameColumns compares names and forms of values, as far as mapping goes by them.
func sameColumns(a, b *record.TableDef) bool {
	return slices.EqualFunc(a.Columns, b.Columns, func(x, y record.ColumnDef) bool {
		return x.Name == y.Name && x.Kind == y.Kind
	}) && slices.Equal(a.Key, b.Key)
}

// targetLookup gives the targets' definitions: of a database its own, of another target
// those of TARGETDEFS; nil makes them those of the source.
func (r *Replicat) targetLookup(ctx context.Context) mapping.Lookup {
	if r.target.can.Tables {
		r.tellOnce("TARGETDEFS", "the target database is asked for its tables", len(r.files.target) > 0)
		return r.target.lookup(ctx)
	}
	if len(r.files.target) == 0 {
		return nil
	}
	return func(name mapping.Name) (*record.TableDef, error) {
		for _, f := range r.files.target {
			if def := f.Find(name.Schema, name.Name); def != nil {
				return def, nil
			}
		}
		return nil, mapping.ErrLikeSource
	}
}

// tellOnce warns of a parameter that does nothing with this target.
func (r *Replicat) tellOnce(keyword, instead string, given bool) {
	if given && !r.files.told[keyword] {
		r.files.told[keyword] = true
		r.p.Event(ggserr.New(ggserr.ParameterIgnored, keyword, instead))
	}
}
