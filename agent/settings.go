package agent

import (
	"errors"
	"os"
	"strings"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/param"
	"ggsh/systemlog"
)

// firstDynamic is the first port of collectors without DYNAMICPORTLIST.
const firstDynamic = 7840

// readSettings reads mgr.prm, echoes it to the report, and says what of it is
// not acted on.
func (m *Manager) readSettings() (param.ManagerConfig, error) {
	f, err := param.Parse(m.cfg.ParamFile, param.Options{ReadFile: os.ReadFile,
		Getenv: m.cfg.Getenv, Home: string(m.cfg.Home), Program: param.Manager,
		Charset: m.globals.Charset})
	m.report.Params(f.Echo)
	for _, w := range f.Warnings {
		m.event(w)
	}
	if err = errors.Join(m.globalsErr, err); err != nil {
		return param.ManagerConfig{}, err
	}
	set, err := param.ReadManager(f)
	if err != nil {
		return set, err
	}
	levels := m.globals.SysLog
	if set.SysLogGiven {
		levels = set.SysLog
	}
	systemlog.Attach(m.log, levels.Has)
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
	return s.Kind&want != 0 && control.Wildcard(strings.ToUpper(s.Group), group)
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

// accessRules are ACCESSRULE's lines as package control takes them.
func accessRules(set param.ManagerConfig) []control.AccessRule {
	var rules []control.AccessRule
	for _, r := range set.Access {
		rules = append(rules, control.AccessRule{Program: r.Program, Address: r.Address,
			Login: r.Login, Priority: r.Priority, Allow: r.Allow})
	}
	return rules
}
