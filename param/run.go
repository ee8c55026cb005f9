package param

import (
	"time"

	"ggsh/ggserr"
)

// Clock is a time of day, on one day of the week or on each.
type Clock struct {
	Hour, Minute int
	OnDay        bool
	Day          time.Weekday
}

// ReportCount is REPORTCOUNT: either Records or Every is set.
type ReportCount struct {
	Records int64
	Every   time.Duration
	Rate    bool
}

// DiscardFile is DISCARDFILE.
type DiscardFile struct {
	Path     string
	None     bool  // NODISCARDFILE
	Append   bool  // neither: a file that exists is an error
	Purge    bool  //
	MaxBytes int64 // 0 when not given
	Pos      ggserr.Location
}

// Memory is CACHEMGR. Zero and empty mean: not given.
type Memory struct {
	Size      int64
	Directory string
	Limit     int64 // of the directory
}

// Batch is BATCHSQL. Zero counts mean: not given.
type Batch struct {
	ErrorMode       bool
	CheckUniqueKeys bool
	BatchesPerQueue int
	TransOps        int
	BytesPerQueue   int
	OpsPerBatch     int
	OpsPerQueue     int
}

// Stop is END.
type Stop struct {
	Runtime bool // END RUNTIME: what was there when the run began
	At      time.Time
}

// Environment is one SETENV.
type Environment struct {
	Name, Value string
	Pos         ggserr.Location
}

// Run is what a group's parameter file says of the process as a whole. Zero
// means: not given, where no default is named in the table of parameters.
type Run struct {
	Group          string // upper case
	SourceIsTable  bool
	Load           LoadOptions
	SpecialRun     bool
	Begin          time.Time
	End            *Stop
	Env            []Environment
	GetEnv         []string
	CheckParams    bool
	CheckpointSecs time.Duration
	EOFDelay       time.Duration
	FlushDelay     time.Duration // FLUSHSECS, FLUSHCSECS

	Report          []Clock
	ReportCount     *ReportCount
	ReportRollover  []Clock
	DiscardFile     *DiscardFile
	DiscardRollover []Clock
	Rollover        []Clock
	Stat            StatOptions

	Tags          Tags
	Memory        Memory
	WarnLongTrans time.Duration // 0: never
	WarnInterval  time.Duration

	MaxDiscards      int // MAXDISCARDRECS or ABORTDISCARDRECS; 0: no limit
	SourceDefs       []Definitions
	TargetDefs       []Definitions
	AssumeTargetDefs bool
	AssumeOverride   bool // ASSUMETARGETDEFS OVERRIDE

	Capture CaptureOptions
	Apply   ApplyOptions
}

// LoadOptions are those of SOURCEISTABLE.
type LoadOptions struct {
	Parallel  int // readers at once
	ChunkRows int // rows of a transaction
}

// maxParallel bounds the connections of an initial load.
const maxParallel = 64

// StatOptions is STATOPTIONS.
type StatOptions struct{ ReportDetail, ReportFetch, ResetReportStats bool }

// CaptureOptions are of Extract only.
type CaptureOptions struct {
	Log                TranLogOptions
	UnifiedUpdates     bool // UPDATERECORDFORMAT
	CompactUpdates     bool // UPDATERECORDFORMAT COMPACT
	GetReplicates      bool
	IgnoreReplicates   bool // IGNOREREPLICATES was written; it is the default
	IgnoreApplications bool // IGNOREAPPLOPS
	NoFetch            bool // FETCHOPTIONS NOUSESNAPSHOT
	NoLatest           bool // FETCHOPTIONS NOUSELATESTVERSION
	FetchOthers        []Token
}

// ApplyOptions are of Replicat only.
type ApplyOptions struct {
	GroupTransOps        int
	MaxTransOps          int // 0: no limit
	MaxStatements        int
	Batch                *Batch
	TransactionTimeout   time.Duration
	Defer                time.Duration
	RetryDelay           time.Duration
	WarnRate             int
	DuplicateError       int64
	HasDuplicateError    bool
	BadNumber            string // REPLACEBADNUM: NULL, UNPRINTABLE or a number
	BadChar              BadChar
	Parallelism          int // APPLY_PARALLELISM
	MinParallelism       int
	MaxParallelism       int
	Mappers              int
	CommitInOrder        bool
	LookAhead            int
	LimitRows            bool
	SuppressTriggers     bool
	NoSuppressTriggers   bool
	DeferConstraints     bool
	AllowLobDataTruncate bool
	EmptyLobString       string
	EmptyString          string  // what becomes of an empty text in Oracle: NULL, BLANK or REFUSE
	Others               []Token // options of DBOPTIONS that are not acted on, the keywords only
}

