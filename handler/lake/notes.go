package lake

import (
	"fmt"
	"time"
)

// maxNotes bounds what is said in one go.
const maxNotes = 50

// note says something in the report.
func (h *Handler) note(format string, args ...any) {
	switch {
	case len(h.notes) < maxNotes:
		h.notes = append(h.notes, fmt.Sprintf(format, args...))
	case len(h.notes) == maxNotes:
		h.notes = append(h.notes, "More of the kind is not shown.")
	}
}

// stats is what gg.report.time asks for.
type stats struct {
	since time.Time
	rows  int64
	bytes int64
	files int64
}

// report says what was done since the last report, if it is time to.
func (h *Handler) report(last bool) {
	now := h.now()
	passed := now.Sub(h.stats.since)
	if h.set.reportEvery <= 0 || passed < h.set.reportEvery && !last {
		return
	}
	rate := 0.0
	if passed > 0 {
		rate = float64(h.stats.rows) / passed.Seconds()
	}
	open := 0
	for _, o := range h.outputs {
		if o.file != nil {
			open++
		}
	}
	h.note("%s: %d rows in %s (%.0f rows/s), %d bytes published, %d files begun, %d open, "+
		"durable up to %s", h.driver.Name, h.stats.rows, passed.Round(time.Millisecond), rate,
		h.stats.bytes, h.stats.files, open, placeOf(&h.held))
	h.stats = stats{since: now}
}
