package param

const (
	fileTail  = "[FORMAT RELEASE value] [PURGE] [APPEND] [MEGABYTES n] [MAXFILES n] "
	trailTail = "[FORMAT {RELEASE value|LEVEL n}] [MEGABYTES n] [TRAILBYTEORDER value] " +
		"[OBJECTDEFS value] [NOOBJECTDEFS]"
	hostTail = "[COMPRESS] [COMPRESSTHRESHOLD n] [ENCRYPT {NONE|BLOWFISH|AES128|AES192|AES256}] " +
		"[KEYNAME value] [MGRPORT n] [PORT n] [CPU n] [PRI n] [HOMETERM value] [PROCESSNAME value] " +
		"[PARAMS value] [SOCKSPROXY value] [PROXYCSALIAS value] [PROXYCSDOMAIN value] " +
		"[STREAMING] [NOSTREAMING] [TCPBUFSIZE n] [TCPFLUSHBYTES n] [TIMEOUT n] " +
		"[VAR value] [SOURCE value]"
	fileHelp = "Its files are numbered like a trail's, with MAXFILES and without, each of " +
		"MEGABYTES. PURGE removes those that are there at the begin of a load; APPEND goes on " +
		"behind them."
	plainTrail = "the trail would be written otherwise than it says"
)

