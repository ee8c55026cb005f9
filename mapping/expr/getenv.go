package expr

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

const stampLayout = "2006-01-02 15:04:05.000000"

// envType is a type of @GETENV with its items.
type envType struct {
	name   string
	items  []string
	never  []string // items that are understood, and always missing
	fact   bool     // the process is asked
	tables bool     // 'TABLE', t may stand before the item
	free   bool     // items of any name
	bind   func(s *Scope, item string) bound
}

// all are the items that may be asked for.
func (t *envType) all() []string { return append(slices.Clip(t.items), t.never...) }

// envTypes are the types of @GETENV.
func envTypes() []envType {
	return []envType{
		{name: "LAG", items: []string{"SEC", "MSEC", "MIN"}, bind: bindLag},
		{name: "JULIANTIMESTAMP", bind: bindJulian}, {name: "JULIANTIMESTAMP_PRECISE", bind: bindJulian},
		{name: "GGENVIRONMENT", items: []string{"DOMAINNAME", "GROUPDESCRIPTION", "GROUPNAME",
			"GROUPTYPE", "HOSTNAME", "OSUSERNAME", "PROCESSID"}, bind: bindProcess},
		{name: "GGHEADER", items: []string{"BEFOREAFTERINDICATOR", "COMMITTIMESTAMP", "LOGPOSITION",
			"LOGRBA", "OBJECTNAME", "TABLENAME", "OPTYPE", "RECORDLENGTH", "TRANSACTIONINDICATOR"},
			bind: bindHeader},
		{name: "RECORD", items: []string{"FILESEQNO", "FILERBA", "TIMESTAMP"},
			never: []string{"ROWID", "RSN"}, bind: bindPosition},
		{name: "TRANSACTION", items: transactionItems, never: untoldOfTxn, bind: bindTransaction},
		{name: "ORATRANSACTION", items: append([]string{"SCN"}, transactionItems...),
			never: untoldOfTxn, bind: bindTransaction},
		{name: "OSVARIABLE", free: true, bind: bindVariable},
		{name: "LASTERR", items: []string{"DBERRNUM", "DBERRMSG", "OPTYPE", "ERRTYPE"}, fact: true},
		{name: "DBENVIRONMENT", items: []string{"DBNAME", "DBVERSION", "DBUSER", "SERVERNAME"},
			fact: true},
		{name: "RECSOUTPUT", fact: true},
		{name: "STATS", items: counters, never: uncounted, fact: true, tables: true},
		{name: "DELTASTATS", items: counters, never: uncounted, fact: true, tables: true},
		{name: "GGFILEHEADER", items: headerItems, never: headerUntold, fact: true},
		{name: "TLFKEY", free: true, bind: func(*Scope, string) bound { return missing() }},
	}
}

var (
	transactionItems = []string{"TRANSACTIONID", "XID", "CSN", "TIMESTAMP", "USERNAME"}
	untoldOfTxn      = []string{"NAME", "USERID", "PLANNAME", "LOGBSN", "REDOTHREAD"}

	counters = []string{"INSERT", "UPDATE", "DELETE", "UPSERT", "TRUNCATE", "DML", "DDL", "TOTAL",
		"COLLISIONS", "DISCARDS", "IGNORES", "CDR_CONFLICTS", "CDR_RESOLUTIONS_SUCCEEDED",
		"CDR_RESOLUTIONS_FAILED"}
	uncounted = []string{"ERRORS", "WARNINGS"}

	headerItems = []string{"COMPATIBILITY", "CHARSET", "CREATETIMESTAMP", "FILENAME", "FILESEQNO",
		"GROUPNAME", "GGVERSIONSTRING", "HOSTNAME", "DBNAME", "DBTYPE", "DBCHARSET"}
	// A header is written before the records behind it, and tells nothing of them; the
	// rest is not what trails of this product hold.
	headerUntold = []string{"FILETYPE", "FILESIZE", "FIRSTRECCSN", "LASTRECCSN", "FIRSTRECIOTIME",
		"LASTRECIOTIME", "URI", "URIHISTORY", "DATASOURCE", "GGMAJORVERSION", "GGMINORVERSION",
		"GGMAINTENANCELEVEL", "GGBUGFIXLEVEL", "GGBUILDNUMBER", "OSVERSION", "OSRELEASE", "OSTYPE",
		"HARDWARETYPE", "DBINSTANCE", "DBMAJORVERSION", "DBMINORVERSION", "DBVERSIONSTRING",
		"DBCLIENTCHARSET", "DBCLIENTVERSIONSTRING", "RECOVERYMODE", "LASTCOMPLETECSN",
		"LASTCOMPLETEXIDS", "LASTCSN", "LASTXID", "LASTCSNTS"}
)

