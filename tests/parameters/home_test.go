package parameters

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/tests/rig"
)

// TestTrailNamesHaveTheDigitsOfGlobals: TRAIL_SEQLEN_6D and TRAIL_SEQLEN_9D decide what
// Extract writes and what Replicat reads; the later one counts.
func TestTrailNamesHaveTheDigitsOfGlobals(t *testing.T) {
	for globals, want := range map[string]string{"TRAIL_SEQLEN_6D": "lt000000",
		"TRAIL_SEQLEN_6D\nTRAIL_SEQLEN_9D": "lt000000000"} {
		t.Run(globals, func(t *testing.T) {
			h := rig.NewHome(t, bin)
			c := replication{globals: globals, replicat: "MAP main.a, TARGET main.a;",
				work: "INSERT INTO a VALUES (1, 'x', 1)"}
			arrive(t, h, c.play(t, h))
			files, err := filepath.Glob(filepath.Join(h.Dir, "dirdat", "lt0*"))
			if err != nil || len(files) != 1 || filepath.Base(files[0]) != want {
				t.Errorf("the trail is %v (%v), not %s", files, err, want)
			}
			h.Run("stop er *", "stop mgr !")
		})
	}
}

// TestCredentialStoreLocationHoldsTheAliases: ggsh writes aliases where GLOBALS says, ggsh,
// Extract and Replicat find them there, and without it nobody does.
func TestCredentialStoreLocationHoldsTheAliases(t *testing.T) {
	h := rig.NewHome(t, bin)
	d := rig.NewDatabase(t, "sqlite", h.Dir, "hr")
	d.Exec(t, "CREATE TABLE a (id INTEGER PRIMARY KEY)", "CREATE TABLE b (id INTEGER PRIMARY KEY)")
	h.Write("GLOBALS", "CREDENTIALSTORELOCATION ./secrets\n")
	h.Run("add credentialstore", "alter credentialstore add user me@"+d.Login+", password pw alias hr")
	files, err := filepath.Glob(filepath.Join(h.Dir, "dircrd", "*"))
	if err != nil || len(files) != 0 {
		t.Errorf("dircrd has %v (%v)", files, err)
	}
	files, err = filepath.Glob(filepath.Join(h.Dir, "secrets", "*"))
	if err != nil || len(files) == 0 {
		t.Errorf("the folder of GLOBALS has %v (%v)", files, err)
	}
	h.Write("dirprm/e.prm", "EXTRACT e\nUSERIDALIAS hr\nEXTTRAIL ./dirdat/lt\nTABLE main.a;\n")
	h.Write("dirprm/r.prm", "REPLICAT r\nUSERIDALIAS hr\nMAP main.a, TARGET main.b;\n")
	h.Run("start mgr", "dblogin useridalias hr", "add trandata main.a", "add checkpointtable main.chk",
		"add extract e, tranlog, begin now", "add exttrail ./dirdat/lt, extract e",
		"add replicat r, exttrail ./dirdat/lt, checkpointtable main.chk", "start er *")
	d.Exec(t, "INSERT INTO a VALUES (7)")
	rig.Until(t, "the row to arrive", func() (bool, string) {
		rows, err := d.Rows("b")
		return err == nil && len(rows) == 1, h.Logs()
	})
	h.Run("stop er *")
	if err := os.Remove(filepath.Join(h.Dir, "GLOBALS")); err != nil {
		t.Fatal(err)
	}
	if out, err := h.Try("dblogin useridalias hr"); err == nil || !strings.Contains(out, "alias") {
		t.Errorf("the alias is known without GLOBALS: %v\n%s", err, out)
	}
	h.Run("stop mgr !")
}

// TestTrailsAreEncryptedAsFarAsTheFileSays: the trail below ENCRYPTTRAIL hides its values, the
// one below NOENCRYPTTRAIL shows them.
func TestTrailsAreEncryptedAsFarAsTheFileSays(t *testing.T) {
	h := rig.NewHome(t, bin)
	d := rig.NewDatabase(t, "sqlite", h.Dir, "hr")
	d.Exec(t, "CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT)")
	h.Write("dirprm/e.prm", "EXTRACT e\nSOURCEDB "+d.Login+"\nENCRYPTTRAIL AES256\nEXTTRAIL ./dirdat/en\nTABLE main.a;\n"+
		"NOENCRYPTTRAIL\nEXTTRAIL ./dirdat/cl\nTABLE main.a;\n")
	h.Run("create wallet", "add masterkey", "start mgr", "dblogin sourcedb "+d.Login, "add trandata main.a",
		"add extract e, tranlog, begin now", "add exttrail ./dirdat/en, extract e", "add exttrail ./dirdat/cl, extract e",
		"start extract e")
	d.Exec(t, "INSERT INTO a VALUES (1, 'a word in clear')")
	rig.Until(t, "the row in the trail in clear", func() (bool, string) {
		text, err := os.ReadFile(filepath.Join(h.Dir, "dirdat", "cl000000000"))
		return err == nil && strings.Contains(string(text), "a word in clear"), h.Logs()
	})
	h.Run("stop extract e", "stop mgr !")
	h.WaitState("e", "STOPPED")
	text := h.Read("dirdat/en000000000")
	if strings.Contains(text, "a word in clear") || len(text) < len("a word in clear") {
		t.Errorf("%d octets of the encrypted trail show the value", len(text))
	}
}

