package fault

import (
	"fmt"
	"strings"
	"testing"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

// extractFile writes eora.prm with a login.
func extractFile(p *rig.Pair, login string) {
	p.Source.Write("dirprm/eora.prm", fmt.Sprintf(
		"EXTRACT eora\nSOURCEDB %s\nEXTTRAIL ./dirdat/lt\nTABLE %s.*;\n", login, p.SourceData.Schema))
}

func replicatFile(p *rig.Pair, login string, lines ...string) {
	p.Target.Write("dirprm/rora.prm", fmt.Sprintf(
		"REPLICAT rora\nTARGETDB %s\n%s\nMAP %s.*, TARGET %s.*;\n",
		login, strings.Join(lines, "\n"), p.SourceData.Schema, p.TargetData.Schema))
}

func TestAWrongPasswordIsNamedWithUserAndServerByShellExtractAndReplicat(t *testing.T) {
	for _, kind := range []string{"mariadb", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			p := serverPair(t, kind, kind)
			wrong := strings.Replace(p.SourceData.Login, server.RootPassword, "wr0ng-one", 1)
			port := fmt.Sprint(p.SourceData.Server.Port)
			refused(t, p.Source, "dblogin sourcedb "+wrong, "OGG-00769", "root", "127.0.0.1:"+port)
			extractFile(p, wrong)
			p.Source.Run("start eora")
			abends(t, p.Source, "eora", "OGG-00769", "user root", "127.0.0.1:"+port, "Check user, password")
			replicatFile(p, strings.Replace(p.TargetData.Login, server.RootPassword, "wr0ng-one", 1))
			p.Target.Run("start rora")
			abends(t, p.Target, "rora", "user root", "127.0.0.1", "assword")
			extractFile(p, p.SourceData.Login)
			replicatFile(p, p.TargetData.Login)
			p.Start()
			insert(t, p, 1, 3)
			p.WaitEqual(t, "emp")
		})
	}
}

func TestAnUnknownHostIsNamed(t *testing.T) {
	p := filePair(t)
	login := "hr@no.such.host.invalid:3306, USERID root, PASSWORD x"
	refused(t, p.Source, "dblogin sourcedb "+login, "OGG-00768", "no.such.host.invalid", "not known")
	extractFile(p, login)
	p.Source.Run("start eora")
	says(t, p.Source, reportOf("eora"), "OGG-00768", "no.such.host.invalid:3306", "no such host",
		"Check host, port")
	replicatFile(p, login)
	p.Target.Run("start rora")
	says(t, p.Target, reportOf("rora"), "no.such.host.invalid")
	p.Source.Replace("dirprm/pora.prm", "RMTHOST 127.0.0.1", "RMTHOST no.such.host.invalid")
	p.Source.Run("start pora")
	says(t, p.Source, reportOf("pora"), "no.such.host.invalid")
	for h, groups := range map[*rig.Home][]string{p.Source: {"eora", "pora"}, p.Target: {"rora"}} {
		for _, g := range groups {
			if state := h.State(g); state == "STARTING" {
				t.Errorf("%s is %s while it tries to connect", g, state)
			}
		}
	}
}

func TestAGroupWithoutParameterFileIsNotStarted(t *testing.T) {
	h := rig.NewHome(t, bin)
	h.Run("start mgr", "add extract e1, tranlog, begin now")
	refused(t, h, "start e1", h.Dir+"/dirprm/e1.prm", "does not exist", "EDIT PARAMS E1")
	if s := h.State("e1"); s != "STOPPED" {
		t.Errorf("e1 is %s", s)
	}
}

func TestAnUnknownWordInAParameterFileIsNamedWithPlaceAndNearestWord(t *testing.T) {
	p := filePair(t)
	p.Source.Replace("dirprm/eora.prm", "EXTTRAIL", "EXTRTAIL")
	place := p.Source.Dir + "/dirprm/eora.prm:3:1"
	refused(t, p.Source, "start eora", "OGG-00303", place, "EXTRTAIL", "Did you mean EXTTRAIL?")
	if s := p.Source.State("eora"); s != "STOPPED" {
		t.Errorf("eora is %s", s)
	}
}

func TestAMapToATableThatDoesNotExistIsNamed(t *testing.T) {
	p := filePair(t)
	p.Target.Replace("dirprm/rora.prm", "TARGET main.*", "TARGET main.x*")
	p.Start()
	insert(t, p, 1, 1)
	abends(t, p.Target, "rora", "OGG-00199", "main.xemp", "does not exist in the target database",
		"Create the table")
	p.Target.Replace("dirprm/rora.prm", "TARGET main.x*", "TARGET main.*")
	p.Target.Run("start rora")
	p.WaitEqual(t, "emp")
}

func TestATableWithoutKeyIsReplicatedByAllColumnsAndSaysSo(t *testing.T) {
	p := filePair(t)
	out := p.Source.Run("dblogin sourcedb "+p.SourceData.Login, "delete trandata main.nokey",
		"add trandata main.nokey")
	words := []string{"OGG-06439", "No unique key is defined for table main.nokey"}
	if missing := lacking(out, words); missing != nil {
		t.Errorf("ADD TRANDATA does not say %q:\n%s", missing, out)
	}
	p.Start()
	p.SourceData.Exec(t, "INSERT INTO nokey VALUES ('a', 1), ('a', 1), ('b', NULL), ('c', 3)",
		"UPDATE nokey SET n = 4 WHERE what = 'c'", "DELETE FROM nokey WHERE what = 'b'")
	p.WaitEqual(t, "nokey")
	says(t, p.Target, reportOf("rora"), "OGG-06439", "nokey", "KEYCOLS")
}
