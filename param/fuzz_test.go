package param

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzParse looks for texts that crash, hang, or show a password.
func FuzzParse(f *testing.F) {
	pages, _ := filepath.Glob("testdata/*")
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			continue
		}
		for _, part := range strings.Split(string(text), "\n\n") {
			if _, input, ok := strings.Cut(part, "\n"); ok {
				input, _, _ = strings.Cut(input, "\n----")
				f.Add(input)
			}
		}
	}
	f.Add("CHARSET windows-1252\nREPLICAT r\nMAP a.\xe4, TARGET b.c;\nINCLUDE x\n")
	f.Add("\xff\xfeC\x00H\x00A\x00R\x00S\x00E\x00T\x00 \x00u\x00\x00\xd8\n\x00")
	f.Add("USERID a, PASSWORD " + secret)
	f.Fuzz(func(t *testing.T, text string) {
		opt := Options{Getenv: func(name string) string { return strings.Repeat("x", len(name)) },
			ReadFile: func(path string) ([]byte, error) {
				if filepath.Base(path) == "x" {
					return []byte(text), nil
				}
				return nil, fs.ErrNotExist
			}}
		began := time.Now()
		parsed, err := ParseText("f", text, opt)
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("%s for %d bytes", d, len(text))
		}
		for _, e := range Errors(err) {
			if e.Where.File == "" {
				t.Errorf("no place: %v", e)
			}
		}
		if err == nil {
			ReadTables(parsed)
			ReadStandalone(parsed)
			ReadManager(parsed)
			ReadGlobals(parsed)
			ReadRun(parsed)
		}
	})
}

const secret = "Hidden0123456789"

// TestPasswordsStayHidden puts a password where one may stand by right or by
// mistake, and looks for it in all that is shown.
func TestPasswordsStayHidden(t *testing.T) {
	for _, text := range []string{
		"EXTRACT e\nUSERID a, PASSWORD @, ENCRYPTKEY DEFAULT\n",
		"EXTRACT e\nUSERID a PASSWORD @ X\n",
		"EXTRACT e\nUSERID a, PASSWORD '@\n",
		"EXTRACT e\nUSERID a, PASSWORD \"@ \"\"@\" x\n",
		"EXTRACT e\nUSERID a, PASSWD @\n",
		"EXTRACT e\nUSERID a, @\n",
		"EXTRACT e\nUSERID a, PASSWORD\n@\n",
		"EXTRACT e\nUSERID a, PASSWORD & \n-- x\n@ y\n",
		"EXTRACT e\nUSERID a/@@orcl\n",
		"EXTRACT e\nUSERID a/@\n",
		"EXTRACT e\nSOURCEDB d, USERID a, PASSWORD (@)\n",
		"EXTRACT e\nSOURCEDB d USERID a PASWORD @\n",
		"EXTRACT e\nTRANLOGOPTIONS ASMUSER s, ASMPASSWORD @, NONSENSE\n",
		"EXTRACT e\nSETENV (MY_PASSWORD = '@')\n",
		"EXTRACT e\nSETENV (MY_PASSWORD '@')\n",
		"EXTRACT e\nSETENV (MY_PASSWORD = '@'\nTABLE a.b;\n",
		"EXTRACT e\nDDLOPTIONS DEFAULTUSERPASSWORD @ ENCRYPTKEY DEFAULT\n",
		"MACRO #l PARAMS (#u, #p) BEGIN USERID #u, PASSWORD #p END;\nEXTRACT e\n#l (a, @)\n",
		"MACRO #l PARAMS (#u, #p) BEGIN USERID #u, PASSWORD #p END;\nEXTRACT e\n#l (a,\n @)\n",
		"MACRO #p BEGIN @ END;\nEXTRACT e\nUSERID a, PASSWORD #p\n",
		"--USERID a, PASSWORD @\nEXTRACT e\n",
	} {
		f, err := ParseText("f", strings.ReplaceAll(text, "@", secret), Options{})
		shown := strings.Join(f.Echo, "\n")
		for _, s := range f.Statements {
			shown += "\n" + s.Raw
		}
		for _, e := range Errors(err) {
			shown += "\n" + e.Error()
		}
		for _, e := range f.Warnings {
			shown += "\n" + e.Error()
		}
		if strings.Contains(shown, secret) {
			t.Errorf("%s\nshows it:\n%s", text, shown)
		}
	}
}

// TestBounds feeds what would take all memory or time.
func TestBounds(t *testing.T) {
	bomb := "MACRO #m0 BEGIN " + strings.Repeat("x", 1000) + " END;\n"
	for i := 1; i < 30; i++ {
		n := string(rune('a' + i - 1))
		last := "m0"
		if i > 1 {
			last = "m" + string(rune('a'+i-2))
		}
		bomb += "MACRO #m" + n + " BEGIN #" + last + " () #" + last + " () END;\n"
	}
	deep := "REPLICAT r\nMAP a, TARGET b, COLMAP (x = " + strings.Repeat("@F (", 50000)
	for name, text := range map[string]string{
		"macro bomb":    "REPLICAT r\n" + bomb + "#m" + string(rune('a'+25)) + " ()\n",
		"deep":          deep,
		"commas":        "REPLICAT r\nMAP a, TARGET b, COLMAP (" + strings.Repeat(",", 1<<20),
		"large":         strings.Repeat("TABLE a.b;\n", maxFile/10),
		"many errors":   strings.Repeat("NONSENSE\n", 100000),
		"include bomb":  "INCLUDE x\n",
		"binary":        "EXTRACT e\x00\n",
		"long word":     "EXTRACT e\n" + strings.Repeat("x", 1<<20) + "\n",
		"no end of it":  "EXTRACT e\nMACRO #a BEGIN" + strings.Repeat("\n#b", 1<<18),
		"endless quote": "REPLICAT r\nMAP a, TARGET b, FILTER ('" + strings.Repeat("x\n", 1<<18),
	} {
		began := time.Now()
		f, err := ParseText("f", text, Options{ReadFile: func(string) ([]byte, error) {
			return []byte(strings.Repeat("INCLUDE x\n", 100)), nil
		}})
		t.Logf("%s: %s, %d errors", name, time.Since(began), len(Errors(err)))
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		if n := len(Errors(err)); n > maxErrors+10 {
			t.Errorf("%s: %d errors", name, n)
		}
		if len(f.Statements) > 1_000_000 {
			t.Errorf("%s: %d statements", name, len(f.Statements))
		}
	}
}
