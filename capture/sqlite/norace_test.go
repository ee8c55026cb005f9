//go:build !race

package sqlite

// slow divides the sizes of tests.
const slow = 1
