package heartbeat

import (
	"strings"
	"testing"
	"time"

	"ggsh/record"
)

func seedDef() *record.TableDef {
	def := &record.TableDef{Name: "GG_HEARTBEAT_SEED"}
	for _, name := range seedColumns {
		def.Columns = append(def.Columns, record.ColumnDef{Name: name, Kind: record.Timestamp})
	}
	return def
}

// TestBeatKeepsItsStamps: a heartbeat comes out of an operation as it went in, with times
// as texts too, and a data pump's name is added to the path.
func TestBeatKeepsItsStamps(t *testing.T) {
	at := time.Date(2026, 2, 28, 23, 59, 59, 123456000, time.UTC)
	for _, kind := range []record.Kind{record.Timestamp, record.String} {
		def := seedDef()
		for i := range def.Columns {
			def.Columns[i].Kind = kind
		}
		if !IsSeed(def) {
			t.Fatal("a seed table is not known as one")
		}
		was := Beat{Database: "db:1", Sent: at, Extract: "E", Extracted: at.Add(time.Second)}
		was.Through("P1", at.Add(2*time.Second))
		was.Through("P2", at.Add(3*time.Second))
		is, ok, err := Decode(def, was.AppendSeed(nil, def))
		if err != nil || !ok || is != was || is.Path != "P1 ==> P2" {
			t.Errorf("%v came back as %v (%v, %v)", was, is, ok, err)
		}
	}
}

// TestReceivedSetsTheLastColumn: and nothing else.
func TestReceivedSetsTheLastColumn(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	b := Beat{Database: "d", Sent: at, Extract: "E"}
	def := Incoming("HB", "LOG", 7)
	body := b.AppendIncoming(nil, record.Insert, def, "l", "R", at)
	Received(body, at.Add(time.Minute))
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		t.Fatal(err)
	}
	v, err := op.After.Values(nil, len(def.Columns))
	if err != nil {
		t.Fatal(err)
	}
	last, before := string(v[10].Text(nil, 0)), string(v[9].Text(nil, 0))
	if last != "2026-01-02 03:05:05" || before != "2026-01-02 03:04:05" || string(v[2].B) != "E ==> R" {
		t.Errorf("received %s, read %s, path %s", last, before, v[2].B)
	}
}

// TestOracleStatements: Oracle has types, placeholders and times of its own.
func TestOracleStatements(t *testing.T) {
	n := NamesOf(Oracle, "", "ggadmin", "")
	all := strings.Join(createStatements(n), "\n") + n.PurgeStatement(time.Unix(0, 0), 1)
	for _, want := range []string{`"GGADMIN"."GG_HEARTBEAT_SEED"`, "TIMESTAMP(6)", "VARCHAR2(128)",
		"SYS_EXTRACT_UTC(SYSTIMESTAMP)", "TO_TIMESTAMP('1969-12-31"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in\n%s", want, all)
		}
	}
	if got := n.marked("a = ? AND b = ?"); got != "a = :1 AND b = :2" {
		t.Error(got)
	}
}

// TestNames: HEARTBEATTABLE counts before GGSCHEMA, and that before the login's database.
func TestNames(t *testing.T) {
	for _, c := range []struct{ table, schema, want string }{{"", "", "hr.GG_HEARTBEAT_SEED"},
		{"", "gg", "gg.GG_HEARTBEAT_SEED"}, {"x.hb", "gg", "x.hb_SEED"}} {
		n := NamesOf(MySQL, c.table, c.schema, "hr")
		if got := n.Full(n.Seed()); got != c.want {
			t.Errorf("%s instead of %s", got, c.want)
		}
	}
}
