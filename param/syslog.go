package param

import "ggsh/ggserr"

// SysLog is SYSLOG: the severities whose events go to the system log.
type SysLog struct{ Info, Warning, Error bool }

// Has reports whether events of a severity go there.
func (s SysLog) Has(v ggserr.Severity) bool {
	switch v {
	case ggserr.Info:
		return s.Info
	case ggserr.Warning:
		return s.Warning
	}
	return s.Error
}

func (c *cursor) sysLog() (s SysLog) {
	for c.more() {
		switch {
		case c.word("ALL"):
			s = SysLog{true, true, true}
		case c.word("NONE"):
			s = SysLog{}
		case c.word("INFO"):
			s.Info = true
		case c.word("WARN"):
			s.Warning = true
		case c.word("ERROR"):
			s.Error = true
		default:
			c.unexpected("ALL", "NONE", "INFO", "WARN", "ERROR")
			return s
		}
	}
	return s
}
