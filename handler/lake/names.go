package lake

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"ggsh/handler"
	"ggsh/props"
	"ggsh/record"
)

// templates are Names as a properties file gives them.
type templates struct {
	dir, file *props.Template
	// partitions are the columns that make directories, by table in upper case.
	partitions map[string][]string
	columns    map[*record.TableDef][]int
	// root is the folder that all names must be in.
	root   string
	base   string // where relative names begin
	colon  bool   // names may have colons
	steady props.Env
	env    props.Env
	now    time.Time
	text   []byte
	values []record.Value
}

// The counts and the end of a file are known when it ends. Until then these
// stand for them in its name.
const (
	countMark = 7_731_000_000_000_000
	endMark   = "77310000000000009999"
)

func newTemplates(p *props.Config, cfg *handler.Config, v *Volume) (*templates, error) {
	n := &templates{partitions: map[string][]string{}, columns: map[*record.TableDef][]int{},
		base: v.Base, colon: !v.NoColons}
	var err error
	if n.dir, err = props.ParseTemplate(p.Text("pathMappingTemplate")); err != nil {
		return nil, err
	}
	if n.file, err = props.ParseTemplate(p.Text("fileNameMappingTemplate")); err != nil {
		return nil, err
	}
	for table, columns := range p.Map("partitioner.") {
		for c := range strings.SplitSeq(columns, ",") {
			table := strings.ToUpper(table)
			n.partitions[table] = append(n.partitions[table], strings.TrimSpace(c))
		}
	}
	n.env = props.Env{Group: cfg.Group, Local: p.Location(), OpKeys: p.OpKeys(),
		JavaProperty: p.JavaProperty, End: endMark,
		Counts: props.Counts{Operations: countMark, Inserts: countMark + 1, Updates: countMark + 2,
			Deletes: countMark + 3, Truncates: countMark + 4}}
	n.steady = n.env
	n.steady.Steady = true
	n.env.Now = func() time.Time { return n.now }
	n.root = n.absolute(fixedFolder(n.dir.String()))
	return n, nil
}

// fixedFolder is the folder that a template's text names before its first keyword.
func fixedFolder(text string) string {
	at := strings.Index(text, "${")
	if at < 0 {
		return text
	}
	return text[:strings.LastIndexByte(text[:at], '/')+1]
}

func (n *templates) absolute(name string) string {
	if !strings.HasPrefix(name, "/") {
		name = n.base + "/" + name
	}
	return path.Clean(name)
}

// Stream appends the directory without what differs from run to run.
func (n *templates) Stream(dst []byte, c *record.Change) ([]byte, error) {
	dst, err := n.dir.Append(dst, &n.steady, c)
	if err != nil {
		return dst, err
	}
	return n.appendPartitions(dst, c)
}

// Final is the directory and the name, in the root whatever values are in them.
func (n *templates) Final(c *record.Change, now time.Time) (string, error) {
	n.now = now
	n.env.Start = string(props.AppendPosition(nil, c.Seqno, c.RBA))
	text, err := n.dir.Append(n.text[:0], &n.env, c)
	if err == nil {
		text, err = n.appendPartitions(text, c)
	}
	if err == nil {
		text, err = n.file.Append(append(text, '/'), &n.env, c)
	}
	n.text = text
	if err != nil {
		return "", err
	}
	if !n.colon {
		text = bytes.ReplaceAll(text, []byte(":"), []byte("-"))
	}
	name := n.absolute(string(text))
	below := strings.TrimPrefix(name, strings.TrimSuffix(n.root, "/")+"/")
	switch {
	case below == name:
		return "", fmt.Errorf("its file would be %s, which is not in %s", name, n.root)
	case strings.Contains("/"+below, "/"+ownPrefix), strings.HasSuffix(string(text), "/"),
		strings.ContainsRune(name, 0):
		return "", fmt.Errorf("its file would be %q, which is no name for one", string(text))
	}
	return name, nil
}

