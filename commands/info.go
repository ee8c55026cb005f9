package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/param"
)

// Layouts of times.
const (
	minutes = "2006-01-02 15:04"
	seconds = "2006-01-02 15:04:05"
	micros  = "2006-01-02 15:04:05.000000"
)

// hours prints a lag as HH:MM:SS; hours may have more digits.
func hours(d time.Duration) string {
	if d < 0 {
		d = 0
	}
	n := int64(d / time.Second)
	return fmt.Sprintf("%02d:%02d:%02d", n/3600, n/60%60, n%60)
}

// Overview is INFO ALL.
type Overview struct {
	Manager string        `json:"manager"`
	Groups  []OverviewRow `json:"groups"`
}

// OverviewRow is one group of INFO ALL.
type OverviewRow struct {
	Type   string         `json:"type"`
	Status string         `json:"status"`
	Group  string         `json:"group"`
	Lag    *time.Duration `json:"lagNanoseconds,omitempty"` // nil for tasks
	Since  *time.Duration `json:"sinceCheckpointNanoseconds,omitempty"`
	Reason string         `json:"reason,omitempty"`
}

// Text is the table that scripts split at blanks.
func (o Overview) Text() string {
	const row = "%-12s%-12s%-12s%-14s%-12s\n"
	var b strings.Builder
	b.WriteString("Program     Status      Group       Lag at Chkpt  Time Since Chkpt\n\n")
	fmt.Fprintf(&b, row, "MANAGER", o.Manager, "", "", "")
	for _, g := range o.Groups {
		lag, since := "", ""
		if g.Lag != nil {
			lag, since = hours(*g.Lag), hours(*g.Since)
		}
		fmt.Fprintf(&b, row, g.Type, g.Status, g.Group, lag, since)
	}
	return b.String()
}

func infoAll(ctx context.Context, s *Session, c *call) (Value, error) {
	o := Overview{Manager: control.Stopped, Groups: []OverviewRow{}}
	if s.observe(ctx).up {
		o.Manager = control.Running
	}
	groups, err := s.all(ctx, bothTypes())
	for _, g := range groups {
		row := OverviewRow{Type: string(g.kind), Status: g.state.State, Group: g.name,
			Reason: g.state.Reason}
		if g.isTask() {
			if !c.has("TASKS") && !c.has("ALLPROCESSES") {
				continue
			}
		} else if c.has("TASKS") {
			continue
		} else {
			lag, since := g.doc.State.Lag, s.cfg.Now().Sub(updated(g.doc))
			row.Lag, row.Since = &lag, &since
		}
		o.Groups = append(o.Groups, row)
	}
	return o, err
}

func updated(d *checkpoint.Document) time.Time {
	if d.State.Updated.IsZero() {
		return d.Group.Created
	}
	return d.State.Updated
}

// GroupInfo is INFO EXTRACT and INFO REPLICAT.
type GroupInfo struct {
	Status control.GroupStatus `json:"status"`
	Group  checkpoint.Group    `json:"group"`
	State  checkpoint.State    `json:"state"`
	Detail *Files              `json:"detail,omitempty"`
	Load   *LoadProgress       `json:"load,omitempty"`
	ShowCh bool                `json:"-"`
	Since  time.Duration       `json:"sinceCheckpointNanoseconds"`
	Source string              `json:"source"` // what the log is: VAM, Oracle Redo Logs
}

// Files are the places that INFO ... DETAIL names.
type Files struct {
	Home            string `json:"home"`
	Report          string `json:"report"`
	Params          string `json:"params"`
	Checkpoint      string `json:"checkpoint"`
	CheckpointTable string `json:"checkpointTable,omitempty"`
	Process         string `json:"process"`
	EventLog        string `json:"eventLog"`
}

func infoGroup(ctx context.Context, s *Session, c *call) (Value, error) {
	if c.has("PROGRESS") {
		return infoProgress(ctx, s, c)
	}
	groups, err := s.choose(ctx, c)
	var blocks Blocks
	for _, g := range groups {
		info := GroupInfo{Status: g.state, Group: g.doc.Group, State: g.doc.State,
			ShowCh: c.has("SHOWCH"), Since: s.cfg.Now().Sub(updated(g.doc)),
			Source: s.sourceName(g)}
		if c.has("DETAIL") {
			info.Detail = s.files(g)
			load, lerr := s.loadOf(ctx, g)
			info.Load, err = load, errors.Join(err, lerr)
		}
		blocks = append(blocks, info)
	}
	if len(blocks) == 0 {
		return nil, err
	}
	return blocks, err
}

func (s *Session) files(g *group) *Files {
	isExtract := g.kind == checkpoint.Extract
	f := &Files{Home: string(s.cfg.Home), Report: s.reportFile(g),
		Params: s.paramFile(g), Checkpoint: s.cfg.Home.Checkpoint(g.name, isExtract),
		EventLog: s.cfg.Home.EventLog(), Process: s.cfg.Home.Process(g.name, isExtract)}
	if g.kind == checkpoint.Replicat && g.doc.Group.Source == checkpoint.TrailSource {
		f.CheckpointTable = s.checkpointTableOf(g)
	}
	return f
}

