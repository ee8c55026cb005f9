package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"ggsh/record"
)

// LaunchConfig says which plugin to start. Dir and Name are needed.
type LaunchConfig struct {
	Dir  string // the plugin directory; see PluginDir
	Name string // of the file in it
	// SHA256 is the digest that the file must have, in hexadecimal; empty accepts any.
	SHA256 string
	// Log gets each line that the plugin writes to its standard error or
	// output, from several goroutines; nil drops them.
	Log func(line string)
	// StartTimeout bounds the start; zero means 30 seconds.
	StartTimeout time.Duration
}

// Client is a handler that runs in a process of its own. When that process has
// ended, calls fail with an *ApplyError of class Connection that names it;
// launch a fresh one then.
type Client struct {
	name, path, sum string
	pid             int
	description     Description
	cmd             *exec.Cmd
	process         *plugin.Client
	link            *connection
	lines           *lineWriter
	life            *os.File // its other end is the plugin's sign that we live
	socketDir       string
	closeOnce       sync.Once
	closeErr        error
}

// connection is what go-plugin hands over once the process answers.
type connection struct {
	conn  *grpc.ClientConn
	ended <-chan struct{}
}

// Launch starts the plugin and asks it who it is. The caller owns the result
// and ends the process with Close.
func Launch(ctx context.Context, cfg LaunchConfig) (*Client, error) {
	path, err := findBinary(cfg.Dir, cfg.Name)
	if err != nil {
		return nil, err
	}
	sum, err := digest(path)
	if err != nil {
		return nil, err
	}
	if cfg.SHA256 != "" && !strings.EqualFold(cfg.SHA256, sum) {
		return nil, fmt.Errorf("handler %s: %s has SHA-256 %s, %s is expected",
			cfg.Name, path, sum, cfg.SHA256)
	}
	c := &Client{name: cfg.Name, path: path, sum: sum, lines: &lineWriter{log: cfg.Log}}
	if err := c.start(ctx, cfg); err != nil {
		c.end() // so that all it has said is here
		why, _, _ := strings.Cut(err.Error(), "\n")
		return nil, fmt.Errorf("handler %s: start %s: %s%s", cfg.Name, path, why,
			c.lines.lastWords())
	}
	if err := c.meet(ctx); err != nil {
		c.end()
		return nil, fmt.Errorf("handler %s: %w", cfg.Name, err)
	}
	return c, nil
}

// start runs the process and connects to it.
func (c *Client) start(ctx context.Context, cfg LaunchConfig) error {
	dir, err := shortTempDir()
	if err != nil {
		return err
	}
	c.socketDir = dir
	childEnd, life, err := os.Pipe()
	if err != nil {
		return err
	}
	defer childEnd.Close()
	c.life = life
	c.cmd = exec.Command(c.path)
	c.cmd.ExtraFiles = []*os.File{childEnd} // becomes descriptor 3
	c.cmd.Env = append(inheritedEnv(), parentVariable+"=3", plugin.EnvUnixSocketDir+"="+dir)
	c.process = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshake(),
		Plugins:          plugin.PluginSet{"handler": &grpcPlugin{}},
		Cmd:              c.cmd,
		SkipHostEnv:      true,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		Logger:           hclog.NewNullLogger(),
		Stderr:           c.lines, SyncStdout: c.lines, SyncStderr: c.lines,
		StartTimeout: startTimeout(ctx, cfg.StartTimeout),
	})
	rpc, err := c.process.Client()
	if err != nil {
		return err
	}
	link, err := rpc.Dispense("handler")
	if err != nil {
		return err
	}
	c.link = link.(*connection)
	c.pid, err = strconv.Atoi(c.process.ID())
	return err
}

// meet checks that both sides speak the same version of the contract.
func (c *Client) meet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout(ctx, 0))
	defer cancel()
	var h hello
	if err := c.call(ctx, "Describe", &block{}, &h); err != nil {
		return err
	}
	c.description = h.Description
	return checkVersion(h, c.path)
}

// checkVersion tells which side is older when the versions differ.
func checkVersion(h hello, path string) error {
	switch {
	case h.Protocol < ProtocolVersion:
		return fmt.Errorf("%s %s is older than this program: it speaks version %d of the handler "+
			"contract, version %d is needed; install the plugins of this release in %s",
			path, h.Description.Version, h.Protocol, ProtocolVersion, filepath.Dir(path))
	case h.Protocol > ProtocolVersion:
		return fmt.Errorf("this program is older than %s %s: that speaks version %d of the "+
			"handler contract, this program version %d; install the programs of that release",
			path, h.Description.Version, h.Protocol, ProtocolVersion)
	}
	return nil
}

// PID is the process id of the plugin.
func (c *Client) PID() int { return c.pid }

// Path is the plugin's file, links resolved.
func (c *Client) Path() string { return c.path }

// SHA256 is the digest of the plugin's file, in hexadecimal.
func (c *Client) SHA256() string { return c.sum }

// Ended is closed when the plugin's process has ended.
func (c *Client) Ended() <-chan struct{} { return c.link.ended }

// Describe gives what the plugin said of itself at its start.
func (c *Client) Describe() Description { return c.description }

// Open asks the plugin to open its target.
func (c *Client) Open(ctx context.Context, cfg Config) (*Opened, error) {
	head, err := json.Marshal(&cfg)
	if err != nil {
		return nil, fmt.Errorf("handler %s: open: %w", c.name, err)
	}
	var opened Opened
	if err := c.call(ctx, "Open", &block{head: head}, &opened); err != nil {
		return nil, err
	}
	return &opened, nil
}

