package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Standing is a server that Up left running.
type Standing struct {
	Kind    Kind
	Version string
	Host    string
	Port    int
	Socket  string
	Dir     string
	PID     int
}

// RootDSN opens the server as root with go-sql-driver.
func (s Standing) RootDSN() string {
	return (&Instance{Host: s.Host, Port: s.Port}).RootDSN()
}

// Running tells whether the process is there and is this server: a pid alone may
// belong to somebody else by now.
func (s Standing) Running() bool {
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.PID), "cmdline"))
	return err == nil && strings.Contains(string(line), "--datadir="+filepath.Join(s.Dir, "data"))
}

// Up starts a lasting instance of each kind that has none running, and records it.
func Up(ctx context.Context, kinds []Kind, progress io.Writer) error {
	for _, kind := range kinds { // outside the lock: others may ask for the status meanwhile
		if _, err := Provision(ctx, kind, progress); err != nil {
			return err
		}
	}
	return changeStanding(ctx, func(cache string, all []Standing) ([]Standing, error) {
		for _, kind := range kinds {
			at := slices.IndexFunc(all, func(s Standing) bool { return s.Kind == kind })
			if at >= 0 && all[at].Running() {
				continue
			}
			if at >= 0 {
				all = slices.Delete(all, at, at+1)
			}
			dir := filepath.Join(cache, "up", string(kind))
			if err := os.RemoveAll(dir); err != nil {
				return all, fmt.Errorf("remove what an ended server left: %w", err)
			}
			in, err := Start(ctx, kind, Options{Dir: dir, Detached: true, Progress: progress})
			if err != nil {
				return all, err
			}
			all = append(all, Standing{Kind: kind, Version: in.Version, Host: in.Host, Port: in.Port,
				Socket: in.Socket, Dir: in.Dir, PID: in.PID()})
		}
		return all, nil
	})
}

// Down ends the recorded instances of the kinds and removes their data.
func Down(ctx context.Context, kinds []Kind, progress io.Writer) error {
	return changeStanding(ctx, func(_ string, all []Standing) ([]Standing, error) {
		var kept []Standing
		var failed error
		for _, s := range all {
			if !slices.Contains(kinds, s.Kind) {
				kept = append(kept, s)
				continue
			}
			if err := s.end(ctx); err != nil {
				kept, failed = append(kept, s), errors.Join(failed, err)
				continue
			}
			fmt.Fprintf(progress, "services: %s on port %d ended\n", s.Kind, s.Port)
		}
		return kept, failed
	})
}

// Recorded lists the instances that Up left, running or not.
func Recorded() ([]Standing, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	return readStanding(cache)
}

// end stops a server that is no child of this process, so it watches /proc.
func (s Standing) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopDeadline)
	defer cancel()
	if s.Running() {
		if err := syscall.Kill(s.PID, syscall.SIGTERM); err != nil {
			return fmt.Errorf("stop %s, process %d: %w", s.Kind, s.PID, err)
		}
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for s.Running() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("stop %s, process %d: %w; see %s, then end it with `kill -9 %d`",
				s.Kind, s.PID, ctx.Err(), filepath.Join(s.Dir, "error.log"), s.PID)
		case <-tick.C:
		}
	}
	return os.RemoveAll(s.Dir)
}

// changeStanding reads the record, changes it and writes it, one process at a time.
// It writes also when change failed half way: what runs must stay recorded.
func changeStanding(ctx context.Context,
	change func(cache string, all []Standing) ([]Standing, error)) error {
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return fmt.Errorf("make the cache folder: %w; set GGSH_TEST_CACHE to another", err)
	}
	l, err := takeLock(ctx, filepath.Join(cache, "up.lock"), func() {})
	if err != nil {
		return err
	}
	defer l.release()
	all, err := readStanding(cache)
	if err != nil {
		return err
	}
	all, changeErr := change(cache, all)
	b, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return errors.Join(changeErr, err)
	}
	aside := filepath.Join(cache, "up.json.partial")
	if err := os.WriteFile(aside, append(b, '\n'), 0o600); err != nil {
		return errors.Join(changeErr, fmt.Errorf("record the running servers: %w", err))
	}
	return errors.Join(changeErr, os.Rename(aside, filepath.Join(cache, "up.json")))
}

func readStanding(cache string) ([]Standing, error) {
	path := filepath.Join(cache, "up.json")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read which servers were left running: %w", err)
	}
	var all []Standing
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("read %s: %w; remove it after ending the servers by hand", path, err)
	}
	return all, nil
}
