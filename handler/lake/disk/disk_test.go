package disk

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"ggsh/handler"
)

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		err   error
		class handler.Class
		text  string
	}{
		{&os.PathError{Op: "write", Path: "/proc/self/x", Err: syscall.ENOSPC}, handler.Setup,
			"file system /proc is full: free space on it, then START"},
		{&os.PathError{Op: "open", Path: "/a/b/c", Err: syscall.EACCES}, handler.Setup, "write /a/b"},
		{&os.LinkError{Op: "rename", Old: "/a/b", New: "/proc/c", Err: syscall.EXDEV}, handler.Setup,
			"two file systems"},
		{&os.PathError{Op: "open", Path: "/a", Err: syscall.ESTALE}, handler.Connection, "stale"},
		{fmt.Errorf("other"), handler.Setup, "other"},
	} {
		if e := fault(c.err); e.Class != c.class || !strings.Contains(e.Text, c.text) {
			t.Errorf("%v: class %s, %s", c.err, e.Class, e.Text)
		}
	}
}
