package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// errLocked says that another process holds a lock.
var errLocked = errors.New("held by another process")

// lock is an exclusive lock on a file. The kernel releases it when the process ends
// in whatever way, so a dead process never blocks a living one.
type lock struct{ file *os.File }

// tryLock takes the lock or fails with errLocked.
func tryLock(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", path, errLocked)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &lock{file: f}, nil
}

// takeLock waits for the lock; onWait is called once if it has to.
func takeLock(ctx context.Context, path string, onWait func()) (*lock, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for waited := false; ; waited = true {
		l, err := tryLock(path)
		if err == nil || !errors.Is(err, errLocked) {
			return l, err
		}
		if !waited {
			onWait()
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w; see who holds it with `fuser %s`", err, ctx.Err(), path)
		case <-tick.C:
		}
	}
}

// release gives the lock back; the file stays, since another may be waiting on it.
func (l *lock) release() { l.file.Close() }
