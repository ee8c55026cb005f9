package dblogin

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"ggsh/ggserr"
)

// openSQLite opens an existing file: a login never creates a database by a
// mistyped name. A file of no bytes is an empty database.
func openSQLite(ctx context.Context, l Login) (*Session, error) {
	st, err := os.Stat(l.Database)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ggserr.New(ggserr.ConnectFailed, l.Where()).
			Do("The file does not exist; an empty one is an empty database")
	case err != nil:
		return nil, ggserr.New(ggserr.ConnectFailed, l.Where()).Because(err)
	case st.IsDir():
		return nil, ggserr.New(ggserr.ConnectFailed, l.Where()).Do("That is a directory")
	}
	db, err := sql.Open("sqlite", sqliteName(l.Database))
	if err != nil {
		return nil, ggserr.New(ggserr.ConnectFailed, l.Where()).Because(err)
	}
	var version string
	var tables int
	err = db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version)
	if err == nil { // the first read of the file shows whether it is a database
		err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables)
	}
	if err != nil {
		db.Close()
		return nil, ggserr.New(ggserr.ConnectFailed, l.Where()).Because(err)
	}
	user := l.User
	s := &Session{DB: db, Kind: SQLite, Product: "SQLite " + version, Version: version,
		User: user, Login: l}
	s.Login.Password = ""
	return s, nil
}

// sqliteName is the driver's name of the file: a URI, so that ? and # in a
// path mean themselves. Writers wait for each other instead of failing.
func sqliteName(path string) string {
	escaped := (&url.URL{Path: path}).EscapedPath()
	if !strings.HasPrefix(escaped, "/") {
		escaped = strings.TrimPrefix(escaped, "./")
	}
	return "file:" + escaped + "?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)"
}
