package commands

import (
	"context"
	"strings"

	"ggsh/dblogin"
)

// Registration is what REGISTER and UNREGISTER EXTRACT ask of a source database.
type Registration struct {
	Group      string
	Containers []string // pluggable databases
	SCN        uint64   // 0: the present one
	Remove     bool
}

// register answers REGISTER EXTRACT: only Oracle has something to look at. Other
// sources need no registration, which is no failure: scripts go on.
func register(ctx context.Context, s *Session, c *call) (Value, error) {
	if err := s.loggedIn(); err != nil {
		return nil, err
	}
	group := strings.ToUpper(c.at("group"))
	if s.db.Kind != dblogin.Oracle {
		return say(s.db.Product + " needs no registration of an Extract: go on with ADD EXTRACT."), nil
	}
	lines, err := s.cfg.Source.Register(ctx, s.db, Registration{Group: group,
		Containers: c.list("CONTAINER"), SCN: c.number("SCN", 0),
		Remove: c.cmd.Verb == "UNREGISTER"})
	return Lines{At: s.cfg.Now(), Lines: lines}, err
}

// schemaTrandata answers ADD, DELETE and INFO SCHEMATRANDATA.
func schemaTrandata(ctx context.Context, s *Session, c *call) (Value, error) {
	schema := c.at("schema")
	if strings.ContainsAny(schema, "*?") {
		return nil, fault(c.words[0], "SCHEMATRANDATA is for one schema: ADD TRANDATA %s.* takes several.",
			schema)
	}
	return s.trandata(ctx, c, Trandata{Table: schema + ".*", Schema: schema, AllCols: c.has("ALLCOLS")})
}

func registerRows() []Command {
	place := []Arg{{Name: "group", Kind: Word, Help: "the Extract's name; it need not exist yet"}}
	const mining = "this capture reads the log by itself and shares nothing."
	return []Command{
		{Verb: "REGISTER", Object: "EXTRACT", Priority: P1, Changes: true, run: register, Places: place,
			Synopsis: "REGISTER EXTRACT group {DATABASE [CONTAINER (pdb, ...)] [SCN n] | LOGRETENTION}",
			Help: "Looks whether an Oracle database is ready for an Extract, says what a DBA has to run " +
				"if not, and tells the SCN from which changes can be captured. Needs DBLOGIN.",
			Options: []Arg{{Name: "DATABASE", Help: "for ADD EXTRACT ..., INTEGRATED TRANLOG"},
				{Name: "LOGRETENTION", Note: "archived logs are kept by the rules of RMAN alone: keep " +
					"them until the Extract has read them."},
				{Name: "CONTAINER", Kind: Names, Help: "pluggable databases"},
				{Name: "ADD", Note: "a container counts when TABLE names it."},
				{Name: "DROP", Note: "a container counts when TABLE names it."},
				{Name: "SCN", Kind: Number, Help: "look whether the log reaches back so far"},
				{Name: "SHARE", Kind: Word, Note: mining},
				{Name: "OPTIMIZED", Note: mining}, {Name: "NOOPTIMIZED", Note: mining}}},
		{Verb: "UNREGISTER", Object: "EXTRACT", Priority: P1, Changes: true, run: register, Places: place,
			Synopsis: "UNREGISTER EXTRACT group {DATABASE | LOGRETENTION}",
			Help:     "Takes back REGISTER EXTRACT: nothing is kept in the database. Needs DBLOGIN.",
			Options: []Arg{{Name: "DATABASE", Help: "what REGISTER ... DATABASE did"},
				{Name: "LOGRETENTION", Help: "what REGISTER ... LOGRETENTION did"}}},
	}
}

func schemaTrandataRows() []Command {
	texts := map[string]string{
		"ADD":    "ADD TRANDATA for all tables that a schema has now.",
		"DELETE": "DELETE TRANDATA for all tables of a schema.",
		"INFO":   "INFO TRANDATA for all tables of a schema.",
	}
	var rows []Command
	for _, verb := range []string{"ADD", "DELETE", "INFO"} {
		row := Command{Verb: verb, Object: "SCHEMATRANDATA", Priority: P1, Changes: verb != "INFO",
			Synopsis: verb + " SCHEMATRANDATA schema", Help: texts[verb] + " Needs DBLOGIN.",
			Places: []Arg{{Name: "schema", Kind: Word, Help: "one schema"}}, run: schemaTrandata,
			Options: []Arg{{Name: "ALLCOLS", Help: "log all columns"}, {Name: "ALLOWNONVALIDATEDKEYS",
				Note: "a key counts when the database enforces it."},
				{Name: "NOSCHEDULINGCOLS", Note: noScheduling}, {Name: "NOVALIDATE", Note: noValidate},
				{Name: "PREPARECSN", Kind: Word, Note: noPrepare}}}
		if verb == "ADD" {
			row.Synopsis += " [, ALLCOLS]"
		}
		rows = append(rows, row)
	}
	return rows
}
