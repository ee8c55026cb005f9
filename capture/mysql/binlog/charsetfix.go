package binlog

// multiByteFixes are the characters whose meaning at the servers differs from
// golang.org/x/text; U+FFFD where the servers have none.
var multiByteFixes = map[string]map[uint32]rune{}
