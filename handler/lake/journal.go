package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// journal is a group's folder of commit records, taken by one process:
//
//	epoch-N         N is taken: whoever creates it has that number alone
//	records-N/      the records, while the process of epoch N may write them
//	  M.pending     record M; its files may still have their temporary names
//	  M.json        record M, its files have their final names
//	record-N.tmp    a record being written
//
// Taking over renames records-M to records-N. From then on nothing can be
// renamed into records-M: a process of an older epoch is fenced, at once and
// without a gap.
type journal struct {
	fs    FS
	dir   string
	epoch uint64
	last  uint64 // number of the newest record; 0 without
	keep  uint64
}

// errFenced says that another process has taken the group over.
var errFenced = errors.New("another process has taken over the group's files")

const (
	claimPrefix   = "epoch-"
	recordsPrefix = "records-"
	pendingSuffix = ".pending"
	doneSuffix    = ".json"
	numberWidth   = 20
)

// layout is what the group's folder shows.
type layout struct {
	claim   uint64   // the highest
	claims  []uint64 // all
	records []uint64 // epochs that have a folder of records, rising
}

func (l *layout) newest() (epoch uint64, ok bool) {
	if len(l.records) == 0 {
		return 0, false
	}
	return l.records[len(l.records)-1], true
}

func (j *journal) look(ctx context.Context) (*layout, error) {
	entries, err := j.fs.List(ctx, j.dir)
	if err != nil {
		return nil, err
	}
	l := &layout{}
	for _, e := range entries {
		if n, ok := numbered(e.Name, claimPrefix, ""); ok && !e.Dir {
			l.claims = append(l.claims, n)
			l.claim = max(l.claim, n)
		}
		if n, ok := numbered(e.Name, recordsPrefix, ""); ok && e.Dir {
			l.records = append(l.records, n)
		}
	}
	slices.Sort(l.records)
	return l, nil
}

// numbered takes the number out of a name.
func numbered(name, prefix, suffix string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, false
	}
	if digits, ok = strings.CutSuffix(digits, suffix); !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}

func (j *journal) claimPath(n uint64) string {
	return path.Join(j.dir, claimPrefix+strconv.FormatUint(n, 10))
}

func (j *journal) recordsPath(n uint64) string {
	return path.Join(j.dir, recordsPrefix+strconv.FormatUint(n, 10))
}

func (j *journal) recordPath(number uint64, suffix string) string {
	return path.Join(j.recordsPath(j.epoch), fmt.Sprintf("%0*d%s", numberWidth, number, suffix))
}

// takeTries bounds how often others may come between.
const takeTries = 100

// take makes this process the only one that can commit.
func (j *journal) take(ctx context.Context) error {
	if err := j.fs.MakeAll(ctx, j.dir); err != nil {
		return err
	}
	for range takeTries {
		l, err := j.look(ctx)
		if err != nil {
			return err
		}
		newest, _ := l.newest()
		j.epoch = max(l.claim, newest) + 1
		f, err := j.fs.Create(ctx, j.claimPath(j.epoch))
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			return err
		}
		return j.adopt(ctx)
	}
	return errFenced
}

