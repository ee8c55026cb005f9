package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"ggsh/ggserr"
	"ggsh/param"
	"ggsh/report"
)

// Sizes of a discard file when none is given.
const (
	defaultDiscardBytes  = 50 << 20 // of the file that nobody named
	explicitDiscardBytes = 3 << 20
)

// Discard is the file for what a group could not use. It belongs to one goroutine,
// and comes into being with its first entry.
type Discard struct {
	p        *Process
	path     string // empty: none
	maxBytes int64
	file     *os.File
	size     int64
	ageing   *Schedule // DISCARDROLLOVER
}

// OpenDiscard checks that the file of DISCARDFILE may be used, and ages an older one.
// Without DISCARDFILE it is the group's in dirrpt.
func (p *Process) OpenDiscard(given *param.DiscardFile) (*Discard, error) {
	d := &Discard{p: p, path: p.Home().Discard(p.Group(), -1), maxBytes: defaultDiscardBytes}
	keep, purge := false, true
	if given != nil {
		d.path, d.maxBytes = p.Home().Resolve(given.Path), given.MaxBytes
		keep, purge = given.Append, given.Purge
		if given.None {
			d.path = ""
		}
		if d.maxBytes == 0 {
			d.maxBytes = explicitDiscardBytes
		}
	}
	if d.path == "" {
		return d, nil
	}
	st, err := os.Stat(d.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return d, nil
	case err != nil:
		return nil, ggserr.New(ggserr.FileOpen, d.path).Because(err)
	case keep:
		d.size = st.Size()
		return d, nil
	case purge:
		return d, report.Age(d.path)
	}
	return nil, ggserr.New(ggserr.FileOpen, d.path).Because(errors.New("the discard file exists")).
		Do("Write APPEND or PURGE in DISCARDFILE.").At(given.Pos.File, given.Pos.Line, given.Pos.Column)
}

// RolloverAt has entries begin a new file at these times.
func (d *Discard) RolloverAt(clocks []param.Clock) { d.ageing = NewSchedule(clocks, d.p.Now()) }

// age puts the file away when it is time for a new one.
func (d *Discard) age() error {
	if !d.ageing.Due(d.p.Now()) {
		return nil
	}
	d.Close()
	d.size = 0
	err := report.Age(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Path is where the file is; empty when there is none.
func (d *Discard) Path() string { return d.path }

// Add makes an entry durable; a full file is an error, as the entry would be lost.
func (d *Discard) Add(text string) error {
	if d.path == "" {
		return nil
	}
	if err := d.age(); err != nil {
		return err
	}
	if d.file == nil {
		f, err := os.OpenFile(d.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
		if err != nil {
			return ggserr.New(ggserr.FileOpen, d.path).Because(err)
		}
		d.file = f
		text = fmt.Sprintf("ggsh %s process started, group %s discard file opened: %s\n\n",
			product(d.p.cfg.Type), d.p.Group(), d.p.Now().Local().Format(time.DateTime)) + text
	}
	if d.size+int64(len(text)) > d.maxBytes {
		return ggserr.New(ggserr.DiscardFull, d.path, d.maxBytes)
	}
	n, err := d.file.WriteString(text)
	d.size += int64(n)
	if err == nil {
		err = d.file.Sync()
	}
	if err != nil {
		return ggserr.New(ggserr.FileOpen, d.path).Because(err)
	}
	return nil
}

// Close ends its use.
func (d *Discard) Close() {
	if d.file == nil {
		return
	}
	if err := d.file.Close(); err != nil {
		d.p.Line("discard file %s: %s", d.path, err)
	}
	d.file = nil
}
