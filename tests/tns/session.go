package tns

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The kinds of messages.
const (
	messageProtocol  = 1
	messageTypes     = 2
	messageFunction  = 3
	messageStatus    = 4
	messageRowHeader = 6
	messageRow       = 7
	messageParams    = 8
	messageDone      = 9
	messageBinds     = 11
	messageLOB       = 14
	messageDescribe  = 16
	messageAlong     = 17
	messageColumns   = 21
	messageServices  = 0xde
)

// The functions that a client calls.
const (
	callReexecute      = 0x04
	callFetch          = 0x05
	callLogoff         = 0x09
	callCommit         = 0x0e
	callRollback       = 0x0f
	callVersion        = 0x3b
	callReexecuteFetch = 0x4e
	callExecute        = 0x5e
	callLOB            = 0x60
	callCloseCursors   = 0x69
	callVerify         = 0x73
	callChallenge      = 0x76
	callAttributes     = 0x87
	callCancelCursors  = 0x78
	callPing           = 0x93
)

const (
	cursorLimit = 300
	// inTransaction in the status of a call tells that there is one.
	inTransaction = 2
	noDataFound   = 1403
)

// errEnd ends a session in the way that its client or a fault wanted.
var errEnd = fmt.Errorf("%w: by its own will", errGone)

// session is one client from its login on.
type session struct {
	server *Server
	link   *link
	in     reader
	serial uint64
	login  Login
	logon  *logon
	// backend is nil until the login was right.
	backend Session

	cursors    map[uint64]*cursor
	lastCursor uint64
	lobs       map[uint64]*lob
	lastLOB    uint64
	lobOctets  int
	// shortScale: the client wants scales as one octet.
	shortScale bool
	// bareTexts: names and statements come without their length, which is told before.
	bareTexts bool
	changed   bool // in a transaction
	number    byte // of the call, which its answer repeats
	fault     *Fault
}

// run answers the client until it has gone.
func (se *session) run() error {
	defer se.end()
	for {
		first, err := se.link.next()
		if err != nil {
			return err
		}
		// Some drivers send values that no server reads: they go with their message.
		se.in.begin(first)
		if err := se.answer(); err != nil {
			return err
		}
	}
}

func (se *session) end() {
	for id := range se.cursors {
		se.closeCursor(id)
	}
	if se.backend == nil {
		return
	}
	if err := se.backend.Close(); err != nil {
		se.server.config.Logf("tns: session %d: close: %v", se.serial, err)
	}
}

// answer reads one message, with what rides before it, and answers.
func (se *session) answer() error {
	for se.in.err == nil {
		switch kind := se.in.u8(); kind {
		case messageServices:
			return se.services()
		case messageProtocol:
			return se.protocol()
		case messageTypes:
			return se.types()
		case messageAlong:
			if err := se.along(); err != nil {
				return err
			}
		case messageFunction:
			code := se.in.u8()
			se.number = se.in.u8()
			return se.call(code)
		default:
			return fmt.Errorf("a message of kind %d", kind)
		}
	}
	return se.in.err
}

// along reads a call that has no answer and rides before another one.
func (se *session) along() error {
	r := &se.in
	code := r.u8()
	r.u8()
	switch code {
	case callCloseCursors, callCancelCursors:
		r.u8()
		for range r.count(cursorLimit * 10) {
			if id := r.ub(); code == callCloseCursors {
				se.closeCursor(id)
			} else if c := se.cursors[id]; c != nil {
				if err := c.closeRows(); err != nil {
					return err
				}
			}
		}
	case callLOB:
		r.u8()
		total := r.count(longestMessage)
		r.skip(7)
		r.ub()
		r.skip(11)
		for range total / locatorLength {
			se.freeLOB(r.raw(locatorLength))
		}
	case callAttributes:
		se.attributes()
	default:
		return fmt.Errorf("the call %#x rides before another, and is not known", code)
	}
	return r.err
}

// attributes reads what V$SESSION would show: module, action and the like.
func (se *session) attributes() {
	r := &se.in
	r.skip(2) // pointers: cursor, namespace
	r.ub()
	var lengths []int
	for range 3 { // client identifier, module, action
		r.u8()
		lengths = append(lengths, r.count(1000))
	}
	r.skip(3)
	r.ub()
	r.u8()
	lengths = append(lengths, r.count(1000)) // client info
	for range 3 {
		r.u8()
		lengths = append(lengths, r.count(1000))
	}
	for _, n := range lengths {
		if n > 0 {
			r.octets()
		}
	}
}

func (se *session) call(code byte) error {
	switch code {
	case callChallenge:
		return se.challenge()
	case callVerify:
		return se.verify()
	}
	if se.backend == nil {
		return fmt.Errorf("the call %#x comes before the login", code)
	}
	switch code {
	case callVersion:
		return se.version()
	case callExecute:
		return se.execute()
	case callReexecute, callReexecuteFetch:
		return se.reexecute(code == callReexecuteFetch)
	case callFetch:
		return se.fetch()
	case callLOB:
		return se.lobCall()
	case callCommit:
		return se.simple(se.commit)
	case callRollback:
		return se.simple(se.rollback)
	case callPing:
		return se.simple(func() error { return nil })
	case callLogoff:
		if err := se.simple(func() error { return nil }); err != nil {
			return err
		}
		return errEnd
	}
	return fmt.Errorf("the call %#x is not known", code)
}

// simple answers a call without values.
func (se *session) simple(do func() error) error {
	if answered, err := se.due(""); answered || err != nil {
		return err
	}
	if se.fault != nil && se.fault.Err != nil {
		return se.fail(se.fault.Err, 0)
	}
	if err := do(); err != nil {
		return se.fail(err, 0)
	}
	var m message
	m.u8(messageDone)
	m.ub(se.callStatus())
	m.ub(0)
	return se.send(m)
}

