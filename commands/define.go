package commands

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ggsh/checkpoint"
	"ggsh/checkpointtable"
	"ggsh/ggserr"
	"ggsh/param"
	"ggsh/record"
)

// Limits of names and sizes.
const (
	maxGroupName     = 8
	maxCommand       = 500 // bytes of ADD EXTRACT and ADD REPLICAT
	defaultMegabytes = 500
	maxMegabytes     = 2000
)

// checkGroupName refuses names that cannot be a group's.
func checkGroupName(w word) error {
	name := []rune(w.text)
	switch strings.ToUpper(w.text) {
	case "MGR", "MANAGER", "ER", "ALL", "PORT", "EXTRACT", "REPLICAT", "GGSEVT":
		return fault(w, "%s cannot be the name of a group: it is a word of the commands.", w.text)
	}
	if len(name) > maxGroupName {
		return fault(w, "Group name %s has %d characters; at most %d are allowed.", w.text,
			len(name), maxGroupName)
	}
	for i, r := range strings.ToUpper(w.text) {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_$#@-", r) ||
			i == 0 && r == '-' {
			return fault(w, "Group name %s has the character %c in it; letters, digits and "+
				"_ $ # @ - are allowed.", w.text, r)
		}
	}
	return nil
}

func checkAddGroup(c *call) error {
	if len(c.line) > maxCommand {
		return fault(word{col: maxCommand}, "%s may be at most %d bytes long.", c.cmd.Name(),
			maxCommand)
	}
	if err := checkGroupName(c.places["group"]); err != nil {
		return err
	}
	return checkPosition(c)
}

// checkPosition refuses numbers that no position has.
func checkPosition(c *call) error {
	for _, name := range []string{"EXTSEQNO", "LOGNUM", "SEQNO"} {
		if c.has(name) && c.number(name, 0) > math.MaxUint32 {
			return fault(c.given[name][0], "%s %s is too large.", name, c.text(name))
		}
	}
	return nil
}

// begin is the start position that the options give, and whether they give one.
func (s *Session) begin(c *call) (checkpoint.Begin, bool, error) {
	now := s.cfg.Now()
	switch {
	case c.has("SCN"), c.has("LSN"), c.has("CSN"):
		name := slices.DeleteFunc([]string{"SCN", "LSN", "CSN"},
			func(n string) bool { return !c.has(n) })[0]
		csn, err := record.ParseCSN(c.text(name))
		if err != nil {
			return checkpoint.Begin{}, true, refuse("%s %s is not a commit sequence number.",
				name, c.text(name))
		}
		return checkpoint.Begin{Kind: checkpoint.BeginCSN, CSN: csn}, true, nil
	case c.has("EXTSEQNO"), c.has("EXTRBA"), c.has("LOGNUM"), c.has("LOGPOS"), c.has("SEQNO"):
		b := checkpoint.Begin{Kind: checkpoint.BeginSeqno}
		b.Seqno = uint32(c.number("EXTSEQNO", c.number("LOGNUM", c.number("SEQNO", 0))))
		b.RBA = c.number("EXTRBA", c.number("LOGPOS", 0))
		return b, true, nil
	case c.has("EOF"):
		return checkpoint.Begin{Kind: checkpoint.BeginEOF, Time: now}, true, nil
	case c.has("BEGIN"):
		if strings.EqualFold(c.text("BEGIN"), "NOW") {
			return checkpoint.Begin{Kind: checkpoint.BeginNow, Time: now}, true, nil
		}
		if strings.EqualFold(c.text("BEGIN"), "EARLIEST") {
			return checkpoint.Begin{Kind: checkpoint.BeginEarliest, Time: now}, true, nil
		}
		t, _ := parseTime(c.text("BEGIN"), now.Location())
		return checkpoint.Begin{Kind: checkpoint.BeginTime, Time: t}, true, nil
	}
	return checkpoint.Begin{}, false, nil
}

func newKey() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return uint64(binary.LittleEndian.Uint32(b[:]) >> 1)
}

// define makes the part of a group that both types share.
func (s *Session) define(c *call, kind checkpoint.Type) (*checkpoint.Document, error) {
	name := strings.ToUpper(c.at("group"))
	for _, t := range bothTypes() {
		if s.file(t, name).Exists() {
			return nil, refuse("%s %s already exists.", t, name)
		}
	}
	if err := s.roomForGroup(); err != nil {
		return nil, err
	}
	d := &checkpoint.Document{Group: checkpoint.Group{Name: name, Type: kind,
		Integrated: c.has("INTEGRATED"), Params: c.text("PARAMS"), Report: c.text("REPORT"),
		Description: c.text("DESC"), Created: s.cfg.Now(), Key: newKey()}}
	begin, given, err := s.begin(c)
	if err != nil {
		return nil, err
	}
	d.Group.Begin, d.State.Ordered = begin, true
	if !given {
		d.Group.Begin = checkpoint.Begin{Kind: checkpoint.BeginSeqno}
	}
	return d, nil
}

