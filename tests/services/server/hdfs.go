package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// HDFSOptions changes how StartHDFS makes a cluster. The zero value is a good default.
type HDFSOptions struct {
	// Dir holds the cluster, as Options.Dir holds a database.
	Dir string
	// DataNodes is how many there are, 2 by default.
	DataNodes int
	// Replication is dfs.replication, by default 2 or the number of DataNodes.
	Replication int
	// Permissions has the NameNode check them; otherwise anybody may do anything.
	Permissions bool
	// Site are properties such as "dfs.blocksize", for daemons and clients; they win
	// over the defaults. Those that begin with dfs. go to hdfs-site.xml, all others to
	// core-site.xml.
	Site map[string]string
	// Java are options of the daemons' virtual machines, such as "-Xmx512m".
	Java []string
	// Detached leaves the daemons running when this process ends.
	Detached bool
	// Progress gets one line per thing that takes long; nil means standard error.
	Progress io.Writer
}

// HDFS is a cluster: a NameNode and DataNodes, each a process, on the loopback
// interface.
type HDFS struct {
	Version  string
	Dir      string
	User     string // its superuser: whoever runs the tests
	Port     int    // of the NameNode's protocol
	HTTPPort int    // of the NameNode's web server: WebHDFS and /jmx

	soft      *software
	opts      HDFSOptions
	claim     *lock
	nameNode  *daemon
	dataNodes []*daemon
}

// HDFSState is what a NameNode says of itself.
type HDFSState struct {
	FSState               string // "Operational" or "safeMode"
	NumLiveDataNodes      int
	NumDeadDataNodes      int
	NumStaleDataNodes     int
	FilesTotal            int // folders, too
	BlocksTotal           int
	UnderReplicatedBlocks int
	CapacityTotal         int64

	// Settled tells that blocks go to the living DataNodes and to no other. A living
	// one gets none before it said what it can hold, and a dead one may get some until
	// the NameNode has tidied up, which it does every five seconds.
	Settled bool `json:"-"`
}

const operational = "Operational"

// StartHDFS provisions HDFS if needed, starts an empty cluster and returns when it
// takes writes on all its DataNodes.
func StartHDFS(ctx context.Context, opts HDFSOptions) (*HDFS, error) {
	if opts.Progress == nil {
		opts.Progress = os.Stderr
	}
	if opts.DataNodes == 0 {
		opts.DataNodes = 2
	}
	if opts.Replication == 0 {
		opts.Replication = min(2, opts.DataNodes)
	}
	if opts.Detached && opts.Dir == "" {
		return nil, errors.New("start a detached HDFS: give HDFSOptions.Dir, " +
			"since folders in the temporary folder are swept when their process ends")
	}
	soft, err := provision(ctx, KindHDFS, opts.Progress, false)
	if err != nil {
		return nil, err
	}
	h, err := startHDFSOf(ctx, soft, opts, func(*daemon) {})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(opts.Progress, "%s%s %s (port %d, %d DataNodes)\n", inUsePrefix, KindHDFS,
		h.Version, h.Port, opts.DataNodes)
	return h, nil
}

