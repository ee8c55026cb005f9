package param

import (
	"slices"
	"strings"
	"time"
)

// DDL is what DDL, DDLOPTIONS, DDLERROR and DDLSUBST say.
type DDL struct {
	Given  bool // DDL was written
	Rules  []DDLRule
	Report bool // DDLOPTIONS REPORT
	Errors []DDLError
	Substs []DDLSubst
	Others []Token // DDLOPTIONS that are carried and not acted on, the keywords only
}

// DDLRule is one INCLUDE or EXCLUDE. What it names has to fit all at once; of two
// values of one kind, either.
type DDLRule struct {
	Exclude  bool
	Scope    string // MAPPED, UNMAPPED, OTHER or ALL
	OpTypes  []string
	ObjTypes []string
	Objects  []Name
	Texts    []string   // INSTR: stands in the statement outside comments
	Words    [][]string // INSTRWORDS: all stand there, in any order
	Comments []string   // INSTRCOMMENTS: stands within a comment
	// CommentWords are INSTRCOMMENTSWORDS.
	CommentWords [][]string
	Raw          string // as reports tell it
}

// DDLError is one DDLERROR.
type DDLError struct {
	Default    bool
	Code       int
	Response   string // IGNORE, DISCARD or ABEND
	Retry      bool   // RETRYOP: before the response
	MaxRetries int
	RetryDelay time.Duration
	Rules      []DDLRule // none: all statements
}

// DDLSubst is one DDLSUBST.
type DDLSubst struct {
	From, To string
	Rules    []DDLRule // none: all statements
}

// ReadDDL reads what a file says of DDL.
func ReadDDL(f *File) (DDL, error) {
	var d DDL
	var errs errorList
	for i := range f.Statements {
		st := &f.Statements[i]
		if st.faulty || !strings.HasPrefix(st.Name, "DDL") {
			continue
		}
		c := st.cursor()
		if n := len(c.args); n > 0 && c.args[n-1].IsPunct(";") {
			c.args = c.args[:n-1]
		}
		switch st.Name {
		case "DDL":
			d.Given, d.Rules = true, c.ddlRules()
		case "DDLOPTIONS":
			d.options(c)
		case "DDLERROR":
			d.Errors = append(d.Errors, c.ddlError())
		case "DDLSUBST":
			s := DDLSubst{From: c.value("a text")}
			if !c.word("WITH") {
				c.lacks("WITH")
			}
			s.To, s.Rules = c.value("a text"), c.ddlRules()
			if s.From == "" && len(c.errs) == 0 {
				c.fail(st.Pos, "the text to replace is empty")
			}
			d.Substs = append(d.Substs, s)
		}
		errs = append(errs, c.errs...)
	}
	return d, errs.orNil()
}

// ddlCarried are the options of DDLOPTIONS that nobody acts on and that are worth a
// warning; the values behind them are checked by the table.
var ddlCarried = []string{"ADDTRANDATA", "IGNOREREPLICATES", "IGNOREAPPLOPS", "NOMAPDERIVED",
	"MAPSESSIONSCHEMA", "MAPSCHEMAS", "REMOVECOMMENTS", "DEFAULTUSERPASSWORD", "PASSWORD",
	"NOREPLICATEPASSWORD", "CAPTUREGLOBALTEMPTABLE", "TAG", "SUPPRESSTRIGGERS"}

// options reads REPORT; what else there is is checked by the table.
func (d *DDL) options(c *cursor) {
	for c.more() {
		switch {
		case c.word("REPORT"):
			d.Report = true
		case c.word("NOREPORT"):
			d.Report = false
		default:
			t := c.args[c.i]
			if t.Kind == Word && slices.Contains(ddlCarried, strings.ToUpper(t.Text)) {
				d.Others = append(d.Others, t)
			}
			c.i++
		}
	}
}

