package sqlexec

import (
	"fmt"
	"strings"

	"ggsh/param"
)

// placeholders writes a query with ? for its parameters, and says which parameter
// each is: by name where the query has :name, else in the order of PARAMS.
func placeholders(query string, params []param.SQLParam) (text string, order []int, err error) {
	var b strings.Builder
	positional := 0
	for i := 0; i < len(query); {
		c := query[i]
		switch {
		case c == '\'' || c == '"' || c == '`':
			end := strings.IndexByte(query[i+1:], c)
			if end < 0 {
				end = len(query) - i - 2
			}
			b.WriteString(query[i : i+end+2])
			i += end + 2
		case c == '?':
			order = append(order, positional)
			positional++
			b.WriteByte(c)
			i++
		case c == ':' && i+1 < len(query) && isLetter(query[i+1]) && (i == 0 || query[i-1] != ':'):
			end := i + 1
			for end < len(query) && (isLetter(query[end]) || query[end] >= '0' && query[end] <= '9') {
				end++
			}
			at := -1
			for n := range params {
				if strings.EqualFold(params[n].Name, query[i+1:end]) {
					at = n
				}
			}
			if at < 0 {
				return "", nil, fmt.Errorf("SQLEXEC: the query has %s, which is not among PARAMS",
					query[i:end])
			}
			order = append(order, at)
			b.WriteByte('?')
			i = end
		default:
			b.WriteByte(c)
			i++
		}
	}
	if positional > len(params) {
		return "", nil, fmt.Errorf("SQLEXEC: the query has %d ?, PARAMS has %d", positional, len(params))
	}
	return b.String(), order, nil
}

func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// returnsRows reports whether a statement is one that gives rows.
func returnsRows(text string) bool {
	word, _, _ := strings.Cut(strings.ToUpper(strings.TrimLeft(text, " \t\r\n(")), " ")
	switch strings.TrimSpace(word) {
	case "SELECT", "WITH", "VALUES", "SHOW":
		return true
	}
	return false
}
