package ddl

import "strings"

// Class says what a statement of the log means to a capture.
type Class uint8

// The classes.
const (
	Other      Class = iota // no change of data or of objects that matter
	Begin                   // BEGIN, START TRANSACTION
	Commit                  // COMMIT
	Rollback                // ROLLBACK of the whole transaction
	Savepoint               // SAVEPOINT Savepoint
	RollbackTo              // ROLLBACK TO Savepoint
	XAStart                 // XA START, XA END
	XACommit                // XA COMMIT Branch
	XARollback              // XA ROLLBACK Branch
	DML                     // data changed by a statement instead of rows
	Schema                  // DDL; see Kind, Object, Names
)

// Name is the name of an object; Schema is empty when the statement gives none.
type Name struct{ Schema, Name string }

// Statement is what is known of a statement.
type Statement struct {
	Class     Class
	Kind      string // CREATE, ALTER, DROP, RENAME, TRUNCATE; of DML its verb
	Object    string // TABLE, VIEW, INDEX, DATABASE, ...
	Names     []Name // tables: all that are named; others: the object
	NewNames  []Name // RENAME TABLE and ALTER TABLE RENAME: the new names, in order
	Savepoint string
	Branch    string // X'gtrid',X'bqual',format as the log writes it
	Temporary bool
	Exists    bool  // IF EXISTS, IF NOT EXISTS
	Like      *Name // CREATE TABLE LIKE
	// Partition says that ALTER TABLE drops, truncates or exchanges partitions:
	// rows go without row events.
	Partition string
	// Places are the names of objects with schemas, where they stand in the statement:
	// those of Names, NewNames and Like, and the table of a trigger.
	Places []Place

	text string
	ansi bool
}

// Place is a name and where it stands in the text.
type Place struct {
	Name     Name
	From, To int
}

// parser walks over tokens with one token of foresight.
type parser struct {
	lex lexer
	tok token
	end int // of the token before tok

	places []Place // of the names that were read
}

func newParser(text string, ansiQuotes bool) *parser {
	p := &parser{lex: lexer{text: text, ansiQuotes: ansiQuotes}}
	p.advance()
	return p
}

func (p *parser) advance() { p.end, p.tok = p.tok.to, p.lex.next() }

// word reports whether the token is this keyword, and passes it.
func (p *parser) word(words ...string) bool {
	if p.tok.kind != tokenWord {
		return false
	}
	for _, w := range words {
		if strings.EqualFold(p.tok.text, w) {
			p.advance()
			return true
		}
	}
	return false
}

func (p *parser) peek(words ...string) bool {
	if p.tok.kind != tokenWord {
		return false
	}
	for _, w := range words {
		if strings.EqualFold(p.tok.text, w) {
			return true
		}
	}
	return false
}

func (p *parser) symbol(s string) bool {
	if p.tok.kind == tokenSymbol && p.tok.text == s {
		p.advance()
		return true
	}
	return false
}

func (p *parser) isSymbol(s string) bool { return p.tok.kind == tokenSymbol && p.tok.text == s }

// ident passes a name, quoted or not.
func (p *parser) ident() (string, bool) {
	if p.tok.kind != tokenWord && p.tok.kind != tokenName && p.tok.kind != tokenNumber {
		return "", false
	}
	s := p.tok.text
	p.advance()
	return s, true
}

// name passes schema.name or name.
func (p *parser) name() (Name, bool) {
	from := p.tok.from
	a, ok := p.ident()
	if !ok {
		return Name{}, false
	}
	n := Name{Name: a}
	if p.symbol(".") {
		n.Schema = a
		n.Name, ok = p.ident()
	}
	if ok {
		p.places = append(p.places, Place{Name: n, From: from, To: p.end})
	}
	return n, ok
}

