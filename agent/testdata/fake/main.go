// Command fake stands in for extract, replicat and collector in tests of the
// Manager. It moves no data; the word in its parameter file says how it behaves.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/subdirs"
)

func main() {
	arg := map[string]string{}
	for i := 1; i+1 < len(os.Args); i += 2 {
		arg[strings.ToUpper(strings.TrimLeft(os.Args[i], "-"))] = os.Args[i+1]
	}
	home := subdirs.Home(arg["HOME"])
	go suicide(string(home))
	if filepath.Base(os.Args[0]) == "collector" {
		collector(arg)
		return
	}
	f := &fake{home: home, group: arg["PROCESSID"], kind: checkpoint.Extract}
	if filepath.Base(os.Args[0]) == "replicat" {
		f.kind = checkpoint.Replicat
	}
	b, _ := os.ReadFile(arg["PARAMFILE"])
	f.mode = strings.TrimSpace(string(b))
	os.Exit(f.run(arg["REPORTFILE"]))
}

// suicide ends a fake that a test forgot.
func suicide(home string) {
	for range 600 {
		if _, err := os.Stat(home); err != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	os.Exit(9)
}

func collector(arg map[string]string) {
	token, _ := io.ReadAll(os.Stdin)
	if arg["P"] == "" || len(token) != 65 {
		fmt.Println("no token")
		os.Exit(1)
	}
	fmt.Printf("LISTENING %s\n", arg["P"])
	select {}
}

type fake struct {
	home  subdirs.Home
	kind  checkpoint.Type
	group string
	mode  string
	file  *checkpoint.File
	stop  context.CancelFunc
}

func (f *fake) run(report string) int {
	if f.mode == "exit1" {
		os.WriteFile(report, []byte("2026-01-01 00:00:00  ERROR   OGG-00446  the log is gone\n"+
			"2026-01-01 00:00:00  ERROR   OGG-01668  PROCESS ABENDING\n"), 0o644)
		return 1
	}
	f.file = checkpoint.At(f.home.Checkpoint(f.group, f.kind == checkpoint.Extract))
	err := f.file.Lock()
	for range 50 {
		if !errors.Is(err, checkpoint.ErrLocked) {
			break
		}
		time.Sleep(10 * time.Millisecond)
		err = f.file.Lock()
	}
	if err != nil {
		fmt.Println(err)
		return 3
	}
	f.mark(checkpoint.Active)
	if f.mode == "mute" { // holds the group, serves nothing, and ends by force only
		signal.Ignore(syscall.SIGTERM)
		select {}
	}
	if f.mode == "exit0" {
		f.mark(checkpoint.Graceful)
		return 0
	}
	return f.serve()
}

func (f *fake) serve() int {
	l, err := control.ListenProcess(f.home.Socket(f.group))
	if err != nil {
		fmt.Println(err)
		return 4
	}
	path := f.home.Process(f.group, f.kind == checkpoint.Extract)
	control.WriteProcessFile(path, control.ProcessFile{Identity: f.identity(),
		Started: time.Now(), Socket: f.home.Socket(f.group)})
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	if f.mode == "hang" {
		signal.Ignore(syscall.SIGTERM)
		ctx, stop = context.WithCancel(context.Background())
	}
	f.stop = stop
	control.Serve(ctx, l, f, control.Options{})
	f.mark(checkpoint.Graceful)
	control.RemoveProcessFile(path, os.Getpid())
	return 0
}

func (f *fake) identity() control.Identity {
	id := control.Identity{Type: string(f.kind), Group: f.group, PID: os.Getpid(),
		Home: string(f.home)}
	return id
}

func (f *fake) mark(s checkpoint.StopStatus) {
	d, err := f.file.Load()
	if err != nil {
		fmt.Println(err)
		os.Exit(5)
	}
	if s == checkpoint.Active {
		d.State.Started = time.Now()
	}
	d.State.Updated, d.State.Stopped = time.Now(), s
	d.State.Lag = 90 * time.Second
	f.file.Store(d)
}

// Respond answers as an engine would.
func (f *fake) Respond(ctx context.Context, r control.Request) control.Reply {
	id := f.identity()
	switch {
	case r.Verb == control.Identify && f.mode == "liar":
		id.Group = "OTHER"
		return control.Reply{Identity: &id}
	case r.Verb == control.Identify:
		return control.Reply{Identity: &id}
	case f.mode == "hang":
		<-ctx.Done()
	case r.Verb == control.Stop && f.mode == "refuse":
		return control.Reply{Error: &control.Problem{Number: 1, Text: "not now"}}
	case r.Verb == control.Stop, r.Verb == control.ForceStop:
		f.stop()
		return control.Reply{Text: "Request processed."}
	case r.Verb == control.ReportNow && len(r.Args) > 0 && r.Args[0] == "DIE":
		os.Exit(7)
	}
	return control.Reply{Status: &control.ProcessStatus{Identity: id, State: "At EOF"}}
}
