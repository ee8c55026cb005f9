package collector

import (
	"encoding/binary"
	"errors"
	"fmt"

	"ggsh/record"
	"ggsh/trail"
)

// Last gives the last complete transaction that the remote trail holds, with
// the position in the local trail that it came from; then, the last one sent.
func (s *Sender) Last() (record.CSN, record.TxnInfo, bool) {
	return s.last.CSN, s.last, s.hasLast
}

// Durable is the end of what is durable in the remote trail, as far as known.
func (s *Sender) Durable() trail.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.durable
}

// Position is Durable: the positions of what is on its way are the server's.
func (s *Sender) Position() trail.Position { return s.Durable() }

// BeginTxn begins a transaction; an open one is dropped.
func (s *Sender) BeginTxn(info *record.TxnInfo) error {
	if err := s.failed(); err != nil {
		return err
	}
	s.info = *info
	s.info.Continued = false
	s.open = true
	s.scratch = record.AppendTxnInfo(s.scratch[:0], &s.info)
	s.add(itemTxn, s.scratch)
	return nil
}

// AbortTxn gives the open transaction up.
func (s *Sender) AbortTxn() {
	if s.open {
		s.open = false
		s.add(itemAbort, nil)
	}
}

// Op sends an operation of the open transaction; see trail.Writer.Op.
func (s *Sender) Op(def *record.TableDef, body []byte, last bool) error {
	if err := s.failed(); err != nil {
		return err
	}
	if err := s.checkOp(def, body); err != nil {
		return err
	}
	if def != s.lastDef {
		if def != nil && s.defs[def.ID] != def {
			var err error
			if s.scratch, err = record.AppendTableDef(s.scratch[:0], def); err != nil {
				return err
			}
			s.add(itemTable, s.scratch)
			s.defs[def.ID] = def
		}
		s.lastDef = def
	}
	kind := byte(itemOp)
	if last {
		kind = itemLastOp
		s.open = false
		s.last, s.hasLast = s.info, true
	}
	if len(s.items)+len(body) > s.cfg.BlockBytes && len(s.items) > 0 {
		if err := s.Flush(); err != nil {
			return err
		}
	}
	s.add(kind, body)
	if len(s.items) >= s.cfg.BlockBytes {
		return s.Flush()
	}
	return nil
}

func (s *Sender) checkOp(def *record.TableDef, body []byte) error {
	if !s.open {
		return errors.New("collector: an operation without BeginTxn")
	}
	if len(body) < 6 || len(body) > trail.MaxBody {
		return fmt.Errorf("collector: an operation of %d bytes; possible are 6 to %d",
			len(body), trail.MaxBody)
	}
	kind, id := record.OpTable(body)
	if def != nil && def.ID != id || def == nil && kind != record.DDL {
		return fmt.Errorf("collector: an operation on table %d comes without its definition", id)
	}
	return nil
}

func (s *Sender) add(kind byte, body []byte) {
	s.items = append(s.items, kind)
	s.items = binary.AppendUvarint(s.items, uint64(len(body)))
	s.items = append(s.items, body...)
	s.unasked = true
}

// Flush sends what was collected. It makes nothing durable.
func (s *Sender) Flush() error {
	if err := s.failed(); err != nil {
		return err
	}
	if len(s.items) == 0 {
		return nil
	}
	codec, content := byte(codecPlain), s.items
	if s.pack != nil && len(s.items) >= s.cfg.Threshold {
		s.packed = s.pack.EncodeAll(s.items, s.packed[:0])
		if len(s.packed) < len(s.items) {
			codec, content = codecZstd, s.packed
		}
	}
	head := blockHeader(codec, s.items)
	err := s.send(frameRecord, head[:], content)
	if cap(s.items) > 4*s.cfg.BlockBytes {
		s.items, s.packed = nil, nil
	}
	s.items = s.items[:0]
	return err
}

func (s *Sender) send(kind byte, parts ...[]byte) error {
	s.out.Lock()
	err := s.link.write(kind, parts...)
	s.out.Unlock()
	if err != nil {
		return s.broke(err)
	}
	return nil
}

// Rollover finishes the remote trail's file.
func (s *Sender) Rollover() error {
	if err := s.failed(); err != nil {
		return err
	}
	s.add(itemRollover, nil)
	return s.Flush()
}

// ask sends a Sync frame for all that was sent, unless one is on its way.
func (s *Sender) ask() error {
	if err := s.failed(); err != nil {
		return err
	}
	if !s.unasked {
		return nil
	}
	if err := s.Flush(); err != nil {
		return err
	}
	s.asked++
	s.unasked = false
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], s.asked)
	return s.send(frameSync, number[:])
}

// Sync waits until all that was sent is durable, and gives its end in the
// remote trail.
func (s *Sender) Sync() (trail.Position, error) {
	if err := s.ask(); err != nil {
		return s.Durable(), err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.synced < s.asked && s.err == nil {
		s.changed.Wait()
	}
	return s.durable, s.err
}

// SyncBehind is Sync that does not wait; one question is on its way at a time.
// mark is the caller's rising number for all that was sent so far; done is the
// highest mark of what is durable by now, and at its end in the remote trail.
func (s *Sender) SyncBehind(mark uint64) (done uint64, at trail.Position, err error) {
	s.mu.Lock()
	waiting := s.synced < s.asked
	if !waiting {
		s.mark = s.askedMark
	}
	at, err = s.durable, s.err
	s.mu.Unlock()
	if err != nil || waiting {
		return s.mark, at, err
	}
	s.askedMark = mark
	if !s.unasked {
		s.mark = mark
		return mark, at, nil
	}
	return s.mark, at, s.ask()
}

// Close has all that was sent made durable and ends the connection. A Sender
// that has failed gives its error.
func (s *Sender) Close() error {
	err := s.failed()
	if err == nil {
		err = s.Flush()
	}
	if err == nil {
		err = s.send(frameClose)
	}
	s.mu.Lock()
	for s.err == nil {
		s.changed.Wait()
	}
	clean := s.closed
	if !clean && err == nil {
		err = s.err
	}
	s.mu.Unlock()
	s.link.conn.Close()
	if clean || err == trail.ErrClosed {
		return nil
	}
	return err
}
