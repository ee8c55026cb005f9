// Package server gives tests real servers: it fetches MariaDB and MySQL from the
// Debian archive and HDFS and Kafka from Maven's central repository into a cache
// folder, starts fresh instances of them on the loopback interface, and ends them
// again.
//
// It is not a way to run a server for anybody's data: the root password is
// written in this file, and Close removes the data directory. It installs nothing
// into the system and never touches a server or a data directory of the system.
//
// Its law: an instance that a process started does not outlive that process,
// however the process ends; only Up leaves servers behind, and writes down which.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Kind names a product that can be had here.
type Kind string

// The products that can be had. HDFS and Kafka have starters of their own, StartHDFS
// and StartKafka.
const (
	MariaDB   Kind = "mariadb"
	MySQL     Kind = "mysql"
	KindHDFS  Kind = "hdfs"
	KindKafka Kind = "kafka"
)

// RootUser and RootPassword open every instance from 127.0.0.1 and over the socket.
// The password guards nothing: instances listen on loopback and hold test data.
const (
	RootUser     = "root"
	RootPassword = "ggsh-tests"
)

const (
	startDeadline = 90 * time.Second
	stopDeadline  = 60 * time.Second
	// killDeadline is how long the kernel may take to end a killed process that
	// is inside a disk write.
	killDeadline = 20 * time.Second
	// maxSocketPath leaves room below the 108 bytes of sockaddr_un.
	maxSocketPath = 99
	portAttempts  = 5
)

// Kinds lists all kinds, in the order in which commands go through them.
func Kinds() []Kind { return append(Databases(), KindHDFS, KindKafka) }

// Databases lists the kinds that speak SQL, which Start starts.
func Databases() []Kind { return []Kind{MariaDB, MySQL} }

// ParseKind reads a kind from a command line.
func ParseKind(s string) (Kind, error) {
	for _, k := range Kinds() {
		if string(k) == s {
			return k, nil
		}
	}
	return "", fmt.Errorf("unknown kind of server %q: use one of %v", s, Kinds())
}

// Options changes how Start makes an instance. The zero value is a good default.
type Options struct {
	// Dir holds the instance: data, temporary files, error log. It is created, must
	// be empty, and is removed by Close. Empty means a folder in the system's
	// temporary folder.
	Dir string
	// Extra are server options such as "--max-connections=10". They come after the
	// defaults, so they win.
	Extra []string
	// InitExtra are server options that must already hold when the data directory
	// is made, such as "--lower-case-table-names=1". With any, the data directory is
	// initialized anew (seconds) instead of copied from the cache.
	InitExtra []string
	// Detached leaves the server running when this process ends.
	Detached bool
	// Progress gets one line per thing that takes long; nil means standard error.
	Progress io.Writer
}

// Instance is one server with its own data directory and port.
type Instance struct {
	Kind    Kind
	Version string // as the server itself says it: SELECT VERSION()
	Host    string
	Port    int
	Socket  string
	Dir     string

	soft      *software
	opts      Options
	socketDir string
	claim     *lock

	mu   sync.Mutex
	proc *process
}

// Start provisions the kind if needed, makes a fresh data directory, starts a
// server on it and returns when the server answers as root over TCP.
func Start(ctx context.Context, kind Kind, opts Options) (*Instance, error) {
	if !slices.Contains(Databases(), kind) {
		return nil, fmt.Errorf("start %s: it is no database, see StartHDFS and StartKafka", kind)
	}
	if opts.Progress == nil {
		opts.Progress = os.Stderr
	}
	if opts.Detached && opts.Dir == "" {
		return nil, errors.New("start a detached server: give Options.Dir, " +
			"since folders in the temporary folder are swept when their process ends")
	}
	soft, err := provision(ctx, kind, opts.Progress, false)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startDeadline)
	defer cancel()
	in := &Instance{Kind: kind, Host: "127.0.0.1", soft: soft, opts: opts}
	if err := in.makeDir(ctx); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	if err := in.startOnFreePort(ctx); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	fmt.Fprintf(opts.Progress, "%s%s %s (port %d)\n", inUsePrefix, kind, in.Version, in.Port)
	return in, nil
}

// RootDSN opens the server as root with go-sql-driver, no database selected.
func (in *Instance) RootDSN() string { return in.DSN("") }

// DSN is RootDSN with a database selected.
func (in *Instance) DSN(database string) string {
	cfg := in.Config()
	cfg.DBName = database
	return cfg.FormatDSN()
}

// Config is what RootDSN says, for callers that change more of it.
func (in *Instance) Config() *mysql.Config {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd = RootUser, RootPassword
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(in.Host, strconv.Itoa(in.Port))
	return cfg
}

// ErrorLog is the path of the server's own log.
func (in *Instance) ErrorLog() string { return filepath.Join(in.Dir, "error.log") }

// DataDir is the path of the server's data directory; binary logs are in it.
func (in *Instance) DataDir() string { return filepath.Join(in.Dir, "data") }

// PID is the server's process id, 0 while it does not run.
func (in *Instance) PID() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.proc == nil {
		return 0
	}
	return in.proc.pid
}

