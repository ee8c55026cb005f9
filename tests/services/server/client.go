package server

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Client gives a program of a kind's own client set, such as mariadb, mariadb-binlog,
// mariadb-dump, mysql or mysqldump, as a path that can be executed and the environment
// to execute it in. Pass --no-defaults as the first argument, or the system's option
// files are read.
func Client(kind Kind, tool string) (path string, env []string, err error) {
	soft, err := provision(context.Background(), kind, os.Stderr, false)
	if err != nil {
		return "", nil, err
	}
	env = append(fixedEnvironment(), "HOME="+os.Getenv("HOME"))
	if soft.Loader == "" {
		path, err = exec.LookPath(tool)
		if err != nil {
			return "", nil, fmt.Errorf("find the client %s of the installed %s: %w", tool, kind, err)
		}
		return path, env, nil
	}
	for _, dir := range []string{"usr/bin", "usr/sbin"} {
		program := filepath.Join(soft.Root, dir, tool)
		if _, err := os.Stat(program); err == nil {
			path, err := soft.wrap(program)
			return path, env, err
		}
	}
	return "", nil, fmt.Errorf("%s %s has no program %s: see %s", kind, soft.Version, tool,
		filepath.Join(soft.Root, "usr/bin"))
}

// wrap writes a script that runs a program through the tree's loader, so that callers
// have one path to execute. It replaces itself by the program, so signals and exit
// status are the program's.
func (s *software) wrap(program string) (string, error) {
	dir := filepath.Join(filepath.Dir(s.Root), "bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the folder of client scripts: %w", err)
	}
	script := filepath.Join(dir, filepath.Base(program))
	text := fmt.Sprintf("#!/bin/sh\nexec '%s' --library-path '%s' '%s' \"$@\"\n",
		s.Loader, s.Libraries, program)
	if b, err := os.ReadFile(script); err == nil && string(b) == text {
		return script, nil
	}
	// Written aside and renamed: another process may be executing it.
	f, err := os.CreateTemp(dir, ".wrap-")
	if err != nil {
		return "", fmt.Errorf("write a client script: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o755)
	}
	if err == nil {
		err = os.Rename(f.Name(), script)
	}
	if err != nil {
		return "", fmt.Errorf("write a client script: %w", err)
	}
	return script, nil
}
