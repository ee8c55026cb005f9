// Command collector writes the remote trail of one Extract connection and ends
// with it. The Manager gives it the one-time token on standard input and reads
// "LISTENING port", and the certificate's fingerprint if remote, from its output.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"ggsh/collector"
	"ggsh/ggserr"
	"ggsh/param"
	"ggsh/process"
	"ggsh/subdirs"
	"ggsh/systemlog"
	"ggsh/wallet"
)

func main() {
	var cfg collector.ServerConfig
	home := flag.String("home", "", "home directory; else $GG_HOME, else the current directory")
	port := flag.Int("p", 0, "port to listen on; 0 chooses one")
	host := flag.String("host", "127.0.0.1", "address to listen on; not loopback means TLS")
	flag.DurationVar(&cfg.Idle, "idle", time.Minute, "how long to wait for the sender")
	flag.Func("allow", "a folder that trails may lie in besides dirdat; repeatable",
		func(dir string) error { cfg.Dirs = append(cfg.Dirs, dir); return nil })
	flag.Parse()
	if err := run(cfg, *home, net.JoinHostPort(*host, fmt.Sprint(*port))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(cfg collector.ServerConfig, dir, address string) error {
	home, err := subdirs.Find(dir, os.Getenv)
	if err != nil {
		return err
	}
	token, err := bufio.NewReader(io.LimitReader(os.Stdin, 4096)).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	cfg.Token, cfg.Home = strings.TrimSpace(token), string(home)
	cfg.Dirs = append(cfg.Dirs, home.Join("dirdat"))
	globals, err := param.LoadGlobals(home.Globals(), string(home))
	if err != nil {
		return err
	}
	process.SetUmask(globals)
	keys, err := wallet.Of(home)
	if err != nil {
		return err
	}
	cfg.Keys = keys
	log := ggserr.NewLog(home.EventLog(), "ggsh Collector", "", time.Now)
	systemlog.Attach(log, globals.SysLog.Has)
	cfg.Log = log
	listener, line, err := collector.Listen(address, &cfg)
	if err != nil {
		return err
	}
	fmt.Println(line)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	return collector.NewServer(cfg).Serve(ctx, listener)
}
