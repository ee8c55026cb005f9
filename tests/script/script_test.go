// Package script drives the real programs by transcripts: a file of testdata
// tells what an operator types and what the programs answer, and reads like a page
// of the manual.
//
// A session is played with "session HOME file" and compared with the same file:
// its lines "GGSH> command" are typed, all others are what ggsh must answer. What
// differs from run to run (times, ports, process ids, lags, positions) is written
// as a word in angle brackets or as $name. After a wanted change,
// "go test ./tests/script -update" writes the answers anew, to be read as a diff.
package script

import (
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ggsh/tests/rig"
)

var (
	bin     string
	servers rig.Servers
	update  = flag.Bool("update", false, "write the answers of the programs into the transcripts")
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

// play runs one transcript with environment variables.
func play(t *testing.T, file string, env map[string]string) {
	testscript.Run(t, testscript.Params{
		Files:              []string{"testdata/" + file},
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Cmds:               stageCommands(),
		Setup: func(e *testscript.Env) error {
			for name, value := range env {
				e.Setenv(name, value)
			}
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			st := newStage(e.T().(testing.TB))
			st.values["WORK"] = e.WorkDir
			e.Values[stageKey{}] = st
			return nil
		},
	})
}

func TestTheTutorialWorksAsWrittenBetweenMariaDBAndMySQL(t *testing.T) {
	for _, way := range [][2]string{{"mariadb", "mysql"}, {"mysql", "mariadb"}} {
		t.Run(way[0]+" to "+way[1], func(t *testing.T) {
			t.Parallel()
			play(t, "tutorial.txtar", map[string]string{"FROM": way[0], "TO": way[1]})
		})
	}
}

func TestTheMappingLanguageWorksBetweenEmbeddedDatabases(t *testing.T) {
	play(t, "mapping.txtar", nil)
}

func TestRefusedRowsAndConflictsBetweenEmbeddedDatabases(t *testing.T) {
	play(t, "exceptions.txtar", nil)
}

func TestOneMoreErrorMeansThatTheRowExists(t *testing.T) {
	play(t, "duplicates.txtar", nil)
}

func TestStatementsAndQueriesInTheTarget(t *testing.T) {
	play(t, "sqlexec.txtar", nil)
}

func TestRecordsCauseEventsInExtractPumpAndReplicat(t *testing.T) {
	play(t, "events.txtar", nil)
}

func TestTheTutorialWorksAsWrittenBetweenEmbeddedDatabases(t *testing.T) {
	play(t, "sqlite.txtar", nil)
}

func TestSecretsStandInNoTrailAndNoLog(t *testing.T) {
	play(t, "wallet.txtar", nil)
}

func TestAnExtractFileServesLikeARemoteTrail(t *testing.T) {
	play(t, "rmtfile.txtar", nil)
}

func TestToolsCheckFilesAndExplainMessages(t *testing.T) {
	play(t, "tools.txtar", nil)
}

func TestDefgenDescribesTables(t *testing.T) {
	for _, kind := range []string{"mariadb", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			play(t, "defgen.txtar", map[string]string{"FROM": kind})
		})
	}
}

func TestAnInitialLoadGoesStraightIntoATask(t *testing.T) {
	play(t, "rmttask.txtar", nil)
}

func TestInitialLoadsWorkAsWritten(t *testing.T) {
	for _, way := range [][2]string{{"mariadb", "mysql"}, {"mysql", "mariadb"}} {
		t.Run(way[0]+" to "+way[1], func(t *testing.T) {
			t.Parallel()
			play(t, "load.txtar", map[string]string{"FROM": way[0], "TO": way[1]})
		})
	}
}

func TestObeyHistoryHelpAndCommandLineAnswerAsWritten(t *testing.T) {
	play(t, "obey.txtar", nil)
}

func TestMistakesOfAnOperatorAreNamed(t *testing.T) {
	play(t, "errors.txtar", nil)
}
