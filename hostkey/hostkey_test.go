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
	before, _ := os.ReadFile(known.Path())
	if err := known.Add("B:7809", one); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(known.Path()); string(after) != string(before) {
		t.Fatalf("what is known was added again:\n%s", after)
	}
	for _, bad := range []string{"", "a b:7809", " a:7809", "#a:7809", "a:1\nb:1"} {
		if known.Add(bad, one) == nil {
			t.Fatalf("%q is an address", bad)
		}
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

// FuzzKnownManagers: whatever the file holds, what is found is a fingerprint, and
// what is added is found unless a line of that address is damaged.
func FuzzKnownManagers(f *testing.F) {
	one := strings.Repeat("ab", 32)
	for _, seed := range []string{"", "a:1 " + one, "a:1 " + one + "\nA:1 " + one[2:] + "\n", "# a:1\n\na:1",
		"a:1 " + strings.Repeat("CD:", 31) + "CD x\n", "[::1]:7809\t" + one + "\r\n", "\xff \x00\n"} {
		f.Add(seed, "a:1")
	}
	f.Fuzz(func(t *testing.T, text, address string) {
		found, ok := lookUp(text, address)
		if normal, err := pin.Normal(found); found != "" && (err != nil || normal != found || !ok) {
			t.Fatalf("%q is found, %v", found, ok)
		}
		if !isAddress(address) {
			return
		}
		got, still := lookUp(string(added([]byte(text), address, one)), address)
		if still != ok || ok && got != one {
			t.Fatalf("%q added to %q: %q, %v", address, text, got, still)
		}
	})
}
