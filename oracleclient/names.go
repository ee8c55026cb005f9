package oracleclient

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultPort = 1521
	// deepestIFILE is how far files may name files.
	deepestIFILE = 5
)

// address is one place where the database may be.
type address struct {
	host   string
	port   int
	secure bool // TLS
}

func (a address) String() string { return net.JoinHostPort(a.host, strconv.Itoa(a.port)) }

// target is what a connect name means.
type target struct {
	name      string // as it was given
	from      string // file and line of an alias
	addresses []address
	service   string
	sid       string
	instance  string
	server    string        // DEDICATED, SHARED, POOLED
	timeout   time.Duration // for one address, zero without one
	retries   int
	delay     time.Duration
	dn        string // that the server's certificate must have
	wallet    string
}

// where names the target for messages.
func (t *target) where() string {
	what := t.service
	if what == "" {
		what = "SID " + t.sid
	}
	var at []string
	for _, a := range t.addresses {
		at = append(at, a.String())
	}
	text := strings.Join(at, ", ") + "/" + what
	if t.from != "" {
		return t.name + " (" + text + ", of " + t.from + ")"
	}
	return text
}

// resolver finds what a name means.
type resolver struct {
	getenv func(string) string
	config Config
	dir    string
	sqlnet *node
}

// resolve gives the target of a configuration.
func resolve(c Config, getenv func(string) string) (*target, error) {
	r := &resolver{getenv: getenv, config: c, dir: c.TNSAdmin, sqlnet: &node{}}
	if r.dir == "" {
		r.dir = getenv("TNS_ADMIN")
	}
	if home := getenv("ORACLE_HOME"); r.dir == "" && home != "" {
		r.dir = filepath.Join(home, "network", "admin")
	}
	if err := r.readSQLNet(); err != nil {
		return nil, err
	}
	t, err := r.find()
	if err != nil {
		return nil, err
	}
	if t.service == "" && t.sid == "" {
		t.sid = r.sid()
	}
	if t.service == "" && t.sid == "" {
		return nil, fmt.Errorf("%s names neither a SERVICE_NAME nor a SID. "+
			"Write host:port/service", t.name)
	}
	t.wallet = r.expand(r.sqlnet.value("WALLET_LOCATION", "SOURCE", "METHOD_DATA", "DIRECTORY"))
	if t.timeout == 0 {
		t.timeout = seconds(r.sqlnet.value("SQLNET.OUTBOUND_CONNECT_TIMEOUT"))
	}
	return t, nil
}

func (r *resolver) sid() string {
	if r.config.SID != "" {
		return r.config.SID
	}
	return r.getenv("ORACLE_SID")
}

// find goes by the form of the name.
func (r *resolver) find() (*target, error) {
	name := strings.TrimSpace(r.config.Connect)
	if name == "" {
		name = r.getenv("TWO_TASK")
	}
	if name == "" {
		return r.local()
	}
	switch {
	case strings.HasPrefix(name, "("):
		l := &lexer{text: name, line: 1}
		n, err := l.part(1)
		if err != nil {
			return nil, fmt.Errorf("connect descriptor: %w", err)
		}
		return r.described(&target{name: "the connect descriptor"}, []*node{n})
	case strings.ContainsAny(name, "/:"):
		return easy(name)
	}
	t, known, err := r.alias(name)
	if err != nil || t != nil {
		return t, err
	}
	return nil, r.unknown(name, known)
}

// local is where no name is given: this machine's instance.
func (r *resolver) local() (*target, error) {
	sid := r.sid()
	if sid == "" {
		return nil, errors.New("no database is named, and neither TWO_TASK nor ORACLE_SID is set. " +
			"Write user@//host:1521/service, or an alias of tnsnames.ora")
	}
	if t, _, err := r.alias(sid); err == nil && t != nil {
		return t, nil
	}
	return &target{name: sid, sid: sid, from: "ORACLE_SID",
		addresses: []address{{host: "localhost", port: defaultPort}}}, nil
}

