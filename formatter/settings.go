package formatter

import (
	"fmt"
	"strings"
	"time"

	"ggsh/ggserr"
	"ggsh/props"
	"ggsh/record"
)

// The formats, as properties name them.
const (
	DelimitedText   = "delimitedtext"
	DelimitedTextOp = "delimitedtext_op"
	JSON            = "json"
	JSONRow         = "json_row"
	XML             = "xml"
	AvroRow         = "avro_row"
	AvroOp          = "avro_op"
	AvroRowOCF      = "avro_row_ocf"
	AvroOpOCF       = "avro_op_ocf"
	Parquet         = "parquet"
)

// settings is what all formats are told.
type settings struct {
	charset         charset
	allStrings      bool
	largeAsStrings  bool // numbers beyond 64 bits or a double
	fields          []field
	keyUpdates      string
	env             props.Env
	clock           *props.Clock
	iso             bool // T in current_ts
	metadataChanged bool // a field asks for it
	schemas         bool // schema files are wanted
	versioned       bool // with the time in their names
	opTime          timeText
	writeTime       timeText
	scratch         []byte
}

// field is a meta field of every record.
type field struct {
	name   string
	shape  shape
	column props.MetaColumn
}

// shape is what a field is made of.
type shape uint8

const (
	textField   shape = iota
	numberField       // a whole number
	listField         // the names of the key columns
	mapField          // the tokens
)

// New makes the format that a handler's properties ask for.
func New(c *props.Config, env Env) (*Format, error) {
	f := &Format{name: c.Text("format"), settings: &settings{
		allStrings:     c.Bool("format.treatAllColumnsAsStrings"),
		largeAsStrings: c.Bool("format.mapOracleNumbersAsStrings"),
		keyUpdates:     c.Text("format.pkUpdateHandling"),
		iso:            c.Bool("format.iso8601Format"),
		schemas:        c.Bool("format.generateSchema"),
		versioned:      c.Bool("format.versionSchemas"),
	}}
	f.tables, f.known = map[*record.TableDef]*table{}, map[string]*record.TableDef{}
	s := f.settings
	s.clock = props.NewClock(env.Now)
	s.env = props.Env{Group: env.Group, Now: s.clock.Now, Local: c.Location(), OpKeys: c.OpKeys(),
		JavaProperty: c.JavaProperty}
	var err error
	if s.charset, err = charsetNamed(c.Text("format.encoding"), f.name); err != nil {
		return nil, wrong(c, "format.encoding", "%v", err)
	}
	if err := s.setFields(c, f.name); err != nil {
		return nil, err
	}
	if err := f.choose(c, env); err != nil {
		return nil, err
	}
	return f, nil
}

// wrong is an error about a property, with its place.
func wrong(c *props.Config, name, text string, args ...any) error {
	at := c.Where(name)
	return ggserr.New(ggserr.PropertyWrong, fmt.Sprintf("Property gg.handler.%s.%s: %s", c.Handler,
		name, fmt.Sprintf(text, args...))).At(at.File, at.Line, at.Column)
}

// choose makes the encoder.
func (f *Format) choose(c *props.Config, env Env) (err error) {
	switch f.name {
	case DelimitedText, DelimitedTextOp:
		f.rows = f.name == DelimitedText
		if f.encoder, err = f.delimited(c, env); err == nil &&
			c.Bool("format.enableFieldDescriptorHeaders") {
			f.files = headedFile
		}
	case JSON, JSONRow:
		f.rows = f.name == JSONRow
		if c.Bool("format.enableJsonArrayOutput") {
			f.files = arrayFile
		}
		f.encoder = f.json(c)
	case XML:
		f.encoder, err = f.xml(c)
	case AvroRow, AvroOp:
		f.rows = f.name == AvroRow
		f.encoder = f.avro(c)
	case AvroRowOCF, AvroOpOCF:
		f.rows, f.files = f.name == AvroRowOCF, containerFile
		f.encoder = f.avro(c)
		property := "compressionCodec"
		if c.Type == props.FileWriter {
			property = "avroCodec"
		}
		f.codecName = c.Text(property)
		if f.codec, err = codecNamed(f.codecName); err != nil {
			err = wrong(c, property, "%v", err)
		}
	case Parquet:
		f.rows, f.files = true, parquetFile
		f.encoder, err = f.parquet(c)
	default:
		err = wrong(c, "format", "%s is no format", f.name)
	}
	return err
}

