package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"ggsh/control"
	"ggsh/subdirs"
)

// startPatience is how long a Manager may take until it answers.
const startPatience = 20 * time.Second

// Detached gives the function for Config.StartManager: it starts the program
// as a session of its own, which outlives the shell, and waits until the
// Manager answers or has ended.
func Detached(home subdirs.Home, program string, manager Client) func(context.Context) error {
	return func(ctx context.Context) error {
		out, err := os.Create(home.Join("dirout", "MGR.out"))
		if errors.Is(err, os.ErrNotExist) {
			return refuse("The directory %s does not exist.", home.Join("dirout")).
				Do("CREATE SUBDIRS makes it.")
		}
		if err != nil {
			return refuse("START MANAGER: %s", err)
		}
		defer out.Close()
		before, _ := os.Stat(home.Report("MGR", -1))
		cmd := exec.Command(program, "-home", string(home))
		cmd.Dir, cmd.Stdout, cmd.Stderr = string(home), out, out
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			return refuse("The program %s cannot be started (%s).", program, err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		return awaitManager(ctx, home, manager, ended, before)
	}
}

func awaitManager(ctx context.Context, home subdirs.Home, manager Client, ended <-chan error,
	before os.FileInfo) error {
	deadline := time.After(startPatience)
	for {
		_, err := manager.Do(ctx, control.Request{Verb: control.Groups, From: "GGSH"})
		if err == nil {
			return nil
		}
		select {
		case err := <-ended:
			return managerEnded(home, err, before)
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return refuse("Manager does not answer after %s.", startPatience).
				Do("VIEW REPORT MGR, and see %s.", home.Join("dirout", "MGR.out"))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// managerEnded says why, in the Manager's own words: the errors of its report,
// if it wrote one, else the end of what it printed.
func managerEnded(home subdirs.Home, err error, before os.FileInfo) error {
	how := "ended at once"
	if err != nil {
		how = fmt.Sprintf("ended at once (%s)", err)
	}
	var said []string
	path := home.Report("MGR", -1)
	if st, err := os.Stat(path); err == nil && (before == nil || !os.SameFile(before, st) ||
		st.ModTime().After(before.ModTime())) {
		text, _ := readFile(path, maxPage)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, " ERROR ") && !strings.Contains(line, "OGG-01668") {
				said = append(said, strings.TrimSpace(line))
			}
		}
	}
	if len(said) == 0 {
		text, _ := readFile(home.Join("dirout", "MGR.out"), maxPage)
		said = strings.Split(strings.TrimSpace(lastLines(string(text), 5)), "\n")
	}
	return refuse("Manager %s: %s", how, strings.Join(said[max(0, len(said)-5):], "\n")).
		Do("VIEW REPORT MGR shows more.")
}
