package process

import (
	"fmt"
	"strings"

	"ggsh/record"
)

// Args is the command line of extract and replicat, as GoldenGate has it:
// words and values, in any case and order.
type Args struct {
	Home       string
	ParamFile  string
	ReportFile string
	Group      string // PROCESSID
	// Skip leaves out the first transaction after the start position.
	Skip bool
	// AtCSN begins with the transaction of this CSN, AfterCSN behind it.
	AtCSN, AfterCSN *record.CSN
}

// Usage says how the programs are called.
const Usage = "PARAMFILE file [REPORTFILE file] [PROCESSID group] [-home dir] " +
	"[ATCSN n | AFTERCSN n] [SKIPTRANSACTION]"

// ParseArgs reads a command line without the program's name.
func ParseArgs(words []string) (Args, error) {
	var a Args
	for i := 0; i < len(words); i++ {
		word := strings.ToUpper(strings.TrimLeft(words[i], "-"))
		value := func() (string, error) {
			if i++; i >= len(words) {
				return "", fmt.Errorf("%s needs a value; usage: %s", words[i-1], Usage)
			}
			return words[i], nil
		}
		var err error
		switch word {
		case "HOME":
			a.Home, err = value()
		case "PARAMFILE", "PF":
			a.ParamFile, err = value()
		case "REPORTFILE", "RF":
			a.ReportFile, err = value()
		case "PROCESSID":
			a.Group, err = value()
		case "ATCSN":
			a.AtCSN, err = csnValue(value)
		case "AFTERCSN":
			a.AfterCSN, err = csnValue(value)
		case "SKIPTRANSACTION":
			a.Skip = true
		case "USESUBDIRS", "NOUSESUBDIRS", "PAUSEATEND", "NOPAUSEATEND", "INITIALDATALOAD",
			"FILTERDUPTRANSACTIONS", "NOFILTERDUPTRANSACTIONS":
			// Words of GoldenGate's that mean nothing here.
		default:
			err = fmt.Errorf("unknown word %s; usage: %s", words[i], Usage)
		}
		if err != nil {
			return a, err
		}
	}
	if a.ParamFile == "" && a.Group == "" {
		return a, fmt.Errorf("neither PARAMFILE nor PROCESSID is given; usage: %s", Usage)
	}
	return a, nil
}

func csnValue(value func() (string, error)) (*record.CSN, error) {
	s, err := value()
	if err != nil {
		return nil, err
	}
	csn, err := record.ParseCSN(s)
	return &csn, err
}
