package parameters

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
