package fault

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

// found lists the files of a home that contain a word.
func found(t *testing.T, h *rig.Home, word string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(h.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil // it went meanwhile, or is a socket
		}
		if b, err := os.ReadFile(path); err == nil && bytes.Contains(b, []byte(word)) {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// exposed lists the processes whose command line or environment has a word.
func exposed(word string) (found []string) {
	for _, what := range []string{"cmdline", "environ"} {
		files, _ := filepath.Glob("/proc/[0-9]*/" + what)
		for _, f := range files {
			exe, err := os.Readlink(filepath.Join(filepath.Dir(f), "exe"))
			if err != nil || !strings.HasPrefix(exe, bin) {
				continue
			}
			if b, err := os.ReadFile(f); err == nil && bytes.Contains(b, []byte(word)) {
				found = append(found, f+" of "+exe)
			}
		}
	}
	return found
}

func TestNoPasswordIsInAnyFileNorInAnyCommandLineOrEnvironment(t *testing.T) {
	const secret = "Zebra-4711-geheim"
	p := serverPair(t, "mariadb", "mysql")
	for _, d := range []*rig.Database{p.SourceData, p.TargetData} {
		do(t, rootOf(t, d), "CREATE USER IF NOT EXISTS 'ogg'@'127.0.0.1' IDENTIFIED BY '"+secret+"'",
			"GRANT ALL ON *.* TO 'ogg'@'127.0.0.1'")
	}
	clear := func(d *rig.Database) string {
		s := strings.Replace(d.Login, "USERID root", "USERID ogg", 1)
		return strings.Replace(s, server.RootPassword, secret, 1)
	}
	extractFile(p, clear(p.SourceData)) // in clear in the operator's own file
	at, _, _ := strings.Cut(p.TargetData.Login, ",")
	p.Target.Run("add credentialstore",
		"alter credentialstore add user ogg@"+at+", password "+secret+" alias tgt")
	p.Target.Replace("dirprm/rora.prm", "TARGETDB "+p.TargetData.Login, "USERIDALIAS tgt")
	p.Start()
	insert(t, p, 1, 5)
	p.WaitEqual(t, "emp")
	if list := exposed(secret); list != nil {
		t.Errorf("the password is in %q", list)
	}
	p.Source.Run("dblogin sourcedb "+clear(p.SourceData), "info all", "view report eora",
		"send eora, getparaminfo", "history")
	_, _ = p.Source.Try("dblogin sourcedb "+clear(p.SourceData)+" nonsense",
		"add extract x, password "+secret)
	stranger := strings.Replace(clear(p.TargetData), "ogg", "nobody", 1)
	refused(t, p.Target, "dblogin sourcedb "+stranger, "nobody")
	stopGroup(p.Source, "eora")
	p.Source.Replace("dirprm/eora.prm", "EXTTRAIL", "EXTRTAIL")
	refused(t, p.Source, "start eora", "EXTRTAIL")
	p.TargetData.Exec(t, "DROP TABLE emp")
	p.Source.Replace("dirprm/eora.prm", "EXTRTAIL", "EXTTRAIL")
	p.Source.Run("start eora")
	insert(t, p, 6, 6)
	p.Target.WaitState("rora", "ABENDED")
	for _, h := range []*rig.Home{p.Source, p.Target} {
		for _, file := range found(t, h, secret) {
			if file != filepath.Join(h.Dir, "dirprm", "eora.prm") {
				t.Errorf("the password is in %s", file)
			}
		}
	}
	for name, mode := range map[string]os.FileMode{"dircrd": 0o700, "dirwlt": 0o700} {
		st, err := os.Stat(filepath.Join(p.Target.Dir, name))
		if err != nil || st.Mode().Perm()&^mode != 0 {
			t.Errorf("%s: %v %v", name, st.Mode(), err)
		}
	}
}
