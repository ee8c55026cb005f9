// Package loadgen makes records at a rate, writes them to files or to a topic, and
// measures how that went.
//
// It is a load and no test: it checks nothing of what becomes of the records. Its law:
// each record has its number and the moment it was made, so that whoever reads them
// can tell what is missing, double or late; and no record is counted before its target
// has it.
package loadgen

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// Form is how a record is written.
type Form string

// The forms. Both have the fields id, sent and pad.
const (
	CSV  Form = "csv"
	JSON Form = "json"
)

// Header is the header line of files of form CSV.
const Header = "id,sent,pad\n"

// Target takes records. done is called once for records that are there or failed, from
// any goroutine; the records must not be changed before.
type Target interface {
	Send(ctx context.Context, records [][]byte, done func(count int, err error)) error
	// Close waits for what is under way.
	Close(ctx context.Context) error
}

// Config is a load.
type Config struct {
	Count int64
	Size  int     // octets of a record, its end of line included
	Rate  float64 // records in a second; 0: as fast as the target takes them
	Form  Form
	// Every is how often Tell gets a line; 0: never.
	Every time.Duration
	Tell  func(Figures)
	// Now and Sleep are the clock; nil takes the system's.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration)
}

// maxBatch bounds the records that are handed over at once.
const maxBatch = 1000

// MinSize is the least size of a record: number and time need room.
func MinSize(f Form) int {
	line := appendRecord(nil, f, 1<<53, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 0)
	return len(line)
}

// Run makes the load and gives its figures. It ends early with the context, or with
// the first record that the target refused.
func Run(ctx context.Context, cfg Config, target Target) (Figures, error) {
	if cfg.Size < MinSize(cfg.Form) {
		return Figures{}, fmt.Errorf("a record of form %s needs at least %d octets", cfg.Form,
			MinSize(cfg.Form))
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	r := &run{cfg: cfg, began: cfg.Now(), told: cfg.Now()}
	var err error
	for sent := int64(0); sent < cfg.Count && err == nil; {
		n := r.due(ctx, sent)
		if err = ctx.Err(); err == nil {
			err = r.send(ctx, target, sent, n)
		}
		sent += int64(n)
		if err == nil {
			err = r.failed()
		}
	}
	err = errors.Join(err, target.Close(ctx))
	if err == nil {
		err = r.failed()
	}
	return r.figures(r.began, &r.all), err
}

// run is a load under way.
type run struct {
	cfg   Config
	began time.Time

	mu    sync.Mutex
	all   histogram
	last  histogram // since told
	told  time.Time
	error error
}

// due waits until records are due and tells how many.
func (r *run) due(ctx context.Context, sent int64) int {
	left := r.cfg.Count - sent
	if r.cfg.Rate <= 0 {
		return int(min(left, maxBatch))
	}
	for ctx.Err() == nil {
		n := int64(r.cfg.Now().Sub(r.began).Seconds()*r.cfg.Rate) + 1 - sent
		if n > 0 {
			return int(min(n, left, maxBatch))
		}
		next := time.Duration(float64(sent) / r.cfg.Rate * float64(time.Second))
		r.cfg.Sleep(ctx, max(r.began.Add(next).Sub(r.cfg.Now()), time.Millisecond))
	}
	return 0
}

func (r *run) send(ctx context.Context, target Target, first int64, n int) error {
	at := r.cfg.Now()
	text := make([]byte, 0, n*r.cfg.Size) // the target may keep it
	records := make([][]byte, 0, n)
	for i := range n {
		from := len(text)
		text = appendRecord(text, r.cfg.Form, first+int64(i), at, r.cfg.Size)
		records = append(records, text[from:len(text):len(text)])
	}
	return target.Send(ctx, records, func(count int, err error) { r.done(at, count, err) })
}

func (r *run) done(sent time.Time, count int, err error) {
	now := r.cfg.Now()
	var told Figures
	r.mu.Lock()
	if err != nil {
		if r.error == nil {
			r.error = err
		}
		r.mu.Unlock()
		return
	}
	r.all.add(now.Sub(sent), count)
	r.last.add(now.Sub(sent), count)
	tell := r.cfg.Every > 0 && r.cfg.Tell != nil && now.Sub(r.told) >= r.cfg.Every
	if tell {
		told = r.figures(r.told, &r.last)
		r.last, r.told = histogram{}, now
	}
	r.mu.Unlock()
	if tell {
		r.cfg.Tell(told)
	}
}

func (r *run) failed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.error
}

// appendRecord appends a record of size octets, or of as many as it needs.
func appendRecord(dst []byte, f Form, id int64, at time.Time, size int) []byte {
	from := len(dst)
	open, mid, last, end := "", ",", ",", "\n"
	if f == JSON {
		open, mid, last, end = `{"id":`, `,"sent":"`, `","pad":"`, "\"}\n"
	}
	dst = strconv.AppendInt(append(dst, open...), id, 10)
	dst = at.UTC().AppendFormat(append(dst, mid...), "2006-01-02T15:04:05.000000Z07:00")
	dst = append(dst, last...)
	x := uint64(id)*0x9e3779b97f4a7c15 + 1
	for len(dst)-from < size-len(end) {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		dst = append(dst, 'a'+byte(x%26))
	}
	return append(dst, end...)
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