func missing() bound {
	return bound{eval: func(*Record) record.Value { return state(record.Missing) }}
}

// bindGetEnv binds @GETENV (type, items).
func bindGetEnv(s *Scope, n *Node) (bound, error) {
	types := envTypes()
	names := make([]string, len(types))
	for i := range types {
		names[i] = types[i].name
	}
	word, err := n.args[0].keyword(names...)
	if err != nil {
		return bound{}, err
	}
	t := types[0]
	for _, t = range types {
		if t.name == word {
			break
		}
	}
	items, err := t.read(n)
	switch {
	case err != nil:
		return bound{}, err
	case len(items) > 0 && slices.Contains(t.never, items[len(items)-1]):
		return missing(), nil
	case !t.fact:
		return t.bind(s, strings.Join(items, ".")), nil
	case s.Env == nil || s.Env.Facts == nil:
		return missing(), nil
	}
	facts := s.Env.Facts
	return bound{eval: func(r *Record) record.Value {
		from := len(r.arena)
		var ok bool
		if r.arena, ok = facts.Fact(r.arena, word, items); !ok {
			r.arena = r.arena[:from]
			return state(record.Missing)
		}
		return r.made(record.String, from)
	}}, nil
}

// read gives the items of a call, checked, in upper case where they are words of the
// type.
func (t *envType) read(n *Node) ([]string, error) {
	args, known := n.args[1:], t.all()
	var items []string
	if t.tables && len(args) == 3 {
		if _, err := args[0].keyword("TABLE"); err != nil {
			return nil, err
		}
		items, args = []string{"TABLE", strings.ToUpper(args[1].text)}, args[2:]
	}
	switch {
	case t.free && len(args) == 0, len(known) > 0 && len(args) != 1,
		!t.free && len(known) == 0 && len(args) > 0:
		return nil, fault(n.at, "@GETENV ('%s') has %d items, which it cannot have", t.name,
			len(n.args)-1)
	case len(known) > 0:
		item, err := args[0].keyword(known...)
		return append(items, item), err
	}
	for _, arg := range args {
		items = append(items, arg.text)
	}
	return items, nil
}

// told makes a value of what f appends; false: missing.
func told(f func(r *Record, dst []byte) ([]byte, bool)) bound {
	return bound{eval: func(r *Record) record.Value {
		from := len(r.arena)
		var ok bool
		if r.arena, ok = f(r, r.arena); !ok {
			r.arena = r.arena[:from]
			return state(record.Missing)
		}
		return r.made(record.String, from)
	}}
}

// ofTxn is told for what needs the transaction.
func ofTxn(f func(dst []byte, t *record.TxnInfo) []byte) bound {
	return told(func(r *Record, dst []byte) ([]byte, bool) {
		if r.Origin.Txn == nil {
			return dst, false
		}
		from := len(dst)
		dst = f(dst, r.Origin.Txn)
		return dst, len(dst) > from
	})
}

