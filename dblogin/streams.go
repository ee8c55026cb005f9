package dblogin

import (
	"context"
	"os"
	"strings"

	"ggsh/ggserr"
)

// HasSQL reports whether the session is one of a database: a directory and a Kafka
// cluster are sources of an Extract and have no statements.
func (s *Session) HasSQL() bool { return s.DB != nil }

// parseStreams reads directory:path and kafka://...; ok is false for anything else.
// What follows kafka:// is a name: the brokers stand in the consumer's properties.
func parseStreams(source string) (l Login, ok bool, err error) {
	if path, found := cutFold(source, "directory:"); found {
		if path == "" {
			err = bad("directory: needs a path, as in directory:./dirin")
		}
		return Login{Kind: Directory, Database: path}, true, err
	}
	if name, found := cutFold(source, "kafka:"); found {
		return Login{Kind: Kafka, Database: strings.Trim(name, "/")}, true, nil
	}
	return l, false, nil
}

// openStreams looks whether the directory is there. Of a Kafka cluster nothing is
// known here but its login.
func openStreams(_ context.Context, l Login) (*Session, error) {
	s := &Session{Kind: l.Kind, Product: "Directory of files", User: l.User, Login: l}
	s.Login.Password = ""
	if l.Kind == Kafka {
		s.Product = "Kafka"
		return s, nil
	}
	st, err := os.Stat(l.Database)
	if err != nil {
		return nil, ggserr.New(ggserr.ConnectFailed, l.Where()).Because(err).
			Do("Check the path of the directory")
	}
	if !st.IsDir() {
		return nil, ggserr.New(ggserr.ConnectFailed, l.Where()).Do("That is no directory")
	}
	return s, nil
}
