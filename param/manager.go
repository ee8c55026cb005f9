package param

import (
	"slices"
	"strings"
	"time"

	"ggsh/ggserr"
)

// GroupKind says which groups a Manager rule is for.
type GroupKind uint8

// The kinds of groups.
const (
	ExtractGroups GroupKind = 1 << iota
	ReplicatGroups
	AllGroups = ExtractGroups | ReplicatGroups // ER
)

// AutoStart is one AUTOSTART.
type AutoStart struct {
	Kind  GroupKind
	Group string // a name or a wildcard
}

// AutoRestart is one AUTORESTART.
type AutoRestart struct {
	AutoStart
	Retries int
	Wait    time.Duration
	Reset   time.Duration
}

// PurgeRule is one PURGEOLDEXTRACTS.
type PurgeRule struct {
	Trail          string // a trail or a wildcard
	UseCheckpoints bool
	KeepFor        time.Duration // MINKEEPHOURS or MINKEEPDAYS, 0 when not given
	KeepFiles      int           // MINKEEPFILES
	KeepFilesGiven bool
	Every          time.Duration // 0: at each CHECKMINUTES
}

// TaskRule is one PURGEOLDTASKS.
type TaskRule struct {
	AutoStart
	After         time.Duration
	UseStopStatus bool
}

// AccessRule is one ACCESSRULE.
type AccessRule struct {
	Program  string // upper case; * for all
	Address  string // an address, a wildcard or a network; * for all
	Login    string
	Priority int // the lower is looked at first
	Allow    bool
}

// PortRange is a range of ports, both ends included.
type PortRange struct{ Low, High int }

// ManagerConfig is what mgr.prm says. A zero interval means: never.
type ManagerConfig struct {
	Port              int
	PortGiven         bool
	Ports             []PortRange
	AutoStart         []AutoStart
	AutoRestart       []AutoRestart
	Purge             []PurgeRule
	Tasks             []TaskRule
	Access            []AccessRule
	Check             time.Duration // CHECKMINUTES
	LagReport         time.Duration
	LagInfo           time.Duration
	LagInfoGiven      bool // LAGINFO 0 means: always
	LagCritical       time.Duration
	LagCriticalGiven  bool
	DownReport        time.Duration
	UpReport          time.Duration
	DownCritical      bool
	StartupValidation time.Duration
	BootDelay         time.Duration
	SysLog            SysLog
	SysLogGiven       bool  // else GLOBALS says it
	Login             Login // for purging database tables
}

// ReadManager reads what mgr.prm says. Defaults stand where it says nothing.
func ReadManager(f *File) (ManagerConfig, error) {
	m := ManagerConfig{Port: 7809, Check: 10 * time.Minute}
	var errs errorList
	for i := range f.Statements {
		st := &f.Statements[i]
		if st.faulty {
			continue
		}
		c := st.cursor()
		c.more()
		if !m.interval(st.Name, c) {
			m.read(st.Name, c)
		}
		errs = append(errs, c.errs...)
	}
	login, _, err := ReadLogin(f)
	m.Login = login
	errs = append(errs, Errors(err)...)
	return m, errs.orNil()
}

// unitOf tells the unit of a keyword by its end.
func unitOf(name string) (stem string, unit time.Duration) {
	for _, u := range []struct {
		end  string
		unit time.Duration
	}{{"CSECS", 10 * time.Millisecond}, {"SECONDS", time.Second}, {"SECS", time.Second},
		{"MINUTES", time.Minute}, {"HOURS", time.Hour}, {"DAYS", 24 * time.Hour}} {
		if stem, ok := strings.CutSuffix(name, u.end); ok {
			return stem, u.unit
		}
	}
	return name, time.Second
}

// interval reads the parameters that are a length of time.
func (m *ManagerConfig) interval(name string, c *cursor) bool {
	stem, unit := unitOf(name)
	var to *time.Duration
	switch stem {
	case "CHECK":
		to = &m.Check
	case "LAGREPORT":
		to = &m.LagReport
	case "LAGINFO":
		to, m.LagInfoGiven = &m.LagInfo, true
	case "LAGCRITICAL":
		to, m.LagCriticalGiven = &m.LagCritical, true
	case "DOWNREPORT":
		to = &m.DownReport
	case "UPREPORT":
		to = &m.UpReport
	case "STARTUPVALIDATIONDELAY":
		to = &m.StartupValidation
	case "BOOTDELAY":
		to = &m.BootDelay
	default:
		return false
	}
	if name == "DOWNREPORT" {
		*to = 10 * time.Minute
		return true
	}
	*to = c.in(unit)
	return true
}

func (m *ManagerConfig) read(name string, c *cursor) {
	switch name {
	case "PORT":
		m.Port, m.PortGiven = int(c.number(1, 65535)), true
	case "DYNAMICPORTLIST":
		for c.more() {
			m.port(c)
		}
	case "AUTOSTART":
		m.AutoStart = append(m.AutoStart, c.groups())
	case "AUTORESTART":
		m.AutoRestart = append(m.AutoRestart, c.autoRestart())
	case "PURGEOLDEXTRACTS":
		r := PurgeRule{Trail: c.value("a trail"), KeepFiles: 1}
		c.purge(&r)
		m.Purge = append(m.Purge, r)
	case "PURGEOLDTASKS":
		t := TaskRule{AutoStart: c.groups()}
		for c.more() {
			switch {
			case c.word("AFTER"):
				t.After = c.span()
			case c.word("USESTOPSTATUS"):
				t.UseStopStatus = true
			default:
				c.unexpected("AFTER", "USESTOPSTATUS")
			}
		}
		m.Tasks = append(m.Tasks, t)
	case "ACCESSRULE":
		m.Access = append(m.Access, c.access())
	case "SYSLOG":
		m.SysLog, m.SysLogGiven = c.sysLog(), true
	case "DOWNCRITICAL":
		m.DownCritical = true
	}
}

