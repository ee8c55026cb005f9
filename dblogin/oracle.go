package dblogin

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"ggsh/ggserr"
	"ggsh/oracleclient"
)

// OracleConfig gives the client's configuration of a login, for programs that need
// options of their own.
func OracleConfig(l Login) oracleclient.Config {
	return oracleclient.Config{Connect: l.Database, User: l.User, Password: l.Password}
}

// noSuchAlias is the number of a connect name that nobody knows.
const noSuchAlias = 12154

func openOracle(ctx context.Context, l Login) (*Session, error) {
	cfg := OracleConfig(l)
	cfg.ConnectTimeout, cfg.Quiet = connectTimeout, oracleQuiet
	db, err := oracleclient.Open(ctx, cfg)
	if err != nil {
		return nil, oracleError(l, err)
	}
	s := &Session{DB: db, Kind: Oracle, User: l.User, Login: l}
	s.password, s.Login.Password = s.Login.Password, ""
	if err := s.describeOracle(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}

// describeOracle asks for what every user may see.
func (s *Session) describeOracle(ctx context.Context) error {
	err := s.DB.QueryRowContext(ctx, "SELECT VERSION, PRODUCT || ' ' || VERSION "+
		"FROM PRODUCT_COMPONENT_VERSION WHERE PRODUCT LIKE 'Oracle Database%'").
		Scan(&s.Version, &s.Product)
	if err == nil {
		err = s.DB.QueryRowContext(ctx, "SELECT VALUE FROM NLS_DATABASE_PARAMETERS "+
			"WHERE PARAMETER = 'NLS_CHARACTERSET'").Scan(&s.Charset)
	}
	if err != nil {
		return oracleError(s.Login, err)
	}
	s.SessionCharset = "AL32UTF8" // the client's, whatever the database's
	return nil
}

// oracleError turns what a login met into one numbered message. What is already one
// stays as it is.
func oracleError(l Login, err error) error {
	var told *ggserr.Error
	if errors.As(err, &told) {
		return err
	}
	class := oracleclient.ClassOf(err)
	where := nameOr(l.Database, "of ORACLE_SID")
	e := ggserr.New(ggserr.ConnectFailed, where)
	if class == oracleclient.Login {
		e = ggserr.New(ggserr.LoginFailed, where, l.User)
	}
	e = e.Because(oracleText{err})
	if oracleclient.Code(err) == noSuchAlias {
		return e.Do("USERID without SOURCEDB means an Oracle database. For MySQL and MariaDB write SOURCEDB " +
			"db@host:port, USERID user")
	}
	if do := class.Do(); do != "" {
		return e.Do("%s", strings.TrimSuffix(do, "."))
	}
	return e
}

// oracleText is a driver's error without what the driver adds to it.
type oracleText struct{ err error }

func (e oracleText) Error() string { return oracleclient.Message(e.err) }
func (e oracleText) Unwrap() error { return e.err }

// oracleTables lists the tables that users of the database made.
const oracleTables = `SELECT T.OWNER, T.TABLE_NAME FROM ALL_TABLES T
	WHERE T.TEMPORARY = 'N' AND T.NESTED = 'NO' AND T.TABLE_NAME NOT LIKE 'BIN$%'
	AND T.OWNER NOT IN ('SYS', 'SYSTEM', 'XDB', 'MDSYS', 'CTXSYS', 'WMSYS', 'OUTLN', 'DBSNMP')
	ORDER BY 1, 2`

// oracleKey gives the columns of the primary key, else of the first unique index
// whose columns are all NOT NULL.
func (s *Session) oracleKey(ctx context.Context, schema, name string) ([]string, error) {
	key, err := s.columns(ctx, `SELECT C.COLUMN_NAME FROM ALL_CONSTRAINTS K
		JOIN ALL_CONS_COLUMNS C ON C.OWNER = K.OWNER AND C.CONSTRAINT_NAME = K.CONSTRAINT_NAME
		WHERE K.OWNER = :1 AND K.TABLE_NAME = :2 AND K.CONSTRAINT_TYPE = 'P'
		ORDER BY C.POSITION`, schema, name)
	if err != nil || len(key) > 0 {
		return key, err
	}
	rows, err := s.DB.QueryContext(ctx, `SELECT I.INDEX_NAME, C.COLUMN_NAME, T.NULLABLE
		FROM ALL_INDEXES I
		JOIN ALL_IND_COLUMNS C ON C.INDEX_OWNER = I.OWNER AND C.INDEX_NAME = I.INDEX_NAME
		LEFT JOIN ALL_TAB_COLUMNS T ON T.OWNER = I.TABLE_OWNER AND T.TABLE_NAME = I.TABLE_NAME
			AND T.COLUMN_NAME = C.COLUMN_NAME
		WHERE I.TABLE_OWNER = :1 AND I.TABLE_NAME = :2 AND I.UNIQUENESS = 'UNIQUE'
		ORDER BY I.INDEX_NAME, C.COLUMN_POSITION`, schema, name)
	if err != nil {
		return nil, ggserr.New(ggserr.SQLFailed, oracleclient.Message(err))
	}
	defer rows.Close()
	return firstUnique(rows)
}

// firstUnique finds the first index of a list whose columns are all NOT NULL. A
// column that is an expression has no nullability, and does not count.
func firstUnique(rows *sql.Rows) (key []string, err error) {
	current, usable := "", false
	for rows.Next() {
		var index, column string
		var nullable sql.NullString
		if err := rows.Scan(&index, &column, &nullable); err != nil {
			return nil, ggserr.New(ggserr.SQLFailed, oracleclient.Message(err))
		}
		if index != current {
			if usable {
				return key, nil
			}
			current, usable, key = index, true, nil
		}
		usable = usable && nullable.String == "N"
		key = append(key, column)
	}
	if err := rows.Err(); err != nil {
		return nil, ggserr.New(ggserr.SQLFailed, oracleclient.Message(err))
	}
	if !usable {
		key = nil
	}
	return key, nil
}
