package handler

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	_ "google.golang.org/grpc/encoding/proto"
)

// fill sets every exported field below v to something that is not its zero.
func fill(v reflect.Value, n *int) {
	*n++
	if t, ok := v.Addr().Interface().(*time.Time); ok {
		*t = time.Unix(1700000000+int64(*n), 123456789).UTC()
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), n)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{fmt.Sprint("k", *n): fmt.Sprint("v", *n)}))
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*n % 127))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n%127 + 1))
	default:
		panic("no way to fill " + v.Type().String())
	}
}

func filled[T any]() T {
	var v T
	n := 0
	fill(reflect.ValueOf(&v).Elem(), &n)
	return v
}

// carry brings a block through the codec.
func carry(t *testing.T, in *block) *block {
	t.Helper()
	raw, err := newBlockCodec().Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out block
	whole := mem.BufferSlice{mem.SliceBuffer(raw.Materialize())}
	if err := newBlockCodec().Unmarshal(whole, &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestBatchRoundTrip(t *testing.T) {
	want := filled[Batch]()
	m, err := packBatch(&want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := unpackBatch(carry(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*got, want) {
		t.Fatalf("got  %+v\nwant %+v", *got, want)
	}
}

func testReply[T any](t *testing.T) {
	t.Helper()
	want := filled[T]()
	m, err := packReply(want, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got T
	if err := unpackReply(carry(t, m), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func TestReplyRoundTrip(t *testing.T) {
	testReply[hello](t)
	testReply[Opened](t)
	testReply[Applied](t)
	testReply[Config](t)
	testReply[Query](t)
	testReply[Answer](t)
	table := filled[wireTable]()
	table.Def.ID = 0 // carried beside
	m, err := packReply(table, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got wireTable
	if err := unpackReply(carry(t, m), &got); err != nil || !reflect.DeepEqual(got, table) {
		t.Fatalf("got  %+v\nwant %+v, %v", got, table, err)
	}
}

func TestErrorRoundTrip(t *testing.T) {
	apply := filled[ApplyError]()
	none := filled[NoTableError]()
	for _, want := range []error{&apply, &none, fmt.Errorf("some other error")} {
		m, err := packReply(nil, fmt.Errorf("wrapped: %w", want))
		if err != nil {
			t.Fatal(err)
		}
		got := unpackReply(carry(t, m), new(any))
		if !strings.Contains(got.Error(), want.Error()) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if _, other := want.(interface{ Unwrap() error }); other && !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	}
}

func TestDamagedMessages(t *testing.T) {
	for _, raw := range []string{"", "\x01", "\x05\x00\x00\x00{}", "\xff\xff\xff\xff"} {
		var out block
		err := newBlockCodec().Unmarshal(mem.BufferSlice{mem.SliceBuffer([]byte(raw))}, &out)
		if err == nil {
			t.Errorf("%q was read as %+v", raw, out)
		}
	}
	if encoding.GetCodecV2("proto") == nil {
		t.Error("go-plugin's own messages have no codec")
	}
}

func TestCheckVersion(t *testing.T) {
	h := hello{Protocol: ProtocolVersion, Description: Description{Version: "9.9"}}
	if err := checkVersion(h, "/p/x"); err != nil {
		t.Fatal(err)
	}
	h.Protocol--
	if got := fmt.Sprint(checkVersion(h, "/p/x")); !strings.HasPrefix(got, "/p/x 9.9 is older") {
		t.Fatal(got)
	}
	h.Protocol += 2
	if got := fmt.Sprint(checkVersion(h, "/p/x")); !strings.HasPrefix(got, "this program is older") {
		t.Fatal(got)
	}
}

func TestLineWriter(t *testing.T) {
	var lines []string
	w := &lineWriter{log: func(s string) { lines = append(lines, s) }}
	for _, piece := range []string{"a", "b\nc\r\n", "\n", "d\ne", strings.Repeat("x", maxLine)} {
		if n, err := w.Write([]byte(piece)); err != nil || n != len(piece) {
			t.Fatal(n, err)
		}
	}
	w.flush()
	want := []string{"ab", "c", "d", "e" + strings.Repeat("x", maxLine)}
	if !reflect.DeepEqual(lines, want) {
		t.Fatalf("got %q", lines)
	}
}

// TestConfigIsJSON: what travels in Config must not depend on a type's private fields.
func TestConfigIsJSON(t *testing.T) {
	want := filled[Config]()
	js, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Config
	if err := json.Unmarshal(js, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v", got, err)
	}
}
