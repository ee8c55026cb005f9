package oracleclient

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"

	"github.com/sijms/go-ora/v2/network"
)

// Class sorts Oracle's errors by what can be done about them.
type Class int

// The classes.
const (
	Other Class = iota
	// Login: user, password or account.
	Login
	// Unreachable: no such host, listener or service.
	Unreachable
	// Lost: the session or the instance is gone; connect again. Whether the call under
	// way had an effect is not known.
	Lost
	// Canceled: the call was ended by its context or by a break.
	Canceled
	// LogChanged: a log was overwritten, moved or added twice while it was read.
	LogChanged
	// LogMissing: a log of the range is not there.
	LogMissing
	// Snapshot: undo is too old for the query.
	Snapshot
	// Retry: deadlock, lock or serialization: the transaction can be repeated.
	Retry
	// Duplicate: a row with this key exists.
	Duplicate
	// Denied: a privilege is missing.
	Denied
	// Missing: a table, column or other object does not exist.
	Missing
	// Data: a value or row offends a constraint or type.
	Data
	// Space: a limit of storage, memory or sessions.
	Space
)

// classes are the numbers of each class.
var classes = map[Class][]int{
	Login: {1005, 1017, 1045, 28000, 28001, 28002, 28003, 1004, 1035, 28009},
	Unreachable: {12154, 12170, 12203, 12224, 12500, 12502, 12504, 12505, 12506, 12514, 12516, 12518,
		12519, 12520, 12521, 12523, 12526, 12527, 12528, 12533, 12535, 12541, 12543, 12545, 12560,
		12564},
	Lost: {28, 1012, 1033, 1034, 1041, 1089, 1090, 1092, 2396, 2399, 3113, 3114, 3115, 3135, 3136,
		3137, 3146, 12537, 12547, 12570, 12571, 12583, 12592, 25401, 25402, 25408, 27101},
	Canceled:   {1013},
	LogChanged: {308, 310, 312, 313, 334, 1284, 1285, 1289, 1368, 1306, 1307},
	LogMissing: {1291, 1292, 1295, 1308, 1323, 1325, 1327, 1346},
	Snapshot:   {1555, 8180, 8181, 1466, 22924},
	Retry:      {54, 60, 104, 4020, 4021, 8177, 4068, 30006},
	Duplicate:  {1},
	Denied:     {1031, 1950, 41900, 1749},
	Missing:    {903, 904, 942, 4043, 980, 2289, 1435, 1418, 1432},
	Data: {1400, 1401, 1403, 1407, 1426, 1438, 1722, 1724, 1830, 1839, 1841, 1843, 1847, 1858, 1861,
		2290, 2291, 2292, 2293, 12899, 22835, 1461, 1465, 6502, 14400, 14402, 32795, 38104},
	Space: {18, 20, 1000, 1536, 1538, 1653, 1654, 1658, 1688, 1691, 4030, 4031, 4036, 30036, 2391},
}

// advice is what a person can do, by class.
var advice = map[Class]string{
	Login: "Check user and password, and that the account is neither locked nor expired " +
		"(DBA_USERS.ACCOUNT_STATUS).",
	Unreachable: "Check host, port and service: lsnrctl services on the database's host lists what " +
		"there is. tnsping tries an alias.",
	Lost: "The database or the network between has gone. See its alert log; it is tried again " +
		"once the database answers.",
	LogChanged: "A redo log was switched while it was read: the same range is read again.",
	LogMissing: "Restore the archived logs of the range (RMAN: RESTORE ARCHIVELOG), or begin at a " +
		"later position.",
	Snapshot: "Undo is gone: raise UNDO_RETENTION and the undo tablespace, or read smaller pieces.",
	Retry:    "Another session holds what this one needs: the transaction is repeated.",
	Denied:   "Grant the privilege to the user.",
	Missing:  "Check owner, name and spelling, and that the user may see it.",
	Data:     "The row does not fit into the table: compare its definition with the source's.",
	Space:    "Give the database more room, or the user a larger quota or limit.",
}

// Do says what a person can do about errors of the class; empty for those that need the
// error's own text.
func (c Class) Do() string { return advice[c] }

// String names the class.
func (c Class) String() string {
	return [...]string{"other", "login", "unreachable", "lost", "canceled", "log changed",
		"log missing", "snapshot too old", "retry", "duplicate", "denied", "missing", "data",
		"space"}[c]
}

