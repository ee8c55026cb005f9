package wallet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/param"
	"ggsh/subdirs"
)

// TestKeysOfAHome: GLOBALS says where the wallet lies and what its key is called.
func TestKeysOfAHome(t *testing.T) {
	home := subdirs.Home(t.TempDir())
	r, err := Of(home)
	if err != nil || r.Wallet.Dir() != home.Join("dirwlt") || r.Name != DefaultName {
		t.Fatal(r, err)
	}
	must(t, os.WriteFile(home.Globals(), []byte("WALLETLOCATION ./keys\nMASTERKEYNAME K2\n"), 0o600))
	if r, err = Of(home); err != nil || r.Wallet.Dir() != home.Join("keys") || r.Name != "K2" ||
		r.Path != home.Join("ENCKEYS") {
		t.Fatal(r, err)
	}
	must(t, os.WriteFile(home.Globals(), []byte("WALLETLOCATION\n"), 0o600))
	if _, err = Of(home); err == nil || !strings.Contains(err.Error(), "GLOBALS:1") {
		t.Fatal(err)
	}
}

// TestDecryptTrailLooksForItsKey: a process stops at its start, at the line of
// DECRYPTTRAIL, when the key is not there.
func TestDecryptTrailLooksForItsKey(t *testing.T) {
	r := testRing(t)
	check := func(text string) error {
		f, err := param.ParseText("r.prm", "REPLICAT r\n"+text+"\n", param.Options{Program: param.Replicat})
		must(t, err)
		return r.Check(f)
	}
	must(t, check(""))
	must(t, check("DECRYPTTRAIL AES128 KEYNAME key1"))
	for text, want := range map[string]string{
		"DECRYPTTRAIL AES128 KEYNAME key9": "There is no key key9",
		"DECRYPTTRAIL":                     "There is no wallet",
	} {
		if err := check(text); err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "r.prm:2:") {
			t.Errorf("%s: %v", text, err)
		}
	}
	must(t, r.Wallet.Create())
	must(t, r.Wallet.Add(r.Name, clock()))
	must(t, check("DECRYPTTRAIL"))
	must(t, r.Wallet.Delete(r.Name, 1))
	if check("DECRYPTTRAIL") == nil {
		t.Error("a deleted key counts")
	}
	must(t, os.Remove(filepath.Join(r.Wallet.Dir(), "masterkeys.key")))
	if check("DECRYPTTRAIL") == nil {
		t.Error("a wallet without its key counts")
	}
}
