package props

// parquetRows are the options of format=parquet, which is ours.
var parquetRows = []Row{
	{Name: "format.compressionCodec", Types: files, Formats: []string{"parquet"}, Kind: Choice,
		Choices:   []string{"uncompressed", "snappy", "gzip", "zstd"},
		Spellings: [][2]string{{"none", "uncompressed"}, {"zstandard", "zstd"}},
		Refuse:    []string{"lzo"}, Instead: "there is no such codec here", Default: "snappy",
		Ours: true, Help: "Compression of Parquet files."},
	{Name: "format.rowGroupSize", Types: files, Formats: []string{"parquet"}, Kind: Size,
		Default: "64m", Ours: true,
		Help: "Size of a row group of a Parquet file, before compression; it is kept in memory."},
}
