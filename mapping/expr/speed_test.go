package expr

import (
	"testing"

	"ggsh/record"
)

const speedTable = "hr.emp id int key, name varchar(30), amt decimal, hired timestamp, pic blob, " +
	"nul varchar, mis varchar"

const speedRecord = "update\nbefore 1 | Ada | 10.50 | 2020-02-28 10:00:00 | A | NULL | -\n" +
	"after 1 | _Ada_B_ | 1234.50 | 2024-02-29 13:14:15.123456 | A | NULL | -\ntoken TK1 one"

// frugal are expressions of every kind that must not allocate.
var frugal = []string{"name", "before.amt", "'literal'", "@COMPUTE (amt * 3 / 7 + id - 1 \\ 2)",
	"@IF (amt > 1000 AND NOT id = 2 OR nul = 'a', name, 'x')", "@CASE (id, 2, 'two', 1, 'one', '?')",
	"@EVAL (id > 5, 'high', id > 0, 'low')", "@COLTEST (mis, MISSING)", "@VALONEOF (id, 3, 2, 1)",
	"@RANGE (1, 2)", "@RANGE (1, 2, name, amt)", "@STRCAT (name, '/', amt, '/', id, hired)",
	"@STRNCAT (name, 2, 'abc', 1)", "@STREXT (name, 2, 3)", "@STREQ (name, 'Ada')",
	"@STRNCMP (name, 'Ada', 2)", "@STRFIND (name, 'B', 2)", "@STRLEN (name)", "@STRTRIM (name)",
	"@STRSUB (name, 'A', 'xyz', 'B', '')", "@STRUP (name)", "@STRNUM (amt, RIGHTZERO, 12)",
	"@NUMSTR ('0042.10')", "@NUMBIN (pic)", "@BINTOHEX (name)", "@HEXTOBIN ('4a4b')", "@HIGHVAL (3)",
	"@OGG_SHA1 (name)", "@DATE ('DD MMM YYYY DOWA HH:MI:SS.FFF JUL JTS', 'YYYY-MM-DD', hired)",
	"@DATE ('YYYY-MM-DD', 'DD-MMM-YY', '05-APR-49')", "@DATEDIFF ('SS', hired, '2024-02-29 13:14:16')",
	"@DATENOW ()", "@TOKEN ('TK1')", "@GETVAL (lookup.none)", "@GETENV ('GGHEADER', 'COMMITTIMESTAMP')",
	"@GETENV ('GGHEADER', 'OPTYPE')", "@GETENV ('TRANSACTION', 'CSN')", "@GETENV ('LAG', 'MSEC')",
	"@GETENV ('RECORD', 'FILERBA')", "@GETENV ('GGENVIRONMENT', 'HOSTNAME')", "hired > '2024-01-01'"}

// prepared gives a bound expression and the record to evaluate it with.
func prepared(t testing.TB, text string, rec *Record) *Expr {
	t.Helper()
	def := defOf(t, speedTable)
	n, err := NewParser(true).Parse(tokensOf(t, text), ForFilter)
	if err != nil {
		t.Fatal(err)
	}
	e, err := n.Bind(&Scope{Def: def, Env: environment(), Queries: []string{"lookup"}})
	if err != nil {
		t.Fatal(err)
	}
	reload(t, def, rec)
	return e
}

func reload(t testing.TB, def *record.TableDef, rec *Record) {
	if err := rec.Load(opOf(t, def, speedRecord)); err != nil {
		t.Fatal(err)
	}
	if err := rec.Before.Read(rec.Op.Before, len(def.Columns)); err != nil {
		t.Fatal(err)
	}
	if err := rec.After.Read(rec.Op.After, len(def.Columns)); err != nil {
		t.Fatal(err)
	}
	rec.Origin, rec.Results = origin(), results{}
}

func TestEvaluationAllocatesNothing(t *testing.T) {
	for _, text := range frugal {
		var rec Record
		e := prepared(t, text, &rec)
		body := rec.Op.Body()
		n := testing.AllocsPerRun(100, func() {
			if err := rec.Load(body); err != nil {
				t.Fatal(err)
			}
			if v := e.Value(&rec, false); v.Kind == Invalid {
				t.Fatalf("%s is invalid", text)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}

// TestTheArenaIsBounded: a text that doubles again and again ends as invalid, and
// its memory is not kept.
func TestTheArenaIsBounded(t *testing.T) {
	text := "name"
	for range 14 {
		text = "@STRSUB (" + text + ", 'A', 'AAAAAAAAAA')"
	}
	var rec Record
	e := prepared(t, text, &rec)
	if v := e.Value(&rec, false); v.Kind != Invalid {
		t.Errorf("it is %s of %d octets", v.Kind, len(v.B))
	}
	if len(rec.arena) > maxArena {
		t.Errorf("the arena has %d octets", len(rec.arena))
	}
	reload(t, defOf(t, speedTable), &rec)
	if cap(rec.arena) > keepArena {
		t.Errorf("an arena of %d octets is kept", cap(rec.arena))
	}
}

// FuzzExpression parses, binds and evaluates whatever comes: an error or a value,
// and no more memory than allowed.
func FuzzExpression(f *testing.F) {
	for _, text := range frugal {
		f.Add(text)
	}
	f.Add("@COMPUTE (99999999999999999999 * 1e300 / 3 \\ 7)")
	f.Add("@STRCAT (@BEFOREAFTER (name), before.\"name\", @COLSTAT (NULL))")
	f.Add("((((((id = @NULL AND NOT - - 1 <> 'x'")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1000 {
			return
		}
		def := defOf(t, speedTable)
		tokens := tokensOf(t, text)
		for _, use := range []Use{ForValue, ForFilter, ForWhere} {
			n, err := NewParser(true).Parse(tokens, use)
			if err != nil {
				continue
			}
			e, err := n.Bind(&Scope{Def: def, Env: environment(), Queries: []string{"lookup"}})
			if err != nil {
				continue
			}
			var rec Record
			reload(t, def, &rec)
			for _, before := range []bool{false, true} {
				v := e.Value(&rec, before)
				e.Test(&rec, before)
				if len(rec.arena) > maxArena {
					t.Fatalf("%d octets", len(rec.arena))
				}
				for k := record.Int; k <= record.UUID; k++ {
					if w := rec.Fit(v, k); w.Kind != Invalid {
						enc := record.AppendValue(nil, w)
						if _, rest, err := record.DecodeValue(enc); err != nil || len(rest) > 0 {
							t.Fatalf("%s as %s: %v", w.Kind, k, err)
						}
					}
				}
			}
		}
	})
}
