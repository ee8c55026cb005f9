package props

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"ggsh/ggserr"
	"ggsh/record"
)

// MetaColumn is one entry of metaColumnsTemplate or metaHeadersTemplate.
type MetaColumn struct {
	Keyword string // in lower case, such as optype
	Name    string // that the output shows
	Arg     string // of token, env, sys, javaprop and static
}

// metaKeyword is one keyword of meta columns.
type metaKeyword struct {
	name string
	arg  bool
	help string
}

// metaKeywords is the table of meta column keywords.
var metaKeywords = []metaKeyword{
	{"objectname", false, "Catalog, schema and name of the table, with dots."},
	{"optype", false, "The letter of the operation: I, U, D, T, or as insertOpKey and the " +
		"others say."},
	{"timestamp", false, "Commit time at the source, yyyy-MM-dd HH:mm:ss.ffffff."},
	{"currenttimestamp", false, "The time of writing, in the form that iso8601Format says."},
	{"currenttimestampiso8601", false, "The time of writing, yyyy-MM-ddTHH:mm:ss.ffffff."},
	{"position", false, "Position in the trail, 20 digits."},
	{"primarykeycolumns", false, "Names of the key columns."},
	{"alltokens", false, "All tokens."},
	{"token", true, "One user token."},
	{"env", true, "One environment variable of GoldenGate, which are those of the process."},
	{"sys", true, "One environment variable of the process."},
	{"javaprop", true, "One -Dname=value of the boot options."},
	{"static", true, "The text behind the dot."},
	{"catalog", false, "Catalog of the table."},
	{"schema", false, "Schema of the table."},
	{"table", false, "Name of the table."},
	{"csn", false, "Commit sequence number of the source."},
	{"xid", false, "Transaction id of the source."},
	{"txind", false, "Place in the transaction: B begin, M middle, E end, W whole."},
	{"opseqno", false, "Number of the operation in its transaction, from 1."},
	{"seqno", false, "Number of the trail file."},
	{"rba", false, "Place in the trail file."},
	{"timestampmicro", false, "Commit time in microseconds since 1970."},
	{"currenttimestampmicro", false, "The time of writing in microseconds since 1970."},
	{"rowid", false, "Row id of the source, from the token of that name."},
	{"groupname", false, "Name of the Replicat group."},
	{"metadatachanged", false, "Whether the definition of the table differs from the operation " +
		"before."},
}

// ErrNotText says that a meta column is more than a text, and for formats to
// build: the names of the key columns, all tokens, whether metadata changed.
var ErrNotText = errors.New("props: this meta column is no text")

// ParseMetaColumns reads a list ${keyword[name].argument}, ${keyword}, ...
func ParseMetaColumns(text string) ([]MetaColumn, error) {
	list, f := parseMetaColumns(text)
	if f == nil {
		return list, nil
	}
	err := ggserr.New(ggserr.PropertyWrong, fmt.Sprintf("Meta columns, character %d: %s", f.off+1,
		f.text))
	if f.hint != "" {
		err.Do("%s", f.hint)
	}
	return nil, err
}

func parseMetaColumns(text string) ([]MetaColumn, *fault) {
	var list []MetaColumn
	if len(text) > maxTemplate {
		return nil, wrongf("a list of meta columns has at most %d bytes", maxTemplate)
	}
	seen := map[string]bool{}
	for i := 0; i < len(text); {
		switch {
		case text[i] == ' ' || text[i] == '\t' || text[i] == ',' && len(list) > 0:
			i++
			continue
		case !strings.HasPrefix(text[i:], "${"):
			return nil, &fault{off: i, text: "meta columns are ${...}, with commas between"}
		}
		end := strings.IndexByte(text[i:], '}')
		if end < 0 {
			return nil, &fault{off: i, text: "${ is not closed by }"}
		}
		m, f := parseMetaColumn(text[i+2 : i+end])
		if f != nil {
			f.off += i + 2
			return nil, f
		}
		if seen[m.Name] {
			return nil, &fault{off: i, text: fmt.Sprintf("two meta columns are named %s", m.Name)}
		}
		seen[m.Name] = true
		list = append(list, m)
		i += end + 1
	}
	return list, nil
}

