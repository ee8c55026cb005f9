package server

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mirror is a Debian archive as the machine's own apt configuration names it.
type mirror struct {
	URI      string
	SignedBy string // keyring file; empty leaves the choice to apt
}

// debianKeyring is where Debian's own package puts its archive keys.
const debianKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// findMirror reads the apt sources below etc (normally /etc/apt) and gives the first
// Debian archive among them. GGSH_TEST_DEBIAN_MIRROR overrides it, for machines that
// have apt but are not Debian.
func findMirror(etc string) (mirror, error) {
	if uri := os.Getenv("GGSH_TEST_DEBIAN_MIRROR"); uri != "" {
		return withKeyring(mirror{URI: uri}), nil
	}
	files := []string{filepath.Join(etc, "sources.list")}
	for _, pattern := range []string{"*.sources", "*.list"} {
		more, err := filepath.Glob(filepath.Join(etc, "sources.list.d", pattern))
		if err != nil {
			return mirror{}, fmt.Errorf("list the apt sources: %w", err)
		}
		files = append(files, more...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return mirror{}, fmt.Errorf("read the apt sources: %w", err)
		}
		entries := oneLineSources(text)
		if strings.HasSuffix(file, ".sources") {
			entries = deb822Sources(text)
		}
		for _, e := range entries {
			if e.isDebian() {
				return withKeyring(mirror{URI: e.uri, SignedBy: e.signedBy}), nil
			}
		}
	}
	return mirror{}, fmt.Errorf("no Debian archive among the apt sources in %s: "+
		"set GGSH_TEST_DEBIAN_MIRROR to the address of one", etc)
}

// withKeyring fills in Debian's keyring where the source named no key file.
func withKeyring(m mirror) mirror {
	if !strings.HasPrefix(m.SignedBy, "/") {
		m.SignedBy = ""
		if _, err := os.Stat(debianKeyring); err == nil {
			m.SignedBy = debianKeyring
		}
	}
	return m
}

// source is one enabled binary entry of an apt source file.
type source struct {
	uri, signedBy      string
	suites, components []string
}

// isDebian tells Debian's main archive from its security archive and from others.
func (s source) isDebian() bool {
	suites := []string{"stable", "testing", "unstable", "sid", "bullseye", "bookworm", "trixie",
		"forky", "duke"}
	return s.uri != "" && slices.Contains(s.components, "main") &&
		!strings.Contains(s.uri, "security") &&
		slices.ContainsFunc(s.suites, func(suite string) bool { return slices.Contains(suites, suite) })
}

// deb822Sources reads the stanza format of *.sources files.
func deb822Sources(text []byte) []source {
	var out []source
	for _, stanza := range bytes.Split(text, []byte("\n\n")) {
		field := map[string]string{}
		last := ""
		for line := range strings.Lines(string(stanza)) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			if name, value, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, " ") {
				last = strings.ToLower(name)
				field[last] = strings.TrimSpace(value)
			} else if last != "" {
				field[last] += " " + strings.TrimSpace(line)
			}
		}
		if !slices.Contains(strings.Fields(field["types"]), "deb") || field["enabled"] == "no" {
			continue
		}
		for _, uri := range strings.Fields(field["uris"]) {
			out = append(out, source{uri: uri, signedBy: field["signed-by"],
				suites: strings.Fields(field["suites"]), components: strings.Fields(field["components"])})
		}
	}
	return out
}

// oneLineSources reads the "deb [options] uri suite component…" format.
func oneLineSources(text []byte) []source {
	var out []source
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		rest, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "deb ")
		if !ok {
			continue
		}
		var s source
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "[") {
			options, after, _ := strings.Cut(rest[1:], "]")
			rest = after
			for _, o := range strings.Fields(options) {
				if v, ok := strings.CutPrefix(o, "signed-by="); ok {
					s.signedBy = v
				}
			}
		}
		words := strings.Fields(rest)
		if len(words) < 3 {
			continue
		}
		s.uri, s.suites, s.components = words[0], words[1:2], words[2:]
		out = append(out, s)
	}
	return out
}
