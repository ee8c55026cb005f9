// Package sqlexec has Extract and Replicat ask and order databases by SQLEXEC.
//
// It is a test of whole programs. Its law: what a lookup gave stands in the target's rows,
// and what cannot be asked ends the run with its place in the parameter file.
package sqlexec

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

// site is a home with an Extract and a Replicat between two databases.
type site struct {
	*rig.Home
	t              *testing.T
	source, target *rig.Database
	trail          string // that Replicat reads
}

// newSite makes the tables orders and prices at both sides and the groups e and r.
func newSite(t *testing.T, from, to string) *site {
	s := &site{Home: rig.NewHome(t, bin), t: t, trail: "lt"}
	s.source, s.target = servers.Database(t, from, s.Dir, "src"), servers.Database(t, to, s.Dir, "tgt")
	for _, d := range []*rig.Database{s.source, s.target} {
		d.Exec(t, "CREATE TABLE prices (sku VARCHAR(10) PRIMARY KEY, price INTEGER)",
			"INSERT INTO prices VALUES ('nut', 2), ('bolt', 5)",
			"CREATE TABLE summary (what VARCHAR(10) PRIMARY KEY, n INTEGER)",
			"INSERT INTO summary VALUES ('starts', 0), ('steps', 0), ('ends', 0)")
	}
	s.source.Exec(t, "CREATE TABLE orders (id INTEGER PRIMARY KEY, sku VARCHAR(10), qty INTEGER)")
	s.target.Exec(t, "CREATE TABLE orders (id INTEGER PRIMARY KEY, sku VARCHAR(10), qty INTEGER, "+
		"price VARCHAR(20), note VARCHAR(60))")
	return s
}

// start writes the parameter files and starts; %s stands for the schema of either side.
func (s *site) start(extract, replicat string) {
	s.Write("dirprm/e.prm", "EXTRACT e\nSOURCEDB "+s.source.Login+"\nEXTTRAIL ./dirdat/lt\n"+
		strings.ReplaceAll(extract, "%s", s.source.Schema)+"\n")
	s.Write("dirprm/r.prm", "REPLICAT r\nTARGETDB "+s.target.Login+"\n"+
		strings.NewReplacer("%s", s.source.Schema, "%t", s.target.Schema).Replace(replicat)+"\n")
	s.Run("start mgr", "dblogin sourcedb "+s.source.Login, "add trandata "+s.source.Schema+".orders",
		"add extract e, tranlog, begin now", "add exttrail ./dirdat/lt, extract e",
		"dblogin sourcedb "+s.target.Login, "add checkpointtable "+s.target.Schema+".chk",
		"add replicat r, exttrail ./dirdat/"+s.trail+", checkpointtable "+s.target.Schema+".chk", "start er *")
}

// wait waits for the rows of a table.
func (s *site) wait(d *rig.Database, table, want string) {
	s.t.Helper()
	rig.Until(s.t, table+" to have "+want, func() (bool, string) {
		if s.State("r") == "ABENDED" || s.State("e") == "ABENDED" {
			s.t.Fatalf("a process has ended:\n%s", s.Logs())
		}
		rows, err := d.Rows(table)
		got := strings.NewReplacer(`"`, "", ",", " ").Replace(strings.Join(rows, "; "))
		return err == nil && got == want, fmt.Sprint(got, err, "\n", s.Logs())
	})
}

// abends waits for a group's end and what it says.
func (s *site) abends(group string, texts ...string) {
	s.t.Helper()
	s.WaitState(group, "ABENDED")
	for _, text := range texts {
		if logs := s.Logs(); !strings.Contains(logs, text) {
			s.t.Errorf("%s does not say %q:\n%s", group, text, logs)
		}
	}
}

var pairs = [][2]string{{"sqlite", "sqlite"}, {"mariadb", "mysql"}, {"mysql", "mariadb"}}

func eachPair(t *testing.T, test func(t *testing.T, s *site)) {
	for _, p := range pairs {
		t.Run(p[0]+" to "+p[1], func(t *testing.T) { test(t, newSite(t, p[0], p[1])) })
	}
}

