package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ggsh/dblogin"
	"ggsh/heartbeat"
	"ggsh/param"
)

// heartbeatNames are the objects of the session's database.
func (s *Session) heartbeatNames() (heartbeat.Names, error) {
	if err := s.loggedIn(); err != nil {
		return heartbeat.Names{}, err
	}
	g, err := param.LoadGlobals(s.cfg.Home.Globals(), string(s.cfg.Home))
	if err != nil {
		return heartbeat.Names{}, err
	}
	schema := s.db.Login.Database
	if s.db.Kind == dblogin.Oracle {
		schema = s.db.User
	}
	return heartbeat.NamesOf(heartbeat.Kind(s.db.Kind), g.HeartbeatTable, g.GGSchema, schema), nil
}

// heartbeatState gives the names and what is set.
func (s *Session) heartbeatState(ctx context.Context) (heartbeat.Names, heartbeat.State, error) {
	n, err := s.heartbeatNames()
	if err != nil {
		return n, heartbeat.State{}, err
	}
	st, err := heartbeat.Load(ctx, s.db.DB, n)
	if errors.Is(err, heartbeat.ErrNone) {
		return n, st, refuse("There are no heartbeat tables %s.", n.Full(n.Table)).
			Do("ADD HEARTBEATTABLE makes them.")
	}
	return n, st, heartbeatFault(err)
}

func heartbeatFault(err error) error {
	if err == nil {
		return nil
	}
	return refuse("%s.", err)
}

func addHeartbeat(ctx context.Context, s *Session, c *call) (Value, error) {
	n, err := s.heartbeatNames()
	if err != nil {
		return nil, err
	}
	_, err = heartbeat.Load(ctx, s.db.DB, n)
	if err == nil {
		return nil, refuse("Heartbeat tables %s already exist.", n.Full(n.Table)).
			Do("ALTER HEARTBEATTABLE changes their settings.")
	}
	if !errors.Is(err, heartbeat.ErrNone) {
		return nil, heartbeatFault(err)
	}
	set := heartbeat.Defaults()
	changeSettings(c, &set)
	name, err := heartbeat.LocalName(ctx, s.db.DB, n.Kind, s.db.Login.Database)
	if err == nil {
		err = heartbeat.Create(ctx, s.db.DB, n, name, set)
	}
	if err != nil {
		return nil, heartbeatFault(err)
	}
	lines := []string{fmt.Sprintf("Successfully created heartbeat seed table %s.", n.Full(n.Seed())),
		fmt.Sprintf("Successfully created heartbeat table %s.", n.Full(n.Table)),
		fmt.Sprintf("Successfully created heartbeat history table %s.", n.Full(n.History())),
		fmt.Sprintf("Successfully created heartbeat lag view %s.", n.Full("GG_LAG")),
		fmt.Sprintf("Successfully created heartbeat lag history view %s.", n.Full("GG_LAG_HISTORY"))}
	if !set.TargetOnly {
		if _, err := s.cfg.Source.AddTrandata(ctx, s.db, Trandata{Table: trandataName(n)}); err != nil {
			return say(append(lines, "This database cannot send heartbeats, only receive them:")...), err
		}
		lines = append(lines, fmt.Sprintf("Successfully added supplemental logging for heartbeat seed "+
			"table %s.", n.Full(n.Seed())))
	}
	return say(append(lines, "Start groups that are running anew: they look for heartbeat tables when "+
		"they start.")...), nil
}

// trandataName is the seed table as ADD TRANDATA names it.
func trandataName(n heartbeat.Names) string {
	if n.Kind == heartbeat.SQLite {
		return "main." + n.Seed()
	}
	return n.Full(n.Seed())
}

// changeSettings sets what the options say.
func changeSettings(c *call, set *heartbeat.Settings) {
	set.Frequency = int(c.number("FREQUENCY", uint64(set.Frequency)))
	set.Retention = int(c.number("RETENTION_TIME", uint64(set.Retention)))
	set.Purge = int(c.number("PURGE_FREQUENCY", uint64(set.Purge)))
	set.TargetOnly = (set.TargetOnly || c.has("TARGETONLY")) && !c.has("NOTARGETONLY")
}

