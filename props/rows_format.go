package props

// The formats, and groups of them that have options in common.
var (
	messageFormats = []string{"delimitedtext", "delimitedtext_op", "json", "json_row", "xml",
		"avro_row", "avro_op"}
	fileFormats = []string{"delimitedtext", "delimitedtext_op", "json", "json_row", "xml",
		"avro_row", "avro_op", "avro_row_ocf", "avro_op_ocf", "parquet"}
	delimited  = []string{"delimitedtext", "delimitedtext_op"}
	jsons      = []string{"json", "json_row"}
	xml        = []string{"xml"}
	avros      = []string{"avro_row", "avro_op", "avro_row_ocf", "avro_op_ocf"}
	avroPlain  = []string{"avro_row", "avro_op"}
	containers = []string{"avro_row_ocf", "avro_op_ocf"}
	schemas    = []string{"json", "json_row", "avro_row", "avro_op", "avro_row_ocf", "avro_op_ocf"}
	typed      = []string{"json", "json_row", "avro_row", "avro_op", "avro_row_ocf", "avro_op_ocf",
		"parquet"}
	marking   = []string{"avro_row", "avro_op", "avro_row_ocf", "avro_op_ocf", "parquet"}
	rowModels = []string{"delimitedtext", "json_row", "avro_row", "avro_row_ocf", "parquet"}
)