// Lookups of an Extract go into columns, tokens and conditions.
func TestExtractLooksUpInItsSource(t *testing.T) {
	eachPair(t, func(t *testing.T, s *site) {
		s.start("NOCOMPRESSUPDATES\nTABLE %s.orders, "+
			"SQLEXEC (ID price, QUERY 'SELECT price AS price FROM prices WHERE sku = :item', "+
			"PARAMS (item = sku), BEFOREFILTER, TRACE ALL), FILTER (price.price > 1),\n"+
			"SQLEXEC (ID n, QUERY 'SELECT COUNT(*) AS n FROM prices', NOPARAMS, EXEC ONCE, DBOP),\n"+
			"TOKENS (prices = n.n), COLMAP (USEDEFAULTS, price = @GETVAL (price.price));",
			"MAP %s.orders, TARGET %t.orders, COLMAP (USEDEFAULTS, note = @TOKEN ('prices'));")
		s.source.Exec(t, "INSERT INTO orders VALUES (1, 'nut', 10)")
		s.wait(s.target, "orders", "1 nut 10 2 2")
		s.source.Exec(t, "INSERT INTO prices VALUES ('cog', 1), ('pin', 7)",
			"INSERT INTO orders VALUES (2, 'cog', 1), (3, 'pin', 3), (4, 'none', 1)")
		s.wait(s.target, "orders", "1 nut 10 2 2; 3 pin 3 7 2")
		s.source.Exec(t, "UPDATE orders SET sku = 'pin' WHERE id = 1", "DELETE FROM orders WHERE id = 3")
		s.wait(s.target, "orders", "1 pin 10 7 2")
		for _, text := range []string{"item = 'nut' gave price = '2'", "SQLEXEC n: SELECT COUNT(*)"} {
			if logs := s.Logs(); !strings.Contains(logs, text) {
				t.Errorf("the report does not say %q:\n%s", text, logs)
			}
		}
		s.Run("stop er *", "stop mgr !")
	})
}

// Statements for themselves run in the source at the start, at the end and now and then.
func TestExtractRunsStatements(t *testing.T) {
	eachPair(t, func(t *testing.T, s *site) {
		s.start("SQLEXEC \"UPDATE summary SET n = n + 1 WHERE what = 'starts'\"\n"+
			"SQLEXEC \"UPDATE no_such_table SET n = 1\" ERROR REPORT\n"+
			"SQLEXEC \"UPDATE summary SET n = 1 WHERE what = 'steps'\" EVERY 1 SECONDS\n"+
			"SQLEXEC \"UPDATE summary SET n = n + 1 WHERE what = 'ends'\" ONEXIT\n"+
			"TABLE %s.orders;", "MAP %s.orders, TARGET %t.orders;")
		s.wait(s.source, "summary", "ends 0; starts 1; steps 1")
		s.source.Exec(t, "INSERT INTO orders VALUES (1, 'nut', 10)")
		s.wait(s.target, "orders", "1 nut 10 NULL NULL")
		s.Run("stop er *")
		s.wait(s.source, "summary", "ends 1; starts 1; steps 1")
		if logs := s.Logs(); !strings.Contains(logs, "no_such_table") {
			t.Errorf("the failure is not told:\n%s", logs)
		}
		s.Run("stop mgr !")
	})
}

const lookup = "CREATE PROCEDURE lookup (IN item VARCHAR(10), INOUT n INT, OUT cost INT, " +
	"OUT said VARCHAR(60)) BEGIN DECLARE p INT; SELECT price INTO p FROM prices WHERE sku = item; SELECT 'a result set'; " +
	"SET cost = p * n, n = n + 1, said = CONCAT(item, ' for ', IFNULL(cost, 'nothing')); " +
	"IF item = 'bad' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no such item'; END IF; END"

func servedPairs(t *testing.T, test func(t *testing.T, s *site)) {
	for _, p := range pairs[1:] {
		t.Run(p[0]+" to "+p[1], func(t *testing.T) { test(t, newSite(t, p[0], p[1])) })
	}
}

// What a procedure gives by OUT and INOUT goes into columns, in Replicat and in Extract.
func TestProceduresGiveTheirParameters(t *testing.T) {
	servedPairs(t, func(t *testing.T, s *site) {
		s.source.Exec(t, lookup)
		s.target.Exec(t, lookup)
		s.start("NOCOMPRESSUPDATES\nTABLE %s.orders, SQLEXEC (SPNAME lookup, PARAMS (item = sku, n = qty)), "+
			"COLMAP (USEDEFAULTS, cost = lookup.cost, qty = @GETVAL (lookup.n));",
			"MAP %s.orders, TARGET %t.orders, SQLEXEC (SPNAME %t.lookup, ID q, PARAMS (item = sku, n = qty), TRACE), "+
				"COLMAP (USEDEFAULTS, price = cost, note = @STRCAT (q.said, ' ', q.n));")
		s.source.Exec(t, "INSERT INTO orders VALUES (1, 'nut', 10), (2, 'bolt', 1), (3, 'bad', 1)")
		s.wait(s.target, "orders", "1 nut 11 20 nut for 22 12; 2 bolt 2 5 bolt for 10 3; 3 bad NULL NULL NULL")
		s.Run("stop er *", "stop mgr !")
	})
}

