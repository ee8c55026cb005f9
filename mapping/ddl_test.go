package mapping

import (
	"testing"

	"ggsh/param"
	"ggsh/record"
)

func ddlPlan(t *testing.T, lines string) (*Plan, param.DDL) {
	t.Helper()
	f, err := param.ParseText("r.prm", "REPLICAT r\nTARGETDB a@b, USERID u, PASSWORD p\n"+lines,
		param.Options{Program: param.Replicat})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(f)
	if err != nil {
		t.Fatal(err)
	}
	d, err := param.ReadDDL(f)
	if err != nil {
		t.Fatal(err)
	}
	return p, d
}

// TestMapDDL: names become those of the targets; what no MAP takes stays what it is.
func TestMapDDL(t *testing.T) {
	p, _ := ddlPlan(t, "MAPEXCLUDE hr.not_this\nMAP hr.emp, TARGET x.people;\nMAP hr.*, TARGET tg.*;\n")
	for _, c := range []struct{ schema, text, scope, want string }{
		{"hr", "CREATE TABLE t (a INT)", Mapped, "CREATE TABLE `tg`.`t` (a INT)"},
		{"other", "ALTER TABLE hr.emp ADD b INT", Mapped, "ALTER TABLE `x`.`people` ADD b INT"},
		{"other", "ALTER TABLE emp ADD b INT", Unmapped, "ALTER TABLE `other`.`emp` ADD b INT"},
		{"hr", "ALTER TABLE not_this ADD b INT", Unmapped, "ALTER TABLE `hr`.`not_this` ADD b INT"},
		{"hr", "DROP TABLE IF EXISTS a, other.b, not_this", Mapped, "DROP TABLE IF EXISTS `tg`.`a`"},
		{"hr", "RENAME TABLE a TO b, other.c TO other.d", Mapped, "RENAME TABLE `tg`.`a` TO `tg`.`b`"},
		{"hr", "RENAME TABLE a TO other.b", Mapped, "RENAME TABLE `tg`.`a` TO `other`.`b`"},
		{"hr", "RENAME TABLE a TO not_this", Mapped, "RENAME TABLE `tg`.`a` TO `tg`.`not_this`"},
		{"hr", "CREATE TABLE c (x INT, FOREIGN KEY (x) REFERENCES emp (id))", Mapped,
			"CREATE TABLE `tg`.`c` (x INT, FOREIGN KEY (x) REFERENCES `x`.`people` (id))"},
		{"", "CREATE DATABASE hr", Other, "CREATE DATABASE `tg`"},
		{"", "DROP DATABASE other", Other, "DROP DATABASE `other`"},
		{"hr", "CREATE INDEX i ON t (a)", Mapped, "CREATE INDEX i ON `tg`.`t` (a)"},
	} {
		d, err := p.MapDDL(record.DDLStatement{Schema: c.schema, Text: c.text})
		if err != nil {
			t.Fatal(err)
		}
		if d.Scope != c.scope || d.Statement.Text != c.want {
			t.Errorf("%s\ngot  %s %s\nwant %s %s", c.text, d.Scope, d.Statement.Text, c.scope, c.want)
		}
	}
	d, err := p.MapDDL(record.DDLStatement{Schema: "hr", Text: "CREATE VIEW v AS SELECT * FROM t"})
	if err != nil || d.Statement.Schema != "tg" || d.Statement.Name != "tg.v" {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestSelects: INCLUDE and EXCLUDE with each of their options.
func TestSelects(t *testing.T) {
	st := record.DDLStatement{Kind: "ALTER", Object: "TABLE", Schema: "hr",
		Text: "ALTER TABLE emp ADD COLUMN b INT /* by Ann */"}
	for rules, want := range map[string]bool{
		"DDL": true, "DDL INCLUDE ALL": true, "DDL INCLUDE MAPPED": true, "DDL INCLUDE UNMAPPED": false,
		"DDL INCLUDE OTHER": false, "DDL INCLUDE ALL, EXCLUDE OPTYPE ALTER": false,
		"DDL EXCLUDE OPTYPE DROP INCLUDE MAPPED":      true,
		"DDL INCLUDE OPTYPE CREATE OBJTYPE 'TABLE'":   false,
		"DDL INCLUDE OPTYPE ALTER OBJTYPE 'TABLE'":    true,
		"DDL INCLUDE OBJTYPE 'INDEX'":                 false,
		"DDL INCLUDE ALL OBJNAME hr.emp":              true,
		"DDL INCLUDE ALL OBJNAME \"hr.e*\"":           true,
		"DDL INCLUDE MAPPED OBJNAME hr.dept":          false,
		"DDL INCLUDE ALL INSTR 'add column'":          true,
		"DDL INCLUDE ALL INSTR 'Ann'":                 false,
		"DDL INCLUDE ALL INSTRCOMMENTS 'ann'":         true,
		"DDL INCLUDE ALL INSTRWORDS 'column alter'":   true,
		"DDL INCLUDE ALL INSTRWORDS 'column drop'":    false,
		"DDL INCLUDE ALL INSTRCOMMENTSWORDS 'ann by'": true,
	} {
		p, d := ddlPlan(t, rules+"\nMAP hr.*, TARGET hr.*;\n")
		m, err := p.MapDDL(st)
		if err != nil {
			t.Fatal(err)
		}
		if clause, got := m.Selects(d.Rules); got != want {
			t.Errorf("%s: %t by %s", rules, got, clause)
		}
	}
}

// TestSubstitute: texts are replaced in their order, where their clause fits.
func TestSubstitute(t *testing.T) {
	p, d := ddlPlan(t, "DDLSUBST 'engine=aria' WITH 'ENGINE=InnoDB' INCLUDE OBJTYPE 'TABLE'\n"+
		"DDLSUBST 'innodb' WITH 'x' INCLUDE OBJTYPE 'VIEW'\nMAP hr.*, TARGET hr.*;\n")
	m, err := p.MapDDL(record.DDLStatement{Kind: "CREATE", Object: "TABLE", Schema: "hr",
		Text: "CREATE TABLE t (a INT) Engine=Aria"})
	if err != nil {
		t.Fatal(err)
	}
	m.Substitute(d.Substs)
	if want := "CREATE TABLE `hr`.`t` (a INT) ENGINE=InnoDB"; m.Statement.Text != want {
		t.Errorf("got %s", m.Statement.Text)
	}
}
