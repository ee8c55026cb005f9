package loadgen

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/kafkaclient"
)

// Files are files of a directory, one behind the other.
type Files struct {
	Dir    string
	Prefix string // of their names; the form is their ending
	Form   Form
	// PerFile begins another file after so many records; 0: never.
	PerFile int

	file    *os.File
	number  int
	records int // in the file
}

// Send appends the records.
func (f *Files) Send(_ context.Context, records [][]byte, done func(int, error)) error {
	for len(records) > 0 {
		n := len(records)
		if f.PerFile > 0 {
			n = min(n, f.PerFile-f.records%f.PerFile)
		}
		if err := f.write(records[:n]); err != nil {
			return err
		}
		done(n, nil)
		records = records[n:]
	}
	return nil
}

func (f *Files) write(records [][]byte) error {
	if f.file == nil || f.PerFile > 0 && f.records == f.PerFile {
		if err := f.next(); err != nil {
			return err
		}
	}
	var text []byte
	for _, r := range records {
		text = append(text, r...)
	}
	_, err := f.file.Write(text)
	f.records += len(records)
	return err
}

// next begins another file; one that is there is not touched.
func (f *Files) next() error {
	if err := f.Close(context.Background()); err != nil {
		return err
	}
	f.number, f.records = f.number+1, 0
	name := filepath.Join(f.Dir, fmt.Sprintf("%s-%06d.%s", f.Prefix, f.number, f.Form))
	var err error
	const how = os.O_WRONLY | os.O_CREATE | os.O_EXCL | os.O_APPEND
	if f.file, err = os.OpenFile(name, how, 0o644); err != nil {
		return err
	}
	if f.Form == CSV {
		_, err = f.file.WriteString(Header)
	}
	return err
}

// Close ends the last file.
func (f *Files) Close(context.Context) error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

// Topic is a topic of Kafka.
type Topic struct {
	name   string
	client *kgo.Client
	config *kafkaclient.Config
}

// closeTimeout bounds the wait for what is under way.
const closeTimeout = 30 * time.Second

// NewTopic connects to the cluster of a producer's configuration.
func NewTopic(ctx context.Context, cfg *kafkaclient.Config, name string) (*Topic, error) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	client, err := cfg.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &Topic{name: name, client: client, config: cfg}, nil
}

// Send sends each record as a message without its end of line. The client holds back
// who sends faster than the cluster takes.
func (t *Topic) Send(ctx context.Context, records [][]byte, done func(int, error)) error {
	for _, r := range records {
		t.client.Produce(ctx, &kgo.Record{Topic: t.name, Value: r[:len(r)-1]},
			func(_ *kgo.Record, err error) {
				if err != nil {
					err = t.config.Trouble(err, "write to topic "+t.name)
				}
				done(1, err)
			})
	}
	return nil
}

// Close waits for the answers to what was sent.
func (t *Topic) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	err := t.client.Flush(ctx)
	t.client.Close()
	if err != nil {
		return t.config.Trouble(err, "write to topic "+t.name)
	}
	return nil
}
