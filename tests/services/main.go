// Command services fetches real servers for tests and benchmarks and runs them:
// `go run ./tests/services up|down|status|env|provision [mariadb|mysql|hdfs|kafka …]`.
//
// It is not needed to run the tests, which provision and start their own servers; it
// is for looking at a server by hand and for fetching ahead of time.
//
// Its law: whatever up leaves running is written down, and down ends it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"ggsh/tests/services/server"
)

const usage = `usage: go run ./tests/services COMMAND [mariadb|mysql|hdfs|kafka ...]

  up         fetch what is missing, start the servers and leave them running
  down       end them and remove their data
  status     say which were left running
  env        print how to reach them, as shell assignments
  provision  fetch what is missing, start nothing

Without a kind, all are meant. Of servers that up left running:

  dfs ARGS ...             what "hdfs dfs ARGS ..." does, by Hadoop's own shell
  topic NAME [PARTITIONS]  make a topic in Kafka
  consume TOPIC            print key and value of what is committed in a topic

 Everything is kept in $GGSH_TEST_CACHE, by default
ggsh-test-services in the user's cache folder; to start over, remove that folder.
`

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancelTime := context.WithTimeout(ctx, 20*time.Minute)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cancelTime()
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	if len(args) == 0 {
		return errors.New("no command\n" + usage)
	}
	if done, err := tool(ctx, args, out, progress); done {
		return err
	}
	kinds := server.Kinds()
	if len(args) > 1 {
		kinds = nil
		for _, a := range args[1:] {
			kind, err := server.ParseKind(a)
			if err != nil {
				return err
			}
			kinds = append(kinds, kind)
		}
	}
	switch args[0] {
	case "up":
		if err := server.Up(ctx, kinds, progress); err != nil {
			return err
		}
		return status(out)
	case "down":
		return server.Down(ctx, kinds, progress)
	case "status":
		return status(out)
	case "env":
		return env(out)
	case "provision":
		return provision(ctx, kinds, out, progress)
	case "help", "-h", "--help":
		_, err := io.WriteString(out, usage)
		return err
	}
	return fmt.Errorf("unknown command %q\n%s", args[0], usage)
}

// tool obeys the commands that use a server; done is false for all others.
func tool(ctx context.Context, args []string, out, progress io.Writer) (done bool, err error) {
	var text string
	switch {
	case args[0] == "dfs" && len(args) > 1:
		h, err := server.StandingHDFS(ctx, progress)
		if err != nil {
			return true, err
		}
		if text, err = h.Shell(ctx, args[1:]...); err != nil {
			return true, err
		}
	case args[0] == "topic" && len(args) > 1 && len(args) < 4:
		partitions := 1
		if len(args) == 3 {
			if partitions, err = strconv.Atoi(args[2]); err != nil {
				return true, fmt.Errorf("%q is no number of partitions", args[2])
			}
		}
		k, err := server.StandingKafka(ctx, progress)
		if err != nil {
			return true, err
		}
		return true, k.CreateTopic(ctx, args[1], partitions)
	case args[0] == "consume" && len(args) == 2:
		k, err := server.StandingKafka(ctx, progress)
		if err != nil {
			return true, err
		}
		lines, err := k.Consume(ctx, args[1], server.ConsumeOptions{ReadCommitted: true, Key: true})
		if err != nil {
			return true, err
		}
		text = strings.Join(lines, "\n") + "\n"
	default:
		return false, nil
	}
	_, err = io.WriteString(out, text)
	return true, err
}

// provision tries every kind even if one fails: half the servers are better than none.
func provision(ctx context.Context, kinds []server.Kind, out, progress io.Writer) error {
	var failed error
	for _, kind := range kinds {
		version, err := server.Provision(ctx, kind, progress)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		fmt.Fprintf(out, "services: %s %s can be started\n", kind, version)
	}
	return failed
}

func status(out io.Writer) error {
	all, err := server.Recorded()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(out, "no servers were left running")
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "KIND\tVERSION\tSTATE\tPID\tPORT\tSOCKET")
	for _, s := range all {
		state := "gone"
		if s.Running() {
			state = "running"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\n", s.Kind, s.Version, state, s.PID, s.Port, s.Socket)
	}
	return w.Flush()
}

// env prints lines for `eval "$(go run ./tests/services env)"`.
func env(out io.Writer) error {
	all, err := server.Recorded()
	if err != nil {
		return err
	}
	for _, s := range all {
		if !s.Running() {
			continue
		}
		prefix := "GGSH_" + strings.ToUpper(string(s.Kind)) + "_"
		vars := [][2]string{{"HOST", s.Host}, {"PORT", strconv.Itoa(s.Port)}}
		address := net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
		switch s.Kind {
		case server.KindHDFS:
			vars = append(vars, [2]string{"URI", "hdfs://" + address}, [2]string{"CONF_DIR", s.ConfDir()})
		case server.KindKafka:
			vars = append(vars, [2]string{"BROKERS", address})
		default:
			vars = append(vars, [2]string{"SOCKET", s.Socket}, [2]string{"USER", server.RootUser},
				[2]string{"PASSWORD", server.RootPassword}, [2]string{"DSN", s.RootDSN()})
		}
		for _, v := range vars {
			fmt.Fprintf(out, "export %s%s='%s'\n", prefix, v[0], v[1])
		}
	}
	return nil
}
