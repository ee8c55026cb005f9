package control

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// sameUser gives the reason why the caller of a loopback connection may not
// change anything, "" if it may. The kernel knows whose the other end is: it must
// be this program's user, or root. So the port gives nobody what the unix socket
// beside it would not.
func sameUser(q *http.Request) string {
	local, _ := q.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	from, err := netip.ParseAddrPort(q.RemoteAddr)
	if err != nil || local == nil {
		return "the caller is not known"
	}
	uid, ok := ownerOf(from, local.AddrPort())
	switch {
	case !ok:
		return "the kernel does not tell whose connection this is; use the unix socket in dirpcs"
	case uid != 0 && uid != os.Getuid():
		return fmt.Sprintf("the caller is user %d of this host; only user %d and root may do this",
			uid, os.Getuid())
	}
	return ""
}

// ownerOf finds the user of the connection's end at near, whose other end is far.
func ownerOf(near, far netip.AddrPort) (uid int, ok bool) {
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		wide := strings.HasSuffix(table, "6")
		if uid, ok := findOwner(table, kernelForm(near, wide), kernelForm(far, wide)); ok {
			return uid, true
		}
	}
	return 0, false
}

func findOwner(table, near, far string) (uid int, ok bool) {
	f, err := os.Open(table)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		w := strings.Fields(lines.Text())
		if len(w) > 7 && w[1] == near && w[2] == far {
			uid, err := strconv.Atoi(w[7])
			return uid, err == nil
		}
	}
	return 0, false
}

// kernelForm prints an address as the kernel's tables have it: words of four
// bytes in the machine's order.
func kernelForm(a netip.AddrPort, wide bool) string {
	var b strings.Builder
	raw := a.Addr().Unmap().AsSlice()
	if wide {
		all := a.Addr().As16()
		raw = all[:]
	}
	for ; len(raw) >= 4; raw = raw[4:] {
		fmt.Fprintf(&b, "%08X", binary.NativeEndian.Uint32(raw))
	}
	return fmt.Sprintf("%s:%04X", b.String(), a.Port())
}