// roomForGroup holds a home to the groups of MAXGROUPS.
func (s *Session) roomForGroup() error {
	globals, err := param.LoadGlobals(s.cfg.Home.Globals(), string(s.cfg.Home))
	if err != nil {
		return err
	}
	have := 0
	for _, t := range bothTypes() {
		names, err := checkpoint.List(s.cfg.Home.Join("dirchk"), t)
		if err != nil {
			return fmt.Errorf("list of groups: %w", err)
		}
		have += len(names)
	}
	if have >= globals.MaxGroups {
		return refuse("There are %d groups already, as many as MAXGROUPS allows.", have).
			Do("Delete groups that are not used, or raise MAXGROUPS in GLOBALS (5000 at most).")
	}
	return nil
}

// create stores a group for the first time.
func (s *Session) create(d *checkpoint.Document) error {
	f := s.file(d.Group.Type, d.Group.Name)
	err := f.Lock()
	if err == nil {
		defer f.Unlock()
		if f.Exists() {
			return refuse("%s %s already exists.", d.Group.Type, d.Group.Name)
		}
		err = f.Store(d)
	}
	switch {
	case errors.Is(err, checkpoint.ErrLocked):
		return mustStop(&group{kind: d.Group.Type, name: d.Group.Name})
	case errors.Is(err, fs.ErrNotExist):
		return refuse("Could not create checkpoint file %s (no such directory).", f.Path()).
			Do("CREATE SUBDIRS makes the directories.")
	case err != nil:
		return refuse("Could not create checkpoint file %s (%s).", f.Path(), err)
	}
	return nil
}

func addExtract(_ context.Context, s *Session, c *call) (Value, error) {
	d, err := s.define(c, checkpoint.Extract)
	if err != nil {
		return nil, err
	}
	var notes []string
	switch {
	case c.has("SOURCEISTABLE"):
		d.Group.Source, d.Group.Begin = checkpoint.SourceIsTable, checkpoint.Begin{}
		d.State.Ordered = false
	case c.has("EXTTRAILSOURCE"):
		d.Group.Source, d.Group.Trail = checkpoint.TrailSource, c.text("EXTTRAILSOURCE")
	default:
		d.Group.Source = checkpoint.TranLog
		if !c.has("TRANLOG") && !c.has("VAM") {
			notes = append(notes, "No source is named: TRANLOG, the log of the database, is taken.")
		}
		if _, given, _ := s.begin(c); !given {
			d.Group.Begin = checkpoint.Begin{Kind: checkpoint.BeginNow, Time: s.cfg.Now()}
			notes = append(notes, "No start position is given: BEGIN NOW is taken.")
		}
	}
	if err := s.create(d); err != nil {
		return nil, err
	}
	added := "EXTRACT added."
	if d.Group.Integrated {
		added = "EXTRACT (Integrated) added."
	}
	return confirm(append([]string{added}, notes...)...), nil
}

// checkAddExtract wants one source at most.
func checkAddExtract(c *call) error {
	if err := checkAddGroup(c); err != nil {
		return err
	}
	var sources []string
	for _, o := range []string{"TRANLOG", "VAM", "SOURCEISTABLE", "EXTTRAILSOURCE"} {
		if c.has(o) {
			sources = append(sources, o)
		}
	}
	if len(sources) > 1 {
		return fault(c.words[0], "%s and %s exclude each other.", sources[0], sources[1])
	}
	if c.has("SOURCEISTABLE") && (c.has("BEGIN") || c.has("EXTSEQNO") || c.has("EXTRBA")) {
		return fault(c.words[0], "SOURCEISTABLE reads tables and takes no start position.")
	}
	if c.has("EXTTRAILSOURCE") {
		return checkTrailName("EXTTRAIL", c.given["EXTTRAILSOURCE"][0])
	}
	return nil
}

func checkAddReplicat(c *call) error {
	if err := checkAddGroup(c); err != nil {
		return err
	}
	n := 0
	for _, o := range []string{"EXTTRAIL", "EXTFILE", "SPECIALRUN"} {
		if c.has(o) {
			n++
		}
	}
	switch {
	case n == 0:
		return fault(word{col: len([]rune(c.line)) + 1},
			"ADD REPLICAT needs EXTTRAIL trail, EXTFILE file or SPECIALRUN.")
	case n > 1:
		return fault(c.words[0], "EXTTRAIL, EXTFILE and SPECIALRUN exclude each other.")
	case c.has("CHECKPOINTTABLE") && c.has("NODBCHECKPOINT"):
		return fault(c.words[0], "CHECKPOINTTABLE and NODBCHECKPOINT exclude each other.")
	case c.has("EXTTRAIL"):
		if err := checkTrailName("EXTTRAIL", c.given["EXTTRAIL"][0]); err != nil {
			return err
		}
	}
	return checkTableOption(c)
}

