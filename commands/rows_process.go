package commands

func taskOptions() []Arg {
	return []Arg{{Name: "TASKS", Help: "only initial loads and other tasks"},
		{Name: "ALLPROCESSES", Help: "tasks too"},
		{Name: "UPGRADE", Note: noMode}, {Name: "DOWNGRADE", Note: noMode}}
}

func statsOptions() []Arg {
	return []Arg{{Name: "TOTAL", Help: "since the process started"},
		{Name: "DAILY", Help: "since midnight"}, {Name: "HOURLY", Help: "since the full hour"},
		{Name: "LATEST", Help: "since the last RESET"},
		{Name: "RESET", Help: "begin LATEST anew"},
		{Name: "TABLE", Kind: Names, Help: "only tables that match"},
		{Name: "TOTALSONLY", Kind: Names, Help: "one sum of the tables that match"},
		{Name: "REPORTRATE", Kind: Word, Help: "figures per HR, MIN or SEC"},
		{Name: "REPORTDETAIL", Help: "collisions and ignored operations too"},
		{Name: "NOREPORTDETAIL", Help: "operations only, as without it"},
		{Name: "REPORTFETCH", Note: "the report file has the rows fetched, with STATOPTIONS."},
		{Name: "NOREPORTFETCH", Help: "no figures of fetching, as without it"},
		{Name: "REPORTCDR", Help: "conflicts that were resolved too"},
		{Name: "REPORTCHARCONV", Note: "a character that cannot be converted is an error of its row."}}
}

// groupVerb is a command that every type of group has.
type groupVerb struct {
	row     Command
	options string // what follows the group's name in the synopsis
	noER    bool
}

func groupVerbs() []groupVerb {
	return []groupVerb{
		{row: Command{Verb: "INFO", run: infoGroup,
			Help: "Shows status, lag and positions of groups; DETAIL adds trails, run history and " +
				"files, SHOWCH every checkpoint, PROGRESS how far an initial load is.",
			Options: append(taskOptions(), Arg{Name: "DETAIL", Help: "trails, history and files"},
				Arg{Name: "SHOWCH", Kind: OptNumber, Help: "all checkpoints"},
				Arg{Name: "PROGRESS", Kind: OptNumber, Help: "how far an initial load is; with n, every n " +
					"seconds until it ends"},
				Arg{Name: "CONTAINERS", Note: noMode})},
			options: " [, DETAIL] [, SHOWCH [n]] [, PROGRESS [n]] [, TASKS | ALLPROCESSES]"},
		{row: Command{Verb: "START", run: startGroup, Changes: true,
			Help: "Checks the parameter file and asks the Manager to start the group.",
			Options: []Arg{{Name: "ATCSN", Kind: Word, Help: "begin with this transaction"},
				{Name: "AFTERCSN", Kind: Word, Help: "begin after this transaction"},
				{Name: "AFTERLOAD", Kind: Word, Help: "begin behind what this Extract has loaded"},
				{Name: "SKIPTRANSACTION", Help: "leave out the first transaction"},
				{Name: "FILTERDUPTRANSACTIONS", Help: "pass over what is applied, as always"},
				{Name: "NOFILTERDUPTRANSACTIONS", Refuse: "a transaction is never applied twice."},
				{Name: "THREADS", Kind: Names, Note: noThreads}}},
			options: " [, ATCSN csn | AFTERCSN csn | AFTERLOAD extract] [, SKIPTRANSACTION]"},
		{row: Command{Verb: "STOP", run: stopGroup, Changes: true,
			Help: "Stops a group after the transaction it is at; with ! a Replicat rolls that " +
				"transaction back and stops now."}, options: " [!]"},
		{row: Command{Verb: "STATUS", run: statusGroup, Options: taskOptions(),
			Help: "Shows in one line whether a group runs."},
			options: " [, TASKS | ALLPROCESSES]"},
		{row: Command{Verb: "STATS", run: statsGroup, check: checkStats, Options: statsOptions(),
			Help: "Shows the operations of each table that a running group has processed."},
			options: " [, TOTAL | DAILY | HOURLY | LATEST | RESET] [, TABLE t] " +
				"[, TOTALSONLY t] [, REPORTRATE {HR | MIN | SEC}] [, REPORTDETAIL]"},
		{row: Command{Verb: "KILL", run: killGroup, Changes: true,
			Help: "Ends a process at once; the Manager does not start it again."}},
		{row: Command{Verb: "DELETE", run: deleteGroup, Changes: true,
			Help: "Deletes a stopped group and its checkpoints; trail files stay. A Replicat's row " +
				"in its checkpoint table is deleted too, which needs DBLOGIN; ! asks nothing and " +
				"leaves a row that cannot be deleted."}, options: " [!]", noER: true},
		{row: Command{Verb: "CLEANUP", run: cleanupGroup, Changes: true,
			Help:    "Forgets the run history of a stopped group but for the last n periods.",
			Options: []Arg{{Name: "SAVE", Kind: Number, Help: "how many periods to keep"}}},
			options: " [, SAVE n]", noER: true},
	}
}

