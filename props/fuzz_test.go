package props

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// escaped writes a text so that it is read back as a key or value.
func escaped(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case strings.ContainsRune(" \t\f\r\n=:#!\\", c):
			b.WriteString(`\` + map[rune]string{'\t': "t", '\f': "f", '\r': "r", '\n': "n"}[c])
			if !strings.ContainsRune("\t\f\r\n", c) {
				b.WriteRune(c)
			}
		case c > 0x7e && c < 0x10000 && c%2 == 0:
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// FuzzParse reads any bytes: places stand in the text and rise, what was read is
// read again from its printed form, and no file makes Load or Check panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte("# c\na = b\\\n  c : d\r\n!x\n\\u00fc\\==\\t \n"))
	f.Add([]byte("\ufeffgg.handlerlist=h\ngg.handler.h.type=hdfs\ngg.handler.h.maxFileSize=1.5g\n"))
	f.Add([]byte("gg.handlerlist=k\ngg.handler.k.type=kafka\n" +
		"gg.handler.k.topicMappingTemplate=CDATA[${x]\n"))
	f.Add([]byte("gg.handlerlist=f\ngg.handler.f.type=filewriter\n" +
		"gg.handler.f.partitioner.a=ORACLEWALLETUSERNAME[a"))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, faults := scan("f", text)
		lines := strings.Count(string(text), "\n") + strings.Count(string(text), "\r") + 1
		var again strings.Builder
		for _, e := range entries {
			last := 0
			for off := range e.value {
				p := e.place(off)
				if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Line*1e6+p.Column < last {
					t.Fatalf("byte %d of %q stands at %s", off, e.value, p)
				}
				last = p.Line*1e6 + p.Column
			}
			if e.key == "" && e.value == "" {
				continue // only a separator
			}
			again.WriteString(escaped(e.key) + "=" + escaped(e.value) + "\n")
		}
		if len(faults) == 0 {
			compareEntries(t, entries, again.String())
		}
		opt := Options{ReadFile: func(string) ([]byte, error) { return text, nil }}
		if c, err := Load("f", opt); err == nil {
			c.ClassPath()
			for _, r := range c.ix.rows {
				if r.Owner == OfHandler && !strings.HasSuffix(r.Name, "*") {
					c.Text(r.Name)
				}
			}
		}
		for _, list := range [][]error{toErrors(Check("f", opt))} {
			for _, e := range list {
				if e.Error() == "" {
					t.Fatal("an error without text")
				}
			}
		}
		_, _ = LoadProducer("f", opt)
	})
}

func toErrors[E error](a, b []E) []error {
	var all []error
	for _, e := range append(a, b...) {
		all = append(all, e)
	}
	return all
}

// compareEntries reads the printed form of entries.
func compareEntries(t *testing.T, entries []entry, text string) {
	t.Helper()
	got, faults := scan("f", []byte(text))
	if len(faults) > 0 {
		t.Fatalf("%q: %v", text, faults)
	}
	n := 0
	for _, e := range entries {
		if e.key == "" && e.value == "" {
			continue
		}
		if n >= len(got) || got[n].key != e.key || got[n].value != e.value {
			t.Fatalf("%q: entry %d of %q is another", text, n, e.key)
		}
		n++
	}
	if n != len(got) {
		t.Fatalf("%q: %d entries, want %d", text, len(got), n)
	}
}

// FuzzTemplate parses any text: what parses prints itself and a value, and its
// parts put together again are the same template.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"a${tableName}b", "${toLowerCase[${primaryKeys[_]}]}",
		"${currentTimestamp[yyyy-MM-dd 'x']}",
		"${regex[${tableName}][[a-z]+][$1]}", "${columnValue[ID][n][m]}",
		"${staticMap[a=b,c=d][e]}",
		"${substring[${groupName}][1][2]}", "${null}", "${toUpperCase[]}", "${${tableName}}",
		"${token[a]}${csn}"} {
		f.Add(s)
	}
	env, c := testEnv(), testChange(f, 2)
	f.Fuzz(func(t *testing.T, text string) {
		if list, err := ParseMetaColumns(text); err == nil {
			for i := range list {
				_, _ = list[i].Append(nil, env, c)
			}
		}
		if p, err := ParseDatePattern(text); err == nil && len(p.Append(nil,
			clock())) > 20+20*len(text) {
			t.Fatalf("date pattern %q gives much", text)
		}
		tpl, fault := parseTemplate(text)
		if fault != nil {
			if fault.off < 0 || fault.off > len(text) || fault.text == "" {
				t.Fatalf("%q: %+v", text, fault)
			}
			return
		}
		printed := print(tpl)
		again, fault := parseTemplate(printed)
		if fault != nil || !reflect.DeepEqual(shape(again), shape(tpl)) || again.row != tpl.row {
			t.Fatalf("%q printed as %q: %v", text, printed, fault)
		}
		one, err := tpl.Append(nil, env, c)
		two, again2 := again.Append([]byte("x"), env, c)
		if (err == nil) != (again2 == nil) {
			t.Fatal(err, again2)
		}
		if err == nil && utf8.ValidString(text) && !strings.Contains(strings.ToLower(text),
			"uuid") &&
			string(two) != "x"+string(one) {
			t.Fatalf("%q gives %q, then %q", text, one, two)
		}
	})
}

// print writes a template from its parts.
func print(t *Template) string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.key == nil {
			b.WriteString(p.text)
			continue
		}
		b.WriteString("${" + p.key.name)
		for _, a := range p.args {
			b.WriteString("[" + print(a) + "]")
		}
		b.WriteString("}")
	}
	return b.String()
}

// shape is what a template means, without compiled parts.
func shape(t *Template) []any {
	var all []any
	for _, p := range t.parts {
		if p.key == nil {
			all = append(all, p.text)
			continue
		}
		all = append(all, p.key.id, p.from, p.to, p.table)
		for _, a := range p.args {
			all = append(all, shape(a))
		}
	}
	return all
}

// TestNoAllocationForARow: templates and meta columns of names, positions,
// times and keys append without allocating.
func TestNoAllocationForARow(t *testing.T) {
	env, c := testEnv(), testChange(t, 2)
	dst := make([]byte, 0, 1024)
	tpl, err := ParseTemplate("t/${toLowerCase[${fullyQualifiedTableName}]}_${groupName}" +
		"_${position}_${opType}_${primaryKeys}_${csn}_${xid}_${opTimestamp}" +
		"_${currentTimestamp}_${currentTimestamp[yyyyMMdd]}" +
		"_${columnValue[ID]}_${staticMap[PDB.HR.EMP=x]}_${substring[${tableName}][1]}")
	if err != nil {
		t.Fatal(err)
	}
	metas, err := ParseMetaColumns("${objectname},${optype},${timestamp}," +
		"${currenttimestamp},${position}," +
		"${csn},${xid},${txind},${opseqno},${seqno},${rba},${timestampmicro},${groupname}")
	if err != nil {
		t.Fatal(err)
	}
	n := testing.AllocsPerRun(100, func() {
		out, err := tpl.Append(dst, env, c)
		for i := range metas {
			if err == nil {
				out, err = metas[i].Append(out, env, c)
			}
		}
		if err != nil || len(out) < 200 {
			t.Fatal(string(out), err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTemplate(b *testing.B) {
	env, c := testEnv(), testChange(b, 2)
	tpl, err := ParseTemplate("ODS_${toLowerCase[${schemaName}]}_${tableName}_${primaryKeys}")
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		if dst, err = tpl.Append(dst[:0], env, c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	text := []byte("gg.handlerlist=h\ngg.handler.h.type=hdfs\ngg.handler.h.format=json\n")
	opt := Options{ReadFile: func(string) ([]byte, error) { return text, nil }}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load("x", opt); err != nil {
			b.Fatal(err)
		}
	}
}
