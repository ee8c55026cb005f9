package ggserr

import "sort"

// The numbers of the messages. GoldenGate's numbers where it has one for the
// case; from 30000 on, ours.
const (
	Generic             Number = 1
	NoTableStatement    Number = 36
	FileExists          Number = 37
	TableMissing        Number = 199
	ColumnMissing       Number = 201
	UnknownTableOption  Number = 203
	UnknownMapOption    Number = 212
	RangeEmpty          Number = 222
	BadParameter        Number = 303
	LogProblem          Number = 446
	DDLApplying         Number = 482
	DDLSucceeded        Number = 483
	DDLExecuting        Number = 484
	DDLIncluded         Number = 487
	DDLExcluded         Number = 488
	DDLMapped           Number = 489
	DDLWritten          Number = 497
	DDLFailed           Number = 519
	SQLFailed           Number = 551
	ConnectFailed       Number = 768
	LoginFailed         Number = 769
	DatabaseMessage     Number = 869
	KeyColumnUnmapped   Number = 918
	AccessDenied        Number = 936
	ManagerStopped      Number = 938
	LagCritical         Number = 947
	LagInfo             Number = 948
	PurgeKept           Number = 950
	PurgedByRule        Number = 952
	PurgedByCheckpoints Number = 957
	KeepFilesIgnored    Number = 958
	OthersAdmitted      Number = 960
	CommandReceived     Number = 963
	GroupUp             Number = 965
	GroupRestarted      Number = 966
	ProcessEnded        Number = 973
	CollectorStarted    Number = 974
	GroupStartOrdered   Number = 975
	GroupDown           Number = 979
	ManagerStarted      Number = 983
	ShellCommand        Number = 987
	ExtractStopped      Number = 991
	ExtractStarting     Number = 992
	ExtractStarted      Number = 993
	ReplicatStopped     Number = 994
	ReplicatStarting    Number = 995
	ReplicatStarted     Number = 996
	TransactionRetried  Number = 1003
	TransactionRolled   Number = 1004
	WildcardImmediate   Number = 1017
	RowRetried          Number = 1024
	LongTransaction     Number = 1027
	RemoteWrite         Number = 1031
	TrailNotAssigned    Number = 1044
	TrailRecovery       Number = 1052
	FileOpen            Number = 1091
	TrailWrite          Number = 1096
	ApplyError          Number = 1154
	ApplyWarning        Number = 1168
	NetworkRetry        Number = 1223
	NetworkError        Number = 1224
	MapError            Number = 1296
	TrailDamaged        Number = 1389
	TrailMissing        Number = 1416
	DDLFound            Number = 1487
	PositioningTo       Number = 1515
	PositionedTo        Number = 1516
	FirstRecord         Number = 1517
	TrailGap            Number = 1519
	RolloverDone        Number = 1520
	ProcessAbending     Number = 1668
	TrailOpening        Number = 1669
	ExtractUnregistered Number = 1750
	BatchEnd            Number = 1972
	ExtractRegistered   Number = 2003
	EnvironmentSet      Number = 2095
	TrailOpened         Number = 2243
	GroupNameMismatch   Number = 2288
	DefinitionFromTrail Number = 2756
	DefinitionMissing   Number = 2757
	SourceDefsIgnored   Number = 2761
	ProcessingTable     Number = 2911
	ConditionUndecided  Number = 3019
	SessionCharset      Number = 3036
	LoginCharset        Number = 3037
	CheckpointTableNone Number = 5673
	NoUniqueKey         Number = 6439
	MapResolved         Number = 6505
	WildcardMapResolved Number = 6506
	WildcardTableFound  Number = 6508
	SourceKeyColumns    Number = 6509
	TargetKeyColumns    Number = 6510
	DefaultMapColumns   Number = 6511
	ExtractRunning      Number = 8201
	ReplicatRunning     Number = 8283
	PluginLoaded        Number = 15050
	PluginFailed        Number = 15051
	TrandataAdded       Number = 15132
	TrailLocked         Number = 30100
	TrailPosition       Number = 30101
	TrailLost           Number = 30102
	TrailKey            Number = 30103
	ParameterIgnored    Number = 30110
	ParameterRefused    Number = 30111
	PropertyWrong       Number = 30112
	PropertyUnknown     Number = 30113
	PropertyNote        Number = 30114
	PasswordSealed      Number = 30115
	KeyMissing          Number = 30116
	ManagerRunning      Number = 30120
	RestartLast         Number = 30121
	RestartGivenUp      Number = 30122
	TaskPurged          Number = 30123
	TargetAway          Number = 30130
	TargetBack          Number = 30131
	DiscardFull         Number = 30132
	EventRecord         Number = 30133
	EventSuspended      Number = 30134
	ShellFailed         Number = 30135
	ShellEnded          Number = 30136
	RecordBad           Number = 30140
	SourceChanged       Number = 30141
	SourceGone          Number = 30142
	SourceLost          Number = 30143
	SourceWaiting       Number = 30144
	LoadSnapshot        Number = 30160
	LoadProgress        Number = 30161
	LoadEnded           Number = 30162
	LoadUnlogged        Number = 30163
	LoadCatchUp         Number = 30164
	LoadBroken          Number = 30165
	DefinitionsWrong    Number = 30170
	DefinitionFromFile  Number = 30171
	DefinitionsDiffer   Number = 30172
	DDLLetPass          Number = 30180
	DDLNotApplied       Number = 30181
	DDLRetried          Number = 30182
	SystemLogAway       Number = 30195
)

