package kafkaclient

import (
	"net"
	"slices"
	"strconv"
	"strings"
)

// applyServers takes host:port,host:port; brackets hold addresses with colons.
func applyServers(b *builder, s Setting) error {
	for _, part := range strings.Split(s.Value, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if before, after, found := strings.Cut(part, "://"); found && before != "" {
			part = after // PLAINTEXT://host:port, as listeners are written
		}
		host, port, err := net.SplitHostPort(part)
		if err != nil {
			return s.refuse("%q is not host:port", part)
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" {
			return s.refuse("%q is not host:port", part)
		}
		if !slices.Contains(b.config.Brokers, part) {
			b.config.Brokers = append(b.config.Brokers, part)
		}
	}
	return nil
}
