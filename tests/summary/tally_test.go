package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunCountsEverythingAndKeepsGoTestsVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		ok     bool
		want   []string
		last   string
	}{
		"good": {`
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: service in use: mariadb 10.11\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:2: TestB needs mysql: no network\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"service in use: mysql 9 (port 77)\n"}
{"Action":"pass","Package":"p"}
{"Action":"skip","Package":"without"}`, true,
			[]string{"mariadb 10.11: p\n", "mysql 9: p\n", "p TestB: b_test.go:2: TestB needs mysql: no network\n",
				"1 packages have no tests"}, "1 passed, 0 failed, 1 skipped"},
		"a panic ends the process": {`
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boo\n"}
{"Action":"fail","Package":"p"}`, false, []string{"panic: boo"}, "0 passed, 1 failed, 0 skipped"},
		"a package does not build": {`
{"ImportPath":"p [p.test]","Action":"build-output","Output":"p/x.go:1: undefined: y\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`, false,
			[]string{"undefined: y", "p: does not build"}, "0 passed, 1 failed, 0 skipped"},
		"a test main fails after good tests": {`
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"left a process behind\n"}
{"Action":"fail","Package":"p"}`, false, []string{"left a process behind"}, "1 passed, 1 failed, 0 skipped"},
		"the go command fails silently": {"", false, []string{"exit status 3"}, "0 passed, 1 failed, 0 skipped"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			input, log := filepath.Join(dir, "in"), filepath.Join(dir, "log")
			if err := os.WriteFile(input, []byte(strings.TrimLeft(c.script, "\n")), 0o600); err != nil {
				t.Fatal(err)
			}
			status := "0"
			if !c.ok {
				status = "3"
			}
			var out strings.Builder
			ok, err := run(context.Background(), []string{"sh", "-c", "cat " + input + "; exit " + status}, log, &out)
			if err != nil || ok != c.ok {
				t.Errorf("ok is %v, err %v", ok, err)
			}
			for _, want := range append(c.want, c.last) {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in:\n%s", want, &out)
				}
			}
			if !strings.HasSuffix(out.String(), "\n"+c.last+"\n") {
				t.Errorf("does not end with %q:\n%s", c.last, &out)
			}
			if kept, err := os.ReadFile(log); err != nil || string(kept) != strings.TrimLeft(c.script, "\n") {
				t.Errorf("the log has %q, %v", kept, err)
			}
		})
	}
}

func TestFailureIsNotOverruledByAGoodExit(t *testing.T) {
	var out strings.Builder
	ok, err := run(context.Background(), []string{"echo",
		`{"Action":"fail","Package":"p","Test":"TestA"}`}, "", &out)
	if ok || err != nil {
		t.Errorf("ok is %v, err %v:\n%s", ok, err, &out)
	}
}
