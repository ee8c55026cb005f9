package handlertest

import (
	"path/filepath"
	"testing"

	"ggsh/handler"
	"ggsh/record"
)

// TestMain makes the test's own binary the plugin.
func TestMain(m *testing.M) {
	if IsPlugin() {
		handler.Serve(&Fake{})
		return
	}
	m.Run()
}

func fakeTarget(t *testing.T) *Target {
	file := filepath.Join(t.TempDir(), "fake.json")
	return &Target{
		Config: handler.Config{Login: handler.Login{Database: file}, Options: map[string]string{}},
		Schema: "app", IntType: "int", TextType: "text",
		Create: func(t *testing.T, def *record.TableDef) {
			t.Helper()
			if err := FakeCreate(file, def); err != nil {
				t.Fatal(err)
			}
		},
		Rows: func(t *testing.T, def *record.TableDef) []string {
			t.Helper()
			rows, err := FakeRows(file, def)
			if err != nil {
				t.Fatal(err)
			}
			return rows
		},
		DuplicateCode: FakeDuplicate,
	}
}

func TestFakeInProcess(t *testing.T) {
	target := fakeTarget(t)
	target.New = func(*testing.T) handler.Handler { return &Fake{} }
	Run(t, target)
}

func TestFakeOverProcessBoundary(t *testing.T) {
	target := fakeTarget(t)
	dir := PluginDir(t, "fake")
	target.New = func(t *testing.T) handler.Handler { return Launch(t, dir, "fake") }
	target.Kill = KillProcess
	target.Config.Options["quick"] = "yes"
	Run(t, target)
}
