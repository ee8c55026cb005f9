package logdump

import (
	"fmt"
	"strings"
	"time"

	"ggsh/record"
	"ggsh/trail"
)

// recType is a record type as logdump numbers it (IOType).
type recType struct {
	number int
	name   string
}

func recTypes() []recType {
	return []recType{{3, "Delete"}, {5, "Insert"}, {10, "Update"}, {15, "FieldComp"},
		{100, "GGSPurgedata"}, {115, "GGSPKUpdate"}, {134, "GGSUnifiedUpdate"},
		{135, "GGSUnifiedPKUpdate"}, {150, "RestartAbend"}, {151, "RestartOK"}, {160, "DDLOP"},
		{170, "Metadata"}, {200, "FileHeader"}, {201, "EndOfFile"}}
}

func typeNamed(number int) recType {
	for _, t := range recTypes() {
		if t.number == number {
			return t
		}
	}
	return recType{number, "Unknown"}
}

// entry is a record as logdump shows it; transactions' frames are none.
type entry struct {
	rec  *trail.Record
	op   record.Op
	kind recType
	name string // of the table
	bad  error  // the operation cannot be decoded
}

// classify decodes a record as far as showing and choosing need.
func classify(rec *trail.Record) entry {
	e := entry{rec: rec}
	switch rec.Type {
	case trail.TypeHeader:
		e.kind = typeNamed(200)
	case trail.TypeEnd:
		e.kind = typeNamed(201)
	case trail.TypeTable:
		e.kind, e.name = typeNamed(170), rec.Table.FullName()
	case trail.TypeRestart:
		mark, err := trail.DecodeRestart(rec.Body)
		e.kind, e.bad = typeNamed(151), err
		if mark.Abend {
			e.kind = typeNamed(150)
		}
	case trail.TypeOp:
		e.bad = record.DecodeOp(rec.Body, &e.op)
		e.kind = typeNamed(opNumber(&e.op))
		if rec.Table != nil {
			e.name = rec.Table.FullName()
		} else if ddl, err := record.DecodeDDL(&e.op); err == nil {
			e.name = ddl.Name
		}
	}
	return e
}

func opNumber(op *record.Op) int {
	switch op.Type {
	case record.Insert:
		return 5
	case record.Delete:
		return 3
	case record.Truncate:
		return 100
	case record.DDL:
		return 160
	case record.PKUpdate:
		if op.Compressed {
			return 115
		}
		return 135
	case record.Update:
		if op.Before != nil {
			return 134
		}
		if op.Compressed {
			return 15
		}
		return 10
	}
	return 0
}

func (e *entry) transInd() (int, string) {
	switch e.rec.Flags & (trail.FlagFirst | trail.FlagLast) {
	case trail.FlagFirst:
		return 0, "first"
	case trail.FlagLast:
		return 2, "last"
	case trail.FlagFirst | trail.FlagLast:
		return 3, "whole"
	}
	return 1, "middle"
}

func (e *entry) time() time.Time {
	if e.rec.Txn != nil {
		return e.rec.Txn.CommitTime
	}
	return time.Time{}
}

const rule = "___________________________________________________________________"

// print shows one record.
func (s *Session) print(e *entry) {
	switch e.rec.Type {
	case trail.TypeHeader:
		s.printFileHeader(e)
		return
	case trail.TypeEnd:
		s.printf("%s\n%-20s Len %5d RBA %d\n", rule, e.kind.name, len(e.rec.Body), e.rec.Pos.RBA)
		return
	}
	s.printf("%s\n", rule)
	if s.ghdr {
		s.printGHDR(e)
	}
	stamp := ""
	if t := e.time(); !t.IsZero() {
		stamp = s.timeText(t) + " "
	}
	s.printf("%s%-20s Len %5d RBA %d\n", stamp, e.kind.name, len(e.rec.Body), e.rec.Pos.RBA)
	if e.bad != nil {
		s.printf("The record cannot be decoded: %v\n", e.bad)
	}
	switch e.rec.Type {
	case trail.TypeTable:
		s.printf("Name: %s  (TDR Index: %d)\n", e.name, e.rec.Table.ID)
		if s.detail != off {
			s.printTable(e.rec.Table)
		}
	case trail.TypeRestart:
		if mark, err := trail.DecodeRestart(e.rec.Body); err == nil {
			s.printf("Valid content of the previous file ends at %s\n", mark.End)
		}
	case trail.TypeOp:
		s.printOp(e)
	}
}