// setFields finds the meta fields: those of the template, or those that the
// format writes by itself.
func (s *settings) setFields(c *props.Config, format string) error {
	text := c.Text("format.metaColumnsTemplate")
	if !c.Has("format.metaColumnsTemplate") && c.MetaFields() {
		text = defaultFields(c, format)
	}
	columns, err := props.ParseMetaColumns(text)
	if err != nil {
		return err
	}
	for _, m := range columns {
		fd := field{name: m.Name, column: m}
		switch m.Keyword {
		case "primarykeycolumns":
			fd.shape = listField
		case "alltokens":
			fd.shape = mapField
		case "timestampmicro", "currenttimestampmicro":
			fd.shape = numberField
		case "metadatachanged":
			s.metadataChanged = true
		}
		s.fields = append(s.fields, fd)
	}
	return nil
}

// defaultFields gives the meta fields of releases before 21 as a template.
func defaultFields(c *props.Config, format string) string {
	const (
		table   = "${objectname[table]}"
		opType  = "${optype[op_type]}"
		opTime  = "${timestamp[op_ts]}"
		now     = "${currenttimestamp[current_ts]}"
		pos     = "${position[pos]}"
		keys    = "${primarykeycolumns[primary_keys]}"
		tokens  = "${alltokens[tokens]}"
		xmlTime = "${timestamp[ts]}"
		xmlType = "${optype[type]}"
	)
	var list []string
	add := func(field, property string) {
		if property == "" || c.Bool(property) {
			list = append(list, field)
		}
	}
	switch format {
	case DelimitedText, DelimitedTextOp:
		add(opType, "format.includeOpType")
		add(table, "format.includeTableName")
		add(opTime, "format.includeOpTimestamp")
		add(now, "format.includeCurrentTimestamp")
		add(pos, "format.includePosition")
		add(tokens, "includeTokens")
	case JSON, JSONRow:
		list = []string{table, opType, opTime, now, pos}
		add(keys, "format.includePrimaryKeys")
		add(tokens, "includeTokens")
	case XML:
		list = []string{table, xmlType, xmlTime, now, pos}
		add(tokens, "includeTokens")
	case Parquet:
		list = []string{table, opType, opTime, now, pos}
		add(tokens, "includeTokens")
	default:
		list = []string{table, opType, opTime, now, pos, keys, tokens}
	}
	return strings.Join(list, ",")
}

// timeText prints times, and keeps the text of the second: most rows are of the
// same second as the row before.
type timeText struct {
	second int64
	text   []byte
}

func (c *timeText) append(dst []byte, t time.Time, iso bool) []byte {
	if s := t.Unix(); s != c.second || c.text == nil {
		c.second, c.text = s, props.AppendTime(c.text[:0], t, iso)
	}
	dst = append(dst, c.text...)
	micro := t.Nanosecond() / 1000
	for i := len(dst) - 1; i >= len(dst)-6; i-- {
		dst[i] = byte('0' + micro%10)
		micro /= 10
	}
	return dst
}

// appendField appends a meta field that is a text or a number.
func (s *settings) appendField(dst []byte, fd *field, op *operation) ([]byte, error) {
	switch fd.column.Keyword {
	case "optype":
		return append(dst, op.code...), nil
	case "objectname":
		return append(dst, op.table.name...), nil
	case "timestamp":
		return s.opTime.append(dst, op.change.Txn.CommitTime.In(s.env.Local), false), nil
	case "currenttimestamp":
		return s.writeTime.append(dst, s.clock.Now().In(s.env.Local), s.iso), nil
	case "metadatachanged":
		if op.table.changed {
			return append(dst, "true"...), nil
		}
		return append(dst, "false"...), nil
	}
	return fd.column.Append(dst, &s.env, op.change)
}

