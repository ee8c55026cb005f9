package param

import (
	"slices"
	"strings"

	"ggsh/ggserr"
)

const masked = "***"

// secretWords are the keywords behind which a password stands.
var secretWords = map[string]bool{
	"PASSWORD": true, "ASMPASSWORD": true, "MININGPASSWORD": true,
	"DEFAULTUSERPASSWORD": true, "DECRYPTPASSWORD": true,
}

// isSecretWord also knows the likely misspellings: the password behind one
// must not be shown in the report that tells of it.
func isSecretWord(word string) bool {
	word = strings.ToUpper(word)
	if secretWords[word] {
		return true
	}
	switch word {
	case "PASSWD", "PASSWRD", "PWD", "PASS":
		return true
	}
	return len(word) >= 6 && word[0] == 'P' && ggserr.Edits(word, "PASSWORD", 2) <= 2
}

// masker hides passwords in lines of text. A keyword at a line's end hides the
// first word of the next line.
type masker struct{ pending bool }

// line gives the line with *** in place of passwords.
func (m *masker) line(text string) string {
	var b strings.Builder
	i := 0
	if m.pending && !isRemark(text) {
		i = m.hide(&b, text, 0)
	}
	for i < len(text) {
		c := text[i]
		if !isName(c) {
			b.WriteByte(c)
			i++
			continue
		}
		n := nameLength(text[i:])
		word := text[i : i+n]
		b.WriteString(word)
		i += n
		switch {
		case isSecretWord(word) || isSecretVariable(word, text[i:]):
			i = m.hide(&b, text, i)
		case strings.EqualFold(word, "USERID"):
			i = hideUser(&b, text, i)
		}
	}
	return b.String()
}

// isSecretVariable reports whether SETENV gives a variable that by its name
// is a password.
func isSecretVariable(word, rest string) bool {
	rest = strings.TrimLeft(rest, blanks)
	return rest != "" && strings.IndexByte("='\"", rest[0]) >= 0 && soundsSecret(word)
}

// soundsSecret reports whether a variable's name promises a password.
func soundsSecret(word string) bool {
	word = strings.ToUpper(word)
	return strings.Contains(word, "PASSWORD") || strings.Contains(word, "PASSWD") ||
		strings.Contains(word, "SECRET") || strings.HasSuffix(word, "PWD")
}

// endsWithSecret reports whether the last token announces a password.
func endsWithSecret(args []Token) bool {
	for n := len(args); n > 0; n-- {
		if !args[n-1].IsPunct(",") {
			return isSecretWord(args[n-1].Text)
		}
	}
	return false
}

// hide copies the blanks at text[i:], writes *** for the word behind them and
// gives the place after it.
func (m *masker) hide(b *strings.Builder, text string, i int) int {
	m.pending = false
	for i < len(text) && strings.IndexByte(" \t,=", text[i]) >= 0 {
		b.WriteByte(text[i])
		i++
	}
	rest := text[i:]
	if rest == "" || strings.HasPrefix(rest, "&") && isRemark(rest[1:]) {
		c := commentStart(text)
		m.pending = c < 0 || c > i
		return i
	}
	if isComment(text, i) || rest[0] == ')' || rest[0] == ';' {
		return i
	}
	b.WriteString(masked)
	return i + secretLength(rest)
}

// secretLength is how far the password goes that s begins with.
func secretLength(s string) int {
	if q := s[0]; q == '\'' || q == '"' {
		for i := 1; i < len(s); i++ {
			if s[i] != q {
				continue
			}
			if i+1 < len(s) && s[i+1] == q {
				i++
				continue
			}
			return i + 1
		}
		return len(s)
	}
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(" \t,", s[i]) >= 0 || i > 0 && isComment(s, i) {
			return i
		}
	}
	return len(s)
}

// hideUser copies what follows USERID and masks the password of
// user/password@service, and a word that stands where PASSWORD should. A slash
// behind the @ is a service name's.
func hideUser(b *strings.Builder, text string, i int) int {
	from := i
	i = passBlanks(text, i)
	end := i
	for end < len(text) && strings.IndexByte(" \t,;", text[end]) < 0 {
		end++
	}
	value := text[i:end]
	user, _, _ := strings.Cut(value, "@")
	if slash := strings.IndexByte(user, '/'); slash >= 0 && slash < len(user)-1 && from < i {
		value = user[:slash+1] + masked + value[len(user):]
	}
	b.WriteString(text[from:i] + value)
	next := passBlanks(text, end)
	n := nameLength(text[next:])
	if n == 0 || slices.Contains(loginWords, strings.ToUpper(text[next:next+n])) ||
		isSecretWord(text[next:next+n]) {
		return end
	}
	b.WriteString(text[end:next] + masked)
	return next + secretLength(text[next:])
}

// passBlanks gives the place of the next word.
func passBlanks(text string, i int) int {
	for i < len(text) && strings.IndexByte(" \t,", text[i]) >= 0 {
		i++
	}
	return i
}

// hideSecrets masks in the echo the passwords that reached a statement by a
// macro: the lines that call macros show them as plain values.
func (p *parser) hideSecrets() {
	if len(p.macroEcho) == 0 {
		return
	}
	var secrets []string
	for i := range p.f.Statements {
		args := p.f.Statements[i].Args
		for j := range args {
			if args[j].Kind == Word && isSecretWord(args[j].Text) {
				if value := valueText(afterComma(args[j+1:])); len(value) > 0 {
					secrets = append(secrets, value)
				}
			}
		}
	}
	for _, n := range p.macroEcho {
		for _, s := range secrets {
			p.f.Echo[n] = replaceWord(p.f.Echo[n], s, masked)
		}
	}
}

// replaceWord replaces s where it stands as a word of its own.
func replaceWord(text, s, with string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, s)
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		end := i + len(s)
		b.WriteString(text[:i])
		if i > 0 && isName(text[i-1]) && isName(s[0]) ||
			end < len(text) && isName(text[end]) && isName(s[len(s)-1]) {
			b.WriteString(s)
		} else {
			b.WriteString(with)
		}
		text = text[end:]
	}
}

func afterComma(args []Token) []Token {
	for len(args) > 0 && (args[0].IsPunct(",") || args[0].IsPunct("=")) {
		args = args[1:]
	}
	return args
}
