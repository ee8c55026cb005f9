package oracleclient

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const tnsnames = `# the company's databases
ORCL, OLD.EXAMPLE.COM =
  (DESCRIPTION =   # two nodes
    (CONNECT_TIMEOUT = 7)(RETRY_COUNT=2)(RETRY_DELAY=1)
    (ADDRESS_LIST =
      (ADDRESS = (PROTOCOL = TCP)(HOST = node1.example.com)(PORT = 1522))
      (ADDRESS = (PROTOCOL = TCP)(HOST = "node2.example.com"))
    )
    (CONNECT_DATA = (SERVER = DEDICATED)(SERVICE_NAME = orcl.example.com)(INSTANCE_NAME=o1))
  )
one=(DESCRIPTION=(FAILOVER=off)(ADDRESS=(PROTOCOL=tcp)(HOST=a)(PORT=1))(ADDRESS=(PROTOCOL=tcp)(HOST=b)(PORT=2))(CONNECT_DATA=(SID=ONE)))
SAFE = (DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=s)(PORT=2484))(CONNECT_DATA=(SERVICE_NAME=safe))
  (SECURITY=(SSL_SERVER_CERT_DN="CN=s,O=Example,C=DE")))
LIST = (DESCRIPTION_LIST=(DESCRIPTION=(ADDRESS=(HOST=x)(PORT=1))(CONNECT_DATA=(SERVICE_NAME=l)))
  (DESCRIPTION=(ADDRESS=(HOST=y)(PORT=2))(CONNECT_DATA=(SERVICE_NAME=l))))
IFILE = more.ora
`

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestNamesAreResolved(t *testing.T) {
	dir := folder(t, map[string]string{"tnsnames.ora": tnsnames,
		"more.ora": "FAR.EXAMPLE.COM=(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=far))(CONNECT_DATA=(SERVICE_NAME=far)))\n",
		"sqlnet.ora": "NAMES.DEFAULT_DOMAIN = example.com\nWALLET_LOCATION=(SOURCE=(METHOD=FILE)\n" +
			" (METHOD_DATA=(DIRECTORY=$TNS_ADMIN/wallet)))\nNAMES.DIRECTORY_PATH=(TNSNAMES, EZCONNECT)\n"})
	environment := map[string]string{"ORACLE_SID": "xe", "TNS_ADMIN": dir}
	for connect, want := range map[string]string{
		"orcl":                 "node1.example.com:1522 node2.example.com:1521 service=orcl.example.com instance=o1 server=DEDICATED",
		"OLD":                  "node1.example.com:1522 node2.example.com:1521 service=orcl.example.com instance=o1 server=DEDICATED",
		"one":                  "a:1 sid=ONE",
		"safe":                 "tcps s:2484 service=safe",
		"list":                 "x:1 y:2 service=l",
		"far":                  "far:1521 service=far",
		"//h:1530/s":           "h:1530 service=s",
		"h/s":                  "h:1521 service=s",
		"h/s:pooled/i":         "h:1521 service=s instance=i server=pooled",
		"h:1530:SID1":          "h:1530 sid=SID1",
		"h:1530":               "h:1530 sid=xe",
		"[::1]:1530/s":         "[::1]:1530 service=s",
		"tcps://h1,h2:99/s?x=": "tcps h1:1521 tcps h2:99 service=s",
		"":                     "localhost:1521 sid=xe",
		"(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=d)(PORT=5))(CONNECT_DATA=(SID=q)))": "d:5 sid=q",
	} {
		got, err := resolve(Config{Connect: connect}, func(k string) string { return environment[k] })
		if err != nil {
			t.Errorf("%q: %v", connect, err)
			continue
		}
		if text := told(got); text != want {
			t.Errorf("%q: got %s\nwant %s", connect, text, want)
		}
		if got.wallet != dir+"/wallet" {
			t.Errorf("%q: the wallet is %q", connect, got.wallet)
		}
	}
	got, err := resolve(Config{Connect: "orcl", TNSAdmin: dir}, func(string) string { return "" })
	if err == nil && (got.timeout != 7*time.Second || got.retries != 2 || got.delay != time.Second) || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func told(t *target) string {
	var parts []string
	for _, a := range t.addresses {
		if a.secure {
			parts = append(parts, "tcps")
		}
		parts = append(parts, a.String())
	}
	for _, p := range [][2]string{{"service", t.service}, {"sid", t.sid}, {"instance", t.instance},
		{"server", t.server}} {
		if p[1] != "" {
			parts = append(parts, p[0]+"="+p[1])
		}
	}
	return strings.Join(parts, " ")
}

func TestWrongNamesSayWhere(t *testing.T) {
	dir := folder(t, map[string]string{"tnsnames.ora": "A=(DESCRIPTION=(ADDRESS=(PROTOCOL=ipc)(HOST=x)))\n" +
		"HRPROD=(DESCRIPTION=(ADDRESS=(HOST=x))(CONNECT_DATA=(SID=a)))\nEMPTY=(DESCRIPTION=(CONNECT_DATA=(SID=a)))\n"})
	open := folder(t, map[string]string{"tnsnames.ora": "# x\nA = (DESCRIPTION =\n (ADDRESS = (HOST=x)\n"})
	for _, c := range []struct {
		config Config
		want   []string
	}{
		{Config{Connect: "hrprd", TNSAdmin: dir}, []string{"hrprd", "tnsnames.ora", "HRPROD"}},
		{Config{Connect: "a", TNSAdmin: dir}, []string{"tnsnames.ora:1", "IPC"}},
		{Config{Connect: "empty", TNSAdmin: dir}, []string{"tnsnames.ora:3", "ADDRESS"}},
		{Config{Connect: "a", TNSAdmin: open}, []string{"tnsnames.ora:4", "ADDRESS", "line 3"}},
		{Config{Connect: "a"}, []string{"TNS_ADMIN", "host:port/service"}},
		{Config{}, []string{"ORACLE_SID"}},
		{Config{Connect: "h:x/s"}, []string{`"x"`, "65535"}},
		{Config{Connect: "h:1/"}, []string{"SERVICE_NAME"}},
		{Config{Connect: "ftp://h/s"}, []string{"ftp"}},
		{Config{Connect: "(DESCRIPTION=(ADDRESS="}, []string{"not closed"}},
	} {
		_, err := resolve(c.config, func(string) string { return "" })
		if err == nil {
			t.Errorf("%v: no error", c.config)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%v: %q is not in %v", c.config, w, err)
			}
		}
	}
}

