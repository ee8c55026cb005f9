package mapping

import (
	"ggsh/mapping/expr"
	"ggsh/param"
	"ggsh/record"
)

// compileException compiles MAPEXCEPTION, with the switches of its MAP.
func (e *entry) compileException(f *param.File, parser *expr.Parser) error {
	e.forExceptions = e.statement.ExceptionsOnly
	nested := e.statement.MapException
	if nested == nil {
		return nil
	}
	if e.forExceptions {
		return e.refuse("EXCEPTIONSONLY and MAPEXCEPTION exclude each other")
	}
	nested.Switches = e.statement.Switches
	var err error
	if e.exception, err = newEntry(nested, f, parser, false); err != nil {
		return err
	}
	e.exception.forExceptions = true
	return nil
}

// exceptionsOf plans what is to be done about failed operations of a statement:
// its MAPEXCEPTION, or the run of EXCEPTIONSONLY statements for the same source
// that is the next behind it.
func (p *Plan) exceptionsOf(e *entry, def *record.TableDef, got captured, lookup Lookup,
) ([]*TablePlan, error) {
	if e.exception != nil {
		plan, err := p.resolveOne(e.exception, def, e.exception.targetName(def, got), lookup)
		if err != nil {
			return nil, err
		}
		return []*TablePlan{plan}, nil
	}
	var plans []*TablePlan
	behind := false
	for _, next := range p.entries {
		if next == e {
			behind = true
			continue
		}
		own, matches := next.source.match(def)
		switch {
		case !behind || !matches:
			continue
		case !next.forExceptions && len(plans) > 0:
			return plans, nil
		case !next.forExceptions:
			continue
		}
		plan, err := p.resolveOne(next, def, next.targetName(def, own), lookup)
		if err != nil {
			return nil, err
		}
		plans = append(plans, plan)
	}
	return plans, nil
}
