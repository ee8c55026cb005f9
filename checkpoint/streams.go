package checkpoint

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Streams is the Restart text of a source that joins many streams, the files of a
// directory or the partitions of topics, into one order of transactions.
type Streams struct {
	Kind string `json:"kind"`           // DirectoryStreams or KafkaStreams
	CSN  uint64 `json:"csn"`            // of the last transaction
	Last string `json:"last,omitempty"` // the stream of that transaction
	// Streams has each stream that is known.
	Streams []Stream `json:"streams"`
}

// The kinds of streams.
const (
	DirectoryStreams = "directory"
	KafkaStreams     = "kafka"
)

// Stream is how far one file or partition was read.
type Stream struct {
	Name   string `json:"name"`            // the file's name, or topic:partition
	Offset int64  `json:"offset"`          // of the first octet or message not read
	Line   int64  `json:"line,omitempty"`  // lines of a file before the offset
	ID     string `json:"id,omitempty"`    // what tells it from another of the same name
	Table  string `json:"table,omitempty"` // where a file was renamed: its first name's table
	Gone   bool   `json:"gone,omitempty"`  // it is not there any more
}

// AppendHead begins the text of streams; AppendStream follows for each, with a
// comma between, and AppendTail ends it. A source writes one for each transaction,
// from parts that it keeps.
func (s *Streams) AppendHead(dst []byte) []byte {
	dst = append(append(dst, `{"kind":`...), strconv.Quote(s.Kind)...)
	dst = strconv.AppendUint(append(dst, `,"csn":`...), s.CSN, 10)
	if s.Last != "" {
		dst = appendText(append(dst, `,"last":`...), s.Last)
	}
	return append(dst, `,"streams":[`...)
}

// AppendStream appends one stream.
func AppendStream(dst []byte, s *Stream) []byte {
	dst = appendText(append(dst, `{"name":`...), s.Name)
	dst = strconv.AppendInt(append(dst, `,"offset":`...), s.Offset, 10)
	if s.Line > 0 {
		dst = strconv.AppendInt(append(dst, `,"line":`...), s.Line, 10)
	}
	if s.ID != "" {
		dst = appendText(append(dst, `,"id":`...), s.ID)
	}
	if s.Table != "" {
		dst = appendText(append(dst, `,"table":`...), s.Table)
	}
	if s.Gone {
		dst = append(dst, `,"gone":true`...)
	}
	return append(dst, '}')
}

// AppendTail ends the text.
func AppendTail(dst []byte) []byte { return append(dst, "]}"...) }

// appendText quotes for JSON; a text always has a form.
func appendText(dst []byte, s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic("checkpoint: a text has no JSON form: " + err.Error())
	}
	return append(dst, b...)
}

// StreamsKind gives the kind without reading the rest; empty for the text of another
// kind of source.
func StreamsKind(text string) string {
	for _, kind := range []string{DirectoryStreams, KafkaStreams} {
		if strings.HasPrefix(text, `{"kind":"`+kind+`"`) {
			return kind
		}
	}
	return ""
}

// Word is what people call a stream of the kind.
func (s *Streams) Word() string {
	if s.Kind == KafkaStreams {
		return "Partition"
	}
	return "File"
}

// Find gives the stream of a name; the last one of that name counts.
func (s *Streams) Find(name string) (Stream, bool) {
	for i := len(s.Streams) - 1; i >= 0; i-- {
		if s.Streams[i].Name == name {
			return s.Streams[i], true
		}
	}
	return Stream{}, false
}

// String tells how far a stream was read.
func (s *Stream) String() string {
	text := fmt.Sprintf("%s  offset %d", s.Name, s.Offset)
	if s.Line > 0 {
		text += fmt.Sprintf("  line %d", s.Line)
	}
	if s.Gone {
		text += "  (gone)"
	}
	return text
}

// DescribeStreams tells in a line where a source of streams reads on.
func DescribeStreams(text string) string {
	s, ok, err := ParseStreams(text)
	if err != nil || !ok {
		return "a position that cannot be read"
	}
	last, ok := s.Find(s.Last)
	if !ok {
		return fmt.Sprintf("transaction %d", s.CSN)
	}
	return fmt.Sprintf("transaction %d, %s %s", s.CSN, strings.ToLower(s.Word()), last.String())
}

// ParseStreams reads the text; ok is false for that of another kind of source.
func ParseStreams(text string) (s Streams, ok bool, err error) {
	if StreamsKind(text) == "" {
		return s, false, nil
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, true, fmt.Errorf("restart position %.80q: %w", text, err)
	}
	for i := range s.Streams {
		if s.Streams[i].Name == "" || s.Streams[i].Offset < 0 {
			return s, true, fmt.Errorf("restart position: stream %d has no name or offset", i+1)
		}
	}
	return s, true, nil
}

// StreamsCSN reads the commit sequence number alone, which stands at the front.
func StreamsCSN(text string) (uint64, error) {
	_, rest, ok := strings.Cut(text, `,"csn":`)
	end := strings.IndexAny(rest, ",}")
	if !ok || end < 0 {
		return 0, fmt.Errorf("restart position %.80q has no commit sequence number", text)
	}
	n, err := strconv.ParseUint(rest[:end], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("restart position %.80q: %w", text, err)
	}
	return n, nil
}
