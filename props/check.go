package props

import "ggsh/ggserr"

// Check reads a properties file as Load does and tells faults and warnings; it
// asks for no secret. What is not in the file, and what is in it but not served
// by this release, is a warning: each line was understood. Files of client
// properties, which have no gg.* line, are checked for their form.
func Check(path string, opt Options) (faults, warnings []*ggserr.Error) {
	opt.Secret = func(string, string) (string, string, error) { return "", "", nil }
	l := load(path, opt)
	for _, f := range l.faults {
		if f.class == wrong {
			faults = append(faults, f.err)
			continue
		}
		if l.client {
			continue
		}
		f.err.Severity = ggserr.Warning
		warnings = append(warnings, f.err)
	}
	return faults, append(warnings, l.cfg.notices...)
}