// groupRows gives each verb for EXTRACT, REPLICAT, ER and without a type.
func groupRows() []Command {
	var rows []Command
	for _, object := range []string{"EXTRACT", "REPLICAT", "ER", ""} {
		for _, v := range groupVerbs() {
			if object == "ER" && v.noER {
				continue
			}
			row := v.row
			row.Object, row.Places, row.Priority = object, groupPlace, groupPriority(v.row.Verb, object)
			row.Synopsis = row.Name() + " group" + v.options
			if object == "" {
				row.Help += " The type may be left out: the name is looked up in both."
			}
			rows = append(rows, row)
		}
		rows = append(rows, lagRow(object))
	}
	return append(rows, Command{Verb: "ALTER", Priority: P0, Changes: true,
		Synopsis: "ALTER group [, options of ALTER EXTRACT or ALTER REPLICAT]",
		Help:     "Changes a stopped group; the name is looked up in both types.",
		Places:   groupPlace, Options: alterOptions(), check: checkPosition, run: alterGroup})
}

func groupPriority(verb, object string) Priority {
	switch {
	case verb == "CLEANUP", object == "ER" && (verb == "STATS" || verb == "KILL"):
		return P1
	}
	return P0
}

func lagRow(object string) Command {
	row := Command{Verb: "LAG", Object: object, Priority: P0, run: lagGroup,
		Help: "Shows how late a running group is, as the process itself knows it.",
		Places: []Arg{{Name: "group", Kind: Word, Optional: object != "",
			Help: "name; all without one"}},
		Options: []Arg{{Name: "GLOBAL", Note: "there is no heartbeat table to ask."}}}
	row.Synopsis = row.Name() + " [group]"
	if object == "" {
		row.Synopsis = "LAG group"
	}
	if object == "ER" {
		row.Priority = P1
	}
	return row
}

const (
	noCache = "the process has no such cache."
	noFile  = "the answer is shown here and written to no file."
	noTrace = "see the report file; tracing is not there."
)

func messageOptions() []Arg {
	return append(statsOptions(), []Arg{
		{Name: "STATUS", Help: "state, read and write positions"},
		{Name: "GETLAG", Help: "as LAG"},
		{Name: "STATS", Help: "as STATS"},
		{Name: "STOP", Help: "as STOP"},
		{Name: "FORCESTOP", Help: "stop now"},
		{Name: "REPORT", Help: "write statistics to the report file"},
		{Name: "ROLLOVER", Help: "Extract: begin the next trail file"},
		{Name: "LOGEND", Help: "is everything processed: YES or NO"},
		{Name: "SHOWTRANS", Kind: OptWord, Help: "Extract: open transactions"},
		{Name: "COUNT", Kind: Number, Note: "all open transactions are shown."},
		{Name: "DURATION", Kind: Word, Note: "all open transactions are shown."},
		{Name: "TABULAR", Help: "SHOWTRANS: one line each"},
		{Name: "FILE", Kind: Word, Note: noFile},
		{Name: "DETAIL", Note: "all that is known is shown."},
		{Name: "ALL", Help: "SHOWTRANS: all of them, as without it"},
		{Name: "FORCE", Help: "SKIPTRANS: without being asked"},
		{Name: "THREAD", Kind: Number, Note: noThreads},
		{Name: "THREADS", Kind: Names, Note: noThreads},
		{Name: "GETPARAMINFO", Kind: OptWord, Help: "parameters in force"},
		{Name: "HANDLECOLLISIONS", Kind: Names, Help: "Replicat: switch on"},
		{Name: "NOHANDLECOLLISIONS", Kind: Names, Help: "Replicat: switch off"},
		{Name: "SKIPTRANS", Kind: Word, Help: "Extract of Oracle: leave out the oldest open " +
			"transaction, by its id of SHOWTRANS; asks first, but for FORCE"},
		{Name: "FORCETRANS", Kind: Word, Refuse: "only committed transactions are written: commit it " +
			"at the source, or leave it out with SKIPTRANS."},
		{Name: "RESUME", Help: "go on behind EVENTACTIONS SUSPEND"},
		{Name: "LOGSTATS", Refuse: "use SEND ... STATUS and STATS."},
		{Name: "GETTCPSTATS", Refuse: "use SEND ... STATUS."},
		{Name: "CACHEMGR", Kind: Rest, Refuse: noCache},
		{Name: "BR", Kind: Rest, Refuse: "bounded recovery is not needed."},
		{Name: "TRACE", Kind: Rest, Refuse: noTrace}, {Name: "TRACE2", Kind: Rest, Refuse: noTrace},
		{Name: "TRACEINIT", Refuse: noTrace}, {Name: "TLTRACE", Kind: Rest, Refuse: noTrace},
		{Name: "TRANLOGOPTIONS", Kind: Rest, Refuse: "change the parameter file and start again."},
		{Name: "INTEGRATEDPARAMS", Kind: Rest, Refuse: "change the parameter file and start again."},
		{Name: "VAMMESSAGE", Kind: Rest, Refuse: noTeradata}}...)
}

