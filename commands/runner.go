package commands

import (
	"context"
	"encoding/json"
)

// Runner executes single lines for callers without a session of their own: a
// Manager's POST /v1/command. Nothing outlives a line: no login, no history.
type Runner struct {
	Config Config // without LineReader and Terminal
}

// Run executes a line and gives its result as data and as the shell prints it,
// and its first error.
func (r Runner) Run(ctx context.Context, line string) ([]byte, string, error) {
	cfg := r.Config
	cfg.Confined = true
	s := New(cfg)
	defer s.Close()
	result := s.Do(ctx, line)
	data, err := json.Marshal(result)
	if err != nil {
		return nil, result.Text(), err
	}
	if len(result.Errors) > 0 {
		return data, result.Text(), result.Errors[0]
	}
	if result.Failed {
		return data, result.Text(), refuse("%s failed.", result.Command)
	}
	return data, result.Text(), nil
}
