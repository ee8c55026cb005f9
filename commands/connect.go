package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"ggsh/control"
	"ggsh/control/pin"
	"ggsh/hostkey"
)

// defaultPort is a Manager's without PORT.
const defaultPort = 7809

// remoteTime bounds a line that another host executes; a Manager's own bound is
// a little shorter. A network that is lost is noticed sooner.
const remoteTime = 10*time.Minute + 30*time.Second

// remote is the Manager of another home that the session is connected to.
type remote struct {
	address string
	client  *control.Client
	session *control.Session // there
	as      string           // its database login
}

// execute has a line executed there. A session that has ended is begun anew; with
// it went a login, which is told.
func (m *remote) execute(ctx context.Context, q control.CommandRequest, r *Result) (
	control.CommandReply, error) {
	if !m.session.Alive() {
		if m.as != "" {
			r.Notes = append(r.Notes, "the session at "+m.address+" had ended, and with it the login "+
				"to "+m.as+".")
			m.as = ""
		}
		session, err := m.client.Open(ctx)
		if err != nil {
			return control.CommandReply{}, err
		}
		m.session = session
	}
	ctx, cancel := context.WithTimeout(ctx, remoteTime)
	defer cancel()
	rep, err := m.session.Execute(ctx, q)
	if err == nil && rep.Ask == nil && rep.Edit == nil {
		m.as = rep.As
	}
	return rep, err
}

// leaveRemote ends the connection to another Manager, if there is one.
func (s *Session) leaveRemote() {
	if s.remote != nil {
		s.remote.session.Close()
		s.remote = nil
	}
}

// relayed is what a line gave on another home, as that home renders it.
type relayed struct {
	text string
	data json.RawMessage
}

// Text is the rendering without the blank lines around it.
func (r relayed) Text() string { return r.text }

