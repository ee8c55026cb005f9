package record

import (
	"encoding/binary"
	"fmt"
)

// The binary form of an operation (all numbers little endian):
//
//	offset  size  field
//	0       1     OpType
//	1       1     flags: 1 before image, 2 after image, 4 tokens, 8 compressed
//	2       4     table id
//	6       4+n   before image: its length, then its bytes       (if flagged)
//	..      4+n   after image                                    (if flagged)
//	..      n     tokens: uvarint count, then name and value each as uvarint length and bytes
//
// A DDL operation has no images; its statement stands where the tokens would,
// as five length-prefixed strings.
const (
	opHeaderSize   = 6
	flagBefore     = 1
	flagAfter      = 2
	flagTokens     = 4
	flagCompressed = 8
)

// AppendOpHeader begins an operation. The images follow with BeginImage and
// EndImage in the order before, after; then AppendTokens. start is where in dst
// the operation begins, for the calls that follow.
func AppendOpHeader(dst []byte, t OpType, table uint32) (out []byte, start int) {
	start = len(dst)
	dst = append(dst, byte(t), 0)
	return binary.LittleEndian.AppendUint32(dst, table), start
}

// BeginImage reserves the length of an image. Values are appended after it,
// one for each column of the table's definition, and EndImage closes it.
func BeginImage(dst []byte) (out []byte, mark int) {
	return append(dst, 0, 0, 0, 0), len(dst)
}

// EndImage closes the image begun at mark of the operation begun at start.
func EndImage(dst []byte, start, mark int, before bool) {
	binary.LittleEndian.PutUint32(dst[mark:], uint32(len(dst)-mark-4))
	if before {
		dst[start+1] |= flagBefore
	} else {
		dst[start+1] |= flagAfter
	}
}

// MarkCompressed says of the operation begun at start that its images lack columns.
func MarkCompressed(dst []byte, start int) { dst[start+1] |= flagCompressed }

// SetOpType changes the type of the operation at the front of body.
func SetOpType(body []byte, t OpType) { body[0] = byte(t) }

// SetOpTable changes the table id of the operation at the front of body.
func SetOpTable(body []byte, table uint32) { binary.LittleEndian.PutUint32(body[2:], table) }

// OpTable reads type and table id without decoding the rest. body must hold an
// operation that DecodeOp accepts.
func OpTable(body []byte) (OpType, uint32) {
	return OpType(body[0]), binary.LittleEndian.Uint32(body[2:])
}

// AppendToken and its count: AppendTokens writes all user tokens of the
// operation begun at start.
func AppendTokens[T string | []byte](dst []byte, start int, pairs [][2]T) []byte {
	if len(pairs) == 0 {
		return dst
	}
	dst[start+1] |= flagTokens
	dst = binary.AppendUvarint(dst, uint64(len(pairs)))
	for _, p := range pairs {
		dst = appendString(appendString(dst, p[0]), p[1])
	}
	return dst
}

// CopyTokens appends the tokens of another operation to the one begun at start.
func CopyTokens(dst []byte, start int, t Tokens) []byte {
	if len(t) == 0 {
		return dst
	}
	dst[start+1] |= flagTokens
	return append(dst, t...)
}

// Pairs decodes the tokens in their order.
func (t Tokens) Pairs() ([][2]string, error) {
	raw, err := t.AppendPairs(nil)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	pairs := make([][2]string, len(raw))
	for i, p := range raw {
		pairs[i] = [2]string{string(p[0]), string(p[1])}
	}
	return pairs, nil
}

// AppendPairs appends names and values of the tokens to dst without copying them.
func (t Tokens) AppendPairs(dst [][2][]byte) ([][2][]byte, error) {
	if len(t) == 0 {
		return dst, nil
	}
	n, w := binary.Uvarint(t)
	if w <= 0 || n > uint64(len(t)) {
		return dst, ErrShort
	}
	b := []byte(t[w:])
	for range n {
		var p [2][]byte
		for i := range p {
			var err error
			if p[i], b, err = cutBytes(b); err != nil {
				return dst, err
			}
		}
		dst = append(dst, p)
	}
	return dst, nil
}

// DecodeOp reads an operation into op without copying: its images alias body.
func DecodeOp(body []byte, op *Op) error {
	if len(body) < opHeaderSize {
		return ErrShort
	}
	flags := body[1]
	*op = Op{Type: OpType(body[0]), Table: binary.LittleEndian.Uint32(body[2:]),
		Compressed: flags&flagCompressed != 0, body: body}
	if op.Type < Insert || op.Type > DDL {
		return fmt.Errorf("record: unknown operation type %d", body[0])
	}
	rest := body[opHeaderSize:]
	var err error
	if flags&flagBefore != 0 {
		if op.Before, rest, err = cutImage(rest); err != nil {
			return err
		}
	}
	if flags&flagAfter != 0 {
		if op.After, rest, err = cutImage(rest); err != nil {
			return err
		}
	}
	if flags&flagTokens != 0 {
		op.Tokens = rest
	}
	return nil
}

func cutImage(b []byte) (Image, []byte, error) {
	if len(b) < 4 {
		return nil, nil, ErrShort
	}
	n := binary.LittleEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, ErrShort
	}
	return b[4 : 4+n : 4+n], b[4+n:], nil
}

// Image is one row image: the values of all columns of the table's definition
// in their order, each present, NULL or missing.
type Image []byte

// Values decodes the image into dst, which is reused. It fails when the image
// does not hold exactly columns values.
func (im Image) Values(dst []Value, columns int) ([]Value, error) {
	dst = dst[:0]
	b := []byte(im)
	for len(b) > 0 {
		v, rest, err := DecodeValue(b)
		if err != nil {
			return dst, fmt.Errorf("column %d: %w", len(dst)+1, err)
		}
		dst, b = append(dst, v), rest
	}
	if len(dst) != columns {
		return dst, fmt.Errorf("record: image has %d columns, its table has %d", len(dst), columns)
	}
	return dst, nil
}

// AppendDDL appends a whole DDL operation.
func AppendDDL(dst []byte, table uint32, s DDLStatement) []byte {
	dst, _ = AppendOpHeader(dst, DDL, table)
	for _, part := range []string{s.Kind, s.Schema, s.Object, s.Name, s.Text} {
		dst = appendString(dst, part)
	}
	return dst
}

// DecodeDDL reads the statement of a DDL operation.
func DecodeDDL(op *Op) (DDLStatement, error) {
	var s DDLStatement
	if op.Type != DDL {
		return s, fmt.Errorf("record: %s is not a DDL operation", op.Type)
	}
	b := op.body[opHeaderSize:]
	for _, field := range []*string{&s.Kind, &s.Schema, &s.Object, &s.Name, &s.Text} {
		part, rest, err := cutBytes(b)
		if err != nil {
			return s, err
		}
		*field, b = string(part), rest
	}
	return s, nil
}

func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}
