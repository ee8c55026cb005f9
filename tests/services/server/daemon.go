package server

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
)

// daemon is one Java process of an instance, which can end and be started again.
type daemon struct {
	name     string
	dir      string // of the instance
	soft     *software
	run      javaRun
	detached bool

	mu   sync.Mutex
	proc *process
}

// mark is an option that changes nothing and tells whose process it is.
func mark(dir string) string { return "-Dggsh.instance=" + dir }

// log is where the daemon's output goes, over all its starts.
func (d *daemon) log() string { return filepath.Join(d.dir, d.name+".log") }

// start starts the process if it does not run and gives it.
func (d *daemon) start() (*process, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.proc != nil {
		select {
		case <-d.proc.done: // somebody else's signal ended it
		default:
			return d.proc, nil
		}
	}
	run := d.run
	run.options = append([]string{mark(d.dir), "-Djava.io.tmpdir=" + filepath.Join(d.dir, "tmp"),
		"-XX:ErrorFile=" + filepath.Join(d.dir, "crash-%p.log"), "-XX:+ExitOnOutOfMemoryError"},
		run.options...)
	cmd, err := d.soft.javaCommand(run)
	if err != nil {
		return nil, err
	}
	cmd.Dir = d.dir
	p, err := startProcess(cmd, d.detached, d.log())
	if err != nil {
		return nil, fmt.Errorf("start the %s: %w", d.name, err)
	}
	d.proc = p
	return p, nil
}

// pid is the process id, 0 while the daemon does not run.
func (d *daemon) pid() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.proc == nil {
		return 0
	}
	select {
	case <-d.proc.done:
		return 0
	default:
		return d.proc.pid
	}
}

// kill ends the process with SIGKILL and waits until it is gone.
func (d *daemon) kill() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.proc == nil {
		return nil
	}
	p := d.proc
	d.proc = nil
	return p.kill()
}

// stop ends the process the clean way.
func (d *daemon) stop(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.proc == nil {
		return nil
	}
	p := d.proc
	d.proc = nil
	ctx, cancel := context.WithTimeout(ctx, stopDeadline)
	defer cancel()
	if err := p.signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the %s, process %d: %w", d.name, p.pid, err)
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("stop the %s, process %d: not ended in time, killed instead; "+
			"see %s: %w", d.name, p.pid, d.log(), ctx.Err()), p.kill())
	}
}
