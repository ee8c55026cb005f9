package commands

// What options that are known and not acted on are answered with.
const (
	noThreads  = "a source with one log has one thread; the option is not needed."
	noMode     = "the group is an ordinary one; parameters say how it applies."
	noRecovery = "the recovery position is the program's own; use EXTSEQNO and EXTRBA."
	noOracle   = "it belongs to a kind of database that this product does not capture from."
	noAlias    = "alias groups are not needed: pumps call their target."
	noProxy    = "connections through a proxy are not made."
	noTeradata = "it belongs to a platform that this product does not run on."
)

func positionOptions() []Arg {
	return []Arg{
		{Name: "BEGIN", Kind: When, Help: "start at a time: NOW, EARLIEST or " +
			"yyyy-mm-dd hh:mi:ss"},
		{Name: "EXTSEQNO", Kind: Number, Help: "start in the log or trail file of this number"},
		{Name: "EXTRBA", Kind: Number, Help: "start at this byte of the file"},
		{Name: "LOGNUM", Kind: Number, Help: "MySQL: start in the binary log of this number"},
		{Name: "LOGPOS", Kind: Number, Help: "MySQL: start at this byte of the binary log"},
		{Name: "SEQNO", Kind: Number, Help: "as EXTSEQNO"},
		{Name: "EOF", Kind: Flag, Help: "start at the end of what is there now"},
		{Name: "SCN", Kind: Word, Help: "start at this commit sequence number"},
		{Name: "CSN", Kind: Word, Help: "as SCN"},
		{Name: "LSN", Kind: Word, Help: "as SCN, for databases that call it so"},
		{Name: "LRI", Kind: Word, Refuse: noOracle},
		{Name: "PAGE", Kind: Number, Refuse: noOracle},
		{Name: "ROW", Kind: Number, Refuse: noOracle},
		{Name: "PARAMS", Kind: Word, Aliases: []string{"PARAM"}, Help: "another parameter file"},
		{Name: "REPORT", Kind: Word, Help: "another report file"},
		{Name: "DESC", Kind: Word, Aliases: []string{"DESCRIPTION"}, Help: "a description, quoted"},
	}
}

func with(a []Arg, more ...Arg) []Arg { return append(append([]Arg{}, more...), a...) }

var groupPlace = []Arg{{Name: "group", Kind: Word, Help: "name; * and ? for several"}}

func extractRows() []Command {
	return []Command{
		{Verb: "ADD", Object: "EXTRACT", Priority: P0, Changes: true,
			Synopsis: "ADD EXTRACT group, {[INTEGRATED] TRANLOG | EXTTRAILSOURCE trail | " +
				"SOURCEISTABLE} [, BEGIN {NOW | EARLIEST | time} | EXTSEQNO n, EXTRBA n | LOGNUM n, LOGPOS n | " +
				"SCN n | EOF] [, PARAMS file] [, REPORT file] [, DESC 'text']",
			Help: "Creates an Extract group and its checkpoint file: a capture that reads a " +
				"database's log, a data pump that reads a trail, or an initial load.",
			Places: groupPlace, check: checkAddExtract, run: addExtract,
			Options: with(positionOptions(),
				Arg{Name: "TRANLOG", Help: "read the database's transaction log"},
				Arg{Name: "INTEGRATED", Help: "accepted for TRANLOG"},
				Arg{Name: "VAM", Help: "as TRANLOG"},
				Arg{Name: "EXTTRAILSOURCE", Kind: Word, Help: "a data pump: read this trail"},
				Arg{Name: "SOURCEISTABLE", Help: "an initial load: read the tables themselves"},
				Arg{Name: "THREADS", Kind: Number, Note: noThreads},
				Arg{Name: "PASSIVE", Refuse: "pumps always call their target; see ACCESSRULE."},
				Arg{Name: "EXTFILESOURCE", Kind: Word, Refuse: "use EXTTRAILSOURCE with a trail."},
				Arg{Name: "VAMTRAILSOURCE", Kind: Word, Refuse: noTeradata},
				Arg{Name: "RMTHOST", Kind: Word,
					Refuse: noAlias},
				Arg{Name: "MGRPORT", Kind: Number, Aliases: []string{"PORT"}, Refuse: noAlias},
				Arg{Name: "RMTNAME", Kind: Word, Refuse: noAlias},
				Arg{Name: "SOCKSPROXY", Kind: Word, Refuse: noProxy},
				Arg{Name: "PROXYCSALIAS", Kind: Word, Refuse: noProxy},
				Arg{Name: "PROXYCSDOMAIN", Kind: Word, Refuse: noProxy})},
		{Verb: "ALTER", Object: "EXTRACT", Priority: P0, Changes: true,
			Synopsis: "ALTER EXTRACT group [, BEGIN {NOW | EARLIEST | time} | EXTSEQNO n, EXTRBA n | " +
				"LOGNUM n, LOGPOS n | SCN n | EOF] [, ETROLLOVER] [, PARAMS file] [, DESC 'text']",
			Help: "Changes a stopped Extract: most often where it reads on, or ETROLLOVER to " +
				"begin a new trail file at the next start.",
			Places: groupPlace, check: checkPosition, run: alterGroup, Options: alterOptions()},
	}
}

