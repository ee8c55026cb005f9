package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/colinmarc/hdfs/v2"

	"ggsh/handler"
)

// opError says what was done with which path.
type opError struct {
	op, path string
	err      error
}

func (e *opError) Error() string { return e.op + " " + e.path + ": " + reason(e.err) }

// Unwrap gives the cause; a lost lease is a lost file.
func (e *opError) Unwrap() error { return e.err }

// Is makes an operation on a file that somebody has removed fs.ErrNotExist.
func (e *opError) Is(target error) bool {
	return target == fs.ErrNotExist && strings.HasSuffix(exceptionOf(e.err), "LeaseExpiredException")
}

// named adds operation and path to an error; end of file and nil stay.
func named(op, path string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	var nested *fs.PathError
	if errors.As(err, &nested) {
		err = nested.Err
	}
	return &opError{op, path, err}
}

// exceptionOf is the class of the NameNode's exception, without its package.
func exceptionOf(err error) string {
	var remote hdfs.Error
	if !errors.As(err, &remote) {
		return ""
	}
	name := remote.Exception()
	return name[strings.LastIndexByte(name, '.')+1:]
}

// reason is the first line of what the NameNode says, else the error's text.
func reason(err error) string {
	var remote hdfs.Error
	if errors.As(err, &remote) {
		line, _, _ := strings.Cut(remote.Message(), "\n")
		return exceptionOf(err) + ": " + line
	}
	if err == io.EOF {
		return "the other side has closed the connection"
	}
	return err.Error()
}

// final are the exceptions that no waiting mends.
var final = map[string]string{
	"InvalidPathException":                           "HDFS does not take such a name",
	"FSLimitException$PathComponentTooLongException": "shorten the names by fileNameMappingTemplate",
	"FSLimitException$MaxDirectoryItemsExceededException": "spread the files over more directories by " +
		"pathMappingTemplate",
	"ParentNotDirectoryException":           "a file has the name of a directory above it",
	"FileAlreadyExistsException":            "something else has that name",
	"HadoopIllegalArgumentException":        "see the properties replication and blockSize",
	"InvalidEncryptionKeyException":         "",
	"UnknownCryptoProtocolVersionException": "directories in an encryption zone are not written to",
	"UnsupportedOperationException":         "",
	"AuthorizationException":                "the cluster's policy lets this user not in",
	"RpcNoSuchMethodException":              "this release of HDFS is not served",
}

// refusedLogin tells a login that is refused from one during which a node went away.
func refusedLogin(text string) bool {
	_, what, handshake := strings.Cut(text, "SASL handshake: ")
	away := false
	for _, sign := range []string{"EOF", "timeout", "reset", "broken pipe"} {
		away = away || strings.Contains(what, sign)
	}
	return handshake && !away || strings.Contains(text, "SIMPLE authentication")
}

// fault sorts errors: what passes by itself, and what only an operator can mend.
func (s *session) fault(err error) *handler.ApplyError {
	e := &handler.ApplyError{Class: handler.Connection, Op: -1, Text: "HDFS: " + err.Error()}
	e = e.Because(err)
	text, exception := reason(err), exceptionOf(err)
	advice, stops := final[exception]
	switch {
	case strings.Contains(text, "safe mode"), exception == "SafeModeException":
		e.Text = "HDFS is in safe mode and takes no changes; waiting until it leaves it: " + err.Error()
	case errors.Is(err, fs.ErrPermission), exception == "AccessControlException":
		e.Class = handler.Setup
		e.Text = fmt.Sprintf("HDFS refuses user %s: %v; let the user write there (hdfs dfs -chown or "+
			"-chmod on the directory), or set HADOOP_USER_NAME for Replicat", s.user, err)
	case strings.Contains(exception, "QuotaExceeded"), strings.Contains(text, "quota of"):
		e.Class = handler.Setup
		e.Text = fmt.Sprintf("HDFS: the quota is exceeded: %v; raise it (hdfs dfsadmin -setSpaceQuota "+
			"or -setQuota) or remove files, then START the group", err)
	case stops:
		e.Class = handler.Setup
		if advice != "" {
			e.Text += "; " + advice
		}
	case strings.Contains(text, "write failed: "):
		e.Text += "; a DataNode of the block does not answer"
	case refusedLogin(text):
		e.Class = handler.Setup
		e.Text += "; see authType, kerberosPrincipal and kerberosKeytabFile"
	}
	return e
}