// adopt renames the folder of records to this epoch's.
func (j *journal) adopt(ctx context.Context) error {
	for range takeTries {
		l, err := j.look(ctx)
		if err != nil {
			return err
		}
		newest, found := l.newest()
		switch {
		case newest > j.epoch:
			return errFenced
		case newest == j.epoch:
			return j.tidy(ctx, l)
		case !found:
			err = j.fs.MakeAll(ctx, j.recordsPath(0))
		default:
			err = j.fs.Rename(ctx, j.recordsPath(newest), j.recordsPath(j.epoch))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return errFenced
}

// tidy removes what older epochs have left. Folders of records that are not the
// newest are empty: nobody writes a record before having looked whether his
// folder is the newest.
func (j *journal) tidy(ctx context.Context, l *layout) error {
	for _, n := range l.claims {
		if n < j.epoch {
			if err := j.fs.Remove(ctx, j.claimPath(n)); err != nil {
				return err
			}
			if err := j.fs.Remove(ctx, j.writingPath(n)); err != nil {
				return err
			}
		}
	}
	for _, n := range l.records[:len(l.records)-1] {
		inside, err := j.fs.List(ctx, j.recordsPath(n))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if len(inside) > 0 {
			continue
		}
		if err := j.fs.Remove(ctx, j.recordsPath(n)); err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) writingPath(epoch uint64) string {
	return path.Join(j.dir, fmt.Sprintf("record-%d.tmp", epoch))
}

// damagedError says that the newest commit record is not what was written.
type damagedError struct {
	path  string
	cause error
}

func (e *damagedError) Error() string {
	return fmt.Sprintf("commit record %s is damaged: %v; restore it, or remove it and position "+
		"the group with ALTER REPLICAT to what the files hold", e.path, e.cause)
}

func (e *damagedError) Unwrap() error { return e.cause }

// newest reads the newest record; nil when there is none. pending says that its
// files may have their temporary names.
func (j *journal) newest(ctx context.Context) (c *Commit, pending bool, err error) {
	entries, err := j.fs.List(ctx, j.recordsPath(j.epoch))
	if err != nil {
		return nil, false, err
	}
	suffix := ""
	for _, e := range entries {
		for _, s := range []string{pendingSuffix, doneSuffix} {
			if n, ok := numbered(e.Name, "", s); ok && n >= j.last {
				j.last, suffix = n, s
			}
		}
	}
	if suffix == "" {
		return nil, false, nil
	}
	at := j.recordPath(j.last, suffix)
	text, err := readAll(ctx, j.fs, at, maxCommitBytes)
	if err != nil {
		return nil, false, err
	}
	c, err = DecodeCommit(text)
	if err == nil && c.Number != j.last {
		err = fmt.Errorf("it says that it is number %d", c.Number)
	}
	if err != nil {
		return nil, false, &damagedError{at, err}
	}
	return c, suffix == pendingSuffix, nil
}

// readAll reads a file of at most limit bytes.
func readAll(ctx context.Context, from FS, path string, limit int64) ([]byte, error) {
	r, err := from.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if r.Size() > limit {
		return nil, &damagedError{path, fmt.Errorf("it has %d bytes, at most %d are expected",
			r.Size(), limit)}
	}
	return io.ReadAll(io.LimitReader(r, limit))
}

// write publishes a record: when it returns nil, the commit has happened. It
// sets the record's epoch and number.
func (j *journal) write(ctx context.Context, c *Commit) error {
	c.Version, c.Epoch, c.Number = commitVersion, j.epoch, j.last+1
	text, err := c.encode()
	if err != nil {
		return err
	}
	tmp := j.writingPath(j.epoch)
	if err := writeAll(ctx, j.fs, tmp, text); err != nil {
		return err
	}
	err = j.fs.Rename(ctx, tmp, j.recordPath(c.Number, pendingSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return j.whyGone(ctx, err)
	}
	if err == nil {
		j.last = c.Number
	}
	return err
}

// whyGone tells whether the folder of records is missing because another
// process has it now.
func (j *journal) whyGone(ctx context.Context, err error) error {
	l, lookErr := j.look(ctx)
	if lookErr != nil {
		return err
	}
	if newest, _ := l.newest(); newest > j.epoch {
		return errFenced
	}
	return err
}

// writeAll makes a file with that content.
func writeAll(ctx context.Context, to FS, path string, content []byte) error {
	f, err := to.Create(ctx, path)
	if errors.Is(err, fs.ErrExist) {
		if err = to.Remove(ctx, path); err == nil {
			f, err = to.Create(ctx, path)
		}
	}
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		f.Abandon()
		return err
	}
	return f.Close()
}

// done notes that the newest record's files have their final names, and removes
// records that are no longer kept.
func (j *journal) done(ctx context.Context) error {
	err := j.fs.Rename(ctx, j.recordPath(j.last, pendingSuffix), j.recordPath(j.last, doneSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return j.whyGone(ctx, err)
	}
	if err != nil || j.last <= j.keep {
		return err
	}
	return j.fs.Remove(ctx, j.recordPath(j.last-j.keep, doneSuffix))
}