// formatRows are the options of formats, which every handler that is served has.
var formatRows = []Row{
	{Name: "format.insertOpKey", Types: served, Default: "I", Help: "What stands for an insert."},
	{Name: "format.updateOpKey", Types: served, Default: "U", Help: "What stands for an update."},
	{Name: "format.deleteOpKey", Types: served, Default: "D", Help: "What stands for a delete."},
	{Name: "format.truncateOpKey", Types: served, Default: "T",
		Help: "What stands for a truncate."},
	{Name: "format.metaColumnsTemplate", Types: served, Kind: MetaColumnList,
		Help: "Fields before the columns, in place of those that a format writes by itself."},
	{Name: "format.pkUpdateHandling", Types: served, Formats: rowModels, Kind: Choice,
		Choices: []string{"abend", "update", "delete-insert"}, Default: "abend",
		Help: "What becomes of an update that changes the key: stop, a plain update, or a " +
			"delete and an insert."},
	{Name: "format.encoding", Types: served, Kind: Choice, Default: "UTF-8",
		Choices: []string{"UTF-8", "ISO-8859-1", "US-ASCII"},
		Spellings: [][2]string{{"UTF8", "UTF-8"}, {"native", "UTF-8"}, {"ISO8859-1", "ISO-8859-1"},
			{"ISO_8859_1", "ISO-8859-1"}, {"Latin1", "ISO-8859-1"}, {"ASCII", "US-ASCII"}},
		Refuse: []string{"ISO-8859-15", "windows-1252", "UTF-16", "UTF-16LE", "UTF-16BE", "GBK",
			"GB18030", "Big5", "Shift_JIS", "EUC-JP", "EUC-KR"},
		Instead: "output is UTF-8, ISO-8859-1 or US-ASCII",
		Help: "Character set of the output of formats of text. A character that it lacks is " +
			"an escape in JSON; in others the operation is refused."},
	{Name: "format.iso8601Format", Types: served, Kind: Bool, Default: "true",
		Help: "T between date and time of current_ts; false: a blank."},
	{Name: "format.treatAllColumnsAsStrings", Types: served, Formats: typed, Kind: Bool,
		Default: "false",
		Help:    "Write every value as text."},

	{Name: "format.includeOpType", Types: served, Formats: delimited, Kind: Bool, Default: "true",
		Help: "Write op_type."},
	{Name: "format.includeTableName", Types: served, Formats: delimited, Kind: Bool,
		Default: "true",
		Help:    "Write the table's name."},
	{Name: "format.includeOpTimestamp", Types: served, Formats: delimited, Kind: Bool,
		Default: "true",
		Help:    "Write op_ts."},
	{Name: "format.includeCurrentTimestamp", Types: served, Formats: delimited, Kind: Bool,
		Default: "true",
		Help:    "Write current_ts."},
	{Name: "format.includePosition", Types: served, Formats: delimited, Kind: Bool, Default: "true",
		Help: "Write pos."},
	{Name: "format.includeColumnNames", Types: served, Formats: delimited, Kind: Bool,
		Default: "false",
		Help:    "Write the name before each value."},
	{Name: "format.includeMetaColumnNames", Types: served, Formats: delimited, Kind: Bool,
		Default: "false", Help: "Write the name before each meta column, too."},
	{Name: "format.includeGroupCols", Types: served, Formats: delimited, Kind: Bool,
		Default: "false",
		Help:    "Names, values and missing marks of the columns stand in groups of their own."},
	{Name: "format.enableFieldDescriptorHeaders", Types: served, Formats: delimited, Kind: Bool,
		Default: "false", Help: "A line with the names of the fields begins each file."},
	{Name: "format.fieldDelimiter", Types: served, Formats: delimited, Default: "\x01",
		Help: "Between two fields."},
	{Name: "format.lineDelimiter", Types: served, Formats: delimited, Default: "\n",
		Help: "Behind each record."},
	{Name: "format.keyValueDelimiter", Types: served, Formats: delimited, Default: "=",
		Help: "Between name and value of a token."},
	{Name: "format.keyValuePairDelimiter", Types: served, Formats: delimited, Default: ",",
		Help: "Between two tokens."},
	{Name: "format.nullValueRepresentation", Types: served, Formats: delimited, Default: "NULL",
		Help: "What stands for NULL."},
	{Name: "format.missingValueRepresentation", Types: served, Formats: delimited,
		Help: "What stands for a value that the record does not carry."},
	{Name: "format.wrapStringsInQuotes", Types: served, Formats: delimited, Kind: Bool,
		Default: "false",
		Help:    "Texts stand in double quotes."},
	{Name: "format.quoteDelimiters", Types: served, Formats: delimited, Kind: Bool,
		Default: "false",
		Ours:    true,
		Help: "A value with a delimiter, a quote or a line end stands in double quotes, quotes " +
			"in it doubled."},
	{Name: "format.escape", Types: served, Formats: delimited, Ours: true,
		Help: "A character, such as CDATA[\\\\], put before delimiters, line ends and itself " +
			"in values; none: values are written as they are."},

	{Name: "format.prettyPrint", Types: served, Formats: jsons, Kind: Bool, Default: "false",
		Help: "Several lines for each record."},
	{Name: "format.jsonDelimiter", Types: served, Formats: jsons,
		Help: "Behind each record; CDATA[\\n] makes lines."},
	{Name: "format.includePrimaryKeys", Types: served, Formats: jsons, Kind: Bool, Default: "false",
		Help: "Write the names of the key columns."},
	{Name: "format.omitNullValues", Types: served, Formats: jsons, Kind: Bool, Default: "false",
		Help: "Leave columns that are NULL out."},
	{Name: "format.omitNullValuesSpecialUpdateHandling", Types: served, Formats: jsons, Kind: Bool,
		Default: "false", Help: "With omitNullValues: keep NULL where an update made it so."},
	{Name: "format.enableJsonArrayOutput", Types: files, Formats: jsons, Kind: Bool,
		Default: "false",
		Help:    "A file is one JSON array."},
	{Name: "format.generateSchema", Types: served, Formats: jsons, Kind: Bool, Default: "true",
		Help: "Write a schema file for each table."},
	{Name: "format.schemaDirectory", Types: served, Formats: schemas, Default: "dirdef",
		Status: Ignored, Instead: "handlers of files write schema files to dirdef",
		Help: "Directory of schema files."},
	{Name: "format.versionSchemas", Types: served, Formats: schemas, Kind: Bool, Default: "false",
		Help: "Keep the schema file of each version of a table."},

	{Name: "format.wrapMessageInGenericAvroMessage", Types: served, Formats: avroPlain, Kind: Bool,
		Default: "false", Help: "Wrap each record with table and fingerprint of the schema."},
	{Name: "format.genericWrapperUseFingerprint", Types: served, Formats: avroPlain, Kind: Bool,
		Default: "true", Help: "The wrapper names the schema by its fingerprint; false: by a " +
			"hash of older releases."},
	{Name: "format.includeIsMissingFields", Types: served, Formats: marking, Kind: Bool,
		Default: "true",
		Help: "Tell missing values from NULL: a field <column>_isMissing beside each column, in " +
			"Parquet a column missing_columns."},
	{Name: "format.lineDelimiter", Types: served, Formats: avroPlain, Help: "Behind each record."},
	{Name: "format.enableDecimalLogicalType", Types: served, Formats: avros, Kind: Bool,
		Default: "false",
		Help:    "Exact numbers as decimals, not doubles."},
	{Name: "format.oracleNumberScale", Types: served, Formats: avros, Kind: Int, Default: "38",
		Help: "With enableDecimalLogicalType: digits behind the point of numbers that tell none."},
	{Name: "format.enableTimestampLogicalType", Types: served, Formats: avros, Kind: Bool,
		Default: "false", Help: "Timestamps as such, not as text."},
	{Name: "format.mapOracleNumbersAsStrings", Aliases: []string{"format.mapLargeNumbersAsStrings"},
		Types: served, Formats: typed, Kind: Bool, Default: "false",
		Help: "Numbers that do not fit 64 bits or a double exactly as text."},
	{Name: "format.includeProlog", Types: served, Formats: xml, Kind: Bool, Default: "false",
		Help: "An XML declaration begins the output."},
}
