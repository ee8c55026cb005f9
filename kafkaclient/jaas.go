package kafkaclient

import "strings"

// applyJAAS reads a login: module flag option=value option="value"; of which
// user and password are needed. Its text never gets into an error.
func applyJAAS(b *builder, s Setting) error {
	words, ok := jaasWords(s.Value)
	if !ok {
		return s.refuse("it ends within a quoted text")
	}
	if len(words) < 2 {
		return s.refuse("it is not a login module with user and password")
	}
	b.login = login{module: words[0]}
	for _, w := range words[2:] {
		name, value, found := strings.Cut(w, "=")
		if !found {
			return s.refuse("an option without = is in it; quote values that hold blanks or =")
		}
		switch strings.ToLower(name) {
		case "username":
			b.login.user = value
		case "password":
			b.login.password = value
		case "tokenauth":
			b.login.token = strings.EqualFold(value, "true")
		}
	}
	return nil
}

// jaasWords cuts at blanks outside quotes and ends at the semicolon; quotes go,
// and a backslash in them keeps the next character.
func jaasWords(text string) (words []string, ok bool) {
	var word strings.Builder
	inWord, quote := false, byte(0)
	end := func() {
		if inWord {
			words = append(words, word.String())
			word.Reset()
			inWord = false
		}
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0 && c == '\\' && i+1 < len(text):
			i++
			word.WriteByte(text[i])
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			quote, inWord = c, true
		case c == ';':
			end()
			return words, true
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			end()
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	end()
	return words, quote == 0
}
