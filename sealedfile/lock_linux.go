package sealedfile

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// lockWait is how long another shell may take to change a file.
const lockWait = 10 * time.Second

// LockFolder waits for the lock on a folder, which goes with the file it gives: who
// changes files in it holds it meanwhile.
func LockFolder(dir string) (*os.File, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(lockWait); ; {
		err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return d, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) ||
			time.Now().After(end) {
			d.Close()
			return nil, &os.PathError{Op: "lock", Path: dir, Err: err}
		}
		time.Sleep(5 * time.Millisecond)
	}
}
