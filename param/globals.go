package param

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// GlobalsConfig is what GLOBALS says.
type GlobalsConfig struct {
	CheckpointTable            string
	GGSchema                   string
	HeartbeatTable             string
	NoHeartbeat                bool // DISABLE_HEARTBEAT_TABLE
	NoAnsiQuotes               bool // literals stand in double quotes
	SixDigits                  bool // trail file names have six digits
	CredentialStore            string
	Wallet                     string
	MasterKey                  string
	OutputDirs                 []string // ALLOWOUTPUTDIR
	MaxGroups                  int
	ExcludeWildcardObjectsOnly bool
	Umask                      int // OUTPUTFILEUMASK; -1 when not given
	Memory                     Memory
	SysLog                     SysLog
	Charset                    string // CHARSET, for files that say no other
}

// LoadGlobals reads the GLOBALS file at path; a home may have none.
func LoadGlobals(path, home string) (GlobalsConfig, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return ReadGlobals(&File{Program: Globals})
	}
	f, err := Parse(path, Options{ReadFile: os.ReadFile, Home: home, Program: Globals})
	if err != nil {
		return GlobalsConfig{Umask: -1}, err
	}
	return ReadGlobals(f)
}

// ReadGlobals reads what GLOBALS says. Defaults stand where it says nothing.
func ReadGlobals(f *File) (GlobalsConfig, error) {
	g := GlobalsConfig{MaxGroups: 1000, Umask: -1, CredentialStore: "dircrd", Wallet: "dirwlt"}
	var errs errorList
	for i := range f.Statements {
		st := &f.Statements[i]
		if st.faulty {
			continue
		}
		c := st.cursor()
		c.more()
		g.read(st.Name, c)
		errs = append(errs, c.errs...)
	}
	return g, errs.orNil()
}

func (g *GlobalsConfig) read(name string, c *cursor) {
	switch name {
	case "CHECKPOINTTABLE":
		g.CheckpointTable = c.name3().String()
	case "GGSCHEMA":
		g.GGSchema = c.name3().String()
	case "HEARTBEATTABLE":
		g.HeartbeatTable = c.name3().String()
	case "ENABLE_HEARTBEAT_TABLE", "DISABLE_HEARTBEAT_TABLE":
		g.NoHeartbeat = name[0] == 'D'
	case "USEANSISQLQUOTES", "NOUSEANSISQLQUOTES":
		g.NoAnsiQuotes = name[0] == 'N'
	case "TRAIL_SEQLEN_6D", "TRAIL_SEQLEN_9D":
		g.SixDigits = strings.HasSuffix(name, "6D")
	case "CREDENTIALSTORELOCATION":
		g.CredentialStore = c.value("a directory")
	case "WALLETLOCATION":
		g.Wallet = c.value("a directory")
	case "MASTERKEYNAME":
		g.MasterKey = c.value("a name")
	case "ALLOWOUTPUTDIR":
		g.OutputDirs = append(g.OutputDirs, c.value("a directory"))
	case "MAXGROUPS":
		g.MaxGroups = int(c.number(1000, 5000))
	case "EXCLUDEWILDCARDOBJECTSONLY":
		g.ExcludeWildcardObjectsOnly = true
	case "OUTPUTFILEUMASK":
		at := c.at()
		n, err := strconv.ParseUint(c.value("an octal number"), 8, 9)
		if err != nil {
			c.fail(at, "this is no octal number up to 777")
		}
		if n&0o700 != 0 {
			c.fail(at, "a process needs its own files: the first of three digits can only be 0")
		} else if err == nil {
			g.Umask = int(n)
		}
	case "CHARSET":
		g.Charset = c.value("a character set")
	case "SYSLOG":
		g.SysLog = c.sysLog()
	case "CACHEMGR":
		g.Memory.read(c)
	}
}

// Heartbeats reports whether a process takes part in heartbeats: what its own parameter
// file says last counts before GLOBALS.
func (g *GlobalsConfig) Heartbeats(f *File) bool {
	on := !g.NoHeartbeat
	for _, st := range f.Statements {
		switch st.Name {
		case "ENABLE_HEARTBEAT_TABLE":
			on = true
		case "DISABLE_HEARTBEAT_TABLE":
			on = false
		}
	}
	return on
}
