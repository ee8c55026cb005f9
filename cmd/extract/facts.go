package main

import "ggsh/param"

// sourceFacts answers @GETENV: for the source database what the parameter file says
// of it, for the rest what the process counts.
type sourceFacts struct{ w *wiring }

// Fact is expr.Facts.
func (f sourceFacts) Fact(dst []byte, kind string, items []string) ([]byte, bool) {
	if kind != "DBENVIRONMENT" {
		return f.w.p.Fact(dst, kind, items)
	}
	l, given, err := param.ReadLogin(f.w.p.Params())
	if err != nil || !given {
		return dst, false
	}
	text := map[string]string{"DBNAME": l.Database + l.Embedded, "DBUSER": l.User,
		"SERVERNAME": l.Host}[items[0]]
	return append(dst, text...), text != ""
}
