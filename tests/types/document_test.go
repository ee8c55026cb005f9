package types

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/DATATYPES.md anew")

const docPath = "../../docs/DATATYPES.md"

// TestDocument keeps docs/DATATYPES.md equal to the table that the test tries.
func TestDocument(t *testing.T) {
	want := page()
	if *update {
		if err := os.WriteFile(docPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(docPath)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Error("docs/DATATYPES.md is not what the table says: " +
			"go test ./tests/types -run TestDocument -args -update")
	}
}

const introduction = "" +
	"# Data types\n" +
	"\n" +
	"Printed from the table of package `tests/types`, whose test takes every row of it through " +
	"the real programs: from MySQL, MariaDB and SQLite into MySQL, MariaDB and SQLite, with " +
	"the extreme values of each type and NULL, by insert, by updates of each column alone and " +
	"by delete, with a key, without one and (where a type can be one) as the key, and compares " +
	"both sides by their own text. `go test ./tests/types -run TestDocument -args -update` " +
	"writes this page.\n" +
	"\n" +
	"*Value* is the form in the trail, as package `record` names it. The columns behind it are " +
	"types that hold all values exactly; others do as long as the values fit, and refuse what " +
	"does not. \"same\" is the source's own type.\n" +
	"\n" +
	"Proven on MySQL 9.7 and MariaDB 10.11, with `binlog_row_metadata=FULL`.\n"

const rules = "" +
	"\n" +
	"## Rules for all types\n" +
	"\n" +
	"- A value arrives as it was or not at all. What a target's column would round, cut, pad " +
	"or take for something else is an error of the row, with the server's number for it: " +
	"REPERROR decides, and without it the Replicat abends. The discard file has the whole " +
	"row.\n" +
	"- Text is UTF-8 from the capture on. The character sets of source and target may differ; " +
	"a character that the target's set does not have is refused. Where a set has two octet " +
	"sequences for one character, the target's choice is written. Octets without a meaning in " +
	"their set stop the Extract.\n" +
	"- NULL stays NULL, and an empty text stays an empty text.\n" +
	"- Negative zero is kept between MySQL and MySQL. MariaDB and SQLite have none and hold 0, " +
	"which is equal to it.\n" +
	"- TIMESTAMP is an instant: it is replicated in UTC, whatever the zones of the sessions.\n" +
	"- Text goes into a column of numbers, dates or times only in the form in which the server " +
	"shows them (dates and times also with T, Z and +00:00).\n" +
	"- A generated column of the target is left to the target. Generated columns of the source " +
	"are in the trail, but find no row in a table without key.\n" +
	"- Not replicated: sequences, rows that foreign keys change by CASCADE, and the history " +
	"rows of system versioned tables.\n"

func page() string {
	var b strings.Builder
	b.WriteString(introduction + rules)
	list := sections()
	for i := range list {
		list[i].print(&b)
	}
	b.WriteString("\n## What is refused\n\nThe row does not arrive, and the error is this. " +
		"\"Server\" is MySQL or MariaDB.\n\n| Source | Value | Target | Error | Reason |\n|---|---|---|---|---|\n")
	for _, r := range refusals() {
		r.print(&b)
	}
	return b.String()
}

// print writes the section: types that have all in common share a line.
func (s *section) print(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n| Type | Value | MySQL | MariaDB | SQLite | Notes |\n"+
		"|---|---|---|---|---|---|\n", s.title)
	var lines []string
	names := map[string][]string{}
	for i := 0; i < len(s.columns); i++ {
		c := s.columns[i]
		name := c.name
		if n := s.alike(i); n > 1 {
			name = c.name + " to " + s.columns[i+n-1].name
			i += n - 1
		}
		kinds := make([]string, len(c.kinds))
		for i, k := range c.kinds {
			kinds[i] = k.String()
		}
		line := strings.Join([]string{strings.Join(kinds, ", "), c.cell(mysql), c.cell(mariadb),
			c.cell(sqlite), c.limits}, " | ")
		if names[line] == nil {
			lines = append(lines, line)
		}
		names[line] = append(names[line], name)
	}
	for _, line := range lines {
		fmt.Fprintf(b, "| %s | %s |\n", strings.Join(names[line], ", "), line)
	}
}

// alike counts the columns from i on that only differ by the number of bits.
func (s *section) alike(i int) int {
	n := 1
	for i+n < len(s.columns) && strings.HasPrefix(s.columns[i].def, "bit(") &&
		s.columns[i+n].target(sqlite) == s.columns[i].target(sqlite) {
		n++
	}
	return n
}

// cell is the type in a target.
func (c *column) cell(database string) string {
	t := c.target(database)
	if t == c.def {
		return "same"
	}
	return typeName(t)
}

// typeName writes a type as people do; labels stay as they are.
func typeName(t string) string {
	if plain, _, ok := strings.Cut(t, " GENERATED"); ok {
		return plain + ", generated"
	}
	word, rest, _ := strings.Cut(t, "('")
	if rest == "" {
		return strings.ToUpper(word)
	}
	return strings.ToUpper(word) + "('" + rest
}

func (r *refusal) print(b *strings.Builder) {
	source := map[string]string{mysql: "Server", sqlite: "SQLite"}[r.from]
	if r.alone != "" {
		source = map[string]string{mysql: "MySQL", mariadb: "MariaDB"}[r.alone]
	}
	target := map[string]string{mysql: "Server", sqlite: "SQLite"}[r.to]
	if r.only != "" {
		target = map[string]string{mysql: "MySQL", mariadb: "MariaDB"}[r.only]
	}
	value := r.value
	if r.name != "" {
		value = r.name
	}
	why := "… " + r.why + " …"
	if r.why == "" {
		why = "in the server's words"
	}
	cells := []string{source + " " + typeName(r.def), "`" + value + "`",
		target + " " + typeName(r.into), strings.Replace(r.code, "/", " or ", 1), why}
	for i := range cells {
		cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
	}
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}