// Table asks the plugin for a table's definition.
func (c *Client) Table(ctx context.Context, name TableName) (*record.TableDef, error) {
	head, err := json.Marshal(&name)
	if err != nil {
		return nil, fmt.Errorf("handler %s: table: %w", c.name, err)
	}
	var t wireTable
	if err := c.call(ctx, "Table", &block{head: head}, &t); err != nil {
		return nil, err
	}
	if t.Def == nil {
		return nil, fmt.Errorf("handler %s: answered without a table", c.name)
	}
	t.Def.ID = t.ID
	return t.Def, nil
}

// Apply sends the batch. An error of class Connection leaves open whether the
// batch is durable: the checkpoint that Open returns next tells.
func (c *Client) Apply(ctx context.Context, b *Batch) (*Applied, error) {
	if len(b.Ops) > MaxBatchBytes {
		return nil, tooLong(len(b.Ops))
	}
	m, err := packBatch(b)
	if err != nil {
		return nil, err
	}
	if n := len(m.head) + len(m.body) + len(m.tail); n > maxMessageBytes-4 {
		return nil, tooLong(n)
	}
	var applied Applied
	if err := c.call(ctx, "Apply", m, &applied); err != nil {
		return nil, err
	}
	return &applied, nil
}

// Query has the plugin execute a statement. After an error of class Connection it
// is not known whether it was executed.
func (c *Client) Query(ctx context.Context, q Query) (*Answer, error) {
	head, err := json.Marshal(&q)
	if err != nil {
		return nil, fmt.Errorf("handler %s: query: %w", c.name, err)
	}
	var answer Answer
	if err := c.call(ctx, "Query", &block{head: head}, &answer); err != nil {
		return nil, err
	}
	return &answer, nil
}

// Close asks the handler to close and ends its process. A plugin that is gone
// already is no error.
func (c *Client) Close() error {
	c.closeOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		var nothing any
		err := c.call(ctx, "Close", &block{}, &nothing)
		var gone *ApplyError
		if err != nil && !errors.As(err, &gone) {
			c.closeErr = fmt.Errorf("handler %s: close: %w", c.name, err)
		}
		c.end()
	})
	return c.closeErr
}

// end kills what runs and removes what was made for it.
func (c *Client) end() {
	if c.process != nil {
		c.process.Kill()
	}
	if c.life != nil {
		_ = c.life.Close() // nobody reads it any more
	}
	if c.socketDir != "" {
		_ = os.RemoveAll(c.socketDir) // a rest in the temporary folder harms nobody
	}
	c.lines.flush()
}

// call sends one message and waits for its answer.
func (c *Client) call(ctx context.Context, method string, in *block, result any) error {
	var out block
	err := c.link.conn.Invoke(ctx, "/"+serviceName+"/"+method, in, &out,
		grpc.ForceCodecV2(newBlockCodec()), grpc.MaxCallSendMsgSize(maxMessageBytes),
		grpc.MaxCallRecvMsgSize(maxMessageBytes))
	if err == nil {
		return unpackReply(&out, result)
	}
	if cause := ctx.Err(); cause != nil {
		return &ApplyError{Class: Connection, Op: -1, cause: cause, Text: fmt.Sprintf(
			"handler %s (process %d): no answer to %s in time: %v", c.name, c.pid, method, cause)}
	}
	return &ApplyError{Class: Connection, Op: -1, cause: err, Text: fmt.Sprintf(
		"handler %s (process %d): %s during %s: %v", c.name, c.pid, c.howEnded(), method, err)}
}

// howEnded says what became of the process. It gives the kernel a moment to
// tell, since the connection breaks first.
func (c *Client) howEnded() string {
	select {
	case <-c.link.ended:
		return "ended (" + c.cmd.ProcessState.String() + ")"
	case <-time.After(2 * time.Second):
		return "connection lost"
	}
}

func startTimeout(ctx context.Context, limit time.Duration) time.Duration {
	if limit == 0 {
		limit = 30 * time.Second
	}
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline))
	}
	return limit
}

// inheritedEnv is our environment without what would mislead a plugin.
func inheritedEnv() []string {
	var env []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "PLUGIN_") && !strings.HasPrefix(pair, parentVariable) {
			env = append(env, pair)
		}
	}
	return env
}

// shortTempDir makes a folder whose sockets fit into a socket address of 108 bytes.
func shortTempDir() (string, error) {
	const longest = 60
	parent := os.TempDir()
	if len(parent) > longest {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "ggsh-plugin-")
	if err != nil {
		return "", fmt.Errorf("folder for the socket: %w", err)
	}
	return dir, nil
}

// lineWriter cuts what a plugin prints into lines.
type lineWriter struct {
	mu   sync.Mutex
	log  func(string)
	rest []byte
	last string
}

// maxLine bounds what is kept of a line without end.
const maxLine = 16 << 10

// Write takes any piece of output; it never fails.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found && len(line) < maxLine {
			return len(p), nil
		}
		w.emit(line)
		w.rest = append(w.rest[:0], rest...)
	}
}

func (w *lineWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.emit(w.rest)
	w.rest = nil
}

func (w *lineWriter) emit(line []byte) {
	text := strings.TrimRight(string(line), "\r")
	if text == "" {
		return
	}
	w.last = text
	if w.log != nil {
		w.log(text)
	}
}

// lastWords is the last line, for the error of a start that failed.
func (w *lineWriter) lastWords() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == "" {
		return ""
	}
	return "; its last words: " + w.last
}
