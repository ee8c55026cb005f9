package oracle

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"time"

	"ggsh/ggserr"
	"ggsh/oracleclient"
)

// sqlMiner is a session of LogMiner on a connection of its own.
type sqlMiner struct {
	d       *sqlDatabase
	conn    *sql.Conn
	byRange bool // in a container below the root the server finds the logs itself
	logs    []LogFile
	started bool
	rows    *sql.Rows
	stop    context.CancelFunc // of rows

	// what a row is scanned into
	code, status, rollback, csf, thread   sql.NullInt64
	ssn, object, container                sql.NullInt64
	info, rsid, rowID, owner, table, user sql.NullString
	xid                                   []byte
	redo                                  sql.RawBytes
	time                                  sql.NullTime
}

// Mine implements Database.
func (d *sqlDatabase) Mine(ctx context.Context) (Miner, error) {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return nil, d.failed(err, "a session for LogMiner")
	}
	m := &sqlMiner{d: d, conn: conn}
	if d.pluggable {
		if err := m.toRoot(ctx); err != nil {
			return nil, errors.Join(err, m.Close())
		}
	}
	return m, nil
}

// toRoot goes to the root container, where LogMiner sees all logs. Who may not go there
// mines the logs of the container by range, which servers from 19 on can.
func (m *sqlMiner) toRoot(ctx context.Context) error {
	_, err := m.conn.ExecContext(ctx, sqlRoot)
	switch oracleclient.ClassOf(err) {
	case oracleclient.Lost, oracleclient.Unreachable, oracleclient.Canceled:
		return m.d.failed(err, sqlRoot)
	}
	m.byRange = err != nil
	return nil
}

// exec runs a block of DBMS_LOGMNR.
func (m *sqlMiner) exec(ctx context.Context, statement string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	_, err := m.conn.ExecContext(ctx, statement, args...)
	return m.d.failed(err, statement)
}

// Start implements Miner.
func (m *sqlMiner) Start(ctx context.Context, w *Window) error {
	if err := m.endRows(); err != nil {
		return err
	}
	if !m.byRange && !slices.Equal(m.logs, w.Logs) {
		if err := m.addLogs(ctx, w.Logs); err != nil {
			return err
		}
	}
	if err := m.exec(ctx, startStatement(w)); err != nil {
		return err
	}
	m.started = true
	container := m.d.container
	if m.byRange {
		container = 0 // the server shows the rows of this one alone
	}
	q := contentsStatement(w, container)
	run, stop := context.WithCancel(ctx)
	rows, err := m.conn.QueryContext(run, q, int64(w.From), int64(w.To))
	if err != nil {
		stop()
		return m.d.failed(err, q)
	}
	m.rows, m.stop = rows, stop
	return nil
}

// addLogs makes the logs of the session those of a window.
func (m *sqlMiner) addLogs(ctx context.Context, logs []LogFile) error {
	m.logs = nil
	if m.started {
		m.started = false
		if err := m.exec(ctx, sqlEndMine); err != nil {
			return err
		}
	}
	for i, f := range logs {
		statement := sqlAddLog
		if i == 0 {
			statement = sqlNewLog
		}
		if err := m.exec(ctx, statement, f.Name); err != nil {
			return err
		}
	}
	m.logs = slices.Clone(logs)
	return nil
}

// Next implements Miner.
func (m *sqlMiner) Next(_ context.Context, row *Row) error {
	if !m.rows.Next() {
		if err := m.rows.Err(); err != nil {
			return m.d.failed(err, "SELECT FROM V$LOGMNR_CONTENTS")
		}
		if err := m.endRows(); err != nil {
			return err
		}
		return io.EOF
	}
	err := m.rows.Scan(&row.SCN, &m.time, &m.code, &m.status, &m.info, &m.xid, &m.rollback, &m.csf, &m.rsid,
		&m.ssn, &m.thread, &m.rowID, &m.object, &m.owner, &m.table, &m.container, &m.user, &m.redo)
	if err != nil {
		return ggserr.New(ggserr.SQLFailed, "a row of V$LOGMNR_CONTENTS").Because(err)
	}
	row.XID = XID{}
	copy(row.XID[:], m.xid)
	row.Time = m.time.Time.UTC().Truncate(time.Second)
	row.Code, row.Status, row.Info = Code(m.code.Int64), int(m.status.Int64), m.info.String
	row.Rollback, row.Continues = m.rollback.Int64 == 1, m.csf.Int64 == 1
	row.RSID, row.SSN, row.Thread = m.rsid.String, m.ssn.Int64, int(m.thread.Int64)
	row.RowID, row.Object = m.rowID.String, uint32(m.object.Int64)
	row.Owner, row.Table, row.User = m.owner.String, m.table.String, m.user.String
	row.Container, row.Redo = uint32(m.container.Int64), m.redo
	return nil
}

// endRows closes the rows of a window.
func (m *sqlMiner) endRows() error {
	if m.rows == nil {
		return nil
	}
	rows := m.rows
	m.rows = nil
	m.stop()
	if err := rows.Close(); err != nil && !errors.Is(err, context.Canceled) {
		return m.d.failed(err, "SELECT FROM V$LOGMNR_CONTENTS")
	}
	return nil
}

// closeTimeout bounds the end of a session that may be gone already.
const closeTimeout = 10 * time.Second

// Close implements Miner.
func (m *sqlMiner) Close() error {
	// What a session says at its end does not matter: it ends by itself, too.
	_ = m.endRows()
	if m.started {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		_, _ = m.conn.ExecContext(ctx, sqlEndMine)
	}
	// The connection is not used again: it may be in another container, and LogMiner's
	// memory goes with it.
	_ = m.conn.Raw(func(any) error { return driver.ErrBadConn })
	if err := m.conn.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
		return m.d.failed(err, "close")
	}
	return nil
}
