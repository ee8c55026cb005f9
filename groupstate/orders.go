package groupstate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ggsh/subdirs"
)

// Wanted is what an operator, or AUTOSTART, wants of a group.
type Wanted string

// What may be wanted.
const (
	Run  Wanted = "RUN"
	Stop Wanted = "STOP"
)

// ExitNormal is the Exit of a process that ended with status 0.
const ExitNormal = "exit status 0"

// Order is what was ordered of one group, and what became of it.
type Order struct {
	Wanted Wanted    `json:"wanted"`
	At     time.Time `json:"at"`
	By     string    `json:"by,omitempty"`
	// The process that the Manager launched, or found and believed. Ticks is
	// when it began, as the kernel counts; a pid that is used again has others.
	PID      int       `json:"pid,omitempty"`
	Ticks    uint64    `json:"ticks,omitempty"`
	Launched time.Time `json:"launched,omitzero"`
	// Ended is when the Manager saw that the process is gone; Exit says how,
	// if the Manager was its parent.
	Ended time.Time `json:"ended,omitzero"`
	Exit  string    `json:"exit,omitempty"`
	// Settled: the end needs nothing more to be done.
	Settled bool `json:"settled,omitempty"`
	// Restarts are the automatic ones, the oldest first.
	Restarts []time.Time `json:"restarts,omitempty"`
}

// CollectorProcess is a collector that the Manager started.
type CollectorProcess struct {
	Trail   string    `json:"trail"`
	Port    int       `json:"port"`
	PID     int       `json:"pid"`
	Ticks   uint64    `json:"ticks"`
	Started time.Time `json:"started"`
	For     string    `json:"for,omitempty"` // who asked for it
}

// Orders are all orders of a home. The Manager writes them, everybody reads.
type Orders struct {
	Version    int                `json:"version"`
	Groups     map[string]Order   `json:"groups"` // by Key
	Collectors []CollectorProcess `json:"collectors,omitempty"`
}

// Key is a group's key in Orders.
func Key(kind, group string) string { return kind + " " + group }

const ordersVersion = 1

// maxOrders bounds what LoadOrders reads.
const maxOrders = 16 << 20

func ordersPath(home subdirs.Home) string { return home.Join("dirpcs", "MGR.orders") }

// LoadOrders reads the orders of a home; without a file there are none.
func LoadOrders(home subdirs.Home) (*Orders, error) {
	path := ordersPath(home)
	o := &Orders{Version: ordersVersion, Groups: map[string]Order{}}
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err == nil && st.Size() > maxOrders {
		err = fmt.Errorf("%d bytes is too long", st.Size())
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(path)
	}
	if err == nil {
		err = json.Unmarshal(b, o)
	}
	if err == nil && o.Version != ordersVersion {
		err = fmt.Errorf("it has version %d, this program reads %d", o.Version, ordersVersion)
	}
	if err != nil {
		return nil, fmt.Errorf("orders file %s: %w; remove it if it is damaged: "+
			"then groups that ended without order are shown by their checkpoint files alone",
			path, err)
	}
	if o.Groups == nil {
		o.Groups = map[string]Order{}
	}
	return o, nil
}

// Store writes the orders durably: aside, synced, renamed.
func (o *Orders) Store(home subdirs.Home) error {
	path := ordersPath(home)
	o.Version = ordersVersion
	b, err := json.MarshalIndent(o, "", "  ")
	if err == nil {
		err = replace(path, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("orders file %s: %w", path, err)
	}
	return nil
}

func replace(path string, content []byte) error {
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err != nil {
		os.Remove(path + ".tmp")
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Ticks gives when a process began, in the kernel's count since the machine
// started; false when there is no such process or it has ended.
func Ticks(pid int) (uint64, bool) {
	if pid <= 0 {
		return 0, false
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	at := bytes.LastIndexByte(b, ')') // the name before it may hold anything
	f := strings.Fields(string(b[at+1:]))
	if at < 0 || len(f) < 20 {
		return 0, false
	}
	// The first thread of a process that is being killed is a zombie before the
	// others have let go of its files and locks.
	if f[0] == "X" || f[0] == "Z" && (f[17] == "0" || f[17] == "1") {
		return 0, false
	}
	ticks, err := strconv.ParseUint(f[19], 10, 64)
	return ticks, err == nil
}

// Alive reports whether the process that began then still lives. A pid that
// was given to another process since is not it.
func Alive(pid int, ticks uint64) bool {
	now, ok := Ticks(pid)
	return ok && ticks != 0 && now == ticks
}
