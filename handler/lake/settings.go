package lake

import "time"

// settings are the properties as the handler uses them.
type settings struct {
	root    string // the folder of temporary files is in it
	commits string // the folder of commit records is in it

	perTable       bool // files hold one table
	rollOnMetadata bool // files hold one definition
	rollOnShutdown bool
	maxFileSize    int64
	mergeBelow     int64
	fileRoll       time.Duration
	inactivityRoll time.Duration
	publishEvery   time.Duration
	reportEvery    time.Duration
	keepCommits    int
	maxOpen        int

	definitions string // local folder for schema files
	schemaDir   string // folder for schema files in the file system; empty for none
}