// Parse classifies a statement. ansiQuotes is the session's sql_mode ANSI_QUOTES.
func Parse(text string, ansiQuotes bool) Statement {
	s := Statement{text: text, ansi: ansiQuotes}
	p := newParser(text, ansiQuotes)
	switch {
	case p.word("BEGIN"):
		s.Class = Begin
	case p.word("START"):
		if p.word("TRANSACTION") {
			s.Class = Begin
		}
	case p.word("COMMIT"):
		s.Class = Commit
	case p.word("ROLLBACK"):
		s.Class = Rollback
		p.word("WORK")
		if p.word("TO") {
			s.Class = RollbackTo
			p.word("SAVEPOINT")
			s.Savepoint, _ = p.ident()
		}
	case p.word("SAVEPOINT"):
		s.Class = Savepoint
		s.Savepoint, _ = p.ident()
	case p.word("XA"):
		s.parseXA(p)
	case p.peek("CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE"):
		s.parseSchema(p)
	default:
		s.parseDML(p)
	}
	s.Places = p.places
	return s
}

func (s *Statement) parseXA(p *parser) {
	switch {
	case p.word("START", "BEGIN", "END"):
		s.Class = XAStart
		return
	case p.word("COMMIT"):
		s.Class = XACommit
	case p.word("ROLLBACK"):
		s.Class = XARollback
	default:
		return
	}
	s.Branch = strings.TrimRight(strings.TrimSpace(s.text[p.tok.from:]), "; ")
}

