package checkpoint

import (
	"reflect"
	"testing"
)

// TestStreamsRoundTrip: the text that sources put together is what ParseStreams
// reads, and its number can be read alone.
func TestStreamsRoundTrip(t *testing.T) {
	want := Streams{Kind: DirectoryStreams, CSN: 42, Last: "a \"b\",\n.csv", Streams: []Stream{
		{Name: `x","csn":7,"é`, Offset: 9, Line: 3, ID: "1:2", Table: "t", Gone: true},
		{Name: "topic:0", Offset: 0}}}
	b := want.AppendHead(nil)
	for i := range want.Streams {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendStream(b, &want.Streams[i])
	}
	text := string(AppendTail(b))
	got, ok, err := ParseStreams(text)
	if err != nil || !ok || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: %v %v\n got %+v\nwant %+v", text, ok, err, got, want)
	}
	if n, err := StreamsCSN(text); n != 42 || err != nil {
		t.Error(n, err)
	}
	if d := DescribeStreams(text); d != "transaction 42" {
		t.Error(d)
	}
	want.Last = "topic:0"
	text = string(AppendTail(AppendStream(want.AppendHead(nil), &want.Streams[1])))
	if d := DescribeStreams(text); d != "transaction 42, file topic:0  offset 0" {
		t.Error(d)
	}
	for _, bad := range []string{`{"kind":"kafka"`, `{"kind":"directory","streams":[{"offset":1}]}`} {
		if _, ok, err := ParseStreams(bad); !ok || err == nil {
			t.Errorf("%s: %v %v", bad, ok, err)
		}
	}
	for _, other := range []string{"", "17", `{"flavor":"mysql"}`} {
		if _, ok, err := ParseStreams(other); ok || err != nil {
			t.Errorf("%s: %v %v", other, ok, err)
		}
		if _, err := StreamsCSN(other); err == nil {
			t.Errorf("%q has a number", other)
		}
	}
}