// startHDFSOf starts a cluster whose daemons adapt may change.
func startHDFSOf(ctx context.Context, soft *software, opts HDFSOptions,
	adapt func(*daemon)) (*HDFS, error) {
	me, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("find out who the superuser of HDFS will be: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, javaStartDeadline)
	defer cancel()
	h := &HDFS{Version: soft.Version, User: me.Username, soft: soft, opts: opts}
	if err := h.makeDir(); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	for _, d := range h.daemons() {
		adapt(d)
	}
	if err := h.startOnFreePorts(ctx); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// URI is the cluster's fs.defaultFS.
func (h *HDFS) URI() string { return "hdfs://" + h.Address() }

// Address is the NameNode's address.
func (h *HDFS) Address() string { return loopback(h.Port) }

// ConfDir is a folder with core-site.xml and hdfs-site.xml for clients.
func (h *HDFS) ConfDir() string { return filepath.Join(h.Dir, "conf") }

// KillNameNode ends the NameNode with SIGKILL.
func (h *HDFS) KillNameNode() error { return h.nameNode.kill() }

// StartNameNode starts the NameNode again and returns when it answers and those
// DataNodes that run have come back to it. It may be in safe mode: see Await.
func (h *HDFS) StartNameNode(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, javaStartDeadline)
	defer cancel()
	p, err := h.nameNode.start()
	if err != nil {
		return err
	}
	running := 0
	for _, d := range h.dataNodes {
		if d.pid() != 0 {
			running++
		}
	}
	return h.await(ctx, p, func(s HDFSState) bool { return s.NumLiveDataNodes >= running })
}

// KillDataNode ends a DataNode, counted from 0, with SIGKILL. The NameNode notices
// that it is gone after 11 to 16 seconds: see AwaitDataNodes.
func (h *HDFS) KillDataNode(i int) error { return h.dataNodes[i].kill() }

// StartDataNode starts a DataNode again on its data, and returns when it serves.
func (h *HDFS) StartDataNode(ctx context.Context, i int) error {
	ctx, cancel := context.WithTimeout(ctx, javaStartDeadline)
	defer cancel()
	d := h.dataNodes[i]
	from := sizeOf(d.log())
	p, err := d.start()
	if err != nil {
		return err
	}
	// The NameNode may still count the one that was killed, so it can't be asked.
	return awaitLine(ctx, p, d.log(), from, "successfully registered with NN")
}

// AwaitDataNodes waits until the cluster is out of safe mode and works with so many
// DataNodes.
func (h *HDFS) AwaitDataNodes(ctx context.Context, live int) error {
	return h.Await(ctx, worksWith(live))
}

func worksWith(live int) func(HDFSState) bool {
	return func(s HDFSState) bool {
		return s.FSState == operational && s.NumLiveDataNodes == live && s.Settled
	}
}

// Await waits until the NameNode's state is as wanted.
func (h *HDFS) Await(ctx context.Context, is func(HDFSState) bool) error {
	return h.await(ctx, nil, is)
}

// SafeMode puts the cluster into safe mode, in which nothing can be changed, or ends it.
func (h *HDFS) SafeMode(ctx context.Context, on bool) error {
	word := "leave"
	if on {
		word = "enter"
	}
	_, err := h.Admin(ctx, "-safemode", word)
	return err
}

// SetQuota limits how many names may be below a folder and how many bytes, replicas
// counted; 0 lifts a limit.
func (h *HDFS) SetQuota(ctx context.Context, dir string, names, bytes int64) error {
	for _, q := range []struct {
		set, lift string
		n         int64
	}{{"-setQuota", "-clrQuota", names}, {"-setSpaceQuota", "-clrSpaceQuota", bytes}} {
		args := []string{q.lift, dir}
		if q.n > 0 {
			args = []string{q.set, strconv.FormatInt(q.n, 10), dir}
		}
		if _, err := h.Admin(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// Shell runs `hdfs dfs`, such as Shell(ctx, "-cat", "/x"), and gives what it prints.
func (h *HDFS) Shell(ctx context.Context, args ...string) (string, error) {
	return h.tool(ctx, "", "org.apache.hadoop.fs.FsShell", args)
}

// ShellAs is Shell as another user of the cluster.
func (h *HDFS) ShellAs(ctx context.Context, user string, args ...string) (string, error) {
	return h.tool(ctx, user, "org.apache.hadoop.fs.FsShell", args)
}

// Admin runs `hdfs dfsadmin`, such as Admin(ctx, "-report").
func (h *HDFS) Admin(ctx context.Context, args ...string) (string, error) {
	return h.tool(ctx, "", "org.apache.hadoop.hdfs.tools.DFSAdmin", args)
}

// Tool runs any main class of Hadoop's against the cluster, such as
// org.apache.hadoop.hdfs.tools.DebugAdmin.
func (h *HDFS) Tool(ctx context.Context, main string, args ...string) (string, error) {
	return h.tool(ctx, "", main, args)
}

// Measured is Tool with the virtual machine that operators have, which is quicker at
// its work and slower to start: for comparisons of speed.
func (h *HDFS) Measured(ctx context.Context, main string, args ...string) (string, error) {
	return h.tool(ctx, "", main, args, ForSpeed()...)
}

func (h *HDFS) tool(ctx context.Context, user, main string, args []string, options ...string) (
	string, error) {
	run := javaRun{main: main, args: args, options: append([]string{"-Xmx128m"}, options...),
		classes: []string{h.ConfDir()}}
	if user != "" {
		run.env = []string{"HADOOP_USER_NAME=" + user}
	}
	return h.soft.runJava(ctx, run)
}

// PIDs are the process ids of the NameNode and the DataNodes, in this order; 0 is one
// that does not run.
func (h *HDFS) PIDs() []int {
	var pids []int
	for _, d := range h.daemons() {
		pids = append(pids, d.pid())
	}
	return pids
}

// Logs is the end of every daemon's log, to be shown when a test fails.
func (h *HDFS) Logs() string {
	var b strings.Builder
	for _, d := range h.daemons() {
		fmt.Fprintf(&b, "--- %s, %s:\n", d.name, d.log())
		for line := range strings.Lines(tail(d.log(), 20000)) {
			if !strings.HasPrefix(line, "\tat ") { // retries fill pages with their stacks
				b.WriteString(line)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Close ends all daemons and removes their data. Closing twice is no error.
func (h *HDFS) Close() error {
	var err error
	for _, d := range h.daemons() {
		err = errors.Join(err, d.kill())
	}
	if h.Dir != "" {
		err = errors.Join(err, os.RemoveAll(h.Dir))
	}
	if h.claim != nil {
		h.claim.release()
		h.claim = nil
	}
	return err
}

func (h *HDFS) daemons() []*daemon {
	if h.nameNode == nil {
		return nil
	}
	return append([]*daemon{h.nameNode}, h.dataNodes...)
}

// State asks the NameNode's web server for its state.
func (h *HDFS) State(ctx context.Context) (HDFSState, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var state HDFSState
	if err := h.bean(ctx, "FSNamesystemState", &state); err != nil {
		return HDFSState{}, err
	}
	var info struct{ LiveNodes string }
	if err := h.bean(ctx, "NameNodeInfo", &info); err != nil {
		return HDFSState{}, err
	}
	var nodes map[string]struct{ Capacity int64 }
	if err := json.Unmarshal([]byte(info.LiveNodes), &nodes); err != nil {
		return HDFSState{}, fmt.Errorf("read which DataNodes live: %w", err)
	}
	state.Settled = len(nodes) == state.NumLiveDataNodes
	var capacity int64
	for _, n := range nodes {
		capacity += n.Capacity
		state.Settled = state.Settled && n.Capacity > 0
	}
	state.Settled = state.Settled && capacity == state.CapacityTotal
	return state, nil
}

// bean reads one of the NameNode's management beans.
func (h *HDFS) bean(ctx context.Context, name string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+loopback(h.HTTPPort)+
		"/jmx?qry=Hadoop:service=NameNode,name="+name, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct{ Beans []json.RawMessage }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("read the NameNode's %s: %w", name, err)
	}
	if len(answer.Beans) != 1 {
		return fmt.Errorf("the NameNode has no %s yet", name)
	}
	return json.Unmarshal(answer.Beans[0], into)
}

// await asks for the state until it is as wanted, or the NameNode, if given, ends.
func (h *HDFS) await(ctx context.Context, p *process, is func(HDFSState) bool) error {
	ended := make(chan struct{})
	if p != nil {
		ended = p.done
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		state, err := h.State(ctx)
		if err == nil && is(state) {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("the NameNode says %+v", state)
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ended:
			return fmt.Errorf("the NameNode ended: %s; its log ends with:\n%s", p.state(),
				tail(h.nameNode.log(), 2000))
		case <-ctx.Done():
			return errors.Join(ctx.Err(), last)
		case <-tick.C:
		}
	}
}

// startOnFreePorts starts everything, and tries other ports when somebody else took
// one between the look and the bind.
func (h *HDFS) startOnFreePorts(ctx context.Context) error {
	var err error
	for range portAttempts {
		if err = h.configure(); err != nil {
			return err
		}
		if err = h.startAll(ctx); err == nil {
			return nil
		}
		taken := false
		for _, d := range h.daemons() {
			log := tail(d.log(), 20000)
			taken = taken || strings.Contains(log, "Address already in use")
			err = errors.Join(err, d.kill(), os.Remove(d.log()))
		}
		if !taken {
			return err
		}
	}
	return err
}

func (h *HDFS) startAll(ctx context.Context) error {
	started := map[*daemon]*process{}
	for _, d := range h.daemons() {
		p, err := d.start()
		if err != nil {
			return err
		}
		started[d] = p
	}
	// A DataNode that ended early is told at once, not when time is up.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, d := range h.dataNodes {
		go func() {
			select {
			case <-started[d].done:
				cancel(fmt.Errorf("the %s ended: %s; its log ends with:\n%s", d.name,
					started[d].state(), tail(d.log(), 2000)))
			case <-ctx.Done():
			}
		}()
	}
	err := h.await(ctx, started[h.nameNode], worksWith(len(h.dataNodes)))
	if err != nil {
		return fmt.Errorf("start HDFS %s: %w", h.Version, errors.Join(err, context.Cause(ctx)))
	}
	return nil
}
