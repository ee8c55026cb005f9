package oracle

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"ggsh/capture/oracle/redo"
	"ggsh/ggserr"
	"ggsh/record"
)

// schema knows the definitions of the wanted tables, each from the SCN at which it
// begins. The mining goroutine adds versions, the one that delivers reads them.
type schema struct {
	cfg  *Config
	sets redo.Database
	dict func() Dictionary

	mu      sync.Mutex
	tables  map[string]*history // by OWNER.NAME
	objects map[uint32]*history
	// passed are objects whose rows do not matter, with the number of rows seen.
	passed map[uint32]uint64
	nextID uint32
	dirty  bool
}

// history is the versions of one table, oldest first.
type history struct {
	owner, name string
	wanted      bool
	filter      bool
	versions    []*version
}

// version is a definition since an SCN.
type version struct {
	Since uint64 `json:"since"`
	Read  uint64 `json:"read"` // when the dictionary said so
	Table *Table `json:"table"`

	plan *plan
}

// maxVersions bounds the versions that are kept of a table.
const maxVersions = 64

func newSchema(cfg *Config, sets redo.Database, dict func() Dictionary) *schema {
	return &schema{cfg: cfg, sets: sets, dict: dict, tables: map[string]*history{},
		objects: map[uint32]*history{}, passed: map[uint32]uint64{}}
}

// fullName is the key of tables.
func fullName(owner, name string) string { return owner + "." + name }

// learnAll reads the wanted tables that are not known yet.
func (s *schema) learnAll(ctx context.Context, at uint64) error {
	names, err := s.dict().List(ctx)
	if err != nil {
		return err
	}
	for _, n := range names {
		wanted, filter := s.cfg.wanted(n.Owner, n.Name), s.cfg.filtered(n.Owner, n.Name)
		if !wanted && !filter {
			continue
		}
		s.mu.Lock()
		known := s.tables[fullName(n.Owner, n.Name)]
		s.mu.Unlock()
		if known != nil && len(known.versions) > 0 {
			continue
		}
		if err := s.learn(ctx, n.Owner, n.Name, 0, at); err != nil {
			return err
		}
	}
	return nil
}

// learn reads a table's definition as that since an SCN.
func (s *schema) learn(ctx context.Context, owner, name string, since, read uint64) error {
	t, err := s.dict().Table(ctx, owner, name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.tables[fullName(owner, name)]
	if h == nil {
		h = &history{owner: owner, name: name, wanted: s.cfg.wanted(owner, name),
			filter: s.cfg.filtered(owner, name)}
		s.tables[fullName(owner, name)] = h
	}
	if t == nil {
		return nil
	}
	if t.Temporary {
		h.wanted = false
	}
	s.objects[t.Object] = h
	delete(s.passed, t.Object)
	if n := len(h.versions); n > 0 {
		last := h.versions[n-1]
		if last.Since >= since && since > 0 || reflect.DeepEqual(last.Table, t) {
			return nil
		}
	}
	h.versions = append(h.versions, &version{Since: since, Read: read, Table: t})
	if n := len(h.versions); n > maxVersions {
		h.versions = slices.Delete(h.versions, 0, n-maxVersions)
	}
	s.dirty = true
	return nil
}

// judge decides what is to be done with the row of a table.
func (s *schema) judge(ctx context.Context, r *Row) (verdict, error) {
	s.mu.Lock()
	h := s.objects[r.Object]
	if h == nil {
		if n, passed := s.passed[r.Object]; passed {
			s.passed[r.Object] = n + 1
			s.mu.Unlock()
			return verdict{}, nil
		}
	}
	s.mu.Unlock()
	if h == nil {
		var err error
		if h, err = s.unknown(ctx, r); err != nil || h == nil {
			return verdict{}, err
		}
	}
	return verdict{take: h.wanted && !h.filter, filter: h.filter}, nil
}

// lobs reports whether a wanted table has LOBs.
func (s *schema) lobs() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.tables {
		if n := len(h.versions); n > 0 && h.wanted && h.versions[n-1].Table.lobs() {
			return true
		}
	}
	return false
}

