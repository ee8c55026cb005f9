package expr

import (
	"fmt"
	"strings"

	"ggsh/ggserr"
	"ggsh/record"
)

// Function is a row of the table of functions: docs/FUNCTIONS.md and help come
// from it.
type Function struct {
	Name      string // with its @
	Aliases   []string
	Signature string
	Summary   string
	// Nulls says what becomes of NULL, missing and invalid arguments.
	Nulls string

	min, max int // arguments; max -1: any number
	step     int // arguments behind min come in groups of so many
	result   record.Kind
	impure   bool // it depends on more than its arguments
	// apply gets arguments that are values; or bind does everything by itself.
	apply func(r *Record, v []record.Value) record.Value
	bind  func(s *Scope, n *Node) (bound, error)
}

// counts checks the number of arguments.
func (f *Function) counts(n *Node) error {
	got, extra := len(n.args), len(n.args)-f.min
	if extra >= 0 && (f.max < 0 || got <= f.max) && (f.step < 2 || extra%f.step == 0) {
		return nil
	}
	return fault(n.at, "%s has %d arguments, which it cannot have", f.Name, got).
		Do("It is written %s.", f.Signature)
}

// keyword gives the argument as one of the words, quoted or not.
func (n *Node) keyword(words ...string) (string, error) {
	if n.kind == textNode || n.kind == columnNode && n.word {
		for _, w := range words {
			if strings.EqualFold(n.text, w) {
				return w, nil
			}
		}
	}
	err := fault(n.at, "%s is not expected here, but %s", n.shown(), strings.Join(words, ", "))
	if near := ggserr.Nearest(n.text, words); near != "" {
		err.Do("Did you mean %s?", near)
	}
	return "", err
}

// shown names the node in an error.
func (n *Node) shown() string {
	switch n.kind {
	case textNode:
		return fmt.Sprintf("'%.40s'", n.text)
	case operatorNode:
		return "an expression"
	}
	return n.text
}

// whole gives the argument as a whole number that stands in the text.
func (n *Node) whole(low, high int64) (int64, error) {
	if n.kind == numberNode || n.kind == textNode {
		x, ok := parseNumber([]byte(n.text))
		if ok && x.big == nil && x.scale == 0 && x.n >= low && x.n <= high {
			return x.n, nil
		}
	}
	return 0, fault(n.at, "%s is not a whole number between %d and %d", n.shown(), low, high)
}

// What becomes of exceptional arguments, for the table.
const (
	general = "general rule"
	chooses = "the result is that of the argument chosen; "
	none    = "takes none"
)

// Functions gives all functions, by name.
func Functions() []Function {
	var rows []Function
	for _, part := range [][]Function{choiceRows(), textRows(), numberRows(), dateRows(),
		recordRows()} {
		rows = append(rows, part...)
	}
	return rows
}

// choiceRows are the functions that choose or test.
func choiceRows() []Function {
	return []Function{
		{Name: "@CASE", Signature: "@CASE (value, test, result [, test, result]... [, default])",
			Summary: "The result of the first test that equals the value, else the default; without " +
				"one: missing.",
			Nulls: chooses + "a value that is NULL, missing or invalid equals no test",
			min:   3, max: -1, bind: bindCase},
		{Name: "@COLSTAT", Signature: "@COLSTAT ({MISSING | NULL | INVALID})",
			Summary: "That state: sets a column to NULL, or leaves it out.", Nulls: none, min: 1, max: 1,
			bind: bindColStat},
		{Name: "@COLTEST", Signature: "@COLTEST (column, {PRESENT | NULL | MISSING | INVALID} [, ...])",
			Summary: "1 if the value is in one of these states, else 0. PRESENT: a value that is " +
				"not NULL.",
			Nulls: "tests them", min: 2, max: -1, result: record.Decimal, bind: bindColTest},
		{Name: "@EVAL", Signature: "@EVAL (condition, result [, condition, result]... [, default])",
			Summary: "The result of the first condition that is true, else the default; without " +
				"one: missing.",
			Nulls: chooses + "a condition that is NULL, missing or invalid is not true",
			min:   2, max: -1, bind: bindEval},
		{Name: "@IF", Signature: "@IF (condition, value if true, value if false)",
			Summary: "A condition is true when it is not zero. Operators: = <> < <= > >= + - * / \\ " +
				"AND OR NOT.",
			Nulls: chooses + "a condition that is NULL, missing or invalid is false",
			min:   3, max: 3, bind: bindEval},
		{Name: "@VALONEOF", Signature: "@VALONEOF (value, value1 [, value2]...)",
			Summary: "1 if the value equals one of the others, else 0.",
			Nulls:   "equal nothing: 0", min: 2, max: -1, result: record.Decimal, bind: bindValOneOf},
		{Name: "@RANGE", Signature: "@RANGE (n, total [, column]...)",
			Summary: "1 if the row belongs to part n of total, by a hash of the columns: those of " +
				"KEYCOLS or the key when none are named. Spreads one table over several groups.",
			Nulls: "the other columns are hashed; all NULL or missing: the row stops the process",
			min:   2, max: -1, result: record.Decimal, bind: bindRange},
	}
}

