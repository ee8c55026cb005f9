package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/handler/lake"
	"ggsh/handler/lake/disk"
	"ggsh/record"
)

// inProcess opens a handler in this process.
func (s *site) inProcess() *lake.Handler {
	s.Helper()
	h := lake.New(disk.Driver())
	if _, err := h.Open(s.Context(), s.cfg); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := h.Close(); err != nil {
			s.Error(err)
		}
	})
	return h
}

func (s *site) must(h *lake.Handler, b *handler.Batch) *handler.Applied {
	s.Helper()
	applied, err := h.Apply(s.Context(), b)
	if err != nil {
		s.Fatal(err)
	}
	return applied
}

// TestFormats: files that are made as a whole are valid after each publication,
// text goes on in the same file, and schema files are there.
func TestFormats(t *testing.T) {
	for _, c := range []struct {
		name, props string
		files       int // of two publications
		begin, end  string
		schema      string
	}{
		{"avro container", "format=avro_row_ocf", 2, "Obj\x01", "", "shop.orders.avsc"},
		{"parquet", "format=parquet", 2, "PAR1", "PAR1", ""},
		{"json array", "format=json_row\ngg.handler.fw.format.enableJsonArrayOutput=true", 2, "[{", "}]",
			""},
		{"json lines", "format=json", 1, "{", "}", ""},
		{"headed text", "format=delimitedtext\n" +
			"gg.handler.fw.format.enableFieldDescriptorHeaders=true", 1, "op_type", "\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, "gg.handler.fw.publishInterval=1h\ngg.handler.fw."+c.props+"\n")
			h := s.inProcess()
			for id := range 2 {
				s.must(h, s.order(id+1))
				s.must(h, &handler.Batch{Flush: handler.FlushAll})
			}
			names, err := filepath.Glob(filepath.Join(s.home, "dirout", "shop.orders", "*"))
			if err != nil || len(names) != c.files {
				t.Fatalf("files %q, %v, want %d", names, err, c.files)
			}
			for _, name := range names {
				text, err := os.ReadFile(name)
				if err != nil || !bytes.HasPrefix(text, []byte(c.begin)) ||
					!bytes.HasSuffix(text, []byte(c.end)) {
					t.Errorf("%s holds %.200q, %v", name, text, err)
				}
				if c.files == 1 && bytes.Count(text, []byte("op_type")) > 2 {
					t.Errorf("more than one line of names: %q", text)
				}
			}
			if c.schema != "" {
				if _, err := os.Stat(filepath.Join(s.home, "dirdef", c.schema)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestProperties: what is wrong with the properties is said with the file's name.
func TestProperties(t *testing.T) {
	for extra, want := range map[string]string{
		"gg.handler.fw.maxFileSize=much\n":                                          "fw.props:",
		"gg.handler.fw.type=hdfs\n":                                                 "serves type=filewriter",
		"gg.handler.fw.partitionByTable=false\ngg.handler.fw.format=avro_row_ocf\n": "partitionByTable=true",
		"gg.handler.fw.eventHandler=x\n":                                            "eventHandler",
		"gg.handler.fw.finalizeAction=move\n":                                       "finalizeAction",
		"gg.handler.fw.createControlFile=true":                                      "createControlFile",
	} {
		s := newSite(t, extra)
		_, err := lake.New(disk.Driver()).Open(t.Context(), s.cfg)
		var e *handler.ApplyError
		if !errors.As(err, &e) || e.Class != handler.Setup || !strings.Contains(e.Text, want) {
			t.Errorf("%q: %v", extra, err)
		}
	}
	_, err := lake.New(disk.Driver()).Open(t.Context(), handler.Config{})
	if err == nil || !strings.Contains(err.Error(), "TARGETDB LIBFILE") {
		t.Errorf("without properties: %v", err)
	}
}

// TestPartitions: rows go to the directories of their values, under whichever
// operation.
func TestPartitions(t *testing.T) {
	s := newSite(t, "gg.handler.fw.publishInterval=1h\ngg.handler.fw.partitioner.shop.orders=note\n")
	h := s.inProcess()
	table := s.tables[0]
	row := func(id int64, note string) []handlertest.V {
		return handlertest.Row(handlertest.Int(id), handlertest.Str(note))
	}
	b := handlertest.Batch(100, s.tables, table.Insert(row(1, "north")...), table.Insert(row(2, "south")...),
		table.Update(row(1, "north"), row(1, "south")), table.Delete(row(2, "south")...),
		table.Op(record.Truncate, nil, nil))
	s.must(h, handlertest.Located(b, 10))
	s.must(h, &handler.Batch{Flush: handler.FlushAll})
	var lines []string
	names, err := filepath.Glob(filepath.Join(s.home, "dirout", "shop.orders", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			lines = append(lines, filepath.Base(filepath.Dir(name))+" "+line[:1])
		}
	}
	slices.Sort(lines)
	want := "[par_note=__HIVE_DEFAULT_PARTITION__ T par_note=north I par_note=south D par_note=south I " +
		"par_note=south U]"
	if got := fmt.Sprint(lines); got != want {
		t.Fatalf("got %s\nwant %s", got, want)
	}
}

// childFull makes this test binary fill a small file system of its own.
const childFull = "GGSH_TEST_FULL"

// TestFullDisk fills a real file system, in a mount namespace of a child: the
// handler names it, and goes on after space is free again.
func TestFullDisk(t *testing.T) {
	if os.Getenv(childFull) != "" {
		s := newSite(t, "gg.handler.fw.publishInterval=1h\n")
		if err := fillDisk(s); err != nil {
			t.Fatal(err)
		}
		return
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	uid := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	gid := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	child, err := os.StartProcess(os.Args[0], []string{os.Args[0], "-test.run=^TestFullDisk$"},
		&os.ProcAttr{Env: append(os.Environ(), childFull+"=1"), Files: []*os.File{nil, out, out},
			Sys: &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
				UidMappings: uid, GidMappings: gid}})
	if err != nil {
		t.Skip("no mount namespace to be had: ", err)
	}
	state, err := child.Wait()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "cannot mount") {
		t.Skip(string(text))
	}
	if !state.Success() {
		t.Fatalf("%s\n%s", state, text)
	}
}

func fillDisk(s *site) error {
	dir := filepath.Join(s.home, "dirout")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=400k"); err != nil {
		return fmt.Errorf("cannot mount: %w", err)
	}
	s.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			s.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 300_000), 0o600); err != nil {
		return err
	}
	h := s.inProcess()
	big := func(id int) *handler.Batch {
		op := s.tables[0].Insert(handlertest.Int(int64(id)), handlertest.Str(strings.Repeat("x", 50_000)))
		return handlertest.Located(handlertest.Batch(uint64(10*id+9), s.tables, op), uint64(10*id))
	}
	var failed *handler.ApplyError
	for id := 1; failed == nil && id < 10; id++ {
		if _, err := h.Apply(context.Background(), big(id)); err != nil && !errors.As(err, &failed) {
			return err
		}
	}
	if failed == nil || failed.Class != handler.Setup || !errors.Is(failed, syscall.ENOSPC) ||
		!strings.Contains(failed.Text, "file system "+dir+" is full: free space on it") {
		return fmt.Errorf("a full disk gave %w", failed)
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	h = s.inProcess()
	s.must(h, big(1))
	s.must(h, &handler.Batch{Flush: handler.FlushAll})
	if got := s.rows("orders"); !slices.Equal(got, []int{1}) {
		return fmt.Errorf("after space was freed the file holds %v", got)
	}
	return nil
}