// with gives the other home's result, with notes of this one.
func (r relayed) with(notes []string) ([]byte, error) {
	if len(notes) == 0 {
		return r.data, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(r.data, &fields); err != nil {
		return nil, err
	}
	var theirs []string
	if err := json.Unmarshal(fields["notes"], &theirs); err != nil && fields["notes"] != nil {
		return nil, err
	}
	all, err := json.Marshal(append(notes, theirs...))
	if err != nil {
		return nil, err
	}
	fields["notes"] = all
	return json.Marshal(fields)
}

// Destination is what CONNECT is given: another Manager, and who calls it.
type Destination struct {
	Address     string // host[:port]
	Fingerprint string // of its certificate, which is trusted from now on; may be empty
	// User of the credential store there; empty for a Manager of this host.
	User     string
	Password func() (string, error) // asked for once, when there is a user
	// Alias and Domain of the credential store here, instead of a user.
	Alias, Domain string
}

func connect(ctx context.Context, s *Session, c *call) (Value, error) {
	d := Destination{Address: c.at("address"), Fingerprint: c.text("FINGERPRINT"),
		User: c.text("USERID") + c.text("AS"), Alias: c.text("USERIDALIAS"), Domain: c.text("DOMAIN")}
	d.Password = func() (string, error) { return s.password(c) }
	if user, password, ok := splitUser(d.User); ok {
		d.User, d.Password = user, func() (string, error) { return password, nil }
	}
	return s.connectTo(ctx, d)
}

// Connect is CONNECT for who has no line of it.
func (s *Session) Connect(ctx context.Context, d Destination) *Result {
	r := &Result{Command: "CONNECT " + d.Address, at: s.cfg.Now()}
	var err error
	if r.Value, err = s.connectTo(ctx, d); err != nil {
		r.fail(err)
	}
	return r
}

func (s *Session) connectTo(ctx context.Context, d Destination) (Value, error) {
	host, port, err := splitAddress(d.Address)
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(host, strconv.Itoa(port))
	known := hostkey.KnownTo(s.cfg.Home)
	find := known.Find
	if d.Fingerprint != "" {
		find = func(string) (string, error) { return d.Fingerprint, nil }
	}
	if seen, err := find(address); err == nil && seen == "" {
		probe := control.ToManager(host, port, control.Trust{Known: find})
		if _, err = probe.Do(ctx, control.Request{Verb: control.Identify}); err != nil {
			if err = s.accept(known, address, err); err != nil {
				return nil, err
			}
		}
	}
	trust := control.Trust{Known: find}
	if trust.User, trust.Password, err = s.remoteUser(d); err != nil {
		return nil, err
	}
	r := &remote{address: address, client: control.ToManager(host, port, trust)}
	r.session, err = r.client.Open(ctx)
	var answered *control.Problem
	if d.Fingerprint != "" && (err == nil || errors.As(err, &answered)) { // it was the one
		if err := known.Add(address, d.Fingerprint); err != nil {
			return nil, refuse("%s", err)
		}
	}
	if err != nil {
		return nil, err
	}
	s.leaveRemote()
	s.remote = r
	return say("Connected to the Manager at "+address+".",
		"Commands are executed there; DISCONNECT comes back."), nil
}

// accept asks whether a certificate that nobody has seen is the right one. Other
// errors of the first look are for the second to tell: a user may be missing.
func (s *Session) accept(known hostkey.Known, address string, err error) error {
	var refused *control.Problem
	if errors.As(err, &refused) {
		return nil
	}
	var u *pin.Unknown
	if !errors.As(err, &u) || u.Want != "" || s.cfg.Lines == nil || s.cfg.Unattended {
		return err
	}
	yes, aerr := s.ask(fmt.Sprintf("The Manager at %s has a certificate with the fingerprint\n%s\n"+
		"INFO MANAGER there shows it. Is it the same (y/n)? ", address, u.Got))
	if aerr != nil {
		return aerr
	}
	if !yes {
		return refuse("The Manager at %s is not trusted; nothing is sent to it.", address)
	}
	return known.Add(address, u.Got)
}

// remoteUser gives user and password for a Manager; without a user none, as a
// Manager of this host needs.
func (s *Session) remoteUser(d Destination) (user, password string, err error) {
	switch {
	case d.Alias != "":
		domain := d.Domain
		if domain == "" {
			domain = AdminDomain
		}
		return s.aliases().Secret(d.Alias, domain)
	case d.User == "":
		return "", "", nil
	}
	password, err = d.Password()
	return d.User, password, err
}

// splitAddress reads host, host:port, or the address of a service with its scheme and
// path, which say nothing here.
func splitAddress(address string) (host string, port int, err error) {
	if _, rest, found := strings.Cut(address, "://"); found {
		address, _, _ = strings.Cut(rest, "/")
	}
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return address, defaultPort, nil
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 || host == "" {
		return "", 0, refuse("%s is not host:port.", address)
	}
	return host, port, nil
}

func disconnect(_ context.Context, s *Session, _ *call) (Value, error) {
	if s.remote == nil {
		return nil, refuse("The shell is not connected to another Manager.")
	}
	address := s.remote.address
	s.leaveRemote()
	return say("Disconnected from the Manager at " + address + "."), nil
}

// forward has the other home execute a line. Its questions are put here, and what
// it gives to be edited is edited here.
func (s *Session) forward(ctx context.Context, c *call, line string, r *Result) {
	q := control.CommandRequest{Line: line, Answers: []string{}}
	if s.cfg.Lines == nil {
		q.Answers = nil
	}
	for {
		rep, err := s.remote.execute(ctx, q, r)
		if err != nil {
			r.fail(err)
			return
		}
		if rep.Edit != nil && c.cmd.Name() == "EDIT PARAMS" {
			s.forwardEdit(ctx, rep.Edit, q, r)
			return
		}
		if rep.Ask == nil || s.cfg.Lines == nil || len(q.Answers) >= maxAnswers {
			s.relay(rep, r)
			return
		}
		ask := s.cfg.Lines.Next
		if rep.Ask.Secret {
			ask = s.cfg.Lines.Password
		}
		answer, err := ask(rep.Ask.Prompt)
		if err != nil && answer == "" {
			r.fail(refuse("The question was not answered; nothing is changed."))
			return
		}
		q.Answers = append(q.Answers, answer)
	}
}

// relay makes the other home's answer this one's.
func (s *Session) relay(rep control.CommandReply, r *Result) {
	if len(rep.Result) == 0 {
		r.fail(refuse("The Manager at %s did not execute it: %s", s.remote.address, problemText(rep)))
		return
	}
	r.relayed, r.Failed = &relayed{text: rep.Text, data: rep.Result}, rep.Error != nil
	if rep.Long {
		r.Value = Page{Content: rep.Text}
	}
}

func problemText(rep control.CommandReply) string {
	if rep.Error != nil {
		return rep.Error.Text
	}
	return "it gave no result."
}

// here reports whether a command is the shell's own, also when it is connected.
func (s *Session) here(c *Command) (bool, error) {
	switch c.Name() {
	case "CONNECT", "DISCONNECT", "HELP", "HISTORY", "!", "FC", "OBEY", "ALLOWNESTED",
		"NOALLOWNESTED", "SET EDITOR", "EXIT", "QUIT":
		return true, nil
	case "SHELL", "SH", "START MANAGER":
		return false, refuse("%s is not done on another host.", c.Name()).
			Do("Log in to %s and run ggsh there, or DISCONNECT to do it here.", s.remote.address)
	}
	return false, nil
}

func connectRows() []Command {
	return []Command{
		{Verb: "CONNECT", Priority: Extension, run: connect,
			Synopsis: "CONNECT host[:port] [USERID user [, PASSWORD p] | USERIDALIAS a [DOMAIN d]] " +
				"[FINGERPRINT f]",
			Help: "Connects the shell to the Manager of another home, which executes the commands that " +
				"follow. Its user is one of domain " + AdminDomain + " of the credential store there. A " +
				"login of DBLOGIN ends with the connection; EDIT PARAMS uses the editor here.",
			Places: []Arg{{Name: "address", Kind: Word, Help: "host:port of its Manager"}},
			Options: []Arg{{Name: "USERID", Kind: Word, Help: "user of the credential store there"},
				{Name: "AS", Kind: Word, Help: "the same as USERID"},
				{Name: "PASSWORD", Kind: Word, Help: "password; asked for without it"},
				{Name: "DEPLOYMENT", Kind: Word, Note: "a Manager has one home, which its port says."},
				{Name: "USERIDALIAS", Kind: Word, Help: "alias of the credential store here"},
				{Name: "DOMAIN", Kind: Word, Help: "of the alias; else " + AdminDomain},
				{Name: "FINGERPRINT", Kind: Word, Help: "of its certificate, which is trusted from now on"}}},
		{Verb: "DISCONNECT", Priority: Extension, run: disconnect, Synopsis: "DISCONNECT",
			Help: "Ends the connection to another Manager; commands are executed here again."},
	}
}