// textRows are the functions of texts.
func textRows() []Function {
	text, number := record.String, record.Decimal
	return []Function{
		{Name: "@STRCAT", Signature: "@STRCAT (text1, text2 [, ...])",
			Summary: "One text behind the other.", Nulls: general, min: 1, max: -1, result: text, apply: strCat},
		{Name: "@STRNCAT", Signature: "@STRNCAT (text1, n1 [, text2, n2]...)",
			Summary: "The first n characters of each text, one behind the other.", Nulls: general,
			min: 2, max: -1, step: 2, result: text, apply: strNCat},
		{Name: "@STREXT", Signature: "@STREXT (text, begin, end)",
			Summary: "The characters from begin to end, counted from 1, both included.", Nulls: general,
			min: 3, max: 3, result: text, apply: strExt},
		{Name: "@STREQ", Signature: "@STREQ (text1, text2)",
			Summary: "1 if equal, else 0. Blanks at the end do not count.", Nulls: general,
			min: 2, max: 2, result: number, apply: strEq},
		{Name: "@STRCMP", Signature: "@STRCMP (text1, text2)",
			Summary: "-1, 0 or 1: less, equal, greater.", Nulls: general, min: 2, max: 2, result: number, apply: strCmp},
		{Name: "@STRNCMP", Signature: "@STRNCMP (text1, text2, n)",
			Summary: "The same for the first n characters.", Nulls: general, min: 3, max: 3,
			result: number, apply: strCmp},
		{Name: "@STRFIND", Signature: "@STRFIND (text, search [, begin])",
			Summary: "Where the text first has the other, from begin on; 0: nowhere.", Nulls: general,
			min: 2, max: 3, result: number, apply: strFind},
		{Name: "@STRLEN", Signature: "@STRLEN (text)", Summary: "The number of characters.",
			Nulls: general, min: 1, max: 1, result: number, apply: strLen},
		{Name: "@STRLTRIM", Signature: "@STRLTRIM (text)", Summary: "Without blanks at the beginning.",
			Nulls: general, min: 1, max: 1, result: text, apply: trimmer(true, false)},
		{Name: "@STRRTRIM", Signature: "@STRRTRIM (text)", Summary: "Without blanks at the end.",
			Nulls: general, min: 1, max: 1, result: text, apply: trimmer(false, true)},
		{Name: "@STRTRIM", Signature: "@STRTRIM (text)", Summary: "Without blanks at both ends.",
			Nulls: general, min: 1, max: 1, result: text, apply: trimmer(true, true)},
		{Name: "@STRSUB", Signature: "@STRSUB (text, search1, replace1 [, search2, replace2]...)",
			Summary: "Every search text replaced, one pair after the other; case counts.", Nulls: general,
			min: 3, max: -1, step: 2, result: text, apply: strSub},
		{Name: "@STRUP", Signature: "@STRUP (text)", Summary: "In upper case.", Nulls: general,
			min: 1, max: 1, result: text, apply: strUp},
		{Name: "@STRNUM",
			Signature: "@STRNUM (number, {LEFT | LEFTSPACE | RIGHT | RIGHTZERO} [, length])",
			Summary: "The number as text: LEFT as it is, else with blanks or zeros up to the length, " +
				"which is the target column's when it is not given.", Nulls: general,
			min: 2, max: 3, result: text, bind: bindStrNum},
		{Name: "@OGG_SHA1", Signature: "@OGG_SHA1 (value)", Summary: "The SHA-1 digest in hexadecimal.",
			Nulls: general, min: 1, max: 1, result: text, apply: sha1Hex},
	}
}

