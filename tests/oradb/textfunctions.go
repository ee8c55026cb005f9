package oradb

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// window gives the bounds of SUBSTR, counted from 1 or from the end.
func window(size, from, count int) (int, int) {
	switch {
	case from > 0:
		from--
	case from < 0:
		from += size
	}
	if from < 0 || from >= size || count <= 0 {
		return 0, 0
	}
	return from, min(size, from+count)
}

func substr(_ *DB, a []any) (any, error) {
	runes := []rune(asText(a[0]))
	count := len(runes)
	if len(a) > 2 {
		count = int(asInt(a[2]))
	}
	from, to := window(len(runes), int(asInt(a[1])), count)
	return null(string(runes[from:to])), nil
}

// lobSubstr is DBMS_LOB.SUBSTR(lob, amount, offset).
func lobSubstr(db *DB, a []any) (any, error) {
	amount, offset := int64(32767), int64(1)
	if len(a) > 1 {
		amount = asInt(a[1])
	}
	if len(a) > 2 {
		offset = asInt(a[2])
	}
	if b, ok := a[0].([]byte); ok {
		from, to := window(len(b), int(offset), int(amount))
		return b[from:to], nil
	}
	return substr(db, []any{a[0], offset, amount})
}

func length(_ *DB, a []any) (any, error) {
	if b, ok := a[0].([]byte); ok {
		return int64(len(b)), nil
	}
	return int64(utf8.RuneCountInString(asText(a[0]))), nil
}

func lengthB(_ *DB, a []any) (any, error) {
	if b, ok := a[0].([]byte); ok {
		return int64(len(b)), nil
	}
	return int64(len(asText(a[0]))), nil
}

func instr(_ *DB, a []any) (any, error) {
	s, part := asText(a[0]), asText(a[1])
	from := 0
	if len(a) > 2 {
		from = max(0, int(asInt(a[2]))-1)
	}
	runes := []rune(s)
	if from > len(runes) {
		return int64(0), nil
	}
	at := strings.Index(string(runes[from:]), part)
	if at < 0 {
		return int64(0), nil
	}
	return int64(from + utf8.RuneCountInString(string(runes[from:])[:at]) + 1), nil
}

func pad(left bool) func(*DB, []any) (any, error) {
	return func(_ *DB, a []any) (any, error) {
		runes, n, with := []rune(asText(a[0])), int(asInt(a[1])), []rune(" ")
		if len(a) > 2 {
			with = []rune(asText(a[2]))
		}
		if n <= len(runes) {
			return null(string(runes[:max(n, 0)])), nil
		}
		var fill []rune
		for len(fill) < n-len(runes) {
			fill = append(fill, with[len(fill)%len(with)])
		}
		if left {
			return string(fill) + string(runes), nil
		}
		return string(runes) + string(fill), nil
	}
}

func initcap(_ *DB, a []any) (any, error) {
	begin := true
	return strings.Map(func(r rune) rune {
		s := string(r)
		if begin {
			s = strings.ToUpper(s)
		} else {
			s = strings.ToLower(s)
		}
		begin = !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
		return []rune(s)[0]
	}, asText(a[0])), nil
}

// concat is ||: NULL is an empty text.
func concat(db *DB, a []any) (any, error) {
	var b strings.Builder
	for _, v := range a {
		if v != nil {
			b.WriteString(db.current.display(v))
		}
	}
	return null(b.String()), nil
}

// unistr undoes \0412 and \\.
func unistr(_ *DB, a []any) (any, error) {
	s := asText(a[0])
	var units []uint16
	for i := 0; i < len(s); {
		if s[i] == '\\' && i+1 < len(s) && s[i+1] == '\\' {
			units, i = append(units, '\\'), i+2
			continue
		}
		if s[i] == '\\' {
			if i+5 > len(s) {
				return nil, oraError(30186)
			}
			u, err := strconv.ParseUint(s[i+1:i+5], 16, 16)
			if err != nil {
				return nil, oraError(30186)
			}
			units, i = append(units, uint16(u)), i+5
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		units, i = utf16.AppendRune(units, r), i+size
	}
	return string(utf16.Decode(units)), nil
}

// sysContext is SYS_CONTEXT('USERENV', name).
func sysContext(db *DB, a []any) (any, error) {
	s := db.current
	switch strings.ToUpper(asText(a[0])) {
	case "SESSION_USER", "CURRENT_USER":
		return s.user.name, nil
	case "CURRENT_SCHEMA":
		return s.schema, nil
	case "DB_NAME", "CON_NAME", "INSTANCE_NAME":
		return db.options.Name, nil
	case "DB_UNIQUE_NAME", "SERVICE_NAME":
		return db.options.Service, nil
	case "CON_ID":
		return "0", nil
	case "INSTANCE":
		return strconv.Itoa(s.thread.number), nil
	case "SID", "SESSIONID":
		return strconv.Itoa(s.id), nil
	case "CURRENT_USERID", "SESSION_USERID":
		return strconv.Itoa(s.user.id), nil
	case "ISDBA":
		return "FALSE", nil
	case "LANGUAGE":
		return "AMERICAN_AMERICA.AL32UTF8", nil
	case "SERVER_HOST", "HOST":
		return "localhost", nil
	}
	return nil, nil
}

// cast converts to the type that the second argument names.
func cast(db *DB, a []any) (any, error) {
	p, err := parse(asText(a[1]))
	if err != nil {
		return nil, err
	}
	t, err := p.parseType()
	if err != nil {
		return nil, err
	}
	return db.current.store(a[0], &t, "CAST")
}

func sequenceValue(db *DB, a []any) (any, error) {
	q := db.sequences[objectName{asText(a[0]), asText(a[1])}]
	if q == nil {
		return nil, oraError(2289)
	}
	if asText(a[2]) == "NEXTVAL" {
		q.last, q.next = q.next, q.next+q.step
	}
	return q.last, nil
}

// compareLOBs is DBMS_LOB.COMPARE of whole values.
func compareLOBs(_ *DB, a []any) (any, error) {
	return int64(strings.Compare(asText(a[0]), asText(a[1]))), nil
}
