package param

import (
	"strings"
	"testing"
)

// TestCiphersOfOutputs: ENCRYPTTRAIL and NOENCRYPTTRAIL hold for the outputs below
// them, until the next.
func TestCiphersOfOutputs(t *testing.T) {
	f, err := ParseText("e.prm", `EXTRACT e
EXTTRAIL ./dirdat/aa
ENCRYPTTRAIL
EXTTRAIL ./dirdat/bb
RMTHOST h
RMTTRAIL ./dirdat/cc
ENCRYPTTRAIL AES128, KEYNAME k1
RMTTRAIL ./dirdat/dd
NOENCRYPTTRAIL
EXTFILE ./dirdat/ee
ENCRYPTTRAIL BLOWFISH KEYNAME k2
EXTTRAIL ./dirdat/ff
TABLE a.*;
`, Options{Program: Extract})
	if err != nil || len(f.Warnings) > 0 {
		t.Fatal(err, f.Warnings)
	}
	out, err := ReadOutputs(f)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"none", "AES256 ", "AES256 ", "AES128 k1", "clear", "BLOWFISH k2"}
	if len(out) != len(want) {
		t.Fatal(out)
	}
	for i, o := range out {
		got := "none"
		if c := o.Cipher; c != nil && c.Clear {
			got = "clear"
		} else if c != nil {
			got = c.Algorithm + " " + c.KeyName
		}
		if got != want[i] {
			t.Errorf("%s: %s, want %s", o.Path, got, want[i])
		}
	}
}

func TestDecryption(t *testing.T) {
	for text, want := range map[string]string{"DECRYPTTRAIL": "AES256 ", "": "none",
		"DECRYPTTRAIL AES192 KEYNAME k": "AES192 k"} {
		f, err := ParseText("r.prm", "REPLICAT r\n"+text+"\n", Options{Program: Replicat})
		if err != nil {
			t.Fatal(err)
		}
		c, err := ReadDecryption(f)
		if err != nil {
			t.Fatal(err)
		}
		got := "none"
		if c != nil {
			got = c.Algorithm + " " + c.KeyName
		}
		if got != want || c != nil && c.Pos.Line != 2 {
			t.Errorf("%q: %s", text, got)
		}
	}
	for _, text := range []string{"DECRYPTTRAIL DES", "DECRYPTTRAIL KEYNAME",
		"USERID a, PASSWORD p, AES128"} {
		f, err := ParseText("r.prm", "REPLICAT r\n"+text+"\n", Options{Program: Replicat})
		if err == nil {
			_, _, err = ReadLogin(f)
		}
		if err == nil || !strings.Contains(err.Error(), "r.prm:2:") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
