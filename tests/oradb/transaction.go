package oradb

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"ggsh/capture/oracle"
	"ggsh/capture/oracle/oracletest"
)

// transaction is what a session has changed and not committed.
type transaction struct {
	number         int64 // among all, for SQLite
	xid            oracle.XID
	usn, slot, sqn int
	start          uint64
	began          time.Time
	changes        []undo
	deferred       []check
}

// savepoint is a place to come back to.
type savepoint struct {
	name    string
	changes int
}

// undo is one change of a row, as it is undone and committed.
type undo struct {
	t             *table
	code          oracle.Code
	rid           string
	old, new      int64 // versions; 0 is none
	before, after []any
	set           []bool // the columns that an update set
	change        *oracletest.Change
}

// check is a constraint to look at when the transaction commits.
type check struct {
	t   *table
	key *constraint
	vid int64
}

// errLocked says that another transaction holds a row.
var errLocked = errors.New("row locked")

// begin gives the session's transaction, a new one if there is none.
func (s *session) begin() *transaction {
	if s.tx != nil {
		return s.tx
	}
	n := s.db.nextTx
	s.db.nextTx++
	tx := &transaction{number: n, usn: int(n%10) + 1, slot: int(n/10%32) + 1, sqn: 500 + int(n/320),
		began: s.db.now()}
	binary.LittleEndian.PutUint16(tx.xid[0:], uint16(tx.usn))
	binary.LittleEndian.PutUint16(tx.xid[2:], uint16(tx.slot))
	binary.LittleEndian.PutUint32(tx.xid[4:], uint32(tx.sqn))
	tx.start = s.db.tick()
	s.tx = tx
	s.redoStart()
	return tx
}

// release wakes those who wait for rows.
func (s *session) release() {
	close(s.db.released)
	s.db.released = make(chan struct{})
	s.ended()
}

// ended forgets what was of the transaction.
func (s *session) ended() {
	s.tx, s.savepoints, s.deferred, s.readOnly = nil, nil, false, 0
}

// wait gives the database to others until locks were released.
func (s *session) wait(deadline time.Time) error {
	released := s.db.released
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	ctx := s.ctx
	s.db.waiting++
	s.db.mu.Unlock()
	var err error
	select {
	case <-released:
	case <-timer.C:
		err = oraError(60)
	case <-ctx.Done():
		err = oraError(1013)
	}
	s.db.mu.Lock()
	s.db.waiting--
	s.db.current = s
	return err
}

func (s *session) savepoint(name string) {
	s.savepoints = slices.DeleteFunc(s.savepoints, func(sp savepoint) bool { return sp.name == name })
	n := 0
	if s.tx != nil {
		n = len(s.tx.changes)
	}
	s.savepoints = append(s.savepoints, savepoint{name, n})
}

func (s *session) rollbackTo(name string) error {
	for i, sp := range s.savepoints {
		if sp.name != name {
			continue
		}
		s.savepoints = s.savepoints[:i+1]
		if s.tx == nil {
			return nil
		}
		return s.undoTo(sp.changes)
	}
	return oraError(1086, name)
}

// undoTo undoes changes, the last first, until so many are left.
func (s *session) undoTo(n int) error {
	tx := s.tx
	for len(tx.changes) > n {
		u := &tx.changes[len(tx.changes)-1]
		if u.new != 0 {
			if err := s.db.run("DELETE FROM "+u.t.phys+` WHERE "#vid" = ?`, u.new); err != nil {
				return err
			}
		}
		if u.old != 0 {
			err := s.db.run("UPDATE "+u.t.phys+` SET "#et" = -1 WHERE "#vid" = ?`, u.old)
			if err != nil {
				return err
			}
		}
		if err := s.redoUndo(u); err != nil {
			return err
		}
		tx.changes = tx.changes[:len(tx.changes)-1]
	}
	return nil
}

func (s *session) commit() error {
	tx := s.tx
	if tx == nil {
		s.ended()
		return nil
	}
	if err := s.checkDeferred(); err != nil {
		if undone := s.rollback(); undone != nil {
			return undone
		}
		return err
	}
	scn := int64(s.db.tick())
	for i := range tx.changes {
		u := &tx.changes[i]
		if u.new != 0 {
			err := s.db.run("UPDATE "+u.t.phys+` SET "#b" = ? WHERE "#vid" = ?`, scn, u.new)
			if err != nil {
				return err
			}
		}
		if u.old != 0 {
			err := s.db.run("UPDATE "+u.t.phys+` SET "#e" = ? WHERE "#vid" = ?`, scn, u.old)
			if err != nil {
				return err
			}
		}
	}
	s.redoEnd(oracle.CodeCommit)
	s.release()
	return nil
}

func (s *session) rollback() error {
	if s.tx == nil {
		s.ended()
		return nil
	}
	if err := s.undoTo(0); err != nil {
		return err
	}
	s.db.tick()
	s.redoEnd(oracle.CodeRollback)
	s.release()
	return nil
}
