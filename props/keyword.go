package props

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"ggsh/ggserr"
	"ggsh/record"
)

// keyword is one keyword of templates.
type keyword struct {
	id          keywordID
	name        string
	least, most int  // arguments in brackets
	row         bool // differs between the operations of a transaction
	change      bool // needs an operation at all
	help        string
}

type keywordID uint8

const (
	kwFullName keywordID = iota
	kwCatalog
	kwSchema
	kwTable
	kwOpType
	kwPrimaryKeys
	kwPosition
	kwOpTimestamp
	kwEmpty
	kwNull
	kwGroup
	kwCurrentTimestamp
	kwXID
	kwCSN
	kwColumnValue
	kwStaticMap
	kwToken
	kwLower
	kwUpper
	kwSubstring
	kwRegex
	kwUUID
	kwOperationCount
	kwInsertCount
	kwUpdateCount
	kwDeleteCount
	kwTruncateCount
	kwStart
	kwEnd
)

// keywords is the table of template keywords.
var keywords = []keyword{
	{kwFullName, "fullyQualifiedTableName", 0, 0, true, true,
		"Catalog, schema and name of the target table, with dots."},
	{kwCatalog, "catalogName", 0, 0, true, true, "Catalog of the target table."},
	{kwSchema, "schemaName", 0, 0, true, true, "Schema of the target table."},
	{kwTable, "tableName", 0, 0, true, true, "Name of the target table."},
	{kwOpType, "opType", 0, 0, true, true, "INSERT, UPDATE, DELETE or TRUNCATE."},
	{kwPrimaryKeys, "primaryKeys", 0, 1, true, true,
		"Values of the key columns, joined by _ or by the argument."},
	{kwPosition, "position", 0, 0, false, true, "Position in the trail, 20 digits."},
	{kwOpTimestamp, "opTimestamp", 0, 0, true, true,
		"Commit time at the source, yyyy-MM-dd HH:mm:ss.ffffff."},
	{kwEmpty, "emptyString", 0, 0, false, false, "Nothing."},
	{kwNull, "null", 0, 0, false, false, "No value, not even an empty one; stands alone."},
	{kwGroup, "groupName", 0, 0, false, false, "Name of the Replicat group."},
	{kwCurrentTimestamp, "currentTimestamp", 0, 1, false, false,
		"The time now, yyyy-MM-dd_HH-mm-ss.SSS or as a Java date pattern says."},
	{kwXID, "xid", 0, 0, false, true, "Transaction id of the source."},
	{kwCSN, "csn", 0, 0, false, true, "Commit sequence number of the source."},
	{kwColumnValue, "columnValue", 1, 3, true, true,
		"Value of a column, [COL] or [table=COL,table=COL]; then what stands for NULL, and for " +
			"a missing value."},
	{kwStaticMap, "staticMap", 1, 2, true, true,
		"A text by table, [table=text,table=text]; then the text for other tables."},
	{kwToken, "token", 1, 1, true, true, "Value of a user token."},
	{kwLower, "toLowerCase", 1, 1, false, false, "The argument in lower case."},
	{kwUpper, "toUpperCase", 1, 1, false, false, "The argument in upper case."},
	{kwSubstring, "substring", 2, 3, false, false,
		"Part of a text: [text][from][to], characters from 0, to not included."},
	{kwRegex, "regex", 3, 3, false, false,
		"[text][search][replacement] with a regular expression; $1 is a group."},
	{kwUUID, "uuid", 0, 0, false, false, "A random UUID."},
	{kwOperationCount, "operationCount", 0, 0, false, false, "Operations in the file."},
	{kwInsertCount, "insertCount", 0, 0, false, false, "Inserts in the file."},
	{kwUpdateCount, "updateCount", 0, 0, false, false, "Updates in the file."},
	{kwDeleteCount, "deleteCount", 0, 0, false, false, "Deletes in the file."},
	{kwTruncateCount, "truncateCount", 0, 0, false, false, "Truncates in the file."},
	{kwStart, "startPosition", 0, 0, false, false,
		"Trail position of the file's first operation (ours)."},
	{kwEnd, "endPosition", 0, 0, false, false,
		"Trail position of the file's last operation (ours)."},
}

func keywordNamed(name string) *keyword {
	for i := range keywords {
		if strings.EqualFold(keywords[i].name, name) {
			return &keywords[i]
		}
	}
	return nil
}

