//go:build unix && !linux

package server

import "syscall"

// dieWithParent does nothing: only Linux ties a child's life to its parent's. Here
// Close and Stop end the server, a killed test binary does not.
func dieWithParent(*syscall.SysProcAttr) {}
