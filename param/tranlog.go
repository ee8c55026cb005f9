package param

import (
	"slices"
	"strings"
	"time"
)

// TranLogOptions is what TRANLOGOPTIONS, WARNLONGTRANS and the like say of
// the source's log.
type TranLogOptions struct {
	ExcludeUsers   []string
	ExcludeUserIDs []string
	ExcludeTrans   []string
	FilterTables   []Name // checkpoint tables: transactions that touch them are Replicat's
	ServerID       int64  // SERVERID: ours; the id of this reader at a MySQL source
	LogIndex       string // ALTLOGDEST path
	Remote         bool   // ALTLOGDEST REMOTE
	ArchiveDirs    []string
	ArchiveFormat  string
	ThroughServer  bool // DBLOGREADER
	ArchivedOnly   bool // ARCHIVEDLOGONLY
	// Catalog lets LogMiner use the database's dictionary: DICTIONARY ONLINECATALOG, ours.
	Catalog bool
	// IgnoreObjects are object numbers of Oracle without a name: IGNOREOBJECT, ours.
	IgnoreObjects []uint32
	ReadTimeout   time.Duration
	Streams       StreamOptions
	Others        []Token // options that are carried and not acted on, the keywords only
}

// Tags are EXCLUDETAG and INCLUDETAG, of TRANLOGOPTIONS or for themselves: names of tags
// in whatever case, + for any tag, NULL for none.
type Tags struct{ Exclude, Include []string }

// LeaveOut reports whether the transactions with a tag, empty for none, are left out.
func (t *Tags) LeaveOut(tag string) bool {
	is := func(name string) bool {
		if tag == "" {
			return strings.EqualFold(name, "NULL")
		}
		return name == "+" || strings.EqualFold(name, tag)
	}
	return slices.ContainsFunc(t.Exclude, is) || len(t.Include) > 0 && !slices.ContainsFunc(t.Include, is)
}

// Given reports whether there are any.
func (t *Tags) Given() bool { return len(t.Exclude)+len(t.Include) > 0 }

// capture reads the parameters of Extract's source.
func (r *Run) capture(name string, c *cursor) bool {
	o := &r.Capture
	switch name {
	case "TRANLOGOPTIONS":
		for c.more() {
			o.Log.option(c, &r.Tags)
		}
	case "WARNLONGTRANS":
		r.WarnLongTrans = c.span()
		for c.more() {
			switch {
			case c.word("CHECKINTERVAL"):
				r.WarnInterval = c.span()
			case c.word("USELASTREADTIME"):
			default:
				c.unexpected("CHECKINTERVAL", "USELASTREADTIME")
			}
		}
	case "FETCHOPTIONS":
		for c.more() {
			switch {
			case c.word("NOUSESNAPSHOT"):
				o.NoFetch = true
			case c.word("NOUSELATESTVERSION"):
				o.NoLatest = true
			case c.word("USESNAPSHOT", "USEROWID", "NOUSEKEY", "USELATESTVERSION"): // what is done
			default:
				o.FetchOthers = c.carry(o.FetchOthers, fetchOptions)
			}
		}
	case "UPDATERECORDFORMAT":
		o.UnifiedUpdates, o.CompactUpdates = true, !c.word("FULL")
	case "GETREPLICATES", "IGNOREREPLICATES":
		o.GetReplicates, o.IgnoreReplicates = name[0] == 'G', name[0] == 'I'
	case "GETAPPLOPS", "IGNOREAPPLOPS":
		o.IgnoreApplications = name[0] == 'I'
	default:
		return false
	}
	return true
}

func (o *TranLogOptions) option(c *cursor, tags *Tags) {
	if o.Streams.option(c) {
		return
	}
	switch {
	case c.word("EXCLUDEUSER"):
		o.ExcludeUsers = append(o.ExcludeUsers, c.value("a user"))
	case c.word("EXCLUDEUSERID"):
		o.ExcludeUserIDs = append(o.ExcludeUserIDs, c.value("a user's number"))
	case c.word("EXCLUDETRANS"):
		o.ExcludeTrans = append(o.ExcludeTrans, c.value("a transaction's name"))
	case c.word("EXCLUDETAG"):
		tags.Exclude = append(tags.Exclude, c.value("a tag"))
	case c.word("INCLUDETAG"):
		tags.Include = append(tags.Include, c.value("a tag"))
	case c.word("FILTERTABLE"):
		o.FilterTables = append(o.FilterTables, c.name3())
	case c.word("SERVERID"):
		o.ServerID = c.number(1, 1<<32-1)
	case c.word("ALTLOGDEST"):
		if o.Remote = c.word("REMOTE"); !o.Remote {
			o.LogIndex = c.value("a path")
		}
	case c.word("ALTARCHIVELOGDEST"):
		o.ArchiveDirs = append(o.ArchiveDirs, c.archive())
	case c.word("ALTARCHIVEDLOGFORMAT"):
		o.ArchiveFormat = c.archive()
	case c.word("DBLOGREADER"):
		o.ThroughServer = true
	case c.word("ARCHIVEDLOGONLY"):
		o.ArchivedOnly = true
	case c.word("IGNOREOBJECT"):
		o.IgnoreObjects = append(o.IgnoreObjects, uint32(c.number(1, 1<<32-1)))
	case c.word("DICTIONARY"):
		o.Catalog = c.word("ONLINECATALOG")
		if !o.Catalog && !c.word("NONE") {
			c.unexpected("NONE", "ONLINECATALOG")
		}
	case c.word("READTIMEOUT"):
		o.ReadTimeout = c.in(time.Second)
	case c.word("ASMPASSWORD", "MININGPASSWORD", "PASSWORD"):
		c.value("a password")
	default:
		o.carry(c)
	}
}

// archive reads [PRIMARY] [INSTANCE i] [THREADID n] value.
func (c *cursor) archive() string {
	for {
		switch {
		case c.word("PRIMARY"):
		case c.word("INSTANCE", "THREADID"):
			c.value("a value")
		default:
			return c.value("a value")
		}
	}
}

// carry passes an option that is not acted on and remembers its keyword.
func (o *TranLogOptions) carry(c *cursor) {
	o.Others = c.carry(o.Others, tranlogOptions)
}

// carry passes a token or a list, and keeps a token that is an option's keyword.
func (c *cursor) carry(kept []Token, options string) []Token {
	t := c.args[c.i]
	if t.IsPunct("(") {
		c.parens()
		return kept
	}
	c.i++
	if t.Kind == Word && slices.Contains(grammarWords(options), strings.ToUpper(t.Text)) {
		kept = append(kept, t)
	}
	return kept
}
