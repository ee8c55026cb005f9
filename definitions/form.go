package definitions

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ggsh/ggserr"
	"ggsh/record"
)

// fieldNames are the fields of a column's line. Those from plainFields on are the
// extended attributes.
var fieldNames = []string{"Name", "Data Type", "Form of Values", "Length", "Precision", "Scale",
	"Null", "Key Column", "Generated", "Invisible", "Character Set", "Labels"}

const plainFields = 8

// maxColumns bounds the columns of a table.
const maxColumns = 1 << 14

const (
	tableBegin = "Definition for table "
	tableEnd   = "End of definition"
)

func writeTable(b *strings.Builder, t *record.TableDef, plain bool) {
	fmt.Fprintf(b, "%s%s\n", tableBegin, joined(t.Catalog, t.Schema, t.Name))
	fmt.Fprintf(b, "Database type: %s\nSyskey: 0\nColumns: %d\n", t.Database, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		fmt.Fprintf(b, "%s %s %s %d %d %d %d %d", strconv.Quote(c.Name), strconv.Quote(c.Type), c.Kind,
			c.Length, c.Precision, c.Scale, number(c.Nullable), slices.Index(t.Key, i)+1)
		if !plain {
			fmt.Fprintf(b, " %d %d %s", number(c.Generated), number(c.Invisible), strconv.Quote(c.Charset))
			for _, label := range c.Labels {
				b.WriteString(" " + strconv.Quote(label))
			}
		}
		b.WriteString("\n")
	}
	for _, key := range t.Unique {
		if plain {
			break
		}
		b.WriteString("Unique key:")
		for _, k := range key {
			fmt.Fprintf(b, " %d", k+1)
		}
		b.WriteString("\n")
	}
	b.WriteString(tableEnd + "\n*\n")
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// joined quotes the parts of a name that would not be read back without.
func joined(parts ...string) string {
	var out []string
	for i, p := range parts {
		if p == "" && i < len(parts)-1 {
			continue
		}
		if p == "" || strings.ContainsAny(p, "\". \t\\") || strconv.Quote(p) != `"`+p+`"` {
			p = strconv.Quote(p)
		}
		out = append(out, p)
	}
	return strings.Join(out, ".")
}

// reader reads lines and knows where it is.
type reader struct {
	path  string
	lines []string
	at    int // number of the line read last, from 1
}

// Parse reads the text of the file called path.
func Parse(path, text string) (*File, error) {
	r := &reader{path: path, lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
	first, _ := r.next()
	if first != firstLine {
		return nil, r.foreign(first)
	}
	f := &File{Path: path}
	for {
		line, ok := r.next()
		switch {
		case !ok:
			return f, nil
		case line == "" || strings.HasPrefix(line, "*"):
		case strings.HasPrefix(line, tableBegin):
			t, err := r.table(strings.TrimPrefix(line, tableBegin))
			if err != nil {
				return nil, err
			}
			f.Tables = append(f.Tables, t)
		default:
			return nil, r.wrong("a definition begins with %q", tableBegin)
		}
	}
}

// foreign tells which form a file has that is not ours.
func (r *reader) foreign(first string) error {
	what := "it does not begin as a definitions file does"
	switch {
	case strings.HasPrefix(first, "*+- ggsh DEFGEN version "):
		what = "it was written by a later release: " + first
	case strings.HasPrefix(first, "*+- Defgen version"), strings.HasPrefix(first, "*"):
		what = "it has the form of GoldenGate's own DEFGEN, whose data types are numbers that are not " +
			"published"
	}
	return ggserr.New(ggserr.DefinitionsWrong, r.path, what).At(r.path, 1, 1).
		Do("Make the file with defgen of this product from the same tables, or leave it out: the trail " +
			"carries the definitions.")
}

func (r *reader) next() (string, bool) {
	if r.at >= len(r.lines) {
		return "", false
	}
	r.at++
	return strings.TrimSpace(r.lines[r.at-1]), true
}

func (r *reader) wrong(format string, args ...any) error {
	return ggserr.New(ggserr.DefinitionsWrong, r.path, fmt.Sprintf(format, args...)).
		At(r.path, r.at, 1)
}

func (r *reader) table(name string) (*record.TableDef, error) {
	t := &record.TableDef{}
	parts, ok := split(name, '.')
	if !ok || len(parts) == 0 || len(parts) > 3 {
		return nil, r.wrong("%s is not the name of a table", name)
	}
	parts = append(make([]string, 3-len(parts)), parts...)
	t.Catalog, t.Schema, t.Name = parts[0], parts[1], parts[2]
	columns := -1
	var keys []int
	for {
		line, ok := r.next()
		word, value, _ := strings.Cut(line, ":")
		switch {
		case !ok:
			return nil, r.wrong("the definition of %s has no %q", t.FullName(), tableEnd)
		case line == tableEnd:
			return t, r.finish(t, columns, keys)
		case strings.HasPrefix(line, `"`):
			if len(t.Columns) >= maxColumns {
				return nil, r.wrong("a table has at most %d columns", maxColumns)
			}
			key, err := r.column(t, line)
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		case word == "Database type":
			t.Database = strings.TrimSpace(value)
		case word == "Columns":
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil || n < 0 {
				return nil, r.wrong("%s is not a number of columns", strings.TrimSpace(value))
			}
			columns = n
		case word == "Unique key":
			if err := r.unique(t, value); err != nil {
				return nil, err
			}
		case line == "" || word == "Syskey" || strings.HasPrefix(line, "*"):
		default:
			return nil, r.wrong("%s is not expected in a definition", line)
		}
	}
}

// finish checks the number of columns and puts the key in its order.
func (r *reader) finish(t *record.TableDef, columns int, keys []int) error {
	if columns != len(t.Columns) || columns == 0 {
		return r.wrong("table %s has %d columns here, and says that they are %d", t.FullName(),
			len(t.Columns), columns)
	}
	for n := 1; ; n++ {
		at := slices.Index(keys, n)
		if at < 0 {
			break
		}
		t.Key = append(t.Key, at)
	}
	for _, k := range keys {
		if k < 0 || k > len(t.Key) {
			return r.wrong("the key columns of %s are not numbered from 1", t.FullName())
		}
	}
	return nil
}

func (r *reader) unique(t *record.TableDef, value string) error {
	var key []int
	for _, word := range strings.Fields(value) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > len(t.Columns) {
			return r.wrong("a unique key names column %s of %d", word, len(t.Columns))
		}
		key = append(key, n-1)
	}
	t.Unique = append(t.Unique, key)
	return nil
}

// column reads one line and gives the column's place in the key, from 1.
func (r *reader) column(t *record.TableDef, line string) (key int, err error) {
	f, ok := split(line, ' ')
	if !ok || len(f) < plainFields || len(f) > plainFields && len(f) < len(fieldNames)-1 {
		return 0, r.wrong("a column's line has %d fields, or %d and its labels", plainFields,
			len(fieldNames)-1)
	}
	c := record.ColumnDef{Name: f[0], Type: f[1]}
	if c.Kind, ok = record.ParseKind(f[2]); !ok {
		return 0, r.wrong("%s is no form of values", f[2])
	}
	var n [5]int
	for i := range n {
		if n[i], err = strconv.Atoi(f[3+i]); err != nil {
			return 0, r.wrong("%s of column %s: %s is no number", fieldNames[3+i], c.Name, f[3+i])
		}
	}
	c.Length, c.Precision, c.Scale, c.Nullable = n[0], n[1], n[2], n[3] != 0
	if len(f) > plainFields {
		c.Generated, c.Invisible, c.Charset = f[8] == "1", f[9] == "1", f[10]
		c.Labels = append(c.Labels, f[11:]...)
	}
	t.Columns = append(t.Columns, c)
	return n[4], nil
}

// split cuts a text at a separator; pieces may be quoted as Go quotes.
func split(s string, sep byte) (parts []string, ok bool) {
	for {
		piece := s
		if strings.HasPrefix(s, `"`) {
			prefix, err := strconv.QuotedPrefix(s)
			if err != nil {
				return nil, false
			}
			if piece, err = strconv.Unquote(prefix); err != nil {
				return nil, false
			}
			s = s[len(prefix):]
		} else {
			end := strings.IndexByte(s, sep)
			if end < 0 {
				end = len(s)
			}
			piece, s = s[:end], s[end:]
		}
		parts = append(parts, piece)
		if s == "" {
			return parts, true
		}
		if s[0] != sep {
			return nil, false
		}
		if s = s[1:]; s == "" {
			return nil, false
		}
	}
}
