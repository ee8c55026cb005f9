package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	driver "github.com/go-sql-driver/mysql"

	"ggsh/ggserr"
)

// Flavors, as go-mysql names them.
const (
	flavorMySQL   = "mysql"
	flavorMariaDB = "mariadb"
)

// database is the SQL side of a source: what it is, its variables and catalog.
type database struct {
	cfg      *Config
	db       *sql.DB
	flavor   string
	version  string
	identity string // server_uuid, or MariaDB's server_id
	vars     map[string]string
	charsets map[uint64]string // of collation ids
}

// connectServer opens the SQL connection and learns what the server is.
func connectServer(ctx context.Context, cfg *Config) (*database, error) {
	dc := driver.NewConfig()
	dc.User, dc.Passwd = cfg.User, cfg.Password
	dc.Net, dc.Addr = cfg.network()
	dc.TLS = cfg.TLS
	dc.Timeout, dc.ReadTimeout, dc.WriteTimeout = connectTimeout, queryTimeout, connectTimeout
	dc.Collation = "utf8mb4_general_ci"
	dc.InterpolateParams = true
	dc.Logger = &driver.NopLogger{}
	connector, err := driver.NewConnector(dc)
	if err != nil {
		return nil, ggserr.New(ggserr.ConnectFailed, cfg.address()).Because(err)
	}
	s := &database{cfg: cfg, db: sql.OpenDB(connector)}
	s.db.SetMaxOpenConns(2)
	s.db.SetMaxIdleConns(1)
	s.db.SetConnMaxIdleTime(queryTimeout)
	if err := s.learn(ctx); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

func (s *database) close() error { return s.db.Close() }

// learn reads version, identity, variables and collations.
func (s *database) learn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	if err := s.db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&s.version); err != nil {
		return s.failed(err, "SELECT VERSION()")
	}
	s.flavor = flavorMySQL
	if strings.Contains(strings.ToLower(s.version), "mariadb") {
		s.flavor = flavorMariaDB
	}
	if err := s.readVariables(ctx); err != nil {
		return err
	}
	s.identity = s.vars["server_id"]
	if s.flavor == flavorMySQL {
		s.identity = s.vars["server_uuid"]
	}
	return s.readCollations(ctx)
}

func (s *database) readVariables(ctx context.Context) error {
	const q = "SHOW GLOBAL VARIABLES"
	rows, err := s.db.QueryContext(ctx, q)
	if err != nil {
		return s.failed(err, q)
	}
	defer closeRows(rows)
	s.vars = map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return s.failed(err, q)
		}
		s.vars[strings.ToLower(name)] = value
	}
	if err := rows.Err(); err != nil {
		return s.failed(err, q)
	}
	return nil
}

// closeRows ends a result set; its error says nothing that rows.Err does not.
func closeRows(rows *sql.Rows) { _ = rows.Close() }

// readCollations learns the character set of each collation id. MariaDB 10.10 and
// later tell some of them in another table only.
func (s *database) readCollations(ctx context.Context) error {
	s.charsets = map[uint64]string{}
	queries := []string{"SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATIONS " +
		"WHERE ID IS NOT NULL AND CHARACTER_SET_NAME IS NOT NULL"}
	if s.flavor == flavorMariaDB && s.atLeast(10, 10) {
		queries = append(queries, "SELECT ID, CHARACTER_SET_NAME FROM "+
			"information_schema.COLLATION_CHARACTER_SET_APPLICABILITY WHERE ID IS NOT NULL")
	}
	for _, q := range queries {
		rows, err := s.db.QueryContext(ctx, q)
		if err != nil {
			return s.failed(err, q)
		}
		for rows.Next() {
			var id uint64
			var charset string
			if err := rows.Scan(&id, &charset); err != nil {
				closeRows(rows)
				return s.failed(err, q)
			}
			s.charsets[id] = charset
		}
		closeRows(rows)
		if err := rows.Err(); err != nil {
			return s.failed(err, q)
		}
	}
	return nil
}