func TestAFileThatIncludesItself(t *testing.T) {
	dir := folder(t, map[string]string{"tnsnames.ora": "IFILE=tnsnames.ora\n"})
	_, err := resolve(Config{Connect: "x", TNSAdmin: dir}, func(string) string { return "" })
	if err == nil || !strings.Contains(err.Error(), "IFILE") {
		t.Errorf("got %v", err)
	}
}

// FuzzNames: any text is an error or entries, in time and without end of memory; what is
// understood is understood the same way once more.
func FuzzNames(f *testing.F) {
	f.Add(tnsnames)
	f.Add("A=(B=(C=\"x)\")\n(D=1))")
	f.Add("a , b=\n#c\nx")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := parseFile(text)
		again, errAgain := parseFile(text)
		if len(entries) != len(again) || (err == nil) != (errAgain == nil) {
			t.Error("the same text was read in two ways")
		}
		r := &resolver{getenv: func(string) string { return "" }, sqlnet: &node{}}
		for _, e := range entries {
			if _, err := r.described(&target{}, e.list); err != nil {
				continue
			}
		}
		if _, err := easy(text); err != nil {
			return
		}
	})
}

func TestErrorsAreSorted(t *testing.T) {
	for code, want := range map[int]Class{1017: Login, 12541: Unreachable, 3113: Lost, 310: LogChanged,
		1368: LogChanged, 1291: LogMissing, 1555: Snapshot, 60: Retry, 8177: Retry, 1: Duplicate,
		942: Missing, 1400: Data, 12899: Data, 1031: Denied, 99999: Other, 1013: Canceled, 1653: Space} {
		if got := classOf(code); got != want {
			t.Errorf("ORA-%05d is %v, want %v", code, got, want)
		}
		if want != Other && want != Canceled && want != Duplicate && want.Do() == "" {
			t.Errorf("%v has no advice", want)
		}
	}
	seen := map[int]Class{}
	for class, codes := range classes {
		for _, c := range codes {
			if other, twice := seen[c]; twice {
				t.Errorf("ORA-%05d is %v and %v", c, class, other)
			}
			seen[c] = class
		}
	}
}
