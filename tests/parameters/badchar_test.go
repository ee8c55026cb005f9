package parameters

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ggsh/tests/rig"
)

// TestBadCharacters: what REPLACEBADCHAR makes of characters that the target's columns
// lack, and of octets that are no text, on real servers. Six Replicats read one trail.
func TestBadCharacters(t *testing.T) {
	const first = `"k1","é€","é€","é","fine"`
	wants := map[string][]string{
		"ESCAPE": {first, `"k2","a\\u4E2Db","\\u4E2D","\\U0001F600x","a\\xFFb"`,
			`"\\u5B573","w","v","v","o"`},
		"SUBSTITUTE '?'": {first, `"k2","a?b","?","?x","a?b"`, `"?3","w","v","v","o"`},
		"NULL NOWARNING": {first, `"k2",NULL," ",NULL,NULL`, `" 3","w","v","v","o"`},
		"SPACE":          {first, `"k2","a b"," "," x","a b"`, `" 3","w","v","v","o"`},
		"SKIP":           {first},
		"ABORT":          {first},
	}
	for _, kind := range []string{"mariadb", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			h := rig.NewHome(t, bin)
			source, target := rig.NewDatabase(t, "sqlite", h.Dir, "src"), servers.Database(t, kind, h.Dir, "chars")
			source.Exec(t, "CREATE TABLE src (k VARCHAR(20) PRIMARY KEY, l TEXT, m TEXT, u TEXT, o BLOB)")
			h.Write("dirprm/e.prm", "EXTRACT e\nSOURCEDB "+source.Login+"\nEXTTRAIL ./dirdat/lt\nTABLE main.src;\n")
			h.Run("start mgr", "dblogin sourcedb "+source.Login, "add trandata main.*",
				"add extract e, tranlog, begin now", "add exttrail ./dirdat/lt, extract e",
				"dblogin sourcedb "+target.Login, "add checkpointtable "+target.Schema+".chk")
			for action := range wants {
				name := strings.ToLower(strings.Fields(action)[0])
				target.Exec(t, "CREATE TABLE t_"+name+" (k VARCHAR(20) CHARACTER SET latin1 PRIMARY KEY, "+
					"l VARCHAR(40) CHARACTER SET latin1, m VARCHAR(40) CHARACTER SET latin1 NOT NULL, "+
					"u VARCHAR(40) CHARACTER SET utf8mb3, o VARCHAR(40) CHARACTER SET utf8mb4)")
				r := "r" + name[:4]
				h.Write("dirprm/"+r+".prm", fmt.Sprintf("REPLICAT %s\nTARGETDB %s\nREPLACEBADCHAR %s\nGROUPTRANSOPS 1\n"+
					"MAP main.src, TARGET %s.t_%s;\n", r, target.Login, action, target.Schema, name))
				h.Run(fmt.Sprintf("add replicat %s, exttrail ./dirdat/lt, checkpointtable %s.chk", r, target.Schema))
			}
			h.Run("start er *")
			source.Exec(t, "INSERT INTO src VALUES ('k1', 'é€', 'é€', 'é', CAST('fine' AS BLOB))")
			// Alone: what Extract sees at once is one transaction of the trail, and ABORT takes it back.
			rig.Until(t, "the first row", func() (bool, string) {
				got, err := target.Rows("t_abort")
				return err == nil && slices.Equal(got, []string{first}), h.Logs()
			})
			source.Exec(t, "INSERT INTO src VALUES ('k2', 'a中b', '中', '😀x', x'61ff62')",
				"INSERT INTO src VALUES ('字3', 'v', 'v', 'v', x'6f')",
				"UPDATE src SET l = 'w' WHERE k = '字3'",
				"INSERT INTO src VALUES ('z', 'end', '', '', x'6f')")
			for action, want := range wants {
				name := strings.ToLower(strings.Fields(action)[0])
				if action != "ABORT" {
					want = append(slices.Clone(want), `"z","end","","","o"`)
				}
				slices.Sort(want)
				rig.Until(t, "what "+action+" makes", func() (bool, string) {
					got, err := target.Rows("t_" + name)
					return err == nil && slices.Equal(got, want), fmt.Sprintf("%v\n%s\nnot\n%s\n%s", err,
						strings.Join(got, "\n"), strings.Join(want, "\n"), h.Logs())
				})
			}
			h.WaitState("rabor", "ABENDED")
			for r, told := range map[string]bool{"RESCA": true, "RSKIP": true, "RNULL": false} {
				report := h.Read("dirrpt/" + r + ".rpt")
				if strings.Contains(report, "REPLACEBADCHAR "+map[string]string{"RESCA": "ESCAPE", "RSKIP": "SKIP",
					"RNULL": "NULL"}[r]+": a value of column") != told {
					t.Errorf("%s: told is to be %v\n%s", r, told, report)
				}
			}
			h.Run("stop er *", "stop mgr !")
		})
	}
}
