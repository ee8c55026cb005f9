package mapping

import (
	"testing"
	"time"

	"ggsh/mapping/expr"
	"ggsh/param"
	"ggsh/record"
)

const (
	speedSource = "s.t id int key, first, last, pay decimal, hired date, a, b, c null, d null, e null"
	speedTarget = "o.t id int key, first, last, pay decimal, hired date, a, b, c null, d null, e null"
	speedInsert = "insert after 1 Ada King 1234.50 2026-11-29 a b NULL d e"
	speedUpdate = "update before 1 Ada King 1234.50 2026-11-29 a b NULL d e | " +
		"after 1 Bea King 99.95 2026-11-29 a b NULL d e"
)

// speedMaps are what BenchmarkMapping measures; each operation of it is taken.
var speedMaps = []struct{ name, options string }{
	{"pass-through", ""},
	{"by-name", ", COLMAP (USEDEFAULTS, e = d)"},
	{"ten-functions", ", COLMAP (id = id, first = @STRUP (first), " +
		"last = @STRCAT (first, ' ', last), pay = @COMPUTE (pay * 12), hired = @DATE ('YYYY-MM-DD', 'YYYY-MM-DD', hired), " +
		"a = @GETENV ('GGHEADER', 'OPTYPE'), b = @GETENV ('GGHEADER', 'COMMITTIMESTAMP'), " +
		"c = @IF (@COLTEST (c, NULL), 'none', c), d = @CASE (d, 'd', 'delta', 'other'), " +
		"e = @STREXT (last, 1, 2))"},
	{"filter", ", FILTER (pay > 10 AND @STREQ (last, 'King'))"},
	{"where", ", WHERE (pay > 10 AND last = 'King')"},
	{"range", ", FILTER (@RANGE (1, 1, id))"},
}

func speedPlan(t testing.TB, options string) *TablePlan {
	return planFor(t, param.Replicat, "TARGETDB sqlite:x\nMAP s.t, TARGET o.t"+options+";\n",
		speedSource, speedTarget)
}

func speedOrigin() *expr.Origin {
	return &expr.Origin{Txn: &record.TxnInfo{CSN: record.CSN{Minor: 42}, XID: "1.2.3",
		CommitTime: time.Date(2026, 11, 29, 1, 2, 3, 0, time.UTC)}, Seqno: 1, RBA: 99,
		Place: expr.Whole}
}

func TestExpressionsAllocateNothing(t *testing.T) {
	from := speedOrigin()
	for _, m := range speedMaps {
		p := speedPlan(t, m.options)
		for _, text := range []string{speedInsert, speedUpdate} {
			body, buf := opOf(t, text, 7), make([]byte, 0, 4096)
			n := testing.AllocsPerRun(100, func() {
				if _, taken, err := p.Apply(buf, body, from); err != nil || !taken {
					t.Fatal(m.name, taken, err)
				}
			})
			if n != 0 {
				t.Errorf("%s: %.6s: %v allocations", m.name, text, n)
			}
		}
	}
	p := planFor(t, param.Extract, "EXTTRAIL ./dirdat/aa\nTABLE s.t, TOKENS (op = "+
		"@GETENV ('GGHEADER', 'OPTYPE'), who = first, was = before.pay);\n", speedSource, "")
	body, buf := opOf(t, speedUpdate, 7), make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { _, _, _ = p.Apply(buf, body, from) }); n != 0 {
		t.Errorf("tokens: %v allocations", n)
	}
}

func BenchmarkMapping(b *testing.B) {
	from := speedOrigin()
	for _, m := range speedMaps {
		p := speedPlan(b, m.options)
		for _, text := range []string{speedInsert, speedUpdate} {
			body, buf := opOf(b, text, 7), make([]byte, 0, 4096)
			b.Run(m.name+"/"+text[:6], func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := p.Apply(buf, body, from); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
