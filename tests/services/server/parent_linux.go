package server

import "syscall"

// dieWithParent asks the kernel to kill the child when the thread that started it
// ends: a test binary that is killed or panics leaves no server behind.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
