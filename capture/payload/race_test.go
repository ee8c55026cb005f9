//go:build race

package payload

// raceEnabled: the race detector allocates.
const raceEnabled = true