func checkTableOption(c *call) error {
	if name := c.text("CHECKPOINTTABLE"); name != "" {
		if _, err := parseTableName(name); err != nil {
			return fault(c.given["CHECKPOINTTABLE"][0], "%s", err)
		}
	}
	return nil
}

// parseTableName takes schema.table; a container before it, as multitenant
// databases have it, is left out.
func parseTableName(s string) (checkpointtable.Name, error) {
	if parts := strings.Split(s, "."); len(parts) == 3 {
		s = parts[1] + "." + parts[2]
	}
	return checkpointtable.ParseName(s)
}

func addReplicat(_ context.Context, s *Session, c *call) (Value, error) {
	d, err := s.define(c, checkpoint.Replicat)
	if err != nil {
		return nil, err
	}
	switch {
	case c.has("SPECIALRUN"):
		d.Group.Source, d.Group.Begin = checkpoint.SpecialRun, checkpoint.Begin{}
		d.State.Ordered = false
	default:
		d.Group.Source, d.Group.Trail = checkpoint.TrailSource, c.text("EXTTRAIL")
	}
	d.Group.CheckpointTable = c.text("CHECKPOINTTABLE")
	d.Group.NoDBCheckpoint = c.has("NODBCHECKPOINT")
	if err := s.create(d); err != nil {
		return nil, err
	}
	for _, mode := range []string{"Parallel", "Coordinated", "Integrated"} {
		if c.has(strings.ToUpper(mode)) {
			return confirm("REPLICAT (" + mode + ") added."), nil
		}
	}
	return confirm("REPLICAT added."), nil
}

// alterGroup changes the attributes of stopped groups.
func alterGroup(_ context.Context, s *Session, c *call) (Value, error) {
	groups, err := s.choose(context.Background(), c)
	if err != nil {
		return nil, err
	}
	if len(c.order) == 0 {
		return nil, refuse("%s needs something to alter: %s", c.cmd.Name(), c.cmd.Synopsis)
	}
	begin, moved, err := s.begin(c)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, g := range groups {
		if g.running() {
			return nil, mustStop(g)
		}
		err := s.change(g, func(d *checkpoint.Document) error {
			if moved {
				d.Group.Begin, d.State.Ordered = begin, true
			}
			return s.alterDocument(c, d)
		})
		if err != nil {
			return nil, err
		}
		lines = append(lines, s.rolledOver(c, g)...)
		lines = append(lines, string(g.kind)+" altered.")
	}
	return confirm(lines...), nil
}

func (s *Session) alterDocument(c *call, d *checkpoint.Document) error {
	set := func(option string, to *string) {
		if c.has(option) {
			*to = c.text(option)
		}
	}
	set("PARAMS", &d.Group.Params)
	set("REPORT", &d.Group.Report)
	set("DESC", &d.Group.Description)
	trail := d.Group.Trail
	set("EXTTRAILSOURCE", &d.Group.Trail)
	set("EXTTRAIL", &d.Group.Trail)
	if filepath.Clean(trail) != filepath.Clean(d.Group.Trail) && !d.State.Ordered {
		// A position in one trail means nothing in another.
		d.Group.Begin, d.State.Ordered = checkpoint.Begin{Kind: checkpoint.BeginSeqno}, true
	}
	set("CHECKPOINTTABLE", &d.Group.CheckpointTable)
	if c.has("CHECKPOINTTABLE") {
		d.Group.NoDBCheckpoint = false
	}
	d.Group.NoDBCheckpoint = d.Group.NoDBCheckpoint || c.has("NODBCHECKPOINT")
	d.Group.Integrated = (d.Group.Integrated || c.has("INTEGRATED")) && !c.has("NONINTEGRATED")
	for _, o := range []string{"EXTTRAIL", "EXTTRAILSOURCE"} {
		if c.has(o) && d.Group.Source != checkpoint.TrailSource {
			return refuse("%s %s reads no trail.", d.Group.Type, d.Group.Name)
		}
	}
	if c.has("ETROLLOVER") {
		if d.Group.Type != checkpoint.Extract || len(d.Group.Outputs) == 0 {
			return refuse("%s %s writes no trail.", d.Group.Type, d.Group.Name)
		}
		d.State.NextFile = true
	}
	return nil
}

