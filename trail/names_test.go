package trail

import (
	"strings"
	"testing"
)

func TestFilesOfLongNamesTellNameAndNumber(t *testing.T) {
	for _, digits := range []int{6, 9} {
		for _, prefix := range []string{"initld", "init2", "or1", "ie"} {
			n, err := ParseName("/u01/"+prefix, digits)
			if err != nil {
				t.Fatal(err)
			}
			back, seqno, err := ParseFile(n.File(17))
			if err != nil || back != n || seqno != 17 {
				t.Errorf("%s is taken for file %d of %v: %v", n.File(17), seqno, back, err)
			}
		}
	}
	if n, err := ParseName("load123", 6); err == nil {
		t.Errorf("%v was taken: its files look like those of another trail", n)
	}
	if n, err := ParseName(strings.Repeat("l", maxPrefix+1), 9); err == nil {
		t.Errorf("%v was taken", n)
	}
}

func TestPurgeBeginsATrailAnew(t *testing.T) {
	name := Name{Dir: t.TempDir(), Prefix: "initld", Digits: 9}
	other := Name{Dir: name.Dir, Prefix: "initl", Digits: 9}
	for _, n := range []Name{name, name, other} {
		w := mustOpen(t, testConfig(n))
		put(t, w, testTable(1), 1, 2)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cfg := testConfig(name)
	cfg.Purge = true
	w := mustOpen(t, cfg)
	if _, _, known := w.Last(); known || w.Position().Seqno != 0 {
		t.Errorf("the purged trail holds a transaction or begins at %s", w.Position())
	}
	put(t, w, testTable(1), 7, 1)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[Name]string{name: "7[0]", other: "1[0 1]"} {
		got, err := readTxns(n, Position{}, TxnOptions{})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("trail %s holds %v, want %s: %v", n, got, want, err)
		}
	}
}