func (s *Session) printGHDR(e *entry) {
	ind, _ := e.transInd()
	if e.rec.Type != trail.TypeOp {
		ind = 3
	}
	ba, code := byte('A'), byte('A')
	if e.op.Type == record.Delete {
		ba, code = 'B', 'B'
	}
	csn := record.CSN{}
	ioTime := ""
	if e.rec.Txn != nil {
		csn, ioTime = e.rec.Txn.CSN, s.timeText(e.rec.Txn.CommitTime)
	}
	n := len(e.rec.Body)
	s.printf("Hdr-Ind    :     E  (x45)     Partition  :     .  (x0c)\n")
	s.printf("UndoFlag   :     .  (x00)     BeforeAfter:     %c  (x%02x)\n", ba, code)
	s.printf("RecLength  : %5d  (x%04x)   IO Time    : %s\n", n, n, ioTime)
	s.printf("IOType     : %5d  (x%02x)     OrigNode   :   255  (xff)\n", e.kind.number, e.kind.number)
	s.printf("TransInd   :     .  (x%02x)     FormatType :     R  (x52)\n", ind)
	s.printf("SyskeyLen  :     0  (x00)     Incomplete :     .  (x00)\n")
	s.printf("AuditRBA   : %10d       AuditPos   : %d\n", csn.Major, csn.Minor)
	s.printf("Continued  :     N  (x00)     RecCount   :     1  (x01)\n\n")
}

func (s *Session) printOp(e *entry) {
	switch {
	case e.rec.Table != nil:
		s.printf("Name: %s  (TDR Index: %d)\n", e.name, e.op.Table)
	case e.name != "":
		s.printf("Name: %s\n", e.name)
	default:
		s.printf("Name: (definition of table %d not found)\n", e.op.Table)
	}
	if ddl, err := record.DecodeDDL(&e.op); err == nil {
		s.printf("DDL: %s %s, schema %s\n%s\n", ddl.Kind, ddl.Object, ddl.Schema, ddl.Text)
	}
	s.printImage("Before", e, e.op.Before)
	s.printImage("After ", e, e.op.After)
	if s.userToken != off && e.op.Tokens != nil {
		s.printTokens(e)
	}
	if s.ggsToken != off && e.rec.Txn != nil {
		s.printTxn(e)
	}
}

func (s *Session) printImage(which string, e *entry, image record.Image) {
	if image == nil {
		return
	}
	_, place := e.transInd()
	s.printf("%-57s Partition x0c   G  %s\n", which+" Image:", place[:1])
	if s.detail == off {
		s.printHex(image)
		return
	}
	if s.detail == full {
		s.printHex(image)
	}
	var def *record.TableDef
	if def = e.rec.Table; def == nil {
		return
	}
	rest := []byte(image)
	for i := 0; len(rest) > 0; i++ {
		v, r, err := record.DecodeValue(rest)
		if err != nil {
			s.printf("Column %5d (x%04x) cannot be decoded: %v\n", i, i, err)
			return
		}
		s.printColumn(def, i, v, len(rest)-len(r))
		rest = r
	}
}

