package sealedfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testFile(t testing.TB) *File {
	dir := t.TempDir()
	return &File{Path: filepath.Join(dir, "x.gcm"), KeyPath: filepath.Join(dir, "x.key"),
		What: "Box", Header: "# a box\n", Mend: "Mend it"}
}

// TestLife creates, changes and removes; an edit that fails changes nothing, and
// nothing is left beside the two files.
func TestLife(t *testing.T) {
	f := testFile(t)
	if err := f.Change(func(b []byte) ([]byte, error) { return b, nil }); err == nil {
		t.Fatal("a file that is not there was changed")
	}
	must(t, f.Create([]byte("one")))
	if err := f.Create([]byte("two")); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Fatal(err)
	}
	must(t, f.Change(func(b []byte) ([]byte, error) { return append(b, " more"...), nil }))
	refusal := errors.New("no")
	if err := f.Change(func([]byte) ([]byte, error) { return nil, refusal }); err != refusal {
		t.Fatal(err)
	}
	if got, err := f.Load(); err != nil || string(got) != "one more" {
		t.Fatalf("%q, %v", got, err)
	}
	if list, err := os.ReadDir(filepath.Dir(f.Path)); err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	must(t, f.Remove())
	if f.Exists() {
		t.Fatal("it is still there")
	}
}

// TestKeyOfAnother: a file with the key of another one, or without its key, does
// not open, and the error says what to do.
func TestKeyOfAnother(t *testing.T) {
	f, other := testFile(t), testFile(t)
	must(t, f.Create([]byte("one")))
	must(t, other.Create([]byte("two")))
	f.KeyPath = other.KeyPath
	if _, err := f.Load(); err == nil || !strings.Contains(err.Error(), "does not open it. Mend it") {
		t.Fatal(err)
	}
	must(t, os.Remove(other.KeyPath))
	if _, err := f.Load(); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

// FuzzLoad: no bytes but those that were written open a file.
func FuzzLoad(f *testing.F) {
	made := testFile(f)
	must(f, made.Create([]byte("content")))
	good, err := os.ReadFile(made.Path)
	must(f, err)
	f.Add(good)
	f.Add(good[:len(good)-3])
	f.Add([]byte(made.Header))
	f.Fuzz(func(t *testing.T, b []byte) {
		file := *made
		file.Path = filepath.Join(t.TempDir(), "x")
		must(t, os.WriteFile(file.Path, b, 0o600))
		if plain, err := file.Load(); err == nil && string(plain) != "content" {
			t.Fatalf("%q opens as %q", b, plain)
		}
	})
}
