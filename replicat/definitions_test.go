package replicat

import (
	"context"
	"testing"
	"time"

	"ggsh/definitions"
	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/record"
)

// writeDefs writes a definitions file of tables alike hr.emp with other column names.
func (f *fixture) writeDefs(schema string, columns ...string) {
	f.t.Helper()
	def := empDef()
	def.Schema = schema
	def.Columns = nil
	for i, name := range columns {
		kind := record.String
		if i == 0 {
			kind = record.Int
		}
		def.Columns = append(def.Columns, record.ColumnDef{Name: name, Kind: kind, Type: "x", Nullable: i > 0})
	}
	err := definitions.Write(f.home.Join("dirdef", "hr.def"), []*record.TableDef{def},
		definitions.Options{Purge: true, Now: time.Now()})
	if err != nil {
		f.t.Fatal(err)
	}
}

// rename gives the target's second column another name.
func (f *fixture) rename(column string) {
	def := *f.s.tables["tg.emp"]
	def.Columns = append([]record.ColumnDef(nil), def.Columns...)
	def.Columns[1].Name = column
	f.s.tables["tg.emp"] = &def
}

// TestSourceDefsOverride: the names of the file count, so that a column finds its
// target; without OVERRIDE the trail's do, and the difference is told.
func TestSourceDefsOverride(t *testing.T) {
	f := newFixture(t, "SOURCEDEFS ./dirdef/hr.def OVERRIDE\n"+plainParams)
	f.writeDefs("hr", "id", "w")
	f.rename("w")
	f.txn(insert(1, "x"))
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	if got := f.s.rows["tg.emp 1"]; got != "1,x" {
		t.Fatalf("row %q\n%s", got, f.report())
	}
	has(t, f.report(), "The definition for table hr.emp is taken from", "dirdef/hr.def")

	f.params("SOURCEDEFS ./dirdef/hr.def\n" + plainParams)
	f.txn(insert(2, "y"))
	f.start()
	f.s.wait(f.s.at(2))
	f.stop()
	if got := f.s.rows["tg.emp 2"]; got != "2,-" {
		t.Fatalf("row %q\n%s", got, f.report())
	}
	has(t, f.report(), "OGG-02761", "Table hr.emp has other columns in")
}

// TestSourceDefsOfAnotherTable: a file whose table has more columns than the records is
// refused, not guessed at.
func TestSourceDefsOfAnotherTable(t *testing.T) {
	f := newFixture(t, "SOURCEDEFS ./dirdef/hr.def OVERRIDE\n"+plainParams)
	f.writeDefs("hr", "id", "v", "w")
	f.txn(insert(1, "x"))
	f.start()
	if err := f.abended(); ggserr.NumberOf(err) != ggserr.DefinitionsWrong {
		t.Fatal(err)
	}
}

// TestAssumeTargetDefsOverride: columns go by their places.
func TestAssumeTargetDefsOverride(t *testing.T) {
	f := newFixture(t, "ASSUMETARGETDEFS OVERRIDE\n"+plainParams)
	f.rename("quite_other")
	f.txn(insert(1, "x"))
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	if got := f.s.rows["tg.emp 1"]; got != "1,x" {
		t.Fatalf("row %q\n%s", got, f.report())
	}
}

// untabled is a target that has no tables of its own.
type untabled struct{ handler.Handler }

func (u untabled) Describe() handler.Description {
	d := u.Handler.Describe()
	d.Tables = false
	return d
}

// TestTargetDefs: a target without tables has those of the file; a table that is not in
// the file has the source's columns.
func TestTargetDefs(t *testing.T) {
	f := newFixture(t, "TARGETDEFS ./dirdef/hr.def\n"+plainParams)
	f.writeDefs("tg", "id", "v", "added")
	f.cfg.Launch = func(ctx context.Context, name string) (handler.Handler, error) {
		h, err := f.s.launch(ctx, name)
		return untabled{h}, err
	}
	f.txn(insert(1, "x"))
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	if got := f.s.rows["tg.emp 1"]; got != "1,x,-" {
		t.Fatalf("row %q\n%s", got, f.report())
	}
	f.writeDefs("other", "id")
	f.txn(insert(2, "y"))
	f.start()
	f.s.wait(f.s.at(2))
	f.stop()
	if got := f.s.rows["tg.emp 2"]; got != "2,y" {
		t.Fatalf("row %q\n%s", got, f.report())
	}
}
