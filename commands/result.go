package commands

import (
	"encoding/json"
	"strings"
	"time"

	"ggsh/ggserr"
)

// Value is what a command gives, as data; Text is the same as GoldenGate's
// shell prints it, without the blank lines around it.
type Value interface {
	Text() string
}

// Result is what one line gave.
type Result struct {
	Command string          // the line, passwords masked
	Value   Value           // nil when there is nothing to say
	Notes   []string        // what was accepted and not acted on
	Errors  []*ggserr.Error // why it failed, or failed in part
	Failed  bool
	Quit    bool   // EXIT or QUIT
	Echo    string // of !: the command that was done again
	at      time.Time
	relayed *relayed // what another home gave; it renders by itself
}

// Number is the number of the first error, zero when there is none.
func (r *Result) Number() ggserr.Number {
	if len(r.Errors) == 0 {
		return 0
	}
	return r.Errors[0].Number
}

// fail notes an error, or each one of several joined.
func (r *Result) fail(err error) {
	r.Failed = true
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range list.Unwrap() {
			r.fail(e)
		}
		return
	}
	r.Errors = append(r.Errors, ggserr.Numbered(err))
}

// Text renders the result with one blank line before and after, as the shell
// prints it; empty when there is nothing to print.
func (r *Result) Text() string {
	if r.relayed != nil {
		return r.noted() + r.relayed.Text()
	}
	var parts []string
	if r.Value != nil {
		if t := strings.TrimRight(r.Value.Text(), "\n"); t != "" {
			parts = append(parts, t)
		}
	}
	if notes := r.noted(); notes != "" {
		parts = append(parts, strings.TrimSuffix(notes, "\n"))
	}
	for i, e := range r.Errors {
		text := ErrorText(e, r.at)
		if i == 0 && len(parts) > 0 {
			text = "\n" + text
		}
		parts = append(parts, text)
	}
	echo := ""
	if r.Echo != "" {
		echo = r.Echo + "\n"
	}
	if len(parts) == 0 {
		return echo
	}
	text := strings.Join(parts, "\n") + "\n\n"
	if v, ok := r.Value.(tight); ok && v.tight() && len(r.Errors) == 0 {
		return echo + text
	}
	return echo + "\n" + text
}

// noted are the notes, a line each.
func (r *Result) noted() string {
	var b strings.Builder
	for _, n := range r.Notes {
		b.WriteString("NOTE: " + n + "\n")
	}
	return b.String()
}

// ErrorText renders an error as GoldenGate's shell does: an ERROR sentence, or
// for messages with a number of their own a line as in reports.
func ErrorText(e *ggserr.Error, at time.Time) string {
	where := ""
	if e.Where.File != "" {
		where = e.Where.String() + ": "
	}
	if e.Number == ggserr.Generic || e.Number == ggserr.BadParameter && where == "" {
		return "ERROR: " + where + e.Message()
	}
	ev := ggserr.Event{Time: at, Number: e.Number, Severity: e.Severity, Text: where + e.Told()}
	return ev.ReportLine()
}

// MarshalJSON gives the result as one object.
func (r *Result) MarshalJSON() ([]byte, error) {
	if r.relayed != nil {
		return r.relayed.with(r.Notes)
	}
	type problem struct {
		Number   string `json:"number"`
		Severity string `json:"severity"`
		Text     string `json:"text"`
		File     string `json:"file,omitempty"`
		Line     int    `json:"line,omitempty"`
		Column   int    `json:"column,omitempty"`
	}
	var problems []problem
	for _, e := range r.Errors {
		problems = append(problems, problem{e.Number.String(), e.Severity.String(), e.Message(),
			e.Where.File, e.Where.Line, e.Where.Column})
	}
	return json.Marshal(struct {
		Command string    `json:"command"`
		OK      bool      `json:"ok"`
		Result  Value     `json:"result,omitempty"`
		Notes   []string  `json:"notes,omitempty"`
		Errors  []problem `json:"errors,omitempty"`
	}{r.Command, !r.Failed, r.Value, r.Notes, problems})
}

// tight values may be printed without a blank line before them.
type tight interface{ tight() bool }

// Message is a value of sentences.
type Message struct {
	Lines []string `json:"lines"`
}

// Text gives the lines.
func (m Message) Text() string { return strings.Join(m.Lines, "\n") }

func say(lines ...string) Message { return Message{Lines: lines} }

// Confirmation is a sentence that follows its command without a blank line.
type Confirmation struct {
	Message
}

func (Confirmation) tight() bool { return true }

func confirm(lines ...string) Confirmation { return Confirmation{Message{Lines: lines}} }

// Blocks are several values, one below the other with a blank line between.
type Blocks []Value

// Text joins the blocks.
func (b Blocks) Text() string {
	parts := make([]string, len(b))
	for i, v := range b {
		parts[i] = strings.TrimRight(v.Text(), "\n")
	}
	return strings.Join(parts, "\n\n")
}

// Line is a numbered message that a command prints: ADD TRANDATA's answers.
type Line struct {
	Number   ggserr.Number   `json:"number"`
	Severity ggserr.Severity `json:"severity"`
	Text     string          `json:"text"`
}

// Lines are numbered messages with the time they were made.
type Lines struct {
	At    time.Time `json:"at"`
	Lines []Line    `json:"lines"`
}

// Text renders each message as a line of a report, or plainly if it has no number.
func (l Lines) Text() string {
	var parts []string
	for _, m := range l.Lines {
		text := m.Text
		if m.Number != 0 {
			text = ggserr.Event{Time: l.At, Number: m.Number, Severity: m.Severity,
				Text: m.Text}.ReportLine()
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "\n\n")
}
