package heartbeat

import (
	"fmt"
	"strings"
	"time"

	"ggsh/record"
)

// seedColumns are the seed table's, by which its rows are known in a trail whatever the
// table is called; the first six are the heartbeat.
var seedColumns = []string{"LOCAL_DATABASE", "HEARTBEAT_TIMESTAMP", "OUTGOING_EXTRACT",
	"OUTGOING_EXTRACT_TS", "OUTGOING_ROUTING_PATH", "OUTGOING_ROUTING_TS", "FREQUENCY",
	"RETENTION_TIME", "PURGE_FREQUENCY", "TARGETONLY", "LEASE_HOLDER", "LEASE_UNTIL"}

// IsSeed reports whether a definition is a seed table's.
func IsSeed(def *record.TableDef) bool {
	if def == nil || len(def.Columns) != len(seedColumns) {
		return false
	}
	for i, name := range seedColumns {
		if !strings.EqualFold(def.Columns[i].Name, name) {
			return false
		}
	}
	return true
}

// Beat is one heartbeat on its way.
type Beat struct {
	Database  string
	Sent      time.Time
	Extract   string
	Extracted time.Time
	Path      string // of data pumps, joined by arrows; empty without
	Routed    time.Time
}

const arrow = " ==> "

// Decode reads a row of the seed table; ok is false for a change that is no heartbeat.
func Decode(def *record.TableDef, body []byte) (b Beat, ok bool, err error) {
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil || op.After == nil {
		return b, false, err
	}
	count := len(def.Columns)
	after, err := op.After.Values(nil, count)
	if err != nil {
		return b, false, err
	}
	before := make([]record.Value, count)
	if op.Before != nil {
		if before, err = op.Before.Values(before[:0], count); err != nil {
			return b, false, err
		}
	}
	sent := &after[1]
	if sent.Kind == record.Missing || sent.Kind == record.Null || sent.Equal(&before[1]) {
		return b, false, nil
	}
	text := func(i int) string {
		v := after[i]
		if v.Kind == record.Missing {
			v = before[i]
		}
		if v.Kind == record.Missing || v.Kind == record.Null {
			return ""
		}
		return string(v.Text(nil, 6))
	}
	b = Beat{Database: text(0), Sent: parseTime(text(1)), Extract: text(2),
		Extracted: parseTime(text(3)), Path: text(4), Routed: parseTime(text(5))}
	if b.Sent.IsZero() {
		return b, false, fmt.Errorf("heartbeat of %s: %s is no time", b.Database, text(1))
	}
	return b, true, nil
}

// Through stamps a data pump.
func (b *Beat) Through(pump string, at time.Time) {
	if b.Path != "" {
		b.Path += arrow
	}
	b.Path, b.Routed = b.Path+pump, at
}

// AppendSeed writes the heartbeat as an insert of a seed table's row.
func (b *Beat) AppendSeed(dst []byte, def *record.TableDef) []byte {
	dst, start := record.AppendOpHeader(dst, record.Insert, def.ID)
	dst, mark := record.BeginImage(dst)
	dst = appendName(dst, b.Database)
	dst = appendTime(dst, b.Sent, def.Columns[1].Kind)
	dst = appendName(dst, b.Extract)
	dst = appendTime(dst, b.Extracted, def.Columns[3].Kind)
	dst = appendName(dst, b.Path)
	dst = appendTime(dst, b.Routed, def.Columns[5].Kind)
	for range seedColumns[6:] {
		dst = record.AppendNull(dst)
	}
	record.EndImage(dst, start, mark, false)
	return dst
}

func appendName(dst []byte, s string) []byte {
	if s == "" {
		return record.AppendNull(dst)
	}
	return record.AppendText(dst, record.String, s)
}

func appendTime(dst []byte, t time.Time, k record.Kind) []byte {
	if t.IsZero() {
		return record.AppendNull(dst)
	}
	if k == record.String {
		return record.AppendText(dst, record.String, timeText(t))
	}
	return appendStamp(dst, t)
}

func appendStamp(dst []byte, t time.Time) []byte {
	t = t.UTC().Truncate(time.Microsecond)
	y, m, d := t.Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return record.AppendTimestamp(dst, record.PackDate(y, int(m), d), int64(t.Sub(day)))
}

// incoming are the columns of the heartbeat table and of its history; the last is the time
// of receipt, which Received sets.
var incoming = []string{"LOCAL_DATABASE", "REMOTE_DATABASE", "INCOMING_PATH", "INCOMING_EXTRACT",
	"INCOMING_ROUTING_PATH", "INCOMING_REPLICAT", "INCOMING_HEARTBEAT_TS", "INCOMING_EXTRACT_TS",
	"INCOMING_ROUTING_TS", "INCOMING_REPLICAT_TS", "HEARTBEAT_RECEIVED_TS"}

// Incoming defines what a Replicat maps to the heartbeat table, or to its history.
func Incoming(schema, name string, id uint32) *record.TableDef {
	def := &record.TableDef{ID: id, Schema: schema, Name: name, Key: []int{0, 1, 2}}
	for _, c := range incoming {
		col := record.ColumnDef{Name: c, Kind: record.String, Type: "varchar(480)", Length: pathLength,
			Nullable: true}
		if strings.HasSuffix(c, "_TS") {
			col.Kind, col.Type, col.Length, col.Scale = record.Timestamp, "datetime(6)", 0, 6
		}
		def.Columns = append(def.Columns, col)
	}
	return def
}

// AppendIncoming writes the heartbeat as a row of Incoming: an insert, or the update of
// the row with its key.
func (b *Beat) AppendIncoming(dst []byte, op record.OpType, def *record.TableDef, local,
	replicat string, at time.Time) []byte {
	path := b.Extract + arrow
	if b.Path != "" {
		path += b.Path + arrow
	}
	path += replicat
	dst, start := record.AppendOpHeader(dst, op, def.ID)
	key := func() {
		for _, s := range []string{local, b.Database, path[max(0, len(path)-pathLength):]} {
			dst = appendName(dst, s)
		}
	}
	if op == record.Update {
		var mark int
		dst, mark = record.BeginImage(dst)
		key()
		for range incoming[3:] {
			dst = record.AppendMissing(dst)
		}
		record.EndImage(dst, start, mark, true)
		record.MarkCompressed(dst, start)
	}
	dst, mark := record.BeginImage(dst)
	key()
	for _, s := range []string{b.Extract, b.Path, replicat} {
		dst = appendName(dst, s)
	}
	for _, t := range []time.Time{b.Sent, b.Extracted, b.Routed, at, at} {
		dst = appendTime(dst, t, record.Timestamp)
	}
	record.EndImage(dst, start, mark, false)
	return dst
}

// stampSize is the length of a timestamp in record's form.
const stampSize = 11

// Received sets the time of receipt in a mapped operation of a target whose last column it
// is; others stay as they are.
func Received(body []byte, at time.Time) {
	if tail := len(body) - stampSize; tail > 0 && record.Kind(body[tail]) == record.Timestamp {
		copy(body[tail:], appendStamp(nil, at))
	}
}