// parseMetaColumn reads what stands between ${ and }.
func parseMetaColumn(text string) (m MetaColumn, f *fault) {
	end := strings.IndexAny(text, "[.")
	if end < 0 {
		end = len(text)
	}
	m.Keyword = strings.ToLower(strings.TrimSpace(text[:end]))
	rest := text[end:]
	if strings.HasPrefix(rest, "[") {
		n := strings.IndexByte(rest, ']')
		if n < 0 {
			return m, &fault{off: end, text: "[ is not closed by ]"}
		}
		m.Name, rest = strings.TrimSpace(rest[1:n]), rest[n+1:]
	}
	var dot bool
	m.Arg, dot = strings.CutPrefix(rest, ".")
	if !dot && strings.TrimSpace(rest) != "" {
		return m, &fault{off: len(text) - len(rest), text: fmt.Sprintf("%q is not understood: "+
			"the form is ${keyword[name].argument}", rest)}
	}
	return m, m.check()
}

func (m *MetaColumn) check() *fault {
	var names []string
	for _, k := range metaKeywords {
		names = append(names, k.name)
		if k.name != m.Keyword {
			continue
		}
		switch {
		case k.arg && m.Arg == "":
			return wrongf("%s lacks its argument: ${%s[name].argument}", k.name, k.name)
		case !k.arg && m.Arg != "":
			return wrongf("%s has no argument", k.name)
		case m.Name == "" && k.arg:
			m.Name = m.Arg
		case m.Name == "":
			m.Name = k.name
		}
		return nil
	}
	f := wrongf("%s is no keyword of meta columns", m.Keyword)
	if near := ggserr.Nearest(m.Keyword, names); near != "" {
		f.hint = "Did you mean ${" + near + "}?"
	}
	return f
}

// Append prints the meta column as text, currenttimestamp with a T. It fails
// with ErrNotText for those that have no form as text.
func (m *MetaColumn) Append(dst []byte, env *Env, c *record.Change) ([]byte, error) {
	switch m.Keyword {
	case "objectname":
		return AppendFullName(dst, c.Def), nil
	case "optype":
		return append(dst, env.OpKeys.Of(c.Op.Type)...), nil
	case "timestamp":
		return AppendTime(dst, env.zoned(c.Txn.CommitTime), false), nil
	case "currenttimestamp", "currenttimestampiso8601":
		return AppendTime(dst, env.now(), true), nil
	case "position":
		return AppendPosition(dst, c.Seqno, c.RBA), nil
	case "catalog":
		return append(dst, c.Def.Catalog...), nil
	case "schema":
		return append(dst, c.Def.Schema...), nil
	case "table":
		return append(dst, c.Def.Name...), nil
	case "csn":
		return AppendCSN(dst, c.Txn.CSN), nil
	case "xid":
		return append(dst, c.Txn.XID...), nil
	case "txind":
		return append(dst, txind(c)), nil
	case "opseqno":
		return strconv.AppendInt(dst, int64(c.Index)+1, 10), nil
	case "seqno":
		return strconv.AppendUint(dst, uint64(c.Seqno), 10), nil
	case "rba":
		return strconv.AppendUint(dst, c.RBA, 10), nil
	case "timestampmicro":
		return strconv.AppendInt(dst, c.Txn.CommitTime.UnixMicro(), 10), nil
	case "currenttimestampmicro":
		return strconv.AppendInt(dst, env.now().UnixMicro(), 10), nil
	}
	return m.appendNamed(dst, env, c)
}

// appendNamed prints what is looked up by a name.
func (m *MetaColumn) appendNamed(dst []byte, env *Env, c *record.Change) ([]byte, error) {
	switch m.Keyword {
	case "groupname":
		return append(dst, env.Group...), nil
	case "static":
		return append(dst, m.Arg...), nil
	case "token":
		return appendToken(dst, c, m.Arg)
	case "rowid":
		return appendToken(dst, c, "R")
	case "env", "sys":
		if env.Getenv != nil {
			return append(dst, env.Getenv(m.Arg)...), nil
		}
		return append(dst, os.Getenv(m.Arg)...), nil
	case "javaprop":
		if env.JavaProperty != nil {
			text, _ := env.JavaProperty(m.Arg)
			dst = append(dst, text...)
		}
		return dst, nil
	}
	return dst, ErrNotText
}

// txind tells where in its transaction an operation stands.
func txind(c *record.Change) byte {
	switch first := c.Index == 0; {
	case first && c.Last:
		return 'W'
	case first:
		return 'B'
	case c.Last:
		return 'E'
	}
	return 'M'
}
