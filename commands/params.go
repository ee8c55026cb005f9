package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"ggsh/ggserr"
	"ggsh/param"
)

// Page is a text that a person reads from the top: a file or a help text.
type Page struct {
	Path    string `json:"path,omitempty"`
	Content string `json:"content"`
}

// Text gives the content.
func (p Page) Text() string { return p.Content }

// maxPage bounds what VIEW shows.
const maxPage = 64 << 20

func viewParams(_ context.Context, s *Session, c *call) (Value, error) {
	path := s.cfg.Home.Param(c.at("name"))
	if err := s.mayRead(path); err != nil {
		return nil, err
	}
	b, err := readFile(path, maxParamFile)
	if err != nil {
		return nil, cannotOpen("parameter file "+path, err)
	}
	return Page{Path: path, Content: string(b)}, nil
}

func cannotOpen(what string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return refuse("The %s does not exist.", what)
	}
	return refuse("The %s cannot be read (%s).", what, err)
}

func setEditor(_ context.Context, s *Session, c *call) (Value, error) {
	s.editor, s.editorSet = c.at("program"), true
	return nil, nil
}

// ParamInfo is INFO PARAM.
type ParamInfo struct {
	Name     string `json:"name"`
	Programs string `json:"programs"`
	Syntax   string `json:"syntax"`
	Default  string `json:"default,omitempty"`
	Support  string `json:"support"`
	Help     string `json:"help"`
	Instead  string `json:"instead,omitempty"`
}

// Text gives one line for each fact.
func (p ParamInfo) Text() string {
	var b strings.Builder
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-12s: %s\n", name, value)
		}
	}
	row("parameter", p.Name)
	row("component", p.Programs)
	row("syntax", p.Syntax)
	row("default", p.Default)
	row("support", p.Support)
	row("description", p.Help)
	row("instead", p.Instead)
	return b.String()
}

func infoParam(_ context.Context, _ *Session, c *call) (Value, error) {
	var blocks Blocks
	name := strings.ToUpper(strings.TrimSuffix(c.at("name"), "*"))
	for _, r := range param.Table() {
		if r.Name == name || strings.HasSuffix(c.at("name"), "*") && strings.HasPrefix(r.Name, name) {
			blocks = append(blocks, ParamInfo{Name: r.Name, Programs: r.Programs.String(),
				Syntax: r.Syntax, Default: r.Default, Support: r.Support.String(), Help: r.Help,
				Instead: r.Instead})
		}
	}
	if len(blocks) > 0 {
		return blocks, nil
	}
	e := refuse("Parameter %s is not known.", name)
	if near := param.Nearest(name, 0); near != "" {
		return nil, e.Do("Did you mean %s?", near)
	}
	return nil, e
}

// checkParamFile is CHECK PARAMS: what START checks, without starting.
func checkParamFile(_ context.Context, s *Session, c *call) (Value, error) {
	path := s.cfg.Home.Param(c.at("name"))
	if err := s.mayRead(path); err != nil {
		return nil, err
	}
	var program param.Program
	if strings.EqualFold(c.at("name"), "MGR") {
		program = param.Manager
	}
	opt := s.paramOptions(program)
	opt.CheckOnly = true
	f, err := param.Parse(path, opt)
	var all []error
	for _, e := range param.Errors(err) {
		all = append(all, e)
	}
	if len(all) > 0 {
		return nil, errors.Join(all...)
	}
	l := Lines{At: s.cfg.Now()}
	for _, w := range f.Warnings {
		l.Lines = append(l.Lines, Line{Number: w.Number, Severity: ggserr.Warning,
			Text: w.Where.String() + ": " + w.Message()})
	}
	l.Lines = append(l.Lines, Line{Text: "Parameter file " + path + " is understood (" +
		f.Program.String() + ")."})
	return l, nil
}

func paramRows() []Command {
	place := []Arg{{Name: "name", Kind: Word, Help: "MGR, a group, ./GLOBALS or a file"}}
	return []Command{
		{Verb: "EDIT", Object: "PARAMS", Priority: P0, Changes: true,
			Synopsis: "EDIT PARAMS {MGR | group | ./GLOBALS | file}", Places: place, run: editParams,
			Help: "Opens a parameter file of dirprm in the editor: SET EDITOR's, else $EDITOR, " +
				"else vi."},
		{Verb: "VIEW", Object: "PARAMS", Priority: P0, run: viewParams, Places: place,
			Synopsis: "VIEW PARAMS {MGR | group | ./GLOBALS | file}",
			Help:     "Shows a parameter file as it is."},
		{Verb: "SET", Object: "EDITOR", Priority: P1, Synopsis: "SET EDITOR program",
			Help: "Names the editor for the rest of the session.", run: setEditor,
			Places: []Arg{{Name: "program", Kind: Rest, Help: "program with its arguments"}}},
		{Verb: "INFO", Object: "PARAMS", Priority: P2, Synopsis: "INFO PARAM name", Places: place,
			Help: "Shows what a parameter means and which programs take it.", run: infoParam},
		{Verb: "CHECK", Object: "PARAMS", Priority: Extension, Places: place, run: checkParamFile,
			Synopsis: "CHECK PARAMS {MGR | group | ./GLOBALS | file}",
			Help:     "Checks a parameter file as START does, and starts nothing."},
	}
}
