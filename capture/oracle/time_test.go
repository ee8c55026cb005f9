package oracle_test

import (
	"context"
	"testing"
	"time"

	"ggsh/capture/oracle"
)

// TestBeginAtTime: a time becomes an SCN, and one behind the present the present SCN.
func TestBeginAtTime(t *testing.T) {
	s := startStub(t)
	s.exec(staffTable, "ALTER TABLE STAFF ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
	cfg := s.config(oracle.Raw)
	for _, at := range []time.Time{time.Now(), time.Now().Add(time.Hour)} {
		cfg.Start.Time = at
		src, err := oracle.Open(context.Background(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if p, known := src.Position(); !known || p.CSN.IsZero() {
			t.Errorf("a begin at %s has position %+v", at, p)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}
