package binlog

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strconv"

	"ggsh/record"
)

// value appends the value at the front of data and gives what follows it.
func (p *Plan) value(dst []byte, c *column, data []byte) (out, rest []byte, err error) {
	switch c.op {
	case opInt, opUint:
		if len(data) < int(c.size) {
			return dst, nil, ErrShort
		}
		if c.op == opInt {
			return record.AppendInt(dst, signed(data, c.size)), data[c.size:], nil
		}
		return record.AppendUint(dst, unsigned(data, c.size)), data[c.size:], nil
	case opText, opBytes, opFixed, opJSON, opUUID, opInet4, opInet6, opPackedText, opPackedBytes:
		return p.sized(dst, c, data)
	case opDecimal:
		return appendDecimal(dst, data, int(c.size), int(c.frac))
	case opDate, opDatetime2, opTimestamp2, opTime2, opYear, opTimeOld, opDatetimeOld,
		opTimestampOld:
		return temporal(dst, c, data)
	case opFloat, opDouble:
		return appendFloat(dst, c, data)
	case opBit:
		if len(data) < int(c.size) {
			return dst, nil, ErrShort
		}
		return record.AppendBit(dst, int(c.frac), data[:c.size]), data[c.size:], nil
	}
	return p.labelled(dst, c, data)
}

// sized decodes what stands behind its length.
func (p *Plan) sized(dst []byte, c *column, data []byte) (out, rest []byte, err error) {
	if len(data) < int(c.size) {
		return dst, nil, ErrShort
	}
	n := int(unsigned(data, c.size))
	data = data[c.size:]
	if n > len(data) {
		return dst, nil, ErrShort
	}
	v, rest := data[:n], data[n:]
	switch c.op {
	case opText:
		dst, err = p.text(dst, c, v)
	case opBytes:
		dst = record.AppendBytes(dst, record.Bytes, v)
	case opJSON:
		p.tmp, err = appendJSON(p.tmp[:0], v)
		dst = record.AppendBytes(dst, record.JSON, p.tmp)
	case opPackedText:
		if v, err = p.inflate.column(v); err == nil {
			dst, err = p.text(dst, c, v)
		}
	case opPackedBytes:
		v, err = p.inflate.column(v)
		dst = record.AppendBytes(dst, record.Bytes, v)
	default:
		dst, err = p.padded(dst, c, v)
	}
	return dst, rest, err
}

// text appends v in UTF-8.
func (p *Plan) text(dst []byte, c *column, v []byte) ([]byte, error) {
	if c.conv.plain(v) {
		return record.AppendBytes(dst, record.String, v), nil
	}
	var err error
	if p.tmp, err = c.conv.append(p.tmp[:0], v); err != nil {
		return dst, err
	}
	return record.AppendBytes(dst, record.String, p.tmp), nil
}

// padded restores the trailing zeros that the log strips.
func (p *Plan) padded(dst []byte, c *column, v []byte) ([]byte, error) {
	if len(v) > c.width {
		return dst, fmt.Errorf("a value of %d octets in a column of %d", len(v), c.width)
	}
	p.tmp = append(p.tmp[:0], v...)
	for len(p.tmp) < c.width {
		p.tmp = append(p.tmp, 0)
	}
	switch c.op {
	case opUUID:
		return record.AppendBytes(dst, record.UUID, p.tmp), nil
	case opInet4, opInet6:
		addr, _ := netip.AddrFromSlice(p.tmp)
		return record.AppendBytes(dst, record.String, appendAddress(p.tmp[:0], addr)), nil
	}
	return record.AppendBytes(dst, record.Bytes, p.tmp), nil
}

// appendAddress prints as the server does: IPv4-compatible addresses too are dotted.
func appendAddress(dst []byte, a netip.Addr) []byte {
	if !a.Is6() {
		return a.AppendTo(dst)
	}
	b := a.As16()
	for _, x := range b[:12] {
		if x != 0 {
			return a.AppendTo(dst)
		}
	}
	if b[12] == 0 && b[13] == 0 {
		return a.AppendTo(dst)
	}
	dst = append(dst, "::"...)
	return netip.AddrFrom4([4]byte(b[12:])).AppendTo(dst)
}

