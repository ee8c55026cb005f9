package props

import (
	"regexp"
	"strings"
)

// wallet is a reference to the credential store.
var wallet = regexp.MustCompile(`(?i)ORACLEWALLET(USERNAME|PASSWORD)\[([^\]]*)\]`)

// reveal replaces ORACLEWALLETUSERNAME[alias domain] and
// ORACLEWALLETPASSWORD[alias domain] in a value by what the credential store has.
func (o Options) reveal(text string) (string, *fault) {
	var b strings.Builder
	at := 0
	for _, m := range wallet.FindAllStringSubmatchIndex(text, -1) {
		names := strings.Fields(strings.ReplaceAll(text[m[4]:m[5]], ",", " "))
		if len(names) < 1 || len(names) > 2 {
			return "", &fault{off: m[4], text: "an alias is wanted, and its domain if it has one"}
		}
		if len(names) == 1 {
			names = append(names, "")
		}
		if o.Secret == nil {
			f := wrongf("there is no credential store to look up the alias %s in", names[0])
			f.off = m[0]
			return "", f
		}
		user, password, err := o.Secret(names[0], names[1])
		if err != nil {
			f := wrongf("alias %s: %v", names[0], err)
			f.off = m[0]
			return "", f
		}
		if !strings.EqualFold(text[m[2]:m[3]], "USERNAME") {
			user = password
		}
		b.WriteString(text[at:m[0]] + user)
		at = m[1]
	}
	return b.String() + text[at:], nil
}
