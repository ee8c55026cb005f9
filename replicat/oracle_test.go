package replicat

import (
	"context"
	"testing"

	"ggsh/handler"
	"ggsh/param"
	"ggsh/record"
)

// refusing is a target that notes what it is opened with, and needs an operator.
type refusing struct{ cfg *handler.Config }

func (r refusing) Describe() handler.Description { return handler.Description{} }
func (r refusing) Open(_ context.Context, cfg handler.Config) (*handler.Opened, error) {
	*r.cfg = cfg
	return nil, &handler.ApplyError{Class: handler.Setup, Op: -1, Text: "seen"}
}
func (r refusing) Table(context.Context, handler.TableName) (*record.TableDef, error) {
	return nil, nil
}
func (r refusing) Apply(context.Context, *handler.Batch) (*handler.Applied, error) { return nil, nil }
func (r refusing) Close() error                                                    { return nil }

// TestOracleLogins: a user without TARGETDB is one of Oracle, as is an alias that says so;
// the options of DBOPTIONS reach the handler.
func TestOracleLogins(t *testing.T) {
	const mapped = "MAP hr.*, TARGET tg.*;\n"
	for params, want := range map[string]handler.Login{
		"USERID ggadmin, PASSWORD x\n":              {User: "ggadmin", Password: "x"},
		"USERID ggadmin@orcl, PASSWORD x\n":         {User: "ggadmin", Password: "x", Database: "orcl"},
		"USERID gg@//db1:1522/svc, PASSWORD x\n":    {User: "gg", Password: "x", Database: "//db1:1522/svc"},
		"USERIDALIAS ora DOMAIN OracleGoldenGate\n": {User: "c##gg", Password: "y", Database: "alias"},
		"USERID gg@orcl, PASSWORD \"Mixed Case\"\n": {User: "gg", Password: "Mixed Case", Database: "orcl"},
	} {
		want.Kind = "oracle"
		f := newFixture(t, params+"DBOPTIONS EMPTYSTRING BLANK, EMPTYLOBSTRING 'e', "+
			"DEFERREFCONST, SUPPRESSTRIGGERS, INTEGRATEDPARAMS (parallelism 4)\n"+mapped)
		var got handler.Config
		plugin := ""
		f.cfg.Alias = func(string, param.Login) (handler.Login, error) {
			return handler.Login{Kind: "oracle", User: "c##gg", Password: "y", Database: "alias"}, nil
		}
		f.cfg.Launch = func(_ context.Context, name string) (handler.Handler, error) {
			plugin = name
			return refusing{&got}, nil
		}
		f.start()
		has(t, f.abended().Error(), "seen")
		if plugin != "oracle" || got.Login != want {
			t.Errorf("%s: plugin %s, %+v", params, plugin, got.Login)
		}
		for name, value := range map[string]string{"emptystring": "BLANK", "emptylobstring": "e",
			"deferrefconst": "true", "suppresstriggers": "true"} {
			if got.Options[name] != value {
				t.Errorf("%s: option %s is %q", params, name, got.Options[name])
			}
		}
		has(t, f.report(), "DBOPTIONS INTEGRATEDPARAMS is known and not acted on")
	}
	f := newFixture(t, "USERID ggadmin, PASSWORD x\nDBOPTIONS DEFERREFCONST, SETTAG 0935\n"+mapped)
	f.start()
	has(t, f.abended().Error(), "r.prm:3:26: ", "DBOPTIONS SETTAG: the redo", "FILTERTABLE")
	f = newFixture(t, "USERID /\n"+mapped)
	f.start()
	has(t, f.abended().Error(), "login of the operating system")
}
