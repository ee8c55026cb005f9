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

// Runner executes single lines for callers without a session of their own: a
// Manager's POST /v1/command. Nothing outlives a line: no login, no history.
type Runner struct {
	Config Config // without LineReader and Terminal
}

// Page answers POST /v1/command.
func (r Runner) Page(ctx context.Context, c control.Call) control.Answer {
	var q control.CommandRequest
	if err := json.Unmarshal(c.Body, &q); err != nil || len(q.Answers) > maxAnswers {
		return control.JSONAnswer(400, control.CommandReply{Error: &control.Problem{
			Number: int(ggserr.Generic), Text: "the request is not understood"}})
	}
	cfg := r.Config
	if c.Caller.Remote() {
		cfg.User = c.Caller.Name()
	}
	return control.JSONAnswer(0, Runner{Config: cfg}.run(ctx, q))
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

// run executes a line and gives its result as data and as the shell prints it,
// and its first error; or the question that it has to put first.
func (r Runner) run(ctx context.Context, q control.CommandRequest) control.CommandReply {
	cfg := r.Config
	cfg.Confined = true
	open := &given{answers: q.Answers}
	if q.Answers != nil {
		cfg.Lines = open
	}
	s := New(cfg)
	defer s.Close()
	result := s.Do(ctx, q.Line)
	if open.ask != nil {
		return control.CommandReply{Ask: open.ask}
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
}

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
