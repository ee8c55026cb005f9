package redo

import (
	"encoding/binary"
	"math"

	"ggsh/record"
)

// AppendInternal appends the record value of a column's internal octets, which are what
// HEXTORAW holds where LogMiner runs without a dictionary. No octets are NULL. Octets of a LOB
// are its locator with the content in the row behind it, or the content alone. Content of a CLOB
// is UTF-16 where the database's character set has more than one octet a character, as
// Oracle stores it. After an error dst is as it was.
func AppendInternal(dst []byte, t *Type, raw []byte) ([]byte, error) {
	if len(raw) == 0 {
		return record.AppendNull(dst), nil
	}
	switch t.form {
	case integers, decimals:
		return t.appendNumber(dst, raw)
	case texts, xmlTexts:
		return t.appendConverted(dst, raw)
	case dates, timestamps, zoned, local:
		return t.appendInternalMoment(dst, raw)
	case octets:
		return record.AppendBytes(dst, record.Bytes, raw), nil
	case singles:
		if len(raw) != 4 {
			return dst, t.fail("wanted 4 octets")
		}
		return record.AppendFloat32(dst, math.Float32frombits(
			unflip(binary.BigEndian.Uint32(raw)))), nil
	case doubles:
		if len(raw) != 8 {
			return dst, t.fail("wanted 8 octets")
		}
		return record.AppendFloat64(dst, math.Float64frombits(
			unflip(binary.BigEndian.Uint64(raw)))), nil
	case lobTexts, lobOctets:
		return t.appendLOB(dst, raw)
	case rowIDs:
		return t.appendRowID(dst, raw)
	case months, days:
		return t.appendInternalInterval(dst, raw)
	case jsonTexts:
		return dst, t.fail("its binary form (OSON) cannot be read: leave the column out " +
			"with COLSEXCEPT")
	}
	return dst, t.fail("the type was not made by NewType")
}

// unflip undoes Oracle's change to floats that makes them sort as octets: the sign bit is
// turned over, and of negative ones all others too.
func unflip[T uint32 | uint64](b T) T {
	sign := ^(^T(0) >> 1)
	if b&sign != 0 {
		return b ^ sign
	}
	return ^b
}

// appendConverted appends octets of the type's character set.
func (t *Type) appendConverted(dst, raw []byte) ([]byte, error) {
	if t.set.wide == nil && isASCII(raw) {
		return record.AppendBytes(dst, t.Kind(), raw), nil
	}
	start := len(dst)
	dst, err := t.AppendText(dst, raw)
	if err != nil {
		return dst, err
	}
	middle := len(dst)
	dst = record.AppendBytes(dst, t.Kind(), dst[start:])
	return dst[:start+copy(dst[start:], dst[middle:])], nil
}

// appendLOB takes a LOB's octets.
func (t *Type) appendLOB(dst, raw []byte) ([]byte, error) {
	content, isLocator, ok := inRow(raw)
	if isLocator && !ok {
		return dst, t.fail("the locator has no content in the row")
	}
	if !isLocator {
		content = raw
	}
	if t.form == lobOctets {
		return record.AppendBytes(dst, record.Bytes, content), nil
	}
	return t.appendConverted(dst, content)
}

// Octets of a LOB locator: 2 of its length, 2 of its version (1), 4 of flags, 2 of the
// length of a character, 10 of the LOB's id; then the inode: 2 of its length, 2 of flags.
const (
	locatorHead = 20
	// secureFile and basicFile are the flags of an inode whose content is in the row.
	secureFile = 0x4890
	basicFile  = 0x0900
	// secureHead stand between a SecureFile inode's flags and the content: 2 of the length of
	// what follows, then 4, the third of which, or the second and third, is the content's length.
	secureHead = 6
	// basicHead stand between a BasicFile inode's flags and the content.
	basicHead = 12
)

// inRow finds the content that lies behind a locator. Octets are a locator only if all of its
// lengths agree with the number of octets.
func inRow(raw []byte) (content []byte, isLocator, ok bool) {
	if len(raw) < locatorHead || binary.BigEndian.Uint16(raw[2:]) != 1 {
		return nil, false, false
	}
	be := binary.BigEndian.Uint16
	if n := int(be(raw)) + 2; n != 0x72 && n != 0x56 && n != len(raw) {
		return nil, false, false
	}
	if len(raw) == locatorHead {
		return nil, true, false
	}
	inode := raw[locatorHead:]
	if len(inode) < 4 || int(be(inode)) != len(inode) {
		return nil, false, false
	}
	switch head := inode[4:]; be(inode[2:]) {
	case secureFile:
		if len(head) < secureHead || int(be(head)) != len(head)-2 {
			return nil, true, false
		}
		content = head[secureHead:]
		return content, true, int(be(head[3:])) == len(content)
	case basicFile:
		if len(head) < basicHead {
			return nil, true, false
		}
		content = head[basicHead:]
		return content, true, int(be(head[4:])) == len(content)
	}
	return nil, true, false
}

// rowIDDigits are the digits of row ids, of six bits each.
const rowIDDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// appendRowID takes an extended row id: 32 bits of the object, 10 of the file, 22 of
// the block, 16 of the row, each written on its own.
func (t *Type) appendRowID(dst, raw []byte) ([]byte, error) {
	if len(raw) != 10 {
		return dst, t.fail("wanted 10 octets of an extended row id")
	}
	var text [18]byte
	file := binary.BigEndian.Uint32(raw[4:])
	sixes(text[:6], binary.BigEndian.Uint32(raw))
	sixes(text[6:9], file>>22)
	sixes(text[9:15], file&0x3fffff)
	sixes(text[15:], uint32(binary.BigEndian.Uint16(raw[8:])))
	return record.AppendBytes(dst, record.String, text[:]), nil
}

func sixes(dst []byte, n uint32) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = rowIDDigits[n&63]
		n >>= 6
	}
}
