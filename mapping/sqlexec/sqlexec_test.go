package sqlexec

import (
	"fmt"
	"strings"
	"testing"

	"ggsh/param"
)

func TestPlaceholders(t *testing.T) {
	params := []param.SQLParam{{Name: "a"}, {Name: "b"}}
	for query, want := range map[string]string{
		"select :b, :a, :B from t":    "select ?, ?, ? from t [1 0 1]",
		"select ?, ? from t":          "select ?, ? from t [0 1]",
		"select ':a', x::int, \"?\"":  "select ':a', x::int, \"?\" []",
		"select '12:30' where x = :a": "select '12:30' where x = ? [0]",
		"select 'it''s' where x = :a": "select 'it''s' where x = ? [0]",
		"select 'open":                "select 'open []",
		"select :c":                   "SQLEXEC: the query has :c, which is not among PARAMS",
		"select ?, ?, ?":              "SQLEXEC: the query has 3 ?, PARAMS has 2",
	} {
		text, order, err := placeholders(query, params)
		got := fmt.Sprint(text, " ", order)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func FuzzPlaceholders(f *testing.F) {
	f.Add("select ':a', :a, x::int from t where b = ?")
	f.Add("select 'open")
	f.Fuzz(func(t *testing.T, query string) {
		text, order, err := placeholders(query, []param.SQLParam{{Name: "a"}, {Name: "b"}})
		if err == nil && strings.Count(text, "?") < len(order) {
			t.Errorf("%q: %q has fewer placeholders than %v", query, text, order)
		}
	})
}