func sendRows() []Command {
	var rows []Command
	for _, object := range []string{"EXTRACT", "REPLICAT", "ER", ""} {
		row := Command{Verb: "SEND", Object: object, Priority: P0, Changes: true,
			Help:   "Sends a message to a running process and shows its answer.",
			Places: groupPlace, Options: messageOptions(), check: checkSend, run: sendGroup}
		row.Synopsis = row.Name() + " group, {STATUS | GETLAG | STATS | STOP | FORCESTOP | " +
			"REPORT | ROLLOVER | LOGEND | SHOWTRANS | SKIPTRANS xid [FORCE] | " +
			"GETPARAMINFO | RESUME | [NO]HANDLECOLLISIONS [t]}"
		if object == "ER" {
			row.Priority = P1
		}
		rows = append(rows, row)
	}
	return rows
}

func managerRows() []Command {
	return []Command{
		{Verb: "START", Object: "MANAGER", Priority: P0, Changes: true,
			Synopsis: "START MANAGER", run: startManager,
			Help: "Starts the Manager with dirprm/mgr.prm and waits until it answers."},
		{Verb: "STOP", Object: "MANAGER", Priority: P0, Changes: true,
			Synopsis: "STOP MANAGER [!]", run: stopManager,
			Help: "Stops the Manager; groups go on. With ! nothing is asked."},
		{Verb: "INFO", Object: "MANAGER", Priority: P0, Synopsis: "INFO MANAGER",
			Help: "Shows whether the Manager runs, and where.", run: infoManager},
		{Verb: "STATUS", Object: "MANAGER", Priority: P0, Synopsis: "STATUS MANAGER",
			Help: "The same as INFO MANAGER.", run: infoManager},
		{Verb: "REFRESH", Object: "MANAGER", Priority: P1, Changes: true,
			Synopsis: "REFRESH MANAGER", run: refreshManager,
			Help: "Has the Manager read mgr.prm again, all but PORT."},
		{Verb: "SEND", Object: "MANAGER", Priority: P1, check: checkSend, run: sendManager,
			Synopsis: "SEND MANAGER {CHILDSTATUS [DEBUG] | GETPORTINFO [DETAIL] | " +
				"GETPURGEOLDEXTRACTS | GETPARAMINFO [name] | KILL group}",
			Help: "Asks the Manager for its processes, ports or purge rules.",
			Options: []Arg{{Name: "CHILDSTATUS", Kind: OptWord, Help: "processes it started"},
				{Name: "GETPORTINFO", Kind: OptWord, Help: "ports of DYNAMICPORTLIST"},
				{Name: "GETPURGEOLDEXTRACTS", Help: "purge rules and what they keep"},
				{Name: "GETPARAMINFO", Kind: OptWord, Help: "parameters in force"},
				{Name: "KILL", Kind: Word, Help: "as KILL group"},
				{Name: "DEBUG", Help: "CHILDSTATUS: ports too"},
				{Name: "DETAIL", Help: "GETPORTINFO: processes and times too"},
				{Name: "FILE", Kind: Word, Note: noFile}}},
	}
}
