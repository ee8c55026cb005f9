package oracle

import (
	"strings"
	"testing"

	"ggsh/capture/oracle/redo"
)

// TestAColumnOfAnUnsupportedTypeStops: rows without it would be other rows.
func TestAColumnOfAnUnsupportedTypeStops(t *testing.T) {
	table := &Table{Owner: "HR", Name: "T", Columns: []Column{{Name: "ID", Number: 1, Type: "NUMBER"},
		{Name: "DOC", Number: 2, Type: "BFILE"}}}
	sets := redo.Database{Charset: "AL32UTF8", National: "AL16UTF16"}
	_, err := newPlan(&version{Table: table}, sets, 1)
	says(t, err, "column DOC of table HR.T", "BFILE", "TABLEEXCLUDE HR.T")
	table.Columns[1].Hidden = true
	if _, err := newPlan(&version{Table: table}, sets, 1); err != nil {
		t.Errorf("a column that is not part of rows: %v", err)
	}
}

// TestARowThatLogMinerCannotTellStops, unless it is of a kind that is told otherwise.
func TestARowThatLogMinerCannotTellStops(t *testing.T) {
	a := &assembler{}
	row := Row{SCN: 7, Code: CodeUnsupported, Owner: "HR", Table: "T", Object: 9}
	says(t, a.supported(&row, &transaction{}), "HR.T", "object 9", "SCN 7", "TABLEEXCLUDE HR.T")
	row.Code, row.Status, row.Info = CodeInsert, 2, "Unsupported"
	says(t, a.supported(&row, &transaction{}), "status 2")
	row.Info = "Dictionary Mismatch"
	if err := a.supported(&row, &transaction{}); err != nil {
		t.Error(err)
	}
}

func says(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%q is not said: %v", w, err)
		}
	}
}
