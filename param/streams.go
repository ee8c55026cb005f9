package param

import (
	"path"
	"strings"

	"ggsh/ggserr"
)

// StreamFormat is FORMAT: what a line of a file or the payload of a message is.
type StreamFormat string

// The formats.
const (
	FormatCSV     StreamFormat = "CSV"          // fields with a delimiter
	FormatJSON    StreamFormat = "JSON"         // an object is a row
	FormatOps     StreamFormat = "OGG_JSON"     // what the json formatter writes
	FormatRows    StreamFormat = "OGG_JSON_ROW" // what the json_row formatter writes
	FormatGeneric StreamFormat = "GENERIC"      // a message as it is
)

// FileSet is what TRANLOGOPTIONS says of one kind of files, or of messages.
type FileSet struct {
	Pattern   string // FILES; empty for messages
	Table     string // TABLENAME
	Format    StreamFormat
	NoHeader  bool
	Delimiter byte
	Quote     byte // 0: none
	NullText  string
	MaxRecord int64 // 0: not given
	Columns   *TableColumns
	Pos       ggserr.Location
}

// StreamOptions is what TRANLOGOPTIONS says of a source that is files or topics.
type StreamOptions struct {
	Sets        []FileSet
	Schema      string
	Definitions string // a file: see ReadDefinitions
	Topics      []string
	ByName      bool // READORDER NAME
	BatchRows   int  // 0: not given
	DiscardBad  bool // BADRECORD DISCARD
	Payload     string
	// ConsumerProperties is the file of KAFKACONSUMERPROPERTIES.
	ConsumerProperties string
	Pos                ggserr.Location // of the first of these options, zero without any
}

// set is the set of files that options speak of: the last FILES's.
func (o *StreamOptions) set(at ggserr.Location) *FileSet {
	if len(o.Sets) == 0 {
		o.Sets = append(o.Sets, FileSet{Delimiter: ',', Quote: '"', Pos: at})
	}
	return &o.Sets[len(o.Sets)-1]
}

// option reads one option and reports whether it was one of these.
func (o *StreamOptions) option(c *cursor) bool {
	if c.word("GETMETADATAFROMVAM", "TRACKSCHEMACHANGES") {
		return true // it is never otherwise
	}
	at := c.at()
	if !o.ofSource(c) && !o.ofSet(c, at) {
		return false
	}
	if o.Pos.IsZero() {
		o.Pos = at
	}
	return true
}

// ofSource reads what is said of the whole source.
func (o *StreamOptions) ofSource(c *cursor) bool {
	switch {
	case c.word("SCHEMA"):
		o.Schema = c.value("a schema")
	case c.word("DEFINITIONS"):
		o.Definitions = c.value("a file")
	case c.word("TOPICS"):
		for _, item := range splitList(c.parens()) {
			o.Topics = append(o.Topics, valueText(item))
		}
	case c.word("READORDER"):
		o.ByName = c.choice("TIME", "NAME") == "NAME"
	case c.word("BATCHROWS"):
		o.BatchRows = int(c.number(1, 1_000_000))
	case c.word("BADRECORD"):
		o.DiscardBad = c.choice("ABEND", "DISCARD") == "DISCARD"
	case c.word("PAYLOAD"):
		o.Payload = c.choice("TEXT", "BYTES")
	case c.word("KAFKACONSUMERPROPERTIES"):
		o.ConsumerProperties = c.value("a file")
	default:
		return false
	}
	return true
}

// ofSet reads what is said of one kind of files.
func (o *StreamOptions) ofSet(c *cursor, at ggserr.Location) bool {
	switch {
	case c.word("FILES"):
		name := c.at()
		pattern := c.value("a pattern of file names")
		if _, err := path.Match(pattern, "x"); err != nil || strings.Contains(pattern, "/") {
			c.fail(name, "%s is no pattern of file names", shorten(pattern))
		}
		if len(o.Sets) == 1 && o.Sets[0].Pattern == "" {
			c.fail(at, "FILES must stand before the options of the files")
		}
		o.Sets = append(o.Sets, FileSet{Pattern: pattern, Delimiter: ',', Quote: '"', Pos: at})
	case c.word("TABLENAME"):
		o.set(at).Table = c.value("a table's name")
	case c.word("FORMAT"):
		o.set(at).Format = StreamFormat(c.choice(string(FormatCSV), string(FormatJSON), string(FormatOps),
			string(FormatRows), string(FormatGeneric)))
	case c.word("HEADER"):
		o.set(at).NoHeader = false
	case c.word("NOHEADER"):
		o.set(at).NoHeader = true
	case c.word("DELIMITER"):
		o.set(at).Delimiter = c.octet()
	case c.word("QUOTE"):
		if o.set(at).Quote = 0; !c.word("NONE") {
			o.set(at).Quote = c.octet()
		}
	case c.word("NULLTEXT"):
		o.set(at).NullText = c.value("a text")
	case c.word("MAXRECORD"):
		size := c.at()
		if o.set(at).MaxRecord = c.size(); o.set(at).MaxRecord < 1 || o.set(at).MaxRecord > 64<<20 {
			c.fail(size, "it is between 1 and 64MB")
		}
	case c.word("COLUMNS"):
		list := c.columnTypes()
		o.set(at).Columns = &list
	default:
		return false
	}
	return true
}

// choice takes one of the given words.
func (c *cursor) choice(words ...string) string {
	for _, w := range words {
		if c.word(w) {
			return w
		}
	}
	if c.i < len(c.args) {
		c.unexpected(words...)
	} else {
		c.lacks(strings.Join(words, " or "))
	}
	return ""
}

// octet takes a single character, or the word TAB.
func (c *cursor) octet() byte {
	at := c.at()
	text := c.value("a character")
	switch {
	case len(text) == 1 && text[0] != '\n' && text[0] != '\r':
		return text[0]
	case strings.EqualFold(text, "TAB"):
		return '\t'
	case text != "":
		c.fail(at, "%s is no single character of ASCII, and not TAB", shorten(text))
	}
	return ','
}

// check finds what only all options together tell.
func (o *StreamOptions) check() error {
	var errs errorList
	for i := range o.Sets {
		s := &o.Sets[i]
		e := bad(s.Pos, "")
		switch {
		case s.Delimiter == s.Quote:
			e.Text = "DELIMITER and QUOTE are the same character"
		case (s.Format == FormatCSV || s.Format == "" && s.Pattern != "") && s.NoHeader &&
			s.Columns == nil && o.Definitions == "":
			e.Text = "NOHEADER needs the columns"
			e.Do("Add COLUMNS (name type, ...), or DEFINITIONS file.")
		case s.Columns != nil && s.Table == "" && len(o.Sets) > 1:
			e.Text = "COLUMNS must say of which table they are"
			e.Do("Add TABLENAME, or describe all tables in a DEFINITIONS file.")
		default:
			continue
		}
		errs = append(errs, e)
	}
	return errs.orNil()
}
