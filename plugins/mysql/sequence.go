package main

import (
	"context"
	"database/sql"
	"fmt"

	"ggsh/handler/dml"
	"ggsh/record"
)

// sequence is the row that MariaDB keeps of a sequence.
type sequence struct{ next, low, high, start, step, cache, cycles, round int64 }

// setSequence has a sequence give next what the source's gives when it has used up what it
// keeps in memory. SETVAL never leads back, and takes effect at once: the target
// transaction, should it be undone, leaves values out and gives none twice.
func setSequence(ctx context.Context, conn *sql.Conn, t *record.TableDef, row []record.Value) error {
	s, err := sequenceOf(t, row)
	if err != nil {
		return err
	}
	name := quote(t.Schema) + "." + quote(t.Name)
	value, used := s.next, 0
	switch { // all of its values are used up
	case s.step >= 0 && s.next > s.high:
		value, used = s.high, 1
	case s.step < 0 && s.next < s.low:
		value, used = s.low, 1
	}
	var set sql.NullInt64
	err = conn.QueryRowContext(ctx, fmt.Sprintf("SELECT SETVAL(%s, %d, %d, %d)", name, value, used, s.round)).
		Scan(&set)
	if err != nil || set.Valid {
		return err
	}
	var now sequence
	err = conn.QueryRowContext(ctx, "SELECT * FROM "+name).Scan(&now.next, &now.low, &now.high, &now.start, &now.step,
		&now.cache, &now.cycles, &now.round)
	if err != nil {
		return err
	}
	if now.round > s.round || now.round == s.round && (now.step >= 0 && now.next >= s.next ||
		now.step < 0 && now.next <= s.next) {
		return nil // it is there, or further
	}
	return &dml.Refusal{Code: outOfRange, Text: fmt.Sprintf("sequence %s, of %d to %d, cannot be set to %d, round %d: "+
		"alter it as that of the source is", t.FullName(), now.low, now.high, value, s.round)}
}

func sequenceOf(t *record.TableDef, row []record.Value) (sequence, error) {
	var s sequence
	for i, into := range []*int64{&s.next, &s.low, &s.high, &s.start, &s.step, &s.cache, &s.cycles, &s.round} {
		v := &row[i]
		if v.Kind != record.Int && v.Kind != record.Uint && v.Kind != record.Bool {
			return s, &dml.Refusal{Code: wrongValue, Text: fmt.Sprintf("column %s of sequence %s has no whole number",
				t.Columns[i].Name, t.FullName())}
		}
		*into = int64(v.N)
	}
	return s, nil
}
