// Package parameters shows what parameters do to rows: one small replication between
// two embedded databases for each.
package parameters

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"ggsh/tests/rig"
)

var (
	bin     string
	servers rig.Servers
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

// replication is one case. Both sides have the tables a and b (id, v, n) with a key, and
// the target has also log, without one, and turned, with the columns the other way round.
type replication struct {
	name     string
	globals  string
	extract  string // in place of TABLE main.*
	replicat string // behind TARGETDB
	before   string // the target's rows
	work     string // at the source, a transaction for each line
	table    string // of the target
	want     string // its rows
	fails    string // what the process says that ends over it; there is no table then
}

func cases() []replication {
	const all = "MAP main.a, TARGET main.a;"
	const toLog = "MAP main.a, TARGET main.log;"
	const whole = "NOCOMPRESSUPDATES\nNOCOMPRESSDELETES\nTABLE main.a;"
	const life = "INSERT INTO a VALUES (1, 'x', 1)\nUPDATE a SET v = 'y' WHERE id = 1\nDELETE FROM a WHERE id = 1"
	return []replication{
		{name: "INSERTUPDATES", extract: whole, replicat: "INSERTUPDATES\n" + toLog,
			work: "INSERT INTO a VALUES (1, 'x', 1)\nUPDATE a SET v = 'y' WHERE id = 1", table: "log",
			want: "1 x 1, 1 y 1"},
		{name: "INSERTUPDATES of compressed updates", replicat: "INSERTUPDATES\n" + toLog,
			work: "INSERT INTO a VALUES (1, 'x', 1)\nUPDATE a SET v = 'y' WHERE id = 1", table: "log",
			want: "1 x 1, 1 y NULL"},
		{name: "NOINSERTUPDATES ends INSERTUPDATES", work: "INSERT INTO a VALUES (1, 'x', 1)\n" +
			"UPDATE a SET v = 'y' WHERE id = 1", replicat: "INSERTUPDATES\nMAP main.b, TARGET main.b;\n" +
			"NOINSERTUPDATES\n" + all, table: "a", want: "1 y 1"},
		{name: "INSERTDELETES", extract: whole, replicat: "IGNOREUPDATES\nINSERTDELETES\n" + toLog, work: life, table: "log",
			want: "1 x 1, 1 y 1"},
		{name: "NOINSERTDELETES ends INSERTDELETES", replicat: "INSERTDELETES\nMAP main.b, TARGET main.b;\n" +
			"NOINSERTDELETES\n" + all, work: life + "\nINSERT INTO a VALUES (2, 'z', 1)", table: "a", want: "2 z 1"},
		{name: "UPDATEDELETES", replicat: "UPDATEDELETES\n" + all, work: life, table: "a", want: "1 y 1"},
		{name: "NOUPDATEDELETES ends UPDATEDELETES", replicat: "UPDATEDELETES\nMAP main.b, TARGET main.b;\n" +
			"NOUPDATEDELETES\n" + all, work: life + "\nINSERT INTO a VALUES (2, 'z', 1)", table: "a", want: "2 z 1"},
		{name: "UPDATEINSERTS", replicat: "UPDATEINSERTS\n" + all, before: "INSERT INTO a VALUES (1, 'there', 7)",
			work: "INSERT INTO a VALUES (1, 'x', 1)", table: "a", want: "1 x 1"},
		{name: "INSERTALLRECORDS", extract: whole, replicat: "INSERTALLRECORDS\n" + toLog, work: life,
			table: "log", want: "1 x 1, 1 y 1, 1 y 1"},
		{name: "IGNOREINSERTS", replicat: "IGNOREINSERTS\n" + all, before: "INSERT INTO a VALUES (2, 'there', 7)",
			work:  "INSERT INTO a VALUES (1, 'x', 1)\nINSERT INTO a VALUES (2, 'x', 1)\nUPDATE a SET v = 'y' WHERE id = 2",
			table: "a", want: "2 y 7"},
		{name: "GETINSERTS ends IGNOREINSERTS", replicat: "IGNOREINSERTS\nMAP main.b, TARGET main.b;\nGETINSERTS\n" + all,
			work: "INSERT INTO a VALUES (1, 'x', 1)", table: "a", want: "1 x 1"},
		{name: "IGNOREUPDATES", replicat: "IGNOREUPDATES\n" + all, work: "INSERT INTO a VALUES (1, 'x', 1)\n" +
			"UPDATE a SET v = 'y' WHERE id = 1\nINSERT INTO a VALUES (2, 'end', 1)", table: "a", want: "1 x 1, 2 end 1"},
		{name: "IGNOREUPDATEAFTERS", replicat: "IGNOREUPDATEAFTERS\n" + all, work: "INSERT INTO a VALUES (1, 'x', 1)\n" +
			"UPDATE a SET v = 'y' WHERE id = 1\nINSERT INTO a VALUES (2, 'end', 1)", table: "a", want: "1 x 1, 2 end 1"},
		{name: "GETUPDATEAFTERS ends IGNOREUPDATEAFTERS", replicat: "IGNOREUPDATEAFTERS\nMAP main.b, TARGET main.b;\n" +
			"GETUPDATEAFTERS\n" + all, work: "INSERT INTO a VALUES (1, 'x', 1)\nUPDATE a SET v = 'y' WHERE id = 1",
			table: "a", want: "1 y 1"},
		{name: "IGNOREUPDATEAFTERS of a history", extract: "NOCOMPRESSUPDATES\nNOCOMPRESSDELETES\nGETUPDATEBEFORES\nTABLE main.a;",
			replicat: "GETUPDATEBEFORES\nIGNOREUPDATEAFTERS\nINSERTALLRECORDS\n" + toLog +
				"\nNOINSERTALLRECORDS\nGETUPDATEAFTERS", work: life, table: "log", want: "1 x 1, 1 x 1, 1 y 1"},
		{name: "IGNOREUPDATEAFTERS in Extract", extract: "IGNOREUPDATEAFTERS\nTABLE main.a;", replicat: all,
			work: "INSERT INTO a VALUES (1, 'x', 1)\nUPDATE a SET v = 'y' WHERE id = 1", table: "a", want: "1 x 1"},
		{name: "IGNOREDELETES", replicat: "IGNOREDELETES\n" + all, work: life, table: "a", want: "1 y 1"},
		{name: "IGNOREDELETES in Extract", extract: "IGNOREDELETES\nTABLE main.a;", replicat: all, work: life,
			table: "a", want: "1 y 1"},
		{name: "SPACESTONULL", replicat: "SPACESTONULL\n" + all, work: "INSERT INTO a VALUES (1, '  ', 1)",
			table: "a", want: "1 NULL 1"},
		{name: "TRIMVARSPACES", replicat: "TRIMVARSPACES\n" + all, work: "INSERT INTO a VALUES (1, 'x  ', 1)",
			table: "a", want: "1 x 1"},
		{name: "NOTRIMVARSPACES", replicat: "TRIMVARSPACES\nMAP main.b, TARGET main.b;\nNOTRIMVARSPACES\n" + all,
			work: "INSERT INTO a VALUES (1, 'x  ', 1)", table: "a", want: "1 x   1"},
		{name: "REPLACEBADNUM", replicat: "REPLACEBADNUM -1\nMAP main.a, TARGET main.b, COLMAP (id = id, n = v);",
			work: "INSERT INTO a VALUES (1, 'no number', 1)\nINSERT INTO a VALUES (2, '12', 1)", table: "b",
			want: "1 NULL -1, 2 NULL 12"},
		{name: "MAPEXCLUDE", replicat: "MAPEXCLUDE main.b\nMAP main.*, TARGET main.*;",
			work: "INSERT INTO b VALUES (1, 'x', 1)\nINSERT INTO a VALUES (1, 'x', 1)", table: "b"},
		{name: "EXCLUDEWILDCARDOBJECTSONLY", globals: "EXCLUDEWILDCARDOBJECTSONLY",
			replicat: "MAPEXCLUDE main.b\nMAP main.b, TARGET main.b;\nMAP main.a, TARGET main.a;",
			work:     "INSERT INTO b VALUES (1, 'x', 1)", table: "b", want: "1 x 1"},
		{name: "MACRO and MACROCHAR", replicat: "MACROCHAR $\nMACRO $to PARAMS ($t) BEGIN\nMAP main.a, TARGET main.$t;\nEND;\n" +
			"$to (log)", work: "INSERT INTO a VALUES (1, 'x', 1)", table: "log", want: "1 x 1"},
		{name: "CHARSET of GLOBALS", globals: "CHARSET ISO-8859-1",
			replicat: "MAP main.a, TARGET main.b, COLMAP (id = id, v = 'K\xe4se');",
			work:     "INSERT INTO a VALUES (1, 'x', 1)", table: "b", want: "1 Käse NULL"},
		{name: "COLMATCH NAMES", replicat: "COLMATCH NAMES n = v\nMAP main.a, TARGET main.b, COLMAP (USEDEFAULTS, v = 'fix');",
			work: "INSERT INTO a VALUES (1, '5', 1)", table: "b", want: "1 fix 5"},
		{name: "NODISCARDFILE and REPERROR DISCARD", replicat: "NODISCARDFILE\nREPERROR (DEFAULT, DISCARD)\n" + all,
			before: "INSERT INTO a VALUES (1, 'there', 7)", work: "INSERT INTO a VALUES (1, 'x', 1), (2, 'x', 1)",
			table: "a", want: "1 there 7, 2 x 1"},
	}
}

func TestParametersDoWhatTheySay(t *testing.T) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) { c.run(t) })
	}
}