// BadChar is REPLACEBADCHAR.
type BadChar struct {
	Action     string // ABORT, SKIP, ESCAPE, SUBSTITUTE, NULL, SPACE; empty when not given
	Substitute string
	ForceCheck bool
	NoWarning  bool
}

// ReadRun reads what an Extract or Replicat file says of the whole process.
// Defaults stand where it says nothing.
func ReadRun(f *File) (Run, error) {
	r := Run{CheckpointSecs: 10 * time.Second, EOFDelay: time.Second, FlushDelay: time.Second,
		WarnLongTrans: time.Hour, WarnInterval: 5 * time.Minute,
		Load: LoadOptions{Parallel: 1, ChunkRows: 20000},
		Apply: ApplyOptions{GroupTransOps: 1000, MaxStatements: 250, RetryDelay: time.Minute,
			WarnRate: 100, Parallelism: 4, Mappers: 2, LookAhead: 10000}}
	var errs errorList
	for i := range f.Statements {
		st := &f.Statements[i]
		if st.faulty {
			continue
		}
		c := st.cursor()
		c.more()
		switch {
		case r.identity(st, c), r.report(st, c), r.capture(st.Name, c), r.Apply.read(st.Name, c):
		case st.Name == "DBOPTIONS":
			r.Apply.dbOptions(c)
		}
		errs = append(errs, c.errs...)
	}
	if err := r.Capture.Log.Streams.check(); err != nil {
		errs = append(errs, Errors(err)...)
	}
	return r, errs.orNil()
}

// identity reads what the process is and when it ends.
func (r *Run) identity(st *Statement, c *cursor) bool {
	switch st.Name {
	case "EXTRACT", "REPLICAT":
		r.Group = c.upper("a group name")
	case "SOURCEISTABLE":
		r.SourceIsTable = true
		for c.more() {
			switch {
			case c.word("PARALLEL"):
				r.Load.Parallel = int(c.number(1, maxParallel))
			case c.word("CHUNKROWS"):
				r.Load.ChunkRows = int(c.number(1, 1<<30))
			default:
				c.unexpected("PARALLEL", "CHUNKROWS")
			}
		}
	case "SPECIALRUN":
		r.SpecialRun = true
	case "CHECKPARAMS":
		r.CheckParams = true
	case "BEGIN":
		if !c.word("NOW") {
			r.Begin = c.time()
		}
	case "END":
		r.End = &Stop{Runtime: c.word("RUNTIME")}
		if !r.End.Runtime {
			r.End.At = c.time()
		}
	case "SETENV":
		r.Env = append(r.Env, c.setenv(st.Pos))
	case "GETENV":
		c.mark("(")
		r.GetEnv = append(r.GetEnv, c.key("a name"))
	case "SOURCEDEFS":
		r.SourceDefs = append(r.SourceDefs, c.definitions(st.Pos))
	case "TARGETDEFS":
		r.TargetDefs = append(r.TargetDefs, c.definitions(st.Pos))
	case "ASSUMETARGETDEFS":
		r.AssumeTargetDefs, r.AssumeOverride = true, c.word("OVERRIDE")
	case "CHECKPOINTSECS":
		r.CheckpointSecs = c.in(time.Second)
	case "EXCLUDETAG":
		r.Tags.Exclude = append(r.Tags.Exclude, c.value("a tag"))
	case "INCLUDETAG":
		r.Tags.Include = append(r.Tags.Include, c.value("a tag"))
	case "EOFDELAY":
		r.EOFDelay = c.in(time.Second)
	case "EOFDELAYCSECS":
		r.EOFDelay = c.in(10 * time.Millisecond)
	case "FLUSHSECS":
		r.FlushDelay = c.in(time.Second)
	case "FLUSHCSECS":
		r.FlushDelay = c.in(10 * time.Millisecond)
	default:
		return false
	}
	return true
}

// report reads what the operator is told.
func (r *Run) report(st *Statement, c *cursor) bool {
	switch st.Name {
	case "REPORT":
		r.Report = append(r.Report, c.clock())
	case "REPORTROLLOVER":
		r.ReportRollover = append(r.ReportRollover, c.clock())
	case "DISCARDROLLOVER":
		r.DiscardRollover = append(r.DiscardRollover, c.clock())
	case "ROLLOVER":
		r.Rollover = append(r.Rollover, c.clock())
	case "REPORTCOUNT":
		r.ReportCount = c.reportCount()
	case "DISCARDFILE":
		r.DiscardFile = c.discardFile()
		r.DiscardFile.Pos = st.Pos
	case "NODISCARDFILE":
		r.DiscardFile = &DiscardFile{None: true, Pos: st.Pos}
	case "MAXDISCARDRECS", "ABORTDISCARDRECS":
		r.MaxDiscards = c.count(0)
	case "STATOPTIONS":
		for c.more() {
			at := c.i
			r.Stat.ReportDetail = c.onOff("REPORTDETAIL", r.Stat.ReportDetail)
			r.Stat.ReportFetch = c.onOff("REPORTFETCH", r.Stat.ReportFetch)
			r.Stat.ResetReportStats = c.onOff("RESETREPORTSTATS", r.Stat.ResetReportStats)
			if c.i == at {
				c.unexpected("REPORTDETAIL", "REPORTFETCH", "RESETREPORTSTATS")
			}
		}
	case "CACHEMGR":
		r.Memory.read(c)
	default:
		return false
	}
	return true
}

