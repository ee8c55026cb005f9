package dblogin

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/go-sql-driver/mysql"
)

func TestFaultsAreSortedByWhatCanBeDone(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&mysql.MySQLError{Number: 1146, Message: "no table"}, "0 1146 no table true"},
		{&mysql.MySQLError{Number: 1213, Message: "deadlock"}, "1 1213 deadlock true"},
		{&mysql.MySQLError{Number: 1927, Message: "killed"}, "2 1927 killed true"},
		{fmt.Errorf("read: %w", mysql.ErrInvalidConn), "2 0 connection to the server lost true"},
		{errors.New("something"), "0 0  false"},
	} {
		trouble, code, text, ok := (&Session{Kind: MariaDB}).Fault(c.err)
		if got := fmt.Sprint(int(trouble), " ", code, " ", text, " ", ok); got != c.want {
			t.Errorf("%v: %s", c.err, got)
		}
	}
}

func TestABusySQLiteFileIsNoRefusal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	var dbs [2]*sql.DB
	for i := range dbs {
		db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		dbs[i] = db
	}
	s := &Session{Kind: SQLite}
	_, err := dbs[0].Exec("no SQL")
	if trouble, code, _, ok := s.Fault(err); trouble != Refused || code != 1 || !ok {
		t.Error(trouble, code, ok)
	}
	tx, err := dbs[0].Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	_, err = dbs[1].Exec("CREATE TABLE t (a)")
	if trouble, _, _, ok := s.Fault(err); trouble != Busy || !ok {
		t.Error(trouble, ok, err)
	}
}
