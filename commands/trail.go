package commands

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"ggsh/checkpoint"
	"ggsh/dblogin"
)

// checkTrailName wants exactly two characters after the directory.
func checkTrailName(object string, w word) error {
	name := path.Base(strings.ReplaceAll(w.text, `\`, "/"))
	if strings.HasSuffix(w.text, "/") || len([]rune(name)) != 2 {
		return fault(w, "%s file portion must be two characters.", object)
	}
	return nil
}

func checkTrail(c *call) error {
	if c.at("trail") == "*" || hasWildcard(c.at("trail")) {
		return fault(c.places["trail"], "%s takes one trail.", c.cmd.Name())
	}
	if err := checkTrailName(c.cmd.Object, c.places["trail"]); err != nil {
		return err
	}
	if !c.has("EXTRACT") && c.cmd.Verb == "ADD" {
		return fault(word{col: len([]rune(c.line)) + 1}, "%s needs EXTRACT group: %s", c.cmd.Name(),
			c.cmd.Synopsis)
	}
	if n := c.number("MEGABYTES", 1); n < 1 || n > maxMegabytes {
		return fault(c.given["MEGABYTES"][0], "MEGABYTES is a number from 1 to %d.", maxMegabytes)
	}
	if c.number("SEQNO", 0) > math.MaxUint32 {
		return fault(c.given["SEQNO"][0], "SEQNO %s is too large.", c.text("SEQNO"))
	}
	return nil
}

// sameTrail compares two spellings of a local trail.
func (s *Session) sameTrail(a, b string) bool {
	return s.cfg.Home.Resolve(a) == s.cfg.Home.Resolve(b)
}

func addTrail(ctx context.Context, s *Session, c *call) (Value, error) {
	remote := c.cmd.Object == "RMTTRAIL"
	o := checkpoint.Output{Trail: c.at("trail"), Remote: remote,
		Megabytes: int(c.number("MEGABYTES", defaultMegabytes)),
		Seqno:     uint32(c.number("SEQNO", 0))}
	groups, err := s.load(ctx, []checkpoint.Type{checkpoint.Extract}, "*")
	if err != nil {
		return nil, err
	}
	name := strings.ToUpper(c.text("EXTRACT"))
	at := slices.IndexFunc(groups, func(g *group) bool { return g.name == name })
	if at < 0 {
		return nil, missing([]checkpoint.Type{checkpoint.Extract}, name)
	}
	g := groups[at]
	for _, other := range groups {
		for _, have := range other.doc.Group.Outputs {
			if s.sameTrail(have.Trail, o.Trail) && (other == g || !remote && !have.Remote) {
				return nil, refuse("%s %s already exists, written by EXTRACT %s.",
					trailType(have), have.Trail, other.name)
			}
		}
	}
	if g.doc.Group.Source == checkpoint.TrailSource && !remote &&
		s.sameTrail(g.doc.Group.Trail, o.Trail) {
		return nil, refuse("EXTRACT %s reads the trail %s and cannot write it too.", g.name, o.Trail)
	}
	err = s.change(g, func(d *checkpoint.Document) error {
		d.Group.Outputs = append(d.Group.Outputs, o)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return confirm(c.cmd.Object + " added."), nil
}

// assigned finds the outputs that a trail command means.
func (s *Session) assigned(ctx context.Context, c *call) ([]*group, error) {
	groups, err := s.load(ctx, []checkpoint.Type{checkpoint.Extract}, "*")
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(groups, func(g *group) bool {
		return c.has("EXTRACT") && !strings.EqualFold(g.name, c.text("EXTRACT")) ||
			!slices.ContainsFunc(g.doc.Group.Outputs, func(o checkpoint.Output) bool {
				return s.meant(c, o)
			})
	})
	if len(found) == 0 {
		return nil, refuse("%s %s does not exist.", c.cmd.Object, c.at("trail"))
	}
	return found, nil
}

// meant tells whether a command's trail is this output. ALTER EXTTRAIL is
// written for remote trails too, so the kind decides for INFO only.
func (s *Session) meant(c *call, o checkpoint.Output) bool {
	if c.cmd.Verb == "INFO" && o.Remote != (c.cmd.Object == "RMTTRAIL") {
		return false
	}
	return s.sameTrail(o.Trail, c.at("trail")) || dblogin.Match(c.at("trail"), o.Trail)
}

func alterTrail(ctx context.Context, s *Session, c *call) (Value, error) {
	if !c.has("MEGABYTES") {
		return nil, refuse("%s needs MEGABYTES n: %s", c.cmd.Name(), c.cmd.Synopsis)
	}
	groups, err := s.assigned(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		err := s.change(g, func(d *checkpoint.Document) error {
			for i := range d.Group.Outputs {
				if s.meant(c, d.Group.Outputs[i]) {
					d.Group.Outputs[i].Megabytes = int(c.number("MEGABYTES", defaultMegabytes))
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return confirm(c.cmd.Object + " altered."), nil
}

func deleteTrail(ctx context.Context, s *Session, c *call) (Value, error) {
	groups, err := s.assigned(ctx, c)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, g := range groups {
		err := s.change(g, func(d *checkpoint.Document) error {
			d.Group.Outputs = slices.DeleteFunc(d.Group.Outputs, func(o checkpoint.Output) bool {
				return s.meant(c, o)
			})
			return nil
		})
		if err != nil {
			return confirm(lines...), err
		}
		lines = append(lines, fmt.Sprintf("Deleting extract trail %s for extract %s",
			c.at("trail"), g.name))
	}
	return confirm(lines...), nil
}

// TrailInfo is one trail of INFO EXTTRAIL and INFO RMTTRAIL.
type TrailInfo struct {
	Trail     string `json:"trail"`
	Remote    bool   `json:"remote"`
	Extract   string `json:"extract"`
	Seqno     uint32 `json:"seqno"`
	RBA       uint64 `json:"rba"`
	Megabytes int    `json:"megabytes"`
}

// Text gives the labels with their colons in one column.
func (t TrailInfo) Text() string {
	return fmt.Sprintf("%20s: %s\n%20s: 9\n%20s: no\n%20s: %s\n%20s: %d\n%20s: %d\n%20s: %dM\n",
		"Extract Trail", t.Trail, "Seqno Length", "Flip Seqno Length", "Extract", t.Extract,
		"Seqno", t.Seqno, "RBA", t.RBA, "File Size", t.Megabytes)
}

func infoTrail(ctx context.Context, s *Session, c *call) (Value, error) {
	groups, err := s.assigned(ctx, c)
	if err != nil {
		if hasWildcard(c.at("trail")) {
			return nil, errors.Join(refuse("No trails found matching %s.", c.at("trail")))
		}
		return nil, err
	}
	var blocks Blocks
	for _, g := range groups {
		for _, o := range g.doc.Group.Outputs {
			if s.meant(c, o) {
				blocks = append(blocks, TrailInfo{Trail: o.Trail, Remote: o.Remote, Extract: g.name,
					Seqno: writeSeqno(o), RBA: o.Current.RBA, Megabytes: o.Megabytes})
			}
		}
	}
	return blocks, nil
}

func trailRows() []Command {
	var rows []Command
	place := []Arg{{Name: "trail", Kind: Word, Help: "path, its name two characters: ./dirdat/lt"}}
	for _, object := range []string{"EXTTRAIL", "RMTTRAIL"} {
		kind := "on this machine"
		if object == "RMTTRAIL" {
			kind = "on a remote machine"
		}
		rows = append(rows,
			Command{Verb: "ADD", Object: object, Priority: P0, Changes: true,
				Synopsis: "ADD " + object + " trail, EXTRACT group [, MEGABYTES n] [, SEQNO n]",
				Help: fmt.Sprintf("Makes an Extract the writer of a trail %s. MEGABYTES is the "+
					"size of a file, %d without it and %d at most.", kind, defaultMegabytes,
					maxMegabytes),
				Places: place, check: checkTrail, run: addTrail, Options: []Arg{
					{Name: "EXTRACT", Kind: Word, Aliases: []string{"EXT"}, Help: "the writer"},
					{Name: "MEGABYTES", Kind: Number, Help: "size of a file"},
					{Name: "SEQNO", Kind: Number, Help: "number of the first file"},
					{Name: "FORMAT", Kind: Names, Note: "trails have one format."}}},
			Command{Verb: "ALTER", Object: object, Priority: P1, Changes: true,
				Synopsis: "ALTER " + object + " trail, EXTRACT group, MEGABYTES n",
				Help:     "Changes the size of a trail's files, from the next file on.",
				Places:   place, check: checkTrail, run: alterTrail, Options: []Arg{
					{Name: "EXTRACT", Kind: Word, Aliases: []string{"EXT"}, Help: "the writer"},
					{Name: "MEGABYTES", Kind: Number, Help: "size of a file"}}},
			Command{Verb: "DELETE", Object: object, Priority: P0, Changes: true,
				Synopsis: "DELETE " + object + " trail",
				Help:     "Takes a trail away from its Extract; the files stay.",
				Places:   place, check: checkTrail, run: deleteTrail,
				Options: []Arg{{Name: "EXTRACT", Kind: Word, Help: "of this writer only"}}},
			Command{Verb: "INFO", Object: object, Priority: P0,
				Synopsis: "INFO " + object + " {trail | *}",
				Help:     "Shows who writes a trail, up to where, and the size of its files.",
				Places:   place, run: infoTrail})
	}
	return rows
}
