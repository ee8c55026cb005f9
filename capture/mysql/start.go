package mysql

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ggsh/capture/mysql/binlog"
	"ggsh/ggserr"
	"ggsh/record"
)

// newReader checks the server and finds where to begin.
func newReader(ctx context.Context, src *Source, srv *database) (*reader, error) {
	r := &reader{src: src, cfg: &src.cfg, srv: srv, set: newGTIDSet(),
		tables: map[uint64]*tableRef{}, branches: map[string]*branch{}}
	for _, e := range srv.checkLog() {
		if e.Severity == ggserr.Fatal {
			return nil, e
		}
		r.cfg.warn(e)
	}
	var err error
	start := src.cfg.Start
	switch {
	case start.Restart != "":
		err = r.startAgain(ctx, start.Restart)
	case !start.Time.IsZero():
		err = r.startAtTime(ctx, start.Time)
	case start.Seq > 0 || start.Pos > 0:
		err = r.startAtPlace(ctx, start)
	default:
		err = r.startAtHead(ctx)
	}
	if err != nil {
		return nil, err
	}
	if start.Restart == "" && r.skipTime.IsZero() && !r.learnSet {
		src.begun = record.Txn{TxnInfo: record.TxnInfo{CSN: r.committed.csn(r.epoch),
			CommitTime: time.Now().UTC()}, Restart: r.restartText(gtid{}, "")}
	}
	r.schema, err = openSchema(ctx, r.cfg, srv, r.committed.csn(r.epoch))
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Position is the end of the log where reading began, a transaction without Ops;
// known is false for other begins.
func (s *Source) Position() (at record.Txn, known bool) { return s.begun, s.begun.Restart != "" }

// startAtHead begins behind what is committed now.
func (r *reader) startAtHead(ctx context.Context) error {
	h, err := r.srv.head(ctx)
	if err != nil {
		return err
	}
	r.committed = h.place
	r.set, err = parseGTIDSet(h.GTID)
	if err != nil {
		return ggserr.New(ggserr.SQLFailed, "the server's GTID set").Because(err)
	}
	return nil
}

// startAtPlace begins behind a place. The file is read from its start, to learn
// what was committed and prepared before the place.
func (r *reader) startAtPlace(ctx context.Context, start Start) error {
	logs, err := r.srv.logs(ctx)
	if err != nil {
		return err
	}
	if len(logs) == 0 {
		return ggserr.New(ggserr.LogProblem, "the server has no binary log files")
	}
	file := logs[len(logs)-1]
	if start.Seq > 0 {
		at := slices.IndexFunc(logs, func(f logFile) bool { return fileNumber(f.Name) == start.Seq })
		if at < 0 {
			return ggserr.New(ggserr.LogProblem, fmt.Sprintf("the server has no log file number %d",
				start.Seq)).Do("It has %s to %s.", logs[0].Name, file.Name)
		}
		file = logs[at]
	}
	if start.Pos > file.Size {
		return ggserr.New(ggserr.LogProblem, fmt.Sprintf("log file %s ends at %d, before the start "+
			"position %d", file.Name, file.Size, start.Pos))
	}
	r.readFile(file.Name)
	if start.Pos > 4 {
		r.skipTo = place{File: file.Name, Pos: start.Pos}
	}
	return nil
}

// readFile begins at the start of a file, whose first events tell the GTID set.
func (r *reader) readFile(name string) {
	r.committed = place{File: name, Pos: 4}
	r.learnSet = true
}

// startAtTime begins with the first transaction committed at or after t, in the
// last file that was begun before t.
func (r *reader) startAtTime(ctx context.Context, t time.Time) error {
	logs, err := r.srv.logs(ctx)
	if err != nil {
		return err
	}
	if len(logs) == 0 {
		return ggserr.New(ggserr.LogProblem, "the server has no binary log files")
	}
	low, high := 0, len(logs) // the wanted file is in [low, high)
	for high-low > 1 {
		middle := (low + high) / 2
		begun, err := fileBegun(ctx, r.cfg, r.srv, logs[middle].Name)
		if err != nil {
			return err
		}
		if begun.Before(t) {
			low = middle
		} else {
			high = middle
		}
	}
	if low == 0 {
		begun, err := fileBegun(ctx, r.cfg, r.srv, logs[0].Name)
		if err != nil {
			return err
		}
		if begun.After(t) && fileNumber(logs[0].Name) > 1 {
			r.cfg.warn(ggserr.New(ggserr.DatabaseMessage, fmt.Sprintf("the oldest log file %s was begun "+
				"at %s, after the start time %s: what was purged is not captured", logs[0].Name,
				begun.Format(time.RFC3339), t.Format(time.RFC3339))))
		}
	}
	r.readFile(logs[low].Name)
	r.skipTime = t
	return nil
}

// startAgain resumes an earlier run.
func (r *reader) startAgain(ctx context.Context, text string) error {
	at, err := parseRestart(text)
	if err != nil {
		return ggserr.New(ggserr.LogProblem, "the checkpoint cannot be used").Because(err)
	}
	if at.Flavor != r.srv.flavor {
		return ggserr.New(ggserr.LogProblem, fmt.Sprintf("the checkpoint is of a %s server, %s is %s",
			at.Flavor, r.cfg.address(), r.srv.version)).
			Do("ALTER EXTRACT %s with a new BEGIN.", r.cfg.Group)
	}
	done, err := parseGTIDSet(at.GTID)
	if err != nil {
		return ggserr.New(ggserr.LogProblem, "the checkpoint cannot be used").Because(err)
	}
	r.epoch, r.committed, r.set = at.Epoch, at.place, done
	if at.From != nil {
		r.committed = at.From.place
		if r.set, err = parseGTIDSet(at.From.GTID); err != nil {
			return ggserr.New(ggserr.LogProblem, "the checkpoint cannot be used").Because(err)
		}
	}
	if at.Server != r.srv.identity {
		return r.startElsewhere(ctx, at, done)
	}
	if at.From != nil {
		r.skipTo = at.place
	}
	return r.checkSameServer(ctx, at)
}

// startElsewhere resumes on another server of the same data: only GTIDs mean the
// same there.
func (r *reader) startElsewhere(ctx context.Context, at restart, done *gtidSet) error {
	if done.isEmpty() {
		return ggserr.New(ggserr.LogProblem, fmt.Sprintf("the checkpoint %s is of server %s, but %s "+
			"is server %s, and there are no GTIDs to find the place", at.place, at.Server,
			r.cfg.address(), r.srv.identity)).
			Do("Connect to the former server, or ALTER EXTRACT %s with a BEGIN.", r.cfg.Group)
	}
	if err := r.srv.mustHold(ctx, done); err != nil {
		return err
	}
	r.cfg.warn(warning("resuming on another server (%s instead of %s) behind GTID set %s",
		r.srv.identity, at.Server, done.text()))
	r.set = done
	r.elsewhere()
	if at.From != nil {
		r.readSet = at.From.GTID
		r.skipSet = done.clone()
	}
	return nil
}

// elsewhere makes the next session ask by GTID; places are known again with the
// first commit.
func (r *reader) elsewhere() {
	r.epoch++
	r.byGTID = true
	r.committed = place{}
}

// reconnect makes sure, before a session that is not the first, that the server is
// the same and its log too. Behind one address there may be another one now.
func (r *reader) reconnect(ctx context.Context) error {
	former := r.srv.identity
	if err := r.srv.learn(ctx); err != nil {
		return err
	}
	if r.srv.identity == former {
		if r.byGTID {
			return nil
		}
		return r.checkSameServer(ctx, restart{place: r.committed})
	}
	at := restart{Server: former, place: r.committed}
	r.skipTo = place{} // what was delivered is in the GTID set
	return r.startElsewhere(ctx, at, r.set)
}

// checkSameServer makes sure that the position still means the same.
func (r *reader) checkSameServer(ctx context.Context, at restart) error {
	logs, err := r.srv.logs(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(logs, func(f logFile) bool { return f.Name == r.committed.File })
	if i < 0 {
		have := "none"
		if len(logs) > 0 {
			have = logs[0].Name + " to " + logs[len(logs)-1].Name
		}
		return ggserr.New(ggserr.LogProblem, fmt.Sprintf("log file %s, needed to go on from %s, is not "+
			"on the server: it was purged, or the log was reset", r.committed.File, at.place)).
			Do("The server has %s. Load the tables again and ALTER EXTRACT %s, BEGIN NOW.", have,
				r.cfg.Group)
	}
	if r.committed.Pos > logs[i].Size {
		return ggserr.New(ggserr.LogProblem, fmt.Sprintf("log file %s ends at %d, before the restart "+
			"position %d: the log was reset or lost its end in a crash", logs[i].Name, logs[i].Size,
			r.committed.Pos)).
			Do("Compare the tables, then ALTER EXTRACT %s with LOGNUM and LOGPOS.", r.cfg.Group)
	}
	if i == 0 && len(logs) > 1 {
		r.cfg.warn(ggserr.New(ggserr.DatabaseMessage, "the restart position is in the server's oldest "+
			"log file "+logs[i].Name+", the next to be purged"))
	}
	return r.checkGTID(ctx)
}

// checkGTID compares the position's GTID set with the server's.
func (r *reader) checkGTID(ctx context.Context) error {
	if r.set.isEmpty() {
		return nil
	}
	if r.srv.flavor != flavorMariaDB {
		r.checkSet = true
		return nil
	}
	text, err := r.srv.gtidAt(ctx, r.committed)
	if err != nil || text == "" {
		return err
	}
	there, err := parseGTIDSet(text)
	if err != nil {
		return ggserr.New(ggserr.SQLFailed, "BINLOG_GTID_POS").Because(err)
	}
	if !there.equal(r.set) {
		return ggserr.New(ggserr.LogProblem, fmt.Sprintf("at %s the server has GTID position %s, the "+
			"checkpoint says %s: the log was reset, or this is another server with the same server_id",
			r.committed, there.text(), r.set.text())).
			Do("Load the tables again and ALTER EXTRACT %s, BEGIN NOW.", r.cfg.Group)
	}
	return nil
}

// checkLog looks at the variables without which a capture cannot be right.
func (s *database) checkLog() []*ggserr.Error {
	var list []*ggserr.Error
	if !s.on("log_bin") {
		return append(list, ggserr.New(ggserr.LogProblem, "the server "+s.cfg.address()+
			" writes no binary log").Do("Set log_bin and a server_id in its option file and restart it."))
	}
	if f := s.vars["binlog_format"]; f != "" && !strings.EqualFold(f, "ROW") {
		list = append(list, ggserr.New(ggserr.LogProblem, "the server logs statements (binlog_format "+
			f+"), not rows").Do("SET GLOBAL binlog_format = 'ROW', set it in the option file too, and "+
			"let the applications reconnect."))
	}
	if image := s.vars["binlog_row_image"]; image != "" && !strings.EqualFold(image, "FULL") &&
		!strings.EqualFold(image, "FULL_NODUP") {
		list = append(list, warning("binlog_row_image is %s: updates and deletes carry the key and "+
			"changed columns only, so before images and columns for filters may be missing", image).
			Do("SET GLOBAL binlog_row_image = 'FULL' if they are needed."))
	}
	if !s.fullMetadata() {
		list = append(list, warning("binlog_row_metadata is not FULL: column names come from "+
			"information_schema and from the DDL in the log").Do("%s", metadataStatement(s)))
	}
	if s.vars["binlog_row_value_options"] != "" {
		list = append(list, warning("binlog_row_value_options is %s: the capture stops at the first "+
			"update of part of a JSON document", s.vars["binlog_row_value_options"]).
			Do("SET GLOBAL binlog_row_value_options = ''."))
	}
	return list
}

func metadataStatement(s *database) string {
	if _, has := s.vars["binlog_row_metadata"]; !has {
		return "This server version has no better; do not change tables while Extract is stopped."
	}
	return "SET GLOBAL binlog_row_metadata = 'FULL', and set it in the option file."
}

func warning(format string, args ...any) *ggserr.Error {
	return ggserr.New(ggserr.DatabaseMessage, fmt.Sprintf(format, args...))
}

// fileBegun reads when a log file was begun, from its first event.
func fileBegun(ctx context.Context, cfg *Config, srv *database, name string) (time.Time, error) {
	f := &firstEvent{found: make(chan uint32, 1)}
	if err := f.read(ctx, cfg, srv, name); err != nil {
		return time.Time{}, err
	}
	return time.Unix(int64(<-f.found), 0).UTC(), nil
}

// isFormat reports whether raw is the FORMAT_DESCRIPTION event of a file.
func isFormat(raw []byte) (uint32, bool) {
	h, _, err := binlog.ParseHeader(raw)
	return h.Time, err == nil && h.Type == binlog.FormatEvent
}
