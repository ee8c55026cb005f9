package param

const (
	loginTail = "[PASSWORD secret] [BLOWFISH] [AES128] [AES192] [AES256] [ENCRYPTKEY value] " +
		"[ALGORITHM value] [SYSDBA] [SESSIONCHARSET name] [THREADS parens]"
	aliasTail = "[DOMAIN value] [SYSDBA] [SESSIONCHARSET name] [THREADS parens]"
	dbTail    = "[USERID login] [USERIDALIAS value] [DOMAIN value] " + loginTail
	nothing   = "nothing is done"
)

// processRows are identity, login and what every parameter file may hold.
var processRows = []Spec{
	{Name: "EXTRACT", Programs: Extract, Syntax: "EXTRACT group",
		Help: "Name of the Extract group."},
	{Name: "REPLICAT", Programs: Replicat, Syntax: "REPLICAT group",
		Help: "Name of the Replicat group."},
	{Name: "USERID", Programs: process | Manager | Defgen, Syntax: "USERID login " + loginTail,
		Help: "Database user and password."},
	{Name: "USERIDALIAS", Programs: process | Manager | Defgen,
		Syntax: "USERIDALIAS value " + aliasTail, Help: "Database login by the credential store."},
	{Name: "SOURCEDB", Programs: Extract | Manager | Defgen,
		Syntax: "SOURCEDB {USERIDALIAS value " + aliasTail + "|value " + dbTail + "}",
		Help:   "Source: a database, sqlite:file, directory:path or kafka:."},
	{Name: "TARGETDB", Programs: Replicat | Manager | Defgen,
		Syntax: "TARGETDB {LIBFILE path [SET PROPERTY = path]|value " + dbTail + "}",
		Help:   "Target database, or the handler of a big data target."},
	{Name: "SETENV", Programs: process | Manager | Defgen, Multi: true,
		Syntax: "SETENV {( key = [setvalue...] )|key = [setvalue...]}",
		Help:   "Environment variable of the process."},
	{Name: "GETENV", Programs: process, Priority: P1, Multi: true,
		Syntax: "GETENV {( value )|value}", Help: "Print an environment variable in the report."},
	{Name: "INCLUDE", Programs: all, Syntax: "INCLUDE path", Multi: true,
		Help: "Read the text of another file here."},
	{Name: "OBEY", Programs: all, Syntax: "OBEY path", Priority: P1, Multi: true,
		Help: "Read the parameters of another file here."},
	{Name: "MACRO", Programs: all, Multi: true, Terminated: true,
		Syntax: "MACRO any", Help: "Define a macro: #name PARAMS (#p1, #p2) BEGIN text END."},
	{Name: "MACROCHAR", Programs: all, Syntax: "MACROCHAR any", Default: "#", Priority: P1,
		Help: "The character that begins macro and parameter names."},
	{Name: "CMDTRACE", Programs: process | Defgen, Syntax: "CMDTRACE {ON|OFF|DETAIL}",
		Default: "OFF", Priority: P2, Multi: true, Help: "Show macro expansion in the report."},
	{Name: "LIST", Programs: all, Syntax: "LIST", Priority: P1, Multi: true,
		Default: "in force", Help: "Show the following lines in the report."},
	{Name: "NOLIST", Programs: all, Syntax: "NOLIST", Priority: P1, Multi: true,
		Help: "Do not show the following lines in the report."},
	{Name: "COMMENT", Programs: all, Syntax: "COMMENT any", Multi: true,
		Help: "The line is a remark, as with --."},
	{Name: "CHECKPARAMS", Programs: process | Manager, Syntax: "CHECKPARAMS", Priority: P1,
		Help: "Check the file and end."},
	{Name: "CHARSET", Programs: all, Syntax: "CHARSET name", Priority: P1,
		Default: "UTF-8", Help: "Character set of this file and of those it includes, as its " +
			"first statement; in GLOBALS also of parameter files that name none. UTF-16 is " +
			"known by its octets."},
	{Name: "FUNCTIONSTACKSIZE", Programs: process | Globals, Syntax: "FUNCTIONSTACKSIZE n",
		Default: "200", Priority: P1, Support: Recognised,
		Help: "Arguments of column functions.", Instead: "the stack has no such limit"},
}

