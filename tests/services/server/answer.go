package server

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// inUsePrefix starts the line that says which server a test runs on; the test
// summary looks for it.
const inUsePrefix = "service in use: "

// awaitAnswer asks until this very server answers, its process ends, or time is up.
func (in *Instance) awaitAnswer(ctx context.Context, p *process) (string, error) {
	cfg := in.Config()
	cfg.Logger = &mysql.NopLogger{} // refused connections are expected here
	cfg.Timeout, cfg.ReadTimeout = 5*time.Second, 10*time.Second
	connector, err := mysql.NewConnector(cfg) // a DSN would lose the logger
	if err != nil {
		return "", err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		select {
		case <-p.done:
			return "", fmt.Errorf("the server ended: %v", p.state())
		case <-ctx.Done():
			return "", errors.Join(ctx.Err(), last)
		case <-tick.C:
		}
		version, dir, err := whoAnswers(ctx, db)
		if err != nil {
			last = err
			continue
		}
		if !sameDir(dir, in.DataDir()) {
			last = fmt.Errorf("another server, with data in %s, answers on the port", dir)
			continue
		}
		return version, nil
	}
}

func whoAnswers(ctx context.Context, db *sql.DB) (version, dataDir string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err = db.QueryRowContext(ctx, "SELECT VERSION(), @@datadir").Scan(&version, &dataDir)
	return version, dataDir, err
}

// sameDir compares two paths of which one may go through a symbolic link.
func sameDir(a, b string) bool {
	ia, errA := os.Stat(a)
	ib, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(ia, ib)
}

// portWasTaken tells a lost race for the port from other failures to start.
func (in *Instance) portWasTaken() bool {
	log := tail(in.ErrorLog(), 8000)
	return strings.Contains(log, "Address already in use") ||
		strings.Contains(log, "Do you already have another")
}

// freePort finds a loopback port that nobody listens on. It looks below the range
// from which the kernel takes ports for outgoing connections (32768 and up):
// otherwise a client's connection may sit on the port while a server restarts.
func freePort() (int, error) {
	const low, count, attempts = 21000, 11000, 200
	var last error
	for range attempts {
		port := low + rand.IntN(count)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			last = err
			continue
		}
		return port, l.Close()
	}
	return 0, fmt.Errorf("find a free port from %d to %d on 127.0.0.1: %w", low, low+count-1, last)
}

// freePorts finds as many ports as asked for, all different.
func freePorts(n int) ([]int, error) {
	var ports []int
	for len(ports) < n {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports, nil
}

// awaitLine waits until the log has a line with the text, from an offset on, or the
// process ends.
func awaitLine(ctx context.Context, p *process, log string, from int64, text string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		b, err := os.ReadFile(log)
		if err == nil && int64(len(b)) > from && bytes.Contains(b[from:], []byte(text)) {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("the process ended: %s; its log ends with:\n%s", p.state(), tail(log, 3000))
		case <-ctx.Done():
			return fmt.Errorf("%w; the log %s ends with:\n%s", ctx.Err(), log, tail(log, 3000))
		case <-tick.C:
		}
	}
}

// sizeOf is the size of a file, 0 for none.
func sizeOf(file string) int64 {
	st, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return st.Size()
}

// tail is the end of a file, for error messages; an unreadable file gives a remark.
func tail(path string, limit int64) string {
	f, err := os.Open(path)
	if err != nil {
		return "(no log: " + err.Error() + ")"
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > limit {
		if _, err := f.Seek(-limit, io.SeekEnd); err != nil {
			return "(no log: " + err.Error() + ")"
		}
	}
	b, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return "(no log: " + err.Error() + ")"
	}
	return strings.TrimSpace(string(b))
}

// cacheDir is where everything that is fetched, made once or left running lies.
func cacheDir() (string, error) {
	if dir := os.Getenv("GGSH_TEST_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w; set GGSH_TEST_CACHE to one", err)
	}
	return filepath.Join(dir, "ggsh-test-services"), nil
}
