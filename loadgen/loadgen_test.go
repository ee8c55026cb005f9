package loadgen

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/kafkaclient"
)

// TestQuantiles: the histogram's quantiles are not below the true ones and at most an
// eighth above.
func TestQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h histogram
	var all []time.Duration
	for range 20000 {
		d := time.Duration(r.ExpFloat64()*1e6) * time.Microsecond / 100
		all = append(all, d)
		h.add(d, 1)
	}
	slices.Sort(all)
	for _, q := range []float64{.1, .5, .95, .99, .999, 1} {
		want := all[int(q*float64(len(all)))-1]
		if got := h.quantile(q); got < want || got > want+want/8+time.Microsecond {
			t.Errorf("quantile %g is %s, truly %s", q, got, want)
		}
	}
	for us := range uint64(1 << 16) {
		if d := upper(classOf(us)); d < time.Duration(us)*time.Microsecond {
			t.Fatalf("%d us is above its class, which ends at %s", us, d)
		}
	}
}

// TestFiles: the files hold each record once, whole, of its size, and a file's worth in
// each file; files that are there are not touched.
func TestFiles(t *testing.T) {
	for _, form := range []Form{CSV, JSON} {
		dir := t.TempDir()
		f, err := Run(t.Context(), Config{Count: 2500, Size: 100, Form: form},
			&Files{Dir: dir, Prefix: "x", Form: form, PerFile: 700})
		if err != nil || f.Records != 2500 || f.Octets != 250000 {
			t.Fatal(f, err)
		}
		id := int64(0)
		for i := range 4 {
			text, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("x-%06d.%s", i+1, form)))
			if err != nil {
				t.Fatal(err)
			}
			if form == CSV {
				text, _ = bytes.CutPrefix(text, []byte(Header))
			}
			for line := range strings.Lines(string(text)) {
				if got := idOf(t, form, line); got != id || len(line) != 100 {
					t.Fatalf("record %d is %q", id, line)
				}
				id++
			}
		}
		if id != 2500 {
			t.Errorf("%d records", id)
		}
		_, err = Run(t.Context(), Config{Count: 1, Size: 100, Form: form}, &Files{Dir: dir, Prefix: "x", Form: form})
		if !errors.Is(err, os.ErrExist) {
			t.Errorf("%v", err)
		}
	}
}

func idOf(t *testing.T, form Form, line string) int64 {
	t.Helper()
	fields := make([]string, 3)
	if form == JSON {
		var v struct {
			ID        int64
			Sent, Pad string
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		fields = []string{fmt.Sprint(v.ID), v.Sent, v.Pad}
	} else {
		var err error
		if fields, err = csv.NewReader(strings.NewReader(line)).Read(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, fields[1]); err != nil || fields[2] == "" {
		t.Fatal(line, err)
	}
	id, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// refusing fails at a record.
type refusing struct{ at, got int }

func (r *refusing) Send(_ context.Context, records [][]byte, done func(int, error)) error {
	if r.got += len(records); r.got >= r.at {
		done(0, errors.New("full"))
	} else {
		done(len(records), nil)
	}
	return nil
}

func (r *refusing) Close(context.Context) error { return nil }

// TestRate: the load keeps its rate by the clock, and ends at the first refusal.
func TestRate(t *testing.T) {
	now := time.Unix(0, 0)
	cfg := Config{Count: 1000, Size: 60, Form: CSV, Rate: 500, Now: func() time.Time { return now },
		Sleep: func(_ context.Context, d time.Duration) { now = now.Add(d) }}
	f, err := Run(t.Context(), cfg, &refusing{at: 1 << 30})
	if err != nil || f.Records != 1000 || f.Took < 1990*time.Millisecond || f.Took > 2010*time.Millisecond {
		t.Errorf("%+v, %v", f, err)
	}
	f, err = Run(t.Context(), cfg, &refusing{at: 100})
	if err == nil || err.Error() != "full" || f.Records > 100 {
		t.Errorf("%+v, %v", f, err)
	}
	cfg.Size = 10
	if _, err = Run(t.Context(), cfg, &refusing{}); err == nil || !strings.Contains(err.Error(), "at least") {
		t.Error(err)
	}
}

// TestTopic: the topic has each record once.
func TestTopic(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "t"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cfg, err := kafkaclient.New([]kafkaclient.Setting{{Key: "bootstrap.servers",
		Value: c.ListenAddrs()[0]}}, kafkaclient.Options{Role: kafkaclient.Producer})
	if err != nil {
		t.Fatal(err)
	}
	topic, err := NewTopic(t.Context(), cfg, "t")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Run(t.Context(), Config{Count: 3000, Size: 120, Form: JSON}, topic)
	if err != nil || f.Records != 3000 {
		t.Fatal(f, err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	seen := map[int64]bool{}
	for len(seen) < 3000 && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			id := idOf(t, JSON, string(r.Value))
			if seen[id] {
				t.Fatalf("record %d came twice", id)
			}
			seen[id] = true
		})
	}
	if len(seen) != 3000 {
		t.Errorf("%d records", len(seen))
	}
}