// outputRows say where an Extract writes to.
var outputRows = []Spec{
	{Name: "EXTTRAIL", Programs: Extract, Syntax: "EXTTRAIL path " + trailTail, Multi: true,
		Help: "Local trail."},
	{Name: "RMTTRAIL", Programs: Extract, Syntax: "RMTTRAIL path " + trailTail, Multi: true,
		Help: "Trail on the host of the RMTHOST before it."},
	{Name: "RMTHOST", Programs: Extract, Syntax: "RMTHOST value " + hostTail, Multi: true,
		Default: "MGRPORT 7809, COMPRESSTHRESHOLD 1000, TIMEOUT 300",
		Help:    "Target host of the following remote trails and files."},
	{Name: "RMTHOSTOPTIONS", Programs: Extract, Syntax: "RMTHOSTOPTIONS " + hostTail,
		Priority: P2, Support: Recognised, Multi: true, Help: "Options of a passive Extract.",
		Instead: "an Extract always connects by itself"},
	{Name: "RMTFILE", Programs: Extract, Syntax: "RMTFILE path " + fileTail, Multi: true,
		Default: "MEGABYTES 500, APPEND",
		Help: "Extract file on the host of the RMTHOST before it: a trail that needs no ADD " +
			"RMTTRAIL. " + fileHelp},
	{Name: "EXTFILE", Programs: process, Syntax: "EXTFILE path " + fileTail, Multi: true,
		Default: "MEGABYTES 500, APPEND",
		Help: "Local extract file: output of Extract, input of a special run of Replicat. " +
			fileHelp},
	{Name: "RMTTASK", Programs: Extract, Multi: true,
		Syntax: "RMTTASK REPLICAT [GROUP group] [FORMAT RELEASE value] [PARAMS value]",
		Help:   "Replicat task of the target host that applies an initial load while it is read."},
	{Name: "RMTBATCH", Programs: Extract, Syntax: "RMTBATCH any", Priority: NA,
		Support: Refused, Help: "NonStop only.", Instead: "nothing would be written"},
	{Name: "ENCRYPTTRAIL", Programs: Extract, Priority: P1, Multi: true, Default: "AES256",
		Syntax: "ENCRYPTTRAIL [BLOWFISH] [AES128] [AES192] [AES256] [KEYNAME value]",
		Help: "Encrypt the following trails, under the master key of the wallet or a key of " +
			"ENCKEYS, of the home that the trail lies in. BLOWFISH is done as AES256."},
	{Name: "NOENCRYPTTRAIL", Programs: Extract, Syntax: "NOENCRYPTTRAIL", Priority: P1,
		Default: "in force, but for a data pump of an encrypted trail", Multi: true,
		Help: "Write the following trails in clear."},
	{Name: "DECRYPTTRAIL", Programs: process, Priority: P1,
		Syntax: "DECRYPTTRAIL [BLOWFISH] [AES128] [AES192] [AES256] [KEYNAME value]",
		Help: "Look for the key of the trail at the start; encrypted trails are read without it " +
			"too. A data pump writes in clear what ENCRYPTTRAIL is not said of."},
	{Name: "PASSTHRU", Programs: Extract, Syntax: "PASSTHRU", Multi: true,
		Help: "Pass the following tables through without mapping."},
	{Name: "NOPASSTHRU", Programs: Extract, Syntax: "NOPASSTHRU", Default: "in force",
		Multi: true, Help: "Map the following tables."},
	{Name: "NUMFILES", Programs: process, Syntax: "NUMFILES n", Default: "1000",
		Priority: P2, Support: Recognised, Help: "Initial size of table lists.",
		Instead: "table lists grow by themselves"},
	{Name: "ALLOCFILES", Programs: process, Syntax: "ALLOCFILES n", Default: "500",
		Priority: P2, Support: Recognised, Help: "Growth of table lists.",
		Instead: "table lists grow by themselves"},
	{Name: "COMPRESSDELETES", Programs: Extract, Syntax: "COMPRESSDELETES", Multi: true,
		Default: "in force", Help: "Deletes carry only the key."},
	{Name: "NOCOMPRESSDELETES", Programs: Extract, Syntax: "NOCOMPRESSDELETES", Multi: true,
		Help: "Deletes carry all columns."},
	{Name: "COMPRESSUPDATES", Programs: Extract, Syntax: "COMPRESSUPDATES", Multi: true,
		Default: "in force", Help: "Updates carry the key and what changed."},
	{Name: "NOCOMPRESSUPDATES", Programs: Extract, Syntax: "NOCOMPRESSUPDATES", Multi: true,
		Help: "Updates carry all columns."},
	{Name: "FORMATASCII", Programs: Extract, Syntax: "FORMATASCII any", Priority: P2,
		Support: Refused, Help: "Text instead of a trail.", Instead: plainTrail},
	{Name: "FORMATSQL", Programs: Extract, Syntax: "FORMATSQL any", Priority: P2,
		Support: Refused, Help: "SQL text instead of a trail.", Instead: plainTrail},
	{Name: "FORMATXML", Programs: Extract, Syntax: "FORMATXML any", Priority: P2,
		Support: Refused, Help: "XML instead of a trail.", Instead: plainTrail},
	{Name: "NOHEADERS", Programs: Extract, Syntax: "NOHEADERS", Priority: P2,
		Support: Refused, Help: "No record headers.", Instead: plainTrail},
	{Name: "RECOVERYOPTIONS", Programs: Extract, Priority: P2, Support: Recognised,
		Syntax: "RECOVERYOPTIONS {APPENDMODE|OVERWRITEMODE}", Default: "APPENDMODE",
		Help:    "How a trail is continued after an abend.",
		Instead: "what was not synced is written again"},
	{Name: "ROLLOVER", Programs: Extract, Syntax: "ROLLOVER [AT hhmi] [ON day] [REPORT]",
		Priority: P1, Multi: true, Dynamic: true, Help: "When a new trail file is begun."},
	{Name: "FLUSHSECS", Programs: Extract, Syntax: "FLUSHSECS n", Default: "1", Priority: P1,
		Help: "Longest time in seconds that data wait in the buffer."},
	{Name: "FLUSHCSECS", Programs: Extract, Syntax: "FLUSHCSECS n", Priority: P1,
		Help: "The same in hundredths of a second."},
	{Name: "TCPSOURCETIMER", Programs: Extract, Syntax: "TCPSOURCETIMER", Priority: P2,
		Support: Recognised, Default: "in force", Help: "Correct clocks for lag.",
		Instead: "lag is the difference of the two clocks"},
	{Name: "NOTCPSOURCETIMER", Programs: Extract, Syntax: "NOTCPSOURCETIMER", Priority: P2,
		Support: Recognised, Help: "Do not correct clocks for lag.",
		Instead: "lag is the difference of the two clocks"},
	{Name: "PURGEOLDEXTRACTS", Programs: process, Priority: P1, Default: "MINKEEPFILES 1",
		Syntax: "PURGEOLDEXTRACTS [path] [USECHECKPOINTS] [NOUSECHECKPOINTS] [MINKEEPHOURS n] " +
			"[MINKEEPDAYS n] [MINKEEPFILES n]",
		Help: "The Manager deletes, at each CHECKMINUTES, what was read of the group's trail and " +
			"no group of this home needs (always USECHECKPOINTS); a rule of mgr.prm for the " +
			"trail counts alone, of several groups' the one that keeps most."},
	{Name: "TRACE", Programs: process, Syntax: "TRACE any", Priority: P2,
		Support: Recognised, Help: "Trace for support.", Instead: nothing},
	{Name: "TRACE2", Programs: process, Syntax: "TRACE2 any", Priority: P2,
		Support: Recognised, Help: "Trace for support.", Instead: nothing},
	{Name: "TLTRACE", Programs: process, Syntax: "TLTRACE any", Priority: P2,
		Support: Recognised, Help: "Trace for support.", Instead: nothing},
}
