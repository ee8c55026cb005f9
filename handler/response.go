package handler

// ResponseTo finds the first rule for an error that a handler has met. Only an
// error of the row itself can be passed over by DEFAULT; one of the set-up only
// by its own number.
func ResponseTo(rules []Rule, e *ApplyError) Response {
	if e.Class != Row && e.Class != Setup {
		return Abend
	}
	for _, rule := range rules {
		if rule.Default && e.Class == Row ||
			!rule.Default && rule.From <= e.Code && e.Code <= rule.To {
			return rule.Response
		}
	}
	return Abend
}
