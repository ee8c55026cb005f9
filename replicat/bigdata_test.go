package replicat

import (
	"context"
	"os"
	"testing"

	"ggsh/handler"
)

// opened notes what the handler is told at its start.
type opened struct {
	handler.Handler
	cfg *handler.Config
}

func (o *opened) Open(ctx context.Context, cfg handler.Config) (*handler.Opened, error) {
	*o.cfg = cfg
	return o.Handler.Open(ctx, cfg)
}

// The properties file alone chooses the handler, which gets its path; what the
// file says and nobody acts on is in the report.
func TestPropertiesChooseTheHandler(t *testing.T) {
	const lines = "gg.handlerlist=lake\ngg.handler.lake.type=filewriter\n" +
		"gg.handler.lake.format=json\ngg.handler.lake.pathMappingTemplate=./out\n" +
		"gg.handler.lake.fileNameMappingTemplate=${fullyQualifiedTableName}.json\n" +
		"gg.handler.lake.stateFileDirectory=./dirsta\n" +
		"gg.handler.lake.maxFileSze=1g\n"
	f := deferredFixture(t, "TARGETDB LIBFILE libggjava.so SET property=dirprm/lake.props\n"+
		"MAP hr.*, TARGET tg.*;\n", 0)
	if err := os.WriteFile(f.home.Join("dirprm", "lake.props"), []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	var plugin string
	var cfg handler.Config
	f.cfg.Launch = func(ctx context.Context, name string) (handler.Handler, error) {
		plugin = name
		h, err := f.s.launch(ctx, name)
		return &opened{h, &cfg}, err
	}
	f.txn(insert(1, "x"))
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	if plugin != "file" || cfg.Properties != f.home.Join("dirprm", "lake.props") {
		t.Errorf("handler %s with properties %s", plugin, cfg.Properties)
	}
	has(t, f.report(), "maxFileSze", "maxFileSize")
}
