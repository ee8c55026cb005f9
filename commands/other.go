package commands

// otherRows are commands that GoldenGate knows and this product does not do:
// each says what to do instead.
func otherRows() []Command {
	const (
		notNeeded = "this database needs no registration; go on with ADD EXTRACT."
		platform  = "it belongs to a platform that this product does not run on."
		monitor   = "monitor by the Manager's HTTP interface, /metrics and ggsh -json."
		instant   = "use START ... AFTERCSN after the initial load."
	)
	rows := []Command{
		other("REGISTER", "REPLICAT", P2, notNeeded, true),
		other("UNREGISTER", "REPLICAT", P2, notNeeded, true),
		other("SYNCHRONIZE", "REPLICAT", P2,
			"groups have no threads with positions of their own; START goes on.", true),
		other("MININGDBLOGIN", "", P2, "there is no downstream capture.", false),
		other("CONNECT", "", Extension, "log in to the machine of that home and run ggsh there, or "+
			"use the Manager's HTTP interface.", false),
		other("FLUSH", "SEQUENCE", P2, "sequences are not captured.", false),
		other("DUMPDDL", "", P2, "there is no DDL history table.", false),
		other("SET_INSTANTIATION_CSN", "", P2, instant, false),
		other("CLEAR_INSTANTIATION_CSN", "", P2, instant, false),
		other("INFO", "MARKER", P2, "there are no markers.", true),
		other("ADD", "MARKER", NA, platform, false),
		other("SET", "NAMECCSID", NA, platform, false),
		other("DEFAULTJOURNAL", "", NA, platform, false),
		other("SEND", "PROCESS", NA, platform, false),
	}
	rows = append(rows, family("PROCEDURETRANDATA", P2, "procedures are not replicated as calls.",
		"ADD", "DELETE", "INFO")...)
	rows = append(rows, family("TRACETABLE", P2,
		"loops are broken by TRANLOGOPTIONS EXCLUDEUSER or FILTERTABLE.", "ADD", "DELETE", "INFO")...)
	rows = append(rows, family("DATASTORE", NA, monitor, "CREATE", "ALTER", "DELETE", "INFO",
		"REPAIR")...)
	rows = append(rows, family("JAGENT", NA, monitor, "INFO", "START", "STATUS", "STOP")...)
	rows = append(rows, family("PMSRVR", NA, monitor, "INFO", "START", "STATUS", "STOP")...)
	for _, object := range []string{"LOGGER", "ATCONFIG", "AUDITTRAIL", "REMOTECHKPT",
		"COORDINATOR", "PROGRAMS", "SYNCFILE", "FILES"} {
		rows = append(rows, family(object, NA, platform, "INFO")...)
	}
	return rows
}

// other makes the row of a command that is known and not done.
func other(verb, object string, p Priority, instead string, harmless bool) Command {
	row := Command{Verb: verb, Object: object, Priority: p, Instead: instead, Harmless: harmless,
		Places: []Arg{{Name: "arguments", Kind: Rest, Optional: true, Help: "not looked at"}}}
	row.Synopsis = row.Name() + " ..."
	return row
}

func family(object string, p Priority, instead string, verbs ...string) []Command {
	var rows []Command
	for _, verb := range verbs {
		rows = append(rows, other(verb, object, p, instead, false))
	}
	return rows
}
