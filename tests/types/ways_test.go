package types

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ggsh/record"
)

// trial is one table at the source, and what is in it.
type trial struct {
	table   string
	columns []column
	primary string // the key's column; empty without a key
	rows    int
}

func (s *section) trials(source string) []trial {
	columns := s.of(source)
	if len(columns) == 0 {
		return nil
	}
	rows := 0
	for i := range columns {
		rows = max(rows, len(columns[i].cycle()))
	}
	list := []trial{{table: "s_" + s.name, columns: columns, primary: "id", rows: rows}}
	if !s.noTwin {
		list = append(list, trial{table: "n_" + s.name, columns: columns, rows: rows})
	}
	return list
}

// keyed gives a trial for each column that can be a key.
func (s *section) keyed(source string) (list []trial) {
	for i, c := range s.of(source) {
		if c.key {
			list = append(list, trial{table: fmt.Sprintf("k_%s%d", s.name, i), columns: []column{c},
				primary: "c00"})
		}
	}
	return list
}

func place(i int) string { return fmt.Sprintf("c%02d", i) }

// create is the statement that makes the table: that of the source, or of a target.
func (t *trial) create(target string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (id INTEGER", t.table)
	if t.primary == "id" {
		b.WriteString(" PRIMARY KEY")
	}
	for i := range t.columns {
		def := t.columns[i].def
		if target != "" {
			def = t.columns[i].target(target)
		}
		fmt.Fprintf(&b, ", %s %s", place(i), def)
		if t.primary == place(i) {
			b.WriteString(" PRIMARY KEY")
		}
	}
	return b.String() + ")"
}

// insert is the statement that makes row n; each column has its n-th value.
func (t *trial) insert(n int) string {
	names, values := []string{"id"}, []string{fmt.Sprint(n)}
	for i := range t.columns {
		if cycle := t.columns[i].cycle(); cycle != nil {
			names, values = append(names, place(i)), append(values, cycle[n%len(cycle)])
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", t.table, strings.Join(names, ", "),
		strings.Join(values, ", "))
}

func (t *trial) inserts() (list []string) {
	for n := range t.rows {
		list = append(list, t.insert(n))
	}
	return list
}

// updates change each column alone: a value to the next, NULL to one, one to NULL.
func (t *trial) updates() (list []string) {
	for i := range t.columns {
		cycle := t.columns[i].cycle()
		if cycle == nil {
			continue
		}
		for _, from := range []int{i % len(cycle), len(cycle) - 1, len(cycle) - 2} {
			list = append(list, fmt.Sprintf("UPDATE %s SET %s = %s WHERE id = %d", t.table, place(i),
				cycle[(from+1)%len(cycle)], from))
		}
	}
	return list
}

func (t *trial) deletes() []string {
	return []string{fmt.Sprintf("DELETE FROM %s WHERE id %% 2 = 0", t.table)}
}

// keySteps are the statements of a table whose key is of a type: rows by all
// values but the last, which one of them gets later.
func (t *trial) keySteps() [3][]string {
	values := t.columns[0].values
	last := values[len(values)-1]
	var steps [3][]string
	for i, v := range values[:len(values)-1] {
		steps[0] = append(steps[0], fmt.Sprintf("INSERT INTO %s VALUES (%d, %s)", t.table, i, v))
	}
	steps[1] = []string{fmt.Sprintf("UPDATE %s SET id = id + 100", t.table),
		fmt.Sprintf("UPDATE %s SET c00 = %s WHERE id = 100", t.table, last),
		fmt.Sprintf("DELETE FROM %s WHERE id = 101", t.table)}
	steps[2] = []string{"DELETE FROM " + t.table + " WHERE id >= 100"}
	return steps
}

// plan is all trials of a source and what is done in each of three phases.
type plan struct {
	trials []trial
	phases [3][]string
}

func newPlan(source string) *plan {
	p := &plan{}
	for _, s := range sections() {
		for _, t := range s.trials(source) {
			p.trials = append(p.trials, t)
			for i, list := range [][]string{t.inserts(), t.updates(), t.deletes()} {
				p.add(i, list)
			}
		}
		for _, t := range s.keyed(source) {
			p.trials = append(p.trials, t)
			for i, list := range t.keySteps() {
				p.add(i, list)
			}
		}
	}
	return p
}

// add puts statements into a phase, as one transaction.
func (p *plan) add(phase int, list []string) {
	p.phases[phase] = append(append(append(p.phases[phase], "BEGIN"), list...), "COMMIT")
}

// TestEveryTypeEveryWay takes every type of each source into every target.
func TestEveryTypeEveryWay(t *testing.T) {
	for _, source := range databases {
		t.Run("from "+source, func(t *testing.T) {
			t.Parallel()
			s, p := newStage(t, source, databases...), newPlan(source)
			for i := range p.trials {
				s.run(p.trials[i].create(""))
				for _, d := range s.targets {
					d.Exec(t, p.trials[i].create(d.Kind))
				}
			}
			s.tables("mark", "id INTEGER PRIMARY KEY", "id INTEGER PRIMARY KEY")
			refused := s.refusedTables()
			s.start()
			for i, what := range []string{"inserts", "updates", "deletes"} {
				s.run(p.phases[i]...)
				s.arrive()
				s.compare(p, what)
			}
			s.checkKinds(p)
			s.checkRefused(refused)
			s.checkAbend(refused)
		})
	}
}

// tables makes a table at the source and at the targets.
func (s *stage) tables(name, columns string, at ...string) {
	s.Helper()
	s.run("CREATE TABLE " + name + " (" + columns + ")")
	for i, d := range s.targets {
		d.Exec(s.T, "CREATE TABLE "+name+" ("+at[min(i, len(at)-1)]+")")
	}
}

func (s *stage) compare(p *plan, what string) {
	s.Helper()
	for i, d := range s.targets {
		var list []string
		for _, t := range p.trials {
			list = append(list, differences(s.T, s.source, d, t.table, t.pairs(s.source.Kind, d.Kind))...)
		}
		if len(list) == 0 {
			continue
		}
		s.Errorf("into %s, after the %s:\n%s", d.Kind, what, strings.Join(list, "\n"))
		for table, text := range s.discarded(i) {
			if !strings.HasPrefix(table, "r_") {
				s.Logf("into %s, discarded of %s: %.1500s", d.Kind, table, text)
			}
		}
	}
}

func (t *trial) pairs(source, target string) []pair {
	list := make([]pair, len(t.columns))
	for i := range t.columns {
		list[i] = pair{column: &t.columns[i], name: place(i), source: source, target: target}
	}
	return list
}

// checkKinds compares the forms of the values in the trail with the table.
func (s *stage) checkKinds(p *plan) {
	s.Helper()
	found := s.kinds()
	for _, t := range p.trials {
		for i, c := range t.columns {
			got := found[t.table+"."+place(i)]
			if len(got) == 0 || slices.ContainsFunc(got, func(k record.Kind) bool {
				return !slices.Contains(c.kinds, k)
			}) {
				s.Errorf("%s.%s %s: in the trail its values are %v, the table says %v", t.table, place(i),
					c.def, got, c.kinds)
			}
		}
	}
}
