package agent

import (
	"os"
	"strings"

	"ggsh/checkpoint"
	"ggsh/ggserr"
	"ggsh/param"
)

// firstDynamic is the first port of collectors without DYNAMICPORTLIST.
const firstDynamic = 7840

// readSettings reads mgr.prm, echoes it to the report, and says what of it is
// not acted on.
func (m *Manager) readSettings() (param.ManagerConfig, error) {
	f, err := param.Parse(m.cfg.ParamFile, param.Options{ReadFile: os.ReadFile,
		Getenv: m.cfg.Getenv, Home: string(m.cfg.Home), Program: param.Manager})
	m.report.Params(f.Echo)
	for _, w := range f.Warnings {
		m.event(w)
	}
	if err != nil {
		return param.ManagerConfig{}, err
	}
	set, err := param.ReadManager(f)
	if err != nil {
		return set, err
	}
	if st, ok := f.First("ACCESSRULE"); ok {
		m.event(ggserr.New(ggserr.ParameterIgnored, "ACCESSRULE",
			"this release answers callers of its own host only").
			At(st.Pos.File, st.Pos.Line, st.Pos.Column))
	}
	for _, r := range set.Purge {
		if r.KeepFilesGiven && r.KeepFor > 0 {
			m.info(ggserr.KeepFilesIgnored, r.Trail)
		}
	}
	return set, nil
}

func errorsOf(err error) []*ggserr.Error { return param.Errors(err) }

// selects reports whether EXTRACT, REPLICAT or ER with a name or wildcard means
// the group.
func selects(s param.AutoStart, kind, group string) bool {
	want := param.ReplicatGroups
	if kind == string(checkpoint.Extract) {
		want = param.ExtractGroups
	}
	return s.Kind&want != 0 && wildcard(strings.ToUpper(s.Group), group)
}

// restartRuleFor finds the AUTORESTART of a group: the first that fits.
func restartRuleFor(rules []param.AutoRestart, kind, group string) (param.AutoRestart, bool) {
	for _, r := range rules {
		if selects(r.AutoStart, kind, group) {
			return r, true
		}
	}
	return param.AutoRestart{}, false
}

// wildcard matches * and ? in a name, by backtracking to the last *.
func wildcard(pattern, name string) bool {
	p, n, star, mark := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
