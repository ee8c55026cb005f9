package history

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

// restart makes a Manager bring back what was killed, soon and again and again.
var restart = []string{"AUTOSTART ER *",
	"AUTORESTART ER *, RETRIES 10000, WAITSECONDS 1, RESETMINUTES 1", "CHECKMINUTES 1",
	"PURGEOLDEXTRACTS ./dirdat/*, USECHECKPOINTS, MINKEEPFILES 1"}

// stage is a source, its way to a target's home, and three Replicats there.
type stage struct {
	t              *testing.T
	source, target *rig.Home
	db             *rig.Database
	hdfs           *server.HDFS
	kafka          *server.Kafka
	w              *workload
	outputs        []output
}

// output is where one of the Replicats writes, and how others read it.
type output struct {
	group string
	read  func() (string, error) // what is there, a change a line
	parse func(line string) (change, error)
}

func newStage(t *testing.T) *stage {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	st := &stage{t: t}
	all := map[string]output{
		"file":  {"rfile", st.readFiles, parseJSON},
		"hdfs":  {"rhdfs", st.readHDFS, parseDelimited},
		"kafka": {"rkafka", st.readKafka, parseJSON},
	}
	for _, name := range strings.Split(*targets, ",") {
		st.outputs = append(st.outputs, all[name])
		switch name {
		case "hdfs":
			st.startHDFS(ctx)
		case "kafka":
			st.startKafka(ctx)
		}
	}
	st.source, st.target = rig.NewHome(t, bin, restart...), rig.NewHome(t, bin, restart...)
	st.db = rig.NewDatabase(t, "sqlite", st.source.Dir, "source")
	st.write()
	return st
}

func (st *stage) startHDFS(ctx context.Context) {
	server.Require(st.t, server.KindHDFS)
	var err error
	if st.hdfs, err = server.StartHDFS(ctx, server.HDFSOptions{}); err != nil {
		st.t.Fatal(err)
	}
	st.t.Cleanup(func() { st.hdfs.Close() })
}

func (st *stage) startKafka(ctx context.Context) {
	server.Require(st.t, server.KindKafka)
	var err error
	if st.kafka, err = server.StartKafka(ctx, server.KafkaOptions{}); err != nil {
		st.t.Fatal(err)
	}
	st.t.Cleanup(func() { st.kafka.Close() })
	if err := st.kafka.CreateTopic(ctx, "changes", 3); err != nil {
		st.t.Fatal(err)
	}
}

