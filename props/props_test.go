package props

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

func readAll(t *testing.T, paths ...string) string {
	t.Helper()
	var b strings.Builder
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

// TestScanPlaces: each character of a value is found again in the text.
func TestScanPlaces(t *testing.T) {
	for _, c := range []struct {
		text       string
		key, value string
		keyAt      string
		places     string // of each byte of the value
	}{
		{"a=b", "a", "b", "1:1", "1:3"},
		{"\ufeffa=b", "a", "b", "1:1", "1:3"},
		{"\r\n a = b c \r\n", "a", "b c", "2:2", "2:6 2:7 2:8"},
		{"# x\\\na:b", "a", "b", "2:1", "2:3"},
		{"a=b\\\n   c", "a", "bc", "1:1", "1:3 2:4"},
		{"a=b\\\r\n\\\r\n  c\r", "a", "bc", "1:1", "1:3 3:3"},
		{"a\\ b\\=c=d\\\\e", "a b=c", "d\\e", "1:1", "1:9 1:10 1:12"},
		{"a=\\u0041b", "a", "Ab", "1:1", "1:3 1:9"},
		{"a=\\ud83d\\ude00x", "a", "😀x", "1:1", "1:3 1:4 1:5 1:6 1:15"},
		{"ü=üx", "ü", "üx", "1:1", "1:3 1:4 1:4"},
		{"a=\\t", "a", "\t", "1:1", "1:3"},
		{"a=  ", "a", "", "1:1", ""},
		{"a", "a", "", "1:1", ""},
		{"a b=c", "a", "b=c", "1:1", "1:3 1:4 1:5"},
		{"a = = b", "a", "= b", "1:1", "1:5 1:6 1:7"},
		{"a=b\\", "a", "b", "1:1", "1:3"},
	} {
		entries, faults := scan("f", []byte(c.text))
		if len(entries) != 1 || len(faults) != 0 {
			t.Errorf("%q: %d entries, %v", c.text, len(entries), faults)
			continue
		}
		e := entries[0]
		var places []string
		for off := range len(e.value) {
			p := e.place(off)
			places = append(places, fmt.Sprintf("%d:%d", p.Line, p.Column))
		}
		if e.key != c.key || e.value != c.value || strings.Join(places, " ") != c.places ||
			fmt.Sprintf("%d:%d", e.at.Line, e.at.Column) != c.keyAt {
			t.Errorf("%q: %q at %s, %q at %s", c.text, e.key, e.at, e.value, places)
		}
	}
}

func TestScanRefuses(t *testing.T) {
	long := strings.Repeat("a=b\n", maxEntries+2)
	for text, want := range map[string]string{
		"\xff\xfea\x00":    "f:1:1: OGG-30112  The file is UTF-16. Save it as UTF-8.",
		"a=b\nc=\x00":      "f:2: OGG-30112  A NUL byte: this is no text file",
		"a=\\u12x4":        `f:1:3: OGG-30112  \u is not followed by four hexadecimal digits`,
		"a=b\nx\\u00\ny=1": `f:2:2: OGG-30112  \u is not followed by four hexadecimal digits`,
		long:               "f:10002:1: OGG-30112  More than 10000 properties",
	} {
		_, faults := scan("f", []byte(text))
		if len(faults) == 0 || faults[0].Error() != want {
			t.Errorf("%.20q: %v, want %s", text, faults, want)
		}
	}
	if e, faults := scan("f", []byte("a=\xfcber")); len(faults) > 0 || e[0].value != "über" {
		t.Error("ISO 8859-1 is not read as such", e, faults)
	}
}

func TestSizesAndDurations(t *testing.T) {
	size, duration := Row{Kind: Size}, Row{Kind: Duration}
	for text, want := range map[string]int64{"0": 0, "1000": 1000, "1k": 1024, "1.1g": 1181116006,
		"500 Kb": 512000, "2M": 2 << 20, "": 0, "1.5": 1} {
		if v, f := size.parse(text); f != nil || v.num != want {
			t.Errorf("size %s: %d, %v", text, v.num, f)
		}
	}
	for text, want := range map[string]time.Duration{"0": 0, "-1": 0, "1000": time.Second,
		"30sec": 30 * time.Second, "10.5m": 630 * time.Second, "1.5h": 90 * time.Minute,
		"2 min": 2 * time.Minute,
		"7MS":   7 * time.Millisecond, "1d": 24 * time.Hour, "": 0, "-5s": 0} {
		if v, f := duration.parse(text); f != nil || v.num != int64(want) {
			t.Errorf("duration %s: %s, %v", text, time.Duration(v.num), f)
		}
	}
	for _, text := range []string{"x", "1x", "-1k", "1e3", "9999999999t", ".", "1..2", "k"} {
		if v, f := size.parse(text); f == nil {
			t.Errorf("size %s was taken as %d", text, v.num)
		}
	}
	for _, text := range []string{"x", "1x", "1 2", "99999999h", "m", "NaN", "Inf"} {
		if v, f := duration.parse(text); f == nil {
			t.Errorf("duration %s was taken as %d", text, v.num)
		}
	}
}

// writeFile makes a file and its directories.
func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFilesAreFound(t *testing.T) {
	home := t.TempDir()
	conf := filepath.Join(t.TempDir(), "conf")
	writeFile(t, filepath.Join(home, "dirprm/conf/k.props"),
		"gg.handlerlist=k\ngg.handler.k.type=kafka\n"+
			"gg.handler.k.topicName=t\ngg.classpath=dirprm/lib/*:"+
			"/x/y.jar:${CONF}:$NOTSET/z::dirprm/lib:/x/\njvm.bootoptions=-Xmx1g -Da.b=c=d -Dx=\n")
	writeFile(t, filepath.Join(conf, "in_class_path"), "")
	writeFile(t, filepath.Join(home, "dirprm/in_class_path"), "")
	writeFile(t, filepath.Join(home, "dirprm/conf/beside"), "")
	writeFile(t, filepath.Join(home, "dirprm/dirprm"), "")
	writeFile(t, filepath.Join(home, "home"), "")
	c, err := Load("dirprm/conf/k.props", Options{Home: home, Getenv: func(name string) string {
		return map[string]string{"CONF": conf}[name]
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(home, "dirprm/lib"), conf, "/x"}
	if got := c.ClassPath(); !reflect.DeepEqual(got, want) {
		t.Errorf("class path %q, want %q", got, want)
	}
	for file, dir := range map[string]string{"in_class_path": conf, "beside": home + "/dirprm/conf",
		"dirprm": home + "/dirprm", "home": home} {
		if got, err := c.Find(file); err != nil || got != filepath.Join(dir, file) {
			t.Errorf("%s: %s, %v", file, got, err)
		}
	}
	if got, err := c.Find(filepath.Join(home, "home")); err != nil || got != filepath.Join(home,
		"home") {
		t.Error(got, err)
	}
	if _, err := c.Find("nowhere"); ggserr.NumberOf(err) != ggserr.FileOpen ||
		!strings.Contains(err.Error(), conf) {
		t.Error(err)
	}
	if text, ok := c.JavaProperty("a.b"); text != "c=d" || !ok {
		t.Error(text, ok)
	}
	if text, ok := c.JavaProperty("a"); text != "" || ok {
		t.Error(text, ok)
	}
	if _, err := Load("dirprm/none.props",
		Options{Home: home}); ggserr.NumberOf(err) != ggserr.FileOpen {
		t.Error(err)
	}
	writeFile(t, filepath.Join(home, "big"), strings.Repeat("#", maxFileSize+1))
	if _, err := Load("big", Options{Home: home}); err == nil || !strings.Contains(err.Error(),
		"more than") {
		t.Error(err)
	}
	if _, err := Load("dirprm", Options{Home: home}); err == nil ||
		!strings.Contains(err.Error(), "it is no file") {
		t.Error(err)
	}
	if faults, _ := Check("dirprm/none.props", Options{Home: home}); len(faults) != 1 {
		t.Error(faults)
	}
}

func TestProducerProperties(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "p.properties"),
		"# x\nacks=1\nBatch.Size = 10\n"+
			"acks=all\nsasl.jaas.config=x user=\"ORACLEWALLETUSERNAME[k]\" \\\n  "+
			"password=\"ORACLEWALLETPASSWORD[k d]\";\n")
	opt := Options{Secret: func(alias, domain string) (string, string, error) {
		return "u:" + alias + domain, "p:" + alias + domain, nil
	}}
	p, err := LoadProducer(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Keys(); !reflect.DeepEqual(got, []string{"Batch.Size", "acks",
		"sasl.jaas.config"}) {
		t.Error(got)
	}
	at := p.Where("acks")
	if v, ok := p.Get("acks"); v != "all" || !ok || at.Line != 4 || at.Column != 6 {
		t.Error(v, ok, at)
	}
	if v, ok := p.Get("batch.size"); ok {
		t.Error("keys of a client are exact", v)
	}
	if v, _ := p.Get("sasl.jaas.config"); v != `x user="u:k" password="p:kd";` {
		t.Error(v)
	}
	_, err = LoadProducer(path, Options{})
	if err == nil || !strings.HasPrefix(err.Error(), path+":5:26: ") {
		t.Error(err)
	}
	if _, err := LoadProducer(path+"x", Options{}); ggserr.NumberOf(err) != ggserr.FileOpen {
		t.Error(err)
	}
}

// TestAskingForWhatTheTableLacksIsABug of ours.
func TestAskingForWhatTheTableLacksIsABug(t *testing.T) {
	c, err := Load("x", Options{ReadFile: func(string) ([]byte, error) {
		return []byte("gg.handlerlist=h\ngg.handler.h.type=hdfs\n"), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Text("topicName") != "" || c.Has("topicName") ||
		c.Text("checkpointTopic") != "_ogg_checkpoint" {
		t.Error("a property of another handler does not have its default")
	}
	for name, ask := range map[string]func(){"Text": func() { c.Text("nothing") },
		"Global": func() { c.Global("gg.nothing") }, "Map": func() { c.Map("nothing.") }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			ask()
		}()
	}
}

func TestOptionsOfOneNameDependOnTheFormat(t *testing.T) {
	for format, want := range map[string]string{"delimitedtext": "\n", "avro_op": "", "xml": "\n"} {
		c, err := Load("x", Options{ReadFile: func(string) ([]byte, error) {
			return []byte("gg.handlerlist=h\ngg.handler.h.type=hdfs\n" +
				"gg.handler.h.format=" + format), nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Text("format.lineDelimiter"); got != want {
			t.Errorf("%s: %q", format, got)
		}
	}
}

func TestPrintedForms(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6789, time.UTC)
	for got, want := range map[string]string{
		string(AppendPosition(nil, 0, 2928)):                 "00000000000000002928",
		string(AppendPosition(nil, 4294967295, 12345678901)): "429496729512345678901",
		string(AppendTime(nil, at, false)):                   "2026-01-02 03:04:05.000006",
		string(AppendTime(nil, at, true)):                    "2026-01-02T03:04:05.000006",
		string(AppendCSN(nil, record.CSN{Minor: 5})):         record.CSN{Minor: 5}.String(),
		string(AppendCSN(nil, record.CSN{Major: 12, Minor: 5})): record.CSN{Major: 12,
			Minor: 5}.String(),
		OpKeys{}.Of(record.PKUpdate) + OpKeys{}.Of(record.Truncate):  "UT",
		OpKeys{Insert: "ins", Update: "upd"}.Of(record.Insert) + "-": "ins-",
		OpName(record.PKUpdate): "UPDATE",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestClockGivesNoTimeTwice, whatever the machine's clock does.
func TestClockGivesNoTimeTwice(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 312987654, time.UTC)
	c := NewClock(func() time.Time { return now })
	last := c.Now()
	if got := string(AppendTime(nil, last, true)); got != "2026-01-01T00:00:00.312000" {
		t.Error(got)
	}
	if got := string(AppendTime(nil, c.Now(), true)); got != "2026-01-01T00:00:00.312001" {
		t.Error(got)
	}
	for i := range 5000 {
		switch i {
		case 1000:
			now = now.Add(time.Millisecond)
		case 3000:
			now = now.Add(-time.Hour)
		}
		next := c.Now()
		if !next.After(last) || next.Sub(last) < time.Microsecond {
			t.Fatal(i, last, next)
		}
		last = next
	}
	now = now.Add(2 * time.Hour)
	if got := c.Now(); !got.Equal(now.Truncate(time.Millisecond)) {
		t.Error(got)
	}
	if NewClock(nil).Now().IsZero() {
		t.Error("no clock is not the machine's")
	}
}

func TestUUID(t *testing.T) {
	tpl, err := ParseTemplate("${uuid}")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 100 {
		out, err := tpl.Append(nil, testEnv(), nil)
		if err != nil || len(out) != 36 || out[14] != '4' || seen[string(out)] {
			t.Fatalf("%s %v", out, err)
		}
		seen[string(out)] = true
	}
}

func TestCountsAddUp(t *testing.T) {
	var c Counts
	for _, kind := range []record.OpType{record.Insert, record.Update, record.PKUpdate,
		record.Delete,
		record.Truncate} {
		c.Add(kind)
	}
	if c != (Counts{5, 1, 2, 1, 1}) {
		t.Error(c)
	}
}

func TestSettingsOfTheWholeFile(t *testing.T) {
	load := func(text string) *Config {
		t.Helper()
		c, err := Load("x", Options{ReadFile: func(string) ([]byte, error) {
			return []byte("gg.handlerlist=h\ngg.handler.h.type=hdfs\n" + text), nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := load("")
	if !c.MetaFields() || c.Location() != time.Local || c.GlobalDuration("gg.report.time") != 0 ||
		c.OpKeys() != (OpKeys{"I", "U", "D", "T"}) || c.GlobalBool("gg.includeggtokens") {
		t.Error("defaults are others")
	}
	c = load("gg.compat=21.1\ngoldengate.userexit.timestamp=UTC\ngg.report.time=30sec\n" +
		"gg.includeGGtokens=true\ngg.handler.h.format.insertOpKey=+\n" +
		"gg.handler.h.format.truncateOpKey=CDATA[ ]\n")
	if c.MetaFields() || c.Location() != time.UTC ||
		c.GlobalDuration("gg.report.time") != 30*time.Second ||
		c.OpKeys() != (OpKeys{"+", "U", "D", " "}) || !c.GlobalBool("gg.includeggtokens") {
		t.Error("properties have no effect")
	}
	for _, release := range []string{"12.2", "12.3", "12", "19", "19.1"} {
		if !load("gg.compat=" + release).MetaFields() {
			t.Error(release)
		}
	}
}

func TestPlaceInTheTransaction(t *testing.T) {
	c := testChange(t, record.Insert)
	for i, want := range map[int]string{0: "W", 2: "E"} {
		if c.Index, c.Last = i, true; string(txind(c)) != want {
			t.Error(i, want)
		}
	}
	for i, want := range map[int]string{0: "B", 2: "M"} {
		if c.Index, c.Last = i, false; string(txind(c)) != want {
			t.Error(i, want)
		}
	}
}

// TestTheMachineIsTheDefault: an empty Env has clock, zone and environment.
func TestTheMachineIsTheDefault(t *testing.T) {
	t.Setenv("PROPS_TEST_NAME", "there")
	tpl, err := ParseTemplate("${currentTimestamp[yyyy]}")
	if err != nil || tpl.String() != "${currentTimestamp[yyyy]}" {
		t.Fatal(tpl, err)
	}
	out, err := tpl.Append(nil, &Env{}, nil)
	if year := string(out); err != nil || len(year) != 4 || year < "2024" {
		t.Error(year, err)
	}
	m := MetaColumn{Keyword: "sys", Arg: "PROPS_TEST_NAME"}
	if out, err := m.Append(nil, &Env{}, nil); err != nil || string(out) != "there" {
		t.Error(string(out), err)
	}
	m = MetaColumn{Keyword: "javaprop", Arg: "x"}
	if out, err := m.Append(nil, &Env{}, nil); err != nil || len(out) != 0 {
		t.Error(string(out), err)
	}
	if got := (Options{}).getenv("PROPS_TEST_NAME"); got != "there" {
		t.Error(got)
	}
}

// TestTextsAreBounded: neither a template nor what it makes grows without limit.
func TestTextsAreBounded(t *testing.T) {
	for _, text := range []string{strings.Repeat("a", maxTemplate+1),
		strings.Repeat("${toLowerCase[", maxNesting+2) + strings.Repeat("]}", maxNesting+2)} {
		if _, err := ParseTemplate(text); err == nil {
			t.Errorf("%.30s... was taken", text)
		}
	}
	inner := "${regex[" + strings.Repeat("a", 2000) + "][a][" + strings.Repeat("$0", 1000) + "]}"
	tpl, err := ParseTemplate("${regex[" + inner + "][a][bb]}")
	if err != nil {
		t.Fatal(err)
	}
	_, err = tpl.Append(nil, testEnv(), nil)
	if err == nil || !strings.Contains(err.Error(), "too long") {
		t.Error(err)
	}
	if _, err := ParseMetaColumns(strings.Repeat(",", maxTemplate+1)); err == nil {
		t.Error("a long list was taken")
	}
}
