package tns

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The character sets, by Oracle's numbers.
const (
	charsetUTF8   = 873
	charsetLatin1 = 31
	charsetUTF16  = 2000
)

const (
	// version is the lower layer's: 315 made packets long, 318 brought what no client
	// needs.
	version = 317
	// fieldVersion decides which fields messages have: that of a database of 18c.
	fieldVersion = 11
	// databaseVersion is 18.3.0.0.0 in the form of version numbers since 18c.
	databaseVersion = 18<<24 | 3<<16
	// zoneVersion is that of the time zone file.
	zoneVersion = 32
)

// Places in the capabilities of the upper layer, and their bits.
const (
	capLogon        = 4
	capFieldVersion = 7
	capCallStatus   = 15
	capSequence     = 16
	capLOB          = 23
	capWideTypes    = 27
	capChunks       = 37

	capsLength = 45
	// lengthFirst in a client's flags: texts have their length before them once more.
	lengthFirst = 2
	// typeSigned is the type of scales. Universal, its values have their length before
	// them; in all other forms it is one octet.
	typeSigned = 27
	universal  = 1
)

// compileCaps are the server's capabilities.
func compileCaps() []byte {
	caps := make([]byte, capsLength)
	copy(caps, []byte{6, 1, 1, 1, 0xea, 1, 1, fieldVersion, 1, 1, 1, 1, 1, 1, 1})
	caps[capCallStatus] = 0x29
	caps[capSequence] = 0x91
	copy(caps[17:], []byte{3, 7, 3, 0, 1, 0})
	caps[capLOB] = 0xcf
	caps[24], caps[26] = 1, 4
	caps[capWideTypes] = 1
	caps[34] = 12
	caps[capChunks] = 0xba
	caps[42] = 5
	return caps
}

// runtimeCaps: the database's time zone is told, and VARCHAR2 may have 32 K.
func runtimeCaps() []byte { return []byte{2, 1, 0, 0, 0, 0, 4, 0, 0, 0, 0} }

// greet reads the CONNECT packet and accepts or refuses.
func (s *Server) greet(l *link) (Login, error) {
	kind, _, body, err := l.packet(false)
	if err != nil {
		return Login{}, fmt.Errorf("read the connect packet: %w", err)
	}
	if kind != packetConnect || len(body) < 28 {
		return Login{}, fmt.Errorf("the first packet has type %d and %d octets", kind, len(body)+head)
	}
	length := int(binary.BigEndian.Uint16(body[16:]))
	at := int(binary.BigEndian.Uint16(body[18:])) - head
	var data []byte
	if at >= 0 && at+length <= len(body) {
		data = body[at : at+length]
	} else {
		// A long descriptor comes in a data packet of its own.
		if kind, _, data, err = l.packet(false); err != nil || kind != packetData || len(data) < 2 {
			return Login{}, fmt.Errorf("read the connect descriptor: %w", err)
		}
		data = data[2:]
	}
	who := parseDescriptor(string(data))
	if code := s.unknown(who); code != 0 {
		return who, s.refuse(l, code)
	}
	// The octet 24 of the packet says which network services the client wants.
	flag := byte(1)
	if body[24]&4 != 0 {
		flag = 4
	}
	return who, l.write(acceptPacket(flag))
}

func acceptPacket(services byte) []byte {
	const length = 41
	p := make([]byte, length)
	binary.BigEndian.PutUint16(p, length)
	p[4] = packetAccept
	binary.BigEndian.PutUint16(p[8:], version)
	binary.BigEndian.PutUint16(p[10:], 1)
	binary.BigEndian.PutUint16(p[12:], unit)
	binary.BigEndian.PutUint16(p[14:], unit)
	binary.BigEndian.PutUint16(p[16:], 1)
	binary.BigEndian.PutUint16(p[20:], length)
	p[22], p[23] = services, services
	binary.BigEndian.PutUint32(p[32:], unit)
	binary.BigEndian.PutUint32(p[36:], unit)
	return p
}

var (
	serviceName = regexp.MustCompile(`(?i)\(\s*SERVICE_NAME\s*=\s*([^()\s]*)\s*\)`)
	sidName     = regexp.MustCompile(`(?i)\(\s*SID\s*=\s*([^()\s]*)\s*\)`)
	programName = regexp.MustCompile(`(?i)\(\s*PROGRAM\s*=\s*([^()]*)\)`)
)

func parseDescriptor(text string) Login {
	find := func(r *regexp.Regexp) string {
		if m := r.FindStringSubmatch(text); m != nil {
			return strings.TrimSpace(m[1])
		}
		return ""
	}
	return Login{Service: find(serviceName), SID: find(sidName), Program: find(programName)}
}

// unknown gives the listener's error for a service that is not here.
func (s *Server) unknown(who Login) int {
	is := func(name string) bool {
		return slices.ContainsFunc(s.config.Services,
			func(have string) bool { return strings.EqualFold(have, name) })
	}
	switch {
	case len(s.config.Services) == 0, is(who.Service), who.Service == "" && is(who.SID):
		return 0
	case who.Service == "":
		return 12505
	}
	return 12514
}

