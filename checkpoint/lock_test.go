package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// DELETE removes the lock's file. Who opened it just before must not hold a lock
// that nobody else sees: the group would run twice after the next ADD.
func TestALockIsThatOfTheFileOthersSee(t *testing.T) {
	path := filepath.Join(t.TempDir(), "E.cpe")
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
			}
			f := At(path)
			if f.Lock() == nil {
				_ = f.Store(&Document{})
				_ = f.Remove()
				f.Unlock()
			}
		}
	}()
	defer func() { close(stop); <-ended }()
	for got := 0; got < 5000; {
		f := At(path)
		if err := f.Lock(); errors.Is(err, ErrLocked) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		got++
		held, err := f.lock.Stat()
		if err != nil {
			t.Fatal(err)
		}
		seen, err := os.Stat(f.lockPath())
		if err != nil || !os.SameFile(held, seen) {
			t.Fatalf("lock %d is of a file that is gone: %v", got, err)
		}
		f.Unlock()
	}
}
