package types

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ggsh/record"
	"ggsh/tests/rig"
	"ggsh/trail"
)

// stage is one source and all targets: an Extract and a pump, whose trail a
// Replicat for each target reads.
type stage struct {
	*testing.T
	source  *rig.Database
	homes   [2]*rig.Home // of the source, of the targets
	targets []*rig.Database
	conn    *sql.Conn // a session at the source
	marks   int
}

const (
	sourceHome = 0
	targetHome = 1
)

func newStage(t *testing.T, source string, targets ...string) *stage {
	t.Helper()
	s := &stage{T: t, homes: [2]*rig.Home{rig.NewHome(t, bin), rig.NewHome(t, bin)}}
	s.source = servers.Database(t, source, s.homes[sourceHome].Dir, "src")
	for _, kind := range targets {
		s.targets = append(s.targets,
			servers.Database(t, kind, s.homes[targetHome].Dir, "tgt"))
	}
	for _, d := range append(s.targets, s.source) {
		if d.Kind != sqlite {
			d.DB.SetMaxIdleConns(0) // the sessions from here on have the new limit
			d.Exec(t, "SET GLOBAL max_allowed_packet = 67108864")
		}
	}
	var err error
	if s.conn, err = s.source.DB.Conn(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.conn.Close() })
	if source != sqlite {
		s.run(everyCharacter(source)...)
		s.run("SET sql_mode='STRICT_ALL_TABLES', time_zone='+00:00'")
	}
	return s
}

// run executes statements at the source, in one session.
func (s *stage) run(statements ...string) {
	s.Helper()
	for _, text := range statements {
		if _, err := s.conn.ExecContext(context.Background(), text); err != nil {
			s.Fatalf("%s: %.300s: %v", s.source.Kind, text, err)
		}
	}
}

// start makes the groups and starts them.
func (s *stage) start() {
	s.Helper()
	src, home := s.source, s.homes[targetHome]
	commands := []string{"start mgr"}
	for i, d := range s.targets {
		group := replicat(i)
		home.Write("dirprm/"+group+".prm", fmt.Sprintf("REPLICAT %s\nTARGETDB %s\nASSUMETARGETDEFS\n"+
			"REPERROR (DEFAULT, DISCARD)\nDISCARDFILE ./dirrpt/%s.dsc, PURGE, MEGABYTES 100\n"+
			"MAP %s.*, TARGET %s.*;\n", group, d.Login, group, src.Schema, d.Schema))
		commands = append(commands, "dblogin sourcedb "+d.Login,
			"add checkpointtable "+d.Schema+".ggchkpt",
			"add replicat "+group+", exttrail ./dirdat/rt, checkpointtable "+d.Schema+".ggchkpt")
	}
	home.Run(append(commands, "start replicat *")...)
	from := s.homes[sourceHome]
	from.Write("dirprm/eora.prm", fmt.Sprintf("EXTRACT eora\nSOURCEDB %s\nEXTTRAIL ./dirdat/lt\n"+
		"TABLE %s.*;\n", src.Login, src.Schema))
	from.Write("dirprm/pora.prm", fmt.Sprintf("EXTRACT pora\nPASSTHRU\n"+
		"RMTHOST 127.0.0.1, MGRPORT %d\n"+
		"RMTTRAIL ./dirdat/rt\nTABLE %s.*;\n", home.Port, src.Schema))
	from.Run("start mgr", "dblogin sourcedb "+src.Login, "add trandata "+src.Schema+".*",
		"add extract eora, tranlog, begin now", "add exttrail ./dirdat/lt, extract eora, megabytes 200",
		"add extract pora, exttrailsource ./dirdat/lt",
		"add rmttrail ./dirdat/rt, extract pora, megabytes 200", "start extract *")
	from.WaitState("eora", "RUNNING")
}

func replicat(target int) string { return fmt.Sprintf("rep%d", target) }

// arrive waits until all that was done before has gone through to all targets.
func (s *stage) arrive() {
	s.Helper()
	s.marks++
	s.run(fmt.Sprintf("INSERT INTO mark (id) VALUES (%d)", s.marks))
	for _, d := range s.targets {
		rig.Until(s.T, fmt.Sprintf("mark %d to arrive in %s", s.marks, d.Kind), func() (bool, string) {
			for _, h := range s.homes {
				if log := h.Read("ggserr.log"); strings.Contains(log, "ABENDING") {
					s.Fatalf("a process abended:\n%s", h.Logs())
				}
			}
			var n int
			err := d.DB.QueryRow("SELECT COUNT(*) FROM mark WHERE id = ?", s.marks).Scan(&n)
			return n > 0, fmt.Sprint(err)
		})
	}
}

// discarded gives what a target's discard file says of each table.
func (s *stage) discarded(target int) map[string]string {
	about := map[string]string{}
	text, err := os.ReadFile(filepath.Join(s.homes[targetHome].Dir, "dirrpt",
		replicat(target)+".dsc"))
	if err != nil {
		return about // nothing was discarded
	}
	for _, entry := range strings.Split(string(text), "Current time: ") {
		_, rest, ok := strings.Cut(entry, "Problem replicating "+s.source.Schema+".")
		if !ok {
			continue
		}
		table, _, _ := strings.Cut(rest, " ")
		about[table] += entry
	}
	return about
}

// kinds looks into the source's trail: which forms the values of each column have.
func (s *stage) kinds() map[string][]record.Kind {
	s.Helper()
	r, err := trail.OpenReader(trail.Name{Dir: filepath.Join(s.homes[sourceHome].Dir, "dirdat"),
		Prefix: "lt", Digits: 9}, trail.Position{}, trail.ReaderOptions{})
	if err != nil {
		s.Fatal(err)
	}
	defer r.Close()
	found := map[string][]record.Kind{}
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			s.Fatal(err)
		}
		var op record.Op
		if rec.Table == nil || rec.Type != trail.TypeOp || record.DecodeOp(rec.Body, &op) != nil ||
			op.After == nil {
			continue
		}
		values, err := op.After.Values(nil, len(rec.Table.Columns))
		if err != nil {
			s.Fatal(err)
		}
		for i, v := range values {
			name := rec.Table.Name + "." + rec.Table.Columns[i].Name
			if v.Kind > record.Null && !slices.Contains(found[name], v.Kind) {
				found[name] = append(found[name], v.Kind)
			}
		}
	}
}
