package commands

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"io"
	"strings"

	"ggsh/control"
	"ggsh/ggserr"
)

// AdminDomain is the domain of the credential store whose users a Manager knows
// when they call from other hosts.
const AdminDomain = "ADMIN"

// maxAnswers bounds the answers that come with a line.
const maxAnswers = 8

// Runner executes lines for a Manager's callers: single ones, which nothing
// outlives, and those of a session, in which a login does. There is no history.
type Runner struct {
	Config Config // without LineReader and Terminal
}

// Page answers POST /v1/command.
func (r Runner) Page(ctx context.Context, c control.Call) control.Answer {
	var q control.CommandRequest
	if err := json.Unmarshal(c.Body, &q); err != nil {
		return control.JSONAnswer(400, notUnderstood())
	}
	s := r.session(c.Caller)
	defer s.Close()
	s.single = true
	return control.JSONAnswer(0, s.answer(ctx, q))
}

// Open begins a session for a caller: it is control.Options' Sessions.
func (r Runner) Open(c control.Caller) control.Executor { return hosted{r.session(c)} }

// hosted is a session whose lines come from another program.
type hosted struct{ s *Session }

// Execute executes a line.
func (h hosted) Execute(ctx context.Context, q control.CommandRequest) control.CommandReply {
	rep := h.s.answer(ctx, q)
	rep.As = h.s.login()
	return rep
}

// Close ends the database login.
func (h hosted) Close() error { return h.s.Close() }

func (r Runner) session(c control.Caller) *Session {
	cfg := r.Config
	cfg.Confined = true
	if c.Remote() {
		cfg.User = c.Name()
	}
	return New(cfg)
}

func notUnderstood() control.CommandReply {
	return control.CommandReply{Error: &control.Problem{Number: int(ggserr.Generic),
		Text: "the request is not understood"}}
}

// Verify tells whether the user of the domain ADMIN has the password.
func (r Runner) Verify(user, password string) (bool, error) {
	cfg := r.Config
	s := New(cfg)
	defer s.Close()
	store := s.aliases()
	if !store.Exists() {
		return false, nil
	}
	list, err := store.List()
	if err != nil {
		return false, err
	}
	right := false
	for _, a := range list {
		if !strings.EqualFold(a.Domain, AdminDomain) || a.User != user {
			continue
		}
		have, err := store.Find(a.Domain, a.Name)
		if err != nil {
			return false, err
		}
		want, got := sha256.Sum256([]byte(have.Password)), sha256.Sum256([]byte(password))
		right = subtle.ConstantTimeCompare(want[:], got[:]) == 1 && password != "" || right
	}
	return right, nil
}

// answer executes a line and gives its result as data and as the shell prints it,
// and its first error; or what the caller has to answer or to edit first.
func (s *Session) answer(ctx context.Context, q control.CommandRequest) control.CommandReply {
	if len(q.Answers) > maxAnswers {
		return notUnderstood()
	}
	s.caller = &given{answers: q.Answers, edited: q.Edited}
	s.cfg.Lines = nil
	if q.Answers != nil {
		s.cfg.Lines = s.caller
	}
	result := s.Do(ctx, q.Line)
	s.history = nil // of the caller, who has one
	if s.caller.open() {
		return control.CommandReply{Ask: s.caller.ask, Edit: s.caller.edit}
	}
	_, long := result.Value.(Page)
	rep := control.CommandReply{Text: result.Text(), Long: long}
	data, err := json.Marshal(result)
	switch {
	case err == nil && len(result.Errors) > 0:
		err = result.Errors[0]
	case err == nil && result.Failed:
		err = refuse("%s failed.", result.Command)
	}
	rep.Result = data
	if err != nil {
		e := ggserr.Numbered(err)
		rep.Error = &control.Problem{Number: int(e.Number), Text: e.Message()}
	}
	return rep
}

// given are the answers that came with a line. The first question without one is
// noted and ends the command: commands ask before they change anything.
type given struct {
	answers []string
	ask     *control.Question
	edited  *control.Edited
	edit    *control.Edit // what is to be edited first
}

// open reports whether the caller has to answer or to edit something first.
func (g *given) open() bool { return g.ask != nil || g.edit != nil }

// Next gives an answer.
func (g *given) Next(prompt string) (string, error) { return g.next(prompt, false) }

// Password gives one that nobody may see.
func (g *given) Password(prompt string) (string, error) { return g.next(prompt, true) }

// Close does nothing.
func (g *given) Close() error { return nil }

func (g *given) next(prompt string, secret bool) (string, error) {
	if len(g.answers) == 0 {
		if g.ask == nil {
			g.ask = &control.Question{Prompt: prompt, Secret: secret}
		}
		return "", io.EOF
	}
	answer := g.answers[0]
	g.answers = g.answers[1:]
	return answer, nil
}