func bindLag(s *Scope, item string) bound {
	unit := map[string]time.Duration{"SEC": time.Second, "MSEC": time.Millisecond,
		"MIN": time.Minute}[item]
	return ofTxn(func(dst []byte, t *record.TxnInfo) []byte {
		lag := max(0, s.Env.now().Sub(t.CommitTime))
		return strconv.AppendInt(dst, int64(lag/unit), 10)
	})
}

func bindJulian(s *Scope, _ string) bound {
	return told(func(_ *Record, dst []byte) ([]byte, bool) {
		return strconv.AppendInt(dst, s.Env.now().UnixMicro()+julianMicros, 10), true
	})
}

func bindProcess(s *Scope, item string) bound {
	e := s.Env
	if e == nil {
		return missing()
	}
	pid := ""
	if e.PID > 0 {
		pid = strconv.Itoa(e.PID)
	}
	text := map[string]string{"DOMAINNAME": e.Domain, "GROUPDESCRIPTION": e.Description,
		"GROUPNAME": e.Group, "GROUPTYPE": e.GroupType, "HOSTNAME": e.Host, "OSUSERNAME": e.User,
		"PROCESSID": pid}[item]
	return known(text)
}

// known is a text that does not change; an empty one is not known.
func known(text string) bound {
	if text == "" {
		return missing()
	}
	return constant(record.Value{Kind: record.String, B: []byte(text)})
}

func bindVariable(s *Scope, item string) bound {
	if s.Env == nil || s.Env.Getenv == nil {
		return missing()
	}
	text, _ := s.Env.Getenv(item)
	return known(text)
}

func bindHeader(s *Scope, item string) bound {
	switch item {
	case "COMMITTIMESTAMP":
		return stamp(s)
	case "LOGRBA":
		return ofTxn(func(dst []byte, t *record.TxnInfo) []byte {
			return strconv.AppendUint(dst, t.CSN.Major, 10)
		})
	case "LOGPOSITION":
		return ofTxn(func(dst []byte, t *record.TxnInfo) []byte {
			return strconv.AppendUint(dst, t.CSN.Minor, 10)
		})
	case "OBJECTNAME", "TABLENAME":
		return known(s.Def.FullName())
	case "RECORDLENGTH":
		return told(func(r *Record, dst []byte) ([]byte, bool) {
			return strconv.AppendInt(dst, int64(len(r.Op.Body())), 10), true
		})
	case "OPTYPE":
		return told(func(r *Record, dst []byte) ([]byte, bool) {
			if r.Op.Type == record.Update && r.Compressed {
				return append(dst, "SQL COMPUPDATE"...), true
			}
			return append(dst, r.Op.Type.String()...), true
		})
	case "TRANSACTIONINDICATOR":
		return told(func(r *Record, dst []byte) ([]byte, bool) {
			if r.Origin.Place == UnknownPlace {
				return dst, false
			}
			return append(dst, placeNames[r.Origin.Place]...), true
		})
	}
	return told(func(r *Record, dst []byte) ([]byte, bool) {
		if r.Op.Type == record.Delete {
			return append(dst, "BEFORE"...), true
		}
		return append(dst, "AFTER"...), true
	})
}

var placeNames = [...]string{"", "BEGIN", "MIDDLE", "END", "WHOLE"}

// stamp is when the transaction was committed, in the zone of the process.
func stamp(s *Scope) bound {
	zone := s.Env.now().Location()
	return ofTxn(func(dst []byte, t *record.TxnInfo) []byte {
		if t.CommitTime.IsZero() {
			return dst
		}
		return t.CommitTime.In(zone).AppendFormat(dst, stampLayout)
	})
}

func bindPosition(s *Scope, item string) bound {
	switch item {
	case "TIMESTAMP":
		return stamp(s)
	case "FILESEQNO":
		return told(func(r *Record, dst []byte) ([]byte, bool) {
			if r.Origin.RBA == 0 {
				return dst, false
			}
			return strconv.AppendUint(dst, uint64(r.Origin.Seqno), 10), true
		})
	case "FILERBA":
		return told(func(r *Record, dst []byte) ([]byte, bool) {
			if r.Origin.RBA == 0 {
				return dst, false
			}
			return strconv.AppendUint(dst, r.Origin.RBA, 10), true
		})
	}
	return missing()
}

