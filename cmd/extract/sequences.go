package main

import (
	"slices"

	"ggsh/ggserr"
	"ggsh/param"
)

// sequences gives the first SEQUENCE statement; nil when there is none.
func (w *wiring) sequences() *param.TableStatement {
	i := slices.IndexFunc(w.tables, func(t *param.TableStatement) bool { return t.Keyword == "SEQUENCE" })
	if i < 0 {
		return nil
	}
	return w.tables[i]
}

// noSequences refuses SEQUENCE where there are none, or where the log is not read for them.
func (w *wiring) noSequences() error {
	st := w.sequences()
	if st == nil {
		return nil
	}
	return ggserr.New(ggserr.BadParameter, "SEQUENCE "+st.Source.String()+": sequences are captured of "+
		"MariaDB only").At(st.Pos.File, st.Pos.Line, st.Pos.Column).
		Do("Take the statement out, and set the target's sequence by hand before it is used.")
}
