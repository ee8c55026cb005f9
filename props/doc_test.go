package props

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/HANDLERS.md and golden files anew")

const docPath = "../docs/HANDLERS.md"

// TestHandlersDoc keeps docs/HANDLERS.md equal to the tables.
func TestHandlersDoc(t *testing.T) {
	want := handlersDoc()
	if *update {
		if err := os.WriteFile(docPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docPath)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the tables say (%v): go test ./props -run TestHandlersDoc "+
			"-args -update", docPath, err)
	}
}

const docHead = `# Properties of big data handlers

Generated from the tables of package ~props~; do not edit:
~go test ./props -run TestHandlersDoc -args -update~.
%d properties: %d work, %d are accepted, %d are ignored, %d are refused, %d are of handlers that
are not served.

A Replicat for a big data target names its properties file in
~TARGETDB LIBFILE libggjava.so SET property=dirprm/x.props~. Its handler is one of %s.

- Lines are ~key=value~; ~:~ or blanks may stand in place of ~=~, and blanks round it do not count.
  ~#~ or ~!~ begins a comment, on a line of its own only. A ~\~ at the end joins the next line;
  ~\t~, ~\n~, ~\\~ and ~\u0001~ are characters.
- Blanks round a value do not count; ~CDATA[...]~ keeps them.
- The case of keys does not matter. Of a key that stands twice, the last counts.
- Sizes are bytes, or a number with ~k~, ~m~ or ~g~; lengths of time milliseconds, or a number with
  ~ms~, ~s~, ~m~ or ~h~. Fractions are allowed; a length of time of 0 or less is off.
- ~ORACLEWALLETUSERNAME[alias domain]~ and ~ORACLEWALLETPASSWORD[alias domain]~ in a text are looked
  up in the credential store, here and in the properties of a Kafka client.
- ~<name>~ is the name of the handler, which ~gg.handlerlist~ gives: one handler for each file.

*works*: acted on. *accepted*: nothing needs to be done. *ignored*: a warning says what happens
instead. *refused*: leaving it out could change data, so Replicat does not start with it. A property
that is not in these tables is a warning. *Ours* are extensions of this product.
`

func handlersDoc() string {
	var b strings.Builder
	counts := map[Status]int{}
	elsewhere := 0
	for _, r := range Table() {
		if r.known() {
			counts[r.Status]++
		} else {
			elsewhere++
		}
	}
	fmt.Fprintf(&b, strings.ReplaceAll(docHead, "~", "`"), len(Table()), counts[Works],
		counts[Accepted],
		counts[Ignored], counts[Refused], elsewhere, "`"+strings.Join(served, "`, `")+"`")
	section := func(title string, of func(r *Row) bool) {
		fmt.Fprintf(&b, "\n## %s\n\n| property | value | default | status | meaning "+
			"|\n|---|---|---|---|---|\n",
			title)
		rows := Table()
		for i := range rows {
			if of(&rows[i]) {
				b.WriteString(docRow(&rows[i]))
			}
		}
	}
	section("Of every file", func(r *Row) bool { return r.Owner == OfAll })
	for _, kind := range served {
		section("Handlers of type "+kind+": gg.handler.<name>.", func(r *Row) bool {
			return r.Owner == OfHandler && r.serves(kind) && !strings.HasPrefix(r.Name, "format.")
		})
	}
	section("Formats: gg.handler.<name>.", func(r *Row) bool {
		return r.Owner == OfHandler && r.known() && strings.HasPrefix(r.Name, "format.")
	})
	section("Event handlers, which are not run: gg.eventhandler.<name>.", func(r *Row) bool {
		return r.Owner == OfEvent
	})
	fmt.Fprintf(&b, "\nTypes of handlers that are known and not served: %s.\n",
		strings.Join(knownTypes, ", "))
	for _, kind := range slices.Concat(connect, hbase, flume, jdbc) {
		section("Not served: type "+kind+", gg.handler.<name>.", func(r *Row) bool {
			return r.Owner == OfHandler && !r.known() && r.serves(kind)
		})
	}
	docKeywords(&b)
	return b.String()
}

// known reports whether the row is of handlers that are served, or of none.
func (r *Row) known() bool {
	return r.Owner != OfHandler || slices.ContainsFunc(served, r.serves)
}