// numberRows are the functions of numbers and octets.
func numberRows() []Function {
	number := record.Decimal
	return []Function{
		{Name: "@COMPUTE", Aliases: []string{"@COMP"}, Signature: "@COMPUTE (expression)",
			Summary: "Arithmetic with + - * / \\ (remainder) and parentheses, exact; a division " +
				"without end has 17 digits. Comparisons give 1 or 0.",
			Nulls: general + "; a division by zero is invalid", min: 1, max: 1, result: number,
			apply: compute},
		{Name: "@NUMSTR", Signature: "@NUMSTR (text)", Summary: "A text of digits as a number.",
			Nulls: general + "; a text that is no number is invalid", min: 1, max: 1, result: number,
			apply: compute},
		{Name: "@NUMBIN", Signature: "@NUMBIN (octets)",
			Summary: "Up to eight octets as a whole number, the first one highest; eight are signed.",
			Nulls:   general + "; more than eight are invalid", min: 1, max: 1, result: number,
			apply: numBin},
		{Name: "@BINARY", Signature: "@BINARY (column)", Summary: "The octets of the value, unchanged.",
			Nulls: general, min: 1, max: 1, result: record.Bytes, apply: asBinary},
		{Name: "@BINTOHEX", Signature: "@BINTOHEX (octets)", Summary: "Octets in hexadecimal.",
			Nulls: general, min: 1, max: 1, result: record.String, apply: binToHex},
		{Name: "@HEXTOBIN", Signature: "@HEXTOBIN (text)", Summary: "Octets from hexadecimal.",
			Nulls: general + "; a text that is not hexadecimal is invalid", min: 1, max: 1,
			result: record.Bytes, apply: hexToBin},
		{Name: "@HIGHVAL", Signature: "@HIGHVAL ([length])",
			Summary: "Octets FF up to the length, which is the target column's when it is not given.",
			Nulls:   none, max: 1, result: record.Bytes, bind: bindExtreme},
		{Name: "@LOWVAL", Signature: "@LOWVAL ([length])", Summary: "The same of octets 00.",
			Nulls: none, max: 1, result: record.Bytes, bind: bindExtreme},
	}
}

// dateRows are the functions of dates.
func dateRows() []Function {
	return []Function{
		{Name: "@DATE", Signature: "@DATE ('output', 'input', source [, 'input', source]...)",
			Summary: "A date in another format, put together from one source or several.",
			Nulls:   general + "; what is no date is invalid", min: 3, max: -1, step: 2,
			result: record.String, bind: bindDate},
		{Name: "@DATEDIFF", Signature: "@DATEDIFF ('{DD | SS}', date1, date2)",
			Summary: "date2 - date1 in days or seconds; texts are YYYY-MM-DD[*HH:MI[:SS]].",
			Nulls:   general + "; what is no date is invalid", min: 3, max: 3, result: record.Decimal,
			bind: bindDateDiff},
		{Name: "@DATENOW", Signature: "@DATENOW ()", Summary: "The local time as YYYY-MM-DD HH:MI:SS.",
			Nulls: none, result: record.String, impure: true, bind: bindDateNow},
	}
}

// recordRows are the functions of what else is known of the record.
func recordRows() []Function {
	return []Function{
		{Name: "@BEFORE", Signature: "@BEFORE (column)",
			Summary: "The value before the operation; also before.column.",
			Nulls:   "missing where the record does not carry it", min: 1, max: 1, bind: bindImage},
		{Name: "@AFTER", Signature: "@AFTER (column)",
			Summary: "The value after the operation; also after.column.",
			Nulls:   "missing where the record does not carry it", min: 1, max: 1, bind: bindImage},
		{Name: "@BEFOREAFTER", Signature: "@BEFOREAFTER (column)",
			Summary: "The value before the operation, else the one after it.",
			Nulls:   "missing where the record carries neither", min: 1, max: 1, bind: bindImage},
		{Name: "@TOKEN", Signature: "@TOKEN ('name')",
			Summary: "A user token that TABLE's TOKENS put into the record.",
			Nulls:   "missing where the record has no such token", min: 1, max: 1,
			result: record.String, impure: true, bind: bindToken},
		{Name: "@GETVAL", Signature: "@GETVAL (id.parameter)",
			Summary: "What a SQLEXEC of the statement returned; also id.parameter.",
			Nulls:   "missing where the call failed or gave no row", min: 1, max: 1, impure: true,
			bind: bindGetVal},
		{Name: "@GETENV", Signature: "@GETENV ('type' [, 'item']...)",
			Summary: "Facts of the record, its transaction, the process and its host.",
			Nulls:   "missing where the fact is not known", min: 1, max: 4, result: record.String,
			impure: true, bind: bindGetEnv},
		{Name: "@DDL", Signature: "@DDL ({TEXT | OPTYPE | OBJNAME | OBJTYPE | OBJOWNER})",
			Summary: "A part of a DDL record.", Nulls: "missing in records of rows", min: 1, max: 1,
			result: record.String, impure: true, bind: bindDDL},
	}
}
