package formatter

import (
	"encoding/json"
	"fmt"
	"strings"
)

// schema is an Avro schema.
type schema struct {
	kind      string // a primitive type, record, array, map, union, or the name of a record
	name      string // of a record
	namespace string
	logical   string // logicalType and its attributes as JSON members; empty without
	fields    []schemaField
	items     []*schema // of an array or map one, of a union each branch
}

// schemaField is a field of a record.
type schemaField struct {
	name     string
	schema   *schema
	fallback string // the default as JSON; empty for none
}

func primitive(kind string) *schema { return &schema{kind: kind} }

func optional(s *schema) *schema {
	return &schema{kind: "union", items: []*schema{primitive("null"), s}}
}

// text prints the schema, in one line or as people read it.
func (s *schema) text(pretty bool) []byte {
	p := schemaPrinter{pretty: pretty}
	p.print(s)
	return []byte(p.out.String())
}

// schemaPrinter prints schemas as the Avro tools do: blanks round colons, lists
// of plain types in one line.
type schemaPrinter struct {
	out    strings.Builder
	pretty bool
	depth  int
}

func (p *schemaPrinter) line(step int) {
	p.depth += step
	if p.pretty {
		p.out.WriteString("\n" + strings.Repeat("  ", p.depth))
	}
}

// key begins a member of an object.
func (p *schemaPrinter) key(first bool, name string) {
	if !first {
		p.out.WriteByte(',')
		p.line(0)
	}
	if p.pretty {
		fmt.Fprintf(&p.out, "%s : ", quoteJSON(name))
	} else {
		p.out.WriteString(quoteJSON(name) + ":")
	}
}

func (p *schemaPrinter) member(first bool, name, value string) {
	p.key(first, name)
	p.out.WriteString(quoteJSON(value))
}

func (p *schemaPrinter) print(s *schema) {
	switch s.kind {
	case "union":
		p.list(s.items)
	case "array", "map":
		p.open()
		p.member(true, "type", s.kind)
		p.key(false, map[string]string{"array": "items", "map": "values"}[s.kind])
		p.print(s.items[0])
		p.close()
	case "record":
		p.record(s)
	default:
		if s.logical == "" {
			p.out.WriteString(quoteJSON(s.kind))
			return
		}
		p.open()
		p.member(true, "type", s.kind)
		for _, attribute := range strings.Split(s.logical, ",") {
			name, value, _ := strings.Cut(attribute, ":")
			p.key(false, name)
			p.out.WriteString(value)
		}
		p.close()
	}
}

func (p *schemaPrinter) open() {
	p.out.WriteByte('{')
	p.line(1)
}

func (p *schemaPrinter) close() {
	p.line(-1)
	p.out.WriteByte('}')
}

func (p *schemaPrinter) list(items []*schema) {
	blank := ""
	if p.pretty {
		blank = " "
	}
	p.out.WriteString("[" + blank)
	for i, item := range items {
		if i > 0 {
			p.out.WriteString("," + blank)
		}
		p.print(item)
	}
	p.out.WriteString(blank + "]")
}

func (p *schemaPrinter) record(s *schema) {
	p.open()
	p.member(true, "type", "record")
	p.member(false, "name", s.name)
	if s.namespace != "" {
		p.member(false, "namespace", s.namespace)
	}
	p.key(false, "fields")
	p.out.WriteByte('[')
	for i, f := range s.fields {
		if i > 0 {
			p.out.WriteByte(',')
		}
		if p.pretty {
			p.out.WriteByte(' ')
		}
		p.open()
		p.member(true, "name", f.name)
		p.key(false, "type")
		p.print(f.schema)
		if f.fallback != "" {
			p.key(false, "default")
			p.out.WriteString(f.fallback)
		}
		p.close()
	}
	if p.pretty {
		p.out.WriteByte(' ')
	}
	p.out.WriteByte(']')
	p.close()
}

// canonical prints the parsing canonical form of the Avro specification: what
// fingerprints are made of. Inside gives the namespace that names inherit.
func (s *schema) canonical(b *strings.Builder, inside string) {
	full := func(name string) string {
		if inside == "" || strings.Contains(name, ".") {
			return name
		}
		return inside + "." + name
	}
	switch s.kind {
	case "union":
		b.WriteByte('[')
		for i, item := range s.items {
			if i > 0 {
				b.WriteByte(',')
			}
			item.canonical(b, inside)
		}
		b.WriteByte(']')
	case "array", "map":
		fmt.Fprintf(b, `{"type":"%s","%s":`, s.kind,
			map[string]string{"array": "items", "map": "values"}[s.kind])
		s.items[0].canonical(b, inside)
		b.WriteByte('}')
	case "record":
		if s.namespace != "" {
			inside = s.namespace
		}
		fmt.Fprintf(b, `{"name":"%s","type":"record","fields":[`, full(s.name))
		for i, f := range s.fields {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, `{"name":"%s","type":`, f.name)
			f.schema.canonical(b, inside)
			b.WriteByte('}')
		}
		b.WriteString("]}")
	case "null", "boolean", "int", "long", "float", "double", "bytes", "string":
		b.WriteString(`"` + s.kind + `"`)
	default:
		b.WriteString(`"` + full(s.kind) + `"`)
	}
}

// fingerprint is the CRC-64-AVRO of the canonical form.
func (s *schema) fingerprint() uint64 {
	var b strings.Builder
	s.canonical(&b, "")
	return rabin([]byte(b.String()))
}

// emptyFingerprint is the fingerprint of nothing, and the polynomial.
const emptyFingerprint = 0xc15d213aa4d7a795

func rabin(b []byte) uint64 {
	sum := uint64(emptyFingerprint)
	for _, c := range b {
		// One octet of the table that others keep; schemas are rare and short.
		step := (sum ^ uint64(c)) & 0xff
		for range 8 {
			step = step>>1 ^ emptyFingerprint&-(step&1)
		}
		sum = sum>>8 ^ step
	}
	return sum
}

// javaHash is String.hashCode of Java, which old readers find schemas by.
func javaHash(text []byte) int32 {
	var h int32
	for _, r := range string(text) {
		if r > 0xffff {
			r -= 0x10000
			h = h*31 + 0xd800 + r>>10
			r = 0xdc00 + r&0x3ff
		}
		h = h*31 + r
	}
	return h
}

func quoteJSON(text string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	// A string has no form that JSON cannot say.
	_ = enc.Encode(text)
	return strings.TrimSuffix(b.String(), "\n")
}

// avroName makes a name that Avro allows: letters, digits and _, no digit first.
func avroName(name string) string {
	var b strings.Builder
	for i, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_':
			b.WriteRune(r)
		case r >= '0' && r <= '9':
			if i == 0 {
				b.WriteByte('_')
			}
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	if b.Len() == 0 {
		return "_"
	}
	return b.String()
}