func (s *Session) printColumn(def *record.TableDef, i int, v record.Value, n int) {
	if v.Kind == record.Missing {
		return
	}
	s.printf("Column %5d (x%04x), Len %5d (x%04x)", i, i, n, n)
	if s.detail == full {
		name := "?"
		if i < len(def.Columns) {
			name = def.Columns[i].Name
		}
		text := "NULL"
		if v.Kind != record.Null {
			text = fmt.Sprintf("%q", v.Text(nil, -1))
			text = text[1 : len(text)-1]
		}
		s.printf("  %s (%s): %s", name, v.Kind, text)
	}
	s.printf("\n")
}

// printHex shows up to RECLEN bytes in hexadecimal and as text.
func (s *Session) printHex(b []byte) {
	b = b[:min(len(b), s.recLen)]
	for len(b) > 0 {
		line := b[:min(16, len(b))]
		b = b[len(line):]
		var hex, text strings.Builder
		for i, c := range line {
			if i%2 == 0 {
				hex.WriteByte(' ')
			}
			fmt.Fprintf(&hex, "%02x", c)
			if c < 32 || c > 126 {
				c = '.'
			}
			text.WriteByte(c)
		}
		s.printf("%-50s| %s\n", hex.String(), text.String())
	}
}

func (s *Session) printTokens(e *entry) {
	pairs, err := e.op.Tokens.Pairs()
	if err != nil {
		s.printf("The user tokens cannot be decoded: %v\n", err)
		return
	}
	s.printf("\nUser tokens: %d bytes\n", len(e.op.Tokens))
	for _, p := range pairs {
		s.printf("%-20s: %s\n", p[0], p[1])
	}
}

func (s *Session) printTxn(e *entry) {
	t := e.rec.Txn
	s.printf("\nGGS tokens:\n")
	s.printf("TokenID x4c 'L' LOGCSN           %s\n", t.CSN)
	s.printf("TokenID x36 '6' TRANID           %s\n", t.XID)
	if t.Tag != "" {
		s.printf("TokenID x74 't' TAG              %s\n", t.Tag)
	}
	if s.ggsToken < full {
		return
	}
	if t.User != "" {
		s.printf("User                             %s\n", t.User)
	}
	if t.OriginSeqno != 0 || t.OriginRBA != 0 {
		s.printf("Origin                           %d:%d\n", t.OriginSeqno, t.OriginRBA)
	}
	if t.Continued {
		s.printf("Continued from the file before\n")
	}
}

func (s *Session) printFileHeader(e *entry) {
	s.printf("%s\n%-20s Len %5d RBA %d\n", rule, "FileHeader", len(e.rec.Body), e.rec.Pos.RBA)
	h := s.file.Header()
	if h == nil || s.fileHeader == off {
		return
	}
	s.printf("File       : %s, number %d, format version %d\n", h.File, h.Seqno, h.Version)
	s.printf("Created    : %s\n", s.timeText(h.Created))
	s.printf("Writer     : group %s, %s\n", h.Group, h.Program)
	s.printf("Source     : %s database %s on host %s\n", h.Kind, h.Database, h.Host)
	if h.Seal != nil {
		s.printf("Encrypted  : %s\n", h.Seal)
	}
	if h.PrevEnd > 0 {
		s.printf("Predecessor: ends at RBA %d\n", h.PrevEnd)
	}
	if h.Last != nil {
		s.printf("Before it  : transaction %s, CSN %s, %s\n", h.Last.XID, h.Last.CSN,
			s.timeText(h.Last.CommitTime))
	}
	if s.fileHeader == full {
		s.printHex(e.rec.Body)
	}
}

func (s *Session) printTable(t *record.TableDef) {
	key := map[int]bool{}
	for _, k := range t.Key {
		key[k] = true
	}
	s.printf("Source database %s, %d columns\n", t.Database, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		mark := ""
		if key[i] {
			mark += " KEY"
		}
		if !c.Nullable {
			mark += " NOT NULL"
		}
		if c.Generated {
			mark += " GENERATED"
		}
		s.printf("%5d  %-30s %-20s %s%s\n", i, c.Name, c.Type, c.Kind, mark)
	}
}
