package hostkey

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/control/pin"
	"ggsh/subdirs"
)

func homeWith(t *testing.T) subdirs.Home {
	t.Helper()
	home := subdirs.Home(t.TempDir())
	if _, err := home.Create(); err != nil {
		t.Fatal(err)
	}
	return home
}

func wantMode(t *testing.T, path string) {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("%s: %v %v", path, st, err)
	}
}

// TestTheCertificateStays: who pinned it finds it again after a restart.
func TestTheCertificateStays(t *testing.T) {
	home := homeWith(t)
	first, err := Certificate(home)
	if err != nil {
		t.Fatal(err)
	}
	wantMode(t, home.Join("dircrd", "manager.pem"))
	again, err := Certificate(home)
	if err != nil || pin.Fingerprint(again) != pin.Fingerprint(first) {
		t.Fatalf("another certificate: %v", err)
	}
	if other, err := Certificate(homeWith(t)); err != nil ||
		pin.Fingerprint(other) == pin.Fingerprint(first) {
		t.Fatalf("two homes have one certificate: %v", err)
	}
	path := home.Join("dircrd", "manager.pem")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Certificate(home); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Fatalf("a key that others can read is used: %v", err)
	}
	if err := os.WriteFile(path, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Chmod(path, 0o600)
	if _, err := Certificate(home); err == nil || !strings.Contains(err.Error(), "Remove the file") {
		t.Fatalf("garbage is used: %v", err)
	}
}

func TestKnownManagers(t *testing.T) {
	home := homeWith(t)
	known := KnownTo(home)
	one, two := strings.Repeat("ab", 32), strings.Repeat("CD:", 31)+"CD"
	if f, err := known.Find("a:7809"); f != "" || err != nil {
		t.Fatal(f, err)
	}
	for _, f := range []string{one, two} {
		if err := known.Add("a:7809", f); err != nil {
			t.Fatal(err)
		}
	}
	if err := known.Add("b:7809", one); err != nil {
		t.Fatal(err)
	}
	wantMode(t, known.Path())
	if f, err := known.Find("A:7809"); f != strings.Repeat("cd", 32) || err != nil {
		t.Fatalf("the last line does not count: %q %v", f, err)
	}
	if f, _ := known.Find("a:7810"); f != "" {
		t.Fatal("another port is known")
	}
	if known.Add("a:7809", "12") == nil {
		t.Fatal("two digits are a fingerprint")
	}
	if err := os.WriteFile(known.Path(), []byte("a:7809 "+one[2:]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := known.Find("a:7809"); err == nil {
		t.Fatal("a damaged line is taken for none")
	}
	if left, _ := filepath.Glob(home.Join("dircrd", ".sealed-*")); len(left) > 0 {
		t.Fatal(left)
	}
}
