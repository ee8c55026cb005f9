package mysql

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"ggsh/record"
)

// place is a position between two events of a server's binary log.
type place struct {
	File string `json:"file,omitempty"`
	Pos  uint64 `json:"pos,omitempty"`
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.File, p.Pos) }

// number is the trailing number of the file's name.
func (p place) number() uint64 { return fileNumber(p.File) }

// after reports whether p lies behind q; both are of one server.
func (p place) after(q place) bool {
	if n, m := p.number(), q.number(); n != m {
		return n > m
	}
	return p.Pos > q.Pos
}

// fileNumber reads the number behind the last dot of a log file's name.
func fileNumber(name string) uint64 {
	n, err := strconv.ParseUint(name[strings.LastIndexByte(name, '.')+1:], 10, 32)
	if err != nil {
		return 0
	}
	return n
}

// csn makes the commit sequence number of a place. The epoch counts changes of
// the server and keeps numbers rising when the next server's files count lower.
func (p place) csn(epoch uint32) record.CSN {
	return record.CSN{Major: uint64(epoch)<<32 | p.number(), Minor: p.Pos}
}

// restart is the content of Txn.Restart: JSON, so that it can be read and grow.
type restart struct {
	Flavor string `json:"flavor"`
	Server string `json:"server"` // server_uuid, or MariaDB's server_id
	Epoch  uint32 `json:"epoch,omitempty"`
	// place is behind the last transaction delivered.
	place
	GTID string `json:"gtid,omitempty"` // what was committed up to there
	// From is where to read again because of XA branches that were prepared and
	// not yet committed; nil when there are none.
	From *restartFrom `json:"from,omitempty"`
}

type restartFrom struct {
	place
	GTID string `json:"gtid,omitempty"`
}

// parseRestart reads a Restart text.
func parseRestart(s string) (restart, error) {
	var r restart
	if err := json.Unmarshal([]byte(s), &r); err != nil {
		return r, fmt.Errorf("restart position %q: %w", s, err)
	}
	if r.File == "" || r.Pos < 4 || r.Flavor == "" {
		return r, fmt.Errorf("restart position %q lacks flavor, file or position", s)
	}
	return r, nil
}

// text is the JSON of r, written by hand because every transaction has one.
func (r *restart) text() string {
	b := make([]byte, 0, 160+len(r.GTID))
	b = append(b, `{"flavor":"`...)
	b = append(b, r.Flavor...)
	b = append(b, `","server":"`...)
	b = append(b, r.Server...)
	b = append(b, '"')
	if r.Epoch > 0 {
		b = strconv.AppendUint(append(b, `,"epoch":`...), uint64(r.Epoch), 10)
	}
	b = append(b, ',')
	b = appendPlace(b, r.place, r.GTID)
	if r.From != nil {
		b = append(b, `,"from":{`...)
		b = appendPlace(b, r.From.place, r.From.GTID)
		b = append(b, '}')
	}
	return string(append(b, '}'))
}

func appendPlace(b []byte, p place, gtid string) []byte {
	b = append(b, `"file":`...)
	b = strconv.AppendQuote(b, p.File)
	b = strconv.AppendUint(append(b, `,"pos":`...), p.Pos, 10)
	if gtid != "" {
		b = append(b, `,"gtid":"`...)
		b = append(append(b, gtid...), '"')
	}
	return b
}
