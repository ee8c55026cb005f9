package capturetest

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
)

// Messages turns the suite's statements into messages of the json formatter, for
// sources whose operations come in files or topics. It knows table hr.ct.
type Messages struct{ rows map[int]string }

// The statements of the suite.
var (
	insertText = regexp.MustCompile(`^INSERT INTO \S+ VALUES \((\d+),'([^']*)'\)$`)
	valueText  = regexp.MustCompile(`^UPDATE \S+ SET V='([^']*)' WHERE ID=(\d+)$`)
	keyText    = regexp.MustCompile(`^UPDATE \S+ SET ID=(\d+) WHERE ID=(\d+)$`)
	deleteText = regexp.MustCompile(`^DELETE FROM \S+ WHERE ID=(\d+)$`)
)

// Message gives the message of a statement.
func (m *Messages) Message(statement string) (string, error) {
	if m.rows == nil {
		m.rows = map[int]string{}
	}
	before := maps.Clone(m.rows)
	kind, from, to := "", -1, -1
	switch {
	case insertText.MatchString(statement):
		f := insertText.FindStringSubmatch(statement)
		kind, to = "I", number(f[1])
		m.rows[to] = f[2]
	case valueText.MatchString(statement):
		f := valueText.FindStringSubmatch(statement)
		kind, from = "U", number(f[2])
		to = from
		m.rows[to] = f[1]
	case keyText.MatchString(statement):
		f := keyText.FindStringSubmatch(statement)
		kind, from, to = "U", number(f[2]), number(f[1])
		m.rows[to] = m.rows[from]
		delete(m.rows, from)
	case deleteText.MatchString(statement):
		kind, from = "D", number(deleteText.FindStringSubmatch(statement)[1])
		delete(m.rows, from)
	default:
		return "", fmt.Errorf("%q is no statement of the suite", statement)
	}
	text := fmt.Sprintf(`{"table":"hr.ct","op_type":"%s","op_ts":"2026-01-02 03:04:05.000000",`+
		`"current_ts":"2026-01-02T03:04:06.000000","pos":"00000000000000000001",`+
		`"primary_keys":["ID"]`, kind)
	if from >= 0 {
		text += fmt.Sprintf(`,"before":{"ID":%d,"V":%q}`, from, before[from])
	}
	if to >= 0 {
		text += fmt.Sprintf(`,"after":{"ID":%d,"V":%q}`, to, m.rows[to])
	}
	return text + "}", nil
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err) // the patterns let digits pass only
	}
	return n
}