func checkHeartbeat(c *call) error {
	if c.has("TARGETONLY") && c.has("NOTARGETONLY") {
		return fault(c.words[0], "TARGETONLY and NOTARGETONLY exclude each other.")
	}
	most := map[string]uint64{"FREQUENCY": heartbeat.MaxFrequency, "RETENTION_TIME": 36500,
		"PURGE_FREQUENCY": 199}
	for _, name := range c.order {
		limit, ok := most[name]
		if ok && c.number(name, 0) > limit {
			return fault(c.given[name][0], "%s %s is too large: at most %d.", name, c.text(name), limit)
		}
		if ok && name != "FREQUENCY" && c.number(name, 0) == 0 {
			return fault(c.given[name][0], "%s needs at least one day.", name)
		}
	}
	return nil
}

func alterHeartbeat(ctx context.Context, s *Session, c *call) (Value, error) {
	n, st, err := s.heartbeatState(ctx)
	if err != nil {
		return nil, err
	}
	set := st.Settings
	changeSettings(c, &set)
	if set == st.Settings {
		return say("Nothing was changed."), nil
	}
	if err := heartbeat.Alter(ctx, s.db.DB, n, set); err != nil {
		return nil, heartbeatFault(err)
	}
	if st.TargetOnly && !set.TargetOnly {
		if _, err := s.cfg.Source.AddTrandata(ctx, s.db, Trandata{Table: trandataName(n)}); err != nil {
			return nil, err
		}
	}
	lines := []string{"HEARTBEAT table settings were changed."}
	if set.Frequency == 0 {
		lines = append(lines, "Heartbeats are suspended.")
	}
	return say(lines...), nil
}

func deleteHeartbeat(ctx context.Context, s *Session, _ *call) (Value, error) {
	n, err := s.heartbeatNames()
	if err != nil {
		return nil, err
	}
	st, err := heartbeat.Load(ctx, s.db.DB, n)
	if err == nil && n.Kind != heartbeat.MySQL && n.Kind != heartbeat.MariaDB && !st.TargetOnly {
		if _, err := s.cfg.Source.DeleteTrandata(ctx, s.db, Trandata{Table: trandataName(n)}); err != nil {
			return nil, err
		}
	}
	dropped, err := heartbeat.Drop(ctx, s.db.DB, n)
	var lines []string
	for _, name := range dropped {
		lines = append(lines, "Successfully dropped heartbeat "+name+".")
	}
	if err == nil && len(lines) == 0 {
		return nil, refuse("There are no heartbeat tables %s.", n.Full(n.Table))
	}
	return say(lines...), heartbeatFault(err)
}