func (t *Table) lobs() bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.LOB() })
}

// unknown looks for the table of an object number that was not met before; nil when
// its rows do not matter.
func (s *schema) unknown(ctx context.Context, r *Row) (*history, error) {
	if r.Object == 0 || slices.Contains(s.cfg.IgnoreObjects, r.Object) {
		s.pass(r.Object)
		return nil, nil
	}
	name := Name{Owner: r.Owner, Name: r.Table, Kind: "TABLE"}
	if r.Owner == "" || r.Owner == "UNKNOWN" {
		var err error
		if name, err = s.dict().Object(ctx, r.Object); err != nil {
			return nil, err
		}
	}
	switch {
	case name.Name == "":
		return nil, ggserr.New(ggserr.LogProblem, fmt.Sprintf("the row at SCN %d, transaction %s, is of "+
			"object %d, which the dictionary does not have: its table was dropped since, and may have been "+
			"one that is wanted", r.SCN, r.XID, r.Object)).
			Do("If it was not, TRANLOGOPTIONS IGNOREOBJECT %d and START EXTRACT %s.", r.Object, s.cfg.Group)
	case !strings.HasPrefix(name.Kind, "TABLE") ||
		!s.cfg.wanted(name.Owner, name.Name) && !s.cfg.filtered(name.Owner, name.Name):
		s.pass(r.Object)
		return nil, nil
	}
	if err := s.learn(ctx, name.Owner, name.Name, 0, r.SCN); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.tables[fullName(name.Owner, name.Name)]
	s.objects[r.Object] = h // of a partition, too
	return h, nil
}

func (s *schema) pass(object uint32) {
	s.mu.Lock()
	s.passed[object]++
	s.mu.Unlock()
}

// maxExcluded bounds the objects that a window leaves to LogMiner to drop.
const maxExcluded = 500

// exclude lists the objects that brought most rows which do not matter.
func (s *schema) exclude() []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []uint32
	for object := range s.passed {
		list = append(list, object)
	}
	slices.SortFunc(list, func(a, b uint32) int { return int(int64(s.passed[b]) - int64(s.passed[a])) })
	list = list[:min(len(list), maxExcluded)]
	slices.Sort(list)
	return list
}

// change follows a DDL row: a wanted table is read again. excluded says that rows of
// the object were left to LogMiner to drop, and now may matter.
func (s *schema) change(ctx context.Context, r *Row) (take, excluded bool, err error) {
	d := parseDDL(string(r.Redo))
	owner, name := r.Owner, r.Table
	if owner == "" || owner == "UNKNOWN" {
		owner, name = d.owner, d.name
		if owner == "" {
			owner = r.User
		}
	}
	if d.object != "TABLE" || d.temporary {
		return d.object != "" && name != "" && s.cfg.wanted(owner, name) && !d.temporary, false, nil
	}
	if d.rename {
		s.mu.Lock()
		_, excluded = s.passed[r.Object]
		delete(s.passed, r.Object)
		s.mu.Unlock()
	}
	s.mu.Lock()
	if h := s.objects[r.Object]; h != nil {
		owner, name = h.owner, h.name
	}
	s.mu.Unlock()
	if !s.cfg.wanted(owner, name) {
		return false, excluded, nil
	}
	if d.kind == "DROP" || d.kind == "TRUNCATE" {
		return true, excluded, nil
	}
	return true, excluded, s.learn(ctx, owner, name, r.SCN, r.SCN)
}

// at finds the definition of an object's rows at an SCN, and how they are read.
func (s *schema) at(object uint32, scn uint64) (*plan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.objects[object]
	if h == nil || len(h.versions) == 0 {
		return nil, ggserr.New(ggserr.LogProblem, fmt.Sprintf("nothing is known of the columns of object %d, "+
			"of which there are rows at SCN %d", object, scn))
	}
	v := h.versions[0]
	for _, later := range h.versions[1:] {
		if later.Since > scn {
			break
		}
		v = later
	}
	return s.planOf(v)
}

