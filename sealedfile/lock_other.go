//go:build !linux

package sealedfile

import "os"

// LockFolder opens the folder; only Linux builds lock it.
func LockFolder(dir string) (*os.File, error) { return os.Open(dir) }
