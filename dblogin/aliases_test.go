package dblogin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/dblogin"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustFail(t *testing.T, err error, word string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), word) {
		t.Fatalf("error is %v and should tell of %q", err, word)
	}
	if strings.Contains(err.Error(), "s3cr3t") {
		t.Fatalf("the password is in %v", err)
	}
}

func TestAliases(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dircrd")
	a := dblogin.AliasesIn(dir)
	_, err := a.List()
	mustFail(t, err, "does not exist")
	mustFail(t, a.Remove(), "does not exist")
	must(t, a.Create())
	mustFail(t, a.Create(), "already exists")
	hr := dblogin.Alias{Domain: "D", Name: "hr", User: "ogg@hr@db1:3307", Password: "s3cr3t"}
	must(t, a.Add(hr))
	mustFail(t, a.Add(hr), "already exists")
	mustFail(t, a.Replace(dblogin.Alias{Domain: "D", Name: "other"}), "not found")
	mustFail(t, a.Delete("D", "other"), "not found")

	l, err := dblogin.AliasesIn(dir).Login("", "d", "HR")
	must(t, err)
	if l.String() != "ogg@hr@db1:3307" || l.Password != "s3cr3t" {
		t.Errorf("login of the alias is %s", l)
	}
	hr.Password = "n3w"
	must(t, a.Replace(hr))
	if l, err = a.Login("x@h", "D", "hr"); err == nil && l.Password != "n3w" {
		t.Errorf("the password was not replaced")
	}
	_, err = a.Find("", "hr")
	mustFail(t, err, "OracleGoldenGate")
	must(t, a.Delete("D", "hr"))
	must(t, a.Remove())
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v (%v)", entries, err)
	}
}

func TestAliasesAreSecretOnDisk(t *testing.T) {
	dir := t.TempDir()
	a := dblogin.AliasesIn(dir)
	must(t, a.Create())
	must(t, a.Add(dblogin.Alias{Domain: "D", Name: "hr", User: "ogg", Password: "s3cr3t"}))
	files, err := filepath.Glob(filepath.Join(dir, "credentials.*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("files are %v (%v)", files, err)
	}
	for _, file := range files {
		st, err := os.Stat(file)
		must(t, err)
		if st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %04o", file, st.Mode().Perm())
		}
		b, err := os.ReadFile(file)
		must(t, err)
		if strings.Contains(string(b), "s3cr3t") || strings.Contains(string(b), "ogg") {
			t.Errorf("%s is readable", file)
		}
	}
	store := filepath.Join(dir, "credentials.gcm")
	good, err := os.ReadFile(store)
	must(t, err)
	for name, bad := range map[string][]byte{
		"cut":    good[:len(good)-9],
		"header": append([]byte("#"), good...),
		"empty":  {},
		"edited": append(append([]byte{}, good[:len(good)-20]...), "AAAAAAAAAAAAAAAAAA=\n"...),
	} {
		must(t, os.WriteFile(store, bad, 0o600))
		_, err := a.List()
		if err == nil {
			t.Errorf("%s: a damaged store is read", name)
			continue
		}
		mustFail(t, err, "cannot be used")
	}
	must(t, os.WriteFile(store, good, 0o600))
	must(t, os.Chmod(store, 0o644))
	_, err = a.List()
	mustFail(t, err, "chmod 600")
}