// atLeast compares the server's version number.
func (s *database) atLeast(major, minor int) bool {
	text := strings.TrimPrefix(s.version, "5.5.5-")
	a, rest, _ := strings.Cut(text, ".")
	b, _, _ := strings.Cut(rest, ".")
	x, err1 := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	if err1 != nil || err2 != nil {
		return false
	}
	return x > major || x == major && y >= minor
}

// on reports whether a variable is set.
func (s *database) on(name string) bool {
	v := strings.ToUpper(s.vars[name])
	return v == "ON" || v == "1" || v == "YES"
}

// folds reports whether upper and lower case of tables' names are the same to the server.
func (s *database) folds() bool {
	v := s.vars["lower_case_table_names"]
	return v != "" && v != "0"
}

// fullMetadata reports whether table maps carry names.
func (s *database) fullMetadata() bool {
	return strings.EqualFold(s.vars["binlog_row_metadata"], "FULL")
}

// hasGTIDs reports whether transactions have global ids.
func (s *database) hasGTIDs() bool {
	return s.flavor == flavorMariaDB || strings.EqualFold(s.vars["gtid_mode"], "ON")
}

// head is the present end of the binary log.
type head struct {
	place
	GTID string
}

// head asks for the end of the log, and which transactions lie before it.
func (s *database) head(ctx context.Context) (head, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	q := "SHOW MASTER STATUS"
	if s.flavor == flavorMySQL && s.atLeast(8, 2) {
		q = "SHOW BINARY LOG STATUS"
	}
	row, err := s.queryRow(ctx, q)
	if err != nil {
		return head{}, err
	}
	if row == nil {
		return head{}, ggserr.New(ggserr.LogProblem, "the server "+s.cfg.address()+
			" writes no binary log").Do("Set log_bin and a server_id in its option file and restart it.")
	}
	pos, err := strconv.ParseUint(row["position"], 10, 64)
	if err != nil {
		return head{}, ggserr.New(ggserr.SQLFailed, q).Because(err)
	}
	h := head{place: place{File: row["file"], Pos: pos}}
	h.GTID = strings.ReplaceAll(row["executed_gtid_set"], "\n", "")
	if s.flavor == flavorMariaDB {
		h.GTID, err = s.gtidAt(ctx, h.place)
	}
	return h, err
}

// gtidAt asks MariaDB for the GTID position of a place.
func (s *database) gtidAt(ctx context.Context, p place) (string, error) {
	var text sql.NullString
	const q = "SELECT BINLOG_GTID_POS(?, ?)"
	if err := s.db.QueryRowContext(ctx, q, p.File, p.Pos).Scan(&text); err != nil {
		return "", s.failed(err, q)
	}
	return text.String, nil
}

// mustHold makes sure that the server has committed all of a GTID set. MariaDB says
// nothing of a domain that it does not know and sends everything of the others.
func (s *database) mustHold(ctx context.Context, set *gtidSet) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	q := "SELECT @@GLOBAL.gtid_executed"
	if s.flavor == flavorMariaDB {
		q = "SELECT CONCAT_WS(',', @@GLOBAL.gtid_binlog_pos, @@GLOBAL.gtid_slave_pos)"
	}
	var text sql.NullString
	if err := s.db.QueryRowContext(ctx, q).Scan(&text); err != nil {
		return s.failed(err, q)
	}
	here := newGTIDSet()
	for part := range strings.SplitSeq(strings.ReplaceAll(text.String, "\n", ""), ",") {
		one, err := parseGTIDSet(part)
		if err != nil {
			return ggserr.New(ggserr.SQLFailed, q).Because(err)
		}
		here.union(one)
	}
	if missing := here.missing(set); missing != "" {
		return ggserr.New(ggserr.LogProblem, fmt.Sprintf("server %s does not have %s, which was "+
			"captured from the former server: it is behind, or has other data", s.cfg.address(), missing)).
			Do("Connect to a server that has it.")
	}
	return nil
}

