package mapping

import (
	"slices"
	"strings"

	"ggsh/control"
	"ggsh/ddl"
	"ggsh/param"
	"ggsh/record"
)

// The scopes of DDL.
const (
	Mapped   = "MAPPED"   // a TABLE or MAP takes the object
	Unmapped = "UNMAPPED" // none does
	Other    = "OTHER"    // the object is in no schema: databases
)

// DDL is a DDL operation as a group sees it.
type DDL struct {
	// Statement is what is to be written or applied: names mapped, texts replaced.
	Statement record.DDLStatement
	Scope     string
	// Source are the names at the source, completed by the session's schema.
	Source []ddl.Name
	// More says that further MAPs take the object: only the first one counts.
	More bool

	parsed  ddl.Statement
	session string      // the default schema of its session at the source
	targets []*ddl.Name // of Source; nil for one that no MAP takes
}

// MapDDL finds out what a statement concerns and gives its objects the names of their
// targets. What no MAP takes keeps its name; of a statement on several objects, of
// which some are taken, those stay.
func (p *Plan) MapDDL(st record.DDLStatement) (*DDL, error) {
	d := &DDL{Statement: st, Scope: Other, parsed: ddl.Parse(st.Text, false),
		session: st.Schema}
	s := &d.parsed
	for _, n := range s.Names {
		full := d.complete(n)
		d.Source = append(d.Source, full)
		to, more, err := p.ddlTarget(full)
		if err != nil {
			return nil, err
		}
		d.targets, d.More = append(d.targets, to), d.More || more
	}
	if len(d.Source) == 0 {
		return d, nil
	}
	taken := slices.ContainsFunc(d.targets, func(n *ddl.Name) bool { return n != nil })
	switch {
	case s.Object == "DATABASE":
	case taken:
		d.Scope = Mapped
	default:
		d.Scope = Unmapped
	}
	if p.extract {
		return d, nil
	}
	d.Statement.Schema = d.schemaOf(st.Schema)
	var failed error
	rename := func(n ddl.Name) ddl.Name {
		full := d.complete(n)
		to, _, err := p.ddlTarget(full)
		switch {
		case err != nil:
			failed = err
		case to != nil:
			return *to
		case full.Schema != "":
			full.Schema = d.schemaOf(full.Schema)
		}
		return full
	}
	some := slices.Contains(d.targets, nil)
	if d.Scope == Mapped && some && s.Several() {
		d.Statement.Text = s.Keep(func(i int) bool { return d.targets[i] != nil }, rename)
	} else {
		d.Statement.Text = s.Rewrite(rename)
	}
	d.Statement.Name = d.name()
	return d, failed
}

// complete gives a name the schema of the statement's session.
func (d *DDL) complete(n ddl.Name) ddl.Name {
	if n.Schema == "" && d.parsed.Object != "DATABASE" {
		n.Schema = d.session
	}
	return n
}

// schemaOf maps a schema as the statement's first taken object is mapped.
func (d *DDL) schemaOf(schema string) string {
	for i, to := range d.targets {
		from := d.Source[i].Schema
		if d.parsed.Object == "DATABASE" {
			from = d.Source[i].Name
		}
		if to != nil && strings.EqualFold(from, schema) && to.Schema != "" {
			return to.Schema
		}
	}
	return schema
}

// ddlTarget finds where an object goes; nil when nobody takes it.
func (p *Plan) ddlTarget(n ddl.Name) (to *ddl.Name, more bool, err error) {
	def := &record.TableDef{Schema: n.Schema, Name: n.Name, Database: "mysql"}
	if n.Schema == "" { // a database
		def.Schema, def.Name = n.Name, ""
	}
	names, err := p.Targets(def)
	if err != nil || len(names) == 0 {
		return nil, false, err
	}
	to = &ddl.Name{Schema: names[0].Schema, Name: names[0].Name}
	if n.Schema == "" {
		to = &ddl.Name{Name: names[0].Schema}
	}
	return to, len(names) > 1, nil
}

