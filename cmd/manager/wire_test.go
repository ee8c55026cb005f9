package main

import "testing"

func TestParseArgs(t *testing.T) {
	a, err := parseArgs([]string{"-home", "/gg", "paramfile", "dirprm/mgr.prm", "ReportFile",
		"/r", "USESUBDIRS", "processid", "MGR"})
	if err != nil || a != (arguments{"/gg", "dirprm/mgr.prm", "/r"}) {
		t.Errorf("got %+v %v", a, err)
	}
	for _, bad := range [][]string{{"PARAMFILE"}, {"-port", "1"}} {
		if _, err := parseArgs(bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	if resolve("/gg", "") != "" || resolve("/gg", "dirprm/mgr.prm") != "/gg/dirprm/mgr.prm" {
		t.Error("paths of the command line")
	}
}
