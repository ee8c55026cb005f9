package oracle

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"ggsh/ggserr"
)

// Config says what to capture and from where.
type Config struct {
	Group string // names spool files
	// Connect opens the database; it is called again after the connection was lost.
	Connect func(ctx context.Context) (Database, error)
	Start   Start
	Mode    Mode

	// SchemaFile keeps table definitions between runs; empty keeps none.
	SchemaFile string
	// CacheSize bounds the memory of open and waiting transactions, in octets; 0
	// for cachemgr's default. What is larger is spooled to SpoolDir.
	CacheSize int64
	SpoolDir  string

	// Want tells which tables are captured; nil captures all but the database's own.
	Want func(owner, table string) bool
	// FilterTables are the checkpoint tables of Replicats (OWNER.NAME); a transaction
	// that touches one of them is a Replicat's. So are those of ExcludeUsers, as far as
	// the log names them: where their session began before the log, it does not. They
	// are left out as a whole unless GetReplicates; all others with IgnoreApplications.
	FilterTables       []string
	ExcludeUsers       []string
	GetReplicates      bool
	IgnoreApplications bool
	// IgnoreObjects are object numbers without a name whose rows are passed over.
	IgnoreObjects []uint32

	// ArchivedOnly reads no log on line: the lag is the time between two switches.
	ArchivedOnly bool
	// NoFetch leaves LOBs that the log does not hold whole missing, instead of reading
	// them from the table as of the commit.
	NoFetch bool
	// NoLatest stops instead of reading the value as it is now, where that of the commit
	// cannot be read any more.
	NoLatest bool
	// MinWindow and MaxWindow bound how many SCNs are read at once; Poll is the pause
	// when there is nothing new; Recycle is how many windows one session reads.
	MinWindow, MaxWindow uint64
	Poll                 time.Duration
	Recycle              int
	// Retries bounds the tries of one window; RetryWait is the first pause between
	// them, doubled each time up to a minute.
	Retries   int
	RetryWait time.Duration

	// Warn receives warnings; nil drops them. It may be called by another goroutine.
	Warn func(*ggserr.Error)
}

// Start is where reading begins. The first that is given counts: Restart, SCN, Time;
// otherwise the present.
type Start struct {
	Restart string    // from a Txn of an earlier run
	SCN     uint64    // transactions committed behind it
	Time    time.Time // transactions committed behind it, to about 3 seconds
}

// completed fills in defaults.
func (c Config) completed() Config {
	if c.Group == "" {
		c.Group = "oracle"
	}
	if c.SpoolDir == "" {
		c.SpoolDir = os.TempDir()
	}
	defaults := []struct{ value, usual *uint64 }{
		{&c.MinWindow, ptr(uint64(1000))}, {&c.MaxWindow, ptr(uint64(1 << 20))}}
	for _, d := range defaults {
		if *d.value == 0 {
			*d.value = *d.usual
		}
	}
	if c.Poll <= 0 {
		c.Poll = 500 * time.Millisecond
	}
	if c.Recycle <= 0 {
		c.Recycle = 2000
	}
	if c.Retries <= 0 {
		c.Retries = 12
	}
	if c.RetryWait <= 0 {
		c.RetryWait = time.Second
	}
	return c
}

func ptr[T any](v T) *T { return &v }

func (c *Config) warn(e *ggserr.Error) {
	if c.Warn != nil {
		c.Warn(e)
	}
}

// wanted applies Want to a table that may be replicated at all.
func (c *Config) wanted(owner, name string) bool {
	if SystemOwner(owner) || databasesOwn(name) {
		return false
	}
	return c.Want == nil || c.Want(owner, name)
}

// databasesOwn reports names of tables that the database keeps for itself: logs and
// containers of materialized views, index storage, dropped tables.
func databasesOwn(name string) bool {
	for _, prefix := range []string{"MLOG$_", "RUPD$_", "BIN$", "DR$", "SYS_IOT_OVER_", "SYS_JOURNAL_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func (c *Config) filtered(owner, name string) bool {
	return slices.ContainsFunc(c.FilterTables, func(full string) bool {
		o, t, _ := strings.Cut(full, ".")
		return strings.EqualFold(o, owner) && strings.EqualFold(t, name)
	})
}

// replicats reports a user of ExcludeUsers.
func (c *Config) replicats(user string) bool {
	return user != "" && slices.ContainsFunc(c.ExcludeUsers, func(name string) bool {
		return strings.EqualFold(name, user)
	})
}

// SystemOwner reports the database's own users.
func SystemOwner(owner string) bool {
	return slices.Contains([]string{"SYS", "SYSTEM", "AUDSYS", "APPQOSSYS", "CTXSYS", "DBSFWUSER",
		"DBSNMP", "DVF", "DVSYS", "GGSYS", "GSMADMIN_INTERNAL", "GSMCATUSER", "GSMUSER", "LBACSYS",
		"MDSYS", "OJVMSYS", "OLAPSYS", "ORDDATA", "ORDPLUGINS", "ORDSYS", "OUTLN",
		"REMOTE_SCHEDULER_AGENT", "SI_INFORMTN_SCHEMA", "SYSBACKUP", "SYSDG", "SYSKM", "SYSRAC",
		"WMSYS", "XDB", "XS$NULL"}, owner)
}
