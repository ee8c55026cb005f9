package extract

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ggsh/control"
	"ggsh/param"
)

// intervals has the times count that a parameter file gives; else there are none.
func (f *fixture) intervals(cfg *Config, file *param.File) {
	f.t.Helper()
	run, err := param.ReadRun(file)
	if err != nil {
		f.t.Fatal(err)
	}
	cfg.Rollover, cfg.WarnLong, cfg.WarnEvery = run.Rollover, run.WarnLongTrans, run.WarnInterval
	if _, given := file.Last("FLUSHSECS", "FLUSHCSECS"); given {
		cfg.FlushEvery = run.FlushDelay
	}
	if _, given := file.Last("CHECKPOINTSECS"); given {
		cfg.CheckpointEvery = run.CheckpointSecs
	}
}

// ticking is a clock that a second passes on at each look.
func ticking(from time.Time) func() time.Time {
	var mu sync.Mutex
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		from = from.Add(time.Second)
		return from
	}
}

// TestFlushIntervals: FLUSHSECS and FLUSHCSECS bound how long records wait for the disk.
func TestFlushIntervals(t *testing.T) {
	for params, often := range map[string]bool{"": false, "FLUSHSECS 1\n": true, "FLUSHCSECS 100\n": true,
		"FLUSHSECS 36000\n": false} {
		f := newFixture(t, captureGroup, params+"EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
		f.now = ticking(time.Now())
		if err := f.run("E1", fromScript(20), -1); err != nil {
			t.Fatal(err)
		}
		if f.syncs >= 20 != often {
			t.Errorf("%q: %d times for 20 transactions", params, f.syncs)
		}
	}
}

// TestCheckpointInterval: CHECKPOINTSECS bounds how long the checkpoint file stays behind; its
// source is told of each.
func TestCheckpointInterval(t *testing.T) {
	for params, often := range map[string]bool{"": false, "CHECKPOINTSECS 1\n": true, "CHECKPOINTSECS 36000\n": false} {
		f := newFixture(t, captureGroup, "FLUSHSECS 1\n"+params+"EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
		f.now = ticking(time.Now())
		var source *scripted
		err := f.run("E1", func(_ context.Context, start SourceStart) (Source, error) {
			source = newScripted(20, start)
			return source, nil
		}, -1)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(source.confirmed); n >= 20 != often || n == 0 {
			t.Errorf("%q: %d checkpoints for 20 transactions", params, n)
		}
	}
}

// TestRolloverBeginsATrailFileAtItsTime: ROLLOVER in the midst of a run.
func TestRolloverBeginsATrailFileAtItsTime(t *testing.T) {
	for params, want := range map[string]int{"": 1, "ROLLOVER AT 06:00\n": 2, "ROLLOVER AT 05:00\n": 1} {
		f := newFixture(t, captureGroup, params+"EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
		f.now = ticking(time.Date(2026, 11, 16, 5, 59, 30, 0, time.Local))
		if err := f.run("E1", fromScript(40), -1); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(f.home.Join("dirdat", "lt0*"))
		if err != nil || len(files) != want {
			t.Errorf("%q: files %v (%v), not %d", params, files, err, want)
		}

	}
}

// waiting is a source at which a transaction has been open for ten minutes.
type waiting struct{ *scripted }

func (waiting) OpenTransactions() []control.OpenTxn {
	return []control.OpenTxn{{XID: "7.1.9", Items: 3, Start: time.Now().Add(-10 * time.Minute)}}
}

func (waiting) Product() string { return "waiting" }

// TestWarnLongTrans: a transaction that is open for as long as WARNLONGTRANS says is reported.
func TestWarnLongTrans(t *testing.T) {
	for params, told := range map[string]bool{"": false, "WARNLONGTRANS 9M, CHECKINTERVAL 1S\n": true,
		"WARNLONGTRANS 2H\n": false} {
		f := newFixture(t, captureGroup, params+"EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
		err := f.run("E1", func(_ context.Context, start SourceStart) (Source, error) {
			return waiting{newScripted(3, start)}, nil
		}, -1)
		if err != nil {
			t.Fatal(err)
		}
		report, err := os.ReadFile(f.home.Report("E1", -1))
		if err != nil || strings.Contains(string(report), "Long running transaction: XID 7.1.9") != told {
			t.Errorf("%q: (%v)\n%s", params, err, report)
		}
	}
}
