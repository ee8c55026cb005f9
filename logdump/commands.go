package logdump

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"ggsh/trail"
)

// commands is the command table, in the order that HELP shows it.
func commands() []command {
	return []command{
		{[]string{"OPEN", "O"}, "file", "open a trail file", (*Session).open},
		{[]string{"NEXT", "N"}, "[n]", "show the next records", (*Session).next},
		{[]string{"POSITION", "POS"}, "[rba | FIRST | LAST | EOF]", "go to a place", (*Session).pos},
		{[]string{"SKIP"}, "n", "go past n records", (*Session).skip},
		{[]string{"FOLLOW", "TAIL"}, "[n]", "show records as they are written", (*Session).follow},
		{[]string{"NEXTTRAIL", "NT"}, "", "open the trail's next file", (*Session).nextTrail},
		{[]string{"GHDR"}, "ON | OFF", "show record headers", (*Session).setGHDR},
		{[]string{"DETAIL"}, "ON | OFF | DATA", "list columns; with their values", (*Session).setDetail},
		{[]string{"USERTOKEN"}, "ON | OFF | DETAIL", "show user tokens", (*Session).setUserToken},
		{[]string{"GGSTOKEN"}, "ON | OFF | DETAIL", "show transaction data", (*Session).setGGSToken},
		{[]string{"HEADERTOKEN"}, "ON | OFF | DETAIL", "accepted; frames have no token headers",
			(*Session).setIgnored},
		{[]string{"DECRYPT"}, "ON | OFF", "accepted; records are decrypted when their key is there",
			(*Session).setIgnored},
		{[]string{"FILEHEADER"}, "ON | OFF | DETAIL", "show file headers", (*Session).setFileHeader},
		{[]string{"RECLEN"}, "n", "bytes of data to show", (*Session).setRecLen},
		{[]string{"TIMEOFFSET"}, "LOCAL | GMT", "the zone of times", (*Session).setZone},
		{[]string{"COUNT"}, "[START t] [END t] [LOGTRAIL f] [FILE table] [DETAIL]",
			"count records", (*Session).count},
		{[]string{"FILTER"},
			"{INCLUDE | EXCLUDE} kind value | MATCH {ANY | ALL} | SHOW | ON | OFF | CLEAR",
			"choose the records that are shown and counted", (*Session).setFilter},
		{[]string{"SCANFORHEADER", "SFH"}, "[PREV]", "find a record's beginning", (*Session).scanHeader},
		{[]string{"SCANFORTIME", "SFTS"}, "time", "find a record of that time or later",
			(*Session).scanTime},
		{[]string{"SCANFORTYPE", "SFT"}, "type", "find a record of a type", (*Session).scanType},
		{[]string{"SCANFORENDTRANS", "SFET"}, "", "find the end of the transaction",
			(*Session).scanEndTrans},
		{[]string{"SCANFORNEXTTRANS", "SFNT"}, "", "find the next transaction", (*Session).scanNextTrans},
		{[]string{"SCANFORRBA", "SFR"}, "rba", "find the record at or behind an offset",
			(*Session).scanRBA},
		{[]string{"SCANFORMETADATA", "SFMD"}, "[DDR | TDR]", "find a table definition",
			(*Session).scanMetadata},
		{[]string{"METADATA"}, "[table]", "show the table definitions read so far", (*Session).metadata},
		{[]string{"SHOW"}, "[OPEN | RECTYPE | FILTER | ENV | TIME]", "show settings", (*Session).show},
		{[]string{"ENV"}, "", "show settings", (*Session).showEnv},
		{[]string{"FILES", "DIR", "FI"}, "[pattern]", "list files", (*Session).files},
		{[]string{"CD"}, "folder", "not possible; name files by their path", (*Session).noCD},
		{[]string{"LOG"}, "TO file | STOP", "copy the output to a file", (*Session).setLog},
		{[]string{"OBEY"}, "file", "take commands from a file", (*Session).obey},
		{[]string{"HISTORY"}, "", "list the commands given", (*Session).showHistory},
		{[]string{"HELP", "H", "?"}, "[command]", "this list", (*Session).help},
		{[]string{"EXIT", "QUIT", "X", "Q"}, "", "leave logdump",
			func(*Session, context.Context, []string) error { return errExit }},
	}
}

