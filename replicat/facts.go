package replicat

import (
	"strconv"

	"ggsh/mapping/expr"
)

// facts answers @GETENV in the mapper's goroutine.
type facts struct{ r *Replicat }

// environment is what the mapping asks of this process.
func (r *Replicat) environment() *expr.Environment {
	env := expr.ThisProcess(r.p.Group(), "REPLICAT", r.p.Now)
	if doc := r.p.Document(); doc != nil {
		env.Description = doc.Group.Description
	}
	env.Facts = facts{r}
	return env
}

// Fact answers for the target database and the header of the trail file that is
// read; the process knows the rest.
func (f facts) Fact(dst []byte, kind string, items []string) ([]byte, bool) {
	text := ""
	switch kind {
	case "DBENVIRONMENT":
		login := &f.r.set.login
		text = map[string]string{"DBNAME": login.Database, "DBUSER": login.User,
			"SERVERNAME": login.Host, "DBVERSION": f.r.product}[items[0]]
	case "GGFILEHEADER":
		text = f.fileHeader(items[0])
	default:
		return f.r.p.Fact(dst, kind, items)
	}
	return append(dst, text...), text != ""
}

// fileHeader gives an item of the trail file's header; nothing for one that it has not.
func (f facts) fileHeader(item string) string {
	if f.r.reader == nil || f.r.reader.Header() == nil {
		return ""
	}
	h := f.r.reader.Header()
	switch item {
	case "FILENAME":
		return h.File
	case "FILESEQNO":
		return strconv.FormatUint(uint64(h.Seqno), 10)
	case "CREATETIMESTAMP":
		return h.Created.In(f.r.p.Now().Location()).Format("2006-01-02 15:04:05.000000")
	case "COMPATIBILITY":
		return strconv.Itoa(int(h.Version))
	case "GROUPNAME":
		return h.Group
	case "GGVERSIONSTRING":
		return h.Program
	case "DBTYPE":
		return h.Kind
	case "DBNAME":
		return h.Database
	case "HOSTNAME":
		return h.Host
	case "CHARSET", "DBCHARSET":
		return "UTF-8"
	}
	return ""
}
