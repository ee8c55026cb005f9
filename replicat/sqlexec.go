package replicat

import (
	"context"
	"fmt"
	"time"

	"ggsh/ggserr"
	"ggsh/handler"
)

// begin executes the SQLEXECs of the start, and refuses them where the handler knows no
// SQL.
func (t *target) begin(ctx context.Context, h handler.Handler) error {
	at, any := t.r.sql.First()
	if !any {
		return nil
	}
	can := h.Describe()
	if !can.Queries {
		return ggserr.New(ggserr.BadParameter, "SQLEXEC: handler "+can.Name+" knows no SQL").
			At(at.File, at.Line, at.Column)
	}
	querier, ok := h.(handler.Querier)
	if !ok {
		return fmt.Errorf("handler %s is no Querier", can.Name)
	}
	return t.r.sql.AtStart(ctx, querier)
}

// onSchedule executes what is due by EVERY; between two parts of a transaction it
// waits.
func (r *Replicat) onSchedule(ctx context.Context, now time.Time) error {
	if r.inParts {
		return nil
	}
	return r.sql.OnSchedule(ctx, now, r.target)
}