func (p *Plan) labelled(dst []byte, c *column, data []byte) (out, rest []byte, err error) {
	if len(data) < int(c.size) {
		return dst, nil, ErrShort
	}
	n, rest := unsigned(data, c.size), data[c.size:]
	if c.op == opEnum {
		if n == 0 {
			return record.AppendText(dst, record.String, ""), rest, nil
		}
		if n > uint64(len(c.labels)) {
			return dst, nil, fmt.Errorf("ENUM value %d of %d labels: %w", n, len(c.labels), ErrNoMetadata)
		}
		return record.AppendText(dst, record.String, c.labels[n-1]), rest, nil
	}
	if len(c.labels) < 64 && n>>len(c.labels) != 0 {
		return dst, nil, fmt.Errorf("SET value %d of %d labels: %w", n, len(c.labels), ErrNoMetadata)
	}
	p.tmp = p.tmp[:0]
	for i, label := range c.labels {
		if n>>i&1 == 0 {
			continue
		}
		if len(p.tmp) > 0 {
			p.tmp = append(p.tmp, ',')
		}
		p.tmp = append(p.tmp, label...)
	}
	return record.AppendBytes(dst, record.String, p.tmp), rest, nil
}

// unsigned reads size octets, little endian; the caller has checked their number.
func unsigned(b []byte, size uint8) uint64 {
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 3:
		return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		return binary.LittleEndian.Uint64(b)
	}
	var v uint64
	for i, c := range b[:size] {
		v |= uint64(c) << (8 * i)
	}
	return v
}

func signed(b []byte, size uint8) int64 {
	shift := 64 - 8*uint(size)
	return int64(unsigned(b, size)<<shift) >> shift
}

func appendFloat(dst []byte, c *column, data []byte) (out, rest []byte, err error) {
	if len(data) < int(c.size) {
		return dst, nil, ErrShort
	}
	if c.op == opFloat {
		v := math.Float32frombits(binary.LittleEndian.Uint32(data))
		if c.round >= 0 {
			v = float32(rounded(float64(v), int(c.round), 32))
		}
		return record.AppendFloat32(dst, v), data[4:], nil
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(data))
	if c.round >= 0 {
		v = rounded(v, int(c.round), 64)
	}
	return record.AppendFloat64(dst, v), data[8:], nil
}

// rounded gives the float nearest to what FLOAT(M,D) shows; the log has a neighbour.
func rounded(v float64, digits, bits int) float64 {
	var buf [400]byte
	text := strconv.AppendFloat(buf[:0], v, 'f', digits, 64)
	if w, err := strconv.ParseFloat(string(text), bits); err == nil {
		return w
	}
	return v
}

// decimalBytes is the size of 0 to 9 digits.
var decimalBytes = [10]int{0, 1, 1, 2, 2, 3, 3, 4, 4, 4}

// appendDecimal decodes the packed form: digits in groups of nine from the point
// outwards, big endian, the sign in the first bit and all bits of negatives turned.
func appendDecimal(dst, data []byte, precision, scale int) (out, rest []byte, err error) {
	whole := precision - scale
	head, tail := whole%9, scale%9
	size := whole/9*4 + decimalBytes[head] + scale/9*4 + decimalBytes[tail]
	if size == 0 || len(data) < size {
		return dst, nil, ErrShort
	}
	var raw [48]byte
	b := raw[:copy(raw[:size], data)]
	var buf [96]byte
	text := buf[:0]
	if b[0]&0x80 == 0 {
		text = append(text, '-')
		for i := range b {
			b[i] ^= 0xff
		}
	}
	b[0] ^= 0x80
	text, b = appendDigits(text, b, head)
	for range whole / 9 {
		text, b = appendDigits(text, b, 9)
	}
	text = trimZeros(text)
	if scale > 0 {
		text = append(text, '.')
		for range scale / 9 {
			text, b = appendDigits(text, b, 9)
		}
		text, _ = appendDigits(text, b, tail)
	}
	return record.AppendBytes(dst, record.Decimal, text), data[size:], nil
}

// appendDigits writes one group with all its zeros.
func appendDigits(text, b []byte, digits int) (out, rest []byte) {
	n := decimalBytes[digits]
	var v uint32
	for _, c := range b[:n] {
		v = v<<8 | uint32(c)
	}
	at := len(text)
	text = append(text, "000000000"[:digits]...)
	for i := at + digits - 1; i >= at; i-- {
		text[i] = byte('0' + v%10)
		v /= 10
	}
	return text, b[n:]
}

// trimZeros removes leading zeros of a whole number but leaves one digit.
func trimZeros(text []byte) []byte {
	from := 0
	if len(text) > 0 && text[0] == '-' {
		from = 1
	}
	to := from
	for to < len(text)-1 && text[to] == '0' {
		to++
	}
	if to == len(text) {
		return append(text, '0')
	}
	return append(text[:from], text[to:]...)
}