func unknownKeyword(name string, off int) *fault {
	if strings.EqualFold(name, "custom") {
		return &fault{off: off, text: "${custom} calls a Java class, which is not possible here"}
	}
	f := &fault{off: off, text: fmt.Sprintf("${%s} is no keyword of templates", name)}
	var names []string
	for _, k := range keywords {
		names = append(names, k.name)
	}
	if near := ggserr.Nearest(name, names); near != "" {
		f.hint = "Did you mean ${" + near + "}?"
	}
	return f
}

func (k *keyword) arguments() string {
	switch {
	case k.most == 0:
		return "no argument"
	case k.least == k.most:
		return count(k.most, "argument", "arguments")
	}
	return fmt.Sprintf("%d to %d arguments", k.least, k.most)
}

// append prints one keyword.
func (p *part) append(dst []byte, env *Env, c *record.Change) ([]byte, error) {
	switch p.key.id {
	case kwFullName:
		return AppendFullName(dst, c.Def), nil
	case kwCatalog:
		return append(dst, c.Def.Catalog...), nil
	case kwSchema:
		return append(dst, c.Def.Schema...), nil
	case kwTable:
		return append(dst, c.Def.Name...), nil
	case kwOpType:
		return append(dst, OpName(c.Op.Type)...), nil
	case kwPosition:
		return AppendPosition(dst, c.Seqno, c.RBA), nil
	case kwOpTimestamp:
		return AppendTime(dst, env.zoned(c.Txn.CommitTime), false), nil
	case kwGroup:
		return append(dst, env.Group...), nil
	case kwXID:
		return append(dst, c.Txn.XID...), nil
	case kwCSN:
		return AppendCSN(dst, c.Txn.CSN), nil
	case kwPrimaryKeys, kwColumnValue, kwToken, kwStaticMap:
		return p.appendRow(dst, env, c)
	case kwLower, kwUpper, kwSubstring, kwRegex:
		return p.appendText(dst, env, c)
	}
	if env.Steady {
		return dst, nil
	}
	return p.appendRun(dst, env), nil
}

// appendRun prints what differs from run to run.
func (p *part) appendRun(dst []byte, env *Env) []byte {
	switch p.key.id {
	case kwCurrentTimestamp:
		if p.date != nil {
			return p.date.Append(dst, env.now())
		}
		return env.now().AppendFormat(dst, "2006-01-02_15-04-05.000")
	case kwUUID:
		return appendUUID(dst)
	case kwOperationCount:
		return strconv.AppendInt(dst, env.Counts.Operations, 10)
	case kwInsertCount:
		return strconv.AppendInt(dst, env.Counts.Inserts, 10)
	case kwUpdateCount:
		return strconv.AppendInt(dst, env.Counts.Updates, 10)
	case kwDeleteCount:
		return strconv.AppendInt(dst, env.Counts.Deletes, 10)
	case kwTruncateCount:
		return strconv.AppendInt(dst, env.Counts.Truncates, 10)
	case kwStart:
		return append(dst, env.Start...)
	case kwEnd:
		return append(dst, env.End...)
	}
	return dst
}

func appendUUID(dst []byte) []byte {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	for i, cut := range [][2]int{{0, 4}, {4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, b[cut[0]:cut[1]])
	}
	return dst
}

// appendText prints a function of its first argument.
func (p *part) appendText(dst []byte, env *Env, c *record.Change) ([]byte, error) {
	at := len(dst)
	dst, err := p.args[0].Append(dst, env, c)
	if err != nil {
		return dst, err
	}
	text := dst[at:]
	switch p.key.id {
	case kwSubstring:
		from := characters(text, p.from)
		to := len(text)
		if p.to >= 0 {
			to = max(from, characters(text, p.to))
		}
		return append(dst[:at], text[from:to]...), nil
	case kwRegex:
		if (len(text)+1)*(len(p.text)+1) > maxReplaced {
			return dst, fmt.Errorf("${regex}: a text of %d bytes is too long to be replaced in",
				len(text))
		}
		return append(dst[:at], p.pattern.ReplaceAll(text, []byte(p.text))...), nil
	case kwLower:
		return fold(dst, at, 'A', bytes.ToLower), nil
	}
	return fold(dst, at, 'a', bytes.ToUpper), nil
}

// characters gives the byte at which the nth character begins.
func characters(text []byte, n int) int {
	i := 0
	for ; n > 0 && i < len(text); n-- {
		_, size := utf8.DecodeRune(text[i:])
		i += size
	}
	return i
}

