package wallet

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ggsh/ggserr"
	"ggsh/param"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func clock() time.Time { return time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC) }

func testWallet(t testing.TB) *Wallet {
	w := In(filepath.Join(t.TempDir(), "dirwlt"))
	must(t, w.Create())
	return w
}

// TestVersionsLive: a version opens what it encrypted as long as it is not marked
// deleted, the newest usable one encrypts, and no number comes twice.
func TestVersionsLive(t *testing.T) {
	w := testWallet(t)
	must(t, w.Add("K", clock()))
	first, err := w.Key("K", 1)
	must(t, err)
	for want := uint32(2); want <= 3; want++ {
		if v, err := w.Renew("K", clock()); err != nil || v != want {
			t.Fatal(v, err)
		}
	}
	if again, err := w.Key("K", 1); err != nil || !bytes.Equal(again, first) {
		t.Fatal("RENEW changed version 1", err)
	}
	must(t, w.Delete("K", 3))
	if v, key, err := w.Current("K"); err != nil || v != 2 || bytes.Equal(key, first) {
		t.Fatal(v, err)
	}
	if _, err := w.Key("K", 3); ggserr.NumberOf(err) != ggserr.KeyMissing ||
		!strings.Contains(err.Error(), "UNDELETE MASTERKEY VERSION 3") {
		t.Fatal(err)
	}
	must(t, w.Undelete("K", 3))
	if v, _, err := w.Current("K"); err != nil || v != 3 {
		t.Fatal(v, err)
	}
	must(t, w.Delete("K", 3))
	if n, err := w.Purge(); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if err := w.Undelete("K", 3); err == nil {
		t.Fatal("a purged version came back")
	}
	if v, err := w.Renew("K", clock()); err != nil || v != 4 {
		t.Fatal("the number was given twice: ", v, err)
	}
	must(t, w.Add("OTHER", clock()))
	if list, err := w.Versions("K"); err != nil || len(list) != 3 || list[2].Status != Current {
		t.Fatal(list, err)
	}
}

// TestFilesKeepTheirSecrets: both files are for their owner only, tell no key, and
// a changed one opens nothing.
func TestFilesKeepTheirSecrets(t *testing.T) {
	w := testWallet(t)
	must(t, w.Add("K", clock()))
	_, key, err := w.Current("K")
	must(t, err)
	for _, path := range []string{w.file.Path, w.file.KeyPath} {
		st, err := os.Stat(path)
		must(t, err)
		if st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", path, st.Mode())
		}
	}
	content, err := os.ReadFile(w.file.Path)
	must(t, err)
	for _, form := range []string{string(key), hex.EncodeToString(key),
		base64.StdEncoding.EncodeToString(key)} {
		if bytes.Contains(content, []byte(form)) {
			t.Error("the file tells the key")
		}
	}
	for at := range content {
		bad := bytes.Clone(content)
		bad[at] ^= 1
		must(t, os.WriteFile(w.file.Path, bad, 0o600))
		if _, again, err := w.Current("K"); err == nil && !bytes.Equal(again, key) {
			t.Fatalf("byte %d changed: another key", at)
		} else if err == nil && !strings.ContainsAny(string(content[at]), "\n=") &&
			at < len(content)-4 {
			t.Fatalf("byte %d changed: the wallet opens", at)
		}
	}
	must(t, os.WriteFile(w.file.Path, content, 0o600))
	must(t, os.Chmod(w.file.Path, 0o640))
	if err := w.Open(); err == nil || !strings.Contains(err.Error(), "0640") {
		t.Fatal(err)
	}
}