// run replicates until the last transaction of the work has come, which is the test's own.
func (c replication) run(t *testing.T) {
	h := rig.NewHome(t, bin)
	target := c.play(t, h)
	if c.fails != "" {
		rig.Until(t, "a process to end", func() (bool, string) {
			ended := h.State("r") == "ABENDED" || h.State("e") == "ABENDED"
			return ended, h.Logs()
		})
		if !strings.Contains(h.Logs(), c.fails) {
			t.Errorf("nobody says %q:\n%s", c.fails, h.Logs())
		}
		h.Run("stop er *", "stop mgr !")
		return
	}
	arrive(t, h, target)
	rows, err := target.Rows(c.table)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		rows[i] = strings.NewReplacer(`"`, "", ",", " ").Replace(r)
	}
	if got := strings.Join(rows, ", "); got != c.want {
		t.Errorf("%s has %s, not %s\n%s", c.table, got, c.want, h.Logs())
	}
	h.Run("stop er *", "stop mgr !")
}

// arrive waits for the last transaction.
func arrive(t *testing.T, h *rig.Home, target *rig.Database) {
	t.Helper()
	rig.Until(t, "the work to arrive", func() (bool, string) {
		n := 0
		err := target.DB.QueryRow("SELECT COUNT(*) FROM done").Scan(&n)
		if h.State("r") == "ABENDED" || h.State("e") == "ABENDED" {
			t.Fatalf("a process has ended:\n%s", h.Logs())
		}
		return err == nil && n == 1, fmt.Sprint(err, h.Logs())
	})
}