// delimited makes the encoder of delimitedtext and delimitedtext_op.
func (f *Format) delimited(c *props.Config, env Env) (encoder, error) {
	e := &delimitedEncoder{
		settings:  f.settings,
		images:    !f.rows,
		field:     c.Text("format.fieldDelimiter"),
		line:      c.Text("format.lineDelimiter"),
		pair:      c.Text("format.keyValuePairDelimiter"),
		pairValue: c.Text("format.keyValueDelimiter"),
		null:      c.Text("format.nullValueRepresentation"),
		missing:   c.Text("format.missingValueRepresentation"),
		names:     c.Bool("format.includeColumnNames"),
		metaNames: c.Bool("format.includeMetaColumnNames"),
		grouped:   c.Bool("format.includeGroupCols"),
		wrap:      c.Bool("format.wrapStringsInQuotes"),
		quotes:    c.Bool("format.quoteDelimiters"),
		warn:      env.Warn,
	}
	escape := c.Text("format.escape")
	switch {
	case e.field == "" || e.line == "":
		return nil, wrong(c, "format.fieldDelimiter", "neither it nor lineDelimiter can be empty")
	case len(escape) > 1 || escape != "" && strings.ContainsAny(escape, "nr0\n\r\x00") ||
		escape != "" && strings.Contains(e.field+e.line, escape):
		return nil, wrong(c, "format.escape", "%q is not one character of ASCII that is in no "+
			"delimiter and is not n, r or 0", escape)
	case escape != "" && (e.quotes || e.wrap):
		return nil, wrong(c, "format.escape", "it goes with neither format.quoteDelimiters nor "+
			"format.wrapStringsInQuotes: readers understand one or the other")
	}
	if escape != "" {
		e.escape = escape[0]
	}
	for _, c := range []string{e.field[:1], e.line[:1], "\n", "\r", "\x00", string(quote), escape} {
		if c != "" {
			e.special[c[0]] = true
		}
	}
	return e, nil
}

// json makes the encoder of json and json_row.
func (f *Format) json(c *props.Config) encoder {
	flavour122 := !f.rows && c.Global("gg.compat") == "12.2"
	f.allStrings = f.allStrings || flavour122
	delimiter := c.Text("format.jsonDelimiter")
	if f.files == arrayFile && strings.TrimSpace(delimiter) != "" {
		delimiter = "" // an array has commas
	}
	return &jsonEncoder{
		settings:    f.settings,
		rows:        f.rows,
		pretty:      c.Bool("format.prettyPrint"),
		omitNulls:   c.Bool("format.omitNullValues"),
		keepChanged: c.Bool("format.omitNullValuesSpecialUpdateHandling"),
		delimiter:   delimiter,
		flavour122:  flavour122,
	}
}

// xml makes the encoder of xml.
func (f *Format) xml(c *props.Config) (encoder, error) {
	for i := range f.fields {
		if name := f.fields[i].name; f.fields[i].shape != mapField && !xmlName(name) {
			return nil, wrong(c, "format.metaColumnsTemplate", "%q cannot be the name of an "+
				"attribute of XML", name)
		}
	}
	return &xmlEncoder{settings: f.settings, prolog: c.Bool("format.includeProlog")}, nil
}

// avro makes the encoder of the Avro formats.
func (f *Format) avro(c *props.Config) encoder {
	e := &avroEncoder{
		settings:   f.settings,
		rows:       f.rows,
		isMissing:  c.Bool("format.includeIsMissingFields"),
		decimals:   c.Bool("format.enableDecimalLogicalType"),
		timestamps: c.Bool("format.enableTimestampLogicalType"),
		numScale:   c.Int("format.oracleNumberScale"),
	}
	if f.files == containerFile {
		return e
	}
	if c.Has("format.lineDelimiter") {
		e.delimiter = c.Text("format.lineDelimiter")
	}
	if c.Bool("format.wrapMessageInGenericAvroMessage") {
		e.wrapper = wrapHash
		if c.Bool("format.genericWrapperUseFingerprint") {
			e.wrapper = wrapFingerprint
		}
	}
	return e
}

// parquet makes the encoder of parquet.
func (f *Format) parquet(c *props.Config) (encoder, error) {
	codec, err := parquetCodec(c.Text("format.compressionCodec"))
	if err != nil {
		err = wrong(c, "format.compressionCodec", "%v", err)
	}
	return &parquetEncoder{settings: f.settings, codec: codec,
		isMissing: c.Bool("format.includeIsMissingFields"),
		groupSize: max(c.Size("format.rowGroupSize"), 1)}, err
}
