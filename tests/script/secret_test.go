package script

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"ggsh/tests/services/server"
)

var encrypted = regexp.MustCompile(`Encrypted password:  (\S+)`)

// sealPassword has ggsh encrypt the servers' password under a key of a home and
// keeps the text as a value: seal home name key.
func sealPassword(ts *testscript.TestScript, st *stage, args []string) {
	out, err := st.home(ts, args[0]).Program("ggsh", "-c",
		"ENCRYPT PASSWORD "+server.RootPassword+" AES256 ENCRYPTKEY "+args[2])
	m := encrypted.FindStringSubmatch(out)
	if err != nil || m == nil {
		ts.Fatalf("ENCRYPT PASSWORD: %v\n%s", err, out)
	}
	st.values[args[1]] = m[1]
}

// lacks looks for a text in the files of a home that match a pattern, of which
// there must be one: lacks home pattern text. ******** is the servers' password.
func lacks(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: lacks home pattern text")
	}
	home, secret := stageOf(ts).home(ts, args[0]), args[2]
	if secret == masked {
		secret = server.RootPassword
	}
	files, err := filepath.Glob(filepath.Join(home.Dir, args[1]))
	ts.Check(err)
	found, read := "", 0
	for _, file := range files {
		st, err := os.Stat(file)
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		content, err := os.ReadFile(file)
		ts.Check(err)
		read++
		if strings.Contains(string(content), secret) {
			found = file
		}
	}
	switch {
	case read == 0:
		ts.Fatalf("no file is named %s", args[1])
	case found != "" && !neg:
		ts.Fatalf("%s holds %q", found, secret)
	case found == "" && neg:
		ts.Fatalf("none of %d files holds %q", read, secret)
	}
}
