package rig

import (
	"fmt"
	"strings"
	"testing"
)

// Pair is a source and a target installation with the classic three groups
// between two databases: eora, pora and rora.
type Pair struct {
	Source, Target         *Home
	SourceData, TargetData *Database
	Megabytes              int // of a trail file; 0 means 50
}

// NewPair makes both homes and databases; mgr are further lines of both mgr.prm.
func NewPair(tb testing.TB, bin, from, to string, mgr ...string) *Pair {
	tb.Helper()
	p := &Pair{Target: NewHome(tb, bin, mgr...), Source: NewHome(tb, bin, mgr...)}
	p.SourceData = NewDatabase(tb, from, p.Source.Dir, "hr")
	p.TargetData = NewDatabase(tb, to, p.Target.Dir, "hr")
	return p
}

// Logs gives both homes' logs.
func (p *Pair) Logs() string {
	return "SOURCE\n" + p.Source.Logs() + "\nTARGET\n" + p.Target.Logs()
}

// Setup writes the parameter files and adds the groups as the tutorial does,
// without starting them. extra lines go into the Replicat's file.
func (p *Pair) Setup(extra ...string) {
	s, t, size := p.SourceData, p.TargetData, p.Megabytes
	if size == 0 {
		size = 50
	}
	p.Source.Write("dirprm/eora.prm", fmt.Sprintf("EXTRACT eora\nSOURCEDB %s\nEXTTRAIL ./dirdat/lt\nTABLE %s.*;\n",
		s.Login, s.Schema))
	p.Source.Write("dirprm/pora.prm", fmt.Sprintf("EXTRACT pora\nPASSTHRU\nRMTHOST 127.0.0.1, MGRPORT %d\n"+
		"RMTTRAIL ./dirdat/rt\nTABLE %s.*;\n", p.Target.Port, s.Schema))
	p.Target.Write("dirprm/rora.prm", fmt.Sprintf("REPLICAT rora\nTARGETDB %s\nASSUMETARGETDEFS\n%s\nMAP %s.*, TARGET %s.*;\n",
		t.Login, strings.Join(extra, "\n"), s.Schema, t.Schema))
	p.Target.Run("start mgr", "dblogin sourcedb "+t.Login,
		"add checkpointtable "+t.Schema+".ggchkpt",
		"add replicat rora, exttrail ./dirdat/rt, checkpointtable "+t.Schema+".ggchkpt")
	p.Source.Run("start mgr", "dblogin sourcedb "+s.Login, "add trandata "+s.Schema+".*",
		"add extract eora, tranlog, begin now",
		fmt.Sprintf("add exttrail ./dirdat/lt, extract eora, megabytes %d", size),
		"add extract pora, exttrailsource ./dirdat/lt",
		fmt.Sprintf("add rmttrail ./dirdat/rt, extract pora, megabytes %d", size))
}

// Start starts the groups and waits until they run.
func (p *Pair) Start() {
	p.Source.Run("start extract *")
	p.Target.Run("start replicat rora")
	p.Source.WaitState("eora", "RUNNING")
	p.Source.WaitState("pora", "RUNNING")
	p.Target.WaitState("rora", "RUNNING")
}

// WaitEqual waits until tables have the same rows on both sides.
func (p *Pair) WaitEqual(tb testing.TB, tables ...string) {
	tb.Helper()
	WaitEqual(tb, p.SourceData, p.TargetData, p.Logs, tables...)
}
