package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/oracleclient"
)

// sessionInit makes texts of numbers, dates and comparisons mean the same whatever
// the database's own settings are.
const sessionInit = "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,' NLS_COMP = BINARY " +
	"NLS_SORT = BINARY NLS_CALENDAR = GREGORIAN TIME_ZONE = '+00:00'"

// maxPacket bounds the values that one execution with arrays carries.
const maxPacket = 16 << 20

// defaultPort is a listener's.
const defaultPort = 1521

// connect opens the database. Options: emptystring (null, blank, refuse),
// emptylobstring (a text), deferrefconst, suppresstriggers.
func (t *target) connect(ctx context.Context, cfg handler.Config) (*dml.Session, error) {
	if err := t.options(cfg.Options); err != nil {
		return nil, err
	}
	db, err := oracleclient.Open(ctx, oracleclient.Config{Connect: address(cfg.Login),
		User: cfg.Login.User, Password: cfg.Login.Password, Program: "replicat " + cfg.Group,
		Init: []string{sessionInit}})
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s := &dml.Session{DB: db, Kind: checkpointtable.Oracle, MaxPacket: maxPacket}
	if err := t.look(ctx, db, s); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if cfg.Options["suppresstriggers"] != "" {
		t.suppress(ctx, db)
	}
	return s, nil
}

// address is what the login names: an alias, host:port/service or a whole description.
func address(l handler.Login) string {
	if l.Host == "" {
		return l.Database
	}
	port := l.Port
	if port == 0 {
		port = defaultPort
	}
	return "//" + net.JoinHostPort(l.Host, strconv.Itoa(port)) + "/" + l.Database
}

// emptyRules are the values of DBOPTIONS EMPTYSTRING.
var emptyRules = map[string]emptyRule{"": emptyNull, "NULL": emptyNull, "BLANK": emptyBlank,
	"REFUSE": emptyRefuse}

func (t *target) options(o map[string]string) error {
	rule, ok := emptyRules[strings.ToUpper(o["emptystring"])]
	if !ok {
		return fmt.Errorf("option emptystring %q: use NULL, BLANK or REFUSE", o["emptystring"])
	}
	t.empty, t.emptyLOB = rule, o["emptylobstring"]
	t.deferred, t.suppressing = o["deferrefconst"] != "", ""
	return nil
}

// look asks for the product and the character set of the database.
func (t *target) look(ctx context.Context, db *sql.DB, s *dml.Session) error {
	err := db.QueryRowContext(ctx, "SELECT product || ' ' || version FROM "+
		"product_component_version WHERE product LIKE 'Oracle%Database%'").Scan(&s.Product)
	if errors.Is(err, sql.ErrNoRows) {
		s.Product, err = "Oracle Database", nil // by another name
	}
	if err != nil {
		return err
	}
	err = db.QueryRowContext(ctx, "SELECT value FROM nls_database_parameters "+
		"WHERE parameter = 'NLS_CHARACTERSET'").Scan(&s.Charset)
	t.charset = charset(s.Charset)
	return err
}

// suppress keeps triggers from firing in this session, as GoldenGate's own apply
// does. It needs a package that comes with GoldenGate's privileges.
func (t *target) suppress(ctx context.Context, db *sql.DB) {
	_, err := db.ExecContext(ctx,
		"BEGIN SYS.DBMS_XSTREAM_GG.SET_FOO_TRIGGER_SESSION_CONTXT(FIRE => TRUE); END;")
	if err != nil {
		t.suppressing = oracleclient.Message(err)
	}
}
