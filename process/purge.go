package process

import (
	"path/filepath"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/param"
	"ggsh/subdirs"
)

// PurgeRule is PURGEOLDEXTRACTS of a group's parameter file as a rule for the trail that
// the group reads; nil when there is none. A statement that means no such trail gives an
// error with its place.
func PurgeRule(home subdirs.Home, f *param.File, g checkpoint.Group) (*param.PurgeRule, error) {
	r, pos, err := param.ReadPurge(f)
	if r == nil || err != nil {
		return nil, err
	}
	reads, names := home.Resolve(g.Trail), home.Resolve(r.Trail)
	instead := ""
	switch {
	case g.Trail == "":
		instead = "the group reads no trail"
	case r.Trail != "" && (filepath.Dir(names) != filepath.Dir(reads) ||
		!control.Wildcard(filepath.Base(names), filepath.Base(reads))):
		instead = "the group reads " + g.Trail + ", and nothing else is deleted for it"
	}
	if instead != "" {
		return nil, ggserr.New(ggserr.ParameterIgnored, "PURGEOLDEXTRACTS", instead).
			At(pos.File, pos.Line, pos.Column)
	}
	r.Trail = g.Trail
	return r, nil
}

// checkPurge says when the file asks for files to be deleted and none will be. The
// Manager deletes: it knows what other groups read.
func (p *Process) checkPurge() {
	if p.doc == nil {
		return
	}
	if _, err := PurgeRule(p.cfg.Home, p.params, p.doc.Group); err != nil {
		p.Event(ggserr.Numbered(err))
	}
}
