package history

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"ggsh/tests/rig"
)

// parseJSON reads one change as the formatter json writes it.
func parseJSON(line string) (change, error) {
	var r struct {
		Table         string
		OpType        string `json:"op_type"`
		Before, After *struct{ ID, No int }
	}
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		return change{}, fmt.Errorf("%q: %w", line, err)
	}
	row := r.After
	if row == nil {
		row = r.Before
	}
	if row == nil {
		return change{}, fmt.Errorf("%q has no row", line)
	}
	return change{r.OpType, strings.TrimPrefix(r.Table, "lake."), row.ID, row.No}, nil
}

// parseDelimited reads one change as delimitedtext writes it: operation, table,
// two times and the position, then the columns.
func parseDelimited(line string) (change, error) {
	f := strings.Split(line, "|")
	if len(f) != 8 {
		return change{}, fmt.Errorf("%q has %d fields", line, len(f))
	}
	id, err := strconv.Atoi(f[5])
	if err != nil {
		return change{}, err
	}
	no, err := strconv.Atoi(f[6])
	return change{f[0], strings.TrimPrefix(f[1], "lake."), id, no}, err
}

// found is the multiset of the changes in a target.
func (o *output) found() (map[change]int, error) {
	text, err := o.read()
	if err != nil {
		return nil, err
	}
	all := map[change]int{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		c, err := o.parse(line)
		if err != nil {
			return nil, err
		}
		all[c]++
	}
	return all, nil
}

// compare holds the workload still, waits until every target has as much as the
// source's history, and looks at each change. What is there once too often will
// not go away, so only what is missing is waited for.
func (st *stage) compare(after string) {
	st.t.Helper()
	st.w.pause(true)
	want := st.w.committed()
	for i := range st.outputs {
		o := &st.outputs[i]
		rig.Until(st.t, o.group+" to have the history, after "+after, func() (bool, string) {
			got, err := o.found()
			if err != nil {
				return false, err.Error() + "\n" + st.target.Logs()
			}
			missing, surplus := differences(want, got), differences(got, want)
			if len(surplus) > 0 {
				st.t.Fatalf("after %s, %s has changes too often: %d of %d: %v\n%s", after, o.group,
					len(surplus), len(want), some(surplus), st.target.Logs())
			}
			return len(missing) == 0, fmt.Sprintf("%d of %d changes are missing: %v\n%s\n%s",
				len(missing), len(want), some(missing), st.source.Logs(), st.target.Logs())
		})
	}
	st.w.pause(false)
}

// differences are the changes that a has more often than b.
func differences(a, b map[change]int) (list []change) {
	for c, n := range a {
		if n > b[c] {
			list = append(list, c)
		}
	}
	return list
}

// some are the first few changes in the order of their numbers.
func some(list []change) []change {
	sort.Slice(list, func(i, j int) bool { return list[i].no < list[j].no })
	return list[:min(len(list), 10)]
}