func deleteEntry(ctx context.Context, s *Session, c *call) (Value, error) {
	n, _, err := s.heartbeatState(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := heartbeat.DeleteEntry(ctx, s.db.DB, n, c.at("group"))
	if err != nil {
		return nil, heartbeatFault(err)
	}
	return say(fmt.Sprintf("Deleted %d heartbeat row%s of %s.", rows, plural(rows),
		strings.ToUpper(c.at("group")))), nil
}

func upgradeHeartbeat(ctx context.Context, s *Session, _ *call) (Value, error) {
	n, _, err := s.heartbeatState(ctx)
	if err != nil {
		return nil, err
	}
	missing, err := heartbeat.Missing(ctx, s.db.DB, n)
	if err != nil {
		return nil, heartbeatFault(err)
	}
	if len(missing) > 0 {
		return nil, refuse("Heartbeat objects are missing: %s.", strings.Join(missing, ", ")).
			Do("DELETE HEARTBEATTABLE and ADD HEARTBEATTABLE make them anew.")
	}
	return say("Heartbeat tables have one form: nothing is to be upgraded."), nil
}

// HeartbeatInfo is INFO HEARTBEATTABLE.
type HeartbeatInfo struct {
	Seed    string `json:"seedTable"`
	Table   string `json:"heartbeatTable"`
	History string `json:"historyTable"`
	heartbeat.State
	Lags []heartbeat.Lag `json:"lags,omitempty"`
}

func infoHeartbeat(ctx context.Context, s *Session, c *call) (Value, error) {
	n, st, err := s.heartbeatState(ctx)
	if err != nil {
		return nil, err
	}
	info := HeartbeatInfo{Seed: n.Full(n.Seed()), Table: n.Full(n.Table), History: n.Full(n.History()),
		State: st}
	if c.has("DETAIL") {
		if info.Lags, err = heartbeat.Lags(ctx, s.db.DB, n); err != nil {
			return nil, heartbeatFault(err)
		}
	}
	return info, nil
}

// Text lists names, settings and lags.
func (i HeartbeatInfo) Text() string {
	frequency := fmt.Sprintf("%d seconds", i.Frequency)
	if i.Frequency == 0 {
		frequency = "0 (suspended)"
	}
	only := "No"
	if i.TargetOnly {
		only = "Yes"
	}
	sent := "never"
	if !i.Sent.IsZero() {
		sent = i.Sent.Local().Format(time.DateTime)
	}
	var b strings.Builder
	for _, row := range [][2]string{{"HEARTBEAT table", i.Table}, {"HEARTBEAT_SEED table", i.Seed},
		{"HEARTBEAT_HISTORY table", i.History}, {"Local database", i.Database}, {"Frequency", frequency},
		{"Retention time", fmt.Sprintf("%d days", i.Retention)},
		{"Purge frequency", fmt.Sprintf("%d days", i.Purge)}, {"Target only", only},
		{"Last heartbeat sent", sent}} {
		fmt.Fprintf(&b, "%-24s %s\n", row[0]+":", row[1])
	}
	for _, l := range i.Lags {
		fmt.Fprintf(&b, "\n%s from %s\n  lag %.3fs, age %.0fs; %d heartbeats, lag %.3fs least, %.3fs mean, "+
			"%.3fs most\n", l.Path, l.Remote, l.Lag, l.Age, l.History, l.Least, l.Mean, l.Most)
	}
	return b.String()
}

func heartbeatRows() []Command {
	options := []Arg{{Name: "FREQUENCY", Kind: Number, Help: "seconds between heartbeats, 0 to 7999; 0: none"},
		{Name: "RETENTION_TIME", Kind: Number, Help: "days that history is kept"},
		{Name: "PURGE_FREQUENCY", Kind: Number, Help: "days between purges of history"},
		{Name: "TARGETONLY", Help: "send no heartbeats from here"}}
	partitioned := Arg{Name: "PARTITIONED", Note: "the history table has no partitions."}
	const set = " [, FREQUENCY s] [, RETENTION_TIME d] [, PURGE_FREQUENCY d]"
	return []Command{
		{Verb: "ADD", Object: "HEARTBEATTABLE", Priority: P1, Changes: true, run: addHeartbeat,
			check: checkHeartbeat, Options: append(options[:4:4], partitioned),
			Synopsis: "ADD HEARTBEATTABLE" + set + " [, TARGETONLY]",
			Help: "Creates the tables and views by which lag is measured, in GGSCHEMA of GLOBALS or the " +
				"database of the login. Needs DBLOGIN."},
		{Verb: "ALTER", Object: "HEARTBEATTABLE", Priority: P1, Changes: true, run: alterHeartbeat,
			check: checkHeartbeat, Options: append(options[:4:4], Arg{Name: "NOTARGETONLY",
				Help: "send heartbeats"}),
			Synopsis: "ALTER HEARTBEATTABLE" + set + " [, TARGETONLY | NOTARGETONLY]",
			Help: "Changes the settings; a running Extract obeys within ten seconds, a Replicat at " +
				"its start. Needs DBLOGIN."},
		{Verb: "DELETE", Object: "HEARTBEATTABLE", Priority: P1, Changes: true, run: deleteHeartbeat,
			Synopsis: "DELETE HEARTBEATTABLE", Help: "Drops all heartbeat objects. Needs DBLOGIN."},
		{Verb: "INFO", Object: "HEARTBEATTABLE", Priority: P1, run: infoHeartbeat,
			Synopsis: "INFO HEARTBEATTABLE [, DETAIL]", Options: []Arg{{Name: "DETAIL",
				Help: "the lag of each path, now and by its history"}},
			Help: "Shows names and settings of the heartbeat objects. Needs DBLOGIN."},
		{Verb: "UPGRADE", Object: "HEARTBEATTABLE", Priority: P2, run: upgradeHeartbeat,
			Synopsis: "UPGRADE HEARTBEATTABLE",
			Help:     "Looks whether all heartbeat objects are there; they have one form. Needs DBLOGIN."},
		{Verb: "DELETE", Object: "HEARTBEATENTRY", Priority: P2, Changes: true, run: deleteEntry,
			Places:   []Arg{{Name: "group", Kind: Word, Help: "name of an Extract, data pump or Replicat"}},
			Synopsis: "DELETE HEARTBEATENTRY group",
			Help:     "Removes the rows of the paths that a group is part of. Needs DBLOGIN."},
	}
}
