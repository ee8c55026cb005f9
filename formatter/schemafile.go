package formatter

import (
	"strings"

	"ggsh/record"
)

// Schema gives the schema file of a table: its name without directory, and its
// text; no text for a format that has none, and for JSON with generateSchema=false.
func (f *Format) Schema(def *record.TableDef) (file string, text []byte, err error) {
	var suffix string
	var make func(*table) []byte
	switch e := f.encoder.(type) {
	case *avroEncoder:
		suffix, make = ".avsc", func(t *table) []byte { return append(t.avro.schema.text(true), '\n') }
	case *jsonEncoder:
		if f.schemas {
			suffix, make = ".schema.json", e.schema
		}
	}
	if make == nil {
		return "", nil, nil
	}
	t, err := f.table(def)
	if err != nil {
		return "", nil, err
	}
	file = fileName(t.name)
	if f.versioned {
		file += f.clock.Now().In(f.env.Local).Format("_2006-01-02_15-04-05.000")
	}
	return file + suffix, make(t), nil
}

// WrapperSchema gives the schema of the generic wrapper that records are put in;
// nil if they are not.
func (f *Format) WrapperSchema() []byte {
	if e, ok := f.encoder.(*avroEncoder); ok && e.wrapper != bare {
		return append(e.wrapperSchema().text(true), '\n')
	}
	return nil
}

// fileName makes a table's name one of a file: nothing in it may lead elsewhere.
func fileName(table string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, table)
}

// schema is the JSON schema of a table's records.
func (e *jsonEncoder) schema(t *table) []byte {
	doc := append([]byte(nil), `{"$schema":"http://json-schema.org/draft-04/schema#","title":`...)
	doc = append(doc, quoteJSON(t.name)...)
	doc = append(doc, `,"description":`...)
	doc = append(doc, quoteJSON("Operations on table "+t.name)...)
	if !e.rows {
		doc = append(doc, `,"definitions":{"row":{"type":"object","properties":{`...)
		doc = append(e.columnSchemas(doc, t), `},"additionalProperties":false}}`...)
	}
	doc = append(doc, `,"type":"object","properties":{`...)
	required := []byte{'{'}
	for i := range e.fields {
		doc = append(member(doc, t.heads[i]), fieldSchemas[e.fields[i].shape]...)
		required = member(required, t.heads[i][:len(t.heads[i])-1])
	}
	if e.rows {
		doc = e.columnSchemas(doc, t)
	} else {
		image := `{"$ref":"#/definitions/row"}`
		if e.flavour122 {
			image = `{"anyOf":[` + image + `,{"type":"null"}]}`
		}
		doc = append(append(member(doc, `"before":`), image...), `,"after":`+image...)
	}
	doc = append(doc, '}')
	if len(required) > 1 {
		doc = append(append(doc, `,"required":[`...), required[1:]...)
		doc = append(doc, ']')
	}
	return append(indentJSON(nil, append(doc, `,"additionalProperties":false}`...)), '\n')
}

// fieldSchemas are the schemas of meta fields by their shape.
var fieldSchemas = [...]string{
	textField:   `{"type":"string"}`,
	numberField: `{"type":"integer"}`,
	listField:   `{"type":"array","items":{"type":"string"}}`,
	mapField:    `{"type":"object","additionalProperties":{"type":"string"}}`,
}

// columnSchemas appends a member for each column.
func (e *jsonEncoder) columnSchemas(doc []byte, t *table) []byte {
	for i := range t.def.Columns {
		kind := `{"type":["` + e.columnType(&t.def.Columns[i]) + `","null"]}`
		doc = append(member(doc, t.labels[i]), kind...)
		if e.flavour122 {
			label := t.labels[i]
			doc = append(append(doc, ','), label[:len(label)-2]...)
			doc = append(doc, `_isMissing":{"type":"boolean"}`...)
		}
	}
	return doc
}

func (e *jsonEncoder) columnType(c *record.ColumnDef) string {
	switch {
	case e.allStrings || e.largeAsStrings && isLarge(c):
		return "string"
	case c.Kind == record.Bool:
		return "boolean"
	case c.Kind == record.Int, c.Kind == record.Uint:
		return "integer"
	case isNumber(c.Kind):
		return "number"
	}
	return "string"
}
