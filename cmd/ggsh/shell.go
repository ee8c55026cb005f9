package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/chzyer/readline"

	"ggsh/commands"
	"ggsh/control"
	"ggsh/trandata"
)

// shell is a session with its keyboard and screen.
type shell struct {
	opt      options
	session  *commands.Session
	reader   commands.LineReader
	pager    *pager // nil when nobody looks
	keyboard bool   // a person types
	broken   bool   // Ctrl-C ended a command
	typed    bool   // standard input is a terminal
}

func newShell(o options) (*shell, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	host, _, _ = strings.Cut(host, ".")
	sh := &shell{opt: o}
	manager := control.ToProcess(o.home.Socket("MGR"))
	terminal := &commands.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	cfg := commands.Config{Home: o.home, Host: host, User: userName(),
		Version: version, Platform: platform(host), Now: time.Now, Getenv: os.Getenv,
		Manager: manager,
		Process: func(group string) commands.Client {
			return control.ToProcess(o.home.Socket(group))
		},
		StartManager: commands.Detached(o.home, managerProgram(), manager),
		Source:       trandata.New(),
		Terminal:     terminal}
	if o.json {
		terminal.Out = os.Stderr
	} else {
		cfg.Step = sh.step
	}
	if err := sh.openReader(&cfg); err != nil {
		return nil, err
	}
	sh.session = commands.New(cfg)
	if k, ok := sh.reader.(*keyboard); ok {
		k.complete = sh.session.Complete
	}
	return sh, nil
}

// openReader finds where the lines come from: -c, a file, a pipe or a person.
func (sh *shell) openReader(cfg *commands.Config) error {
	onScreen := readline.IsTerminal(int(os.Stdout.Fd()))
	isTyped := readline.IsTerminal(int(os.Stdin.Fd()))
	echo := io.Writer(os.Stdout)
	if sh.opt.json {
		echo = io.Discard
	}
	sh.typed = isTyped
	cfg.Unattended = !isTyped || sh.opt.script != ""
	if !isTyped { // programs would read the script as their keyboard
		cfg.Terminal.In, cfg.Terminal.NoEditor = nil, true
	}
	switch {
	case len(sh.opt.lines) > 0:
		sh.reader = newScript(strings.NewReader(""), echo)
		if isTyped {
			sh.reader = newKeyboard(sh.opt)
		}
	case sh.opt.script != "":
		f, err := os.Open(sh.opt.script)
		if err != nil {
			return err
		}
		sh.reader = newScript(f, echo)
	case isTyped && onScreen && !sh.opt.json:
		sh.keyboard = true
		sh.reader = newKeyboard(sh.opt)
		sh.pager = &pager{reader: sh.reader, out: os.Stdout}
	default:
		sh.reader = newScript(os.Stdin, echo)
	}
	cfg.Lines = sh.reader
	return nil
}

func (sh *shell) close() {
	sh.session.Close()
	sh.reader.Close()
}

// run does all lines; true when one of them failed and nobody saw it.
func (sh *shell) run(ctx context.Context) (failed bool) {
	if sh.opt.banner || len(sh.opt.lines) == 0 && !sh.opt.json {
		fmt.Print(banner())
	}
	if sh.opt.banner {
		return false
	}
	if sh.opt.to.Address != "" && !sh.connect(ctx) {
		return true
	}
	for _, line := range sh.opt.lines {
		r := sh.do(ctx, line)
		failed = failed || r.Failed
		if r.Quit || sh.broken {
			break
		}
	}
	if len(sh.opt.lines) > 0 {
		return failed || sh.broken
	}
	for {
		line, err := sh.reader.Next(sh.session.Prompt())
		if errors.Is(err, readline.ErrInterrupt) {
			continue
		}
		if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
			if !sh.keyboard && !sh.opt.json {
				fmt.Println()
			}
			return failed && !sh.keyboard
		}
		r := sh.do(ctx, line)
		if k, ok := sh.reader.(*keyboard); ok {
			k.remember(line)
		}
		failed = failed || r.Failed
		if sh.broken && !sh.keyboard { // a script is not gone on with
			return true
		}
		if r.Quit {
			return failed && !sh.keyboard
		}
	}
}

// connect does -connect. A script is not begun without it.
func (sh *shell) connect(ctx context.Context) bool {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	d := sh.opt.to
	d.Password = sh.password
	r := sh.session.Connect(ctx, d)
	if r.Failed || !sh.opt.json && len(sh.opt.lines) == 0 {
		sh.show(r)
	}
	return !r.Failed
}

// password asks the person, or takes the first line of standard input: never a
// line of a script in a file.
func (sh *shell) password() (string, error) {
	const prompt = "Password: "
	if _, ok := sh.reader.(*keyboard); !ok && sh.typed {
		fmt.Fprint(os.Stderr, prompt)
		b, err := readline.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(os.Stderr)
		return string(b), err
	}
	if !sh.typed && (sh.opt.script != "" || len(sh.opt.lines) > 0) {
		return newScript(os.Stdin, io.Discard).Password(prompt)
	}
	return sh.reader.Password(prompt)
}

// do executes a line; Ctrl-C ends the command and not the shell.
func (sh *shell) do(ctx context.Context, line string) *commands.Result {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	r := sh.session.Do(ctx, line)
	sh.broken = ctx.Err() != nil
	sh.show(r)
	return r
}

func (sh *shell) show(r *commands.Result) {
	if sh.opt.json {
		if r.Command == "" {
			return
		}
		b, err := json.Marshal(r)
		if err != nil {
			b = fmt.Appendf(nil, `{"command":%q,"ok":false}`, r.Command)
		}
		fmt.Printf("%s\n", b)
		return
	}
	if _, long := r.Value.(commands.Page); long && sh.pager != nil {
		sh.pager.show(r.Text())
		return
	}
	fmt.Print(r.Text())
}

// step shows a command of an OBEY file as if it were typed.
func (sh *shell) step(prompt string, r *commands.Result) {
	if r == nil {
		fmt.Println(prompt)
		return
	}
	sh.show(r)
}