// maxPorts is the most entries that a DYNAMICPORTLIST may have.
const maxPorts = 5000

func (m *ManagerConfig) port(c *cursor) {
	at := c.at()
	low, high, ok := parseRange(c.value("a port"))
	if !ok {
		c.fail(at, "this is no port and no range of ports")
		return
	}
	m.Ports = append(m.Ports, PortRange{low, high})
	n := 0
	for _, r := range m.Ports {
		n += r.High - r.Low + 1
	}
	if n > maxPorts {
		c.fail(at, "more than %d ports", maxPorts)
	}
}

// groups reads {EXTRACT|REPLICAT|ER} group.
func (c *cursor) groups() AutoStart {
	var a AutoStart
	switch {
	case c.word("EXTRACT"):
		a.Kind = ExtractGroups
	case c.word("REPLICAT"):
		a.Kind = ReplicatGroups
	case c.word("ER"):
		a.Kind = AllGroups
	default:
		c.lacks("EXTRACT, REPLICAT or ER")
		return a
	}
	a.Group = c.upper("a group")
	return a
}

func (c *cursor) autoRestart() AutoRestart {
	r := AutoRestart{AutoStart: c.groups(), Retries: 2, Wait: 2 * time.Minute, Reset: 2 * time.Hour}
	for c.more() {
		switch {
		case c.word("RETRIES"):
			r.Retries = c.count(0)
		case c.word("WAITMINUTES"):
			r.Wait = c.in(time.Minute)
		case c.word("WAITSECONDS"):
			r.Wait = c.in(time.Second)
		case c.word("RESETMINUTES"):
			r.Reset = c.in(time.Minute)
		case c.word("RESETSECONDS"):
			r.Reset = c.in(time.Second)
		default:
			c.unexpected("RETRIES", "WAITMINUTES", "RESETMINUTES")
		}
	}
	return r
}

// ReadPurge reads PURGEOLDEXTRACTS of a group's parameter file and where it stands; nil
// when there is none. The trail may be left out. What a reader needs is kept in any case.
func ReadPurge(f *File) (*PurgeRule, ggserr.Location, error) {
	st, ok := f.Last("PURGEOLDEXTRACTS")
	if !ok || st.faulty {
		return nil, ggserr.Location{}, nil
	}
	c := st.cursor()
	r := PurgeRule{KeepFiles: 1}
	if c.more() && !slices.Contains(purgeWords, strings.ToUpper(c.args[c.i].Text)) {
		r.Trail = c.value("a trail")
	}
	c.purge(&r)
	r.UseCheckpoints = true
	return &r, st.Pos, c.errs.orNil()
}

// purgeWords are the options of PURGEOLDEXTRACTS.
var purgeWords = []string{"USECHECKPOINTS", "NOUSECHECKPOINTS", "MINKEEPHOURS", "MINKEEPDAYS",
	"MINKEEPFILES", "FREQUENCYMINUTES", "FREQUENCYHOURS"}

func (c *cursor) purge(r *PurgeRule) {
	r.UseCheckpoints = true
	for c.more() {
		switch {
		case c.word("USECHECKPOINTS"):
			r.UseCheckpoints = true
		case c.word("NOUSECHECKPOINTS"):
			r.UseCheckpoints = false
		case c.word("MINKEEPHOURS"): // of hours and days the last given counts
			r.KeepFor = c.in(time.Hour)
		case c.word("MINKEEPDAYS"):
			r.KeepFor = c.in(24 * time.Hour)
		case c.word("MINKEEPFILES"):
			r.KeepFiles, r.KeepFilesGiven = c.count(1), true
		case c.word("FREQUENCYMINUTES"):
			r.Every = c.in(time.Minute)
		case c.word("FREQUENCYHOURS"):
			r.Every = c.in(time.Hour)
		default:
			c.unexpected(purgeWords...)
		}
	}
}

func (c *cursor) access() AccessRule {
	r := AccessRule{Program: "*", Address: "*", Priority: 99}
	decided := false
	for c.more() {
		switch {
		case c.word("PROG"):
			r.Program = c.upper("a program")
		case c.word("IPADDR"):
			r.Address = c.value("an address")
		case c.word("LOGIN_ID"):
			r.Login = c.value("a login")
		case c.word("PRI", "PRIORITY"):
			r.Priority = int(c.number(1, 99))
		case c.word("ALLOW"):
			r.Allow, decided = true, true
		case c.word("DENY"):
			r.Allow, decided = false, true
		default:
			c.unexpected("PROG", "IPADDR", "PRI", "ALLOW", "DENY")
		}
	}
	if !decided {
		c.fail(c.end, "ALLOW or DENY is missing here")
	}
	return r
}