func (s *Session) open(_ context.Context, args []string) error {
	path, err := argument(args, "OPEN file")
	if err != nil {
		return err
	}
	return s.openPath(path)
}

func (s *Session) openPath(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	f, err := s.scanner(abs)
	if err != nil {
		return err
	}
	if s.file != nil {
		s.file.Close()
	}
	s.file = f
	s.printf("Current LogTrail is %s\n", abs)
	return nil
}

// scanner opens a file with the keys that it may need.
func (s *Session) scanner(path string) (*trail.Scanner, error) {
	keys, err := s.keys(path)
	if err != nil {
		return nil, err
	}
	return trail.OpenScanner(path, keys)
}

func (s *Session) keys(path string) (trail.Keys, error) {
	if s.cfg.Keys == nil {
		return nil, nil
	}
	return s.cfg.Keys(path)
}

func (s *Session) nextTrail(context.Context, []string) error {
	if err := s.needFile(); err != nil {
		return err
	}
	name, seqno, err := trail.ParseFile(s.file.Path())
	if err != nil {
		return err
	}
	return s.openPath(name.File(seqno + 1))
}

func (s *Session) pos(_ context.Context, args []string) error {
	if err := s.needFile(); err != nil {
		return err
	}
	if len(args) == 0 {
		s.printf("Reading forward from RBA %d\n", s.file.RBA())
		return nil
	}
	size, err := s.file.Size()
	if err != nil {
		return err
	}
	var rba uint64
	switch strings.ToUpper(args[0]) {
	case "FIRST":
	case "EOF":
		rba = size
	case "LAST":
		if rba, _, err = s.file.Seek(size); err != nil {
			return err
		}
	default:
		if rba, err = number(args[0]); err != nil {
			return err
		}
	}
	if len(args) > 1 && strings.EqualFold(args[1], "REVERSE") {
		return errors.New("reading backwards is not possible; SFH PREV goes one record back")
	}
	return s.goTo(rba)
}

func (s *Session) goTo(rba uint64) error {
	if _, _, err := s.file.Seek(rba); err != nil {
		return err
	}
	s.printf("Reading forward from RBA %d\n", rba)
	return nil
}

func (s *Session) setGHDR(_ context.Context, args []string) error {
	var l level
	err := setLevel(&l, args, "ON")
	if err == nil {
		s.ghdr = l != off
	}
	return err
}

func (s *Session) setDetail(_ context.Context, args []string) error {
	return setLevel(&s.detail, args, "DATA")
}

func (s *Session) setUserToken(_ context.Context, args []string) error {
	return setLevel(&s.userToken, args, "DETAIL")
}

func (s *Session) setGGSToken(_ context.Context, args []string) error {
	return setLevel(&s.ggsToken, args, "DETAIL")
}

func (s *Session) setFileHeader(_ context.Context, args []string) error {
	return setLevel(&s.fileHeader, args, "DETAIL")
}

func (s *Session) setIgnored(_ context.Context, args []string) error {
	var l level
	return setLevel(&l, args, "DETAIL")
}

func (s *Session) setRecLen(_ context.Context, args []string) error {
	if len(args) == 0 {
		s.printf("RECLEN is %d\n", s.recLen)
		return nil
	}
	n, err := number(args[0])
	if err == nil {
		s.recLen = int(min(n, 1<<30))
		s.printf("RECLEN set to %d\n", s.recLen)
	}
	return err
}

func (s *Session) setZone(_ context.Context, args []string) error {
	word, err := argument(args, "TIMEOFFSET LOCAL or GMT")
	if err != nil {
		return err
	}
	switch strings.ToUpper(word) {
	case "LOCAL":
		s.zone = time.Local
	case "GMT", "UTC":
		s.zone = time.UTC
	default:
		return errors.New("expected: TIMEOFFSET LOCAL or GMT")
	}
	return nil
}