// onOff reads WORD or NOWORD, and leaves the state when neither stands there.
func (c *cursor) onOff(word string, state bool) bool {
	switch {
	case c.word(word):
		return true
	case c.word("NO" + word):
		return false
	}
	return state
}

// clock reads AT hh:mi and ON day.
func (c *cursor) clock() Clock {
	var k Clock
	given := false
	for c.more() {
		at := c.at()
		switch {
		case c.word("AT"):
			at = c.at()
			var ok bool
			k.Hour, k.Minute, ok = parseClock(c.value(valueKinds["hhmi"]))
			if !ok {
				c.fail(at, "this is no time of day")
			}
		case c.word("ON"):
			at = c.at()
			var ok bool
			if k.Day, ok = parseDay(c.value(valueKinds["day"])); !ok {
				c.fail(at, "this is no day of the week")
			}
			k.OnDay = true
		case c.word("REPORT"):
			continue
		default:
			c.unexpected("AT", "ON")
		}
		given = true
	}
	if !given {
		c.fail(c.end, "AT or ON is missing here")
	}
	return k
}

// time reads a date, with a time of day or without.
func (c *cursor) time() time.Time {
	at := c.at()
	text := c.value(valueKinds["ts"])
	if c.i < len(c.args) {
		if t, ok := parseTime(text + " " + c.args[c.i].Text); ok {
			c.i++
			return t
		}
	}
	t, ok := parseTime(text)
	if !ok {
		c.fail(at, "this is no time; write it as 2024-12-31 23:59:59")
	}
	return t
}

func (c *cursor) reportCount() *ReportCount {
	r := &ReportCount{}
	c.word("EVERY")
	n := c.number(1, 1<<40)
	switch {
	case c.word("SECONDS", "SECOND", "SEC"):
		r.Every = time.Duration(min(n, 1<<31)) * time.Second
	case c.word("MINUTES", "MINUTE", "MIN"):
		r.Every = time.Duration(min(n, 1<<25)) * time.Minute
	case c.word("HOURS", "HOUR"):
		r.Every = time.Duration(min(n, 1<<20)) * time.Hour
	default:
		c.word("RECORDS", "RECORD")
		r.Records = n
	}
	r.Rate = c.word("RATE")
	return r
}

func (c *cursor) discardFile() *DiscardFile {
	d := &DiscardFile{Path: c.value("a file name")}
	for c.more() {
		switch {
		case c.word("APPEND"): // of both the last one counts
			d.Append, d.Purge = true, false
		case c.word("PURGE"):
			d.Append, d.Purge = false, true
		case c.word("MEGABYTES"):
			d.MaxBytes = c.number(1, 1<<20) << 20
		case c.word("MAXBYTES"):
			d.MaxBytes = c.number(1, 1<<40)
		default:
			c.unexpected("APPEND", "PURGE", "MEGABYTES", "MAXBYTES")
		}
	}
	return d
}

// setenv reads (NAME = value) and NAME=value.
func (c *cursor) setenv(at ggserr.Location) Environment {
	e := Environment{Pos: at}
	c.mark("(")
	e.Name = c.key("a name")
	if !c.mark("=") {
		c.lacks("=")
	}
	for first := true; c.i < len(c.args) && !c.args[c.i].IsPunct(")"); first = false {
		if t := c.args[c.i]; !first && !t.Glued {
			e.Value += " "
		}
		e.Value += c.args[c.i].Text
		c.i++
	}
	return e
}

func (m *Memory) read(c *cursor) {
	for c.more() {
		switch {
		case c.word("CACHESIZE"):
			m.Size = c.size()
		case c.word("CACHEDIRECTORY"):
			m.Directory = c.value("a directory")
			if c.i < len(c.args) && !c.args[c.i].IsPunct(",") {
				if _, ok := parseSize(c.args[c.i].Text); ok {
					m.Limit = c.size()
				}
			}
		case c.word("CACHEPAGEOUTSIZE", "CACHEBUFFERSIZE", "CACHESIZEMAX"):
			c.size()
		default:
			c.unexpected("CACHESIZE", "CACHEDIRECTORY", "CACHEPAGEOUTSIZE")
		}
	}
}