func (s *Session) reportFile(g *group) string {
	if g.doc.Group.Report != "" {
		return s.cfg.Home.Resolve(g.doc.Group.Report)
	}
	return s.cfg.Home.Report(g.name, -1)
}

func (s *Session) paramFile(g *group) string {
	if g.doc.Group.Params != "" {
		return s.cfg.Home.Resolve(g.doc.Group.Params)
	}
	return s.cfg.Home.Param(g.name)
}

// Names of what an Extract reads.
const (
	vamSource        = "VAM"
	redoSource       = "Oracle Redo Logs"
	integratedSource = "Oracle Integrated Redo Logs"
)

// sourceName tells the kind of log. SOURCEDB in the parameter file means a
// database whose log is read through its own interface, as for MySQL.
func (s *Session) sourceName(g *group) string {
	if g.doc.Group.Source != checkpoint.TranLog {
		return string(g.doc.Group.Source)
	}
	f := s.params(g)
	_, sourceDB := f.First("SOURCEDB")
	_, user := f.First("USERID")
	switch {
	case sourceDB || !user && !g.doc.Group.Integrated:
		return vamSource
	case g.doc.Group.Integrated:
		return integratedSource
	}
	return redoSource
}

// params reads a group's parameter file as far as it can be understood.
func (s *Session) params(g *group) *param.File {
	program := param.Extract
	if g.kind == checkpoint.Replicat {
		program = param.Replicat
	}
	f, _ := param.Parse(s.paramFile(g), s.paramOptions(program))
	return f
}

func (s *Session) paramOptions(program param.Program) param.Options {
	read := func(path string) ([]byte, error) { return readFile(path, maxParamFile) }
	opt := param.Options{ReadFile: read, Getenv: s.cfg.Getenv, Home: string(s.cfg.Home),
		Program: program}
	if g, err := param.LoadGlobals(s.cfg.Home.Globals(), string(s.cfg.Home)); err == nil {
		opt.Charset = g.Charset
	}
	return opt
}

// maxParamFile bounds a parameter file.
const maxParamFile = 8 << 20

// Text is the block of plain INFO, with DETAIL's and SHOWCH's below it.
func (i GroupInfo) Text() string {
	var b strings.Builder
	started := "Initialized   " + i.Group.Created.Local().Format(minutes)
	if !i.State.Started.IsZero() {
		started = "Last Started " + i.State.Started.Local().Format(minutes)
	}
	fmt.Fprintf(&b, "%-11s%-10s%s   Status %s\n", i.Group.Type, i.Group.Name, started,
		i.Status.State)
	if i.Group.Integrated && i.Group.Type == checkpoint.Replicat {
		b.WriteString("INTEGRATED\n")
	}
	label := func(name, value string) { fmt.Fprintf(&b, "%-21s%s\n", name, value) }
	if i.Group.Description != "" {
		label("Description", "'"+i.Group.Description+"'")
	}
	if i.Group.Source == checkpoint.SourceIsTable {
		label("Checkpoint Lag", "Not Available")
	} else {
		label("Checkpoint Lag", fmt.Sprintf("%s (updated %s ago)", hours(i.State.Lag),
			hours(i.Since)))
	}
	if i.Status.Up() && i.Status.PID > 0 {
		label("Process ID", fmt.Sprint(i.Status.PID))
	}
	for _, l := range i.readLines() {
		label(l[0], l[1])
	}
	if i.Load != nil {
		b.WriteString("\n" + i.Load.Text())
	}
	if i.Detail != nil {
		i.detail(&b)
	}
	if i.ShowCh {
		i.showCh(&b)
	}
	return b.String()
}

// readAt is where the group will read on: the ordered place before a start,
// else the last record's.
func (i GroupInfo) readAt() (p checkpoint.Position, known bool) {
	if i.State.Current.Valid && !i.State.Ordered {
		return i.State.Current, true
	}
	b := i.Group.Begin
	if b.Kind == checkpoint.BeginEarliest {
		b.Time = time.Time{}
	}
	return checkpoint.Position{Seqno: b.Seqno, RBA: b.RBA, CSN: b.CSN, Time: b.Time}, false
}

