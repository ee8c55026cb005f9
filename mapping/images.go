package mapping

import "ggsh/param"

// compileImages reads what an Extract leaves of the images: GETBEFORECOLS decides by
// itself, without it the parameters of the process and those above the statement.
func (e *entry) compileImages(f *param.File) {
	sw := e.statement.Switches
	e.images = imagePolicy{reduce: !sw.PassThru, compressUpdates: sw.CompressUpdates}
	if !sw.CompressDeletes {
		e.images.onDelete = allBefore
	}
	if sw.GetUpdateBefores && sw.CompressUpdates {
		e.images.onUpdate = changedBefore
	} else if sw.GetUpdateBefores {
		e.images.onUpdate = allBefore
	}
	for _, rule := range e.statement.GetBeforeCols {
		*e.images.of(rule.On) = beforesOf[rule.What]
	}
	last, said := f.Last("LOGALLSUPCOLS", "NOLOGALLSUPCOLS")
	if said && last.Name == "LOGALLSUPCOLS" {
		e.images.onUpdate, e.images.onDelete = allBefore, allBefore
	}
}

// beforesOf are the words of GETBEFORECOLS.
var beforesOf = map[string]befores{"ALL": allBefore, "KEY": keyBefore,
	"KEYANDMOD": changedBefore, "KEYINCLUDING": namedBefore, "ALLEXCLUDING": namedBefore}

// of finds the rule for UPDATE or DELETE.
func (im *imagePolicy) of(operation string) *befores {
	if operation == "DELETE" {
		return &im.onDelete
	}
	return &im.onUpdate
}

// PassImages has a data pump leave images as its trail has them, but where its own
// parameters say otherwise. It comes before Resolve.
func (p *Plan) PassImages(f *param.File) {
	said := func(keyword string) bool {
		_, there := f.First(keyword)
		return there
	}
	for _, e := range p.entries {
		ruled := map[string]bool{}
		for _, rule := range e.statement.GetBeforeCols {
			ruled[rule.On] = true
		}
		if !said("COMPRESSUPDATES") {
			e.images.compressUpdates = false
		}
		if !said("COMPRESSDELETES") && !ruled["DELETE"] {
			e.images.onDelete = allBefore
		}
		if !said("IGNOREUPDATEBEFORES") && !ruled["UPDATE"] {
			e.images.onUpdate = allBefore
		}
	}
}

// settleBefores finds the columns that GETBEFORECOLS names.
func (t *TablePlan) settleBefores(e *entry) error {
	for _, rule := range e.statement.GetBeforeCols {
		if beforesOf[rule.What] != namedBefore {
			continue
		}
		named := make([]bool, len(t.Target.Columns))
		for i := range named {
			named[i] = rule.What == "ALLEXCLUDING"
		}
		for _, c := range columns(rule.Columns) {
			at := c.find(t.Target)
			switch {
			case at < 0:
				return e.missingColumn(c, t.Target.FullName())
			case named[at] && t.isKey[at]:
				return e.refuse("GETBEFORECOLS ALLEXCLUDING names key column %s: without the key's values "+
					"no row is found", c.name)
			}
			named[at] = !named[at]
		}
		if rule.On == "UPDATE" {
			t.namedBefore.update = named
		} else {
			t.namedBefore.delete = named
		}
	}
	return nil
}

// keepBefore decides about a column of a before image.
func (p *TablePlan) keepBefore(column int, update bool) bool {
	rule, named := p.images.onDelete, p.namedBefore.delete
	if update {
		rule, named = p.images.onUpdate, p.namedBefore.update
	}
	switch {
	case p.isKey[column] || rule == allBefore:
		return true
	case rule == changedBefore:
		return update && p.changed(column)
	}
	return rule == namedBefore && named[column]
}
