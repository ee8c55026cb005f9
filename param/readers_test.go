package param

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"ggsh/ggserr"
)

func readersPage(t *testing.T, cmd string, f *File, err error) string {
	t.Helper()
	var b strings.Builder
	for _, e := range Errors(err) {
		fmt.Fprintf(&b, "error %v\n", e)
	}
	if err != nil {
		return b.String()
	}
	var v any
	switch cmd {
	case "tables":
		v, err = ReadTables(f)
		x, xerr := ReadExcludes(f)
		if len(x.Tables)+len(x.Schemas)+len(x.Catalogs) > 0 {
			fmt.Fprintf(&b, "excludes%s\n", dump(reflect.ValueOf(x), "  "))
		}
		if xerr != nil {
			t.Error(xerr)
		}
	case "statements":
		v, err = ReadStandalone(f)
	case "events":
		var tables []TableStatement
		if tables, err = ReadTables(f); err == nil && len(tables) > 0 {
			v, err = tables[0].ReadEventActions()
		}
	case "run":
		v, err = ReadRun(f)
	case "manager":
		v, err = ReadManager(f)
	case "globals":
		v, err = ReadGlobals(f)
	case "login":
		var l Login
		l, _, err = ReadLogin(f)
		l.Password = strings.ToUpper(l.Password)
		v = l
	case "outputs":
		v, err = ReadOutputs(f)
	default:
		t.Fatalf("no command %s", cmd)
	}
	if err != nil {
		t.Errorf("Check passed what the reader refuses: %v", err)
	}
	b.WriteString(strings.TrimPrefix(dump(reflect.ValueOf(v), ""), "\n"))
	return b.String() + "\n"
}

// dump prints what is not zero, a field a line.
func dump(v reflect.Value, indent string) string {
	switch x := v.Interface().(type) {
	case ggserr.Location:
		return fmt.Sprintf(" %d:%d", x.Line, x.Column)
	case Name:
		return " " + x.String()
	case []Token:
		return " " + tokensText(x)
	case time.Duration:
		return " " + x.String()
	case time.Time:
		return " " + x.Format(timeLayouts[0])
	}
	var b strings.Builder
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return " nil"
		}
		return dump(v.Elem(), indent)
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			if f := v.Field(i); !f.IsZero() && v.Type().Field(i).Name != "Raw" {
				fmt.Fprintf(&b, "\n%s%s%s", indent, v.Type().Field(i).Name, dump(f, indent+"  "))
			}
		}
		return b.String()
	case reflect.Slice:
		for i := 0; i < v.Len(); i++ {
			if v.Type().Elem().Kind() == reflect.Struct && v.Type().Elem().NumField() > 0 &&
				v.Index(i).Type() != reflect.TypeOf(Name{}) {
				fmt.Fprintf(&b, "\n%s-%s", indent, dump(v.Index(i), indent+"  "))
				continue
			}
			b.WriteString(dump(v.Index(i), indent))
		}
		return b.String()
	}
	return fmt.Sprintf(" %v", v.Interface())
}

func TestParseLogin(t *testing.T) {
	for text, want := range map[string]string{
		"SOURCEDB h@t:3306, USERID o, PASSWORD x":                   "db=h@t:3306 user=o password=***",
		"userid ogg@orcl password xxx":                              "user=ogg service=orcl password=***",
		"USERID ogg/secret@orcl":                                    "user=ogg service=orcl password=***",
		"USERIDALIAS a DOMAIN d":                                    "alias=a domain=d",
		"TARGETDB LIBFILE libggjava.so SET property=dirprm/x.props": "handler=dirprm/x.props",
		`USERID "Big User", PASSWORD "a b,c"`:                       "user=Big User password=***",
	} {
		tokens, err := Lex("", text)
		if err != nil {
			t.Fatal(err)
		}
		l, err := ParseLogin(tokens)
		if err != nil || l.String() != want {
			t.Errorf("%s: got %s, %v", text, l, err)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", l, l, l), "secret") {
			t.Errorf("%s: the password is printed", text)
		}
	}
	for text, want := range map[string]string{
		"":                          "is missing here",
		"USERID":                    "a user is missing",
		"USERID ogg, hunter2":       "This word is not expected",
		"USERID ogg, PASWORD x":     "Did you mean PASSWORD",
		"SOURCEDB a@h:99999":        "99999 is no port",
		"SOURCEDB sqlite:":          "is missing behind sqlite:",
		"TARGETDB LIBFILE x SET y":  "but property=file",
		"DOMAIN d":                  "USERIDALIAS is missing",
		"USERID ogg PASSWORD":       "a password is missing",
		"USERIDALIAS a, BLOWFISH !": "not expected",
	} {
		tokens, _ := Lex("", text)
		_, err := ParseLogin(tokens)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error shows the password", text)
		}
	}
}

func TestParseName(t *testing.T) {
	for text, want := range map[string]string{
		"hr.emp": "[hr emp]", `"HR".*`: `["HR" *]`, `pdb.*.*`: "[pdb * *]",
		`hr."My.Table"`: `[hr "My.Table"]`, "emp": "[emp]", `"a""b"`: `["a""b"]`,
		`"dbo"."T1"`: `["dbo" "T1"]`,
	} {
		n, err := ParseName(text)
		if err != nil || fmt.Sprint(n.Parts) != want {
			t.Errorf("%s: %v %v", text, n.Parts, err)
		}
		if back, err := ParseName(n.String()); err != nil || back.String() != n.String() {
			t.Errorf("%s does not survive writing: %s", text, back)
		}
	}
	for _, text := range []string{"", "a..b", ".a", "a.", "a.b.c.d", "a b"} {
		if n, err := ParseName(text); err == nil {
			t.Errorf("%q is read as %v", text, n.Parts)
		}
	}
	n, _ := ParseName(`c.s*."t*"`)
	if n.Catalog().Text != "c" || !n.Schema().Wild() || n.Table().Wild() || !n.Wild() {
		t.Errorf("parts or wildcards of %s", n)
	}
	if w, _ := ParseName(`s.a\*`); w.Wild() {
		t.Error("an escaped star is a letter")
	}
}