// play starts the replication, does the work at its source and gives its target.
func (c replication) play(t *testing.T, h *rig.Home) *rig.Database {
	source, target := rig.NewDatabase(t, "sqlite", h.Dir, "src"), rig.NewDatabase(t, "sqlite", h.Dir, "tgt")
	for _, d := range []*rig.Database{source, target} {
		d.Exec(t, "CREATE TABLE a (id INTEGER PRIMARY KEY, v VARCHAR(20), n INTEGER)",
			"CREATE TABLE b (id INTEGER PRIMARY KEY, v VARCHAR(20), n INTEGER)",
			"CREATE TABLE done (id INTEGER PRIMARY KEY)")
	}
	target.Exec(t, "CREATE TABLE log (id INTEGER, v VARCHAR(20), n INTEGER)",
		"CREATE TABLE turned (n INTEGER, v VARCHAR(20), id INTEGER PRIMARY KEY)")
	if c.before != "" {
		target.Exec(t, c.before)
	}
	if c.globals != "" {
		h.Write("GLOBALS", c.globals+"\n")
	}
	tables := c.extract
	if tables == "" {
		tables = "TABLE main.a;\nTABLE main.b;"
	}
	h.Write("dirprm/e.prm", "EXTRACT e\nSOURCEDB "+source.Login+"\nEXTTRAIL ./dirdat/lt\n"+tables+
		"\nGETINSERTS\nTABLE main.done;\n")
	h.Write("dirprm/r.prm", "REPLICAT r\nTARGETDB "+target.Login+"\n"+c.replicat+
		"\nGETINSERTS\nNOUPDATEINSERTS\nMAP main.done, TARGET main.done;\n")
	h.Run("start mgr", "dblogin sourcedb "+source.Login, "add trandata main.*",
		"add extract e, tranlog, begin now", "add exttrail ./dirdat/lt, extract e",
		"dblogin sourcedb "+target.Login, "add checkpointtable main.chk",
		"add replicat r, exttrail ./dirdat/lt, checkpointtable main.chk", "start er *")
	for _, line := range strings.Split(c.work+"\nINSERT INTO done VALUES (1)", "\n") {
		source.Exec(t, line)
	}
	return target
}