func alterOptions() []Arg {
	return with(positionOptions(),
		Arg{Name: "ETROLLOVER", Help: "begin the next trail file at the next start"},
		Arg{Name: "EXTTRAILSOURCE", Kind: Word, Help: "another trail to read"},
		Arg{Name: "EXTTRAIL", Kind: Word, Help: "another trail to read"},
		Arg{Name: "CHECKPOINTTABLE", Kind: Word, Help: "another checkpoint table"},
		Arg{Name: "NODBCHECKPOINT", Help: "no checkpoint table"},
		Arg{Name: "INTEGRATED", Note: noMode}, Arg{Name: "NONINTEGRATED", Note: noMode},
		Arg{Name: "TRANLOG", Note: noMode}, Arg{Name: "THREADS", Kind: Number, Note: noThreads},
		Arg{Name: "THREAD", Kind: Number, Note: noThreads},
		Arg{Name: "UPGRADE", Note: noMode}, Arg{Name: "DOWNGRADE", Note: noMode},
		Arg{Name: "IOEXTSEQNO", Kind: Number, Refuse: noRecovery},
		Arg{Name: "IOEXTRBA", Kind: Number, Refuse: noRecovery})
}

func replicatRows() []Command {
	return []Command{
		{Verb: "ADD", Object: "REPLICAT", Priority: P0, Changes: true,
			Synopsis: "ADD REPLICAT group, {EXTTRAIL trail | SPECIALRUN} [, BEGIN {NOW | EARLIEST | time} | " +
				"EXTSEQNO n, EXTRBA n] [, CHECKPOINTTABLE owner.table | NODBCHECKPOINT] " +
				"[, PARAMS file] [, REPORT file] [, DESC 'text']",
			Help: "Creates a Replicat group and its checkpoint file: one that applies a trail from " +
				"its first file on, or a task of an initial load. Without CHECKPOINTTABLE, " +
				"GLOBALS says which checkpoint table is used.",
			Places: groupPlace, check: checkAddReplicat, run: addReplicat,
			Options: with(positionOptions(),
				Arg{Name: "EXTTRAIL", Kind: Word, Help: "the trail to apply"},
				Arg{Name: "EXTFILE", Kind: Word, Refuse: "use EXTTRAIL with a trail."},
				Arg{Name: "SPECIALRUN", Help: "a task of an initial load"},
				Arg{Name: "CHECKPOINTTABLE", Kind: Word, Help: "table in the target that keeps the position"},
				Arg{Name: "NODBCHECKPOINT", Help: "keep the position in dirchk only"},
				Arg{Name: "INTEGRATED", Note: noMode}, Arg{Name: "COORDINATED", Note: noMode},
				Arg{Name: "PARALLEL", Note: noMode}, Arg{Name: "NONINTEGRATED", Note: noMode},
				Arg{Name: "MAXTHREADS", Kind: Number, Note: noMode},
				Arg{Name: "CPU", Kind: Number, Note: noTeradata},
				Arg{Name: "PRI", Kind: Number, Note: noTeradata},
				Arg{Name: "PROCESSNAME", Kind: Word, Note: noTeradata})},
		{Verb: "ALTER", Object: "REPLICAT", Priority: P0, Changes: true,
			Synopsis: "ALTER REPLICAT group [, EXTSEQNO n, EXTRBA n | BEGIN {NOW | EARLIEST | time}] " +
				"[, EXTTRAIL trail] [, CHECKPOINTTABLE owner.table] [, PARAMS file] [, DESC 'text']",
			Help:   "Changes a stopped Replicat: most often where it reads on.",
			Places: groupPlace, check: checkPosition, run: alterGroup, Options: alterOptions()},
	}
}
