package param

import (
	"fmt"
	"strings"

	"ggsh/ggserr"
)

// outputs are the parameters that say where an Extract writes to.
var outputs = map[string]bool{"EXTTRAIL": true, "RMTTRAIL": true, "RMTFILE": true,
	"EXTFILE": true, "RMTTASK": true}

// logins must stand before the tables.
var logins = map[string]bool{"USERID": true, "USERIDALIAS": true, "SOURCEDB": true,
	"TARGETDB": true, "SETENV": true}

// order checks which parameter must stand before which.
func (c *checker) order() {
	if !c.prog.Has(process) {
		return
	}
	var table, host, output *Statement
	var orphans []*Statement
	for i := range c.f.Statements {
		st := &c.f.Statements[i]
		switch {
		case st.Name == "EXTRACT" || st.Name == "REPLICAT":
			if table != nil {
				c.fail(st, bad(st.Pos, fmt.Sprintf("%s must be the first parameter", st.Name)))
			}
		case st.Name == "TABLE" || st.Name == "MAP" || st.Name == "SEQUENCE":
			if table == nil {
				table = st
			}
			if output == nil {
				orphans = append(orphans, st)
			}
		case logins[st.Name] && table != nil:
			c.fail(st, bad(st.Pos, fmt.Sprintf("%s must stand before the first %s (line %d)",
				st.Name, table.Name, table.Pos.Line)))
		case st.Name == "RMTHOST":
			host = st
		case outputs[st.Name] && c.prog.Has(Extract):
			output = st
			if host == nil && !c.f.opaque && st.Name[0] == 'R' {
				c.fail(st, bad(st.Pos, fmt.Sprintf("%s needs a RMTHOST before it", st.Name)).
					Do("Write RMTHOST host, MGRPORT port above."))
			}
		}
	}
	if output == nil || c.f.opaque {
		return
	}
	for _, st := range orphans {
		c.fail(st, bad(st.Pos, fmt.Sprintf("%s stands before the %s (line %d) it is written to",
			st.Name, output.Name, output.Pos.Line)).Do("Move it below."))
	}
}

// readers lets the typed readers check the values that programs act on.
func (c *checker) readers() {
	add := func(err error) { c.errs = append(c.errs, Errors(err)...) }
	var err error
	if c.prog == 0 || c.prog.Has(process|Defgen) {
		var warnings []*ggserr.Error
		_, warnings, err = readTables(c.f)
		add(err)
		c.warnings = append(c.warnings, warnings...)
		_, err = ReadExcludes(c.f)
		add(err)
	}
	switch {
	case c.prog.Has(Globals):
		_, err = ReadGlobals(c.f)
		add(err)
	case c.prog.Has(Manager):
		_, err = ReadManager(c.f)
		add(err)
	case c.prog.Has(process):
		var run Run
		run, err = ReadRun(c.f)
		add(err)
		c.carried("TRANLOGOPTIONS", run.Capture.Log.Others, "the log is read without it")
		c.carried("FETCHOPTIONS", run.Capture.FetchOthers, "rows are fetched by ROWID as of the commit")
		c.carried("DBOPTIONS", run.Apply.Others, "the database session goes without it")
		var ddl DDL
		ddl, err = ReadDDL(c.f)
		add(err)
		c.carried("DDLOPTIONS", ddl.Others, "DDL is replicated without it")
		_, err = ReadOutputs(c.f)
		add(err)
		_, err = ReadInputs(c.f)
		add(err)
		_, _, err = ReadPurge(c.f)
		add(err)
	}
	if c.prog.Has(process | Defgen) {
		_, _, err = ReadLogin(c.f)
		add(err)
	}
}

// carried warns of options that are not acted on, the first of each.
func (c *checker) carried(name string, options []Token, instead string) {
	for _, t := range options {
		full := name + " " + strings.ToUpper(t.Text)
		if c.told[full] {
			continue
		}
		c.told[full] = true
		e := ggserr.New(ggserr.ParameterIgnored, full, instead)
		c.warnings = append(c.warnings, e.At(t.Pos.File, t.Pos.Line, t.Pos.Column))
	}
}