func (se *session) commit() error {
	se.changed = false
	return se.backend.Commit()
}

func (se *session) rollback() error {
	se.changed = false
	return se.backend.Rollback()
}

func (se *session) callStatus() uint64 {
	if se.changed {
		return inTransaction
	}
	return 0
}

func (se *session) version() error {
	r := &se.in
	r.skip(1)
	r.ub()
	r.skip(2)
	r.ub()
	const banner = "Oracle Database 18c Enterprise Edition Release 18.0.0.0.0 - Production\n" +
		"Version 18.3.0.0.0"
	var m message
	m.u8(messageParams)
	m.ub(uint64(len(banner)))
	if se.bareTexts {
		m = append(m, banner...)
	} else {
		m.octets([]byte(banner))
	}
	m.ub(databaseVersion)
	m.u8(messageDone)
	m.ub(0)
	m.ub(0)
	return se.send(m)
}

// due looks for the fault of a call and does what comes before its answer, or instead
// of it.
func (se *session) due(sql string) (answered bool, err error) {
	se.fault = se.server.config.Faults.take(func(of string) bool {
		return of == "" || strings.Contains(sql, of)
	})
	f := se.fault
	switch {
	case f == nil:
		return false, nil
	case f.Silent:
		if !se.link.silence(f.AnswerBreak) {
			return false, errGone
		}
		se.link.answering()
		se.fault = nil
		return true, se.canceled()
	case f.Close && f.After == 0:
		return false, errEnd
	case f.Delay > 0:
		ctx, stop := se.context()
		defer stop()
		select {
		case <-ctx.Done():
		case <-time.After(f.Delay):
		}
	}
	return false, nil
}

// context ends with a break and with the connection.
func (se *session) context() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	se.link.breaking(cancel)
	return ctx, func() {
		se.link.breaking(nil)
		cancel()
	}
}

// send ends a call with its answer.
func (se *session) send(m message) error {
	if se.in.err != nil {
		return se.in.err
	}
	f := se.fault
	se.fault = nil
	if se.link.answering() {
		return se.canceled()
	}
	if f != nil && f.Raw != nil {
		m = f.Raw
	}
	octets := frame(m)
	if f != nil && (f.Close || f.Stall) {
		if err := se.link.write(octets[:min(f.After, len(octets))]); err != nil {
			return err
		}
		if f.Stall {
			se.link.silence(false)
		}
		return errEnd
	}
	return se.link.write(octets)
}

// canceled answers a break.
func (se *session) canceled() error {
	if err := se.link.exchange(); err != nil {
		return err
	}
	var m message
	se.status(&m, outcome{code: 1013, text: "user requested cancel of current operation"})
	return se.link.write(frame(m))
}

// fail ends a call with an error.
func (se *session) fail(err error, cursor uint64) error {
	return se.failAfter(nil, err, outcome{cursor: cursor})
}

// failAfter is fail with rows that are part of the same answer.
func (se *session) failAfter(m message, err error, o outcome) error {
	if se.in.err != nil {
		return se.in.err
	}
	f := se.fault
	se.fault = nil
	if se.link.answering() {
		return se.canceled()
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Code: 600, Text: "internal error code, arguments: [" + err.Error() + "]"}
	}
	o.code, o.text, o.offset = e.Code, e.Text, e.Offset
	if f != nil && f.Bare {
		se.status(&m, o)
		return se.link.write(frame(m))
	}
	if err := se.link.write(frame(m)); err != nil {
		return err
	}
	if err := se.link.exchange(); err != nil {
		return err
	}
	var status message
	se.status(&status, o)
	return se.link.write(frame(status))
}

// outcome is how a call ended.
type outcome struct {
	code   int
	text   string
	offset int
	cursor uint64
	rows   int64
}

// status appends the message that ends most answers.
func (se *session) status(m *message, o outcome) {
	m.u8(messageStatus)
	m.ub(se.callStatus())
	m.ub(0) // sequence
	m.ub(uint64(o.rows) & 0xffffffff)
	m.ub(uint64(o.code) & 0xffff)
	m.zeros(2) // of an array's errors
	m.ub(o.cursor)
	m.ub(uint64(o.offset))
	m.zeros(6) // type of statement, fatal, flags, options, parameter, warning
	m.zeros(5) // ROWID
	m.zeros(2) // system's error, statement
	m.u8(se.number)
	m.zeros(1 + 1 + 1)   // padding, iterations, logical ROWID
	m.zeros(1 + 1 + 1)   // an array's errors: codes, rows, texts
	m.ub(uint64(o.code)) // once more, without a limit
	m.ub(uint64(o.rows))
	if o.code != 0 {
		text := o.text
		if !strings.HasPrefix(text, "ORA-") {
			text = fmt.Sprintf("ORA-%05d: %s", o.code, text)
		}
		m.octets(se.encode(text + "\n"))
	}
}

// plainText reads a name or a statement, of which the length is known already.
func (se *session) plainText(length int) []byte {
	if se.bareTexts {
		return append([]byte(nil), se.in.raw(length)...)
	}
	return se.in.octets()
}

// encode is a text in the database character set.
func (se *session) encode(s string) []byte {
	if se.server.config.Charset == charsetUTF8 {
		return []byte(s)
	}
	out := make([]byte, 0, len(s))
	for _, c := range s {
		if c > 0xff {
			c = 0xbf // as Oracle does with what it cannot say
		}
		out = append(out, byte(c))
	}
	return out
}

func (se *session) decode(b []byte) string {
	if se.server.config.Charset == charsetUTF8 {
		return string(b)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}