// named finds the present definition of a table by its name; nil when there is none.
func (s *schema) named(owner, name string, scn uint64) (*plan, error) {
	s.mu.Lock()
	h := s.tables[fullName(owner, name)]
	object := uint32(0)
	if h != nil && len(h.versions) > 0 {
		object = h.versions[len(h.versions)-1].Table.Object
	}
	s.mu.Unlock()
	if object == 0 {
		return nil, nil
	}
	return s.at(object, scn)
}

func (s *schema) planOf(v *version) (*plan, error) {
	if v.plan == nil {
		s.nextID++
		p, err := newPlan(v, s.sets, s.nextID)
		if err != nil {
			return nil, err
		}
		v.plan = p
	}
	return v.plan, nil
}

// plan is how rows of one version of a table become operations.
type plan struct {
	table *Table
	def   *record.TableDef
	// columns is the position in def of each column of the table, -1 for those that are
	// not delivered.
	columns  []int
	types    []*redo.Type // by position in def
	source   []int        // position in table, by position in def
	lob      []bool       // by position in def
	byName   map[string]int
	byNumber []int // position in table by segment column number; -1: none
	key      []bool
}

// newPlan compiles a version.
func newPlan(v *version, sets redo.Database, id uint32) (*plan, error) {
	t := v.Table
	p := &plan{table: t, byName: map[string]int{}, columns: make([]int, len(t.Columns))}
	p.def = &record.TableDef{ID: id, Schema: t.Owner, Name: t.Name, Database: "oracle",
		Version: fmt.Sprint(v.Since)}
	for i := range t.Columns {
		c := &t.Columns[i]
		p.columns[i] = -1
		p.byName[c.Name] = i
		for len(p.byNumber) <= c.Number {
			p.byNumber = append(p.byNumber, -1)
		}
		if c.Number > 0 {
			p.byNumber[c.Number] = i
		}
		if c.Hidden {
			continue
		}
		typ, err := redo.NewType(c.Type, c.Precision, c.Scale, c.Length, sets)
		if err != nil {
			name := fullName(t.Owner, t.Name)
			return nil, ggserr.New(ggserr.LogProblem, fmt.Sprintf("column %s of table %s cannot be captured",
				c.Name, name)).Because(err).Do("Leave the table out: TABLEEXCLUDE %s.", name)
		}
		p.columns[i] = len(p.def.Columns)
		p.types, p.source, p.lob = append(p.types, typ), append(p.source, i), append(p.lob, c.LOB())
		p.def.Columns = append(p.def.Columns, record.ColumnDef{Name: c.Name, Kind: typ.Kind(),
			Type: typeText(c), Length: c.Length, Precision: c.Precision, Scale: c.Scale,
			Nullable: c.Nullable, Generated: c.Virtual, Charset: typ.Charset})
	}
	p.def.Key = p.positions(t.Key)
	for _, u := range t.Unique {
		if k := p.positions(u); k != nil {
			p.def.Unique = append(p.def.Unique, k)
		}
	}
	p.key = make([]bool, len(p.def.Columns))
	for _, k := range p.def.Key {
		p.key[k] = true
	}
	return p, nil
}

// positions turns columns of the table into those of the definition; nil when one of
// them is not delivered.
func (p *plan) positions(columns []int) []int {
	var out []int
	for _, c := range columns {
		if p.columns[c] < 0 {
			return nil
		}
		out = append(out, p.columns[c])
	}
	return out
}

// typeText is the type as a person would write it.
func typeText(c *Column) string {
	switch {
	case c.Type == "NUMBER" && c.Precision > 0:
		return fmt.Sprintf("NUMBER(%d,%d)", c.Precision, c.Scale)
	case c.Type == "NUMBER" && !c.NoScale:
		return fmt.Sprintf("NUMBER(*,%d)", c.Scale)
	case strings.Contains(c.Type, "CHAR") || c.Type == "RAW":
		return fmt.Sprintf("%s(%d)", c.Type, c.Length)
	}
	return c.Type
}
