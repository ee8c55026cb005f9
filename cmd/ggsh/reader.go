package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/chzyer/readline"

	"ggsh/commands"
)

// script reads lines from a file or pipe and shows each one after its prompt,
// as if it were typed.
type script struct {
	in   *bufio.Reader
	file io.Closer
	echo io.Writer
}

func newScript(in io.Reader, echo io.Writer) *script {
	s := &script{in: bufio.NewReader(in), echo: echo}
	s.file, _ = in.(io.Closer)
	return s
}

// Next reads a line.
func (s *script) Next(prompt string) (string, error) {
	fmt.Fprint(s.echo, prompt)
	line, err := s.in.ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if err == nil || line != "" {
		fmt.Fprintln(s.echo, commands.Mask(line))
		err = nil
	}
	return line, err
}

// Password reads a line and does not show it.
func (s *script) Password(prompt string) (string, error) {
	fmt.Fprint(s.echo, prompt)
	line, err := s.in.ReadString('\n')
	fmt.Fprintln(s.echo)
	line = strings.TrimRight(line, "\r\n")
	if line != "" {
		err = nil
	}
	return line, err
}

// Close closes the file.
func (s *script) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// keyboard reads what a person types, with line editing where the terminal can.
type keyboard struct {
	rl       *readline.Instance // nil on a dumb terminal
	plain    *bufio.Reader
	complete func(line string) []string
}

func newKeyboard(options) *keyboard {
	k := &keyboard{}
	if term := os.Getenv("TERM"); term != "dumb" && term != "" {
		rl, err := readline.NewEx(&readline.Config{HistoryFile: historyFile(), HistoryLimit: 1000,
			DisableAutoSaveHistory: true, HistorySearchFold: true, AutoComplete: k,
			InterruptPrompt: "^C", EOFPrompt: "\n"})
		if err == nil {
			k.rl = rl
			return k
		}
	}
	k.plain = bufio.NewReader(os.Stdin)
	return k
}

// historyFile makes sure that only its owner can read the history; without a
// home directory there is none.
func historyFile() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	path := filepath.Join(dir, ".ggsh_history")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return ""
	}
	defer f.Close()
	if err := f.Chmod(0o600); err != nil {
		return ""
	}
	return path
}

// remember adds a line to the history, unless it may carry a password.
func (k *keyboard) remember(line string) {
	if k.rl != nil && strings.TrimSpace(line) != "" && !commands.HasSecret(line) {
		k.rl.SaveHistory(line)
	}
}

// Next reads a line. Of a prompt of several lines the last is the line's own.
func (k *keyboard) Next(prompt string) (string, error) {
	if i := strings.LastIndexByte(prompt, '\n'); i >= 0 {
		fmt.Print(prompt[:i+1])
		prompt = prompt[i+1:]
	}
	if k.rl != nil {
		k.rl.SetPrompt(prompt)
		return k.rl.Readline()
	}
	fmt.Print(prompt)
	line, err := k.plain.ReadString('\n')
	if line != "" {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}

// Password reads without showing anything.
func (k *keyboard) Password(prompt string) (string, error) {
	if k.rl != nil { // it may hold what was typed ahead or pasted
		b, err := k.rl.ReadPassword(prompt)
		return string(b), err
	}
	fmt.Print(prompt)
	b, err := readline.ReadPassword(int(os.Stdin.Fd()))
	fmt.Println()
	return string(b), err
}

// Close gives the terminal back.
func (k *keyboard) Close() error {
	if k.rl == nil {
		return nil
	}
	return k.rl.Close()
}

// Do completes the word before the cursor; it is readline's interface.
func (k *keyboard) Do(line []rune, pos int) ([][]rune, int) {
	if k.complete == nil {
		return nil, 0
	}
	before := string(line[:pos])
	part := before[strings.LastIndexAny(before, " ,\t")+1:]
	var rest [][]rune
	for _, w := range k.complete(before) {
		tail := []rune(w)[len([]rune(part)):]
		if part != "" && part == strings.ToLower(part) {
			tail = []rune(strings.ToLower(string(tail)))
		}
		rest = append(rest, append(tail, ' '))
	}
	return rest, len([]rune(part))
}

// pager shows long texts a screen at a time.
type pager struct {
	reader commands.LineReader
	out    io.Writer
}

const defaultHeight = 24

func (p *pager) show(text string) {
	_, height, err := readline.GetSize(int(os.Stdout.Fd()))
	if err != nil || height < 3 {
		height = defaultHeight
	}
	lines := strings.SplitAfter(text, "\n")
	for len(lines) > height-1 {
		fmt.Fprint(p.out, strings.Join(lines[:height-1], ""))
		lines = lines[height-1:]
		answer, err := p.reader.Next("--More-- (Enter goes on, q leaves) ")
		if err != nil || strings.EqualFold(strings.TrimSpace(answer), "q") {
			return
		}
	}
	fmt.Fprint(p.out, strings.Join(lines, ""))
}
