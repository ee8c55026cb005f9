package script

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"ggsh/tests/rig"
)

type stageKey struct{}

// stage is what one transcript plays on: homes, databases, and the values that
// stand in its text as $name.
type stage struct {
	tb     testing.TB
	homes  map[string]*rig.Home
	data   map[string]*rig.Database
	values map[string]string
}

func newStage(tb testing.TB) *stage {
	return &stage{tb: tb, homes: map[string]*rig.Home{}, data: map[string]*rig.Database{},
		values: map[string]string{}}
}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

func (st *stage) home(ts *testscript.TestScript, name string) *rig.Home {
	h := st.homes[name]
	if h == nil {
		ts.Fatalf("there is no home %s", name)
	}
	return h
}

func (st *stage) database(ts *testscript.TestScript, name string) *rig.Database {
	d := st.data[name]
	if d == nil {
		ts.Fatalf("there is no database %s", name)
	}
	return d
}

// stageCommands are the commands of transcripts besides testscript's own.
func stageCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"session":     typedSession,
		"ggsh":        plainGgsh,
		"program":     plainProgram,
		"home":        counted(1, "home name", newHome),
		"server":      counted(3, "server name kind database", newServer),
		"file":        counted(2, "file name home", newFile),
		"edit":        counted(3, "edit home params file", edit),
		"install":     counted(3, "install home path file", install),
		"show":        counted(2, "show home path", show),
		"sql":         counted(2, "sql database statement", execute),
		"waitrows":    counted(3, "waitrows database query expected", waitRows),
		"waitstate":   counted(3, "waitstate home group state", waitState),
		"waitlog":     counted(3, "waitlog home path text", waitLog),
		"stopserver":  counted(1, "stopserver database", stopServer),
		"startserver": counted(1, "startserver database", startServer),
		"lacks":       lacks,
		"seal":        counted(3, "seal home name key", sealPassword),
		"same":        counted(3, "same database database table", same),
	}
}

// counted makes a command of a function that takes n arguments and cannot fail
// on purpose.
func counted(n int, usage string, do func(*testscript.TestScript, *stage, []string),
) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != n {
			ts.Fatalf("usage: %s", usage)
		}
		do(ts, stageOf(ts), args)
	}
}

func newHome(_ *testscript.TestScript, st *stage, args []string) {
	h := rig.EmptyHome(st.tb, bin)
	st.homes[args[0]] = h
	st.values[args[0]+"_home"] = h.Dir
	st.values[args[0]+"_port"] = fmt.Sprint(h.Port)
}

func newServer(ts *testscript.TestScript, st *stage, args []string) {
	d := rig.NewDatabase(st.tb, args[1], "", args[2])
	st.data[args[0]] = d
	st.values[args[0]+"_port"] = fmt.Sprint(d.Server.Port)
	ts.Logf("%s is %s %s", args[0], args[1], d.Server.Version)
}

// newFile makes an embedded database in a home.
func newFile(ts *testscript.TestScript, st *stage, args []string) {
	d := rig.NewDatabase(st.tb, "sqlite", st.home(ts, args[1]).Dir, args[0])
	st.data[args[0]] = d
	st.values[args[0]+"_file"] = strings.TrimPrefix(d.Login, "sqlite:")
}

// text is a file of the transcript with values for its $names.
func (st *stage) text(ts *testscript.TestScript, file string) string {
	return st.expand(ts, ts.ReadFile(file))
}