// ddlRules reads INCLUDE and EXCLUDE clauses.
func (c *cursor) ddlRules() []DDLRule {
	var rules []DDLRule
	include := false
	for c.more() {
		at := c.at()
		from := c.i
		r := DDLRule{Scope: "ALL"}
		switch {
		case c.word("INCLUDE"):
			include = true
		case c.word("EXCLUDE"):
			r.Exclude = true
		default:
			c.unexpected("INCLUDE", "EXCLUDE")
			return rules
		}
		c.ddlRule(&r)
		if c.i == from+1 {
			c.fail(at, "this clause says nothing of what it means")
		}
		r.Raw = textOf(c.args[from:c.i])
		rules = append(rules, r)
	}
	if len(rules) > 0 && !include {
		c.fail(c.end, "EXCLUDE needs an INCLUDE: without one nothing is left")
	}
	return rules
}

// ddlRule reads the options of one clause.
func (c *cursor) ddlRule(r *DDLRule) {
	for c.more() {
		switch {
		case c.word("MAPPED"):
			r.Scope = "MAPPED"
		case c.word("UNMAPPED"):
			r.Scope = "UNMAPPED"
		case c.word("OTHER"):
			r.Scope = "OTHER"
		case c.word("ALL"):
			r.Scope = "ALL"
		case c.word("OPTYPE"):
			r.OpTypes = append(r.OpTypes, c.upper("a type of operations"))
			c.word("TABLE")
		case c.word("OBJTYPE"):
			r.ObjTypes = append(r.ObjTypes, c.upper("a type of objects"))
		case c.word("OBJNAME"):
			r.Objects = append(r.Objects, c.ddlObject())
		case c.word("INSTR"):
			r.Texts = append(r.Texts, c.value("a text"))
		case c.word("INSTRWORDS"):
			r.Words = append(r.Words, strings.Fields(c.value("words")))
		case c.word("INSTRCOMMENTS"):
			r.Comments = append(r.Comments, c.value("a text"))
		case c.word("INSTRCOMMENTSWORDS"):
			r.CommentWords = append(r.CommentWords, strings.Fields(c.value("words")))
		case c.word("STAYMETADATA", "ALLCATALOGS"):
			// Definitions come with the records; there are no containers.
		case c.word("SOURCECATALOG"):
			c.value("a container")
		case c.word("EVENTACTIONS"):
			c.fail(c.at(), "EVENTACTIONS of DDL comes with a later release")
			c.parens()
		default:
			return
		}
	}
}

// ddlObject reads OBJNAME, whose name may stand in quotes as a whole.
func (c *cursor) ddlObject() Name {
	if !c.more() {
		c.lacks("a name")
		return Name{}
	}
	if t := c.args[c.i]; t.Kind != Word && strings.Contains(t.Text, ".") {
		n, err := ParseName(t.Text)
		if err != nil {
			c.fail(t.Pos, "%s is not the name of an object", shorten(t.Text))
		}
		c.i++
		return n
	}
	return c.name3()
}

func (c *cursor) ddlError() DDLError {
	e := DDLError{Response: "ABEND"}
	at := c.at()
	if e.Default = c.word("DEFAULT"); !e.Default {
		e.Code = int(c.number(1, 1<<31-1))
	}
	if len(c.errs) == 0 && !c.more() {
		c.fail(at, "IGNORE, DISCARD or ABEND is missing here")
	}
	for c.more() {
		switch {
		case c.word("IGNORE"):
			e.Response = "IGNORE"
		case c.word("DISCARD"):
			e.Response = "DISCARD"
		case c.word("ABEND"):
			e.Response = "ABEND"
		case c.word("RETRYOP"):
			e.Retry = true
		case c.word("MAXRETRIES"):
			e.MaxRetries = c.count(1)
		case c.word("RETRYDELAY"):
			e.RetryDelay = c.in(time.Second)
		case c.word("RESTARTSKIP", "SKIPTRIGGERERROR"):
			c.fail(c.at(), "this is of trigger based capture, which is not here")
			return e
		default:
			e.Rules = c.ddlRules()
			return e
		}
	}
	return e
}

// textOf writes tokens as a line.
func textOf(tokens []Token) string {
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 && !t.Glued {
			b.WriteByte(' ')
		}
		if t.Kind == Quoted {
			b.WriteString("'" + t.Text + "'")
		} else {
			b.WriteString(t.Text)
		}
	}
	return strings.TrimRight(b.String(), ", ")
}
