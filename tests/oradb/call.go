package oradb

import (
	"bytes"
	"strings"
)

// argument is one argument of a call: its name, if it has one, and where it stands.
type argument struct {
	name     string
	from, to int
}

// call runs PACKAGE.PROCEDURE(arguments).
func (b *block) call(end int) error {
	start := b.at
	var parts []string
	for b.peek().name() {
		parts = append(parts, b.next().text)
		if !b.accept(".") {
			break
		}
	}
	if parts[0] == "SYS" {
		parts = parts[1:]
	}
	args, err := b.arguments(end)
	if err != nil {
		return err
	}
	name := strings.Join(parts, ".")
	b.at = start
	switch {
	case strings.HasPrefix(name, "DBMS_LOGMNR."):
		err = b.logmnr(strings.TrimPrefix(name, "DBMS_LOGMNR."), args)
	case strings.HasPrefix(name, "DBMS_LOB."):
		err = b.lob(strings.TrimPrefix(name, "DBMS_LOB."), args)
	case name == "DBMS_LOGMNR_D.BUILD", strings.HasPrefix(name, "DBMS_APPLICATION_INFO."),
		strings.HasPrefix(name, "DBMS_SESSION."), strings.HasPrefix(name, "DBMS_STATS."),
		strings.HasPrefix(name, "DBMS_OUTPUT."):
	case len(parts) == 1 && b.isVariable(parts[0]) && b.ahead(1).is(":="):
		b.at += 2
		b.vars[parts[0]], err = b.value(end)
	default:
		err = b.unknown()
	}
	if err == nil {
		b.at = end
	}
	return err
}

func (b *block) isVariable(name string) bool {
	_, known := b.vars[name]
	return known
}

// arguments finds the arguments behind a name, if any.
func (b *block) arguments(end int) ([]argument, error) {
	if !b.accept("(") {
		return nil, nil
	}
	var list []argument
	for b.at < end && !b.peek().is(")") {
		a := argument{from: b.at}
		if b.peek().name() && b.ahead(1).is("=>") {
			a.name, a.from = b.peek().text, b.at+2
		}
		a.to = b.skipTo(a.from, ",")
		list = append(list, a)
		b.at = a.to
		b.accept(",")
	}
	return list, nil
}

// argument evaluates the argument of a name or place, nil if it was not given.
func (b *block) argument(args []argument, name string, place int) (any, error) {
	for i, a := range args {
		if a.name == name || a.name == "" && i == place {
			b.at = a.from
			return b.value(a.to)
		}
	}
	return nil, nil
}

// options evaluates a sum of constants of DBMS_LOGMNR and numbers.
func (b *block) options(args []argument, place int) (int64, error) {
	for i, a := range args {
		if a.name != "OPTIONS" && (a.name != "" || i != place) {
			continue
		}
		sum := int64(0)
		for at := a.from; at < a.to; at++ {
			t := b.tokens[at]
			switch {
			case t.kind == number:
				sum += asInt(t.text)
			case t.kind == bind:
				v, err := fromBind(b.binds[t.text])
				if err != nil {
					return 0, err
				}
				sum += asInt(v)
			case t.is("+", ".", "SYS", "DBMS_LOGMNR"):
			default:
				n, known := logmnrConstants()[t.text]
				if !known {
					return 0, b.unknown()
				}
				sum += n
			}
		}
		return sum, nil
	}
	return 0, nil
}

func (b *block) logmnr(procedure string, args []argument) error {
	switch procedure {
	case "END_LOGMNR":
		if len(b.s.mine.files) == 0 && !b.s.mine.started {
			return oraError(1307)
		}
		return b.s.endMining()
	case "ADD_LOGFILE", "REMOVE_LOGFILE":
		name, err := b.argument(args, "LOGFILENAME", 0)
		if err != nil {
			return err
		}
		if procedure == "REMOVE_LOGFILE" {
			return b.s.removeLogFile(asText(name))
		}
		option, err := b.options(args, 1)
		if err != nil {
			return err
		}
		return b.s.addLogFile(asText(name), option)
	case "START_LOGMNR":
		first, err := b.argument(args, "STARTSCN", 0)
		if err != nil {
			return err
		}
		last, err := b.argument(args, "ENDSCN", 1)
		if err != nil {
			return err
		}
		options, err := b.options(args, 5)
		if err != nil {
			return err
		}
		return b.s.startMining(uint64(asInt(first)), uint64(asInt(last)), options)
	}
	return b.unknown()
}

