package param

import (
	"slices"
	"strings"
)

// Switches are the parameters that are in force for all TABLE and MAP
// statements below them until the opposite is met.
type Switches struct {
	GetInserts       bool
	GetUpdates       bool
	GetDeletes       bool
	GetTruncates     bool
	GetUpdateBefores bool
	GetUpdateAfters  bool

	CompressUpdates bool
	CompressDeletes bool
	PassThru        bool

	HandleCollisions     bool
	OverrideDups         bool
	InsertAllRecords     bool
	InsertDeletes        bool
	InsertUpdates        bool
	InsertMissingUpdates bool
	UpdateDeletes        bool
	UpdateInserts        bool
	AllowNoOpUpdates     bool
	ApplyNoOpUpdates     bool
	AllowDupTargetMap    bool
	TrimSpaces           bool
	TrimVarSpaces        bool
	SpacesToNull         bool

	ColMatch  []ColMatch
	RepErrors []RepError // in the order of the file: the last that fits decides
	Catalog   string     // SOURCECATALOG
	Outputs   []int      // of ReadOutputs: where the statement's rows go
}

// ColMatch is one COLMATCH rule: a pair of names, a prefix or a suffix.
type ColMatch struct {
	Target, Source string
	Prefix, Suffix string
}

// switchState follows the switches down the file.
type switchState struct {
	Switches
	outputs int  // how many outputs were met
	settled bool // a TABLE followed the last output
}

func defaultSwitches() *switchState {
	return &switchState{Switches: Switches{GetInserts: true, GetUpdates: true, GetDeletes: true,
		GetUpdateAfters: true, CompressUpdates: true, CompressDeletes: true, TrimSpaces: true,
		AllowNoOpUpdates: true}}
}

// snapshot copies the state.
func (s *switchState) snapshot() Switches {
	out := s.Switches
	out.ColMatch = slices.Clone(s.ColMatch)
	out.RepErrors = slices.Clone(s.RepErrors)
	out.Outputs = slices.Clone(s.Outputs)
	return out
}

// toggle finds the switch of a keyword without GET, IGNORE or NO before it.
func (s *switchState) toggle(stem string) *bool {
	switch stem {
	case "INSERTS":
		return &s.GetInserts
	case "UPDATES":
		return &s.GetUpdates
	case "DELETES":
		return &s.GetDeletes
	case "TRUNCATES":
		return &s.GetTruncates
	case "UPDATEBEFORES":
		return &s.GetUpdateBefores
	case "UPDATEAFTERS":
		return &s.GetUpdateAfters
	case "COMPRESSUPDATES":
		return &s.CompressUpdates
	case "COMPRESSDELETES":
		return &s.CompressDeletes
	case "PASSTHRU":
		return &s.PassThru
	case "HANDLECOLLISIONS":
		return &s.HandleCollisions
	case "OVERRIDEDUPS":
		return &s.OverrideDups
	case "INSERTALLRECORDS":
		return &s.InsertAllRecords
	case "INSERTDELETES":
		return &s.InsertDeletes
	case "INSERTUPDATES":
		return &s.InsertUpdates
	case "INSERTMISSINGUPDATES":
		return &s.InsertMissingUpdates
	case "UPDATEDELETES":
		return &s.UpdateDeletes
	case "UPDATEINSERTS":
		return &s.UpdateInserts
	case "ALLOWNOOPUPDATES":
		return &s.AllowNoOpUpdates
	case "APPLYNOOPUPDATES":
		return &s.ApplyNoOpUpdates
	case "ALLOWDUPTARGETMAP":
		return &s.AllowDupTargetMap
	case "TRIMSPACES":
		return &s.TrimSpaces
	case "TRIMVARSPACES":
		return &s.TrimVarSpaces
	case "SPACESTONULL":
		return &s.SpacesToNull
	}
	return nil
}

// flip turns the switch that a keyword is, and reports whether it is one.
func (s *switchState) flip(name string) bool {
	stem, on := name, true
	for _, prefix := range []string{"GET", "IGNORE"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && isGet(rest) {
			*s.toggle(rest) = prefix == "GET"
			return true
		}
	}
	if s.toggle(stem) == nil {
		stem, on = strings.TrimPrefix(name, "NO"), false
	}
	b := s.toggle(stem)
	if b == nil || isGet(stem) {
		return false
	}
	*b = on
	return true
}

// apply lets a statement change the state.
func (s *switchState) apply(name string, c *cursor, f *File) {
	if s.flip(name) {
		return
	}
	switch name {
	case "COLMATCH":
		s.colMatch(c)
	case "REPERROR":
		s.repError(c)
	case "SOURCECATALOG":
		s.Catalog = c.value("a container")
	}
	if outputs[name] && !f.Program.Has(Replicat) {
		if s.settled {
			s.Outputs, s.settled = nil, false
		}
		s.Outputs = append(s.Outputs, s.outputs)
		s.outputs++
	}
}

// isGet reports whether a stem is switched by GET and IGNORE.
func isGet(stem string) bool {
	switch stem {
	case "INSERTS", "UPDATES", "DELETES", "TRUNCATES", "UPDATEBEFORES", "UPDATEAFTERS":
		return true
	}
	return false
}

func (s *switchState) colMatch(c *cursor) {
	switch {
	case c.word("RESET"):
		s.ColMatch = nil
	case c.word("PREFIX"):
		s.ColMatch = append(s.ColMatch, ColMatch{Prefix: c.value("a prefix")})
	case c.word("SUFFIX"):
		s.ColMatch = append(s.ColMatch, ColMatch{Suffix: c.value("a suffix")})
	case c.word("NAMES"):
		m := ColMatch{Target: c.key("a column")}
		if !c.mark("=") {
			c.lacks("=")
		}
		m.Source = c.value("a column")
		s.ColMatch = append(s.ColMatch, m)
	}
}

func (s *switchState) repError(c *cursor) {
	at := c.at()
	if c.i < len(c.args) && c.args[c.i].IsPunct("(") {
		inner := c.parens()
		end := c.end
		if len(c.args) > 0 {
			end = c.args[len(c.args)-1].Pos
		}
		c.args, c.i, c.end = inner, 0, end
	}
	e := c.repError(at)
	if e.Reset {
		s.RepErrors = nil
		return
	}
	s.RepErrors = append(s.RepErrors, e)
}

// Excludes are the names that no TABLE or MAP takes.
type Excludes struct {
	Tables   []Name // TABLEEXCLUDE, MAPEXCLUDE
	Schemas  []Name
	Catalogs []Name
}

// ReadExcludes reads TABLEEXCLUDE, MAPEXCLUDE, SCHEMAEXCLUDE and CATALOGEXCLUDE.
func ReadExcludes(f *File) (Excludes, error) {
	var x Excludes
	var errs errorList
	for i := range f.Statements {
		st := &f.Statements[i]
		if st.faulty || !strings.HasSuffix(st.Name, "EXCLUDE") {
			continue
		}
		c := st.cursor()
		c.more()
		switch st.Name {
		case "TABLEEXCLUDE", "MAPEXCLUDE":
			x.Tables = append(x.Tables, c.name3())
		case "SCHEMAEXCLUDE":
			x.Schemas = append(x.Schemas, c.name3())
		case "CATALOGEXCLUDE":
			x.Catalogs = append(x.Catalogs, c.name3())
		}
		errs = append(errs, c.errs...)
	}
	return x, errs.orNil()
}
