package param

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func readDDL(t *testing.T, lines string) (DDL, error) {
	t.Helper()
	f, err := ParseText("r.prm", "REPLICAT r\nTARGETDB a@b, USERID u, PASSWORD p\n"+lines+
		"\nMAP a.*, TARGET b.*;\n", Options{Program: Replicat})
	d, rerr := ReadDDL(f)
	if err == nil {
		err = rerr
	}
	return d, err
}

// TestReadDDL: each option is read, as public files write them.
func TestReadDDL(t *testing.T) {
	d, err := readDDL(t, `DDL INCLUDE MAPPED OPTYPE CREATE OBJTYPE 'TABLE', &
  INCLUDE UNMAPPED OBJNAME "hr.tmp_*" INSTR 'x y' INSTRWORDS 'alter column', EXCLUDE OPTYPE drop, EXCLUDE INSTRCOMMENTS 'no'
DDLOPTIONS REPORT, GETREPLICATES
DDLERROR 1050 IGNORE
DDLERROR DEFAULT DISCARD RETRYOP MAXRETRIES 3 RETRYDELAY 2 INCLUDE OBJTYPE INDEX
DDLSUBST 'cascade' WITH '' INCLUDE ALL OBJTYPE 'table';`)
	if err != nil {
		t.Fatal(err)
	}
	if !d.Given || !d.Report || len(d.Rules) != 4 || len(d.Errors) != 2 || len(d.Substs) != 1 {
		t.Fatalf("%+v", d)
	}
	r := d.Rules
	if r[0].Scope != "MAPPED" || !reflect.DeepEqual(r[0].OpTypes, []string{"CREATE"}) ||
		!reflect.DeepEqual(r[0].ObjTypes, []string{"TABLE"}) ||
		r[0].Raw != "INCLUDE MAPPED OPTYPE CREATE OBJTYPE 'TABLE'" {
		t.Errorf("%+v", r[0])
	}
	if r[1].Objects[0].String() != "hr.tmp_*" || r[1].Texts[0] != "x y" ||
		!reflect.DeepEqual(r[1].Words, [][]string{{"alter", "column"}}) {
		t.Errorf("%+v", r[1])
	}
	if !r[2].Exclude || r[2].OpTypes[0] != "DROP" || r[3].Comments[0] != "no" {
		t.Errorf("%+v", r[2:])
	}
	if e := d.Errors[0]; e.Code != 1050 || e.Response != "IGNORE" || e.Default {
		t.Errorf("%+v", e)
	}
	if e := d.Errors[1]; !e.Default || e.Response != "DISCARD" || !e.Retry || e.MaxRetries != 3 ||
		e.RetryDelay != 2*time.Second || len(e.Rules) != 1 {
		t.Errorf("%+v", e)
	}
	if s := d.Substs[0]; s.From != "cascade" || s.To != "" || s.Rules[0].ObjTypes[0] != "TABLE" {
		t.Errorf("%+v", s)
	}
	if d, err := readDDL(t, "DDL"); err != nil || !d.Given || len(d.Rules) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
	if d, err := readDDL(t, ""); err != nil || d.Given {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestWrongDDL: each way to be wrong is told.
func TestWrongDDL(t *testing.T) {
	for line, want := range map[string]string{
		"DDL EXCLUDE OPTYPE DROP":                     "needs an INCLUDE",
		"DDL INCLUDE":                                 "says nothing",
		"DDL INCLUDE ALL EVENTACTIONS (ABORT)":        "EVENTACTIONS",
		"DDL INCLUDE OBJNAME":                         "lacks a name",
		"DDL MAPPED":                                  "MAPPED",
		"DDLERROR":                                    "DDLERROR",
		"DDLERROR DEFAULT":                            "",
		"DDLERROR DEFAULT IGNORE RESTARTSKIP 3":       "trigger based",
		"DDLERROR DEFAULT REBOOT":                     "REBOOT",
		"DDLSUBST 'a' 'b'":                            "WITH",
		"DDLSUBST '' WITH 'b'":                        "empty",
		"DDL INCLUDE ALL, EXCLUDE OBJNAME hr.a.b.c.d": "three parts",
	} {
		_, err := readDDL(t, line)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", line, err)
		}
	}
}
