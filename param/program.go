package param

import "strings"

// Program is a set of the programs that read parameter files. A data pump and
// an initial load are Extracts.
type Program uint8

// The programs.
const (
	Globals Program = 1 << iota
	Manager
	Extract
	Replicat
	Defgen

	anyProgram = Globals | Manager | Extract | Replicat | Defgen
)

// Has reports whether the two sets share a program.
func (p Program) Has(q Program) bool { return p&q != 0 }

// programNames is in the order in which they are printed.
var programNames = []struct {
	program Program
	name    string
}{{Globals, "GLOBALS"}, {Manager, "Manager"}, {Extract, "Extract"},
	{Replicat, "Replicat"}, {Defgen, "DEFGEN"}}

// String names the programs of the set: "Extract, Replicat".
func (p Program) String() string {
	var names []string
	for _, n := range programNames {
		if p.Has(n.program) {
			names = append(names, n.name)
		}
	}
	if len(names) == 0 {
		return "no program"
	}
	return strings.Join(names, ", ")
}

// telling are the keywords that say by themselves what a file is for.
var telling = map[string]Program{
	"EXTRACT": Extract, "REPLICAT": Replicat, "SOURCEISTABLE": Extract,
	"MAP": Replicat, "DEFSFILE": Defgen, "PORT": Manager, "DYNAMICPORTLIST": Manager,
	"GGSCHEMA": Globals, "CHECKPOINTTABLE": Globals,
}

// Detect tells from its keywords which program a file is for. It answers zero
// for a text that may be any program's, such as a macro library.
func Detect(text string) Program {
	votes := map[Program]int{}
	known := specIndex()
	for line := range strings.Lines(text) {
		word := firstWord(line)
		if p, ok := telling[word]; ok {
			if len(votes) == 0 || word == "DEFSFILE" {
				votes[p] += 1000 // by habit the first line names the process
			}
			votes[p] += 100
			continue
		}
		for _, s := range known[word] {
			for _, n := range programNames {
				if s.Programs.Has(n.program) {
					votes[n.program]++
				}
			}
		}
	}
	best, tie := Program(0), false
	for _, n := range programNames {
		switch v := votes[n.program]; {
		case v > votes[best]:
			best, tie = n.program, false
		case v == votes[best] && v > 0:
			tie = true
		}
	}
	if tie {
		return 0
	}
	return best
}

// firstWord is the keyword of a line in upper case, empty for comments.
func firstWord(line string) string {
	line = strings.TrimLeft(line, " \t\ufeff")
	if strings.HasPrefix(line, "--") {
		return ""
	}
	if i := strings.IndexAny(line, " \t\r\n,(;="); i >= 0 {
		line = line[:i]
	}
	return strings.ToUpper(line)
}