// edit gives EDIT PARAMS a terminal, and an editor that writes what a file says.
func edit(ts *testscript.TestScript, st *stage, args []string) {
	h := st.home(ts, args[0])
	typed := filepath.Join(ts.Getenv("WORK"), args[2]+".typed")
	ts.Check(os.WriteFile(typed, []byte(st.text(ts, args[2])), 0o600))
	person, program, err := openTerminal()
	ts.Check(err)
	defer person.Close()
	defer program.Close()
	cmd := exec.Command(filepath.Join(bin, "ggsh"), "-home", h.Dir, "-c", "EDIT PARAMS "+args[1])
	cmd.Dir, cmd.Stdin = h.Dir, program
	cmd.Env = append(os.Environ(), "HOME="+h.Dir, "EDITOR=cp "+typed)
	if out, err := cmd.CombinedOutput(); err != nil {
		ts.Fatalf("EDIT PARAMS %s: %v\n%s", args[1], err, out)
	}
}

// openTerminal makes a pseudo-terminal: what a person and the program see.
func openTerminal() (person, program *os.File, err error) {
	person, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := int(person.Fd())
	n := 0
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
		n, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
	}
	if err == nil {
		program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		person.Close()
		return nil, nil, err
	}
	return person, program, nil
}

// install writes a file of the transcript into a home.
func install(ts *testscript.TestScript, st *stage, args []string) {
	st.home(ts, args[0]).Write(args[1], st.text(ts, args[2]))
}

// show prints a file of a home.
func show(ts *testscript.TestScript, st *stage, args []string) {
	fmt.Fprint(ts.Stdout(), st.plain(st.home(ts, args[0]).Read(args[1])))
}

// execute gives statements to a database, apart by semicolons. A trigger has its own.
func execute(ts *testscript.TestScript, st *stage, args []string) {
	statements := strings.Split(args[1], ";")
	if strings.HasPrefix(args[1], "CREATE TRIGGER") {
		statements = args[1:2]
	}
	for _, statement := range statements {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := st.database(ts, args[0]).DB.Exec(statement); err != nil {
			ts.Fatalf("%s: %v", statement, err)
		}
	}
}

// waitRows waits until a query gives rows: values apart by |, rows by blanks.
func waitRows(ts *testscript.TestScript, st *stage, args []string) {
	d := st.database(ts, args[0])
	rig.Until(st.tb, args[1], func() (bool, string) {
		now, err := query(d.DB, args[1])
		if err != nil {
			now = err.Error()
		}
		return now == args[2], now + "\n" + st.logs()
	})
}

func query(db *sql.DB, text string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
	defer cancel()
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var all []string
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = "NULL"
			if v.Valid {
				row[i] = v.String
			}
		}
		all = append(all, strings.Join(row, "|"))
	}
	return strings.Join(all, " "), rows.Err()
}

func (st *stage) logs() string {
	var b strings.Builder
	for name, h := range st.homes {
		fmt.Fprintf(&b, "HOME %s\n%s\n", name, h.Logs())
	}
	return b.String()
}

func waitState(ts *testscript.TestScript, st *stage, args []string) {
	h := st.home(ts, args[0])
	rig.Until(st.tb, args[1]+" "+args[2], func() (bool, string) {
		now := h.State(args[1])
		return now == args[2], now + "\n" + st.logs()
	})
}

// waitLog waits until a file of a home contains a text.
func waitLog(ts *testscript.TestScript, st *stage, args []string) {
	path := filepath.Join(st.home(ts, args[0]).Dir, args[1])
	rig.Until(st.tb, args[1]+" to say "+args[2], func() (bool, string) {
		b, err := os.ReadFile(path)
		return strings.Contains(string(b), args[2]), fmt.Sprint(string(b), err)
	})
}

func stopServer(ts *testscript.TestScript, st *stage, args []string) {
	ts.Check(st.database(ts, args[0]).Server.Stop(context.Background()))
}

func startServer(ts *testscript.TestScript, st *stage, args []string) {
	ts.Check(st.database(ts, args[0]).Server.Restart(context.Background()))
}

// same waits until a table has the same rows in two databases.
func same(ts *testscript.TestScript, st *stage, args []string) {
	rig.WaitEqual(st.tb, st.database(ts, args[0]), st.database(ts, args[1]), st.logs, args[2])
}
