// Package history ends each program and each service on the way of the data with
// SIGKILL, at random moments while they write, and compares what readers of the
// targets see with the source's own history of changes: in files, in HDFS and in
// Kafka, every change must be there once.
//
// Targets of this kind keep a history and not a state, so a change that is lost
// shows as missing and one that is delivered twice as one too many. The readers
// are not the project's: the local disk, Hadoop's own shell, Kafka's own consumer.
//
//	go test ./tests/history -run Kill -instants 50 -timeout 3h
//	go test ./tests/history -run Kill -victim namenode -seed 7
package history

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"ggsh/tests/rig"
)

var (
	bin     string
	servers rig.Servers

	instants = flag.Int("instants", 1, "kills of each victim")
	seed     = flag.Uint64("seed", 1, "seed of the moments")
	only     = flag.String("victim", "", "only victims whose name contains this")
	targets  = flag.String("targets", "file,hdfs,kafka", "the targets that take part")
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

// TestEveryKillLeavesTheHistoryWhole kills each victim in turn, several times
// while a workload runs, lets everything come back, and compares.
func TestEveryKillLeavesTheHistoryWhole(t *testing.T) {
	st := newStage(t)
	st.start()
	rnd := rand.New(rand.NewPCG(*seed, 11))
	for _, v := range st.victims() {
		if !strings.Contains(v.name, *only) {
			continue
		}
		began := time.Now()
		for n := range *instants {
			st.w.wait(5 + rnd.Int64N(40))
			st.pause(time.Duration(rnd.IntN(700)) * time.Millisecond)
			t.Logf("%s, instant %d, after %d transactions", v.name, n+1, st.w.done.Load())
			v.kill()
		}
		st.heal()
		st.compare(fmt.Sprintf("%d kills of %s", *instants, v.name))
		t.Logf("%s: %d kills in %s, %d changes so far", v.name, *instants,
			time.Since(began).Round(time.Second), st.w.changes())
	}
	st.w.stop()
	st.compare("all kills")
}
