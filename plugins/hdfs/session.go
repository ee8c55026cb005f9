package main

import (
	"context"
	"fmt"
	"time"

	"github.com/colinmarc/hdfs/v2"
	krb "github.com/jcmturner/gokrb5/v8/client"

	"ggsh/handler/lake"
)

// session is a client of a cluster: lake.FS. A client whose write has failed
// keeps the lease of the half-written file; so it is not used again, and Replicat
// starts a fresh process.
type session struct {
	client      *hdfs.Client
	kerberos    *krb.Client
	nameConns   conns
	dataConns   conns
	user        string
	replication int
	blockSize   int64
}

const (
	fileMode   = 0o644
	folderMode = 0o755
	// completeTimeout is how long a file's last block may take to have its replicas.
	completeTimeout = 2 * time.Minute
)

// Create makes a file.
func (s *session) Create(ctx context.Context, path string) (lake.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.replication == 0 || s.blockSize == 0 {
		d, err := s.client.ServerDefaults()
		if err != nil {
			return nil, err
		}
		if s.replication == 0 {
			s.replication = d.Replication
		}
		if s.blockSize == 0 {
			s.blockSize = d.BlockSize
		}
	}
	w, err := s.client.CreateFile(path, s.replication, s.blockSize, fileMode)
	if err != nil {
		return nil, named("create", path, err)
	}
	return &written{FileWriter: w, session: s, path: path}, nil
}

// written is a file being written.
type written struct {
	*hdfs.FileWriter
	session *session
	path    string
	begun   bool
}

const (
	// beginTries and beginTime bound how often a file's first write looks for
	// DataNodes that work.
	beginTries = 20
	beginTime  = time.Minute
)

// Write writes; the DataNodes may have it later.
func (w *written) Write(p []byte) (int, error) {
	if !w.begun && len(p) > 0 {
		return w.begin(p)
	}
	n, err := w.FileWriter.Write(p)
	return n, named("write", w.path, err)
}

// begin writes the first bytes. Until the NameNode has noticed that a DataNode is
// gone it gives it blocks, and the client library cannot ask it not to: so the
// file, which holds nothing yet, is made anew until its first block gets
// DataNodes that work.
func (w *written) begin(p []byte) (int, error) {
	s, end := w.session, time.Now().Add(beginTime)
	for try := 1; ; try++ {
		mark := s.dataConns.mark()
		n, err := w.FileWriter.Write(p)
		if err == nil {
			w.begun = true
			return n, nil
		}
		s.dataConns.closeSince(mark)
		if exceptionOf(err) != "" || try == beginTries || time.Now().After(end) {
			return n, named("write", w.path, err)
		}
		if s.client.Remove(w.path) != nil {
			return n, named("write", w.path, err) // which says more
		}
		again, err := s.client.CreateFile(w.path, s.replication, s.blockSize, fileMode)
		if err != nil {
			return 0, named("create", w.path, err)
		}
		w.FileWriter = again
	}
}

// Close waits until all DataNodes have the content and the NameNode calls the
// file complete.
func (w *written) Close() error {
	end := time.Now().Add(completeTimeout)
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := w.FileWriter.Close()
		if !hdfs.IsErrReplicating(err) {
			return named("close", w.path, err)
		}
		if time.Now().After(end) {
			return named("close", w.path, fmt.Errorf("its last block has not enough replicas: %w", err))
		}
		time.Sleep(wait)
	}
}

// Abandon leaves the file as it is: removing it ends its lease.
func (w *written) Abandon() {}

// Open opens a file for reading.
func (s *session) Open(ctx context.Context, path string) (lake.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := s.client.Open(path)
	if err != nil {
		return nil, named("open", path, err)
	}
	return &opened{r, path}, nil
}

// opened is a file being read.
type opened struct {
	*hdfs.FileReader
	path string
}

// Read reads; a DataNode that is away is passed over if there is another.
func (o *opened) Read(p []byte) (int, error) {
	n, err := o.FileReader.Read(p)
	return n, named("read", o.path, err)
}

// Size is the file's length.
func (o *opened) Size() int64 { return o.FileReader.Stat().Size() }

// Rename moves a file, over another one too, or a folder.
func (s *session) Rename(ctx context.Context, from, to string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return named("rename to "+to, from, s.client.Rename(from, to))
}

// MakeAll makes a folder and those above it.
func (s *session) MakeAll(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return named("make folder", dir, s.client.MkdirAll(dir, folderMode))
}

// List gives what is in a folder.
func (s *session) List(ctx context.Context, dir string) ([]lake.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	infos, err := s.client.ReadDir(dir)
	if err != nil {
		return nil, named("list", dir, err)
	}
	var list []lake.Entry
	for _, info := range infos {
		list = append(list, lake.Entry{Name: info.Name(), Dir: info.IsDir()})
	}
	return list, nil
}

// Remove removes a file, or a folder with all below it.
func (s *session) Remove(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return named("remove", path, s.client.RemoveAll(path))
}

func (s *session) close() error {
	err := s.client.Close()
	s.nameConns.closeSince(0)
	s.dataConns.closeSince(0)
	if s.kerberos != nil {
		s.kerberos.Destroy()
	}
	return err
}
