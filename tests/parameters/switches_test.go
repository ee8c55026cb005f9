package parameters

import (
	"slices"
	"testing"
)

func TestTheLaterOfTwoOppositesCounts(t *testing.T) {
	for _, c := range slices.Concat(switches(), rules()) {
		t.Run(c.name, func(t *testing.T) { c.run(t) })
	}
}

// switches are pairs of parameters of which the later one counts: what the second of a
// pair puts out of force shows that it acts.
func switches() []replication {
	const all = "MAP main.a, TARGET main.a;"
	const toLog = "MAP main.a, TARGET main.log;"
	const key = "MAP main.a, TARGET main.b, COLMAP (id = id);" // no update changes a column
	const grown = "INSERT INTO a VALUES (1, 'x', 1)\nUPDATE a SET v = 'y' WHERE id = 1"
	const gone = "INSERT INTO a VALUES (1, 'x', 1)\nDELETE FROM a WHERE id = 1"
	const there = "INSERT INTO a VALUES (1, 'there', 7)"
	const quoted = `MAP main.a, TARGET main.a, COLMAP (id = id, v = "n", n = n);`
	const line = "INSERT INTO a VALUES (1, 'x', 5)"
	return []replication{
		{name: "NOALLOWNOOPUPDATES", replicat: "NOALLOWNOOPUPDATES\n" + key, work: grown,
			fails: "the update changes no mapped column"},
		{name: "ALLOWNOOPUPDATES ends NOALLOWNOOPUPDATES", work: grown, table: "b", want: "1 NULL NULL",
			replicat: "NOALLOWNOOPUPDATES\nMAP main.b, TARGET main.b;\nALLOWNOOPUPDATES\n" + key},
		{name: "NOALLOWDUPTARGETMAP", work: line, fails: "stand in line",
			replicat: "ALLOWDUPTARGETMAP\nNOALLOWDUPTARGETMAP\n" + toLog + "\n" + toLog},
		{name: "ALLOWDUPTARGETMAP", replicat: "ALLOWDUPTARGETMAP\n" + toLog + "\n" + toLog,
			work: line, table: "log", want: "1 x 5, 1 x 5"},
		{name: "NOINSERTALLRECORDS ends INSERTALLRECORDS", work: gone, table: "a", replicat: "INSERTALLRECORDS\n" +
			"MAP main.b, TARGET main.b;\nNOINSERTALLRECORDS\n" + all},
		{name: "NOUPDATEINSERTS ends UPDATEINSERTS", before: there, work: line, replicat: "UPDATEINSERTS\n" +
			"MAP main.b, TARGET main.b;\nNOUPDATEINSERTS\n" + all, fails: "OGG-01296"},
		{name: "NOSPACESTONULL ends SPACESTONULL", work: "INSERT INTO a VALUES (1, '  ', 1)", table: "a",
			replicat: "SPACESTONULL\nMAP main.b, TARGET main.b;\nNOSPACESTONULL\n" + all, want: "1    1"},
		{name: "LOGALLSUPCOLS", extract: "LOGALLSUPCOLS\nTABLE main.a;", work: gone, table: "log",
			replicat: "INSERTDELETES\n" + toLog, want: "1 x 1, 1 x 1"},
		{name: "NOLOGALLSUPCOLS ends LOGALLSUPCOLS", work: gone, table: "log", want: "1 x 1, 1 NULL NULL",
			extract:  "LOGALLSUPCOLS\nNOLOGALLSUPCOLS\nTABLE main.a;",
			replicat: "INSERTDELETES\n" + toLog},
		{name: "PASSTHRU", extract: "PASSTHRU\nTABLE main.a;", work: grown, table: "log",
			replicat: "INSERTUPDATES\n" + toLog, want: "1 x 1, 1 y 1"},
		{name: "NOPASSTHRU ends PASSTHRU", work: grown, table: "log", want: "1 x 1, 1 y NULL",
			extract:  "PASSTHRU\nTABLE main.b;\nNOPASSTHRU\nTABLE main.a;",
			replicat: "INSERTUPDATES\n" + toLog},
		{name: "NOUSEANSISQLQUOTES", globals: "NOUSEANSISQLQUOTES", work: line, table: "a",
			replicat: quoted, want: "1 n 5"},
		{name: "USEANSISQLQUOTES ends NOUSEANSISQLQUOTES", work: line, table: "a", replicat: quoted,
			globals: "NOUSEANSISQLQUOTES\nUSEANSISQLQUOTES", want: "1 5 5"},
		{name: "USE_TRAILDEFS", globals: "USE_TRAILDEFS", work: line, table: "turned", want: "5 x 1",
			replicat: "MAP main.a, TARGET main.turned;"},
	}
}

// rules are more of them: which rows are taken, and what of rows that are there or missing.
func rules() []replication {
	const all = "MAP main.a, TARGET main.a;"
	const there = "INSERT INTO a VALUES (1, 'there', 7)"
	const line = "INSERT INTO a VALUES (1, 'x', 5)"
	const life = "INSERT INTO a VALUES (1, 'x', 1)\nUPDATE a SET v = 'y' WHERE id = 1\nDELETE FROM a WHERE id = 1"
	const other = "MAP main.b, TARGET main.b;\n"
	const missing = "UPDATE a SET v = 'y' WHERE id = 1"
	return []replication{
		{name: "GETDELETES ends IGNOREDELETES", replicat: "IGNOREDELETES\n" + other + "GETDELETES\n" + all,
			work: life, table: "a"},
		{name: "GETUPDATES ends IGNOREUPDATES", replicat: "IGNOREUPDATES\n" + other + "GETUPDATES\nIGNOREDELETES\n" + all,
			work: life, table: "a", want: "1 y 1"},
		{name: "HANDLECOLLISIONS", replicat: "HANDLECOLLISIONS\n" + all, before: there, work: line,
			table: "a", want: "1 x 5"},
		{name: "NOHANDLECOLLISIONS ends HANDLECOLLISIONS", before: there, work: line, fails: "OGG-01296",
			replicat: "HANDLECOLLISIONS\n" + other + "NOHANDLECOLLISIONS\n" + all},
		{name: "OVERRIDEDUPS", replicat: "OVERRIDEDUPS\n" + all, before: there, work: line,
			table: "a", want: "1 x 5"},
		{name: "NOOVERRIDEDUPS ends OVERRIDEDUPS", before: there, work: line, fails: "OGG-01296",
			replicat: "OVERRIDEDUPS\n" + other + "NOOVERRIDEDUPS\n" + all},
		{name: "INSERTMISSINGUPDATES", extract: "NOCOMPRESSUPDATES\nTABLE main.a;", work: line + "\n" + missing, table: "a",
			replicat: "IGNOREINSERTS\nINSERTMISSINGUPDATES\n" + all, want: "1 y 5"},
		{name: "NOINSERTMISSINGUPDATES ends INSERTMISSINGUPDATES", work: line + "\n" + missing, fails: "OGG-01296",
			replicat: "IGNOREINSERTS\nINSERTMISSINGUPDATES\n" + other + "NOINSERTMISSINGUPDATES\n" + all},
		{name: "TABLEEXCLUDE", extract: "TABLEEXCLUDE main.b\nTABLE main.a;\nTABLE main.b*;",
			replicat: other + all, work: "INSERT INTO b VALUES (1, 'x', 1)", table: "b"},
	}
}
