package redo

// Parse reads one text into s, which may be used again and again. Rows of operation code
// 5 need not be parsed: their text is the user's own. A blank text is an error.
func Parse(s *Statement, text []byte) error {
	return &SyntaxError{Wanted: "a statement"}
}
