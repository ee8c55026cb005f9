// Package logdump is the program logdump: it shows what a trail holds, record by
// record, finds places in it and counts.
//
// It changes no trail and takes part in no replication. Its law: it shows what
// stands in the file, past damage too, and says where it could not read.
package logdump

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"ggsh/trail"
)

// Config is what a session needs of its surroundings.
type Config struct {
	Out    io.Writer
	Prompt bool           // print a prompt before each line: In is a terminal
	Zone   *time.Location // times are shown and read in it; nil: UTC
	// Keys finds the keys for the encrypted file at path; nil: there are none.
	Keys func(path string) (trail.Keys, error)
}

// Session is one run of logdump.
type Session struct {
	cfg  Config
	out  *bufio.Writer
	log  *os.File // LOG TO
	zone *time.Location
	file *trail.Scanner

	ghdr       bool
	detail     level
	userToken  level
	ggsToken   level
	fileHeader level
	recLen     int
	filter     filter
	history    []string
	depth      int // of OBEY
}

// level is OFF, ON or DETAIL (DATA for records).
type level int

const (
	off level = iota
	on
	full
)

// errExit ends a session.
var errExit = errors.New("logdump: exit")

// NewSession makes a session with the settings that logdump starts with.
func NewSession(cfg Config) *Session {
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	return &Session{cfg: cfg, out: bufio.NewWriter(cfg.Out), zone: cfg.Zone, recLen: 140,
		filter: filter{enabled: true}}
}

// Run takes commands from in, one a line, until EXIT or its end.
func (s *Session) Run(ctx context.Context, in io.Reader) error {
	defer s.close()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for {
		if s.cfg.Prompt {
			s.printf("\nLogdump %d >", len(s.history)+1)
		}
		if err := s.out.Flush(); err != nil {
			return err
		}
		if !lines.Scan() {
			return lines.Err()
		}
		if err := s.Do(ctx, lines.Text()); err != nil {
			return s.end(err)
		}
	}
}

// RunText takes the commands of text, separated by semicolons.
func (s *Session) RunText(ctx context.Context, text string) error {
	defer s.close()
	for _, line := range strings.Split(text, ";") {
		if err := s.Do(ctx, line); err != nil {
			return s.end(err)
		}
	}
	return s.out.Flush()
}

func (s *Session) end(err error) error {
	if err == errExit || errors.Is(err, context.Canceled) {
		err = nil
	}
	if ferr := s.out.Flush(); err == nil {
		err = ferr
	}
	return err
}

func (s *Session) close() {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
	if s.log != nil {
		s.log.Close()
		s.log = nil
	}
}

func (s *Session) printf(format string, args ...any) {
	fmt.Fprintf(s.out, format, args...)
	if s.log != nil {
		fmt.Fprintf(s.log, format, args...)
	}
}

// Do takes one command. What goes wrong is printed; the error returned is one
// that ends the session.
func (s *Session) Do(ctx context.Context, line string) error {
	words := fields(line)
	if len(words) == 0 || strings.HasPrefix(words[0], "--") {
		return nil
	}
	if words[0] == "!" || strings.EqualFold(words[0], "FC") {
		if len(s.history) == 0 {
			s.printf("No command to repeat.\n")
			return nil
		}
		line = s.history[len(s.history)-1]
		words = fields(line)
		s.printf("%s\n", line)
	}
	s.history = append(s.history, strings.TrimSpace(line))
	c, ok := lookup(words[0])
	if !ok {
		s.printf("Unknown command %s. HELP lists the commands.\n", words[0])
		return s.out.Flush()
	}
	err := c.run(s, ctx, words[1:])
	if err == errExit || errors.Is(err, context.Canceled) {
		return err
	}
	if err != nil {
		s.printf("%v\n", err)
	}
	return s.out.Flush()
}

// fields splits a line at blanks and commas; text in quotes is one word.
func fields(line string) []string {
	var words []string
	var word strings.Builder
	quote, inWord := rune(0), false
	flush := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	for _, r := range line {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '"' || r == '\'':
			quote, inWord = r, true
		case r == ' ' || r == '\t' || r == ',' || r == '\r':
			flush()
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	flush()
	return words
}

// command is one row of the command table.
type command struct {
	names []string // the first is the name, the others are short for it
	args  string
	help  string
	run   func(s *Session, ctx context.Context, args []string) error
}

func lookup(name string) (command, bool) {
	for _, c := range commands() {
		for _, n := range c.names {
			if strings.EqualFold(n, name) {
				return c, true
			}
		}
	}
	return command{}, false
}

func number(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return n, nil
}

// argument gives the only word of args, or an error that names what is expected.
func argument(args []string, what string) (string, error) {
	if len(args) != 1 {
		return "", fmt.Errorf("expected: %s", what)
	}
	return args[0], nil
}

func setLevel(to *level, args []string, fullWord string) error {
	word := "ON"
	if len(args) > 0 {
		word = strings.ToUpper(args[0])
	}
	switch word {
	case "ON":
		*to = on
	case "OFF":
		*to = off
	case fullWord:
		*to = full
	default:
		return fmt.Errorf("expected: ON, OFF or %s", fullWord)
	}
	return nil
}

func (l level) String() string { return [...]string{"OFF", "ON", "DETAIL"}[l] }

func (s *Session) needFile() error {
	if s.file == nil {
		return errors.New("no trail is open: OPEN file")
	}
	return nil
}

// timeLayout is how times are shown; the last three digits stand apart.
const timeLayout = "2006/01/02 15:04:05.000000"

func (s *Session) timeText(t time.Time) string {
	text := t.In(s.zone).Format(timeLayout)
	return text[:23] + "." + text[23:]
}

// readTime reads a time as it is shown, or a shorter part of it.
func (s *Session) readTime(words []string) (time.Time, error) {
	text := strings.NewReplacer("/", "-", "T", " ").Replace(strings.Join(words, " "))
	if len(text) == 27 && text[23] == '.' {
		text = text[:23] + text[24:]
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, s.zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: yyyy-mm-dd hh:mm:ss", strings.Join(words, " "))
}
