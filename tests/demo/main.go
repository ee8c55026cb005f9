// Command demo does for demo.sh what a shell cannot: it makes the two SQLite
// databases, finds free ports, runs the workload, and compares both sides.
//
// It starts and stops no process and knows nothing of trails: it sees what any
// SQLite client would see.
//
//	demo ports
//	demo create source.db target.db
//	demo run source.db target.db
//	demo show source.db target.db
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == "ports" {
		return ports()
	}
	if len(args) != 3 {
		return errors.New("usage: demo ports | create|run|show source.db target.db")
	}
	if args[0] == "create" {
		return errors.Join(create(ctx, args[1]), create(ctx, args[2]))
	}
	p, err := openPair(args[1], args[2])
	if err != nil {
		return err
	}
	defer p.close()
	switch args[0] {
	case "run":
		return p.work(ctx)
	case "show":
		return p.show(ctx)
	}
	return fmt.Errorf("unknown order %s", args[0])
}

// The ports of the sample parameter files, and how many the collectors get.
const (
	sourcePort = 7809
	targetPort = 7909
	collectors = 10
)

// ports prints a free port for the source's manager, one for the target's, and
// the range behind it for collectors.
func ports() error {
	source, err := freeFrom(sourcePort, 1)
	if err != nil {
		return err
	}
	target, err := freeFrom(max(targetPort, source+1), 1+collectors)
	if err != nil {
		return err
	}
	fmt.Println(source, target, fmt.Sprintf("%d-%d", target+1, target+collectors))
	return nil
}

// freeFrom finds the first run of n ports, from start on, that are free on
// loopback.
func freeFrom(start, n int) (int, error) {
	for first := start; first < start+2000; first++ {
		free := 0
		for free < n && isFree(first+free) {
			free++
		}
		if free == n {
			return first, nil
		}
		first += free
	}
	return 0, fmt.Errorf("no %d free ports from %d on", n, start)
}

func isFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// table is the tutorial's; both sides have it.
const table = `CREATE TABLE TB_EMP (
	EMPNO    INTEGER PRIMARY KEY,
	ENAME    VARCHAR(30) NOT NULL,
	JOB      VARCHAR(20),
	SAL      DECIMAL(10,2),
	HIREDATE DATE)`

func create(ctx context.Context, path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already", path)
	}
	db, err := open(path)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, table)
	return errors.Join(err, db.Close())
}

func open(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+
		"?_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// pair is source and target.
type pair struct{ source, target *sql.DB }

func openPair(source, target string) (*pair, error) {
	for _, path := range []string{source, target} {
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
	}
	s, err := open(source)
	if err != nil {
		return nil, err
	}
	t, err := open(target)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &pair{s, t}, nil
}

func (p *pair) close() {
	p.source.Close()
	p.target.Close()
}

// rows reads the table, a line for each row.
func rows(ctx context.Context, db *sql.DB) ([]string, error) {
	found, err := db.QueryContext(ctx, "SELECT EMPNO, ENAME, JOB, SAL, HIREDATE FROM TB_EMP"+
		" ORDER BY EMPNO")
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var lines []string
	for found.Next() {
		var no int64
		var name, job, sal, hired sql.NullString
		if err := found.Scan(&no, &name, &job, &sal, &hired); err != nil {
			return nil, err
		}
		day, _, _ := strings.Cut(hired.String, "T")
		lines = append(lines, fmt.Sprintf("%5d  %-8s %-9s %8s  %s", no, name.String, job.String,
			sal.String, day))
	}
	return lines, found.Err()
}
