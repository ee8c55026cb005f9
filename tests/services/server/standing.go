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
	Socket  string `json:",omitempty"` // of a database
	Dir     string
	PID     int
	More    []int `json:",omitempty"` // process ids of an HDFS's DataNodes
}

// RootDSN opens the server as root with go-sql-driver.
func (s Standing) RootDSN() string {
	return (&Instance{Host: s.Host, Port: s.Port}).RootDSN()
}

// Running tells whether the process is there and is this server: a pid alone may
// belong to somebody else by now.
func (s Standing) Running() bool { return s.isProcess(s.PID) }

func (s Standing) isProcess(pid int) bool {
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil {
		return false
	}
	own := "--datadir=" + filepath.Join(s.Dir, "data")
	if !slices.Contains(Databases(), s.Kind) {
		own = mark(s.Dir)
	}
	return slices.Contains(strings.Split(string(line), "\x00"), own)
}

// left are the processes that still run.
func (s Standing) left() []int {
	return slices.DeleteFunc(append([]int{s.PID}, s.More...),
		func(pid int) bool { return !s.isProcess(pid) })
}

// ConfDir is the folder of the client configuration of an HDFS.
func (s Standing) ConfDir() string { return filepath.Join(s.Dir, "conf") }

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
				if err := all[at].end(ctx); err != nil { // some of its processes may run
					return all, err
				}
				all = slices.Delete(all, at, at+1)
			}
			dir := filepath.Join(cache, "up", string(kind))
			if err := os.RemoveAll(dir); err != nil {
				return all, fmt.Errorf("remove what an ended server left: %w", err)
			}
			started, err := startStanding(ctx, kind, dir, progress)
			if err != nil {
				return all, err
			}
			all = append(all, started)
		}
		return all, nil
	})
}

// startStanding starts an instance that outlives this process.
func startStanding(ctx context.Context, kind Kind, dir string, progress io.Writer) (Standing, error) {
	s := Standing{Kind: kind, Host: "127.0.0.1"}
	switch kind {
	case KindHDFS:
		h, err := StartHDFS(ctx, HDFSOptions{Dir: dir, Detached: true, Progress: progress})
		if err != nil {
			return s, err
		}
		pids := h.PIDs()
		s.Version, s.Port, s.Dir, s.PID, s.More = h.Version, h.Port, h.Dir, pids[0], pids[1:]
	case KindKafka:
		k, err := StartKafka(ctx, KafkaOptions{Dir: dir, Detached: true, Progress: progress})
		if err != nil {
			return s, err
		}
		s.Version, s.Port, s.Dir, s.PID = k.Version, k.Port, k.Dir, k.PID()
	default:
		in, err := Start(ctx, kind, Options{Dir: dir, Detached: true, Progress: progress})
		if err != nil {
			return s, err
		}
		s.Version, s.Port, s.Dir, s.PID = in.Version, in.Port, in.Dir, in.PID()
		s.Socket = in.Socket
	}
	return s, nil
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

// StandingHDFS is the cluster that Up left running, for its shell and its tools.
func StandingHDFS(ctx context.Context, progress io.Writer) (*HDFS, error) {
	s, soft, err := standing(ctx, KindHDFS, progress)
	if err != nil {
		return nil, err
	}
	return &HDFS{Version: s.Version, Dir: s.Dir, Port: s.Port, soft: soft}, nil
}

// StandingKafka is the broker that Up left running, for its tools.
func StandingKafka(ctx context.Context, progress io.Writer) (*Kafka, error) {
	s, soft, err := standing(ctx, KindKafka, progress)
	if err != nil {
		return nil, err
	}
	return &Kafka{Version: s.Version, Dir: s.Dir, Port: s.Port, soft: soft}, nil
}

func standing(ctx context.Context, kind Kind, progress io.Writer) (Standing, *software, error) {
	all, err := Recorded()
	if err != nil {
		return Standing{}, nil, err
	}
	at := slices.IndexFunc(all, func(s Standing) bool { return s.Kind == kind && s.Running() })
	if at < 0 {
		return Standing{}, nil, fmt.Errorf("no %s runs: go run ./tests/services up %s", kind, kind)
	}
	soft, err := provision(ctx, kind, progress, false)
	return all[at], soft, err
}

// end stops a server that is no child of this process, so it watches /proc.
func (s Standing) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopDeadline)
	defer cancel()
	for _, pid := range s.left() {
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			return fmt.Errorf("stop %s, process %d: %w", s.Kind, pid, err)
		}
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for left := s.left(); len(left) > 0; left = s.left() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("stop %s: %w; see the logs in %s, then end with kill -9 the processes %v",
				s.Kind, ctx.Err(), s.Dir, left)
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
