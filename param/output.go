package param

import (
	"time"

	"ggsh/ggserr"
)

// OutputKind says what an Extract writes to.
type OutputKind uint8

// The kinds of outputs.
const (
	ExtTrail OutputKind = iota + 1
	RmtTrail
	ExtFile
	RmtFile
	RmtTask
)

// outputKinds maps keywords to kinds.
var outputKinds = map[string]OutputKind{"EXTTRAIL": ExtTrail, "RMTTRAIL": RmtTrail,
	"EXTFILE": ExtFile, "RMTFILE": RmtFile, "RMTTASK": RmtTask}

// String gives the keyword.
func (k OutputKind) String() string {
	for name, kind := range outputKinds {
		if kind == k {
			return name
		}
	}
	return "no output"
}

// Remote reports whether the output is on another host.
func (k OutputKind) Remote() bool { return k == RmtTrail || k == RmtFile || k == RmtTask }

// RemoteHost is one RMTHOST.
type RemoteHost struct {
	Host              string
	ManagerPort       int // MGRPORT
	Port              int // PORT: a collector that was started by hand; 0 when not given
	Compress          bool
	CompressThreshold int
	Timeout           time.Duration
	Encrypt           string // upper case; empty for none
	KeyName           string
	TCPBufSize        int
	TCPFlushBytes     int
	Params            string
	Proxy             string
	NoStreaming       bool
	Pos               ggserr.Location
}

// Output is one EXTTRAIL, RMTTRAIL, EXTFILE, RMTFILE or RMTTASK.
type Output struct {
	Kind      OutputKind
	Path      string
	Group     string      // of RMTTASK
	Host      *RemoteHost // of the remote kinds: the RMTHOST before it
	Format    string      // FORMAT RELEASE m.n
	Megabytes int         // 0 when not given
	MaxFiles  int         // 0: a single file
	Purge     bool
	Append    bool
	Cipher    *TrailCipher // the ENCRYPTTRAIL or NOENCRYPTTRAIL before it
	Pos       ggserr.Location
}

// ReadOutputs reads where an Extract writes to, in the order of the file.
func ReadOutputs(f *File) ([]Output, error) {
	var out []Output
	var errs errorList
	var host *RemoteHost
	var cipher *TrailCipher
	if f.Program.Has(Replicat) {
		return nil, nil // its EXTFILE is an input
	}
	for i := range f.Statements {
		st := &f.Statements[i]
		kind, ok := outputKinds[st.Name]
		if st.faulty {
			continue
		}
		c := st.cursor()
		c.more()
		switch {
		case st.Name == "RMTHOST":
			host = c.host()
			host.Pos = st.Pos
		case st.Name == "ENCRYPTTRAIL":
			t := c.cipher()
			t.Pos = st.Pos
			cipher = &t
		case st.Name == "NOENCRYPTTRAIL":
			cipher = &TrailCipher{Clear: true, Pos: st.Pos}
		case ok:
			o := c.output(kind)
			o.Pos, o.Cipher = st.Pos, cipher
			if kind.Remote() {
				o.Host = host
			}
			out = append(out, o)
		}
		errs = append(errs, c.errs...)
	}
	return out, errs.orNil()
}

// ReadInputs reads the EXTFILEs that a special run of Replicat reads.
func ReadInputs(f *File) ([]Output, error) {
	var out []Output
	var errs errorList
	for _, st := range f.All("EXTFILE") {
		if st.faulty || !f.Program.Has(Replicat) {
			continue
		}
		c := st.cursor()
		c.more()
		o := c.output(ExtFile)
		o.Pos = st.Pos
		out = append(out, o)
		errs = append(errs, c.errs...)
	}
	return out, errs.orNil()
}

func (c *cursor) output(kind OutputKind) Output {
	o := Output{Kind: kind}
	if kind == RmtTask {
		if !c.word("REPLICAT") {
			c.lacks("REPLICAT")
		}
	} else {
		o.Path = c.value("a file name")
	}
	for c.more() {
		switch {
		case c.word("GROUP"):
			o.Group = c.upper("a group")
		case c.word("FORMAT"):
			c.word("RELEASE", "LEVEL")
			o.Format = c.value("a release")
		case c.word("MEGABYTES"):
			o.Megabytes = int(c.number(1, 1<<20))
		case c.word("MAXFILES"):
			o.MaxFiles = int(c.number(1, 999999))
		case c.word("PURGE"):
			o.Purge = true
		case c.word("APPEND"):
			o.Append = true
		case c.word("OBJECTDEFS", "TRAILBYTEORDER", "PARAMS"):
			c.value("a value")
		case c.word("NOOBJECTDEFS"):
		default:
			c.unexpected("FORMAT", "MEGABYTES", "MAXFILES", "PURGE", "APPEND", "GROUP")
		}
	}
	if o.Purge && o.Append {
		c.fail(c.end, "PURGE and APPEND exclude each other")
	}
	if kind == RmtTask && o.Group == "" {
		c.fail(c.end, "GROUP and its name are missing here")
	}
	return o
}

func (c *cursor) host() *RemoteHost {
	h := &RemoteHost{Host: c.value("a host"), ManagerPort: 7809, CompressThreshold: 1000,
		Timeout: 300 * time.Second}
	for c.more() {
		switch {
		case c.word("MGRPORT"):
			h.ManagerPort = int(c.number(1, 65535))
		case c.word("PORT"):
			h.Port = int(c.number(1, 65535))
		case c.word("COMPRESS"):
			h.Compress = true
		case c.word("COMPRESSTHRESHOLD"):
			h.CompressThreshold = int(c.number(0, 28000))
		case c.word("TIMEOUT"):
			h.Timeout = c.in(time.Second)
		case c.word("ENCRYPT"):
			if h.Encrypt = c.upper("an algorithm"); h.Encrypt == "NONE" {
				h.Encrypt = ""
			}
		case c.word("KEYNAME"):
			h.KeyName = c.value("the name of a key")
		case c.word("TCPBUFSIZE"):
			h.TCPBufSize = int(c.number(1000, 200_000_000))
		case c.word("TCPFLUSHBYTES"):
			h.TCPFlushBytes = int(c.number(1000, 200_000_000))
		case c.word("PARAMS"):
			h.Params = c.value("the collector's switches")
		case c.word("SOCKSPROXY"):
			h.Proxy = c.value("a proxy")
		case c.word("STREAMING"):
			h.NoStreaming = false
		case c.word("NOSTREAMING"):
			h.NoStreaming = true
		case c.word("CPU", "PRI", "HOMETERM", "PROCESSNAME", "VAR", "SOURCE", "PROXYCSALIAS",
			"PROXYCSDOMAIN"):
			c.value("a value")
		default:
			c.unexpected("MGRPORT", "PORT", "COMPRESS", "COMPRESSTHRESHOLD", "TIMEOUT",
				"ENCRYPT", "KEYNAME", "TCPBUFSIZE", "TCPFLUSHBYTES", "PARAMS")
		}
	}
	return h
}
