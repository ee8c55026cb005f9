package replicat

import (
	"fmt"
	"strings"
	"time"

	"ggsh/process"
	"ggsh/record"
)

// discardFile holds the rows that were not applied. It belongs to the
// applier's goroutine.
type discardFile struct {
	*process.Discard
	p       *process.Process
	r       *Replicat
	records int64
}

// discardEntry is one row for the discard file.
type discardEntry struct {
	group     *group
	ref       opRef
	body      []byte
	def       *record.TableDef // of the body's images
	action    string
	code      int
	text      string
	statement string
}

// add writes one row.
func (d *discardFile) add(e *discardEntry) error {
	d.records++
	if d.Path() == "" {
		return nil
	}
	text, err := d.render(e)
	if err != nil {
		return err
	}
	return d.Add(text)
}

// render writes an entry as operators know it.
func (d *discardFile) render(e *discardEntry) (string, error) {
	var op record.Op
	if err := record.DecodeOp(e.body, &op); err != nil {
		return "", err
	}
	now := d.p.Now().Local().Format(time.DateTime)
	txn := e.group.txns[e.ref.txn]
	at, err := d.r.errorPosition(txn.begin, e.ref.ordinal)
	if err != nil {
		at = txn.begin // the trail's file may be gone by now; its transaction is named
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Current time: %s\nDiscarded record from action %s on error %d\n\n", now,
		e.action, e.code)
	b.WriteString(e.text)
	if e.statement != "" {
		fmt.Fprintf(&b, ", SQL <%s>", e.statement)
	}
	verb := "Discarding"
	if e.action == "ABEND" {
		verb = "Aborting"
	}
	fmt.Fprintf(&b, "\n%s transaction on %s beginning at seqno %d rba %d\n", verb, d.r.trail,
		txn.begin.Seqno, txn.begin.RBA)
	fmt.Fprintf(&b, "                         error at seqno %d rba %d\n", at.Seqno, at.RBA)
	plan := e.ref.table.plan
	fmt.Fprintf(&b, "Problem replicating %s to %s\n", plan.Source.FullName(), plan.Target.FullName())
	form := "target format"
	if e.def == plan.Source && e.def != plan.Target {
		form = "source format"
	}
	compressed := ""
	if op.Compressed {
		compressed = "compressed "
	}
	fmt.Fprintf(&b, "Error occurred with %s%s record (%s)...\n", compressed,
		strings.ToLower(op.Type.String()), form)
	if err := process.WriteImages(&b, e.def, &op); err != nil {
		return "", err
	}
	if e.action == "ABEND" {
		fmt.Fprintf(&b, "Process Abending : %s\n", now)
	}
	return b.String() + "\n", nil
}