func (s *Session) show(ctx context.Context, args []string) error {
	word := "ENV"
	if len(args) > 0 {
		word = strings.ToUpper(args[0])
	}
	switch word {
	case "OPEN":
		if s.file == nil {
			s.printf("No LogTrail is open\n")
			return nil
		}
		s.printf("Current LogTrail is %s\n", s.file.Path())
	case "RECTYPE":
		for _, t := range recTypes() {
			s.printf("%4d - %s\n", t.number, t.name)
		}
	case "FILTER":
		s.filter.print(s)
	case "TIME":
		s.printf("Times are shown in %s\n", s.zone)
	case "ENV":
		return s.showEnv(ctx, nil)
	default:
		return errors.New("expected: SHOW OPEN, RECTYPE, FILTER, ENV or TIME")
	}
	return nil
}

func (s *Session) showEnv(context.Context, []string) error {
	name := "none"
	if s.file != nil {
		name = fmt.Sprintf("%s, RBA %d", s.file.Path(), s.file.RBA())
	}
	ghdr, detail := "OFF", s.detail.String()
	if s.ghdr {
		ghdr = "ON"
	}
	if s.detail == full {
		detail = "DATA"
	}
	s.printf("Current LogTrail : %s\nGHDR             : %s\nDETAIL           : %s\n",
		name, ghdr, detail)
	s.printf("USERTOKEN        : %s\nGGSTOKEN         : %s\nFILEHEADER       : %s\n",
		s.userToken, s.ggsToken, s.fileHeader)
	s.printf("RECLEN           : %d\nTime zone        : %s\n", s.recLen, s.zone)
	return nil
}

func (s *Session) files(_ context.Context, args []string) error {
	pattern := "*"
	if len(args) > 0 {
		pattern = args[0]
	} else if s.file != nil {
		pattern = filepath.Join(filepath.Dir(s.file.Path()), "*")
	}
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	sort.Strings(paths)
	for _, p := range paths {
		if st, err := os.Stat(p); err == nil && !st.IsDir() {
			s.printf("%12d  %s  %s\n", st.Size(), s.timeText(st.ModTime())[:19], p)
		}
	}
	return nil
}

func (s *Session) noCD(context.Context, []string) error {
	return errors.New("logdump stays in its folder: name files by their path")
}

func (s *Session) setLog(_ context.Context, args []string) error {
	if len(args) == 1 && strings.EqualFold(args[0], "STOP") {
		if s.log != nil {
			s.log.Close()
			s.log = nil
		}
		return nil
	}
	if len(args) != 2 || !strings.EqualFold(args[0], "TO") {
		return errors.New("expected: LOG TO file or LOG STOP")
	}
	f, err := os.OpenFile(args[1], os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	if s.log != nil {
		s.log.Close()
	}
	s.log = f
	s.printf("Session log %s opened\n", args[1])
	return nil
}

func (s *Session) obey(ctx context.Context, args []string) error {
	path, err := argument(args, "OBEY file")
	if err != nil {
		return err
	}
	if s.depth >= 16 {
		return errors.New("OBEY files are nested too deeply")
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return err
	}
	s.depth++
	defer func() { s.depth-- }()
	for _, line := range strings.Split(string(text), "\n") {
		if err := s.Do(ctx, line); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) showHistory(context.Context, []string) error {
	for i, line := range s.history {
		s.printf("%4d: %s\n", i+1, line)
	}
	return nil
}

func (s *Session) help(_ context.Context, args []string) error {
	if len(args) > 0 {
		c, ok := lookup(args[0])
		if !ok {
			return fmt.Errorf("unknown command %s", args[0])
		}
		s.printf("%s %s\n    %s\n", strings.Join(c.names, ", "), c.args, c.help)
		return nil
	}
	for _, c := range commands() {
		s.printf("%-32s %s\n", strings.Join(c.names, ", ")+" "+c.args, c.help)
	}
	return nil
}
