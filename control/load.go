package control

import (
	"fmt"
	"time"
)

// LoadStatus is how far an initial load is.
type LoadStatus struct {
	Phase      string            `json:"phase"`           // READING, CATCHING UP, COMPLETE
	CSN        string            `json:"csn,omitempty"`   // as of which the loaded rows are
	Table      string            `json:"table,omitempty"` // being written
	Rows       int64             `json:"rows"`
	Estimate   int64             `json:"estimate"` // about how many there are
	Percent    float64           `json:"percent"`
	PerSecond  int64             `json:"rowsPerSecond"`
	Left       time.Duration     `json:"leftNanoseconds"` // about; 0 when nothing is known
	Tables     int               `json:"tables"`
	TablesDone int               `json:"tablesDone"`
	List       []LoadTableStatus `json:"list,omitempty"`
}

// LoadTableStatus is one table of a load.
type LoadTableStatus struct {
	Table    string `json:"table"`
	Rows     int64  `json:"rows"`
	Estimate int64  `json:"estimate"` // -1 unknown
	Ranges   int    `json:"ranges"`   // that are loaded, neighbours joined
	Done     bool   `json:"done"`
}

// Text is the load's progress in one line.
func (s *LoadStatus) Text() string {
	about := ""
	if s.TablesDone < s.Tables {
		about = fmt.Sprintf(" of about %d", s.Estimate)
	}
	text := fmt.Sprintf("%.1f%%, %d%s rows, %d of %d tables", s.Percent, s.Rows, about, s.TablesDone,
		s.Tables)
	if s.PerSecond > 0 {
		text += fmt.Sprintf(", %d rows/s", s.PerSecond)
	}
	if s.Left > 0 {
		text += ", about " + s.Left.Round(time.Second).String() + " left"
	}
	return text
}
