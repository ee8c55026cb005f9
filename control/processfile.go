package control

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ProcessFile is what a running program says of itself in dirpcs: one line of
// words and values with tabs between them, as GoldenGate has it. It exists only
// while the program runs, and proves nothing: a program that was killed leaves
// it behind. Who must be sure asks the socket.
type ProcessFile struct {
	Identity
	Started time.Time
	Socket  string // where it takes orders
	Port    int    // of the Manager and of collectors, else 0
	// Suspended says that the program waits behind EVENTACTIONS SUSPEND.
	Suspended bool
}

// maxProcessFile bounds what ReadProcessFile reads.
const maxProcessFile = 64 << 10

// WriteProcessFile replaces the process file at path.
func WriteProcessFile(path string, p ProcessFile) error {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	fields := []string{"PROGRAM", p.Type, "PROCESSID", p.Group,
		"PORT", fmt.Sprintf("%s.%d", host, p.Port), "PID", strconv.Itoa(p.PID),
		"STARTED", p.Started.UTC().Format(time.RFC3339Nano),
		"SOCKET", p.Socket, "HOME", p.Home}
	if p.Suspended {
		fields = append(fields, "STATE", Suspended)
	}
	for _, f := range fields {
		if strings.ContainsAny(f, "\t\n") {
			return fmt.Errorf("process file %s: %q has a tab or line end in it", path, f)
		}
	}
	tmp := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	if err := os.WriteFile(tmp, []byte(strings.Join(fields, "\t")+"\n"), 0o644); err != nil {
		return fmt.Errorf("process file: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		os.Remove(tmp)
		return fmt.Errorf("process file: %w", err)
	}
	return nil
}

// ReadProcessFile reads a process file; one that is not there is fs.ErrNotExist.
func ReadProcessFile(path string) (*ProcessFile, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.Size() > maxProcessFile {
		return nil, fmt.Errorf("process file %s is too long", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p, err := parseProcessFile(b)
	if err != nil {
		return nil, fmt.Errorf("process file %s: %w", path, err)
	}
	return p, nil
}

func parseProcessFile(b []byte) (*ProcessFile, error) {
	line, _, whole := bytes.Cut(b, []byte("\n"))
	f := strings.Split(string(line), "\t")
	if !whole || len(f)%2 != 0 {
		return nil, errors.New("it is cut short")
	}
	value := map[string]string{}
	for i := 0; i < len(f); i += 2 {
		value[f[i]] = f[i+1]
	}
	p := &ProcessFile{Socket: value["SOCKET"], Suspended: value["STATE"] == Suspended, Identity: Identity{
		Type: value["PROGRAM"], Group: value["PROCESSID"], Home: value["HOME"]}}
	var err error
	if p.PID, err = strconv.Atoi(value["PID"]); err != nil || p.PID <= 0 {
		return nil, fmt.Errorf("%q is no pid", value["PID"])
	}
	port := value["PORT"][strings.LastIndex(value["PORT"], ".")+1:]
	if p.Port, err = strconv.Atoi(port); err != nil {
		return nil, fmt.Errorf("%q is no port", value["PORT"])
	}
	if p.Started, err = time.Parse(time.RFC3339Nano, value["STARTED"]); err != nil {
		return nil, fmt.Errorf("%q is no time", value["STARTED"])
	}
	return p, nil
}

// RemoveProcessFile removes a process file if it is the one of pid; that it is
// not there is no error.
func RemoveProcessFile(path string, pid int) error {
	p, err := ReadProcessFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && p.PID != pid {
		return nil
	}
	if err := os.Remove(filepath.Clean(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