// easy reads [protocol:]//host[:port][,host[:port]]/service[:server][/instance], with
// or without the slashes before, and host:port:SID.
func easy(name string) (*target, error) {
	t := &target{name: name}
	rest, _, _ := strings.Cut(name, "?")
	secure := false
	if protocol, after, ok := strings.Cut(rest, "://"); ok {
		switch strings.ToLower(protocol) {
		case "tcp":
		case "tcps":
			secure = true
		default:
			return nil, fmt.Errorf("%s: the protocol %s is not known. Use tcp or tcps", name, protocol)
		}
		rest = after
	}
	rest = strings.TrimPrefix(rest, "//")
	hosts, path, hasPath := strings.Cut(rest, "/")
	for _, h := range strings.Split(hosts, ",") {
		a, sid, err := hostPort(strings.TrimSpace(h))
		if err != nil {
			return nil, fmt.Errorf("%s: %w. Write host:port/service", name, err)
		}
		if t.sid = sid; sid != "" && hasPath {
			return nil, fmt.Errorf("%s has a SID and a service. Write host:port/service", name)
		}
		a.secure = secure
		t.addresses = append(t.addresses, a)
	}
	service, instance, _ := strings.Cut(path, "/")
	service, t.server, _ = strings.Cut(service, ":")
	t.service, t.instance = service, instance
	return t, nil
}

// hostPort reads host, host:port, [v6]:port or host:port:SID.
func hostPort(s string) (a address, sid string, err error) {
	host, rest := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return a, "", fmt.Errorf("[ has no ] in %s", s)
		}
		host, rest = s[1:end], strings.TrimPrefix(s[end+1:], ":")
	} else {
		host, rest, _ = strings.Cut(s, ":")
	}
	if host == "" {
		return a, "", errors.New("the host is missing")
	}
	a = address{host: host, port: defaultPort}
	if rest != "" {
		port, id, _ := strings.Cut(rest, ":")
		sid = id
		if a.port, err = portNumber(port); err != nil {
			return a, "", err
		}
	}
	return a, sid, nil
}

func portNumber(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("the port %q is not a number from 1 to 65535", s)
	}
	return n, nil
}

// alias looks into tnsnames.ora. Without the alias, it gives those that there are.
func (r *resolver) alias(name string) (*target, []string, error) {
	if r.dir == "" {
		return nil, nil, nil
	}
	wanted := []string{strings.ToUpper(name)}
	if domain := r.sqlnet.value("NAMES.DEFAULT_DOMAIN"); domain != "" &&
		!strings.Contains(name, ".") {
		wanted = append(wanted, strings.ToUpper(name+"."+domain))
	}
	var found *entry
	var in string
	var known []string
	err := r.readNames(filepath.Join(r.dir, "tnsnames.ora"), 0, func(file string, e *entry) {
		known = append(known, e.names...)
		if found == nil && slices.ContainsFunc(e.names, func(n string) bool {
			return slices.Contains(wanted, n)
		}) {
			found, in = e, file
		}
	})
	if found == nil || err != nil && in == "" {
		return nil, known, err
	}
	t, err := r.described(&target{name: name, from: fmt.Sprintf("%s:%d", in, found.line)}, found.list)
	if err != nil {
		return nil, known, fmt.Errorf("%s:%d: %w", in, found.line, err)
	}
	return t, known, nil
}

// readNames reads a file of aliases and those that it includes.
func (r *resolver) readNames(file string, depth int, see func(file string, e *entry)) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && depth == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	entries, err := parseFile(string(text))
	for _, e := range entries {
		if e.names[0] != "IFILE" {
			see(file, e)
			continue
		}
		if depth == deepestIFILE {
			return fmt.Errorf("%s:%d: IFILE nests deeper than %d", file, e.line, deepestIFILE)
		}
		next := r.expand(e.text)
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(file), next)
		}
		if err := r.readNames(next, depth+1, see); err != nil {
			return err
		}
	}
	if bad, ok := errors.AsType[*syntaxError](err); ok {
		return fmt.Errorf("%s:%d: %s", file, bad.line, bad.text)
	}
	return err
}

// expand puts ORACLE_HOME and TNS_ADMIN in, as Oracle's files name them: ?, $NAME.
func (r *resolver) expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "?"); ok {
		path = r.getenv("ORACLE_HOME") + rest
	}
	return os.Expand(path, func(name string) string {
		if name == "TNS_ADMIN" && r.dir != "" {
			return r.dir
		}
		return r.getenv(name)
	})
}