// Catalog returns all messages in the order of their numbers. The caller must
// not change the slice's rows.
func Catalog() []Message { return catalog }

// Lookup finds a message by its number.
func Lookup(n Number) (Message, bool) {
	i := sort.Search(len(catalog), func(i int) bool { return catalog[i].Number >= n })
	if i < len(catalog) && catalog[i].Number == n {
		return catalog[i], true
	}
	return Message{}, false
}

// catalog is sorted by number; a test keeps it so.
var catalog = []Message{
	{Generic, Fatal, "%s", "The program met a condition it has no better number for.", "Act on the text."},
	{NoTableStatement, Fatal, "%s has no TABLE or MAP statement", "A group without TABLE or MAP has nothing to do.", "Add a TABLE (Extract) or MAP (Replicat) statement to the parameter file."},
	{FileExists, Fatal, "File %s exists already", "A file is not replaced unasked.", "Add PURGE to DEFSFILE to replace it, or APPEND to add to it."},
	{TableMissing, Fatal, "Table %s does not exist in the target database", "The TARGET of a MAP was not found.", "Create the table, or correct the MAP statement."},
	{ColumnMissing, Fatal, "Column %s does not exist in table %s", "A statement names a column that the table does not have.", "Correct the name, or add the column."},
	{UnknownTableOption, Fatal, "Unknown option %s in TABLE", "", "Correct the option."},
	{UnknownMapOption, Fatal, "Unknown option %s in MAP", "", "Correct the option."},
	{RangeEmpty, Fatal, "Table %s: @RANGE has nothing to go by: all its columns are NULL or missing in the record", "Which group has to take the row cannot be told.", "Name columns that each record carries in @RANGE, or in KEYCOLS."},
	{BadParameter, Fatal, "%s", "A parameter file could not be understood.", "Correct the named place and try again."},
	{LogProblem, Fatal, "%s", "The source's log cannot be read at the wanted position.", "Act on the text."},
	{DDLApplying, Info, "DDL found, operation [%s (size %d)]", "", ""},
	{DDLSucceeded, Info, "DDL operation successful", "", ""},
	{DDLExecuting, Info, "Executing DDL operation [%s]", "", ""},
	{DDLIncluded, Info, "DDL operation included [%s], optype [%s], objtype [%s], object %s", "", ""},
	{DDLExcluded, Info, "DDL operation excluded [%s], optype [%s], objtype [%s], object %s", "", ""},
	{DDLMapped, Info, "DDL is of mapped scope, after mapping new operation [%s (size %d)]", "", ""},
	{DDLWritten, Info, "Writing DDL operation to extract trail file", "", ""},
	{DDLFailed, Fatal, "Error executing DDL operation [%s]: %s", "The target refused a statement that the source has executed.", "Make the change on the target by hand and START REPLICAT with SKIPTRANSACTION, or say with DDLERROR what is to become of it."},
	{SQLFailed, Fatal, "Database operation failed: %s", "The database refused a statement.", "Act on the database's message."},
	{ConnectFailed, Fatal, "Cannot connect to database %s", "The server did not answer or refused the connection.", "Check host, port and that the server runs."},
	{LoginFailed, Fatal, "Login to database %s as user %s failed", "The server refused user or password.", "Check user, password and the user's privileges."},
	{DatabaseMessage, Warning, "%s", "The database sent a message.", "Act on the text."},
	{KeyColumnUnmapped, Fatal, "Key column %s of table %s is missing from the map", "Updates and deletes find their row by the key, and no source column gives this one.", "Map the column with COLMAP, or name other key columns with KEYCOLS."},
	{AccessDenied, Warning, "Access denied: %s", "The caller is not admitted.", "Act on the text."},
	{ManagerStopped, Info, "Manager is stopping at user request", "", ""},
	{LagCritical, Warning, "Lag for %s is %s (checkpoint updated %s ago)", "The lag is above LAGCRITICAL.", "See why the group is late: LAG, STATS and the report."},
	{LagInfo, Info, "Lag for %s is %s (checkpoint updated %s ago)", "The lag is above LAGINFO.", ""},
	{PurgeKept, Info, "Kept trail file %s: %s", "A purge rule keeps the file.", ""},
	{PurgedByRule, Info, "Purged old trail file %s, applying the rule %s", "", ""},
	{PurgedByCheckpoints, Info, "Purged old trail file %s, applying USECHECKPOINTS (oldest file needed: %s)", "", ""},
	{KeepFilesIgnored, Warning, "MINKEEPFILES of %s is ignored because MINKEEPHOURS or MINKEEPDAYS is given", "", ""},
	{OthersAdmitted, Info, "Callers of other hosts are admitted by ACCESSRULE at port %d; the certificate's fingerprint is %s", "An ACCESSRULE of mgr.prm admits an address that is not of this host.", ""},
	{CommandReceived, Info, "Command received from %s (%s)", "", ""},
	{GroupUp, Info, "%s %s is up and running", "", ""},
	{GroupRestarted, Warning, "Restarted %s %s after it ended without order (attempt %d of %d)", "AUTORESTART is in force.", "See the group's report for why it ended."},
	{ProcessEnded, Info, "Manager ended process %d of %s %s by %s", "", ""},
	{CollectorStarted, Info, "Manager started collector process (port %d) for %s", "", ""},
	{GroupStartOrdered, Info, "%s %s starting", "", ""},
	{GroupDown, Info, "%s %s is down (%s)", "", ""},
	{ManagerStarted, Info, "Manager started (port %d)", "", ""},
	{ShellCommand, Info, "GGSH command (%s): %s", "", ""},
	{ExtractStopped, Info, "EXTRACT %s stopped normally", "", ""},
	{ExtractStarting, Info, "EXTRACT %s starting", "", ""},
	{ExtractStarted, Info, "EXTRACT %s started", "", ""},
	{ReplicatStopped, Info, "REPLICAT %s stopped normally", "", ""},
	{ReplicatStarting, Info, "REPLICAT %s starting", "", ""},
	{ReplicatStarted, Info, "REPLICAT %s started", "", ""},
	{TransactionRetried, Warning, "Repositioning to rba %d in seqno %d", "A transaction is applied again after an error.", ""},
	{TransactionRolled, Warning, "Grouped transaction rolled back on table %s: %s", "An operation of a grouped transaction failed.", ""},
	{WildcardImmediate, Info, "Wildcard resolution set to IMMEDIATE because SOURCEISTABLE is used", "", ""},
	{RowRetried, Warning, "Trying again after %s (attempt %d)", "REPERROR orders to try again.", ""},
	{LongTransaction, Warning, "Long running transaction: %s", "WARNLONGTRANS is in force.", ""},
	{RemoteWrite, Fatal, "There is a problem with remote trail %s: %s", "The collector could not write.", "Act on the text; the pump goes on from where the remote disk is."},
	{TrailNotAssigned, Fatal, "The trail '%s' is not assigned to extract '%s'", "The group writes a trail that no ADD EXTTRAIL or ADD RMTTRAIL gave it.", "Assign it: ADD EXTTRAIL or ADD RMTTRAIL with this trail and group."},
	{TrailRecovery, Info, "Output trail %s: %s", "", ""},
	{FileOpen, Fatal, "Unable to open file %s", "", "Check that the file exists and may be read."},
	{TrailWrite, Fatal, "Unable to write to file %s", "The file system refused the bytes.", "Act on the cause, then START the group: nothing is lost."},
	{ApplyError, Warning, "SQL error %d mapping %s to %s: %s", "The target refused an operation.", "See the discard file for the row."},
	{ApplyWarning, Warning, "%s", "", ""},
	{NetworkRetry, Warning, "Network error, retrying: %s", "", "Nothing to do unless it lasts."},
	{NetworkError, Fatal, "Network error: %s", "", "Check host, port and that the manager there runs."},
	{MapError, Fatal, "Error mapping from %s to %s", "", "See the discard file for the row."},
	{TrailDamaged, Fatal, "Trail file %s is damaged at RBA %d: %s", "Bytes of the trail are not what was written.", "Restore the file, or extract the data again from a position before it."},
	{TrailMissing, Fatal, "Trail file %s does not exist", "A reader needs a trail file that is gone.", "Restore the file, or move the reader with ALTER ... EXTSEQNO."},
	{DDLFound, Info, "DDL found: %s", "", ""},
	{PositioningTo, Info, "Positioning to %s", "", ""},
	{PositionedTo, Info, "Positioned to %s", "", ""},
	{FirstRecord, Info, "Position of first record processed %s", "", ""},
	{TrailGap, Warning, "Waiting at the end of %s although the next file exists", "", "Check the trail with logdump."},
	{RolloverDone, Info, "Rollover performed for trail %s: next file is number %d", "", "Readers follow by themselves."},
	{ProcessAbending, Fatal, "PROCESS ABENDING", "The process ends because of the error above.", "Act on the error above, then START the group."},
	{TrailOpening, Info, "Opening trail file %s", "", ""},
	{ExtractUnregistered, Info, "Extract %s successfully unregistered from database", "", ""},
	{BatchEnd, Info, "The end of the run (END %s) is reached", "", ""},
	{ExtractRegistered, Info, "Extract %s successfully registered with database at SCN %s", "", ""},
	{EnvironmentSet, Info, "Set environment variable %s", "", ""},
	{TrailOpened, Info, "Opened trail file %s", "", ""},
	{GroupNameMismatch, Fatal, "Group name %s in the parameter file is not the process's group %s", "", "Correct the EXTRACT or REPLICAT line of the parameter file."},
	{DefinitionFromTrail, Info, "The definition for table %s is taken from the trail", "", ""},
	{DefinitionMissing, Fatal, "The trail has no definition for table %s", "", "Extract the data again from a position before it."},
	{SourceDefsIgnored, Warning, "%s is accepted and not used: the trail carries its own table definitions", "", ""},
	{ProcessingTable, Info, "Processing table %s", "", ""},
	{ConditionUndecided, Warning, "A record of table %s is discarded: %s", "A condition needs a value that the record does not carry: an update that was logged compressed, or a delete with its key only.", "Log the column (ADD TRANDATA, NOCOMPRESSUPDATES, NOCOMPRESSDELETES), or test it with @COLTEST (FILTER) or @PRESENT (WHERE) first."},
	{SessionCharset, Info, "Character set of %s identified as %s", "", ""},
	{LoginCharset, Info, "Session character set identified as %s", "", ""},
	{CheckpointTableNone, Warning, "No checkpoint table is used: a crash may apply changes twice", "", "ADD CHECKPOINTTABLE, and name it in GLOBALS or ADD REPLICAT."},
	{NoUniqueKey, Warning, "No unique key is defined for table %s. All viable columns will be used to represent the key, but may not guarantee uniqueness", "", "Use KEYCOLS to name a key."},
	{MapResolved, Info, "MAP resolved: MAP %s, TARGET %s", "", ""},
	{WildcardMapResolved, Info, "Wildcard MAP resolved (entry %s): MAP %s, TARGET %s", "", ""},
	{WildcardTableFound, Info, "Wildcard TABLE resolved (entry %s): TABLE %s", "", ""},
	{SourceKeyColumns, Info, "Using the following key columns for source table %s: %s", "", ""},
	{TargetKeyColumns, Info, "Using the following key columns for target table %s: %s", "", ""},
	{DefaultMapColumns, Info, "Using following columns in default map by name: %s", "", ""},
	{ExtractRunning, Fatal, "Extract group %s is running. Stop the Extract group to execute this command", "", "STOP EXTRACT, then try again."},
	{ReplicatRunning, Fatal, "Replicat group %s is running. Stop the Replicat group to execute this command", "", "STOP REPLICAT, then try again."},
	{PluginLoaded, Info, "Loaded handler %s version %s (SHA-256 %s)", "", ""},
	{PluginFailed, Fatal, "Handler %s failed: %s", "", "Act on the text."},
	{TrandataAdded, Info, "Logging of supplemental redo data enabled for table %s", "", ""},
	{TrailLocked, Fatal, "Trail %s is being written by another process", "One trail has one writer.", "Stop the other writer, or give this group its own trail."},
	{TrailPosition, Fatal, "RBA %d is no record of trail file %s: the nearest records begin at RBA %d and %d", "A position inside a record was asked for.", "Position to one of the two."},
	{TrailLost, Fatal, "Trail file %s ends at RBA %d, but was read up to RBA %d: its end was lost when the machine failed", "The writer has written the lost transactions again into the next file.", "Go on at the next file, skipping the transactions already applied."},
	{TrailKey, Fatal, "Trail file %s is encrypted with %s, which cannot be used", "A trail file is readable only with the key that it was encrypted with.", "Bring that key to this home: its wallet, or its line of ENCKEYS."},
	{ParameterIgnored, Warning, "%s is known and not acted on: %s", "A parameter or option that this product understands and does not need, or does not have.", "Take it out, or leave it: nothing else changes."},
	{ParameterRefused, Fatal, "%s is known and not supported, and leaving it out could change data: %s", "", "Take it out of the file if the data are right without it."},
	{PropertyWrong, Fatal, "%s", "A properties file could not be understood, or lacks something.", "Correct the named place and START again."},
	{PropertyUnknown, Warning, "Property %s is not known and has no effect", "A properties file names a property that no handler has.", "Correct the name, or take the line out."},
	{PropertyNote, Warning, "%s", "A line of a properties file has no effect.", "Take it out, or leave it: nothing else changes."},
	{PasswordSealed, Fatal, "The encrypted password cannot be used: %s", "", "ENCRYPT PASSWORD makes one that this program reads."},
	{KeyMissing, Fatal, "There is no key %s: %s", "", "Add the key, or name another one."},
	{ManagerRunning, Fatal, "A Manager runs already in home %s (process %s)", "A home has one Manager.", "INFO MANAGER shows it; STOP MANAGER ends it."},
	{RestartLast, Warning, "That was the last automatic restart of %s %s: if it ends again, it stays down", "RETRIES of AUTORESTART are used up.", "See the group's report for why it ended."},
	{RestartGivenUp, Warning, "%s %s stays down: it ended without order after %d automatic restarts", "RETRIES of AUTORESTART are used up.", "See the group's report for why it ended, then START it."},
	{TaskPurged, Info, "Deleted finished task %s %s, applying PURGEOLDTASKS", "", ""},
	{TargetAway, Warning, "Target %s cannot be reached, trying again: %s", "The target database or its handler is down.", "Nothing to do unless it lasts: the trail keeps what comes meanwhile."},
	{TargetBack, Info, "Target %s is reached again", "", ""},
	{DiscardFull, Fatal, "Discard file %s has reached its size of %d bytes", "A row that cannot be written there would be lost.", "Give DISCARDFILE more MEGABYTES, or move the file away."},
	{EventRecord, Info, "EVENTACTIONS LOG: a record of %s", "A record passes the FILTER or WHERE of a statement with EVENTACTIONS (LOG).", ""},
	{EventSuspended, Info, "EVENTACTIONS SUSPEND: the run waits behind the transaction; SEND %s %s, RESUME goes on", "A record passes the FILTER or WHERE of a statement with EVENTACTIONS (SUSPEND).", "Do what the pause is for, then RESUME; STOP ends the run, and the next one goes on there."},
	{ShellFailed, Fatal, "EVENTACTIONS SHELL: the command for a record of %s failed: %s", "The command ended with another status than 0, took too long, or cannot be started. Nothing of the record's transaction is applied.", "What it has written stands above this in the report. Correct what it is about and START: the command runs again for the same record."},
	{ShellEnded, Info, "EVENTACTIONS SHELL: the command for a record of %s ended well after %s", "A record passes the FILTER or WHERE of a statement with EVENTACTIONS (SHELL).", ""},
	{RecordBad, Fatal, "A record cannot be read as a row: %s", "A line of a file or a message of a topic is not what the parameter file says.", "Correct the record, or write TRANLOGOPTIONS BADRECORD DISCARD to go on without such records."},
	{SourceChanged, Fatal, "%s", "A file or topic that was read is not what it was: what it holds now is not what follows.", "Act on the text."},
	{SourceGone, Warning, "%s", "A file or partition went away.", "Nothing to do unless the text names what was not read."},
	{SourceLost, Fatal, "%s", "What follows the last position is not there any more.", "Act on the text."},
	{SourceWaiting, Warning, "%s", "The last line of a file has no end yet.", "End the line if the file is complete."},
	{LoadSnapshot, Info, "Snapshot of %d tables taken at CSN %s, read over %d connections", "", ""},
	{LoadProgress, Info, "Initial load: %s", "", ""},
	{LoadEnded, Info, "Initial load ended with %d rows of %d tables, as they stood at CSN %s. What changed since then is applied behind it: START REPLICAT name, AFTERCSN %s", "", ""},
	{LoadUnlogged, Warning, "Initial load ended with %d rows of %d tables; the source keeps no change log, so that nothing can be applied behind it", "", "Switch the log on and load again, if changes are to follow."},
	{LoadCatchUp, Info, "Initial load goes on: what is loaded is brought from CSN %s to CSN %s", "", ""},
	{LoadBroken, Fatal, "The load cannot go on: %s", "What was loaded and what the source is now cannot be joined.", "DELETE the EXTRACT and ADD it again: START then loads all tables anew."},
	{DefinitionsWrong, Fatal, "Definitions file %s cannot be used: %s", "", "Make the file anew with defgen."},
	{DefinitionFromFile, Info, "The definition for table %s is taken from %s, not from the trail", "", ""},
	{DefinitionsDiffer, Warning, "Table %s has other columns in %s than in the trail: the trail's definition is used", "The definitions file was made before or after the table was changed.", "Make the file anew with defgen, or leave it out; SOURCEDEFS with OVERRIDE uses the file."},
	{DDLLetPass, Warning, "DDL operation [%s] is let pass by DDLERROR, %s: %s", "The target refused a statement that the source has executed.", "Nothing, if the target may differ there."},
	{DDLNotApplied, Warning, "DDL operation [%s] is not applied: %s", "", "Make the change on the target by hand, if it is wanted there."},
	{DDLRetried, Warning, "DDL operation [%s] failed and is tried again, attempt %d: %s", "", "Nothing unless it lasts."},
	{SystemLogAway, Warning, "The system log cannot be reached", "SYSLOG asks for events in the system log, and no daemon takes them.", "Start the machine's syslog daemon, or take SYSLOG out; events go to ggserr.log in any case."},
}