// name is the name of the first object that the statement is left with.
func (d *DDL) name() string {
	first := &d.Source[0]
	if i := slices.IndexFunc(d.targets, func(n *ddl.Name) bool { return n != nil }); i >= 0 {
		first = d.targets[i]
	}
	return strings.TrimPrefix(first.Schema+"."+first.Name, ".")
}

// Selects reports whether INCLUDE and EXCLUDE take the statement, and the clause that
// decides. No clause takes everything.
func (d *DDL) Selects(rules []param.DDLRule) (clause string, ok bool) {
	clause, ok = "INCLUDE ALL", len(rules) == 0
	for i := range rules {
		r := &rules[i]
		if !d.fits(r) {
			continue
		}
		if r.Exclude {
			return r.Raw, false
		}
		if !ok {
			clause, ok = r.Raw, true
		}
	}
	if !ok {
		clause = "no INCLUDE"
	}
	return clause, ok
}

func (d *DDL) fits(r *param.DDLRule) bool {
	st := &d.Statement
	if r.Scope != "ALL" && r.Scope != d.Scope ||
		len(r.OpTypes) > 0 && !slices.Contains(r.OpTypes, st.Kind) ||
		len(r.ObjTypes) > 0 && !slices.Contains(r.ObjTypes, st.Object) {
		return false
	}
	if len(r.Objects) > 0 && !slices.ContainsFunc(r.Objects, d.isOn) {
		return false
	}
	if len(r.Texts)+len(r.Words)+len(r.Comments)+len(r.CommentWords) == 0 {
		return true
	}
	plain, comments := ddl.Outside(st.Text)
	return holds(plain, r.Texts, r.Words) && holds(comments, r.Comments, r.CommentWords)
}

// isOn reports whether one of the statement's objects has a name.
func (d *DDL) isOn(n param.Name) bool {
	name := newName(n)
	return slices.ContainsFunc(d.Source, func(o ddl.Name) bool {
		_, ok := name.match(&record.TableDef{Schema: o.Schema, Name: o.Name, Database: anyDatabase})
		return ok
	})
}

// holds looks for texts and for sets of words, in any case of letters.
func holds(text string, texts []string, words [][]string) bool {
	text = strings.ToLower(text)
	for _, t := range texts {
		if !strings.Contains(text, strings.ToLower(t)) {
			return false
		}
	}
	for _, set := range words {
		for _, w := range set {
			if !strings.Contains(text, strings.ToLower(w)) {
				return false
			}
		}
	}
	return true
}

// Substitute obeys DDLSUBST, in the order of the file.
func (d *DDL) Substitute(substs []param.DDLSubst) {
	for _, s := range substs {
		if _, ok := d.Selects(s.Rules); ok {
			d.Statement.Text = replaceFold(d.Statement.Text, s.From, s.To)
		}
	}
}

// replaceFold replaces a text in any case of letters.
func replaceFold(s, from, to string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if len(s)-i >= len(from) && strings.EqualFold(s[i:i+len(from)], from) {
			b.WriteString(to)
			i += len(from)
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// Count is the statement in statistics.
func (d *DDL) Count(included bool) control.DDLCounts {
	switch {
	case !included:
		return control.DDLCounts{Excluded: 1}
	case d.Scope == Mapped:
		return control.DDLCounts{Mapped: 1}
	case d.Scope == Unmapped:
		return control.DDLCounts{Unmapped: 1}
	}
	return control.DDLCounts{Other: 1}
}

// TakeTruncates has the plan take truncates, as DDL that includes them orders.
func (p *TablePlan) TakeTruncates() {
	p.actions[record.Truncate] = action{take: true, as: record.Truncate}
}

// TruncateOf is a truncate of a table as the DDL that it is at its source, for Selects.
func TruncateOf(def *record.TableDef) *DDL {
	return &DDL{Scope: Mapped, Source: []ddl.Name{{Schema: def.Schema, Name: def.Name}},
		Statement: record.DDLStatement{Kind: "TRUNCATE", Object: "TABLE", Schema: def.Schema,
			Name: def.FullName(), Text: "TRUNCATE TABLE " + def.FullName()}}
}
