package ggserr

import "strings"

// Nearest picks the candidate that a word most likely was meant to be, for
// hints: the one with the fewest edits, whatever the case, at most a third of
// the word's letters; of equals the first by name. It is empty when none is near.
func Nearest(word string, candidates []string) string {
	word = strings.ToUpper(word)
	if len(word) < 2 || len(word) > 64 {
		return ""
	}
	best, fewest := "", (len(word)+2)/3+1
	for _, c := range candidates {
		d := Edits(word, strings.ToUpper(c), fewest)
		if d < fewest || d == fewest && best != "" && c < best {
			best, fewest = c, d
		}
	}
	return best
}

// Edits counts insertions, deletions, replacements and swaps of neighbours
// from a to b; anything above limit may come back as limit+1.
func Edits(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	two, prev := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, prev = prev, row
	}
	return prev[len(b)]
}