// fold changes the case of what stands from at on: in place the letters of
// ASCII, from first; by other means all else.
func fold(dst []byte, at int, first byte, other func([]byte) []byte) []byte {
	for i, c := range dst[at:] {
		if c >= utf8.RuneSelf {
			return append(dst[:at], other(dst[at:])...)
		}
		if c >= first && c < first+26 {
			dst[at+i] ^= 0x20
		}
	}
	return dst
}

// appendRow prints what comes from the values of the row or its table.
func (p *part) appendRow(dst []byte, env *Env, c *record.Change) ([]byte, error) {
	switch p.key.id {
	case kwPrimaryKeys:
		return p.appendKeys(dst, env, c)
	case kwToken:
		return appendToken(dst, c, p.args[0].text)
	case kwStaticMap:
		if text, ok := p.ofTable(env, c.Def); ok {
			return append(dst, text...), nil
		}
		if len(p.args) > 1 {
			return p.args[1].Append(dst, env, c)
		}
		return dst, fmt.Errorf("${staticMap} has no text for table %s: add it, or a second [] "+
			"for all other tables", c.Def.FullName())
	}
	return p.appendColumn(dst, env, c)
}

// ofTable looks a table up among the arguments table=text.
func (p *part) ofTable(env *Env, def *record.TableDef) (string, bool) {
	env.name = fold(AppendFullName(env.name[:0], def), 0, 'a', bytes.ToUpper)
	text, ok := p.table[string(env.name)]
	return text, ok
}

// appendKeys prints the values of the key columns.
func (p *part) appendKeys(dst []byte, env *Env, c *record.Change) ([]byte, error) {
	if c.Op.Type == record.Truncate {
		return dst, nil
	}
	for i, col := range c.Key {
		if i > 0 {
			if len(p.args) == 0 {
				dst = append(dst, '_')
			} else {
				var err error
				if dst, err = p.args[0].Append(dst, env, c); err != nil {
					return dst, err
				}
			}
		}
		v, err := env.value(c, col)
		if err != nil {
			return dst, err
		}
		if v.Kind == record.Null {
			dst = append(dst, "NULL"...)
			continue
		}
		dst = v.Text(dst, -1)
	}
	return dst, nil
}

// value gives the value of a column: of the after image, or of the before image
// where there is no other.
func (e *Env) value(c *record.Change, col int) (record.Value, error) {
	for _, image := range []record.Image{c.Op.After, c.Op.Before} {
		if image == nil {
			continue
		}
		var err error
		if e.values, err = image.Values(e.values, len(c.Def.Columns)); err != nil {
			return record.Value{}, fmt.Errorf("table %s: %w", c.Def.FullName(), err)
		}
		if v := e.values[col]; v.Kind != record.Missing {
			return v, nil
		}
	}
	return record.Value{}, nil
}

// appendColumn prints the value of a column, or what stands in for it.
func (p *part) appendColumn(dst []byte, env *Env, c *record.Change) ([]byte, error) {
	name := p.args[0].text
	if p.table != nil {
		var ok bool
		if name, ok = p.ofTable(env, c.Def); !ok {
			return dst, fmt.Errorf("${columnValue} names no column for table %s", c.Def.FullName())
		}
	}
	col := columnNamed(c.Def, name)
	if col < 0 {
		return dst, fmt.Errorf("${columnValue}: table %s has no column %s", c.Def.FullName(), name)
	}
	v, err := env.value(c, col)
	switch {
	case err != nil:
		return dst, err
	case v.Kind == record.Null && len(p.args) > 1:
		return p.args[1].Append(dst, env, c)
	case v.Kind == record.Null:
		return append(dst, "NULL"...), nil
	case v.Kind == record.Missing && len(p.args) > 2:
		return p.args[2].Append(dst, env, c)
	}
	return v.Text(dst, -1), nil
}

// columnNamed finds a column, by its exact name first.
func columnNamed(def *record.TableDef, name string) int {
	if i := def.Column(name); i >= 0 {
		return i
	}
	return slices.IndexFunc(def.Columns, func(c record.ColumnDef) bool {
		return strings.EqualFold(c.Name, name)
	})
}

// appendToken prints a user token; one that is not there is empty.
func appendToken(dst []byte, c *record.Change, name string) ([]byte, error) {
	pairs, err := c.Op.Tokens.Pairs()
	if err != nil {
		return dst, err
	}
	for _, p := range pairs {
		if strings.EqualFold(p[0], name) {
			return append(dst, p[1]...), nil
		}
	}
	return dst, nil
}