// captureRows say where an Extract reads from.
var captureRows = []Spec{
	{Name: "TRANLOGOPTIONS", Programs: Extract, Multi: true,
		Syntax: "TRANLOGOPTIONS " + tranlogOptions, Help: "How the source's log is read."},
	{Name: "THREADOPTIONS", Programs: Extract, Priority: P2, Support: Recognised, Multi: true,
		Syntax: "THREADOPTIONS any", Help: "Threads of classic capture on a cluster.",
		Instead: "the database's log reader joins the threads"},
	{Name: "BR", Programs: Extract, Priority: P1, Support: Recognised,
		Syntax: "BR [BROFF] [BRINTERVAL span] [BRDIR path] [BRKEEPSTALEFILES] [BRRESET] " +
			"[BRFSOPTION value]",
		Default: "4H", Help: "Bounded recovery.",
		Instead: "a restart reads again from the oldest open transaction"},
	{Name: "CACHEMGR", Programs: Extract | Globals, Priority: P1,
		Syntax:  "CACHEMGR " + cacheOptions,
		Default: "512MB, dirtmp", Multi: true,
		Help: "Memory for open transactions, and where they spill to."},
	{Name: "CACHEMGR", Programs: Replicat, Priority: P1, Support: Recognised, Multi: true,
		Syntax: "CACHEMGR " + cacheOptions, Default: "512MB, dirtmp",
		Help:    "Memory for transactions, and where they spill to.",
		Instead: "a large transaction is applied in parts while it is read"},
	{Name: "WARNLONGTRANS", Programs: Extract, Priority: P1, Default: "1H, CHECKINTERVAL 5M",
		Syntax: "WARNLONGTRANS span [CHECKINTERVAL span] [USELASTREADTIME]",
		Help:   "Age at which an open transaction is reported."},
	{Name: "DBOPTIONS", Programs: process, Priority: P1, Multi: true,
		Syntax: "DBOPTIONS " + dbOptions, Help: "Options of the database session."},
	{Name: "FETCHOPTIONS", Programs: Extract, Priority: P1, Multi: true,
		Syntax: "FETCHOPTIONS " + fetchOptions, Default: "USESNAPSHOT, USELATESTVERSION, USEROWID",
		Help: "How long values that Oracle's log does not hold whole are fetched: from the table as of " +
			"the commit, or not at all with NOUSESNAPSHOT."},
	{Name: "STATOPTIONS", Programs: process, Priority: P1, Multi: true,
		Syntax: "STATOPTIONS [REPORTDETAIL] [NOREPORTDETAIL] [REPORTFETCH] [NOREPORTFETCH] " +
			"[RESETREPORTSTATS] [NORESETREPORTSTATS]",
		Default: "NOREPORTFETCH, NORESETREPORTSTATS", Help: "RESETREPORTSTATS has a report's statistics begin with the report, not with the process."},
	{Name: "JVMOPTIONS", Programs: process, Priority: P1, Support: Recognised, Multi: true,
		Syntax: "JVMOPTIONS any", Help: "Options of a Java machine.",
		Instead: "no part of this product is Java"},
	{Name: "VAM", Programs: Extract, Syntax: "VAM any", Priority: NA, Support: Refused,
		Help: "Library of a capture interface.", Instead: "the source would not be read"},
	{Name: "TRACETABLE", Programs: process, Syntax: "TRACETABLE name", Priority: P2,
		Support: Refused, Help: "Table that marks Replicat's transactions.",
		Instead: "changes would go round in circles; use TRANLOGOPTIONS EXCLUDEUSER"},
	{Name: "NOTRACETABLE", Programs: process, Syntax: "NOTRACETABLE", Priority: P2,
		Support: Recognised, Help: "No trace table.", Instead: "none is ever used"},
	{Name: "GETREPLICATES", Programs: Extract, Syntax: "GETREPLICATES", Priority: P1,
		Help: "Capture what Replicat changed, too: a cascade."},
	{Name: "IGNOREREPLICATES", Programs: Extract, Syntax: "IGNOREREPLICATES", Priority: P1,
		Default: "in force", Help: "Leave out the transactions of a Replicat: those that write a table " +
			"of TRANLOGOPTIONS FILTERTABLE, or, without it, CHECKPOINTTABLE of GLOBALS; at Oracle, " +
			"those of EXCLUDEUSER, too. Where none is named, no transaction counts as a Replicat's."},
	{Name: "GETAPPLOPS", Programs: Extract, Syntax: "GETAPPLOPS", Priority: P1,
		Default: "in force", Help: "Capture what others than a Replicat changed."},
	{Name: "IGNOREAPPLOPS", Programs: Extract, Syntax: "IGNOREAPPLOPS", Priority: P1,
		Help: "Leave out the transactions of all others than a Replicat; with GETREPLICATES only a " +
			"Replicat's are captured. Refused where none is known, and with DDL."},
	{Name: "EXCLUDETAG", Programs: process, Syntax: "EXCLUDETAG {NULL|value}", Priority: P1, Multi: true,
		Help: "Leave out the transactions with a tag, + for any, NULL for those without one. MySQL's log " +
			"(8.3 and later) tells tags, and trails carry them on; an Extract of another log refuses it."},
	{Name: "INCLUDETAG", Programs: process, Syntax: "INCLUDETAG value", Priority: P2, Multi: true,
		Help: "Leave out the transactions without this tag, as far as EXCLUDETAG takes them."},
	{Name: "LOGALLSUPCOLS", Programs: Extract, Syntax: "LOGALLSUPCOLS", Priority: P1,
		Help: "Write before images of all logged columns."},
	{Name: "NOLOGALLSUPCOLS", Programs: Extract, Syntax: "NOLOGALLSUPCOLS", Priority: P1,
		Default: "in force", Help: "Write before images as other parameters say."},
	{Name: "UPDATERECORDFORMAT", Programs: Extract, Priority: P1,
		Syntax: "UPDATERECORDFORMAT [FULL] [COMPACT]",
		Help:   "Before and after image of an update in one record."},
	{Name: "SOURCECATALOG", Programs: process | Defgen, Syntax: "SOURCECATALOG name",
		Priority: P1, Multi: true, Help: "Container of the following two-part names."},
	{Name: "FETCHUSERID", Programs: Extract, Syntax: "FETCHUSERID login " + loginTail,
		Priority: P2, Support: Recognised, Help: "Login for fetches from a standby.",
		Instead: "nothing is fetched"},
	{Name: "FETCHUSERIDALIAS", Programs: Extract, Priority: P2, Support: Recognised,
		Syntax: "FETCHUSERIDALIAS value " + aliasTail,
		Help:   "Login for fetches from a standby.", Instead: "nothing is fetched"},
	{Name: "DICTIONARY_CACHE_SIZE", Programs: Extract, Syntax: "DICTIONARY_CACHE_SIZE n",
		Default: "5000", Priority: P2, Support: Recognised,
		Help: "Entries of the dictionary cache.", Instead: "the cache has no limit"},
	{Name: "HAVEUDTWITHNCHAR", Programs: process, Syntax: "HAVEUDTWITHNCHAR", Priority: P2,
		Support: Recognised, Help: "User types with national characters.",
		Instead: "a table with user types is refused"},
	{Name: "EXCLUDEHIDDENCOLUMNS", Programs: Extract, Syntax: "EXCLUDEHIDDENCOLUMNS",
		Priority: P2, Support: Recognised, Help: "DB2 hidden columns.", Instead: nothing},
	{Name: "ALLOWINVISIBLEINDEXKEYS", Programs: process | Globals, Priority: P2,
		Syntax: "ALLOWINVISIBLEINDEXKEYS", Support: Recognised,
		Help: "Accept a key with an invisible index.", Instead: "such a key is not taken"},
	{Name: "ALLOWNONVALIDATEDKEYS", Programs: process | Globals, Priority: P2,
		Syntax: "ALLOWNONVALIDATEDKEYS", Support: Recognised,
		Help: "Accept a key that is not validated.", Instead: "such a key is not taken"},
	{Name: "PROCEDURE", Programs: process, Syntax: "PROCEDURE any", Priority: P2,
		Support: Refused, Help: "Procedural replication.", MayEnd: true,
		Instead: "procedure calls would not be replicated"},
	{Name: "PROCEDURESERVEROPTIONS", Programs: process, Priority: P2, Support: Recognised,
		Syntax: "PROCEDURESERVEROPTIONS any", Help: "Procedural replication.",
		Instead: nothing},
	{Name: "SEQUENCE", Programs: Extract, Syntax: "SEQUENCE name [TARGET name]", Priority: P1,
		Multi: true, Terminated: true, Help: "Sequences of MariaDB to capture, in a data pump, too: a " +
			"row each time that the source takes values from one. MAP leads it to a sequence of MariaDB, " +
			"which is set so that it never gives a value that the source may have given; never back."},
}