func docRow(r *Row) string {
	name := "`" + r.Name + "`"
	if len(r.Aliases) > 0 {
		name += " (`" + strings.Join(r.Aliases, "`, `") + "`)"
	}
	status := r.Status.String()
	if !r.known() {
		status = "not served"
	}
	if r.Ours {
		status += ", ours"
	}
	meaning := r.Help
	if r.Required {
		meaning += " Must be given."
	}
	if len(r.Formats) > 0 {
		meaning += " Formats: " + strings.Join(r.Formats, ", ") + "."
	}
	if r.Owner == OfEvent && len(r.Types) > 0 {
		meaning += " Types: " + strings.Join(r.Types, ", ") + "."
	}
	if len(r.Refuse) > 0 {
		meaning += " Refused: " + strings.Join(r.Refuse, ", ") + "."
	}
	if r.Instead != "" {
		meaning += " " + capital(r.Instead) + "."
	}
	def := ""
	if r.Default != "" {
		def = "`" + Shown(r.Default) + "`"
	}
	cells := []string{name, r.Values(), def, status, meaning}
	for i := range cells {
		cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

func docKeywords(b *strings.Builder) {
	b.WriteString("\n## Keywords of templates\n\nText outside `${}` stands for itself. The " +
		"case of " +
		"keywords does not matter; arguments may be templates.\nWith Kafka and mode=tx, what " +
		"differs " +
		"between the operations of a transaction is an error.\n\n| keyword | arguments | " +
		"differs in a " +
		"transaction | value |\n|---|---|---|---|\n")
	for _, k := range keywords {
		differs := "no"
		if k.row {
			differs = "yes"
		} else if k.least > 0 {
			differs = "as its arguments"
		}
		fmt.Fprintf(b, "| `${%s}` | %s | %s | %s |\n", k.name, k.arguments(), differs, k.help)
	}
	b.WriteString("\nDate patterns have the letters of Java's SimpleDateFormat " + dateLetters +
		", and text in single quotes; more than three S are a fraction of a second.\n" +
		"\n## Keywords of meta columns\n\n`${keyword}`, `${keyword[name]}` or " +
		"`${keyword[name].argument}`, " +
		"with commas between; the name is what the output shows.\n\n| keyword | value " +
		"|\n|---|---|\n")
	for _, k := range metaKeywords {
		name := "${" + k.name + "}"
		if k.arg {
			name = "${" + k.name + "[name].argument}"
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", name, k.help)
	}
}

func TestTableIsWhole(t *testing.T) {
	type id struct {
		owner        Owner
		name, format string
		kind         string
	}
	seen := map[id]bool{}
	for _, r := range Table() {
		v, f := r.parse(r.Default)
		if f != nil || r.Kind == Choice && v.text != r.Default {
			t.Errorf("%s: default %q: %v", r.Name, r.Default, f)
		}
		if r.Help == "" || !strings.HasSuffix(r.Help, ".") {
			t.Errorf("%s: help %q", r.Name, r.Help)
		}
		if reason := r.Status != Works || len(r.Refuse) > 0; reason != (r.Instead != "") {
			t.Errorf("%s %s, but instead: %q", r.Name, r.Status, r.Instead)
		}
		if r.Required && r.Default != "" {
			t.Errorf("%s must be given and has a default", r.Name)
		}
		if (r.Kind == Choice) != (len(r.Choices) > 0) {
			t.Errorf("%s: %s with %d choices", r.Name, r.Kind, len(r.Choices))
		}
		for _, s := range r.Spellings {
			if v, f := r.parse(s[0]); f != nil || v.text != s[1] {
				t.Errorf("%s: %s is not %s", r.Name, s[0], s[1])
			}
		}
		for _, name := range append([]string{r.Name}, r.Aliases...) {
			for _, kind := range append([]string{""}, r.Types...) {
				for _, format := range append([]string{""}, r.Formats...) {
					k := id{r.Owner, strings.ToLower(name), format, kind}
					whole := (kind != "" || len(r.Types) == 0) &&
						(format != "" || len(r.Formats) == 0)
					if whole && seen[k] {
						t.Errorf("%s stands twice for %q %q", name, kind, format)
					}
					seen[k] = true
				}
			}
		}
	}
}

func TestHelp(t *testing.T) {
	for name, want := range map[string]string{
		"MAXFILESIZE":                         "Default: 1g",
		"gg.handler.hdfs.fileSuffix":          "older form",
		"gg.handler.x.format.fieldDelimiter":  `Default: \u0001`,
		"gg.eventhandler.p.writeToHDFS":       "event handlers are not run",
		"gg.compat":                           "An extension of this product.",
		"format.mapLargeNumbersAsStrings":     "gg.handler.<name>.format.mapOracleNumbersAsStrings",
		"gg.handler.fw.pathMappingTemplate":   "It must be given.",
		" gg.handler.x.format.lineDelimiter ": "Formats: avro_row, avro_op",
	} {
		if got := Help(name); !strings.Contains(got, want) {
			t.Errorf("%s: %q is not in\n%s", name, want, got)
		}
	}
	if got := Help("nothing"); got != "" {
		t.Error(got)
	}
	for name, want := range map[string]string{"maxfilsize": "maxFileSize",
		"gg.handlerlst":       "gg.handlerlist",
		"topicMapingTemplate": "topicMappingTemplate", "zzzzzzzz": ""} {
		if got := Nearest(name, ""); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := Nearest("topicNam", HDFS); got != "" {
		t.Errorf("hdfs is offered %s", got)
	}
}