// readLines are the label and value pairs of the read checkpoint.
func (i GroupInfo) readLines() [][2]string {
	p, known := i.readAt()
	stamp := "First Record"
	if !p.Time.IsZero() {
		stamp = p.Time.Local().Format(micros)
	}
	switch {
	case i.Group.Source == checkpoint.SourceIsTable:
		return i.tableLines()
	case i.Group.Source == checkpoint.SpecialRun:
		return [][2]string{{"Log Read Checkpoint", "Not Available"}, {"Task", "SPECIALRUN"}}
	case i.Group.Source == checkpoint.TrailSource:
		return [][2]string{{"Log Read Checkpoint", "File " + trailFile(i.Group.Trail, p.Seqno)},
			{"", fmt.Sprintf("%s  RBA %d", stamp, p.RBA)}}
	case checkpoint.StreamsKind(p.Restart) != "":
		return streamLines(p, stamp)
	case i.Source == vamSource:
		if !known && i.Group.Begin.Kind != checkpoint.BeginSeqno {
			return [][2]string{{"VAM Read Checkpoint", stamp}}
		}
		return [][2]string{{"VAM Read Checkpoint", stamp},
			{"", fmt.Sprintf("Log Number: %d", p.Seqno)},
			{"", fmt.Sprintf("Record Offset: %d", p.RBA)}}
	}
	lines := [][2]string{{"Log Read Checkpoint", i.Source}}
	at := stampOr(p.Time, seconds)
	if i.Source == redoSource {
		at += fmt.Sprintf("  Seqno %d, RBA %d", p.Seqno, p.RBA)
	}
	lines = append(lines, [2]string{"", at})
	return append(lines, [2]string{"", "SCN " + scn(p.CSN.Minor)})
}

// streamLines are those of a source of files or topics.
func streamLines(p checkpoint.Position, stamp string) [][2]string {
	s, _, err := checkpoint.ParseStreams(p.Restart)
	if err != nil {
		return [][2]string{{"Read Checkpoint", err.Error()}}
	}
	title := "File Read Checkpoint"
	if s.Kind == checkpoint.KafkaStreams {
		title = "Topic Checkpoint"
	}
	lines := [][2]string{{title, stamp}}
	if last, ok := s.Find(s.Last); ok {
		lines = append(lines, [2]string{"", s.Word() + " " + last.String()})
	}
	return append(lines, [2]string{"", fmt.Sprintf("Transaction %d, %d %ss known", s.CSN, len(s.Streams),
		strings.ToLower(s.Word()))})
}

// scn prints an Oracle SCN as its two halves and whole.
func scn(n uint64) string { return fmt.Sprintf("%d.%d (%d)", n>>32, n&(1<<32-1), n) }

func (i GroupInfo) tableLines() [][2]string {
	task := [2]string{"Task", "SOURCEISTABLE"}
	if !i.State.Current.Valid || len(i.State.Runs) == 0 {
		return [][2]string{{"Log Read Checkpoint", "Not Available"},
			{"", "First Record         Record 0"}, task}
	}
	p := i.State.Current
	return [][2]string{{"Log Read Checkpoint", "Table " + i.State.Runs[0].Source},
		{"", fmt.Sprintf("%s  Record %d", p.Time.Local().Format(seconds), p.RBA)}, task}
}

func trailFile(trail string, seqno uint32) string { return fmt.Sprintf("%s%09d", trail, seqno) }

// detail writes what DETAIL adds.
func (i GroupInfo) detail(b *strings.Builder) {
	if len(i.Group.Outputs) > 0 {
		b.WriteString("\n  Target Extract Trails:\n\n" +
			"  Trail Name                                       Seqno        RBA" +
			"     Max MB Trail Type\n\n")
		for _, o := range i.Group.Outputs {
			fmt.Fprintf(b, "  %-38s%16d%11d%11d %-10s\n", o.Trail, writeSeqno(o),
				o.Current.RBA, o.Megabytes, trailType(o))
		}
	}
	b.WriteString("\n  Extract Source                          Begin             " +
		"End             \n\n")
	for _, r := range i.runs() {
		fmt.Fprintf(b, "  %-38s  %-16s  %-16s\n", r[0], r[1], r[2])
	}
	place := func(name, value string) { fmt.Fprintf(b, "%-21s%s\n", name, value) }
	d := i.Detail
	b.WriteString("\n\n")
	place("Current directory", d.Home)
	b.WriteString("\n")
	place("Report file", d.Report)
	place("Parameter file", d.Params)
	place("Checkpoint file", d.Checkpoint)
	if d.CheckpointTable != "" {
		place("Checkpoint table", d.CheckpointTable)
	}
	place("Process file", d.Process)
	place("Error log", d.EventLog)
}

// runs are the periods of DETAIL, newest first.
func (i GroupInfo) runs() [][3]string {
	stamp := func(t time.Time, otherwise string) string {
		if t.IsZero() {
			return otherwise
		}
		return t.Local().Format(minutes)
	}
	var rows [][3]string
	for _, r := range i.State.Runs {
		source := r.Source
		if source == "" {
			source = "Not Available"
		}
		rows = append(rows, [3]string{source, stamp(r.Begin, "* Initialized *"),
			stamp(r.End, "First Record")})
	}
	if len(rows) == 0 {
		rows = append(rows, [3]string{"Not Available", "* Initialized *", "First Record"})
	}
	return rows
}

func trailType(o checkpoint.Output) string {
	switch {
	case o.Remote && o.File:
		return "RMTFILE"
	case o.Remote:
		return "RMTTRAIL"
	case o.File:
		return "EXTFILE"
	}
	return "EXTTRAIL"
}

func writeSeqno(o checkpoint.Output) uint32 {
	if o.Current.Valid {
		return o.Current.Seqno
	}
	return o.Seqno
}
