package param

import (
	"strings"

	"ggsh/ggserr"
)

// DefsFile is what DEFGEN is told to write.
type DefsFile struct {
	Path          string
	Append, Purge bool
	Plain         bool // NOEXTATTR
	NoCatalog     bool
	Format        string // FORMAT RELEASE or LEVEL, for a notice
	Pos           ggserr.Location
}

// ReadDefsFile reads DEFSFILE and what goes with it.
func ReadDefsFile(f *File) (DefsFile, error) {
	var d DefsFile
	st, ok := f.Last("DEFSFILE")
	if !ok || st.faulty {
		return d, ggserr.New(ggserr.BadParameter, "DEFSFILE is missing").At(f.Path, 1, 1).
			Do("Add DEFSFILE ./dirdef/name.def.")
	}
	c := st.cursor()
	d.Path, d.Pos = c.value("a file"), st.Pos
	for c.more() {
		switch {
		case c.word("APPEND"):
			d.Append, d.Purge = true, false
		case c.word("PURGE"):
			d.Append, d.Purge = false, true
		case c.word("CHARSET"):
			at := c.at()
			if set := c.value("a character set"); !strings.EqualFold(strings.ReplaceAll(set, "-", ""), "utf8") {
				c.fail(at, "definitions files are in UTF-8, not in %s", set)
			}
		case c.word("FORMAT"):
			c.word("RELEASE", "LEVEL")
			d.Format = c.value("a release")
		default:
			c.unexpected("APPEND", "PURGE", "CHARSET", "FORMAT")
		}
	}
	_, d.Plain = f.First("NOEXTATTR")
	_, d.NoCatalog = f.First("NOCATALOG")
	return d, c.errs.orNil()
}

// Definitions is one SOURCEDEFS or TARGETDEFS.
type Definitions struct {
	Path     string
	Override bool // the file counts, whatever the trail says
	Pos      ggserr.Location
}

// definitions reads path and OVERRIDE.
func (c *cursor) definitions(at ggserr.Location) Definitions {
	return Definitions{Path: c.value("a file"), Override: c.word("OVERRIDE"), Pos: at}
}