func bindTransaction(s *Scope, item string) bound {
	switch item {
	case "TIMESTAMP":
		return stamp(s)
	case "TRANSACTIONID", "XID":
		return ofTxn(func(dst []byte, t *record.TxnInfo) []byte { return append(dst, t.XID...) })
	case "CSN", "SCN":
		return ofTxn(func(dst []byte, t *record.TxnInfo) []byte { return appendCSN(dst, t.CSN) })
	case "USERNAME":
		return ofTxn(func(dst []byte, t *record.TxnInfo) []byte { return append(dst, t.User...) })
	}
	return missing()
}

// appendCSN writes what CSN.String prints.
func appendCSN(dst []byte, c record.CSN) []byte {
	if c.Major == 0 {
		return strconv.AppendUint(dst, c.Minor, 10)
	}
	dst = append(padded(dst, int(c.Major), 6), ':')
	return padded(dst, int(c.Minor), 18)
}

// bindImage binds @BEFORE, @AFTER and @BEFOREAFTER.
func bindImage(s *Scope, n *Node) (bound, error) {
	arg := *n.args[0]
	if arg.kind != columnNode || arg.when != ofRecord {
		return bound{}, fault(arg.at, "%s is no column", arg.shown())
	}
	arg.when = ofAfter
	after, err := s.column(&arg)
	if err != nil {
		return bound{}, err
	}
	arg.when = ofBefore
	before, err := s.column(&arg)
	switch n.fn.Name {
	case "@BEFORE":
		return before, err
	case "@AFTER":
		return after, err
	}
	first, second := before.eval, after.eval
	before.eval = func(r *Record) record.Value {
		if v := first(r); v.Kind != record.Missing {
			return v
		}
		return second(r)
	}
	return before, err
}

func bindToken(_ *Scope, n *Node) (bound, error) {
	arg := n.args[0]
	if arg.kind != textNode && (arg.kind != columnNode || !arg.word) {
		return bound{}, fault(arg.at, "%s is no name of a token", arg.shown())
	}
	name := []byte(arg.text)
	return bound{eval: func(r *Record) record.Value {
		for _, pair := range r.Tokens() {
			if bytes.EqualFold(pair[0], name) {
				return record.Value{Kind: record.String, B: pair[1]}
			}
		}
		return state(record.Missing)
	}}, nil
}

func bindGetVal(s *Scope, n *Node) (bound, error) {
	arg := n.args[0]
	id, parameter, two := strings.Cut(arg.text, ".")
	if arg.kind == columnNode && two {
		if b, ok := s.result(id, parameter); ok {
			return b, nil
		}
	}
	err := fault(arg.at, "%s is no result of a SQLEXEC of this statement", arg.shown())
	if near := ggserr.Nearest(id, s.Queries); near != "" {
		err.Do("Did you mean %s.%s?", near, parameter)
	}
	return bound{}, err
}

// bindDDL binds @DDL.
func bindDDL(_ *Scope, n *Node) (bound, error) {
	what, err := n.args[0].keyword("TEXT", "OPTYPE", "OBJNAME", "OBJTYPE", "OBJOWNER")
	return told(func(r *Record, dst []byte) ([]byte, bool) {
		if r.Op.Type != record.DDL {
			return dst, false
		}
		st, err := record.DecodeDDL(&r.Op)
		if err != nil {
			return dst, false
		}
		owner, name, two := strings.Cut(st.Name, ".")
		if !two {
			owner, name = st.Schema, st.Name
		}
		text := map[string]string{"TEXT": st.Text, "OPTYPE": st.Kind, "OBJNAME": name,
			"OBJTYPE": st.Object, "OBJOWNER": owner}[what]
		return append(dst, text...), text != ""
	}), err
}
