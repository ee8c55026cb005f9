package checkpointtable

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Pending is what a row says while DDL is executed, which commits by itself: which
// statement, and an imprint of its objects before it. It stands in log_cmplt_xids, so
// that the next move of the row removes it.
type Pending struct {
	Statement string // its place in the trail and a hash, without blanks
	Imprint   string // without blanks
}

const pendingWord = "DDL "

// String is the form in the row; empty when nothing is pending.
func (p Pending) String() string {
	if p == (Pending{}) {
		return ""
	}
	return pendingWord + p.Statement + " " + p.Imprint
}

// ParsePending reads what String wrote; other texts give nothing.
func ParsePending(s string) Pending {
	rest, ok := strings.CutPrefix(s, pendingWord)
	if !ok {
		return Pending{}
	}
	statement, imprint, ok := strings.Cut(rest, " ")
	if !ok {
		return Pending{}
	}
	return Pending{Statement: statement, Imprint: imprint}
}

// Mark writes what is pending into a group's row, or with the zero Pending takes it out;
// ErrMoved when the row is not where the caller knows it to be.
func Mark(ctx context.Context, db DB, k Kind, n Name, group Group, at Position, p Pending) error {
	g, err := grammarOf(k)
	if err != nil {
		return err
	}
	value := p.String()
	if value == "" {
		value = at.XID
	}
	result, err := db.ExecContext(ctx, fmt.Sprintf("UPDATE %s SET log_cmplt_xids = ?, last_update_ts = ?%s "+
		"AND seqno = ? AND rba = ?", g.quote(n), whereGroup), value, timeText(time.Now()), group.Name,
		storedKey(group.Key), int64(at.Seqno), int64(at.RBA))
	if err != nil {
		return wrap("write", n, err)
	}
	return CheckAdvanced(result)
}
