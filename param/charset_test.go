package param

import (
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

// literal is the text of the first COLMAP of a file.
func literal(f *File) string {
	if st, ok := f.First("MAP"); ok {
		for _, t := range st.Args {
			if t.Kind == Quoted {
				return t.Text
			}
		}
	}
	return ""
}

func encoded(t *testing.T, text string, enc interface {
	String(string) (string, error)
}) string {
	t.Helper()
	s, err := enc.String(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCharsetDecodesTheFile(t *testing.T) {
	const body = "REPLICAT r\nMAP a.b, TARGET a.b, COLMAP (v = 'Käse');\n"
	latin := charmap.ISO8859_1.NewEncoder()
	little := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder()
	for name, c := range map[string]struct{ octets, outer, want, err string }{
		"none":              {body, "", "Käse", ""},
		"UTF-8":             {"CHARSET UTF-8\n" + body, "windows-1252", "Käse", ""},
		"ISO-8859-1":        {encoded(t, "-- für alle\n\n  CHARSET iso-8859-1\n"+body, latin), "", "Käse", ""},
		"in quotes":         {encoded(t, "CHARSET 'ISO-8859-1'\r\n"+body, latin), "", "Käse", ""},
		"windows-1252":      {"CHARSET windows-1252\nREPLICAT r\nMAP a.b, TARGET a.b, COLMAP (v = '\x80');\n", "", "€", ""},
		"GLOBALS":           {encoded(t, body, latin), "ISO-8859-1", "Käse", ""},
		"Shift_JIS":         {encoded(t, "CHARSET Shift_JIS\n"+strings.ReplaceAll(body, "Käse", "表示"), japanese.ShiftJIS.NewEncoder()), "", "表示", ""},
		"UTF-16":            {encoded(t, "CHARSET UTF-16\n"+body, little), "", "Käse", ""},
		"UTF-16 with mark":  {encoded(t, "\ufeff"+body, little), "", "Käse", ""},
		"UTF-16 of GLOBALS": {body, "UTF-16", "Käse", ""},
		"big UTF-16":        {encoded(t, body, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder()), "", "Käse", ""},
		"not the first, but the same": {"REPLICAT r\nCHARSET utf-8\n" + strings.TrimPrefix(body, "REPLICAT r\n"),
			"", "Käse", ""},

		"unknown": {"-- x\nCHARSET klingon\n" + body, "", "", "r.prm:2:9: OGG-00303  CHARSET: klingon is no " +
			"character set that parameter files are read from. UTF-8, UTF-16, ISO-8859-1, windows-1252 are some that are."},
		"EBCDIC": {"CHARSET IBM037\n" + body, "", "", "r.prm:1:9: OGG-00303  CHARSET: IBM037 is no " +
			"character set that parameter files are read from. UTF-8, UTF-16, ISO-8859-1, windows-1252 are some that are."},
		"said wrongly": {"CHARSET UTF-16\n" + body, "", "", "r.prm:1:9: OGG-00303  CHARSET: the file is not in UTF-16"},
		"wide, and said to be not": {encoded(t, "CHARSET UTF-8\n"+body, little), "", "",
			"r.prm:1:9: OGG-00303  CHARSET: the file is not in UTF-8: it begins as text in UTF-16LE does"},
		"marked, and said to be not": {"\ufeffCHARSET ISO-8859-1\n" + body, "", "",
			"r.prm:1:9: OGG-00303  CHARSET: the file is not in ISO-8859-1: it begins as text in UTF-8 does"},
		"not UTF-8": {encoded(t, "CHARSET UTF-8\n"+body, latin), "", "", "r.prm:3:36: OGG-00303  What stands here " +
			"is no character of UTF-8. Name the character set in which the file was saved with CHARSET."},
		"no such octet": {"CHARSET windows-1253\nREPLICAT r\nMAP a.b, TARGET a.b, COLMAP (v = '\xe1\xff');\n", "", "",
			"r.prm:3:36: OGG-00303  What stands here is no character of windows-1253. Name the character set in " +
				"which the file was saved with CHARSET."},
		"not the first": {encoded(t, "REPLICAT r\nCHARSET ISO-8859-1\nMAP a.b, TARGET a.b;\n", latin), "", "",
			"r.prm:2:1: OGG-00303  CHARSET must be the first statement of its file"},
		"error behind it": {encoded(t, "CHARSET ISO-8859-1\nREPLICAT r\nMAP a.ä, TARGET a.b, COLMAP (äöü = 'x') x;\n", latin),
			"", "", "r.prm:3:41: "},
	} {
		f, err := ParseText("r.prm", c.octets, Options{Charset: c.outer})
		got := ""
		if err != nil {
			got = strings.Split(err.Error(), "\n")[0]
		}
		if c.err == "" && (got != "" || literal(f) != c.want) || c.err != "" && !strings.HasPrefix(got, c.err) {
			t.Errorf("%s: %q, error %s\nwant %q, error %s", name, literal(f), got, c.want, c.err)
		}
	}
}

// TestIncludedFilesHaveTheSetOfTheFileThatIncludesThem unless they say another.
func TestIncludedFilesHaveTheSetOfTheFileThatIncludesThem(t *testing.T) {
	files := map[string]string{"in.mac": "MAP a.b, TARGET a.b, COLMAP (v = 'K\xe4se');\n",
		"own.mac": "CHARSET UTF-8\nMAP a.b, TARGET a.b, COLMAP (v = 'Käse');\n",
		"bad.mac": "CHARSET UTF-8\nMAP a.b, TARGET a.b, COLMAP (v = 'K\xe4se');\n"}
	read := func(path string) ([]byte, error) {
		text, ok := files[path]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}
	for name, want := range map[string]string{"in.mac": "", "own.mac": "",
		"bad.mac": "bad.mac:2:36: "} {
		f, err := ParseText("r.prm", "CHARSET ISO-8859-1\nREPLICAT r\nINCLUDE "+name+"\n", Options{ReadFile: read})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) || want == "" && (got != "" || literal(f) != "Käse") {
			t.Errorf("%s: %q, error %s", name, literal(f), got)
		}
	}
}

// TestConvertLeavesOtherCharacterSetsAlone because it would write UTF-8 into them.
func TestConvertLeavesOtherCharacterSetsAlone(t *testing.T) {
	text := "CHARSET ISO-8859-1\nREPLICAT r\nMAP a.b, TARGET a.b, COLMAP (v = \"K\xe4se\");\n"
	if got, _, err := Convert("r.prm", text, Options{}); err == nil || got != text {
		t.Errorf("it made %q, %v", got, err)
	}
}