// Error is an error of a database or of the way to it.
type Error struct {
	Class Class
	// Code is Oracle's number; 0 without one.
	Code int
	// Offset is where in the statement, in characters from 0; -1 where that is not known.
	Offset int
	// Text is for people, with the number if there is one.
	Text string
	Err  error
}

// Error is the text.
func (e *Error) Error() string { return e.Text }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// oraNumber finds the first number in a text.
var oraNumber = regexp.MustCompile(`ORA-(\d{1,5})`)

// settle makes an Error of whatever the driver gave.
func settle(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		if e == err {
			return e
		}
		return &Error{Class: e.Class, Code: e.Code, Offset: e.Offset, Text: Message(err), Err: err}
	}
	if native, ok := errors.AsType[*network.OracleError](err); ok {
		return &Error{Class: classOf(native.ErrCode), Code: native.ErrCode, Offset: native.ErrPos(),
			Text: nativeText(native), Err: err}
	}
	e := &Error{Class: classOfCause(err), Offset: -1, Text: Message(err), Err: err}
	if err == driver.ErrBadConn {
		e.Text = "the connection broke"
	}
	if e.Class == Lost {
		e.Code = 3113
		e.Text = fmt.Sprintf("ORA-%05d: %s", e.Code, e.Text)
	}
	return e
}

// classOfCause sorts errors that no server has numbered.
func classOfCause(err error) Class {
	_, network := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Canceled
	case network, errors.Is(err, driver.ErrBadConn), errors.Is(err, io.EOF), errors.Is(err, errPanic),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, errQuiet):
		return Lost
	}
	text := err.Error()
	for _, sign := range []string{"TTC error", "message code error", "buffer under-run",
		"closed connection", "abnormal packet", "unsupported packet"} {
		if strings.Contains(text, sign) {
			return Lost // the driver is out of step with the server
		}
	}
	return Other
}

// Code is the ORA number of an error, 0 without one.
func Code(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if native, ok := errors.AsType[*network.OracleError](err); ok {
		return native.ErrCode
	}
	return 0
}

// ClassOf sorts an error; nil is Other.
func ClassOf(err error) Class {
	if err == nil {
		return Other
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	if code := Code(err); code != 0 {
		return classOf(code)
	}
	return classOfCause(err)
}

func classOf(code int) Class {
	for class, codes := range classes {
		for _, c := range codes {
			if c == code {
				return class
			}
		}
	}
	return Other
}

// nativeText is a server's text, or what the number means where the driver has none.
func nativeText(e *network.OracleError) string {
	text := e.ErrMsg
	if text == "" {
		text = (&network.OracleError{ErrCode: e.ErrCode}).Error()
		if more := listener[e.ErrCode]; more != "" {
			text = more
		}
	}
	text = clean(text)
	if !oraNumber.MatchString(text) {
		text = fmt.Sprintf("ORA-%05d: %s", e.ErrCode, text)
	}
	return text
}

// listener are texts of numbers that come without one.
var listener = map[int]string{
	12505: "the listener does not know the SID",
	12514: "the listener does not know the service",
	12516: "the listener has no handler free for the service",
	12519: "the listener has no handler free for the service: PROCESSES may be exhausted",
	12520: "the listener has no handler of the kind that was asked for",
	12528: "all instances of the service block new connections: they are starting or restricted",
	12541: "no listener is there",
}

// Message is the error's text without the driver's additions. It never has a password.
func Message(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := err.(*Error); ok {
		return e.Text
	}
	if native, ok := err.(*network.OracleError); ok {
		return nativeText(native)
	}
	return clean(err.Error())
}

// clean puts a text on one line.
func clean(text string) string {
	if at := strings.Index(text, "error occur at position"); at >= 0 {
		text = text[:at]
	}
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "Help: ") && !strings.HasPrefix(line, "https://docs.") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// firstFrame names where a panic was: the first function below the driver's folder.
func firstFrame(stack []byte) string {
	for line := range strings.Lines(string(stack)) {
		if strings.Contains(line, "go-ora") && !strings.HasPrefix(line, "\t") {
			name := strings.TrimSpace(line)
			if at := strings.LastIndexByte(name, '('); at > 0 {
				name = name[:at]
			}
			return name[strings.LastIndexByte(name, '/')+1:]
		}
	}
	return "an unknown place"
}