// queryRow gives the first row with lower case names, nil when there is none.
func (s *database) queryRow(ctx context.Context, q string) (map[string]string, error) {
	rows, err := s.db.QueryContext(ctx, q)
	if err != nil {
		return nil, s.failed(err, q)
	}
	defer closeRows(rows)
	names, err := rows.Columns()
	if err != nil {
		return nil, s.failed(err, q)
	}
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return nil, s.failed(err, q)
		}
		return nil, nil
	}
	values := make([]sql.NullString, len(names))
	targets := make([]any, len(names))
	for i := range values {
		targets[i] = &values[i]
	}
	if err := rows.Scan(targets...); err != nil {
		return nil, s.failed(err, q)
	}
	row := make(map[string]string, len(names))
	for i, n := range names {
		row[strings.ToLower(n)] = values[i].String
	}
	return row, nil
}

// logFile is one file of the server's binary log.
type logFile struct {
	Name string
	Size uint64
}

// logs lists the binary log's files, oldest first.
func (s *database) logs(ctx context.Context) ([]logFile, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	const q = "SHOW BINARY LOGS"
	rows, err := s.db.QueryContext(ctx, q)
	if err != nil {
		return nil, s.failed(err, q)
	}
	defer closeRows(rows)
	names, err := rows.Columns()
	if err != nil {
		return nil, s.failed(err, q)
	}
	var list []logFile
	for rows.Next() {
		var f logFile
		targets := []any{&f.Name, &f.Size}
		for range len(names) - len(targets) {
			targets = append(targets, new(sql.RawBytes))
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, s.failed(err, q)
		}
		list = append(list, f)
	}
	if err := rows.Err(); err != nil {
		return nil, s.failed(err, q)
	}
	return list, nil
}

// Error numbers of the servers.
const (
	errAccessDenied    = 1045
	errDBAccess        = 1044
	errMasterFatal     = 1236
	errSpecificAccess  = 1227
	errNoPrivilege     = 1142
	errUnknownSlave    = 4052
	errShutdown        = 1053
	errTooManyConns    = 1040
	errNoBinlog        = 1381
	errHostBlocked     = 1129
	errHostNotAllowed  = 1130
	errAuthPlugin      = 1251
	errPasswordExpired = 1862
	errAccountLocked   = 3118
	errLockWait        = 1205
	errDefChanged      = 1412
)

// failed turns an error of the SQL side into a message that says what to do.
func (s *database) failed(err error, q string) error {
	var me *driver.MySQLError
	if !errors.As(err, &me) {
		return &retryable{ggserr.New(ggserr.ConnectFailed, s.cfg.address()).Because(err)}
	}
	switch me.Number {
	case errAccessDenied, errDBAccess, errHostNotAllowed, errAuthPlugin, errPasswordExpired,
		errAccountLocked:
		return ggserr.New(ggserr.LoginFailed, s.cfg.address(), s.cfg.User).Because(err)
	case errSpecificAccess, errNoPrivilege:
		return ggserr.New(ggserr.SQLFailed, q).Because(err).Do("%s", s.grantAdvice())
	case errShutdown, errTooManyConns, errHostBlocked:
		return &retryable{ggserr.New(ggserr.ConnectFailed, s.cfg.address()).Because(err)}
	case errNoBinlog:
		return ggserr.New(ggserr.LogProblem, "the server "+s.cfg.address()+" writes no binary log").
			Do("Set log_bin and a server_id in its option file and restart it.")
	}
	return ggserr.New(ggserr.SQLFailed, q).Because(err)
}

// grantAdvice is the statement that gives the user what a capture needs.
func (s *database) grantAdvice() string {
	rights := "REPLICATION SLAVE, REPLICATION CLIENT, SELECT"
	if s.flavor == flavorMariaDB && s.atLeast(10, 5) {
		rights = "REPLICATION SLAVE, BINLOG MONITOR, SELECT"
	}
	return fmt.Sprintf("Grant what is missing: GRANT %s ON *.* TO '%s'@'%%'", rights, s.cfg.User)
}

// retryable marks an error that time may mend: the connection is tried again.
type retryable struct{ err error }

// Retryable reports whether time may mend an error: the server is away.
func Retryable(err error) bool {
	var again *retryable
	return errors.As(err, &again)
}

func (r *retryable) Error() string { return r.err.Error() }
func (r *retryable) Unwrap() error { return r.err }