// TestTwoShellsLoseNoKey: versions that are added at the same time are all kept.
func TestTwoShellsLoseNoKey(t *testing.T) {
	w := testWallet(t)
	must(t, w.Add("K", clock()))
	var wait sync.WaitGroup
	for range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for range 5 {
				if _, err := In(w.dir).Renew("K", clock()); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wait.Wait()
	if list, err := w.Versions("K"); err != nil || len(list) != 41 || list[40].Number != 41 {
		t.Fatal(len(list), err)
	}
}

func testRing(t testing.TB) *Ring {
	home := t.TempDir()
	r := RingOf(home, filepath.Join(home, "dirwlt"), "")
	keys := "## keys\n"
	for i, bits := range []int{128, 192, 256} {
		made, err := Generate(bits, 1)
		must(t, err)
		keys += fmt.Sprintf("key%d %s ## remark\n", i, made[0])
	}
	must(t, os.WriteFile(r.Path, []byte(keys), 0o600))
	return r
}

// TestPasswords: each algorithm and key gives a text that opens with that key
// alone, twice never the same, and tells neither password nor its length.
func TestPasswords(t *testing.T) {
	r := testRing(t)
	for _, c := range []struct {
		algorithm, key, other string
		ok                    bool
	}{
		{"AES128", "KEY0", "key1", true}, {"AES192", "key1", "key2", true},
		{"AES256", "key2", "key1", true}, {"BLOWFISH", "key0", "DEFAULT", true},
		{"BLOWFISH", "default", "key2", true}, {"AES192", "key0", "", false},
		{"AES256", "DEFAULT", "", false}, {"DES", "key2", "", false}, {"AES128", "none", "", false},
	} {
		const password = "tiger's ünder , !"
		text, err := r.Encrypt(password, c.algorithm, c.key)
		if !c.ok {
			if err == nil || strings.Contains(err.Error(), password) {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		must(t, err)
		short, err := r.Encrypt("x", c.algorithm, c.key)
		must(t, err)
		again, err := r.Encrypt(password, c.algorithm, c.key)
		must(t, err)
		if text == again || len(short) != len(text) || len(text) > 200 {
			t.Error(text, again, short)
		}
		for _, form := range []string{text, strings.ToLower(text)} {
			if got, err := r.Decrypt(form, c.key); err != nil || got != password {
				t.Errorf("%+v: %q, %v", c, got, err)
			}
		}
		if _, err := r.Decrypt(text, c.other); ggserr.NumberOf(err) != ggserr.PasswordSealed &&
			ggserr.NumberOf(err) != ggserr.KeyMissing {
			t.Errorf("%+v opens with %s: %v", c, c.other, err)
		}
		bad := []byte(text)
		bad[len(bad)/2] ^= 3
		if got, err := r.Decrypt(string(bad), c.key); err == nil {
			t.Errorf("%+v: a changed text opens: %q", c, got)
		}
	}
	_, err := r.Decrypt("AACAAAAAAAAAAADAVHTDKHHCSCPIKAFB", "DEFAULT")
	if err == nil || !strings.Contains(err.Error(), "GoldenGate itself") {
		t.Fatal(err)
	}
	if _, err := r.Encrypt("", "AES256", "key2"); err == nil {
		t.Fatal("an empty password")
	}
}

// TestPasswordOfALogin reads a parameter file's login and puts errors at it.
func TestPasswordOfALogin(t *testing.T) {
	r := testRing(t)
	text, err := r.Encrypt("tiger", "AES128", "key0")
	must(t, err)
	for params, want := range map[string]string{
		"USERID ogg, PASSWORD tiger":                                                "tiger",
		"USERID ogg, PASSWORD " + text + ", AES128, ENCRYPTKEY key0":                "tiger",
		"SOURCEDB hr@h USERID ogg, PASSWORD " + text + " BLOWFISH ENCRYPTKEY key0":  "tiger",
		"SOURCEDB hr@h, USERID ogg, PASSWORD " + text + " AES128 ENCRYPTKEY key1":   "",
		"SOURCEDB hr@h, USERID ogg, PASSWORD AACAAAAAAAA AES128 ENCRYPTKEY DEFAULT": "",
	} {
		path := filepath.Join(t.TempDir(), "e.prm")
		f, err := param.Parse(path, param.Options{Program: param.Extract,
			ReadFile: func(string) ([]byte, error) { return []byte("EXTRACT e\n" + params + "\n"), nil }})
		must(t, err)
		l, _, err := param.ReadLogin(f)
		must(t, err)
		got, err := r.Password(l)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", params, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), path+":2:") {
			t.Errorf("%s: %v", params, err)
		}
		for _, line := range f.Echo {
			if strings.Contains(line, text) || strings.Contains(line, "tiger") {
				t.Errorf("the report would tell %q", line)
			}
		}
	}
}

// TestEncKeys: what is no key is told with its line, and never the key itself.
func TestEncKeys(t *testing.T) {
	const secret = "00112233445566778899AABBCCDDEEFF"
	for text, want := range map[string]string{
		"a 0x" + secret:                     "",
		"## a\n\n a\t0X" + secret + "\r\n":  "",
		"a " + secret:                       "ENCKEYS:1:1",
		"\na 0x" + secret[1:]:               "ENCKEYS:2:1",
		"a 0x1234":                          "ENCKEYS:1:1",
		"a 0x" + secret + "\nA 0x" + secret: "ENCKEYS:2:1",
		"default 0x" + secret:               "ENCKEYS:1:1",
		"0x" + secret:                       "ENCKEYS:1:1",
		"a 0x" + secret + " b":              "ENCKEYS:1:1",
		"a 0x" + strings.Repeat(secret, 5):  "ENCKEYS:1:1",
	} {
		keys, err := parseKeys(text, "ENCKEYS")
		if want == "" && (err != nil || len(keys["A"]) != 16) ||
			want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && strings.Contains(err.Error(), secret[1:]) {
			t.Errorf("the error tells the key: %v", err)
		}
	}
	for _, bits := range []int{64, 129, 1024, -8} {
		if _, err := Generate(bits, 1); err == nil {
			t.Errorf("a key of %d bits", bits)
		}
	}
}

// FuzzContent: whatever a wallet's file holds, it is a list of whole keys or refused.
func FuzzContent(f *testing.F) {
	c := &content{}
	c.grow("K", clock())
	c.grow("K", clock())
	good, err := json.Marshal(c)
	must(f, err)
	f.Add(good)
	f.Add([]byte(`{"keys":[{"name":"K","version":1,"key":""}],"last":{"K":1}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, plain []byte) {
		c, err := decodeContent(plain)
		if err != nil {
			return
		}
		for _, k := range c.Keys {
			if len(k.Key) != keyBytes || k.Version == 0 || k.Version > c.Last[k.Name] {
				t.Fatal(k.Name, k.Version)
			}
		}
		if v := c.grow("K", clock()); c.find("K", v) != len(c.Keys)-1 {
			t.Fatal("a version is there twice")
		}
	})
}

// FuzzPassword: any text is decrypted to what was encrypted, or refused.
func FuzzPassword(f *testing.F) {
	r := testRing(f)
	good, err := r.Encrypt("tiger", "AES256", "key2")
	must(f, err)
	f.Add(good)
	f.Add(passwordMark)
	f.Add(passwordMark + "AEBAGBAF")
	f.Add("AACAAAAAAAAAAADAVHTDKHHCSCPIKAFB")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := r.Decrypt(text, "key2"); err == nil && got != "tiger" {
			t.Fatalf("%q opens as %q", text, got)
		}
	})
}
