package commands

import (
	"fmt"
	"strings"
	"time"

	"ggsh/checkpoint"
)

// showCh writes what SHOWCH adds: every checkpoint, field by field. The
// figures of Header to Configuration tell nothing here; they are printed
// because scripts read past them.
func (i GroupInfo) showCh(b *strings.Builder) {
	b.WriteString("\n\nCurrent Checkpoint Detail:\n\nRead Checkpoint #1\n\n")
	title, isTrail := "Oracle Redo Log", i.Group.Source == checkpoint.TrailSource
	switch {
	case isTrail:
		title = "GGS Log Trail"
	case i.Source == vamSource:
		title = "VAM External Interface"
	case i.isTask():
		title = string(i.Group.Source)
	}
	fmt.Fprintf(b, "  %s\n\n", title)
	current, _ := i.readAt()
	i.readCheckpoint(b, "Startup Checkpoint (starting position in the data source)",
		i.State.Startup)
	if i.Group.Type == checkpoint.Extract && !isTrail && !i.isTask() {
		i.readCheckpoint(b, "Recovery Checkpoint (position of oldest unprocessed "+
			"transaction in the data source)", i.State.Recovery)
	}
	i.readCheckpoint(b, "Current Checkpoint (position of last record read in the data source)",
		current)
	for n, o := range i.Group.Outputs {
		fmt.Fprintf(b, "Write Checkpoint #%d\n\n  GGS Log Trail\n\n"+
			"  Current Checkpoint (current write position):\n"+
			"    Sequence #: %d\n    RBA: %d\n    Timestamp: %s\n    Extract Trail: %s\n"+
			"    Seqno Length: 9\n    Flip Seqno Length: No\n    Trail Type: %s\n\n",
			n+1, writeSeqno(o), o.Current.RBA, stampOr(o.Current.Time, micros), o.Trail,
			trailType(o))
	}
	i.checkpointTail(b, isTrail)
}

func (i GroupInfo) isTask() bool {
	return i.Group.Source == checkpoint.SourceIsTable || i.Group.Source == checkpoint.SpecialRun
}

func (i GroupInfo) readCheckpoint(b *strings.Builder, title string, p checkpoint.Position) {
	fmt.Fprintf(b, "  %s:\n", title)
	csn := "Not available"
	if !p.CSN.IsZero() {
		csn = p.CSN.String()
		if i.Source == redoSource || i.Source == integratedSource {
			csn = scn(p.CSN.Minor)
		}
	}
	switch {
	case i.Group.Source == checkpoint.TrailSource:
		fmt.Fprintf(b, "    Sequence #: %d\n    RBA: %d\n    Timestamp: %s\n"+
			"    Extract Trail: %s\n    Seqno Length: 9\n\n",
			p.Seqno, p.RBA, stampOr(p.Time, micros), i.Group.Trail)
		return
	case checkpoint.StreamsKind(p.Restart) != "":
		showStreams(b, p)
		return
	case i.Source == vamSource:
		fmt.Fprintf(b, "    Log Number: %d\n    Record Offset: %d\n    Timestamp: %s\n"+
			"    CSN: %s\n", p.Seqno, p.RBA, stampOr(p.Time, micros), csn)
		if p.Restart != "" {
			fmt.Fprintf(b, "    Position: %s\n", p.Restart)
		}
		b.WriteString("\n")
		return
	case i.isTask():
		fmt.Fprintf(b, "    Record: %d\n    Timestamp: %s\n\n", p.RBA, stampOr(p.Time, micros))
		return
	}
	fmt.Fprintf(b, "    Thread #: 1\n    Sequence #: %d\n    RBA: %d\n    Timestamp: %s\n"+
		"    SCN: %s\n    Redo File: %s\n\n", p.Seqno, p.RBA, stampOr(p.Time, micros), csn, p.Restart)
}

// showStreams prints how far each file or partition was read.
func showStreams(b *strings.Builder, p checkpoint.Position) {
	s, _, err := checkpoint.ParseStreams(p.Restart)
	if err != nil {
		fmt.Fprintf(b, "    %s\n\n", err)
		return
	}
	fmt.Fprintf(b, "    Transaction: %d\n    Timestamp: %s\n", s.CSN, stampOr(p.Time, micros))
	for i := range s.Streams {
		fmt.Fprintf(b, "    %s: %s\n", s.Word(), s.Streams[i].String())
	}
	b.WriteString("\n")
}

func stampOr(t time.Time, layout string) string {
	if t.IsZero() {
		return "Not Available"
	}
	return t.Local().Format(layout)
}

func (i GroupInfo) checkpointTail(b *strings.Builder, isTrail bool) {
	kind, source, task := 10, 3, 0
	if isTrail {
		kind, source = 1, 0
	}
	if i.isTask() {
		kind, source, task = 1, 0, 1
	}
	stop := i.State.Stopped
	if stop == "" {
		stop = checkpoint.Graceful
	}
	if stop == checkpoint.Abended {
		stop = checkpoint.Active
	}
	fmt.Fprintf(b, `Header:
  Version = %d
  Record Source = A
  Type = %d
  # Input Checkpoints = 1
  # Output Checkpoints = %d

File Information:
  Block Size = 2048
  Max Blocks = 100
  Record Length = 2048
  Current Offset = 0

Configuration:
  Data Source = %d
  Transaction Integrity = 1
  Task Type = %d

Status:
  Start Time = %s
  Last Update Time = %s
  Stop Status = %s
  Last Result = 400
`, 2, kind, len(i.Group.Outputs), source, task, stampOr(i.State.Started, seconds),
		stampOr(i.State.Updated, seconds), stop)
}
