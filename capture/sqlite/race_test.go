//go:build race

package sqlite

// slow divides the sizes of tests: the race detector makes SQLite, which is all
// Go here, many times slower.
const slow = 10
