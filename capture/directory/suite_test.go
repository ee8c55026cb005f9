package directory

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"ggsh/capture/capturetest"
	"ggsh/capture/payload"
)

// TestSuite runs the suite of all captures on files that hold what the json
// formatter writes.
func TestSuite(t *testing.T) {
	capturetest.RunSingle(t, func(t *testing.T) capturetest.Database {
		return &suiteFiles{home: t.TempDir(), dir: t.TempDir()}
	})
}

type suiteFiles struct {
	home, dir string
	messages  capturetest.Messages
	orders    int
}

func (d *suiteFiles) Table() string { return "hr.ct" }

func (d *suiteFiles) Exec(statements ...string) error {
	for _, s := range statements {
		text, err := d.messages.Message(s)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(filepath.Join(d.dir, "ct.json"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		if _, err := f.WriteString(text + "\n"); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (d *suiteFiles) Open(ctx context.Context, restart string) (capturetest.Source, error) {
	d.orders++
	return Open(ctx, Config{Path: d.dir, Restart: restart, Ledger: filepath.Join(d.home, "x.cpd"),
		Begin: Begin{Order: fmt.Sprint(d.orders), AtEnd: true}, MaxRows: 1,
		Sets: []Set{{Pattern: "*.json", Format: payload.Format{Form: payload.Ops}}}})
}
