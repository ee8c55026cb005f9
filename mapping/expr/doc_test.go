package expr

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/FUNCTIONS.md")

const docPath = "../../docs/FUNCTIONS.md"

// TestFunctionsDoc keeps docs/FUNCTIONS.md equal to the tables.
func TestFunctionsDoc(t *testing.T) {
	want := functionsDoc()
	if *update {
		if err := os.WriteFile(docPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docPath)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the tables say (%v): go test ./mapping/expr -run TestFunctionsDoc "+
			"-args -update", docPath, err)
	}
}

const docHead = `# Column-conversion functions

Generated from the tables in package ~mapping/expr~; do not edit. %d functions.

Functions stand in COLMAP, FILTER and TOKENS; names are in any case, calls may be nested. An
argument is a column, a literal, a number, another call, ~before.column~ or ~after.column~, or
~id.parameter~ of a SQLEXEC. Literals stand in single quotes and ~"x"~ is a column; with
NOUSEANSISQLQUOTES in GLOBALS both kinds of quotes hold literals. Keywords, formats and names of
tokens may stand in either. Arithmetic stands in @COMPUTE, in conditions and in FILTER. Characters
are counted from 1.

## NULL, missing, invalid

*Missing*: the record does not carry the column. *Invalid*: it is there and cannot be what is
asked of it, such as a text in @COMPUTE, a date without month, a division by zero.

- General rule: if an argument is one of these, so is the result; invalid counts before missing,
  missing before NULL.
- A result that is missing leaves the target column out; NULL makes it NULL; invalid is an error
  of the row, for REPERROR (or REPLACEBADNUM) to decide on.
- An update that does not carry a column's value after it has not changed it: where the image
  before carries it, that is the column's value. ~after.column~ and ~before.column~ ask for one
  image alone.
- A comparison with such a value is neither true nor false. AND and OR decide where one side is
  enough; @IF, @EVAL and @CASE take the other branch. A FILTER or WHERE that stays undecided by a
  missing or invalid value discards the record with OGG-03019; by NULL it does not take it.
- Comparing a number or a date with a text reads the text as one. Blanks at the end of texts do
  not count.
- Decimal numbers are exact; a number is computed as floating point only if an operand is one at
  its source. Numbers may have 1000 digits; up to 18 cost no memory.
- A token whose value is NULL or missing is left out.

## Functions

| function | result | NULL, missing, invalid |
|---|---|---|
`

const docDates = `
## Formats of @DATE

| descriptor | input | output |
|---|---|---|
`

const docDatesTail = `
CC, YY, YYYY: century and year; a year of two digits without century is 19xx from 50 on, else
20xx. MM, MMM: month as number or name. DD, DDD: day of month or year. DOW0, DOW1, DOWA: day of
week from Sunday as 0, as 1, as name. HH, MI, SS, F...: time, with as many digits of a second as
there are F. JUL: Julian day. JTS, JTSGMT: microseconds since Julian day 0, the date being local;
JTSLCT: the same without regard to zones. CDATE: seconds since 1970. TTS: hundredths of a second
since 1974-12-31. STRATUS: 1/65536 seconds since 1980. Any other character stands for itself in
the output, and for any mark or blank in the input. Parts of a time that the input lacks are zero.
A column that is a date needs no input format that fits it.

## @GETENV

Of the record and its transaction: LAG, GGHEADER, RECORD, TRANSACTION (also as ORATRANSACTION).
Times are those of the process's zone. RECORD and TRANSACTIONINDICATOR are known where a trail is
read. What a source does not tell is missing.

| type | items | understood, always missing |
|---|---|---|
`

func functionsDoc() string {
	cell := strings.NewReplacer("|", `\|`).Replace
	var b strings.Builder
	rows := Functions()
	slices.SortFunc(rows, func(x, y Function) int { return strings.Compare(x.Name, y.Name) })
	fmt.Fprintf(&b, strings.ReplaceAll(docHead, "~", "`"), len(rows))
	for _, f := range rows {
		summary := f.Summary
		if len(f.Aliases) > 0 {
			summary += " Also " + strings.Join(f.Aliases, ", ") + "."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", cell(f.Signature), cell(summary), f.Nulls)
	}
	b.WriteString(docDates)
	yes := map[bool]string{true: "yes"}
	for _, d := range descriptors {
		if d.in || d.out {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", d.name, yes[d.in], yes[d.out])
		}
	}
	b.WriteString(docDatesTail)
	for _, e := range envTypes() {
		items := strings.Join(e.items, ", ")
		if e.free {
			items = "any"
		}
		if e.tables {
			items = "['TABLE', t,] " + items
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", e.name, items, strings.Join(e.never, ", "))
	}
	return b.String()
}

// TestTableIsWhole checks each row of the table of functions.
func TestTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Functions() {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			if seen[name] || name != strings.ToUpper(name) || !strings.HasPrefix(name, "@") {
				t.Errorf("%s stands twice, or is not in upper case", name)
			}
			seen[name] = true
		}
		if !strings.HasPrefix(f.Signature, f.Name+" (") || !strings.HasSuffix(f.Summary, ".") ||
			f.Nulls == "" || (f.apply == nil) == (f.bind == nil) {
			t.Errorf("%s: signature %q, summary %q, nulls %q", f.Name, f.Signature, f.Summary, f.Nulls)
		}
	}
}
