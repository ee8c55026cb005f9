//go:build !linux

package sealedfile

import "os"

// lockFolder opens the folder; only Linux builds lock it.
func lockFolder(dir string) (*os.File, error) { return os.Open(dir) }
