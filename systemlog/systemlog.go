// Package systemlog sends events of the event log to the system log of this machine, as
// SYSLOG says: to the socket at which a syslog daemon or the journal listens.
//
// It is not the event log, which has every event whatever becomes of this copy, and it
// reaches no other machine. Its law: a daemon that is missing, gone or stuck costs an
// operator one message and the process nothing.
package systemlog

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"ggsh/ggserr"
)

const (
	// patience bounds one event. The daemon is on this machine: it answers at once, or
	// its queue is full.
	patience = time.Second
	// pause is how long a daemon that failed is left alone.
	pause = time.Minute
	// maxText bounds a datagram; what daemons take is rarely more.
	maxText = 8 << 10
	// facility is that of system daemons.
	facility = 3
)

// Attach lets the events of log go to the system log too, those of the severities
// that are wanted.
func Attach(log *ggserr.Log, wanted func(ggserr.Severity) bool) {
	log.CopyTo((&daemon{wanted: wanted,
		sockets: []string{"/dev/log", "/var/run/syslog", "/var/run/log"}}).send)
}

// daemon is where the system log is written. The event log calls it for one event after
// the other.
type daemon struct {
	wanted  func(ggserr.Severity) bool
	sockets []string // where it may listen, tried in this order
	away    bool     // it failed, and that was said
	again   time.Time
}

// send passes an event on. An error is given back once, until an event got through again.
func (d *daemon) send(e ggserr.Event) error {
	if !d.wanted(e.Severity) || d.away && e.Time.Before(d.again) {
		return nil
	}
	err := d.write(line(e))
	if err == nil {
		d.away = false
		return nil
	}
	d.again = e.Time.Add(pause)
	if d.away {
		return nil
	}
	d.away = true
	return ggserr.New(ggserr.SystemLogAway).Because(err)
}

// write opens the daemon's socket for each event, as the event log opens its file: the
// daemon may be started, ended and exchanged at any time.
func (d *daemon) write(text string) error {
	var first error
	for _, path := range d.sockets {
		for _, network := range []string{"unixgram", "unix"} {
			err := put(network, path, text)
			if err == nil {
				return nil
			}
			if first == nil {
				first = err
			}
		}
	}
	return first
}

func put(network, path, text string) error {
	c, err := net.DialTimeout(network, path, patience)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err = c.Write([]byte(text))
	return err
}

// line is an event as daemons read it: priority, time, program and process, then what
// stands in the event log behind the time, in one line.
func line(e ggserr.Event) string {
	text := strings.Join(strings.Fields(strings.ReplaceAll(e.Body(), "\n", " ")), " ")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return fmt.Sprintf("<%d>%s ggsh[%d]: %s\n", facility<<3|level(e.Severity),
		e.Time.Local().Format(time.Stamp), os.Getpid(), text)
}

// level is a severity as the system log counts: informational, warning, error.
func level(s ggserr.Severity) int {
	switch s {
	case ggserr.Info:
		return 6
	case ggserr.Warning:
		return 4
	}
	return 3
}
