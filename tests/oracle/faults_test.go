package oracle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ggsh/capture/oracle"
	"ggsh/dblogin"
	"ggsh/ggserr"
	"ggsh/oracleclient"
	"ggsh/record"
	"ggsh/tests/oradb"
	"ggsh/tests/tns"
)

// fault is one database and a capture of APPUSER's tables.
type fault struct {
	*testing.T
	db     *oradb.Server
	faults *tns.Faults
}

func newFault(t *testing.T, o oradb.Options) *fault {
	t.Helper()
	o.Users = map[string]string{"GG": "secret", "APPUSER": "app"}
	f := &fault{T: t, faults: &tns.Faults{}}
	var err error
	if f.db, err = oradb.Start(o, f.faults); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.db.Close() })
	f.exec("CREATE TABLE T (ID NUMBER(9) PRIMARY KEY, V VARCHAR2(10));" +
		"ALTER TABLE T ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS;")
	return f
}

func (f *fault) exec(script string) {
	f.Helper()
	if err := f.db.Exec("APPUSER", script); err != nil {
		f.Fatal(err)
	}
}

func (f *fault) client() oracleclient.Config {
	return oracleclient.Config{Connect: f.db.DSN(), User: "GG", Password: "secret"}
}

// open begins a capture behind an SCN, 0 for the present.
func (f *fault) open(scn uint64, mode oracle.Mode) (*oracle.Source, error) {
	dir := f.TempDir()
	src, err := oracle.Open(context.Background(), oracle.Config{Group: "EORA", Mode: mode, SpoolDir: dir,
		SchemaFile: filepath.Join(dir, "defs"), Start: oracle.Start{SCN: scn}, Poll: 5 * time.Millisecond,
		Retries: 2, RetryWait: time.Millisecond, Want: func(owner, _ string) bool { return owner == "APPUSER" },
		Connect: func(ctx context.Context) (oracle.Database, error) { return oracle.OpenDatabase(ctx, f.client()) },
		Warn:    func(e *ggserr.Error) { f.Log(e) }})
	if err == nil {
		f.Cleanup(func() { src.Close() })
	}
	return src, err
}

// read gives the keys of the rows that come, up to a number of them.
func (f *fault) read(src *oracle.Source, want int) (keys []string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for len(keys) < want {
		txn, err := src.Next(ctx)
		if err == io.EOF {
			if err = src.Wait(ctx); err == nil {
				continue
			}
		}
		if err != nil {
			return keys, err
		}
		for txn.Ops != nil {
			def, body, err := txn.Ops.Next()
			if err == io.EOF {
				break
			}
			var op record.Op
			if err == nil {
				err = record.DecodeOp(body, &op)
			}
			if err != nil {
				return keys, err
			}
			if op.After != nil && op.Type != record.DDL {
				values, err := op.After.Values(nil, len(def.Columns))
				if err != nil {
					return keys, err
				}
				keys = append(keys, string(values[0].Text(nil, 9)))
			}
		}
	}
	return keys, nil
}

// says checks an error's words.
func (f *fault) says(err error, words ...string) {
	f.Helper()
	if err == nil {
		f.Fatalf("no error, and wanted one that says %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			f.Errorf("%q is not said: %v", w, err)
		}
	}
}

func TestAMissingLogIsNamed(t *testing.T) {
	f := newFault(t, oradb.Options{})
	from := f.db.SCN()
	f.exec("INSERT INTO T VALUES (1, 'a'); COMMIT;")
	f.db.SwitchLog()
	f.exec("INSERT INTO T VALUES (2, 'b'); COMMIT;")
	f.db.SwitchLog()
	for sequence := 1; sequence < 20; sequence++ {
		f.db.DropArchivedLog(sequence)
	}
	for range 6 { // the logs on line are written over
		f.db.SwitchLog()
	}
	src, err := f.open(from, oracle.Raw)
	if err == nil {
		_, err = f.read(src, 2)
	}
	f.says(err, "thread 1, sequence", "is not there", "RESTORE ARCHIVELOG SEQUENCE")
}

func TestALostConnectionLosesNothing(t *testing.T) {
	for _, phase := range []string{"V$DATABASE", "V$THREAD", "V$LOG", "V$ARCHIVED_LOG", "V$TRANSACTION",
		"ADD_LOGFILE", "START_LOGMNR", "FROM V$LOGMNR_CONTENTS", "END_LOGMNR"} {
		t.Run(phase, func(t *testing.T) {
			f := newFault(t, oradb.Options{LogSize: 5})
			from := f.db.SCN()
			f.exec("INSERT INTO T VALUES (1, 'a'); COMMIT;")
			var src *oracle.Source
			var err error
			f.faults.Add(tns.Fault{SQL: phase, At: 2, Close: true})
			for range 3 { // as an Extract that connects again
				if src, err = f.open(from, oracle.Raw); err == nil {
					break
				}
				var again interface{ Temporary() bool }
				if !errors.As(err, &again) || !again.Temporary() {
					t.Fatalf("it is not tried again: %v", err)
				}
			}
			for id := 2; id <= 30; id++ {
				f.exec(fmt.Sprintf("INSERT INTO T VALUES (%d, 'x'); COMMIT;", id))
			}
			keys, err := f.read(src, 30)
			if err != nil {
				t.Fatal(err)
			}
			for i, k := range keys {
				if k != fmt.Sprint(i+1) {
					t.Fatalf("row %d is %s: %v", i+1, k, keys)
				}
			}
		})
	}
}

