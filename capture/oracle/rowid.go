package oracle

import (
	"fmt"
	"math"
	"strings"
)

// Rows of a table lie in blocks of files. A block's number for the parts of a load is
// its file shifted by blockBits, plus the block: stable, and with few gaps, as a file
// of an ordinary tablespace has fewer than 1<<blockBits blocks. The one file of a
// bigfile tablespace is number 1024, above which no file is.
const (
	blockBits = 22
	bigFile   = 1024
	lastRow   = 32767
)

func packBlock(file, block int64) int64 { return file<<blockBits + block }

func unpackBlock(n int64) (file, block int64) {
	if n >= bigFile<<blockBits {
		return bigFile, n - bigFile<<blockBits
	}
	return n >> blockBits, n & (1<<blockBits - 1)
}

const rowIDDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// rowIDText is the extended form: object, file, block and row to the base of 64.
func rowIDText(object uint64, file, block, row int64) string {
	b := make([]byte, 18)
	put := func(from, width int, n uint64) {
		for i := width - 1; i >= 0; i-- {
			b[from+i] = rowIDDigits[n&63]
			n >>= 6
		}
	}
	put(0, 6, object)
	put(6, 3, uint64(file&1023)) // ten bits; that of a bigfile is written as 1024
	if file == bigFile {
		put(6, 3, bigFile)
	}
	put(9, 6, uint64(block))
	put(15, 3, uint64(row))
	return string(b)
}

// rowIDCondition is a WHERE condition for the rows of a range of blocks, in each of a
// table's segments; empty for all of them.
func rowIDCondition(segments []uint64, from, to int64) string {
	if from == math.MinInt64 && to == math.MaxInt64 {
		return ""
	}
	var terms []string
	for _, object := range segments {
		var bounds []string
		if from != math.MinInt64 {
			file, block := unpackBlock(max(from, 0))
			bounds = append(bounds, fmt.Sprintf("ROWID >= CHARTOROWID('%s')", rowIDText(object, file, block, 0)))
		} else if len(segments) > 1 {
			bounds = append(bounds, fmt.Sprintf("ROWID >= CHARTOROWID('%s')", rowIDText(object, 0, 0, 0)))
		}
		if to != math.MaxInt64 {
			file, block := unpackBlock(max(to, 0))
			bounds = append(bounds, fmt.Sprintf("ROWID <= CHARTOROWID('%s')", rowIDText(object, file, block,
				lastRow)))
		} else if len(segments) > 1 {
			bounds = append(bounds, fmt.Sprintf("ROWID <= CHARTOROWID('%s')", rowIDText(object, bigFile,
				1<<32-1, lastRow)))
		}
		terms = append(terms, strings.Join(bounds, " AND "))
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return "((" + strings.Join(terms, ") OR (") + "))"
}
