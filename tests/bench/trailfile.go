package main

import (
	"io"
	"os"
	"path/filepath"
	"time"

	"ggsh/handler/handlertest"
	"ggsh/record"
	"ggsh/trail"
)

// trailRow is an operation of some 200 bytes and its table.
func trailRow() (*record.TableDef, []byte) {
	t := handlertest.NewTable(1, schema, tableName, 1,
		handlertest.Column("id", "bigint!", record.Int),
		handlertest.Column("c", "char(170)", record.String),
		handlertest.Column("n", "int", record.Int))
	text := make([]byte, 170)
	for i := range text {
		text[i] = byte('a' + i%26)
	}
	return t.Target, t.Insert(handlertest.Int(1), handlertest.Str(string(text)),
		handlertest.Int(12345))
}

// trailStage compares the trail's writer and reader with plain files.
func trailStage(b *bench, h *harness) {
	rows := b.size(2_000_000)
	dir := h.TempDir()
	bytes := appendTrail(h, dir, rows, 0).size
	rate := func(seconds float64) float64 { return float64(bytes) / seconds / 1e6 }
	const own, ownSync = "ours, sync at the end", "ours, sync each 4 MiB"
	const plain, plainSync = "write(2) of 1 MiB, sync at the end", "write(2) of 1 MiB, sync each 4 MiB"
	const reader, txns, plainRead = "ours, by record", "ours, by transaction", "read(2) of 1 MiB"
	var last written
	r := h.alternate(b.rounds, "MB/s",
		contender{own, func() float64 { return rate(appendTrail(h, dir, rows, 0).took) }},
		contender{plain, func() float64 { return rate(h.writePlain(dir, bytes, 0)) }},
		contender{ownSync, func() float64 {
			last = appendTrail(h, dir, rows, syncBytes)
			return rate(last.took)
		}},
		contender{plainSync, func() float64 { return rate(h.writePlain(dir, bytes, syncBytes)) }},
		contender{reader, func() float64 { return rate(h.readTrail(last.name, rows)) }},
		contender{plainRead, func() float64 { return rate(h.readPlain(last.name.File(0))) }},
		contender{txns, func() float64 { return rate(h.readTxns(last.name, rows)) }})
	b.add(r.faster("append with CRC, sync at the end", "MB/s", own, plain, ""),
		r.faster("append with CRC, sync each 4 MiB", "MB/s", ownSync, plainSync, ">= 0.7 x"),
		r.faster("read with CRC, by record", "MB/s", reader, plainRead, ""),
		r.faster("read with CRC, by transaction", "MB/s", txns, plainRead, ""))
}

type written struct {
	name trail.Name
	size int64
	took float64
}

// appendTrail writes a trail of transactions of ten rows, synced after so many
// bytes and at the end.
func appendTrail(h *harness, dir string, rows, sync int) written {
	def, body := trailRow()
	_ = os.RemoveAll(filepath.Join(dir, "t")) // of the turn before
	h.check(os.Mkdir(filepath.Join(dir, "t"), 0o755))
	name, err := trail.ParseName(filepath.Join(dir, "t", "tt"), 9)
	h.check(err)
	info := record.TxnInfo{XID: "0-1-1", CommitTime: time.Unix(1700000000, 0).UTC()}
	settle()
	began := timer()
	w, err := trail.Open(trail.WriterConfig{Name: name, MaxBytes: 8 << 30})
	h.check(err)
	for i, unsynced := 0, 0; i < rows; i++ {
		if i%10 == 0 {
			if sync > 0 && unsynced >= sync {
				_, err := w.Sync()
				h.check(err)
				unsynced = 0
			}
			info.CSN.Minor++
			h.check(w.BeginTxn(&info))
		}
		h.check(w.Op(def, body, i%10 == 9 || i == rows-1))
		unsynced += len(body)
	}
	_, err = w.Sync()
	h.check(err)
	took := began()
	h.check(w.Close())
	st, err := trail.Stat(name, 0)
	h.check(err)
	return written{name, st.Size, took}
}

// writePlain writes as many bytes in the plainest way, through the trail's own file
// so that a sync is the same call for both.
func (h *harness) writePlain(dir string, bytes int64, sync int) float64 {
	path := filepath.Join(dir, "plain")
	_ = os.Remove(path) // of the turn before
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i * 7)
	}
	settle()
	began := timer()
	f, err := trail.Disk{}.Create(path)
	h.check(err)
	unsynced := 0
	for left := bytes; left > 0; {
		n, err := f.Write(block[:min(left, int64(len(block)))])
		h.check(err)
		left -= int64(n)
		if unsynced += n; sync > 0 && unsynced >= sync {
			h.check(f.Sync())
			unsynced = 0
		}
	}
	h.check(f.Sync())
	took := began()
	h.check(f.Close())
	return took
}

func (h *harness) readTrail(name trail.Name, rows int) float64 {
	settle()
	began := timer()
	r, err := trail.OpenReader(name, trail.Position{}, trail.ReaderOptions{})
	h.check(err)
	for n := 0; n < rows; {
		rec, err := r.Next()
		h.check(err)
		if rec.Type == trail.TypeOp {
			n++
		}
	}
	took := began()
	h.check(r.Close())
	return took
}

func (h *harness) readTxns(name trail.Name, rows int) float64 {
	settle()
	began := timer()
	r, err := trail.OpenTxnReader(name, trail.Position{}, trail.TxnOptions{})
	h.check(err)
	for n := 0; n < rows; {
		txn, err := r.Next()
		h.check(err)
		for {
			if _, _, err := txn.Ops.Next(); err == io.EOF {
				break
			}
			n++
		}
	}
	took := began()
	h.check(r.Close())
	return took
}

func (h *harness) readPlain(path string) float64 {
	block := make([]byte, 1<<20)
	settle()
	began := timer()
	f, err := os.Open(path)
	h.check(err)
	for {
		if _, err = f.Read(block); err != nil {
			break
		}
	}
	took := began()
	if err != io.EOF {
		h.check(err)
	}
	h.check(f.Close())
	return took
}
