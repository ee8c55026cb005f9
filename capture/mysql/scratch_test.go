package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

func TestScratch(t *testing.T) {
	if os.Getenv("SCRATCH") == "" {
		t.Skip()
	}
	ctx := context.Background()
	cfg := Config{Host: "127.0.0.1", Port: 33999, User: "root", SpoolDir: t.TempDir(), CacheSize: 64 << 20,
		Warn: func(e *ggserr.Error) { fmt.Println("WARN", e) }}
	if os.Getenv("SCRATCH") == "bench" {
		cfg.Start.Seq, cfg.Start.Pos = 1, 4
	} else {
		cfg.Start.Seq, cfg.Start.Pos = 1, 4
	}
	fmt.Sscan(os.Getenv("SEQ"), &cfg.Start.Seq)
	s, err := Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	quiet := os.Getenv("SCRATCH") == "bench"
	begin := time.Now()
	var ops, bytes int64
	idle := 0
	last := time.Now()
	for idle < 2 {
		txn, err := s.Next(ctx)
		if errors.Is(err, io.EOF) {
			if s.Status().AtEnd {
				idle++
			}
			c, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
			_ = s.Wait(c)
			cancel()
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if !quiet {
			fmt.Println("TXN", txn.CSN, txn.XID, txn.CommitTime, txn.Restart)
		}
		if txn.Ops == nil {
			continue
		}
		idle = 0
		for {
			def, body, err := txn.Ops.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			ops++
			bytes += int64(len(body))
			if !quiet {
				show(def, body)
			}
		}
		last = time.Now()
	}
	d := last.Sub(begin)
	fmt.Printf("%d ops, %d bytes in %v: %.0f ops/s  %+v %+v\n", ops, bytes, d, float64(ops)/d.Seconds(), s.Status(), s.CacheStatus())
}

func show(def *record.TableDef, body []byte) {
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		panic(err)
	}
	if op.Type == record.DDL {
		d, _ := record.DecodeDDL(&op)
		fmt.Printf("   DDL %+v\n", d)
		return
	}
	fmt.Print("   ", op.Type, " ", def.FullName(), " id=", def.ID, " key=", def.Key)
	for i, im := range []record.Image{op.Before, op.After} {
		if im == nil {
			continue
		}
		vs, err := im.Values(nil, len(def.Columns))
		if err != nil {
			panic(err)
		}
		fmt.Print([]string{" B(", " A("}[i])
		for i, v := range vs {
			fmt.Printf("%s=%s:%s ", def.Columns[i].Name, v.Kind, v.Text(nil, -1))
		}
		fmt.Print(")")
	}
	fmt.Println()
}
