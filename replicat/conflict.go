package replicat

import (
	"fmt"
	"slices"
	"strings"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/mapping"
	"ggsh/param"
)

// conflictMethods are the methods that each type of conflict may have.
var conflictMethods = map[handler.ConflictType][]handler.Method{
	handler.InsertRowExists: {handler.Overwrite, handler.KeepTarget, handler.DiscardGroup,
		handler.UseMin, handler.UseMax, handler.UseMinEq, handler.UseMaxEq},
	handler.UpdateRowExists: {handler.Overwrite, handler.KeepTarget, handler.DiscardGroup,
		handler.UseMin, handler.UseMax, handler.UseMinEq, handler.UseMaxEq, handler.UseDelta},
	handler.UpdateRowMissing: {handler.Overwrite, handler.KeepTarget, handler.DiscardGroup},
	handler.DeleteRowExists:  {handler.Overwrite, handler.KeepTarget, handler.DiscardGroup},
	handler.DeleteRowMissing: {handler.KeepTarget, handler.DiscardGroup},
}

// conflictReader reads COMPARECOLS and RESOLVECONFLICT for one target.
type conflictReader struct {
	plan *mapping.TablePlan
	err  error
}

// conflictsOf gives what the handler is told of conflicts; nil without any rule.
func conflictsOf(p *mapping.TablePlan) (*handler.Conflicts, error) {
	st := p.Statement
	if len(st.CompareCols) == 0 && len(st.ResolveConflict) == 0 {
		return nil, nil
	}
	c := conflictReader{plan: p}
	out := &handler.Conflicts{}
	for _, rule := range st.CompareCols {
		if rule.On == "UPDATE" {
			out.Updates = c.compared(rule)
		} else {
			out.Deletes = c.compared(rule)
		}
	}
	for i := range st.ResolveConflict {
		out.Resolve = append(out.Resolve, c.resolution(out.Resolve, &st.ResolveConflict[i]))
	}
	return out, c.err
}

func (c *conflictReader) refuse(format string, args ...any) {
	if c.err == nil {
		at := c.plan.Statement.Pos
		c.err = ggserr.New(ggserr.BadParameter, fmt.Sprintf(format, args...)).
			At(at.File, at.Line, at.Column)
	}
}

func (c *conflictReader) column(name string) int {
	for i := range c.plan.Target.Columns {
		if strings.EqualFold(c.plan.Target.Columns[i].Name, name) {
			return i
		}
	}
	c.refuse("table %s has no column %s", c.plan.Target.FullName(), name)
	return 0
}

func (c *conflictReader) columns(names []string) []int {
	var out []int
	for _, n := range names {
		out = append(out, c.column(n))
	}
	return out
}

// compared are the columns of one ON clause of COMPARECOLS. The key is compared in
// any case, as it finds the row.
func (c *conflictReader) compared(rule param.ColumnRule) []int {
	named := c.columns(rule.Columns)
	var out []int
	for i := range c.plan.Target.Columns {
		take := false
		switch rule.What {
		case "ALL":
			take = true
		case "KEYINCLUDING":
			take = slices.Contains(named, i)
		case "ALLEXCLUDING":
			take = !slices.Contains(named, i)
		case "KEY":
		default:
			c.refuse("COMPARECOLS has no %s", rule.What)
		}
		if take && !slices.Contains(c.plan.Key, i) {
			out = append(out, i)
		}
	}
	return out
}

// resolution is one RESOLVECONFLICT.
func (c *conflictReader) resolution(others []handler.Resolution,
	k *param.Conflict) handler.Resolution {
	out := handler.Resolution{Type: handler.ConflictType(k.Type)}
	for _, o := range others {
		if o.Type == out.Type {
			c.refuse("RESOLVECONFLICT stands twice for %s", k.Type)
		}
	}
	rest := false
	for _, rule := range k.Rules {
		g := handler.ConflictGroup{Method: handler.Method(rule.Method)}
		if !slices.Contains(conflictMethods[out.Type], g.Method) {
			c.refuse("RESOLVECONFLICT: %s is not possible for %s", rule.Method, k.Type)
		}
		if rule.Column != "" {
			g.Column = c.column(rule.Column)
		}
		if strings.EqualFold(rule.Name, "DEFAULT") {
			rest = true
		} else {
			g.Columns = c.columns(rule.Cols)
		}
		out.Groups = append(out.Groups, g)
	}
	if !rest {
		c.refuse("RESOLVECONFLICT (%s: what becomes of the other columns is not said; add (DEFAULT, "+
			"method)", k.Type)
	}
	return out
}
