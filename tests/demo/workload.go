package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The workload: each entry is one transaction.
var transactions = []struct {
	what       string
	statements []string
}{
	{"14 inserts", []string{`INSERT INTO TB_EMP VALUES
		(7369, 'SMITH',  'CLERK',      800, '1980-12-17'),
		(7499, 'ALLEN',  'SALESMAN',  1600, '1981-02-20'),
		(7521, 'WARD',   'SALESMAN',  1250, '1981-02-22'),
		(7566, 'JONES',  'MANAGER',   2975, '1981-04-02'),
		(7654, 'MARTIN', 'SALESMAN',  1250, '1981-09-28'),
		(7698, 'BLAKE',  'MANAGER',   2850, '1981-05-01'),
		(7782, 'CLARK',  'MANAGER',   2450, '1981-06-09'),
		(7788, 'SCOTT',  'ANALYST',   3000, '1987-04-19'),
		(7839, 'KING',   'PRESIDENT', 5000, '1981-11-17'),
		(7844, 'TURNER', 'SALESMAN',  1500, '1981-09-08'),
		(7876, 'ADAMS',  'CLERK',     1100, '1987-05-23'),
		(7900, 'JAMES',  'CLERK',      950, '1981-12-03'),
		(7902, 'FORD',   'ANALYST',   3000, '1981-12-03'),
		(7934, 'MILLER', 'CLERK',     1300, '1982-01-23')`}},
	{"4 updates: each clerk gets 10 % more", []string{
		`UPDATE TB_EMP SET SAL = ROUND(SAL * 1.1, 2) WHERE JOB = 'CLERK'`}},
	{"2 deletes, and an update of the key", []string{
		`DELETE FROM TB_EMP WHERE EMPNO IN (7521, 7654)`,
		`UPDATE TB_EMP SET EMPNO = 8000 WHERE ENAME = 'MILLER'`}},
}

// probes are single-row updates to measure the lag with.
const probes = 5

// patience is how long the target may take.
const patience = 20 * time.Second

// work runs the workload and waits for the target after each transaction.
func (p *pair) work(ctx context.Context) error {
	for _, t := range transactions {
		tx, err := p.source.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		for _, s := range t.statements {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				tx.Rollback()
				return err
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		lag, err := p.equal(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("  %-40s in the target after %4d ms\n", t.what, lag.Milliseconds())
	}
	return nil
}

// equal waits until both sides have the same rows and tells how long it took.
func (p *pair) equal(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	source, err := rows(ctx, p.source)
	if err != nil {
		return 0, err
	}
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for {
		target, err := rows(ctx, p.target)
		if err != nil {
			return 0, err
		}
		if slices.Equal(source, target) {
			return time.Since(began), nil
		}
		if time.Since(began) > patience {
			return 0, fmt.Errorf("after %v the target still differs:\n%s", patience,
				sideBySide(source, target))
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-poll.C:
		}
	}
}

// show prints both sides and the lag of a few changes made now.
func (p *pair) show(ctx context.Context) error {
	var worst, sum time.Duration
	for n := range probes {
		// The last probe puts the salary back.
		change := []int{1, -1}[n%2]
		if n == probes-1 {
			change = 0
		}
		_, err := p.source.ExecContext(ctx, "UPDATE TB_EMP SET SAL = 5000 + ? WHERE EMPNO = 7839",
			change)
		if err != nil {
			return err
		}
		lag, err := p.equal(ctx)
		if err != nil {
			return err
		}
		worst, sum = max(worst, lag), sum+lag
	}
	source, err := rows(ctx, p.source)
	if err != nil {
		return err
	}
	target, err := rows(ctx, p.target)
	if err != nil {
		return err
	}
	fmt.Print(sideBySide(source, target))
	fmt.Printf("\n  lag of %d single changes, commit to row in the target: "+
		"%d ms on average, %d ms at most\n", probes, (sum / probes).Milliseconds(),
		worst.Milliseconds())
	return nil
}

// sideBySide prints source and target, and marks the rows that differ.
func sideBySide(source, target []string) string {
	const width = 48
	var b strings.Builder
	fmt.Fprintf(&b, "  %-*s   %s\n", width, "source.db", "target.db")
	head := "EMPNO  ENAME    JOB            SAL  HIREDATE"
	line := strings.Repeat("-", len(head))
	fmt.Fprintf(&b, "  %-*s   %s\n  %-*s   %s\n", width, head, head, width, line, line)
	differ := 0
	for i := range max(len(source), len(target)) {
		var left, right string
		if i < len(source) {
			left = source[i]
		}
		if i < len(target) {
			right = target[i]
		}
		mark := " = "
		if left != right {
			mark = "<> "
			differ++
		}
		fmt.Fprintf(&b, "  %-*s%s%s\n", width, left, mark, right)
	}
	if differ == 0 {
		fmt.Fprintf(&b, "\n  both sides are equal: %d rows\n", len(source))
	} else {
		fmt.Fprintf(&b, "\n  %d rows differ\n", differ)
	}
	return b.String()
}
