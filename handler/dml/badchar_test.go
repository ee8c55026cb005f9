package dml

import "testing"

// TestReplaced: each bad character is replaced by itself, and nothing else changes.
func TestReplaced(t *testing.T) {
	ascii := &Repertoire{Text: true, Has: func(r rune) bool { return r < 0x80 }}
	all := &Repertoire{Text: true}
	for _, c := range []struct {
		chars                *Repertoire
		action, by, in, want string
	}{
		{ascii, "ESCAPE", "", "", ""},
		{ascii, "ESCAPE", "", "aéb😀", `a\u00E9b\U0001F600`},
		{all, "ESCAPE", "", "é\xff\xc3", `é\xFF\xC3`},
		{all, "ESCAPE", "", "\uFFFD", "\uFFFD"},
		{ascii, "SPACE", "", "éé", "  "},
		{ascii, "NULL", "", "é", " "},
		{ascii, "SUBSTITUTE", "U+007e", "aé", "a~"},
		{ascii, "SUBSTITUTE", "<?>", "éa\xff", "<?>a<?>"},
		{all, "SUBSTITUTE", "U+20AC", "\xff", "€"},
	} {
		b := badCharsOf(map[string]string{"replacebadchar": c.action, "replacebadcharby": c.by})
		if got := string(b.replaced(c.chars, []byte(c.in))); got != c.want {
			t.Errorf("%s %s of %q: %q, want %q", c.action, c.by, c.in, got, c.want)
		}
	}
}