func TestALogThatIsSwitchedMeanwhileIsReadAgain(t *testing.T) {
	f := newFault(t, oradb.Options{LogSize: 5})
	from := f.db.SCN()
	f.faults.Add(tns.Fault{SQL: "FROM V$LOGMNR_CONTENTS", At: 1, Rows: 1, Err: &tns.Error{Code: 310,
		Text: "archived log contains sequence 7; sequence 5 required"}})
	src, err := f.open(from, oracle.Raw)
	if err != nil {
		t.Fatal(err)
	}
	f.exec("INSERT INTO T VALUES (1, 'a'); INSERT INTO T VALUES (2, 'b'); COMMIT;")
	if keys, err := f.read(src, 2); err != nil || len(keys) != 2 {
		t.Fatal(keys, err)
	}
}

func TestADictionaryThatDoesNotMatchIsNoMatter(t *testing.T) {
	f := newFault(t, oradb.Options{})
	from := f.db.SCN()
	src, err := f.open(from, oracle.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	f.exec("INSERT INTO T VALUES (1, 'a'); COMMIT; ALTER TABLE T ADD (X NUMBER(5));" +
		"INSERT INTO T VALUES (2, 'b', 3); COMMIT;")
	if keys, err := f.read(src, 2); err != nil || strings.Join(keys, " ") != "1 2" {
		t.Fatal(keys, err)
	}
}

func TestAnObjectWithoutANameStops(t *testing.T) {
	f := newFault(t, oradb.Options{})
	f.exec("CREATE TABLE GONE (ID NUMBER(9) PRIMARY KEY, V VARCHAR2(10));")
	from := f.db.SCN()
	f.exec("INSERT INTO GONE VALUES (1, 'a'); COMMIT; DROP TABLE GONE PURGE;")
	src, err := f.open(from, oracle.Raw)
	if err == nil {
		_, err = f.read(src, 1)
	}
	f.says(err, "object", "IGNOREOBJECT")
}

func TestUndoThatIsGoneStopsALoad(t *testing.T) {
	f := newFault(t, oradb.Options{Undo: 20})
	f.exec("INSERT INTO T VALUES (1, 'a'); COMMIT;")
	s, err := oracle.OpenSnapshot(context.Background(), oracle.SnapshotConfig{Client: f.client(),
		Want: func(owner, _ string) bool { return owner == "APPUSER" }}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 60 {
		f.exec(fmt.Sprintf("UPDATE T SET V = '%d' WHERE ID = 1; COMMIT;", i))
	}
	part := oracle.Part{Table: s.Tables()[0], From: math.MinInt64, To: math.MaxInt64}
	err = s.Read(context.Background(), 0, part, func([]byte) error { return nil })
	f.says(err, "ORA-01555", "UNDO_RETENTION", "APPUSER.T")
}

// refusing is a database that lets nobody in.
type refusing struct{ err *tns.Error }

func (r refusing) Login(tns.Login) (tns.Session, error) { return nil, r.err }

func TestLoginsSayWhatIsWrong(t *testing.T) {
	f := newFault(t, oradb.Options{})
	expired, err := tns.Start(tns.Config{Backend: refusing{&tns.Error{Code: 28001,
		Text: "the password has expired"}}, Users: map[string]string{"GG": "secret"}, Services: []string{"ORCL"}})
	if err != nil {
		t.Fatal(err)
	}
	defer expired.Close()
	down, err := tns.Start(tns.Config{Backend: refusing{}, Users: map[string]string{}, Services: []string{"ORCL"}})
	if err != nil {
		t.Fatal(err)
	}
	nobody := down.Addr()
	down.Close()
	for name, c := range map[string]struct {
		connect, password string
		number            ggserr.Number
		words             []string
	}{
		"wrong password":   {f.db.DSN(), "wrong-secret", ggserr.LoginFailed, []string{"ORA-01017"}},
		"password expired": {"//" + expired.Addr() + "/ORCL", "secret", ggserr.LoginFailed, []string{"ORA-28001"}},
		"service unknown":  {"//" + f.db.Addr() + "/OTHER", "secret", ggserr.ConnectFailed, []string{"ORA-12514"}},
		"listener down":    {"//" + nobody + "/ORCL", "secret", ggserr.ConnectFailed, []string{"ORA-12541"}},
		"alias unknown":    {"nosuchalias", "secret", ggserr.ConnectFailed, []string{"nosuchalias"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dblogin.Open(context.Background(), dblogin.Login{Kind: dblogin.Oracle, Database: c.connect,
				User: "GG", Password: c.password})
			if ggserr.NumberOf(err) != c.number || strings.Contains(fmt.Sprint(err), c.password) {
				t.Errorf("%v: %v", ggserr.NumberOf(err), err)
			}
			g := *f
			g.T = t
			g.says(err, c.words...)
		})
	}
}