func (r *resolver) readSQLNet() error {
	if r.dir == "" {
		return nil
	}
	file := filepath.Join(r.dir, "sqlnet.ora")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	entries, err := parseFile(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, e := range entries {
		e.name = e.names[0]
		r.sqlnet.list = append(r.sqlnet.list, &e.node)
	}
	return nil
}

// unknown says what there is instead of an alias.
func (r *resolver) unknown(name string, known []string) error {
	const or = "or write user@//host:port/service"
	if r.dir == "" {
		return fmt.Errorf("%s is not host:port/service, and there is no tnsnames.ora: set TNS_ADMIN "+
			"to its folder, %s", name, or)
	}
	file := filepath.Join(r.dir, "tnsnames.ora")
	if len(known) == 0 {
		return fmt.Errorf("the alias %s is not known: %s does not exist or is empty. Set TNS_ADMIN "+
			"to the right folder, %s", name, file, or)
	}
	slices.SortStableFunc(known, func(a, b string) int {
		return distance(strings.ToUpper(name), a) - distance(strings.ToUpper(name), b)
	})
	return fmt.Errorf("the alias %s is not in %s. There is %s; %s", name, file,
		strings.Join(known[:min(3, len(known))], ", "), or)
}

// distance counts the letters that differ, added and left out ones included.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// described fills a target from DESCRIPTION, or a list of them.
func (r *resolver) described(t *target, list []*node) (*target, error) {
	for _, n := range list {
		switch n.name {
		case "DESCRIPTION_LIST":
			if _, err := r.described(t, n.list); err != nil {
				return nil, err
			}
		case "DESCRIPTION":
			if err := t.describe(n); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("%s is where (DESCRIPTION=...) should be", n.name)
		}
	}
	if len(t.addresses) == 0 {
		return nil, errors.New("no (ADDRESS=(PROTOCOL=tcp)(HOST=...)(PORT=...)) is in the description")
	}
	return t, nil
}

func (t *target) describe(d *node) error {
	var list []address
	add := func(n *node) error {
		a, err := parseAddress(n)
		list = append(list, a)
		return err
	}
	balanced := on(d.value("LOAD_BALANCE"), false)
	failover := on(d.value("FAILOVER"), true)
	for _, n := range d.list {
		switch n.name {
		case "ADDRESS":
			if err := add(n); err != nil {
				return err
			}
		case "ADDRESS_LIST":
			balanced = on(n.value("LOAD_BALANCE"), balanced)
			failover = on(n.value("FAILOVER"), failover)
			for _, a := range n.list {
				if a.name != "ADDRESS" {
					continue
				}
				if err := add(a); err != nil {
					return err
				}
			}
		}
	}
	if balanced {
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	if !failover && len(list) > 1 {
		list = list[:1]
	}
	t.addresses = append(t.addresses, list...)
	t.service = first(t.service, d.value("CONNECT_DATA", "SERVICE_NAME"))
	t.sid = first(t.sid, d.value("CONNECT_DATA", "SID"))
	t.instance = first(t.instance, d.value("CONNECT_DATA", "INSTANCE_NAME"))
	t.server = first(t.server, d.value("CONNECT_DATA", "SERVER"))
	t.dn = first(t.dn, d.value("SECURITY", "SSL_SERVER_CERT_DN"), d.value("SECURITY", "SSL_SERVER_DN"))
	t.timeout = max(t.timeout, seconds(first(d.value("CONNECT_TIMEOUT"),
		d.value("TRANSPORT_CONNECT_TIMEOUT"))))
	t.delay = max(t.delay, seconds(d.value("RETRY_DELAY")))
	if n, err := strconv.Atoi(d.value("RETRY_COUNT")); err == nil {
		t.retries = min(max(n, 0), 100)
	}
	return nil
}

func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

func on(text string, otherwise bool) bool {
	switch strings.ToUpper(text) {
	case "ON", "YES", "TRUE":
		return true
	case "OFF", "NO", "FALSE":
		return false
	}
	return otherwise
}

// seconds reads 10, 10 sec, 500 ms or 2 min; zero is none.
func seconds(text string) time.Duration {
	fields := strings.Fields(strings.ToLower(text))
	if len(fields) == 0 {
		return 0
	}
	number, unit := fields[0], time.Second
	for suffix, u := range map[string]time.Duration{"ms": time.Millisecond, "min": time.Minute,
		"sec": time.Second} {
		if cut, ok := strings.CutSuffix(number, suffix); ok {
			number, unit = cut, u
		}
		if len(fields) > 1 && fields[1] == suffix {
			unit = u
		}
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > 86400 {
		return 0
	}
	return time.Duration(n) * unit
}

func parseAddress(n *node) (address, error) {
	a := address{host: n.value("HOST"), port: defaultPort}
	switch protocol := strings.ToUpper(n.value("PROTOCOL")); protocol {
	case "TCP", "":
	case "TCPS":
		a.secure = true
	default:
		return a, fmt.Errorf("the protocol %s of an address is not known. Use TCP or TCPS", protocol)
	}
	if a.host == "" {
		return a, errors.New("an address has no HOST")
	}
	if port := n.value("PORT"); port != "" {
		var err error
		if a.port, err = portNumber(port); err != nil {
			return a, err
		}
	}
	return a, nil
}
