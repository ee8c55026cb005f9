package collector

import (
	"fmt"
	"net"

	"ggsh/control/pin"
	"ggsh/ggserr"
)

// Listen listens on address and gives the line that announces it: LISTENING and
// the port. When the address is not loopback, cfg is made to ask for TLS, and
// the line ends with the fingerprint of a certificate for this server's life.
func Listen(address string, cfg *ServerConfig) (net.Listener, string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, "", ggserr.New(ggserr.NetworkError, address).Because(err)
	}
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		l.Close()
		return nil, "", ggserr.New(ggserr.NetworkError, address)
	}
	line := fmt.Sprintf("LISTENING %d", at.Port)
	if at.IP.IsLoopback() {
		return l, line, nil
	}
	cert, err := pin.Make("collector")
	if err != nil {
		l.Close()
		return nil, "", err
	}
	cfg.TLS, cfg.AllowRemote = pin.Server(cert), true
	return l, line + " " + pin.Fingerprint(cert), nil
}
