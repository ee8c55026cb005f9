// Package cachemgr keeps the operations of open and finished transactions until
// they are consumed: in memory up to a limit that all of them share, beyond it
// in spool files.
//
// It is not a queue and orders nothing: a capture decides which transaction is
// committed. Its law: what is appended comes out again unchanged and in order,
// and the memory held stays within the limit but for the block in hand of each
// buffer. Rows cost no allocation: blocks and buffers are used again.
package cachemgr

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// Sizes of the blocks in memory. Small transactions live in one small block.
const (
	smallBlock = 8 << 10
	largeBlock = 256 << 10
	// DefaultLimit is the memory of a Manager whose limit is not given.
	DefaultLimit = 256 << 20
	// MinLimit is the least memory that a Manager can work with.
	MinLimit = 4 * largeBlock
	// keptBuffers bounds the buffers that wait to be used again.
	keptBuffers = 256
)

const spoolSuffix = ".spool"

// Manager shares memory among transactions. It may be used by several
// goroutines; one Buffer may not.
type Manager struct {
	dir   string
	name  string
	limit int64

	mu      sync.Mutex
	used    int64
	small   [][]byte
	large   [][]byte
	buffers []*Buffer
	serial  uint64
	spooled int64
	files   int
	// written counts bytes ever spooled.
	written int64
}

// Status is a look at a Manager, for SEND CACHEMGR CACHESTATS.
type Status struct {
	Limit   int64 // memory it may hold
	Used    int64 // memory that transactions hold now
	Spooled int64 // bytes in spool files now
	Files   int   // spool files now
	Written int64 // bytes ever written to spool files
}

// New makes a manager that spools into dir under names that begin with name
// (the group) and may hold limit bytes of memory, 0 for DefaultLimit. Spool files
// that a former run under this name left behind are removed.
func New(dir, name string, limit int64) (*Manager, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	m := &Manager{dir: dir, name: name, limit: max(limit, MinLimit)}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("spool folder: %w", err)
	}
	if err := m.removeLeftovers(); err != nil {
		return nil, err
	}
	return m, nil
}

// removeLeftovers removes files of the form name.number.spool only.
func (m *Manager) removeLeftovers() error {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return fmt.Errorf("spool folder: %w", err)
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), m.name+".")
		number, spool := strings.CutSuffix(rest, spoolSuffix)
		if _, err := strconv.ParseUint(number, 10, 64); !ours || !spool || err != nil {
			continue
		}
		err := os.Remove(filepath.Join(m.dir, e.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a spool file of a former run: %w", err)
		}
	}
	return nil
}

// Buffer gives an empty buffer for one transaction. Release gives it back.
func (m *Manager) Buffer() *Buffer {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.buffers); n > 0 {
		b := m.buffers[n-1]
		m.buffers = m.buffers[:n-1]
		b.released = false
		return b
	}
	return &Buffer{m: m}
}

// Status looks at the manager. It may be called at any time.
func (m *Manager) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Status{Limit: m.limit, Used: m.used, Spooled: m.spooled, Files: m.files,
		Written: m.written}
}

// block hands out an empty block that holds need bytes. overLimit tells that the
// caller should spool what it has.
func (m *Manager) block(need int, first bool) (b []byte, overLimit bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	size := largeBlock
	if first && need <= smallBlock {
		size = smallBlock
	}
	size = max(size, need)
	overLimit = m.used+int64(size) > m.limit
	m.used += int64(size)
	switch {
	case size == smallBlock && len(m.small) > 0:
		b, m.small = m.small[len(m.small)-1], m.small[:len(m.small)-1]
	case size == largeBlock && len(m.large) > 0:
		b, m.large = m.large[len(m.large)-1], m.large[:len(m.large)-1]
	default:
		b = make([]byte, 0, size)
	}
	return b[:0], overLimit
}

// put takes blocks back. Those of odd size are left to the garbage collector.
func (m *Manager) put(blocks [][]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, b := range blocks {
		m.used -= int64(cap(b))
		switch {
		case cap(b) == smallBlock && len(m.small) < keptBuffers:
			m.small = append(m.small, b)
		case cap(b) == largeBlock && int64(len(m.large)+1)*largeBlock <= m.limit/2:
			m.large = append(m.large, b)
		}
		blocks[i] = nil
	}
}

// nextFile gives the path of a new spool file.
func (m *Manager) nextFile() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.serial++
	m.files++
	return filepath.Join(m.dir, m.name+"."+strconv.FormatUint(m.serial, 10)+spoolSuffix)
}

// spool counts bytes that went to (or, negative, left) spool files.
func (m *Manager) spool(n int64, files int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spooled += n
	m.files += files
	if n > 0 {
		m.written += n
	}
}

// keep takes a released buffer back.
func (m *Manager) keep(b *Buffer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.buffers) < keptBuffers {
		m.buffers = append(m.buffers, b)
	}
}
