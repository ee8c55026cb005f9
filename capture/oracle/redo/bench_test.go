package redo

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// perCore reports the rate by processor time, which is what a core gives on a machine that
// others use too.
func perCore(b *testing.B, octets int) func() {
	b.Helper()
	b.SetBytes(int64(octets))
	b.ReportAllocs()
	start := processorTime(b)
	return func() {
		spent := processorTime(b) - start
		b.ReportMetric(float64(octets)*float64(b.N)/1e6/spent.Seconds(), "MB/core-s")
	}
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// mixed are statements of the kinds and lengths that a busy table gives.
var mixed = []string{
	`insert into "HARBOUR"."SHIP"("ID","NAME","FLAG","TONS","BUILT","NOTE") values ('1729` +
		`33','Anna Marie','DE','18250.5',TO_DATE('2011-04-17 00:00:00', 'YYYY-MM-DD HH24:MI:S` +
		`S'),'owner''s note: painted, classed; see file');`,
	`update "HARBOUR"."SHIP" set "TONS" = '18300', "NOTE" = 'classed again' where "ID" = ` +
		`'172933' and "NAME" = 'Anna Marie' and "FLAG" = 'DE' and "TONS" = '18250.5' and "BUI` +
		`LT" = TO_DATE('2011-04-17 00:00:00', 'YYYY-MM-DD HH24:MI:SS') and "NOTE" = 'owner''s` +
		` note: painted, classed; see file';`,
	`delete from "HARBOUR"."CALL" where "ID" = '99120031' and "SHIP" = '172933' and "AT" ` +
		`= TO_TIMESTAMP('2026-11-29 01:02:03.123456') and "LEFT" IS NULL;`,
	`update "HARBOUR"."CALL" set "LEFT" = TO_TIMESTAMP_TZ('2026-11-29 01:02:03.123456 +01` +
		`:00') where "ID" = '99120031' and "SHIP" = '172933' and "PIER" = UNISTR('\00d8stre')` +
		` and "LEFT" IS NULL;`,
}

// rawUpdate is what LogMiner gives without a dictionary.
func rawUpdate(columns int) string {
	values := []string{"HEXTORAW('c41b53335a')", "HEXTORAW('787e0113101136')",
		"HEXTORAW('4f776e65722773206e6f7465')", "HEXTORAW('32363839393636')", "HEXTORAW('80')"}
	var b strings.Builder
	b.WriteString(`update "UNKNOWN"."OBJ# 174043" set "COL 3" = HEXTORAW('434c4f534544'), ` +
		`"COL 5" = HEXTORAW('c10a')`)
	for i := range columns {
		b.WriteString([]string{" where ", " and "}[min(i, 1)])
		if i%6 == 5 {
			fmt.Fprintf(&b, `"COL %d" IS NULL`, i+1)
		} else {
			fmt.Fprintf(&b, `"COL %d" = %s`, i+1, values[i%6%5])
		}
	}
	return b.String() + ";"
}

func parseAll(b *testing.B, texts []string) {
	b.Helper()
	octets := 0
	list := [][]byte{}
	for _, t := range texts {
		octets += len(t)
		list = append(list, []byte(t))
	}
	defer perCore(b, octets)()
	var s Statement
	for b.Loop() {
		for _, text := range list {
			if err := Parse(&s, text); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkParseMixed(b *testing.B)  { parseAll(b, mixed) }
func BenchmarkParseInsert(b *testing.B) { parseAll(b, mixed[:1]) }
func BenchmarkParseUpdate(b *testing.B) { parseAll(b, mixed[1:2]) }
func BenchmarkRawParse(b *testing.B)    { parseAll(b, []string{rawUpdate(24)}) }
func BenchmarkRawParseWide(b *testing.B) {
	parseAll(b, []string{rawUpdate(360)})
}

// valuesOf parses texts and appends all values.
func valuesOf(b *testing.B, texts []string, typeOf func(name []byte) *Type) {
	b.Helper()
	octets := 0
	list := [][]byte{}
	for _, t := range texts {
		octets += len(t)
		list = append(list, []byte(t))
	}
	defer perCore(b, octets)()
	var s Statement
	var dst []byte
	for b.Loop() {
		dst = dst[:0]
		for _, text := range list {
			err := Parse(&s, text)
			for _, columns := range [][]Column{s.Set, s.Where} {
				for i := range columns {
					if err == nil {
						dst, err = AppendValue(dst, typeOf(columns[i].Name), &columns[i].Value)
					}
				}
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkParseValues(b *testing.B) {
	text, number := makeType(b, "VARCHAR2", utf8Database), makeType(b, "NUMBER", utf8Database)
	date, stamp := makeType(b, "DATE", utf8Database), makeType(b, "TIMESTAMP(6)", utf8Database)
	zoned := makeType(b, "TIMESTAMP(6) WITH TIME ZONE", utf8Database)
	valuesOf(b, mixed, func(name []byte) *Type {
		switch string(name) {
		case "ID", "SHIP", "TONS":
			return number
		case "BUILT":
			return date
		case "AT":
			return stamp
		case "LEFT":
			return zoned
		}
		return text
	})
}

func BenchmarkRawValues(b *testing.B) {
	text, number := makeType(b, "VARCHAR2", utf8Database), makeType(b, "NUMBER", utf8Database)
	date := makeType(b, "DATE", utf8Database)
	types := []*Type{number, date, text, text, number, text}
	valuesOf(b, []string{rawUpdate(24)}, func(name []byte) *Type {
		n := 0
		for _, d := range name[4:] {
			n = n*10 + int(d-'0')
		}
		return types[(n-1)%6]
	})
}