// write makes the parameter and properties files. Files are small and published
// often, so that the kills find many moments of it.
func (st *stage) write() {
	const files = `
gg.handler.lake.mode=tx
gg.handler.lake.publishInterval=300ms
gg.handler.lake.maxFileSize=60k
gg.handler.lake.mergeBelow=20k
gg.handler.lake.pathMappingTemplate=%s/${toLowerCase[${tableName}]}
gg.handler.lake.fileNameMappingTemplate=${tableName}_${groupName}_${currentTimestamp}.txt
`
	text := map[string]string{
		"rfile": "gg.handlerlist=lake\ngg.handler.lake.type=filewriter\n" +
			"gg.handler.lake.format=json\ngg.handler.lake.format.jsonDelimiter=CDATA[\\n]\n" +
			"gg.handler.lake.stateFileDirectory=./dirsta\n" + fmt.Sprintf(files, "./lake"),
	}
	if st.hdfs != nil {
		text["rhdfs"] = "gg.handlerlist=lake\ngg.handler.lake.type=hdfs\n" +
			"gg.handler.lake.format=delimitedtext\ngg.handler.lake.format.fieldDelimiter=CDATA[|]\n" +
			"gg.classpath=" + st.hdfs.ConfDir() + "\n" + fmt.Sprintf(files, "/lake")
	}
	if st.kafka != nil {
		text["rkafka"] = "gg.handlerlist=topic\ngg.handler.topic.type=kafka\n" +
			"gg.handler.topic.mode=op\ngg.handler.topic.format=json\n" +
			"gg.handler.topic.topicMappingTemplate=changes\n" +
			"gg.handler.topic.keyMappingTemplate=${primaryKeys}\n" +
			"gg.handler.topic.kafkaProducerConfigFile=producer.properties\n"
		st.target.Write("dirprm/producer.properties", "bootstrap.servers="+st.kafka.Brokers()+"\n")
	}
	for _, o := range st.outputs {
		st.target.Write("dirprm/"+o.group+".props", text[o.group])
		st.target.Write("dirprm/"+o.group+".prm", fmt.Sprintf("REPLICAT %s\nTARGETDB LIBFILE libggjava.so "+
			"SET property=dirprm/%s.props\nGROUPTRANSOPS 20\nMAP main.*, TARGET lake.*;\n", o.group, o.group))
	}
	st.source.Write("dirprm/eall.prm", "EXTRACT eall\nSOURCEDB "+st.db.Login+
		"\nNOCOMPRESSDELETES\nNOCOMPRESSUPDATES\nEXTTRAIL ./dirdat/lt\n"+
		"TABLE main.acct;\nTABLE main.entry;\n")
	st.source.Write("dirprm/pall.prm", fmt.Sprintf("EXTRACT pall\nPASSTHRU\nRMTHOST 127.0.0.1, MGRPORT %d\n"+
		"RMTTRAIL ./dirdat/rt\nTABLE main.*;\n", st.target.Port))
}

// start adds and starts the groups; from here on the workload runs.
func (st *stage) start() {
	st.w = startWorkload(st.t, st.db, *seed)
	st.target.Run("start mgr")
	st.source.Run("start mgr", "dblogin sourcedb "+st.db.Login, "add trandata main.acct",
		"add trandata main.entry", "add extract eall, tranlog, begin now",
		"add exttrail ./dirdat/lt, extract eall, megabytes 1",
		"add extract pall, exttrailsource ./dirdat/lt",
		"add rmttrail ./dirdat/rt, extract pall, megabytes 1", "start extract *")
	for _, o := range st.outputs {
		st.target.Run("add replicat "+o.group+", exttrail ./dirdat/rt", "start replicat "+o.group)
	}
	st.heal()
	st.w.pause(false)
	st.w.wait(20)
}

// heal waits until all programs run.
func (st *stage) heal() {
	st.t.Helper()
	for _, h := range []*rig.Home{st.source, st.target} {
		if _, err := h.Try("info manager"); err != nil || h.State("MANAGER") != "RUNNING" {
			_, _ = h.Try("start mgr")
		}
	}
	st.source.WaitState("eall", "RUNNING")
	st.source.WaitState("pall", "RUNNING")
	for _, o := range st.outputs {
		st.target.WaitState(o.group, "RUNNING")
	}
}

// pause lets time pass, as long as the seed says.
func (st *stage) pause(d time.Duration) {
	end := time.Now().Add(d)
	rig.Until(st.t, "the next moment", func() (bool, string) { return time.Now().After(end), "" })
}

func (st *stage) readFiles() (string, error) {
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join(st.target.Dir, "lake"), func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.Contains(path, "_ogg_") {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if os.IsNotExist(err) {
		err = nil
	}
	return all.String(), err
}

func (st *stage) readHDFS() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
	defer cancel()
	if _, err := st.hdfs.Shell(ctx, "-ls", "/lake/acct/*"); err != nil {
		return "", nil // nothing is published yet
	}
	return st.hdfs.Shell(ctx, "-cat", "/lake/acct/*", "/lake/entry/*")
}

func (st *stage) readKafka() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
	defer cancel()
	lines, err := st.kafka.Consume(ctx, "changes", server.ConsumeOptions{ReadCommitted: true})
	return strings.Join(lines, "\n"), err
}
