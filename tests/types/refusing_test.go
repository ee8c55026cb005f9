package types

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ggsh/tests/rig"
)

// refusedTables makes a table for each refusal that can be tried from the source,
// by number.
func (s *stage) refusedTables() map[int]refusal {
	s.Helper()
	list := map[int]refusal{}
	for n, r := range refusals() {
		at := make([]string, len(s.targets))
		tried := false
		for i, d := range s.targets {
			at[i] = map[string]string{sqlite: "BLOB"}[d.Kind]
			if at[i] == "" {
				at[i] = "longtext"
			}
			if r.at(s.source.Kind, d.Kind) {
				at[i], tried = r.into, true
			} else if strings.HasSuffix(r.def, "blob") || strings.HasPrefix(r.def, "varbinary") {
				at[i] = "longblob"
			}
			at[i] = "id INTEGER PRIMARY KEY, c00 " + at[i]
		}
		if tried {
			s.tables(fmt.Sprintf("r_%d", n), "id INTEGER PRIMARY KEY, c00 "+r.def, at...)
			list[n] = r
		}
	}
	return list
}

// checkRefused gives each table a row that cannot go and one that can.
func (s *stage) checkRefused(list map[int]refusal) {
	s.Helper()
	if s.source.Kind != sqlite {
		s.run("SET sql_mode='ALLOW_INVALID_DATES'")
	}
	for n, r := range list {
		s.run(fmt.Sprintf("INSERT INTO r_%d VALUES (1, %s)", n, r.value),
			fmt.Sprintf("INSERT INTO r_%d VALUES (2, NULL)", n))
	}
	s.arrive()
	s.arrive() // a Replicat writes what it discarded before it takes the next
	for i, d := range s.targets {
		about := s.discarded(i)
		for n, r := range list {
			if r.at(s.source.Kind, d.Kind) {
				s.checkOne(d, fmt.Sprintf("r_%d", n), &r, about[fmt.Sprintf("r_%d", n)])
			}
		}
	}
}

func (s *stage) checkOne(d *rig.Database, table string, r *refusal, said string) {
	s.Helper()
	what := fmt.Sprintf("%s %s %s into %s %s", s.source.Kind, r.def, r.value, d.Kind, r.into)
	var ids, held string
	err := d.DB.QueryRow("SELECT GROUP_CONCAT(id), COALESCE((SELECT HEX(c00) FROM "+
		table+" WHERE id = 1), '') FROM "+table).
		Scan(&ids, &held)
	if err != nil {
		s.Errorf("%s: %v", what, err)
		return
	}
	if ids != "2" {
		s.Errorf("%s: rows %s are in the target, 2 alone was to be expected; it holds %s", what, ids,
			held)
	}
	right := slices.ContainsFunc(strings.Split(r.code, "/"), func(code string) bool {
		return strings.Contains(said, "on error "+code+"\n")
	})
	if !right || !strings.Contains(said, r.why) {
		s.Errorf("%s: refused with %q, and not with %s and %q", what, firstLines(said), r.code, r.why)
	}
}

func firstLines(said string) string {
	return strings.Join(strings.SplitN(said, "\n", 6)[:min(5, strings.Count(said, "\n"))], " ")
}

// checkAbend takes REPERROR away and gives each target a row that it cannot hold.
func (s *stage) checkAbend(list map[int]refusal) {
	s.Helper()
	home := s.homes[targetHome]
	home.Run("stop replicat *")
	for i := range s.targets {
		home.WaitState(replicat(i), "STOPPED")
		home.Replace("dirprm/"+replicat(i)+".prm", "REPERROR (DEFAULT, DISCARD)\n", "")
	}
	home.Run("start replicat *")
	var done []string // targets whose Replicat is to abend already
	for _, n := range slices.Sorted(maps.Keys(list)) {
		r, news := list[n], false
		for _, d := range s.targets {
			if r.why != "" && r.at(s.source.Kind, d.Kind) && !slices.Contains(done, d.Kind) {
				done, news = append(done, d.Kind), true
			}
		}
		if !news {
			continue
		}
		s.run(fmt.Sprintf("INSERT INTO r_%d VALUES (3, %s)", n, r.value))
		for i, d := range s.targets {
			if r.at(s.source.Kind, d.Kind) {
				s.waitAbended(i, r.why)
			}
		}
	}
}

// waitAbended waits until a Replicat has said why, and ended.
func (s *stage) waitAbended(target int, why string) {
	s.Helper()
	home := s.homes[targetHome]
	rig.Until(s.T, fmt.Sprintf("%s to abend", replicat(target)), func() (bool, string) {
		abended, told := false, false
		for _, line := range strings.Split(home.Read("ggserr.log"), "\n") {
			if strings.Contains(line, replicat(target)+".prm") {
				abended = abended || strings.Contains(line, "ABENDING")
				told = told || strings.Contains(line, why)
			}
		}
		return abended && told, home.Logs()
	})
}
