package process

import (
	"syscall"

	"ggsh/param"
)

// SetUmask is OUTPUTFILEUMASK: it counts for every file that the process creates from
// then on, and for the programs that it starts. It only takes rights away from what a
// file is created with, so that it opens no file that is its owner's alone.
func SetUmask(g param.GlobalsConfig) {
	if g.Umask >= 0 {
		syscall.Umask(g.Umask)
	}
}
