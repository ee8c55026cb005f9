package agent

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"ggsh/ggserr"
)

// takeHome makes this the only Manager of the home until the file is closed
// or the process ends. An OS lock decides; the pid in the file is for the message.
func (m *Manager) takeHome() (*os.File, error) {
	path := m.cfg.Home.Join("dirpcs", "MGR.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, ggserr.New(ggserr.FileOpen, path).Because(err).
			Do("CREATE SUBDIRS makes the sub-directories of a home.")
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer f.Close()
		b, _ := io.ReadAll(io.LimitReader(f, 32))
		return nil, ggserr.New(ggserr.ManagerRunning, m.cfg.Home, strings.TrimSpace(string(b)))
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}
