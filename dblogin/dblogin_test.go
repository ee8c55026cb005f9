package dblogin_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ggsh/dblogin"
	"ggsh/ggserr"
	"ggsh/tests/services/server"
)

func TestNew(t *testing.T) {
	for _, c := range []struct{ source, user, want string }{
		{"hr@db1:3307", "ogg", "ogg@hr@db1:3307"},
		{"hr@db1", "ogg", "ogg@hr@db1:3306"},
		{"hr", "ogg", "ogg@hr@localhost:3306"},
		{"mysql:hr@[::1]:3307", "ogg", "ogg@hr@::1:3307"},
		{"sqlite:./a b.db", "", "sqlite:./a b.db"},
		{"SQLITE:/x", "", "sqlite:/x"},
		{"", "ogg@hr@db1:3307", "ogg@hr@db1:3307"},
		{"", "ogg@orcl", "ogg@orcl"},
		{"", "", "error"}, {"sqlite:", "", "error"},
		{"hr@db1:x", "ogg", "error"}, {"hr@db1:70000", "ogg", "error"}, {"hr@:1", "ogg", "error"},
	} {
		l, err := dblogin.New(c.source, c.user, "s3cr3t")
		have := l.String()
		if err != nil {
			have = "error"
		}
		if have != c.want {
			t.Errorf("New(%q, %q) = %s (%v), want %s", c.source, c.user, have, err, c.want)
		}
		if s := fmt.Sprintf("%v %+v %#v %s", l, l, l, err); strings.Contains(s, "s3cr3t") {
			t.Errorf("the login shows its password: %s", s)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{{"*", "", true}, {"e*", "EORA", true}, {"*x*", "abc", false}, {"?b?", "ABC", true},
		{"a*c*e", "abcde", true}, {"a*c", "abcd", false}, {"", "a", false}, {"abc", "abc", true},
		{"*bc", "abcbc", true}} {
		if dblogin.Match(c.pattern, c.name) != c.want {
			t.Errorf("Match(%q, %q) is not %v", c.pattern, c.name, c.want)
		}
	}
}

// refused opens and wants a numbered error that names the right thing.
func refused(t *testing.T, l dblogin.Login, number ggserr.Number, words ...string) {
	t.Helper()
	s, err := dblogin.Open(context.Background(), l)
	if err == nil {
		s.Close()
		t.Fatalf("login %s succeeded", l)
	}
	if n := ggserr.NumberOf(err); n != number {
		t.Errorf("login %s: number %s, want %s: %v", l, n, number, err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("login %s: %q is not in: %v", l, w, err)
		}
	}
	if l.Password != "" && strings.Contains(err.Error(), l.Password) {
		t.Errorf("the password is in: %v", err)
	}
}

func TestErrorsOfTheNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	login := dblogin.Login{Kind: dblogin.MySQL, Host: "127.0.0.1", Port: port, Database: "hr",
		User: "ogg", Password: "s3cr3t"}
	refused(t, login, ggserr.ConnectFailed, "nothing listens on 127.0.0.1")
	login.Host = "no-such-host.invalid"
	refused(t, login, ggserr.ConnectFailed, "no-such-host.invalid is not known")
	refused(t, dblogin.Login{Kind: dblogin.Oracle, Database: "orcl", User: "ogg",
		Password: "s3cr3t"}, ggserr.ConnectFailed, "SOURCEDB")
	refused(t, dblogin.Login{}, ggserr.Generic)
}

func TestSQLite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a?b #1.db")
	refused(t, dblogin.Login{Kind: dblogin.SQLite, Database: path}, ggserr.ConnectFailed,
		"does not exist")
	refused(t, dblogin.Login{Kind: dblogin.SQLite, Database: dir}, ggserr.ConnectFailed, "directory")
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, dblogin.Login{Kind: dblogin.SQLite, Database: text}, ggserr.ConnectFailed)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := dblogin.Open(context.Background(), dblogin.Login{Kind: dblogin.SQLite, Database: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exec(t, s.DB, "CREATE TABLE emp (a INTEGER, b TEXT, PRIMARY KEY (b, a))", "CREATE TABLE dept (a)")
	wantTables(t, s, "*", "main.dept", "main.emp")
	wantTables(t, s, "main.E*", "main.emp")
	wantTables(t, s, "other.*")
	wantKey(t, s, "main.emp", "b", "a")
	wantKey(t, s, "main.dept")
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("other files than those named are there: %v, %v", entries, err)
	}
}

func exec(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func wantTables(t *testing.T, s *dblogin.Session, pattern string, want ...string) {
	t.Helper()
	have, err := s.Tables(context.Background(), pattern)
	if err != nil || !slices.Equal(have, want) {
		t.Errorf("tables %s are %v (%v), want %v", pattern, have, err, want)
	}
}

func wantKey(t *testing.T, s *dblogin.Session, table string, want ...string) {
	t.Helper()
	have, err := s.Key(context.Background(), table)
	if err != nil || !slices.Equal(have, want) {
		t.Errorf("key of %s is %v (%v), want %v", table, have, err, want)
	}
}

func TestMariaDB(t *testing.T) { testServer(t, server.MariaDB, dblogin.MariaDB) }
func TestMySQL(t *testing.T)   { testServer(t, server.MySQL, dblogin.MySQL) }

func testServer(t *testing.T, kind server.Kind, want dblogin.Kind) {
	in := server.ForTest(t, kind, server.Options{})
	root, err := sql.Open("mysql", in.RootDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	exec(t, root, "CREATE DATABASE hr", "CREATE DATABASE secret",
		"CREATE TABLE hr.emp (a INT NOT NULL, b INT NOT NULL, c INT, PRIMARY KEY (b, a), UNIQUE (c))",
		"CREATE TABLE hr.uniq (a INT NOT NULL, b INT, UNIQUE n (b), UNIQUE u (a))",
		"CREATE TABLE hr.plain (a INT)",
		"CREATE USER ogg IDENTIFIED BY 's3cr3t'", "GRANT ALL ON hr.* TO ogg",
		"GRANT ALL ON nodb.* TO ogg")
	login := dblogin.Login{Kind: dblogin.MySQL, Host: in.Host, Port: in.Port, Database: "hr",
		User: "ogg", Password: "s3cr3t"}
	s, err := dblogin.Open(context.Background(), login)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Kind != want || s.Charset == "" || s.Login.Password != "" || s.User != "ogg" ||
		!strings.Contains(s.Product, in.Version) {
		t.Errorf("session is %s %q, charset %q", s.Kind, s.Product, s.Charset)
	}
	wantTables(t, s, "hr.*", "hr.emp", "hr.plain", "hr.uniq")
	wantTables(t, s, "e*", "hr.emp")
	wantKey(t, s, "hr.emp", "b", "a")
	wantKey(t, s, "hr.uniq", "a")
	wantKey(t, s, "hr.plain")
	settings, err := s.LogSettings(context.Background())
	if err != nil || settings["binlog_format"] == "" {
		t.Errorf("settings of the log: %v (%v)", settings, err)
	}
	wrong := login
	wrong.Password = "wr0ng"
	refused(t, wrong, ggserr.LoginFailed, "as user ogg")
	wrong = login
	wrong.User = "nobody"
	refused(t, wrong, ggserr.LoginFailed, "as user nobody")
	wrong = login
	wrong.Database = "secret"
	refused(t, wrong, ggserr.LoginFailed, "secret")
	wrong = login
	wrong.Database = "nodb"
	refused(t, wrong, ggserr.ConnectFailed, "nodb")
}