func (s *Server) refuse(l *link, code int) error {
	text := fmt.Sprintf("(DESCRIPTION=(TMP=)(VSNNUM=%d)(ERR=%d)(ERROR_STACK=(ERROR=(CODE=%d)(EMFI=4))))",
		databaseVersion, code, code)
	p := make([]byte, 12, 12+len(text))
	binary.BigEndian.PutUint16(p, uint16(12+len(text)))
	p[4], p[8], p[9] = packetRefuse, 0x22, 0
	binary.BigEndian.PutUint16(p[10:], uint16(len(text)))
	if err := l.write(append(p, text...)); err != nil {
		return err
	}
	return fmt.Errorf("refused with ORA-%05d", code)
}

// services answers the negotiation of encryption and checksums: neither.
func (se *session) services() error {
	r := &se.in
	r.skip(3) // the rest of DEADBEEF
	length := binary.BigEndian.Uint16(pad(r.raw(2), 2))
	r.skip(max(0, int(length)-6))
	var m []byte
	part := func(kind uint16, value ...byte) {
		m = binary.BigEndian.AppendUint16(m, uint16(len(value)))
		m = append(binary.BigEndian.AppendUint16(m, kind), value...)
	}
	service := func(kind, parts uint16) {
		m = binary.BigEndian.AppendUint16(m, kind)
		m = append(binary.BigEndian.AppendUint16(m, parts), 0, 0, 0, 0)
		part(5, 18, 0, 0, 0) // its version
	}
	service(4, 3) // the supervisor
	part(6, 0, 31)
	part(1, 0xde, 0xad, 0xbe, 0xef, 0, 3, 0, 0, 0, 2, 0, 4, 0, 1) // which are active
	service(1, 2)                                                 // authentication: by password
	part(6, 0xfb, 0xff)
	service(2, 2) // encryption: none
	part(2, 0)
	service(3, 2) // checksums: none
	part(2, 0)
	out := message{0xde, 0xad, 0xbe, 0xef}
	out = binary.BigEndian.AppendUint16(out, uint16(len(m)+13))
	out = append(out, 18, 0, 0, 0, 0, 4, 0)
	return se.send(append(out, m...))
}

// pad makes sure of n octets when a message ended early, which its error tells.
func pad(b []byte, n int) []byte {
	if len(b) < n {
		return make([]byte, n)
	}
	return b
}

// protocol answers the first message of the upper layer.
func (se *session) protocol() error {
	r := &se.in
	for r.u8() != 0 && r.err == nil {
	}
	for r.u8() != 0 && r.err == nil {
	}
	var m message
	m.u8(1, 6, 0)
	m = append(m, "x86_64/Linux 2.4.xx\x00"...)
	m = binary.LittleEndian.AppendUint16(m, uint16(se.server.config.Charset))
	m.u8(1, 0, 0)
	// The national character set stands behind two lists, which are empty.
	features := make([]byte, 11)
	binary.BigEndian.PutUint16(features[9:], charsetUTF16)
	m = append(binary.BigEndian.AppendUint16(m, uint16(len(features))), features...)
	m.octets(compileCaps())
	m.octets(runtimeCaps())
	return se.send(m)
}

// types answers the second one: which types there are, and how they travel.
func (se *session) types() error {
	r := &se.in
	r.skip(4) // character sets
	se.bareTexts = r.u8()&lengthFirst == 0
	caps := pad(r.octets(), capChunks+1)
	runtime := pad(r.octets(), 2)
	var m message
	m.u8(2)
	if runtime[1]&1 != 0 {
		// The database's time zone, as an interval: +00:00.
		zone := []byte{128, 0, 0, 0, 60, 60, 60, 128, 0, 0, 0}
		r.skip(len(zone))
		m = append(m, zone...)
		if caps[capChunks]&2 != 0 {
			r.skip(4)
			m = binary.BigEndian.AppendUint32(m, zoneVersion)
		}
		r.skip(2) // the client's national character set
	}
	wide := caps[capWideTypes] != 0
	se.readTypes(wide)
	for _, v := range []uint16{1, 1, 1, 0, 2, 2, 10, 0, 0} {
		if wide {
			m = binary.BigEndian.AppendUint16(m, v)
		} else {
			m.u8(byte(v))
		}
	}
	return se.send(m)
}

// readTypes reads pairs of types up to a zero; those that are known on both sides have
// two more numbers.
func (se *session) readTypes(wide bool) {
	r := &se.in
	number := func() int {
		if wide {
			return int(binary.BigEndian.Uint16(pad(r.raw(2), 2)))
		}
		return int(r.u8())
	}
	for r.err == nil {
		kind := number()
		if kind == 0 {
			return
		}
		if number() == 0 {
			continue
		}
		if form := number(); kind == typeSigned {
			se.shortScale = form != universal
		}
		number()
	}
}
