// Package oradb is an Oracle database in small, in memory, for tests: users, tables,
// transactions, system change numbers, redo and LogMiner behind the protocol of package
// tns, so that real drivers and the real programs can be run against it.
//
// It is no Oracle, and what passes here is not proved against one: SQLite evaluates the
// expressions, PL/SQL blocks are recognised, not run, and what is not known is refused.
// Its law: what it does, it does as Oracle's books and recorded runs say; a reader sees
// committed rows as of one system change number, and every change is in the redo.
package oradb

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"time"

	"ggsh/tests/tns"
)

// Options are what a database is; the zero value is one that needs nothing.
type Options struct {
	// Name is the database's, Service what clients ask for; both ORCL by default.
	Name, Service string
	// Users are passwords by upper-case name. SYSTEM is always there.
	Users map[string]string
	// Limited are users who have only what GRANT gave them; others may do anything.
	Limited []string
	// Threads is how many instances write redo; 1 by default.
	Threads int
	// LogSize is after how many redo records a log is switched; 0 is never.
	LogSize int
	// StartSCN is the first system change number; 2000000 by default.
	StartSCN uint64
	// Undo is how many system change numbers AS OF SCN reaches back; 0 is without end.
	Undo uint64
	// LockWait is how long a row lock is waited for before ORA-00060; 10 s by default.
	LockWait time.Duration
	// Minimal supplemental logging is on, as after ALTER DATABASE ADD SUPPLEMENTAL LOG
	// DATA, unless NoSupplemental.
	NoSupplemental bool
	// NoArchiveLog is the mode in which logs are not kept.
	NoArchiveLog bool
	// Now is the clock; time.Now by default.
	Now func() time.Time
}

// DB is a database. Its methods may be called by several goroutines.
type DB struct {
	options Options

	// mu guards all below, and with it the one connection of SQLite.
	mu       sync.Mutex
	lite     *sql.DB
	prepared map[string]*sql.Stmt
	plans    map[string]*plan
	current  *session
	released chan struct{} // closed when locks were given up
	waiting  int           // sessions that wait for it

	scn      uint64
	tables   map[objectName]*table
	users    map[string]*user
	types    []*dataType
	views    map[string]*view
	nextID   int
	nextVID  int64
	nextTx   int64
	blocks   int
	ddl      int // counts statements that change the dictionary
	sessions map[*session]bool
	scripts  map[string]*session
	serial   int

	opened    string // when, in the stored form
	threads   []*thread
	history   []moment
	database  logData // supplemental logging of the database
	forced    bool
	sequences map[objectName]*sequence
}

// objectName is an owner and a name.
type objectName struct{ owner, name string }

func (n objectName) String() string { return n.owner + "." + n.name }

// user is an account.
type user struct {
	name    string
	id      int
	created time.Time
	limited bool
	grants  map[string]bool // system privileges and roles
	objects map[objectName]map[string]bool
}

// moment pairs a time with the system change number that it had.
type moment struct {
	at  time.Time
	scn uint64
}

// Open makes an empty database.
func Open(o Options) (*DB, error) {
	o.fill()
	db := &DB{options: o, prepared: map[string]*sql.Stmt{}, plans: map[string]*plan{},
		released: make(chan struct{}), scn: o.StartSCN, tables: map[objectName]*table{},
		users: map[string]*user{}, nextID: 73000, blocks: 128, sessions: map[*session]bool{},
		scripts: map[string]*session{}, sequences: map[objectName]*sequence{}, nextTx: 1}
	db.opened = stampText(db.now().Truncate(time.Second), false)
	db.database.minimal = !o.NoSupplemental
	lite, err := openLite(db)
	if err != nil {
		return nil, err
	}
	db.lite = lite
	for name := range o.Users {
		db.addUser(name)
	}
	for _, name := range o.Limited {
		db.addUser(name).limited = true
	}
	db.addUser("SYS")
	db.addUser("SYSTEM")
	db.openThreads()
	if err := db.createViews(); err != nil {
		lite.Close()
		return nil, err
	}
	return db, nil
}