// TestAllowOutputDirAdmitsATrailOutside: a collector writes outside its home where GLOBALS
// says so, and nowhere else.
func TestAllowOutputDirAdmitsATrailOutside(t *testing.T) {
	h, outside := rig.NewHome(t, bin), t.TempDir()
	d := rig.NewDatabase(t, "sqlite", h.Dir, "hr")
	d.Exec(t, "CREATE TABLE a (id INTEGER PRIMARY KEY)")
	h.Write("dirprm/e.prm", fmt.Sprintf("EXTRACT e\nSOURCEDB %s\nRMTHOST 127.0.0.1, MGRPORT %d\nRMTTRAIL %s/rt\nTABLE main.a;\n",
		d.Login, h.Port, outside))
	h.Run("start mgr", "dblogin sourcedb "+d.Login, "add trandata main.a", "add extract e, tranlog, begin now",
		"add rmttrail "+outside+"/rt, extract e", "start extract e")
	d.Exec(t, "INSERT INTO a VALUES (1)")
	rig.Until(t, "the trail to be refused", func() (bool, string) {
		return strings.Contains(h.Logs(), "lies outside the allowed folders"), h.Logs()
	})
	files := func() int {
		found, err := filepath.Glob(filepath.Join(outside, "rt0*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	if files() != 0 {
		t.Error("there is a trail outside")
	}
	_, _ = h.Try("kill extract e") // it has ended or tries again
	h.Write("GLOBALS", "ALLOWOUTPUTDIR "+outside+"\n")
	h.Run("start extract e")
	rig.Until(t, "the trail outside", func() (bool, string) { return files() == 1, h.Logs() })
	h.Run("stop extract e", "stop mgr !")
}

// TestSpoolFolder: Extract looks for the folder of CACHEMGR that its own file names, else the
// one of GLOBALS.
func TestSpoolFolder(t *testing.T) {
	h := rig.NewHome(t, bin)
	d := servers.Database(t, "mariadb", h.Dir, "spool")
	d.Exec(t, "CREATE TABLE "+d.Schema+".a (id INT PRIMARY KEY)")
	h.Write("nofolder", "a file")
	h.Write("GLOBALS", "CACHEMGR CACHEDIRECTORY ./nofolder\n")
	extract := func(own string) {
		h.Write("dirprm/e.prm", "EXTRACT e\n"+own+"SOURCEDB "+d.Login+"\nEXTTRAIL ./dirdat/lt\nTABLE "+d.Schema+".*;\n")
	}
	extract("")
	h.Run("start mgr", "add extract e, tranlog, begin now", "add exttrail ./dirdat/lt, extract e", "start extract e")
	h.WaitState("e", "ABENDED")
	if report := h.Read("dirrpt/E.rpt"); !strings.Contains(report, "nofolder") {
		t.Errorf("the report does not name the folder:\n%s", report)
	}
	extract("CACHEMGR CACHESIZE 64MB, CACHEDIRECTORY ./dirtmp\n")
	h.Run("start extract e")
	d.Exec(t, "INSERT INTO "+d.Schema+".a VALUES (1)")
	rig.Until(t, "the row in the trail", func() (bool, string) {
		out, _ := h.Try("stats extract e, total") // an error until it runs
		return strings.Contains(out, "Total inserts"), out + h.Logs()
	})
	h.Run("stop extract e", "stop mgr !")
}

// TestDynamicResolutionLooksATableUpAtItsFirstChange: neither side has the table when the
// groups start.
func TestDynamicResolutionLooksATableUpAtItsFirstChange(t *testing.T) {
	h := rig.NewHome(t, bin)
	source, target := rig.NewDatabase(t, "sqlite", h.Dir, "src"), rig.NewDatabase(t, "sqlite", h.Dir, "tgt")
	source.Exec(t, "CREATE TABLE first (id INTEGER PRIMARY KEY)")
	target.Exec(t, "CREATE TABLE first (id INTEGER PRIMARY KEY)")
	h.Write("dirprm/e.prm", "EXTRACT e\nSOURCEDB "+source.Login+
		"\nDYNAMICRESOLUTION\nEXTTRAIL ./dirdat/lt\nTABLE main.first;\nTABLE main.late;\n")
	h.Write("dirprm/r.prm", "REPLICAT r\nTARGETDB "+target.Login+
		"\nDYNAMICRESOLUTION\nMAP main.first, TARGET main.first;\nMAP main.late, TARGET main.late;\n")
	h.Run("start mgr", "dblogin sourcedb "+source.Login, "add trandata main.first",
		"add extract e, tranlog, begin now", "add exttrail ./dirdat/lt, extract e",
		"dblogin sourcedb "+target.Login, "add checkpointtable main.chk",
		"add replicat r, exttrail ./dirdat/lt, checkpointtable main.chk", "start er *")
	source.Exec(t, "INSERT INTO first VALUES (1)")
	rig.WaitEqual(t, source, target, h.Logs, "first")
	for _, d := range []*rig.Database{target, source} {
		d.Exec(t, "CREATE TABLE late (id INTEGER PRIMARY KEY)")
	}
	h.Run("dblogin sourcedb "+source.Login, "add trandata main.late")
	source.Exec(t, "INSERT INTO late VALUES (1)")
	rig.WaitEqual(t, source, target, h.Logs, "late")
	h.Run("stop er *", "stop mgr !")
}