// A procedure's parameters are looked up again when it has changed, and ALLPARAMS
// REQUIRED leaves the call out where a value is missing.
func TestProceduresAreMadeAnew(t *testing.T) {
	servedPairs(t, func(t *testing.T, s *site) {
		s.target.Exec(t, "CREATE PROCEDURE p (IN a INT, OUT r INT) SET r = IFNULL(a, -1)")
		s.start("TABLE %s.orders;", "MAP %s.orders, TARGET %t.orders, "+
			"SQLEXEC (SPNAME p, PARAMS (a = qty), ALLPARAMS REQUIRED), COLMAP (USEDEFAULTS, price = p.r);")
		s.source.Exec(t, "INSERT INTO orders VALUES (1, 'nut', 10)")
		s.wait(s.target, "orders", "1 nut 10 10 NULL")
		s.target.Exec(t, "DROP PROCEDURE p", "CREATE PROCEDURE p (OUT r INT, IN a INT, IN b INT) "+
			"SET r = a * 2")
		s.source.Exec(t, "INSERT INTO orders VALUES (2, 'nut', 10)")
		s.wait(s.target, "orders", "1 nut 10 10 NULL; 2 nut 10 NULL NULL")
		s.source.Exec(t, "INSERT INTO orders VALUES (3, 'nut', 10)", "UPDATE orders SET sku = 'bolt' WHERE id = 3")
		s.wait(s.target, "orders", "1 nut 10 10 NULL; 2 nut 10 NULL NULL; 3 bolt 10 20 NULL")
		s.Run("stop er *", "stop mgr !")
	})
}

// What is no parameter of the procedure, or no procedure, ends the run.
func TestCallsThatCannotBe(t *testing.T) {
	servedPairs(t, func(t *testing.T, s *site) {
		s.source.Exec(t, lookup)
		s.start("TABLE %s.orders, SQLEXEC (SPNAME lookup, PARAMS (thing = sku));",
			"MAP %s.orders, TARGET %t.orders;")
		s.source.Exec(t, "INSERT INTO orders VALUES (1, 'nut', 10)")
		s.abends("e", "e.prm:4:", "procedure lookup has no parameter thing; it has item, n, cost, said")
		s.Replace("dirprm/e.prm", "thing = sku", "said = sku")
		s.Run("start e")
		s.abends("e", "parameter said of procedure lookup is an OUT parameter")
		s.Replace("dirprm/e.prm", "SPNAME lookup", "SPNAME nothing")
		s.Run("start e")
		s.abends("e", "there is no procedure nothing")
		s.Run("stop er *", "stop mgr !")
	})
}

// A session that the server has ended is opened anew, and no record is lost.
func TestExtractOpensItsSessionAnew(t *testing.T) {
	servedPairs(t, func(t *testing.T, s *site) {
		s.start("TABLE %s.orders, SQLEXEC (ID price, QUERY 'SELECT price AS price FROM prices WHERE sku = ?', "+
			"PARAMS (item = sku)), COLMAP (USEDEFAULTS, price = price.price);",
			"MAP %s.orders, TARGET %t.orders;")
		s.source.Exec(t, "INSERT INTO orders VALUES (1, 'nut', 10)")
		s.wait(s.target, "orders", "1 nut 10 2 NULL")
		s.killIdle()
		s.source.Exec(t, "INSERT INTO orders VALUES (2, 'bolt', 1)")
		s.wait(s.target, "orders", "1 nut 10 2 NULL; 2 bolt 1 5 NULL")
		s.Run("stop er *", "stop mgr !")
	})
}

// killIdle ends the sessions of the source that wait for their next statement.
func (s *site) killIdle() {
	s.t.Helper()
	rows, err := s.source.DB.Query("SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND = 'Sleep' " +
		"AND DB = DATABASE() AND ID <> CONNECTION_ID()")
	if err != nil {
		s.t.Fatal(err)
	}
	var ids []int
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			s.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	rows.Close()
	if len(ids) == 0 {
		s.t.Fatal("no session waits")
	}
	for _, id := range ids {
		s.source.Exec(s.t, fmt.Sprint("KILL ", id))
	}
}