// rolledOver says what ETROLLOVER means for the readers of the trail.
func (s *Session) rolledOver(c *call, g *group) []string {
	if !c.has("ETROLLOVER") {
		return nil
	}
	var lines []string
	for _, o := range g.doc.Group.Outputs {
		e := ggserr.New(ggserr.RolloverDone, o.Trail, writeSeqno(o)+1)
		e.Text += ". The file is begun when " + g.name + " is started; readers of the trail " +
			"follow by themselves."
		lines = append(lines, ErrorText(e, s.cfg.Now()))
	}
	return lines
}

// deleteGroup deletes groups, their checkpoint files and, of a Replicat, its
// row in the checkpoint table. Trail files stay.
func deleteGroup(ctx context.Context, s *Session, c *call) (Value, error) {
	c.given["ALLPROCESSES"] = nil
	groups, err := s.choose(ctx, c)
	if err != nil {
		return s.deleteDamaged(c, err)
	}
	if hasWildcard(c.at("group")) && !c.bang {
		yes, err := s.ask("Are you sure you want to delete all selected groups? ")
		if err != nil || !yes {
			return nil, err
		}
	}
	var lines []string
	for _, g := range groups {
		if err := s.deleteOne(ctx, g, c.bang); err != nil {
			return confirm(lines...), err
		}
		lines = append(lines, "Deleted "+g.title())
	}
	return confirm(lines...), nil
}

// deleteDamaged deletes a group whose file cannot be read: there is no other
// way out of that. why is what was wrong with it.
func (s *Session) deleteDamaged(c *call, why error) (Value, error) {
	name := strings.ToUpper(c.at("group"))
	for _, kind := range typesOf(c.cmd.Object) {
		f := s.file(kind, name)
		if hasWildcard(name) || !f.Exists() {
			continue
		}
		g := &group{kind: kind, name: name}
		if err := f.Lock(); err != nil {
			return nil, mustStop(g)
		}
		defer f.Unlock()
		if err := f.Remove(); err != nil {
			return nil, err
		}
		return confirm("Deleted "+g.title(), "Its checkpoint file was damaged: a row in a "+
			"checkpoint table, if there is one, stays."), nil
	}
	return nil, why
}

func (s *Session) deleteOne(ctx context.Context, g *group, force bool) error {
	if g.running() {
		return mustStop(g)
	}
	f := s.file(g.kind, g.name)
	if err := f.Lock(); err != nil {
		if errors.Is(err, checkpoint.ErrLocked) {
			return mustStop(g)
		}
		return err
	}
	defer f.Unlock()
	if err := s.deleteRow(ctx, g); err != nil && !force {
		return err
	}
	if err := f.Remove(); err != nil {
		return err
	}
	if g.kind != checkpoint.Extract {
		return nil
	}
	for _, path := range []string{s.cfg.Home.Definitions(g.name), s.cfg.Home.Load(g.name)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("delete %s: %w", g.title(), err)
		}
	}
	return nil
}

// deleteRow removes a Replicat's row from its checkpoint table.
func (s *Session) deleteRow(ctx context.Context, g *group) error {
	if g.kind != checkpoint.Replicat || g.doc.Group.Source != checkpoint.TrailSource ||
		g.doc.Group.NoDBCheckpoint {
		return nil
	}
	table := s.checkpointTableOf(g)
	if table == "" {
		return nil
	}
	if s.db == nil {
		return refuse("Could not delete DB checkpoint for %s (Database login required to delete "+
			"database checkpoint)", g.title()).
			Do("DBLOGIN first; DELETE REPLICAT %s ! leaves the row where it is.", g.name)
	}
	name, err := parseTableName(table)
	if err != nil {
		return refuse("%s", err)
	}
	if err := s.loggedIn(); err != nil {
		return err
	}
	there, _, err := checkpointtable.Exists(ctx, s.db.DB, s.tableKind(), name)
	if err == nil && there {
		err = checkpointtable.Delete(ctx, s.db.DB, s.tableKind(), name,
			checkpointtable.Group{Name: g.name, Key: g.doc.Group.Key})
	}
	if err != nil {
		return refuse("Could not delete DB checkpoint for %s (%s)", g.title(), err)
	}
	return nil
}

func cleanupGroup(ctx context.Context, s *Session, c *call) (Value, error) {
	groups, err := s.choose(ctx, c)
	if err != nil {
		return nil, err
	}
	keep := int(min(c.number("SAVE", 1), math.MaxInt32))
	var lines []string
	for _, g := range groups {
		err := s.change(g, func(d *checkpoint.Document) error {
			d.State.Runs = d.State.Runs[:min(keep, len(d.State.Runs))]
			return nil
		})
		if err != nil {
			return confirm(lines...), err
		}
		lines = append(lines, string(g.kind)+" run history purged.")
	}
	return confirm(lines...), nil
}
