package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxSocketPath is how long a unix socket's address may be on Linux.
const maxSocketPath = 107

// shortPath gives a path to the same file that fits a socket address: below
// the opened directory's entry of /proc. done closes the directory.
func shortPath(path string) (short string, done func(), err error) {
	if len(path) <= maxSocketPath {
		return path, func() {}, nil
	}
	fd, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", nil, &fs.PathError{Op: "open", Path: filepath.Dir(path), Err: err}
	}
	short = fmt.Sprintf("/proc/self/fd/%d/%s", fd, filepath.Base(path))
	if len(short) > maxSocketPath {
		unix.Close(fd)
		return "", nil, fmt.Errorf("socket name %s is too long", filepath.Base(path))
	}
	return short, func() { unix.Close(fd) }, nil
}

func dialUnix(ctx context.Context, path string) (*net.UnixConn, error) {
	short, done, err := shortPath(path)
	if err != nil {
		return nil, err
	}
	defer done()
	d := net.Dialer{Timeout: dialTimeout}
	c, err := d.DialContext(ctx, "unix", short)
	if err != nil {
		return nil, err
	}
	return c.(*net.UnixConn), nil
}

// SocketOwner gives the pid of the process that listens at a unix socket, as
// the kernel knows it: it needs no answer, so a process that hangs has one too.
func SocketOwner(ctx context.Context, path string) (int, error) {
	c, err := dialUnix(ctx, path)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err = errors.Join(err, credErr); err != nil {
		return 0, err
	}
	return int(cred.Pid), nil
}

// ListenProcess listens at a unix socket that only its owner may use. A
// socket that a dead process left is removed; one that somebody listens at, or
// another kind of file, is an error. Closing the listener removes the socket.
func ListenProcess(socketPath string) (net.Listener, error) {
	if err := removeStale(socketPath); err != nil {
		return nil, err
	}
	short, done, err := shortPath(socketPath)
	if err != nil {
		return nil, err
	}
	defer done()
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var modeErr error // the mode a socket has before bind is the file's mode
		err := raw.Control(func(fd uintptr) { modeErr = unix.Fchmod(int(fd), 0o600) })
		return errors.Join(err, modeErr)
	}}
	l, err := lc.Listen(context.Background(), "unix", short)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", socketPath, err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	st, err := os.Lstat(socketPath)
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("listen at %s: %w", socketPath, err)
	}
	return &processListener{Listener: l, path: socketPath, file: st}, nil
}

// removeStale makes way at path: only for a socket at which nobody listens.
func removeStale(path string) error {
	st, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if st.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is in the way of a socket: move it away", path)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	pid, err := SocketOwner(ctx, path)
	switch {
	case err == nil:
		return fmt.Errorf("another process (pid %d) listens at %s", pid, path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	}
	return fmt.Errorf("another process may listen at %s: %w", path, err)
}

// processListener removes its own socket when it closes, and no other's.
type processListener struct {
	net.Listener
	path string
	file fs.FileInfo
	once sync.Once
}

// Close ends listening and removes the socket.
func (l *processListener) Close() error {
	l.once.Do(func() {
		if st, err := os.Lstat(l.path); err == nil && os.SameFile(st, l.file) {
			os.Remove(l.path)
		}
	})
	return l.Listener.Close()
}
