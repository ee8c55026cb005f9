package main

import (
	"context"
	"errors"

	"ggsh/dblogin"
	"ggsh/extract"
	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/handler/query"
	"ggsh/mapping/sqlexec"
	"ggsh/param"
)

// readSQL says how the database of SQLEXEC is reached, if the file has one.
func (w *wiring) readSQL(cfg *extract.Config) error {
	var err error
	if cfg.Statements, err = sqlexec.Read(w.p.Params(), w.p, w.p.Now()); err != nil {
		return err
	}
	at, any := cfg.Statements.First()
	procedure, calls := ggserr.Location{}, false
	for _, t := range w.tables {
		for i := range t.SQLExec {
			if !any {
				at, any = t.SQLExec[i].Pos, true
			}
			if !t.SQLExec[i].Procedure.IsZero() {
				procedure, calls = t.SQLExec[i].Pos, true
			}
		}
	}
	if !any {
		return nil
	}
	l, err := w.loginOfSQL(at)
	if err != nil {
		return err
	}
	if p := product(l.Kind); calls && p.Calls == query.NoCalls {
		return ggserr.New(ggserr.BadParameter, "SQLEXEC: SPNAME is not possible with "+p.Name+
			": the parameters of its procedures cannot be read back").
			At(procedure.File, procedure.Line, procedure.Column).
			Do("Write a QUERY that selects what is wanted.")
	}
	cfg.OpenSession = func(ctx context.Context) (extract.Session, error) { return openSQL(ctx, l) }
	return nil
}

// loginOfSQL is the login of the database that SQLEXEC asks: the source's, or the one that
// a data pump names.
func (w *wiring) loginOfSQL(at ggserr.Location) (dblogin.Login, error) {
	if _, given, err := param.ReadLogin(w.p.Params()); err != nil {
		return dblogin.Login{}, err
	} else if !given && w.isPump() {
		return dblogin.Login{}, ggserr.New(ggserr.BadParameter, "SQLEXEC asks a database, and a data pump "+
			"without a login has none").At(at.File, at.Line, at.Column).
			Do("Add SOURCEDB and USERIDALIAS, or move SQLEXEC to the Extract or to the Replicat.")
	}
	l, ok, err := w.databaseLogin()
	if err == nil && !ok {
		err = ggserr.New(ggserr.BadParameter, "SQLEXEC asks a database, and this source is none").
			At(at.File, at.Line, at.Column).Do("Move SQLEXEC to the Replicat.")
	}
	return l, err
}

// product is what a session has to know of its database.
func product(kind dblogin.Kind) query.Product {
	switch kind {
	case dblogin.SQLite:
		return query.Product{Name: "SQLite"}
	case dblogin.Oracle:
		return query.Product{Name: "Oracle", Numbered: true}
	}
	return query.Product{Name: "MySQL", Calls: query.ByCALL}
}

// sqlSession is a login and its one connection.
type sqlSession struct {
	*query.Session
	db *dblogin.Session
}

// Close logs out.
func (s sqlSession) Close() error { return errors.Join(s.Session.Close(), s.db.Close()) }

func openSQL(ctx context.Context, l dblogin.Login) (extract.Session, error) {
	db, err := dblogin.Open(ctx, l)
	if err != nil {
		return nil, err
	}
	p := product(db.Kind)
	p.Fault = func(err error) (handler.Class, int, string, bool) {
		trouble, code, text, ok := db.Fault(err)
		return map[dblogin.Trouble]handler.Class{dblogin.Refused: handler.Setup,
			dblogin.Busy: handler.Conflict, dblogin.Gone: handler.Connection}[trouble], code, text, ok
	}
	session, err := query.Open(ctx, db.DB, p)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return sqlSession{session, db}, nil
}