// Each of these is refused before anything is done.
func TestRefusals(t *testing.T) {
	s := newSite(t, "sqlite", "sqlite")
	s.start("TABLE %s.orders, SQLEXEC (SPNAME p, PARAMS (a = id));",
		"MAP %s.orders, TARGET %t.orders, SQLEXEC (SPNAME p, PARAMS (a = id));")
	s.abends("e", "e.prm:4:", "SPNAME is not possible with SQLite")
	s.Replace("dirprm/e.prm", "SPNAME p", "ID q, QUERY 'SELECT 1 AS n', ERROR RAISE")
	s.Run("start e")
	s.abends("e", "ERROR RAISE is possible in MAP only")
	s.Replace("dirprm/e.prm", "ERROR RAISE", "ERROR FATAL")
	s.Run("start e")
	s.source.Exec(t, "INSERT INTO orders VALUES (1, 'nut', 10)")
	s.abends("r", "cannot do SQLEXEC with SPNAME")
	s.Write("dirprm/p.prm", "EXTRACT p\nRMTHOST localhost, MGRPORT 1\nRMTTRAIL ./dirdat/rt\n"+
		"TABLE main.orders, SQLEXEC (ID q, QUERY 'SELECT 1 AS n', NOPARAMS);\n")
	s.Run("add extract p, exttrailsource ./dirdat/lt", "add rmttrail ./dirdat/rt, extract p", "start p")
	s.abends("p", "p.prm:4:", "a data pump without a login has none")
	s.Run("stop er *", "stop mgr !")
}

// A data pump with a login of its own asks that database.
func TestADataPumpWithALogin(t *testing.T) {
	s := newSite(t, "sqlite", "sqlite")
	s.trail = "pt"
	s.start("TABLE %s.orders;", "MAP %s.orders, TARGET %t.orders;")
	s.Write("dirprm/p.prm", "EXTRACT p\nSOURCEDB "+s.source.Login+"\nEXTTRAIL ./dirdat/pt\n"+
		"TABLE main.orders, SQLEXEC (ID q, QUERY 'SELECT price AS p FROM prices WHERE sku = :s', "+
		"PARAMS (s = sku)), COLMAP (USEDEFAULTS, price = q.p);\n")
	s.Run("add extract p, exttrailsource ./dirdat/lt", "add exttrail ./dirdat/pt, extract p", "start p")
	s.source.Exec(t, "INSERT INTO orders VALUES (1, 'nut', 10)")
	s.wait(s.target, "orders", "1 nut 10 2 NULL")
	s.Run("stop er *", "stop mgr !")
}

// An initial load asks for each row, and runs its statements.
func TestALoadAsks(t *testing.T) {
	eachPair(t, func(t *testing.T, s *site) {
		s.source.Exec(t, "INSERT INTO orders VALUES (1, 'nut', 10), (2, 'bolt', 3), (3, 'none', 3)")
		s.Write("dirprm/l.prm", "EXTRACT l\nSOURCEISTABLE\nSOURCEDB "+s.source.Login+"\nEXTTRAIL ./dirdat/lt\n"+
			"SQLEXEC \"UPDATE summary SET n = n + 1 WHERE what = 'starts'\"\n"+
			"SQLEXEC \"UPDATE summary SET n = n + 1 WHERE what = 'ends'\" ONEXIT\n"+
			"TABLE "+s.source.Schema+".orders, SQLEXEC (ID q, QUERY 'SELECT price AS p FROM prices WHERE sku = :s', "+
			"PARAMS (s = sku)), COLMAP (USEDEFAULTS, price = q.p);\n")
		s.Write("dirprm/r.prm", "REPLICAT r\nTARGETDB "+s.target.Login+"\nMAP "+s.source.Schema+".orders, TARGET "+
			s.target.Schema+".orders;\n")
		s.Run("start mgr", "add extract l, sourceistable", "add exttrail ./dirdat/lt, extract l",
			"dblogin sourcedb "+s.target.Login, "add checkpointtable "+s.target.Schema+".chk",
			"add replicat r, exttrail ./dirdat/lt, checkpointtable "+s.target.Schema+".chk", "start l", "start r")
		s.wait(s.target, "orders", "1 nut 10 2 NULL; 2 bolt 3 5 NULL; 3 none 3 NULL NULL")
		s.wait(s.source, "summary", "ends 1; starts 1; steps 0")
		s.Run("stop r", "stop mgr !")
	})
}