const (
	tranlogOptions = "[EXCLUDEUSER value] [EXCLUDEUSERID value] [EXCLUDETRANS value] [EXCLUDETAG " +
		"{NULL|value}] [INCLUDETAG value] [FILTERTABLE name] [SERVERID n] " +
		"[DICTIONARY {NONE|ONLINECATALOG}] [IGNOREOBJECT n] " +
		"[ALTARCHIVELOGDEST [PRIMARY] [INSTANCE value] [THREADID n] path] " +
		"[ALTARCHIVEDLOGFORMAT [INSTANCE value] [THREADID n] value] [ALTONLINELOGS parens] " +
		"[ALTLOGDEST {REMOTE|path}] [DBLOGREADER] [DBLOGREADERBUFSIZE n] [ASMUSER login] " +
		"[ASMPASSWORD secret] [BLOWFISH] [AES128] [AES192] [AES256] [ENCRYPTKEY value] " +
		"[ASMUSERALIAS value] [DOMAIN value] [ASMBUFSIZE n] [MAXASMCONNECTIONS n] " +
		"[LOGSOURCE value] [PATHMAP parens] [ARCHIVEDLOGONLY] [COMPLETEARCHIVEDLOGONLY] " +
		"[NOCOMPLETEARCHIVEDLOGONLY] [COMPLETEARCHIVEDLOGTIMEOUT n] [INTEGRATEDPARAMS " +
		"parens] [MININGUSER login] [MININGPASSWORD secret] [PASSWORD secret] " +
		"[MININGUSERALIAS value] [CHECKPOINTRETENTIONTIME value] " +
		"[PURGEORPHANEDTRANSACTIONS] [NOPURGEORPHANEDTRANSACTIONS] [TRANSCLEANUPFREQUENCY " +
		"n] [BUFSIZE n] [LOGRETENTION {ENABLED|SR|DISABLED}] [USEPREVRESETLOGSID] " +
		"[NOUSEPREVRESETLOGSID] [FORCEFETCHLOB] [PREPAREFORUPGRADETOIE] " +
		"[NOPREPAREFORUPGRADETOIE] [HANDLEDLFAILOVER [STANDBY_WARNING n] [STANDBY_ABEND n]] " +
		"[FAILOVERTARGETDESTID n] [FETCHPARTIALLOB] [FETCHPARTIALXML] [FETCHPARTIALJSON] " +
		"[FETCHLOBIFERROR] [FETCHINLINESFLOB] [SUPPRESSNOOOPUPDATES] [SUPPRESSNOOPUPDATES] " +
		"[MANAGESECONDARYTRUNCATIONPOINT] [NOMANAGESECONDARYTRUNCATIONPOINT] " +
		"[ACTIVESECONDARYTRUNCATIONPOINT] [MIXEDENDIAN [value]] [ACTIVATIONIDPADLEN n] " +
		"[VAMCOMPATIBILITY n] [TRANCOUNT n] [MANAGECDCCLEANUP] [NOMANAGECDCCLEANUP] " +
		"[QUERYTIMEOUT n] [READQUEUESIZE n] [READTIMEOUT n] [IGNOREDATACAPTURECHANGES] " +
		"[NOIGNOREDATACAPTURECHANGES] [IGNOREDIRECTLOADINSERTS] [GETDIRECTLOADINSERTS] " +
		"[INCLUDEREGIONID] [INCLUDEREGIONIDWITHOFFSET] [MINEFROMACTIVEDG] " +
		"[MINEFROMSNAPSHOTSTBY] [NOMINEFROMSNAPSHOTSTBY] [CONVERTUCS2CLOBS] " +
		"[NOCONVERTUCS2CLOBS] [DISABLESUPPLOGCHECK] [DISABLESOFTEOFDELAY] [LOB_CHUNK_SIZE " +
		"n] [LOBCHUNKSIZE n] [MAXREADSIZE n] [MAXWARNEOF n] [NODDLCHANGEWARNING] " +
		"[DLFAILOVER_TIMEOUT n] [VERSIONCHECK value] [ENABLE_PROCEDURAL_REPLICATION {Y|N}] " +
		"[ENABLE_AUTO_CAPTURE] [USE_ROOT_CONTAINER_TIMEZONE] [SOURCE_OS_TIMEZONE value] " +
		"[REDO_TRANSPORT_LAG_THRESHOLD n] [REDO_TRANSPORT_LAG_TIMEOUT n] " +
		"[REQUIRELONGDATACAPTURECHANGES] [NOREQUIRELONGDATACAPTURECHANGES] " +
		"[PERFORMANCEPROFILE value] [TSLOOKUPBEGINLRI] [TSLOOKUPENDLRI n] " +
		"[USENATIVEOBJSUPPORT] [NOUSENATIVEOBJSUPPORT] " + streamOptions

	// streamOptions are of sources that are files or topics.
	streamOptions = "[FILES value] [TABLENAME value] [FORMAT {CSV|JSON|OGG_JSON|OGG_JSON_ROW|" +
		"GENERIC}] [HEADER] [NOHEADER] [DELIMITER value] [QUOTE value] [NULLTEXT value] " +
		"[MAXRECORD size] [COLUMNS parens] [SCHEMA value] [DEFINITIONS path] [TOPICS parens] " +
		"[READORDER {TIME|NAME}] [BATCHROWS n] [BADRECORD {ABEND|DISCARD}] [PAYLOAD " +
		"{TEXT|BYTES}] [KAFKACONSUMERPROPERTIES path] [GETMETADATAFROMVAM] [TRACKSCHEMACHANGES]"

	cacheOptions = "[CACHESIZE size] [CACHEDIRECTORY path [size]] [CACHEPAGEOUTSIZE size] " +
		"[CACHEBUFFERSIZE size] [CACHESIZEMAX size]"

	dbOptions = "[SUPPRESSTRIGGERS] [NOSUPPRESSTRIGGERS] [DEFERREFCONST] [LIMITROWS] [NOLIMITROWS] " +
		"[HOST value] [CONNECTIONPORT n] [ALLOWLOBDATATRUNCATE] [NOALLOWLOBDATATRUNCATE] " +
		"[EMPTYLOBSTRING value] [EMPTYSTRING {NULL|BLANK|REFUSE}] [LOBWRITESIZE n] [DISABLELOBCACHING] [DISABLECOMMITNOWAIT] " +
		"[SETTAG [value]] [SKIPTEMPLOB] [NOSKIPTEMPLOB] [FETCHBATCHSIZE n] [FETCHLOBS] " +
		"[NOFETCHLOBS] [CATALOGCONNECT] [NOCATALOGCONNECT] [SHOWINFOMESSAGES] " +
		"[SHOWWARNINGS] [SPTHREAD] [NOSPTHREAD] [TDSPACKETSIZE n] [USEODBC] " +
		"[USEREPLICATIONUSER] [XMLBUFSIZE n] [BINDCHARFORBITASCHAR] " +
		"[NOBINDCHARFORBITASCHAR] [DECRYPTPASSWORD {secret}] " +
		"[ENABLE_INSTANTIATION_FILTERING] [SESSIONPOOLMAX n] [SESSIONPOOLMIN n] " +
		"[SESSIONPOOLINCR n] [SOURCE_DB_NAME value] [ALLOWUNUSEDCOLUMN] " +
		"[NOALLOWUNUSEDCOLUMN] [INTEGRATEDPARAMS parens] [FETCHTIMEOUT n] [NOFETCHTIMEOUT] " +
		"[FETCHCHECKFREQ n] [FETCHRETRYCOUNT n] [ALLOWNONSTANDARDCOLLATION]"

	fetchOptions = "[NOUSESNAPSHOT] [USESNAPSHOT] [USELATESTVERSION] [NOUSELATESTVERSION] [USEKEY] " +
		"[NOUSEKEY] [USEROWID] [NOUSEROWID] [MISSINGROW " +
		"{ALLOW|IGNORE|REPORT|DISCARD|ABEND}] [FETCHPKUPDATECOLS] [NOFETCHPKUPDATECOLS] " +
		"[INCONSISTENTROW {ALLOW|IGNORE|REPORT|DISCARD|ABEND}] [MAXFETCHSTATEMENTS n] " +
		"[SUPPRESSDUPLICATES] [FETCH_LOB value] [VIEW value]"
)
