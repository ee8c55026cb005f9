package control

import (
	"context"
	"encoding/json"
)

// Paths of the protocol.
const (
	ordersPath = "/v1/orders"
	// CommandPath is where a Manager executes a line of the shell.
	CommandPath = "/v1/command"
	// SessionPath is where a connection becomes a session of lines.
	SessionPath = "/v1/session"
)

const jsonType = "application/json"

// CommandRequest is one line of the shell for a Manager to execute.
type CommandRequest struct {
	Line string `json:"line"`
	// Answers to the questions that the line put before. Without the field, not even
	// an empty one, nobody can be asked.
	Answers []string `json:"answers,omitzero"`
	// Edited is the text that the line gave to be edited.
	Edited *Edited `json:"edited,omitempty"`
}

// CommandReply is what the line gave, as the shell prints it and as data.
type CommandReply struct {
	Error  *Problem        `json:"error,omitempty"`
	Text   string          `json:"text,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	// Ask is set when nothing was done because a question is open: send the line
	// again with the answer.
	Ask *Question `json:"ask,omitempty"`
	// Edit is set when nothing was done yet because a text is to be edited: send
	// the line again with what became of it.
	Edit *Edit  `json:"edit,omitempty"`
	Long bool   `json:"long,omitempty"` // a text to be read from its top
	As   string `json:"as,omitempty"`   // the database login of the session: user@db
}

// Edit is a file to be edited where the caller's editor is.
type Edit struct {
	Name    string `json:"name"` // of the file, without its folder
	Content []byte `json:"content"`
	Digest  string `json:"digest"` // of the content; empty: there is no such file
}

// Edited is the file as it is to be, if it is still what it was.
type Edited struct {
	Was     string `json:"was"` // Digest as it was given
	Content []byte `json:"content"`
}

// Question is what a command asks who gave it.
type Question struct {
	Prompt string `json:"prompt"`
	Secret bool   `json:"secret,omitempty"` // the answer is not to be shown
}

// Call is a request for a page.
type Call struct {
	Method string
	Path   string
	Query  map[string][]string
	Body   []byte
	From   string // the caller's address
	Caller Caller
}

// Answer is a page's content. A zero Status is 200.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Page answers what is not an order: a list for people, metrics, a web page.
type Page func(ctx context.Context, c Call) Answer

// JSONAnswer makes an Answer of a value; status 0 is 200.
func JSONAnswer(status int, v any) Answer {
	b, err := json.Marshal(v)
	if err != nil {
		return Answer{Status: 500, ContentType: "text/plain; charset=utf-8",
			Body: []byte("cannot encode the answer: " + err.Error() + "\n")}
	}
	return Answer{Status: status, ContentType: jsonType, Body: append(b, '\n')}
}
