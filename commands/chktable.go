package commands

import (
	"context"
	"fmt"
	"strings"

	"ggsh/checkpoint"
	"ggsh/checkpointtable"
	"ggsh/dblogin"
)

func (s *Session) tableKind() checkpointtable.Kind { return checkpointtable.Kind(s.db.Kind) }

// checkpointTableOf is the table of a Replicat: its own, else GLOBALS's.
func (s *Session) checkpointTableOf(g *group) string {
	switch {
	case g.doc.Group.NoDBCheckpoint:
		return ""
	case g.doc.Group.CheckpointTable != "":
		return g.doc.Group.CheckpointTable
	}
	return s.global("CHECKPOINTTABLE")
}

// tableNamed gives the table of a command, from GLOBALS when it names none.
func (s *Session) tableNamed(c *call) (name checkpointtable.Name, notice []string, err error) {
	if err := s.loggedIn(); err != nil {
		return name, nil, err
	}
	text := c.at("table")
	if text == "" {
		text = s.global("CHECKPOINTTABLE")
		if text == "" {
			return name, nil, refuse("No checkpoint table is named, and GLOBALS names none.")
		}
		notice = []string{"No checkpoint table specified, using GLOBALS specification (" + text +
			")...", ""}
	}
	name, err = parseTableName(text)
	if err != nil {
		return name, nil, refuse("%s", err)
	}
	if s.db.Kind == dblogin.SQLite {
		name.Schema = ""
	}
	return name, notice, nil
}

func addTable(ctx context.Context, s *Session, c *call) (Value, error) {
	name, notice, err := s.tableNamed(c)
	if err != nil {
		return nil, err
	}
	there, _, err := checkpointtable.Exists(ctx, s.db.DB, s.tableKind(), name)
	if err == nil && there {
		return nil, refuse("Checkpoint table %s already exists.", name)
	}
	if err == nil {
		err = checkpointtable.Create(ctx, s.db.DB, s.tableKind(), name)
	}
	if err != nil {
		return nil, refuse("Checkpoint table %s was not created (%s).", name, err)
	}
	return say(append(notice, fmt.Sprintf("Successfully created checkpoint table %s.", name))...), nil
}

func infoTable(ctx context.Context, s *Session, c *call) (Value, error) {
	name, notice, err := s.tableNamed(c)
	if err != nil {
		return nil, err
	}
	there, created, err := checkpointtable.Exists(ctx, s.db.DB, s.tableKind(), name)
	if err != nil {
		return nil, refuse("Checkpoint table %s cannot be looked for (%s).", name, err)
	}
	if !there {
		return nil, refuse("Checkpoint table %s does not exist.", name).
			Do("ADD CHECKPOINTTABLE %s creates it.", name)
	}
	if created.IsZero() {
		return say(append(notice, fmt.Sprintf("Checkpoint table %s exists.", name))...), nil
	}
	return say(append(notice, fmt.Sprintf("Checkpoint table %s created %s.", name,
		created.Local().Format(seconds)))...), nil
}

func cleanupTable(ctx context.Context, s *Session, c *call) (Value, error) {
	name, notice, err := s.tableNamed(c)
	if err != nil {
		return nil, err
	}
	groups, err := s.load(ctx, []checkpoint.Type{checkpoint.Replicat}, "*")
	if err != nil {
		return nil, err // a damaged file may be the one a row belongs to
	}
	keys := map[checkpointtable.Group]bool{}
	for _, g := range groups {
		keys[checkpointtable.Group{Name: g.name, Key: g.doc.Group.Key}] = true
	}
	keep := func(r checkpointtable.Row) bool {
		return r.CurrentDir != string(s.cfg.Home) || keys[r.Group]
	}
	removed, err := checkpointtable.Cleanup(ctx, s.db.DB, s.tableKind(), name, keep)
	if err != nil {
		return nil, refuse("Checkpoint table %s was not cleaned up (%s).", name, err)
	}
	lines := append(notice, fmt.Sprintf("Cleaned up checkpoint table %s: %d row%s of groups that "+
		"are no more.", name, len(removed), plural(int64(len(removed)))))
	for _, r := range removed {
		lines = append(lines, "  "+r.Name)
	}
	return say(lines...), nil
}

func deleteTable(ctx context.Context, s *Session, c *call) (Value, error) {
	name, notice, err := s.tableNamed(c)
	if err != nil {
		return nil, err
	}
	if !c.bang {
		yes, err := s.ask("This checkpoint table may be required for other installations. " +
			"Are you sure you want to delete this checkpoint table? ")
		if err != nil || !yes {
			return nil, err
		}
	}
	if err := checkpointtable.Drop(ctx, s.db.DB, s.tableKind(), name); err != nil {
		return nil, refuse("Checkpoint table %s was not deleted (%s).", name, err)
	}
	return say(append(notice, fmt.Sprintf("Successfully deleted checkpoint table %s.", name))...), nil
}

func checkTable(c *call) error {
	w, ok := c.places["table"]
	if !ok {
		return nil
	}
	if _, err := parseTableName(w.text); err != nil {
		return fault(w, "%s", strings.TrimSuffix(err.Error(), "."))
	}
	return nil
}

func checkpointRows() []Command {
	place := []Arg{{Name: "table", Kind: Word, Optional: true,
		Help: "schema.table; without it GLOBALS CHECKPOINTTABLE"}}
	return []Command{
		{Verb: "ADD", Object: "CHECKPOINTTABLE", Priority: P0, Changes: true, Places: place,
			Synopsis: "ADD CHECKPOINTTABLE [owner.table]", run: addTable, check: checkTable,
			Help: "Creates the table in which Replicat keeps its position, in the same " +
				"transactions as the data. Needs DBLOGIN."},
		{Verb: "INFO", Object: "CHECKPOINTTABLE", Priority: P0, Places: place,
			Synopsis: "INFO CHECKPOINTTABLE [owner.table]", run: infoTable, check: checkTable,
			Help: "Shows whether the table exists, and since when. Needs DBLOGIN."},
		{Verb: "CLEANUP", Object: "CHECKPOINTTABLE", Priority: P1, Changes: true, Places: place,
			Synopsis: "CLEANUP CHECKPOINTTABLE [owner.table]", run: cleanupTable, check: checkTable,
			Help: "Removes the rows of this home's groups that are no more. Needs DBLOGIN."},
		{Verb: "DELETE", Object: "CHECKPOINTTABLE", Priority: P1, Changes: true, Places: place,
			Synopsis: "DELETE CHECKPOINTTABLE [owner.table] [!]", run: deleteTable, check: checkTable,
			Help: "Drops the table. Needs DBLOGIN."},
		{Verb: "UPGRADE", Object: "CHECKPOINTTABLE", Priority: P2, Places: place, Harmless: true,
			Synopsis: "UPGRADE CHECKPOINTTABLE [owner.table]",
			Instead:  "checkpoint tables have one form; nothing is to be done."},
	}
}
