package oracle

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ggsh/tests/oradb"
	"ggsh/tests/rig"
)

var (
	bin     string
	servers rig.Servers
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

// stage is a stand-in for Oracle and two homes.
type stage struct {
	*testing.T
	db             *oradb.Server
	source, target *rig.Home
	given          []string // what the files say, and what it is here
	owner          string   // of the application's table
}

// newStage starts the stand-in under the name orcl, and makes two homes that are empty
// folders.
func newStage(t *testing.T, o oradb.Options) *stage {
	t.Helper()
	o.Users = map[string]string{"GGADMIN": "ggadmin", "APPUSER": "app", "GGTEST": "gg"}
	db, err := oradb.Start(o, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	host, port, _ := strings.Cut(db.Addr(), ":")
	root, err := rig.Root()
	if err != nil {
		t.Fatal(err)
	}
	names := t.TempDir()
	alias, err := os.ReadFile(filepath.Join(root, "dirprm/oracle/source/tnsnames.ora"))
	if err == nil {
		here := strings.NewReplacer("127.0.0.1", host, "1521", port).Replace(string(alias))
		err = os.WriteFile(filepath.Join(names, "tnsnames.ora"), []byte(here), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TNS_ADMIN", names)
	s := &stage{T: t, db: db, source: rig.EmptyHome(t, bin), target: rig.EmptyHome(t, bin),
		owner: "APPUSER"}
	s.given = []string{"7909", fmt.Sprint(s.target.Port), "7809", fmt.Sprint(s.source.Port),
		"DYNAMICPORTLIST 7910-7919", "-- ports are free ones"}
	return s
}

// oracle executes a script as a user of the stand-in.
func (s *stage) oracle(user, script string) {
	s.Helper()
	if err := s.db.Exec(user, script); err != nil {
		s.Fatal(err)
	}
}

// here puts the test's servers, ports and folders in place of a text's.
func (s *stage) here(text string) string { return strings.NewReplacer(s.given...).Replace(text) }

// samples copies files of dirprm into a home.
func (s *stage) samples(h *rig.Home, patterns ...string) {
	s.Helper()
	root, err := rig.Root()
	if err != nil {
		s.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(h.Dir, "dirprm"), 0o755); err != nil {
		s.Fatal(err)
	}
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(root, "dirprm", pattern))
		if err != nil || len(files) == 0 {
			s.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				s.Fatal(err)
			}
			to := "dirprm/" + filepath.Base(file)
			if filepath.Base(file) == "GLOBALS" {
				to = "GLOBALS"
			}
			h.Write(to, s.here(string(text)))
		}
	}
}

// typed gives the commands that a section of README types: the indented lines behind
// some words, up to the next line that is not.
func (s *stage) typed(section, behind string) []string {
	s.Helper()
	root, err := rig.Root()
	if err != nil {
		s.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		s.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), section)
	rest, _, _ = strings.Cut(rest, "\n## ")
	_, rest, found2 := strings.Cut(rest, behind)
	if !found || !found2 {
		s.Fatalf("README has no %q behind %q", behind, section)
	}
	var lines []string
	for line := range strings.Lines(rest) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			lines = append(lines, s.here(strings.TrimSpace(command)))
		} else if len(lines) > 0 && strings.TrimSpace(line) != "" {
			break
		}
	}
	return slices.Clip(lines)
}
