package handler

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// PluginDir is where the plugin of that name is looked for: the plugins
// directory of the home if it has one of that name, else the one beside the
// running program. It says nothing of whether the plugin may be run.
func PluginDir(home, programDir, name string) string {
	own := filepath.Join(home, "plugins")
	if _, err := os.Lstat(filepath.Join(own, name)); err == nil || programDir == "" {
		return own
	}
	return filepath.Join(programDir, "plugins")
}

// findBinary resolves name below dir and refuses what an outsider could have
// put there. The result is free of links.
func findBinary(dir, name string) (string, error) {
	if !validName(name) {
		return "", fmt.Errorf("%q is not the name of a handler: "+
			"use letters, digits, - and _ only; it is looked for in %s", name, dir)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("plugin directory: %w", err)
	}
	realDir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("plugin directory: %w", err)
	}
	if err := notWorldWritable(realDir); err != nil {
		return "", err
	}
	path, err := filepath.EvalSymlinks(filepath.Join(realDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("no handler %s in %s; there are: %s", name, dir, listNames(realDir))
	}
	if err != nil {
		return "", fmt.Errorf("handler %s: %w", name, err)
	}
	if !strings.HasPrefix(path, realDir+string(filepath.Separator)) {
		return "", fmt.Errorf("handler %s is a link to %s, outside %s: put the program there",
			name, path, dir)
	}
	for at := path; at != realDir; at = filepath.Dir(at) {
		if err := notWorldWritable(at); err != nil {
			return "", err
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("handler %s: %w", name, err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return "", fmt.Errorf("handler %s: %s is not an executable file", name, path)
	}
	return path, nil
}

func validName(name string) bool {
	for _, r := range name {
		ok := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !ok && r != '-' && r != '_' {
			return false
		}
	}
	return name != ""
}

func notWorldWritable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("handler: %w", err)
	}
	if info.Mode().Perm()&0o002 != 0 {
		return fmt.Errorf("%s can be written by everybody, so it is not run: chmod o-w it", path)
	}
	return nil
}

func listNames(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return "none"
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, ", ")
}

// digest is the SHA-256 of a file in hexadecimal.
func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("checksum: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("checksum of %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