func (o *Options) fill() {
	if o.Name == "" {
		o.Name = "ORCL"
	}
	if o.Service == "" {
		o.Service = o.Name
	}
	if o.Threads == 0 {
		o.Threads = 1
	}
	if o.StartSCN == 0 {
		o.StartSCN = 2000000
	}
	if o.LockWait == 0 {
		o.LockWait = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Server is a database with its listener.
type Server struct {
	*DB
	tns *tns.Server
}

// Start opens a database and serves it on a free port of the loopback interface.
func Start(o Options, faults *tns.Faults) (*Server, error) {
	o.fill()
	users := map[string]string{"SYSTEM": "manager"}
	for name, password := range o.Users {
		users[strings.ToUpper(name)] = password
	}
	db, err := Open(o)
	if err != nil {
		return nil, err
	}
	server, err := tns.Start(tns.Config{Backend: db, Users: users, Faults: faults,
		Services: []string{o.Service, o.Name}})
	if err != nil {
		db.Close()
		return nil, err
	}
	return &Server{DB: db, tns: server}, nil
}

// Addr is host:port of the listener.
func (s *Server) Addr() string { return s.tns.Addr() }

// DSN is the address as DBLOGIN and a driver take it: //host:port/service.
func (s *Server) DSN() string { return "//" + s.Addr() + "/" + s.options.Service }

// Close ends the listener, its sessions and the database.
func (s *Server) Close() error {
	err := s.tns.Close()
	if closed := s.DB.Close(); err == nil {
		err = closed
	}
	return err
}

// Close forgets everything.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.lite.Close()
}

func (db *DB) addUser(name string) *user {
	name = strings.ToUpper(name)
	if u := db.users[name]; u != nil {
		return u
	}
	u := &user{name: name, id: 100 + len(db.users), created: db.now(), grants: map[string]bool{},
		objects: map[objectName]map[string]bool{}}
	db.users[name] = u
	return u
}

func (db *DB) now() time.Time { return db.options.Now().UTC() }

// Login begins a session; the protocol's server has checked the password.
func (db *DB) Login(l tns.Login) (tns.Session, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	name := strings.ToUpper(l.User)
	u := db.users[name]
	if u == nil {
		return nil, oraError(1017)
	}
	if u.limited && !u.grants["CREATE SESSION"] && !u.grants["CONNECT"] && !u.grants["DBA"] {
		return nil, &tns.Error{Code: 1045,
			Text: "user " + name + " lacks CREATE SESSION privilege; logon denied"}
	}
	return db.newSession(u, l.Program), nil
}

// SCN is the present system change number.
func (db *DB) SCN() uint64 {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.scn
}

// momentEvery is how finely times and system change numbers are paired; a real database
// does so every three seconds.
const momentEvery = 20 * time.Millisecond

// tick moves the clock of changes on.
func (db *DB) tick() uint64 {
	db.scn++
	now := db.now()
	if n := len(db.history); n == 0 || now.Sub(db.history[n-1].at) >= momentEvery {
		db.history = append(db.history, moment{now, db.scn})
	}
	return db.scn
}

// Exec runs a script as a user: statements that end with a semicolon or, for blocks, a
// slash on a line of its own. All scripts of a user run in one session, whose
// transaction stays open until a COMMIT or ROLLBACK in a script.
func (db *DB) Exec(name, script string) error {
	_, err := db.ExecCount(name, script)
	return err
}

// ExecCount does what Exec does and says how many rows the last statement changed.
func (db *DB) ExecCount(name, script string) (int64, error) {
	s, err := db.scriptSession(name)
	if err != nil {
		return 0, err
	}
	list, err := split(script)
	if err != nil {
		return 0, err
	}
	affected := int64(0)
	for _, statement := range list {
		r, err := s.Execute(context.Background(), tns.Call{SQL: statement})
		if err != nil {
			return 0, fmt.Errorf("%w\nin: %s", err, statement)
		}
		affected = r.Affected
		if r.Rows != nil {
			r.Rows.Close()
		}
	}
	return affected, nil
}

// Query runs a query as a user, in the session of its scripts, and gives all rows.
func (db *DB) Query(name, query string) ([][]any, error) {
	s, err := db.scriptSession(name)
	if err != nil {
		return nil, err
	}
	r, err := s.Execute(context.Background(), tns.Call{SQL: query})
	if err != nil {
		return nil, err
	}
	held, ok := r.Rows.(*heldRows)
	if !ok {
		return nil, nil
	}
	return held.rows, nil
}

func (db *DB) scriptSession(name string) (*session, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	name = strings.ToUpper(name)
	if s := db.scripts[name]; s != nil {
		return s, nil
	}
	u := db.users[name]
	if u == nil {
		return nil, oraError(1918, name)
	}
	s := db.newSession(u, "script")
	db.scripts[name] = s
	return s, nil
}

// split cuts a script into statements.
func split(script string) ([]string, error) {
	tokens, err := lex(script)
	if err != nil {
		return nil, err
	}
	var list []string
	for i := 0; i < len(tokens); {
		first := tokens[i]
		block := first.is("BEGIN", "DECLARE")
		j, depth := i, 0
		for ; j < len(tokens); j++ {
			t := tokens[j]
			if block && t.is("BEGIN", "CASE", "LOOP", "IF") && !tokens[j-min(j, 1)].is("END") {
				depth++
			}
			if block && t.is("END") {
				depth--
			}
			if t.is(";") && (!block || depth <= 0 && !tokens[i].is("DECLARE")) {
				break
			}
			if t.is("/") && block && depth <= 0 {
				break
			}
		}
		end := len(script)
		if j < len(tokens) {
			end = tokens[j].at
			if block && tokens[j].is(";") {
				end = tokens[j].end
			}
		}
		if j > i {
			list = append(list, strings.TrimSpace(script[first.at:end]))
		}
		for i = j + 1; i < len(tokens) && tokens[i].is("/"); i++ {
		}
	}
	return list, nil
}
