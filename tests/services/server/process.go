package server

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// process is a running server as its parent sees it.
type process struct {
	pid  int
	cmd  *exec.Cmd
	done chan struct{} // closed when the process was reaped
	end  atomic.Pointer[string]
}

// startProcess starts cmd in its own process group, its output in the file out.
// Unless detached, the kernel kills it when this process dies.
func startProcess(cmd *exec.Cmd, detached bool, out string) (*process, error) {
	f, err := os.OpenFile(out, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's output file: %w", err)
	}
	cmd.Stdout, cmd.Stderr = f, f
	attr := &syscall.SysProcAttr{}
	if detached {
		attr.Setsid = true
	} else {
		attr.Setpgid = true
		dieWithParent(attr)
	}
	cmd.SysProcAttr = attr
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel ties "dies with its parent" to the thread that forked, so this
		// thread must live exactly as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := cmd.Start()
		f.Close()
		started <- err
		if err != nil {
			return
		}
		state := "exit status 0"
		if err := cmd.Wait(); err != nil {
			state = err.Error()
		}
		p.end.Store(&state)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	p.pid = cmd.Process.Pid
	return p, nil
}

// state says how the process ended, for messages.
func (p *process) state() string {
	if s := p.end.Load(); s != nil {
		return *s
	}
	return "running"
}

func (p *process) signal(s syscall.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := p.cmd.Process.Signal(s); err != nil && p.state() == "running" {
		select {
		case <-p.done: // it ended between the look and the signal
			return nil
		case <-time.After(time.Second):
			return fmt.Errorf("signal process %d: %w", p.pid, err)
		}
	}
	return nil
}

// kill ends the process at once and waits until it is gone.
func (p *process) kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(killDeadline):
		return fmt.Errorf("process %d is still there %v after SIGKILL: look at its state in /proc",
			p.pid, killDeadline)
	}
}