// defaultPartition stands for NULL, as Hive has it.
const defaultPartition = "__HIVE_DEFAULT_PARTITION__"

// appendPartitions appends a directory par_<column>=<value> for each column of
// the table's partitioner.
func (n *templates) appendPartitions(dst []byte, c *record.Change) ([]byte, error) {
	if len(n.partitions) == 0 {
		return dst, nil
	}
	columns, err := n.partitionsOf(c.Def)
	if err != nil {
		return dst, err
	}
	for _, i := range columns {
		col := &c.Def.Columns[i]
		v, err := n.value(c, i)
		if err != nil {
			return dst, err
		}
		dst = append(dst, "/par_"...)
		dst = append(append(dst, col.Name...), '=')
		if v.Kind == record.Null {
			dst = append(dst, defaultPartition...)
			continue
		}
		from := len(dst)
		dst = v.Text(dst, -1)
		dst = escapeValue(dst, from)
	}
	return dst, nil
}

// partitionsOf finds the columns of a table's partitioner.
func (n *templates) partitionsOf(def *record.TableDef) ([]int, error) {
	if columns, known := n.columns[def]; known {
		return columns, nil
	}
	var columns []int
	for _, name := range n.partitions[strings.ToUpper(def.FullName())] {
		i := slices.IndexFunc(def.Columns, func(c record.ColumnDef) bool {
			return strings.EqualFold(c.Name, name)
		})
		if i < 0 {
			return nil, fmt.Errorf("its partitioner names column %s, which the table does not have", name)
		}
		columns = append(columns, i)
	}
	if len(n.columns) >= maxLive {
		clear(n.columns)
	}
	n.columns[def] = columns
	return columns, nil
}

// value is a column's value after the operation, or before it where there is no
// other.
func (n *templates) value(c *record.Change, column int) (v record.Value, err error) {
	for _, image := range []record.Image{c.Op.After, c.Op.Before} {
		if image == nil {
			continue
		}
		if n.values, err = image.Values(n.values[:0], len(c.Def.Columns)); err != nil {
			return v, err
		}
		if v = n.values[column]; v.Kind != record.Missing {
			return v, nil
		}
	}
	if c.Op.Type == record.Truncate {
		return record.Value{Kind: record.Null}, nil
	}
	return v, fmt.Errorf("column %s, which its partitioner needs, is not in the record; log it at "+
		"the source", c.Def.Columns[column].Name)
}

// escapeValue writes the characters of dst[from:] that have a meaning in paths
// as Hive does: a percent sign and two digits.
func escapeValue(dst []byte, from int) []byte {
	const special = "\"#%'*/:=?\\{[]^}"
	clean := !slices.ContainsFunc(dst[from:], func(b byte) bool {
		return b < ' ' || b == 0x7f || strings.IndexByte(special, b) >= 0
	})
	if value := string(dst[from:]); !clean || value == "." || value == ".." || value == "" {
		dst = dst[:from]
		if value == "" {
			return append(dst, defaultPartition...)
		}
		for i := range len(value) {
			b := value[i]
			if b < ' ' || b == 0x7f || strings.IndexByte(special, b) >= 0 || value[0] == '.' {
				dst = fmt.Appendf(dst, "%%%02X", b)
			} else {
				dst = append(dst, b)
			}
		}
	}
	return dst
}

// settle puts the counts and the end of a file into its name; late says that
// there are some in it.
func settle(name string, m *CommitFile) (settled string, late bool) {
	if !strings.Contains(name, "7731000000000") {
		return name, false
	}
	mark := func(n int64) string { return strconv.FormatInt(countMark+n, 10) }
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	settled = strings.NewReplacer(endMark, m.End, mark(0), number(m.Rows),
		mark(1), number(m.Inserts), mark(2), number(m.Updates), mark(3), number(m.Deletes),
		mark(4), number(m.Truncates)).Replace(name)
	return settled, settled != name
}
