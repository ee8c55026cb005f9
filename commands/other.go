package commands

import (
	"slices"
	"strings"
)

// otherRows are commands that GoldenGate knows and this product does not do:
// each says what to do instead.
func otherRows() []Command {
	const (
		heartbeat = "there is no heartbeat table; LAG and INFO ALL show how late groups are."
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
	rows = append(rows, family("HEARTBEATTABLE", P1, heartbeat, "ADD", "ALTER", "DELETE", "INFO",
		"UPGRADE")...)
	rows = append(rows, family("HEARTBEATENTRY", P2, heartbeat, "DELETE")...)
	rows = append(rows, family("DATASTORE", NA, monitor, "CREATE", "ALTER", "DELETE", "INFO",
		"REPAIR")...)
	rows = append(rows, family("JAGENT", NA, monitor, "INFO", "START", "STATUS", "STOP")...)
	rows = append(rows, family("PMSRVR", NA, monitor, "INFO", "START", "STATUS", "STOP")...)
	return append(append(rows, platformRows(platform)...), laterRows()...)
}

// platformRows are commands of another platform.
func platformRows(platform string) []Command {
	var rows []Command
	for object, verbs := range map[string][]string{
		"LOGGER":      {"ADD", "ALTER", "DELETE", "INFO", "SEND", "START", "STATUS", "STOP"},
		"ATCONFIG":    {"ADD", "ALTER", "DELETE", "INFO"},
		"AUDITTRAIL":  {"INFO"},
		"REMOTECHKPT": {"ADD", "DELETE", "INFO"},
		"COORDINATOR": {"ADD", "DELETE", "INFO", "START", "STOP"},
		"PROGRAMS":    {"INFO"},
		"SYNCFILE":    {"ADD", "ALTER", "DELETE", "INFO", "START", "STOP"},
		"FILES":       {"INFO"},
		"DDLDEFS":     {"INFO"},
		"TABLEDEFS":   {"CAPTURE"},
		"DEFINE":      {"ADD"},
	} {
		rows = append(rows, family(object, NA, platform, verbs...)...)
	}
	rows = append(rows, family("", NA, platform, "REFRESHTMFINFO", "TMFDUMPAGE")...)
	slices.SortFunc(rows, func(a, b Command) int { return strings.Compare(a.Name(), b.Name()) })
	return rows
}

// laterRows are commands of other shells of the same family.
func laterRows() []Command {
	var rows []Command
	for _, object := range []string{"EXTRACT", "REPLICAT", "ER"} {
		rows = append(rows, other("RESTART", object, Extension, "STOP and START do it in two lines.",
			false))
	}
	return append(rows,
		other("GETPARAMINFO", "", P2, "it is a message: SEND group, GETPARAMINFO.", false),
		other("VIEW", "MESSAGES", Extension, "VIEW GGSEVT shows the event log.", false),
		other("HEALTH", "", Extension, "INFO ALL, and the Manager's /metrics.", false))
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