// dmlVerbs are the statements that change rows.
var dmlVerbs = []string{"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "WITH", "CALL", "DO"}

// parseDML finds the first table that the statement changes, as far as its form
// tells. No name means any table.
func (s *Statement) parseDML(p *parser) {
	if !p.peek(dmlVerbs...) {
		return
	}
	s.Class, s.Kind = DML, strings.ToUpper(p.tok.text)
	p.advance()
	for p.word("LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "IGNORE", "QUICK", "CONCURRENT") {
	}
	switch s.Kind {
	case "INSERT", "REPLACE":
		p.word("INTO")
	case "DELETE":
		if !p.word("FROM") {
			return
		}
	case "UPDATE":
	default:
		return
	}
	n, ok := p.name()
	if ok && !p.isSymbol(",") && !p.peek("JOIN", "INNER", "LEFT", "RIGHT", "CROSS", "NATURAL") {
		s.Names = []Name{n}
	}
}

// parseSchema reads the head of a DDL statement.
func (s *Statement) parseSchema(p *parser) {
	s.Kind = strings.ToUpper(p.tok.text)
	p.advance()
	s.Class = Schema
	switch s.Kind {
	case "TRUNCATE":
		p.word("TABLE")
		s.Object = "TABLE"
		s.oneName(p)
		return
	case "RENAME":
		s.parseRename(p)
		return
	}
	s.objectType(p)
	switch s.Object {
	case "":
		s.Class = Other
	case "TABLE":
		s.tableHead(p)
	case "INDEX":
		s.indexHead(p)
	default:
		skipExists(p)
		s.oneName(p)
		if s.Kind == "DROP" {
			for p.symbol(",") {
				s.oneName(p)
			}
		}
		if s.Object == "TRIGGER" && s.Kind == "CREATE" {
			for p.tok.kind != tokenEnd && !p.word("ON") {
				p.advance()
			}
			p.name() // stands in Places only
		}
	}
}

func (s *Statement) oneName(p *parser) {
	if n, ok := p.name(); ok {
		s.Names = append(s.Names, n)
	}
}

// objects are what CREATE, ALTER and DROP may name, and that a capture tells of.
var objects = []string{"TABLE", "TABLES", "VIEW", "INDEX", "DATABASE", "SCHEMA", "TRIGGER",
	"PROCEDURE", "FUNCTION", "EVENT", "SEQUENCE", "PACKAGE"}

// otherObjects are of no interest: accounts, servers, storage.
var otherObjects = []string{"USER", "ROLE", "SERVER", "TABLESPACE", "LOGFILE", "INSTANCE",
	"RESOURCE", "UNDO", "SPATIAL_REFERENCE"}

// objectType passes words up to the type of the object: OR REPLACE, DEFINER = ...,
// ALGORITHM = ..., UNIQUE and so on stand before it.
func (s *Statement) objectType(p *parser) {
	for p.tok.kind != tokenEnd {
		if p.peek(otherObjects...) {
			return
		}
		if p.peek("TEMPORARY") {
			s.Temporary = true
		}
		if p.word("DEFINER") { // SQL SECURITY DEFINER has nothing behind it
			if p.symbol("=") {
				skipDefiner(p)
			}
			continue
		}
		if p.peek(objects...) {
			s.Object = strings.ToUpper(p.tok.text)
			switch s.Object {
			case "SCHEMA":
				s.Object = "DATABASE"
			case "TABLES":
				s.Object = "TABLE"
			}
			p.advance()
			return
		}
		p.advance()
	}
}

// skipDefiner passes user@host behind DEFINER =; the names may be keywords.
func skipDefiner(p *parser) {
	p.advance()
	if p.symbol("@") {
		p.advance()
	}
	if p.symbol("(") {
		p.symbol(")")
	}
}

func skipExists(p *parser) (exists bool) {
	if p.word("IF") {
		p.word("NOT")
		p.word("EXISTS")
		return true
	}
	return false
}

func (s *Statement) tableHead(p *parser) {
	p.word("IGNORE")
	s.Exists = skipExists(p)
	s.oneName(p)
	switch s.Kind {
	case "DROP":
		for p.symbol(",") {
			s.oneName(p)
		}
	case "CREATE":
		p.symbol("(")
		if p.word("LIKE") {
			if n, ok := p.name(); ok {
				s.Like = &n
			}
		}
	case "ALTER":
		s.alterNames(p)
	}
}

// alterNames looks for the parts of ALTER TABLE that reach beyond its columns.
func (s *Statement) alterNames(p *parser) {
	depth := 0
	first := true
	for p.tok.kind != tokenEnd {
		start := first
		first = false
		switch {
		case p.symbol("("):
			depth++
		case p.symbol(")"):
			depth--
		case depth == 0 && p.symbol(","):
			first = true
		case depth == 0 && start && p.word("RENAME"):
			if p.peek("COLUMN", "INDEX", "KEY") {
				continue
			}
			if !p.word("TO", "AS") {
				p.symbol("=")
			}
			if n, ok := p.name(); ok {
				s.NewNames = []Name{n}
			}
		case depth == 0 && start && p.peek("DROP", "TRUNCATE", "EXCHANGE", "CONVERT"):
			verb := strings.ToUpper(p.tok.text)
			p.advance()
			if p.word("PARTITION") {
				s.Partition = verb
			}
		default:
			p.advance()
		}
	}
}

// indexHead reads CREATE INDEX i ON t and DROP INDEX i ON t.
func (s *Statement) indexHead(p *parser) {
	skipExists(p)
	if _, ok := p.ident(); !ok {
		return
	}
	for p.tok.kind != tokenEnd {
		if p.word("ON") {
			s.oneName(p)
			return
		}
		p.advance()
	}
}

// parseRename reads RENAME TABLE a TO b, c TO d. RENAME USER is of no interest.
func (s *Statement) parseRename(p *parser) {
	if !p.word("TABLE", "TABLES") {
		s.Class = Other
		return
	}
	s.Object = "TABLE"
	skipExists(p)
	for {
		from, ok := p.name()
		if !ok {
			return
		}
		if p.word("WAIT") {
			p.advance()
		}
		p.word("NOWAIT")
		if !p.word("TO") {
			return
		}
		to, ok := p.name()
		if !ok {
			return
		}
		s.Names, s.NewNames = append(s.Names, from), append(s.NewNames, to)
		if !p.symbol(",") {
			return
		}
	}
}
