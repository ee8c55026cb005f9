package props

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpusRefusals are the real files that do not load, and a part of the reason.
var corpusRefusals = map[string]string{
	"006": "does not serve handlers of type sample.SampleHandler",
	"011": "does not serve handlers of type flume",
	"013": "gg.handlerlist is missing",
	"014": "gg.handlerlist is missing",
	"020": "does not serve handlers of type oracle.goldengate.kafkaconnect.KafkaConnectHandler",
	"021": "gg.handlerlist is missing",
	"022": "does not serve handlers of type com.zjepe.oracle.ogg.handler.OracleHandler",
	"025": "gg.handlerlist is missing",
	"026": "does not serve handlers of type kafkaconnect",
	"027": "does not serve handlers of type jdbc",
	"028": "The flat file writer of the user exit is not served",
	"029": "eventHandler is known and not supported",
	"031": "eventHandler is known and not supported",
	"032": "eventHandler is known and not supported",
	"037": "does not serve handlers of type flume",
	"038": "Line 2 has gg.handler.kafkahandler.Type",
	"041": "gg.handlerlist is missing",
	"042": "does not serve handlers of type hbase",
}

// TestCorpus reads real files where there are any: see GGSH_CORPUS. All of them
// are well formed: Check finds no fault. Those of handlers that are served load.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("GGSH_CORPUS")
	if dir == "" {
		t.Skip("GGSH_CORPUS names no folder")
	}
	paths, err := filepath.Glob(filepath.Join(dir, "props", "*.props"))
	if err != nil || len(paths) == 0 {
		t.Fatal(err, len(paths))
	}
	loaded := 0
	for _, path := range paths {
		name := filepath.Base(path)
		number, _, _ := strings.Cut(name, "_")
		_, err := Load(path, Options{})
		reason := corpusRefusals[number]
		switch {
		case err == nil && reason == "":
			loaded++
		case err == nil:
			t.Errorf("%s loads, and should not: %s", name, reason)
		case reason == "" || !strings.Contains(err.Error(), reason):
			t.Errorf("%s: %v", name, err)
		}
		faults, _ := Check(path, Options{})
		for _, f := range faults {
			t.Error(f)
		}
		if number == "013" || number == "014" || number == "021" || number == "025" {
			if p, err := LoadProducer(path, Options{}); err != nil || len(p.Keys()) < 5 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	t.Logf("%d files, %d load", len(paths), loaded)
}
