package oracle_test

import (
	"fmt"
	"ggsh/capture/oracle/oracletest"
	"math/rand/v2"
	"os"
	"testing"
)

func TestDump(t *testing.T) {
	rng := rand.New(rand.NewPCG(*firstSeed, 9))
	h := oracletest.New(*firstSeed, 40+rng.IntN(160))
	os.WriteFile("/tmp/h3dump.txt", []byte(h.Dump(os.Getenv("CAT") != "")), 0o600)
	for _, c := range h.Want(0) {
		fmt.Printf("%d %.150q\n", c.SCN, c.Ops)
	}
	fmt.Println(h.Last())
}
