package oradb

import "time"

// scnAt is the system change number of a time.
func (db *DB) scnAt(at time.Time) (uint64, error) {
	scn := uint64(0)
	for _, m := range db.history {
		if m.at.After(at) {
			break
		}
		scn = m.scn
	}
	if n := len(db.history); n == 0 || !at.Before(db.history[n-1].at.Add(momentEvery)) {
		scn = db.scn
	}
	if scn == 0 {
		return 0, oraError(8180)
	}
	return scn, nil
}

func timestampToSCN(db *DB, a []any) (any, error) {
	at, _, ok := parseStamp(asText(a[0]))
	if !ok {
		return nil, oraError(8186)
	}
	scn, err := db.scnAt(at)
	return int64(scn), err
}

func scnToTimestamp(db *DB, a []any) (any, error) {
	scn := uint64(asInt(a[0]))
	if scn > db.scn || len(db.history) == 0 || scn < db.history[0].scn {
		return nil, oraError(8181)
	}
	at := db.history[0].at
	for _, m := range db.history {
		if m.scn > scn {
			break
		}
		at = m.at
	}
	return stampText(at, false), nil
}

// snapshot checks that a table can be read at a system change number.
func snapshot(db *DB, a []any) (any, error) {
	scn := uint64(asInt(a[0]))
	if scn > db.scn {
		return nil, oraError(8181)
	}
	if undo := db.options.Undo; undo > 0 && scn+undo < db.scn {
		return nil, oraError(1555)
	}
	for _, t := range db.tables {
		if int64(t.id) == asInt(a[1]) && t.ddlSCN > scn {
			return nil, oraError(1466)
		}
	}
	return int64(scn), nil
}
