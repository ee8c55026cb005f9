package oracle

import (
	"cmp"
	"fmt"
	"slices"

	"ggsh/ggserr"
)

// bound is the last SCN that may be read: what every open thread has written to its
// logs, less one. What is behind it may still be in memory, and would be missed.
func (r *reader) bound(state *State, files []LogFile) uint64 {
	if r.cfg.ArchivedOnly {
		return archivedBound(state, files, r.next)
	}
	bound := state.SCN
	for _, t := range state.Threads {
		if t.Open {
			bound = min(bound, max(t.LastSCN, 1)-1)
		}
	}
	return bound
}

// archivedBound is the last SCN up to which each thread has archived logs without a gap.
func archivedBound(state *State, files []LogFile, from uint64) uint64 {
	bound := state.SCN
	for _, t := range state.Threads {
		if !t.Enabled || t.EnabledSCN > bound {
			continue
		}
		list := threadLogs(files, t.Number, from, state.SCN, true)
		if len(list) == 0 {
			return 0
		}
		last := list[0]
		for _, f := range list[1:] {
			if f.Sequence != last.Sequence+1 {
				break
			}
			last = f
		}
		if t.Open || last.Sequence < t.Sequence {
			bound = min(bound, last.Next-1)
		}
	}
	return bound
}

// threadLogs are the logs of a thread that hold SCNs of a range, by sequence, the
// archived copy in place of a log on line.
func threadLogs(files []LogFile, thread int, from, to uint64, archived bool) []LogFile {
	var list []LogFile
	for _, f := range files {
		if f.Thread == thread && f.First <= to && f.Next > from && (f.Archived || !archived) {
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b LogFile) int {
		if a.Sequence != b.Sequence {
			return cmp.Compare(a.Sequence, b.Sequence)
		}
		switch {
		case a.Archived == b.Archived:
			return 0
		case a.Archived:
			return -1
		}
		return 1
	})
	return slices.CompactFunc(list, func(a, b LogFile) bool { return a.Sequence == b.Sequence })
}

// chooseLogs gives the logs of a window, and makes sure that none is missing.
func chooseLogs(state *State, files []LogFile, from, to uint64, cfg *Config) ([]LogFile, error) {
	var all []LogFile
	for _, t := range state.Threads {
		list := threadLogs(files, t.Number, from, to, cfg.ArchivedOnly)
		if len(list) == 0 {
			if t.Open && t.EnabledSCN <= to {
				return nil, missing(t.Number, 0, from, to, cfg)
			}
			continue
		}
		if first := list[0]; first.First > from && first.First > t.EnabledSCN && first.Sequence > 1 {
			return nil, missing(t.Number, first.Sequence-1, from, to, cfg)
		}
		for i := 1; i < len(list); i++ {
			if list[i].Sequence != list[i-1].Sequence+1 {
				return nil, missing(t.Number, list[i-1].Sequence+1, from, to, cfg)
			}
		}
		if last := list[len(list)-1]; last.Next <= to && t.Open {
			return nil, missing(t.Number, last.Sequence+1, from, to, cfg)
		}
		all = append(all, list...)
	}
	return all, nil
}

// missing names the log that is not there. It may yet come: the archiver is late.
func missing(thread int, sequence, from, to uint64, cfg *Config) error {
	which := fmt.Sprintf("the log of thread %d, sequence %d,", thread, sequence)
	if sequence == 0 {
		which = fmt.Sprintf("every log of thread %d", thread)
	}
	return &TroubleError{LogMissing, ggserr.New(ggserr.LogProblem, fmt.Sprintf("%s that holds SCN %d to %d is "+
		"not there: it was deleted, or is not archived yet", which, from, to)).
		Do("Restore it (RMAN: RESTORE ARCHIVELOG SEQUENCE %d THREAD %d) and START EXTRACT %s; or load the "+
			"tables again and ALTER EXTRACT %s, BEGIN NOW.", sequence, thread, cfg.Group, cfg.Group)}
}
