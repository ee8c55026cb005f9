package dml

import "testing"

// TestDiffer: a part that is not known on one side decides nothing.
func TestDiffer(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"1-2", "1-2", false}, {"1-2", "1-3", true}, {"1-2", "4-2", true}, {"1-none", "1-3", false},
		{"1-2", "1-none", false}, {"1-none", "2-none", true}} {
		if got := differ(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: %t", c.a, c.b, got)
		}
	}
}
