package collector

import (
	"fmt"
	"path/filepath"
	"strings"

	"ggsh/ggserr"
	"ggsh/trail"
)

// resolve finds where the trail that a sender names lies, and refuses what is
// not inside one of the allowed folders, links followed.
func (cfg *ServerConfig) resolve(name string, digits int) (trail.Name, error) {
	if !filepath.IsAbs(name) {
		name = cfg.Home + "/" + name
	}
	n, err := trail.ParseName(name, digits)
	if err != nil {
		return n, err
	}
	dir, err := filepath.EvalSymlinks(n.Dir)
	if err != nil {
		return n, ggserr.New(ggserr.FileOpen, n.Dir).Because(err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return n, err
	}
	for _, allowed := range cfg.Dirs {
		real, err := filepath.EvalSymlinks(allowed)
		if err != nil {
			continue
		}
		if real, err = filepath.Abs(real); err != nil {
			continue
		}
		if dir == real || strings.HasPrefix(dir, strings.TrimSuffix(real, "/")+"/") {
			n.Dir = dir
			return n, nil
		}
	}
	return n, ggserr.New(ggserr.AccessDenied, fmt.Sprintf("trail %s lies outside the allowed folders",
		n)).Do("Add the line ALLOWOUTPUTDIR %s to GLOBALS there to admit it.", n.Dir)
}
