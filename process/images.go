package process

import (
	"encoding/hex"
	"fmt"
	"strings"

	"ggsh/record"
)

const longValue = 4000 // octets that are written as they are

// WriteImages lists all values that a record carries, as discard files have them.
func WriteImages(b *strings.Builder, def *record.TableDef, op *record.Op) error {
	both := op.Before != nil && op.After != nil
	for _, im := range []struct {
		image record.Image
		title string
	}{{op.Before, "Before image:"}, {op.After, "After image:"}} {
		if im.image == nil {
			continue
		}
		values, err := im.image.Values(nil, len(def.Columns))
		if err != nil {
			return err
		}
		if both {
			b.WriteString(im.title + "\n")
		}
		b.WriteString("*\n")
		for i, v := range values {
			if v.Kind != record.Missing {
				writeValue(b, def.Columns[i].Name, v)
			}
		}
		b.WriteString("*\n")
	}
	return nil
}

func writeValue(b *strings.Builder, name string, v record.Value) {
	switch {
	case v.Kind == record.Null:
		fmt.Fprintf(b, "%s = NULL\n", name)
	case v.Kind == record.Bytes, len(v.B) > longValue, hasControl(v):
		fmt.Fprintf(b, "%s =\n", name)
		for at := 0; at < len(v.B); at += 16 {
			row := v.B[at:min(at+16, len(v.B))]
			fmt.Fprintf(b, "%06x: %s\n", at, spaced(row))
		}
	default:
		fmt.Fprintf(b, "%s = %s\n", name, v.Text(nil, -1))
	}
}

// hasControl reports whether a text would break the lines of the file.
func hasControl(v record.Value) bool {
	if v.Kind != record.String && v.Kind != record.JSON && v.Kind != record.XML {
		return false
	}
	for _, c := range v.B {
		if c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}

func spaced(row []byte) string {
	var parts []string
	for _, c := range row {
		parts = append(parts, hex.EncodeToString([]byte{c}))
	}
	return strings.Join(parts, " ")
}