// Stop ends the server the clean way and keeps its data. Stopping a stopped
// server is no error.
func (in *Instance) Stop(ctx context.Context) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.proc == nil {
		return nil
	}
	p := in.proc
	in.proc = nil
	ctx, cancel := context.WithTimeout(ctx, stopDeadline)
	defer cancel()
	if err := p.signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s, process %d: %w", in.Kind, p.pid, err)
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return errors.Join(
			fmt.Errorf("stop %s, process %d: not ended in time, killed instead; see %s: %w",
				in.Kind, p.pid, in.ErrorLog(), ctx.Err()),
			p.kill())
	}
}

// Kill ends the server with SIGKILL, as a crash would, and keeps its data. It
// returns when the process is gone.
func (in *Instance) Kill() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.proc == nil {
		return nil
	}
	p := in.proc
	in.proc = nil
	return p.kill()
}

// Restart starts the server again on the same data directory and port, after a
// clean stop if it runs.
func (in *Instance) Restart(ctx context.Context) error {
	if err := in.Stop(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startDeadline)
	defer cancel()
	return in.launch(ctx)
}

// Close ends the server without ceremony, since its data go too, and removes its
// folder. Closing twice is no error.
func (in *Instance) Close() error {
	err := in.Kill()
	if in.Dir != "" {
		err = errors.Join(err, os.RemoveAll(in.Dir))
	}
	if in.socketDir != "" {
		err = errors.Join(err, os.RemoveAll(in.socketDir))
	}
	if in.claim != nil {
		in.claim.release()
		in.claim = nil
	}
	return err
}

// makeDir prepares folder, socket path and data directory.
func (in *Instance) makeDir(ctx context.Context) error {
	dir, claim, err := claimDir(in.opts.Dir)
	if err != nil {
		return err
	}
	in.Dir, in.claim = dir, claim
	in.Socket = filepath.Join(dir, "s.sock")
	if len(in.Socket) > maxSocketPath {
		// A test's folder may be too deep for a socket address.
		if in.socketDir, err = os.MkdirTemp("", "ggsh-sock-"); err != nil {
			return fmt.Errorf("make a folder for the socket: %w", err)
		}
		in.Socket = filepath.Join(in.socketDir, "s.sock")
	}
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		return fmt.Errorf("make the server's temporary folder: %w", err)
	}
	if len(in.opts.InitExtra) > 0 {
		return in.soft.initialize(ctx, in.DataDir(), in.opts.InitExtra)
	}
	return copyTree(ctx, in.soft.Template, in.DataDir())
}

// startOnFreePort launches, and tries another port when somebody else took the
// chosen one between the look and the server's bind.
func (in *Instance) startOnFreePort(ctx context.Context) error {
	var err error
	for range portAttempts {
		if in.Port, err = freePort(); err != nil {
			return err
		}
		if err = in.launch(ctx); err == nil || !in.portWasTaken() {
			return err
		}
		if rmErr := os.Remove(in.ErrorLog()); rmErr != nil {
			return errors.Join(err, rmErr)
		}
	}
	return err
}

// launch starts the process and waits until it answers.
func (in *Instance) launch(ctx context.Context) error {
	p, err := startProcess(in.soft.command(in.soft.Server, in.arguments()), in.opts.Detached,
		filepath.Join(in.Dir, "output.log"))
	if err != nil {
		return fmt.Errorf("start %s: %w", in.Kind, err)
	}
	version, err := in.awaitAnswer(ctx, p)
	if err != nil {
		return errors.Join(fmt.Errorf("start %s %s on port %d: %w; its log ends with:\n%s",
			in.Kind, in.soft.Version, in.Port, err, tail(in.ErrorLog(), 2000)), p.kill())
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.proc, in.Version = p, version
	return nil
}

// arguments is the whole command line of the server, the caller's last so that
// they win.
func (in *Instance) arguments() []string {
	args := append(in.soft.baseArguments(in.DataDir()),
		"--port="+strconv.Itoa(in.Port),
		"--bind-address="+in.Host,
		"--socket="+in.Socket,
		"--pid-file="+filepath.Join(in.Dir, "server.pid"),
		"--log-error="+in.ErrorLog(),
		"--tmpdir="+filepath.Join(in.Dir, "tmp"),
		"--skip-name-resolve",
		// Ports are unique on a machine, so ids made from them are too.
		"--server-id="+strconv.Itoa(1_000_000+in.Port),
		"--log-bin="+filepath.Join(in.DataDir(), "binlog"),
		"--binlog-format=ROW",
		"--binlog-row-image=FULL",
		"--binlog-row-metadata=FULL",
		"--sync-binlog=1",
		"--innodb-flush-log-at-trx-commit=1",
		"--innodb-buffer-pool-size=128M",
		"--default-time-zone=+00:00",
		"--character-set-server=utf8mb4",
		"--max-connections=300",
	)
	if in.Kind == MySQL {
		// The performance schema costs a second and 200 MB per instance.
		args = append(args, "--performance-schema=OFF")
	}
	args = append(args, in.opts.InitExtra...)
	return append(args, in.opts.Extra...)
}
