package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"ggsh/capture/mysql"
	"ggsh/checkpoint"
	"ggsh/collector"
	"ggsh/control"
	"ggsh/control/pin"
	"ggsh/extract"
	"ggsh/ggserr"
	"ggsh/hostkey"
	"ggsh/param"
	"ggsh/record"
	"ggsh/trail"
)

// lockWait is how long a trail's last writer may take to end.
const lockWait = 10 * time.Second

// openOutput opens a local trail or the way to a remote one.
func (w *wiring) openOutput(ctx context.Context, out extract.OutputConfig) (extract.TrailWriter, extract.Held, error) {
	if out.Remote {
		return w.openRemote(ctx, out)
	}
	name, err := w.trailName(out.Name)
	if err != nil {
		return nil, extract.Held{}, err
	}
	writer, err := trail.Open(trail.WriterConfig{Name: name, MaxBytes: int64(out.Megabytes) << 20,
		Header: w.header(), FirstSeqno: out.Seqno, Forget: out.Forget, Purge: out.Purge,
		Durable: out.Durable, LockWait: lockWait, Encrypt: w.encryption(out), Keys: w.keys})
	if err != nil {
		return nil, extract.Held{}, err
	}
	_, last, known := writer.Last()
	return writer, extract.Held{Last: last, Known: known}, nil
}

func (w *wiring) header() trail.HeaderInfo {
	h := trail.HeaderInfo{Group: w.p.Group(), Program: "ggsh Capture " + version}
	if login, err := w.sourceLogin(); err == nil {
		h.Kind, h.Database, h.Host = "mysql", login.Database, login.Host
		if login.Embedded != "" {
			h.Kind, h.Database = "sqlite", login.Embedded
		}
		if login.Directory != "" {
			h.Kind, h.Database = "directory", login.Directory
		}
		if w.run.Capture.Log.Streams.ConsumerProperties != "" {
			h.Kind, h.Database = "kafka", w.run.Capture.Log.Streams.ConsumerProperties
		}
	}
	return h
}

// openRemote asks the Manager there for a collector and connects to it. What
// goes wrong on the way is tried again: a data pump outlives its network.
func (w *wiring) openRemote(ctx context.Context, out extract.OutputConfig) (extract.TrailWriter, extract.Held, error) {
	given := w.outputs[out.Index]
	host := given.Host
	if host == nil {
		return nil, extract.Held{}, ggserr.New(ggserr.BadParameter, given.Kind.String()+" has no RMTHOST before it").
			At(given.Pos.File, given.Pos.Line, given.Pos.Column).Do("Add RMTHOST host, MGRPORT port.")
	}
	var info *control.CollectorInfo
	var err error
	if given.Kind == param.RmtTask {
		info, err = w.askTask(ctx, given)
	} else if info, err = w.askCollector(ctx, host, out); err != nil {
		err = passing{err}
	}
	if err != nil {
		return nil, extract.Held{}, err
	}
	var secure *tls.Config
	if info.Fingerprint != "" {
		if secure, err = pin.Client(info.Fingerprint); err != nil {
			return nil, extract.Held{}, err
		}
	}
	sender, err := collector.Dial(ctx, collector.SenderConfig{TLS: secure,
		Address: net.JoinHostPort(host.Host, strconv.Itoa(info.Port)), Token: info.Token,
		Group: w.p.Group(), Trail: out.Name, Digits: w.digits(), FirstSeqno: out.Seqno,
		MaxBytes: int64(out.Megabytes) << 20, Header: w.header(), Forget: out.Forget, Purge: out.Purge,
		Encrypt: w.encryption(out), Compress: host.Compress, Threshold: host.CompressThreshold, Timeout: host.Timeout})
	if err != nil {
		return nil, extract.Held{}, passing{err}
	}
	_, last, known := sender.Last()
	return remoteTrail{sender}, extract.Held{Last: last, Known: known}, nil
}

// manager is the way to the Manager of a RMTHOST; of another host it must be known
// to this home.
func (w *wiring) manager(host *param.RemoteHost) *control.Client {
	return control.ToManager(host.Host, host.ManagerPort,
		control.Trust{Known: hostkey.KnownTo(w.p.Home()).Find})
}

func (w *wiring) askCollector(ctx context.Context, host *param.RemoteHost, out extract.OutputConfig) (*control.CollectorInfo, error) {
	timeout := host.Timeout
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	client := w.manager(host)
	defer client.Close()
	reply, err := client.Do(ctx, control.Request{Verb: control.Collector, Type: string(checkpoint.Extract),
		Group: w.p.Group(), Args: []string{out.Name}, From: "EXTRACT " + w.p.Group()})
	if err != nil {
		return nil, fmt.Errorf("manager at %s:%d: %w", host.Host, host.ManagerPort, err)
	}
	if reply.Error != nil {
		return nil, fmt.Errorf("manager at %s:%d: %w", host.Host, host.ManagerPort, reply.Error)
	}
	if reply.Collector == nil {
		return nil, fmt.Errorf("manager at %s:%d started no collector", host.Host, host.ManagerPort)
	}
	return reply.Collector, nil
}

// passing marks an error that time may mend.
type passing struct{ error }

func (p passing) Unwrap() error { return p.error }

// Temporary tells the engine to try again.
func (passing) Temporary() bool { return true }

// remoteTrail is a sender whose errors pass: after each the pump connects
// again and goes on where the other disk is.
type remoteTrail struct{ *collector.Sender }

// Sync makes the remote trail durable.
func (r remoteTrail) Sync() (trail.Position, error) {
	at, err := r.Sender.Sync()
	return at, pass(err)
}

// BeginTxn begins a transaction.
func (r remoteTrail) BeginTxn(info *record.TxnInfo) error { return pass(r.Sender.BeginTxn(info)) }

// Op sends an operation.
func (r remoteTrail) Op(def *record.TableDef, body []byte, last bool) error {
	return pass(r.Sender.Op(def, body, last))
}

// Rollover begins a new remote file.
func (r remoteTrail) Rollover() error { return pass(r.Sender.Rollover()) }

// Close ends the connection.
func (r remoteTrail) Close() error { return pass(r.Sender.Close()) }

func pass(err error) error {
	if err == nil {
		return nil
	}
	return passing{err}
}

// mysqlSource tells orders what a MySQL capture knows of itself.
type mysqlSource struct{ *mysql.Source }

// Product is the server that is read.
func (s mysqlSource) Product() string { return s.Status().Server }

// OpenTransactions are the prepared ones and the one that is being read.
func (s mysqlSource) OpenTransactions() []control.OpenTxn {
	var out []control.OpenTxn
	for _, t := range s.Source.OpenTransactions() {
		state := "Running"
		if t.Prepared {
			state = "Prepared"
		}
		file := t.File[strings.LastIndexByte(t.File, '.')+1:]
		seqno, err := strconv.ParseUint(file, 10, 64)
		if err != nil {
			seqno = 0 // a log whose files have no numbers
		}
		out = append(out, control.OpenTxn{XID: t.XID, Items: t.Items, Start: t.Start,
			Seqno: seqno, RBA: t.Pos, Status: state})
	}
	return out
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func uintText(n uint64) string { return strconv.FormatUint(n, 10) }