// lob runs the procedures that write LOBs.
func (b *block) lob(procedure string, args []argument) error {
	if len(args) == 0 {
		return b.unknown()
	}
	l, ok := b.vars[b.token(args[0].from).text].(locator)
	if !ok {
		return b.unknown()
	}
	old, err := b.s.lobValue(l)
	if err != nil {
		return err
	}
	switch procedure {
	case "WRITEAPPEND", "APPEND":
		piece, err := b.argument(args, "BUFFER", len(args)-1)
		if err != nil {
			return err
		}
		return b.s.writeLOB(l, joined(old, piece))
	case "TRIM":
		n, err := b.argument(args, "NEWLEN", 1)
		if err != nil {
			return err
		}
		return b.s.writeLOB(l, trimmedLOB(old, int(asInt(n))))
	case "WRITE":
		offset, err := b.argument(args, "OFFSET", 2)
		if err != nil {
			return err
		}
		piece, err := b.argument(args, "BUFFER", 3)
		if err != nil {
			return err
		}
		return b.s.writeLOB(l, overwritten(old, piece, int(asInt(offset))-1))
	case "OPEN", "CLOSE":
		return nil
	}
	return b.unknown()
}

func joined(old, piece any) any {
	if octets, ok := piece.([]byte); ok {
		before, _ := old.([]byte)
		return append(bytes.Clone(before), octets...)
	}
	return asText(old) + asText(piece)
}

func trimmedLOB(old any, n int) any {
	if octets, ok := old.([]byte); ok {
		return octets[:min(n, len(octets))]
	}
	runes := []rune(asText(old))
	return string(runes[:min(n, len(runes))])
}

// overwritten puts a piece at an offset; what lies before is filled with zeros or blanks.
func overwritten(old, piece any, at int) any {
	if octets, ok := piece.([]byte); ok {
		before, _ := old.([]byte)
		out := make([]byte, max(len(before), at+len(octets)))
		copy(out, before)
		copy(out[at:], octets)
		return out
	}
	before, part := []rune(asText(old)), []rune(asText(piece))
	out := make([]rune, max(len(before), at+len(part)))
	for i := range out {
		out[i] = ' '
	}
	copy(out, before)
	copy(out[at:], part)
	return string(out)
}

// lobRow finds the row of a locator as the transaction sees it.
func (s *session) lobRow(l locator) (*versionOf, error) {
	reader := int64(0)
	if s.tx != nil {
		reader = s.tx.number
	}
	x := s.translator(&parser{})
	x.internal = true
	a, err := s.db.rowsOf(`SELECT "#VID", "#ROWID", "#ET", `+columnList(l.t)+" FROM "+
		x.versions(l.t, "?1")+` WHERE "#ROWID" = ?3`, int64(s.db.scn), reader, l.rid)
	if err != nil {
		return nil, err
	}
	rows, err := s.found(l.t, a.rows)
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, oraError(22922)
	}
	return &rows[0], nil
}

func (s *session) lobValue(l locator) (any, error) {
	row, err := s.lobRow(l)
	if err != nil {
		return nil, err
	}
	if row.values[l.c] == nil {
		return nil, oraError(22275)
	}
	return row.values[l.c], nil
}

// writeLOB gives a LOB its new value; the redo has it as an update of that column.
func (s *session) writeLOB(l locator, v any) error {
	row, err := s.lobRow(l)
	if err != nil {
		return err
	}
	after := append([]any(nil), row.values...)
	set := make([]bool, len(after))
	after[l.c], set[l.c] = v, true
	_, err = s.updateRow(l.t, row, after, set)
	return err
}
