package commands

import (
	"slices"
	"strings"

	"ggsh/checkpoint"
)

// Complete gives the words that may follow or finish a line, for the shell's
// Tab key: verbs, objects, group names and options.
func (s *Session) Complete(line string) []string {
	words, err := split(line)
	if err != nil {
		return nil
	}
	part := ""
	if len(words) > 0 && !strings.HasSuffix(line, " ") && !strings.HasSuffix(line, ",") {
		part = strings.ToUpper(words[len(words)-1].text)
		words = words[:len(words)-1]
	}
	var found []string
	for _, w := range s.following(words) {
		if strings.HasPrefix(w, part) {
			found = append(found, w)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (s *Session) following(words []word) []string {
	if len(words) == 0 {
		return s.ix.verbs
	}
	verb := s.ix.verb(words[0].text)
	var found []string
	if len(words) == 1 {
		for _, r := range s.ix.rows {
			if r.Verb == verb && r.Object != "" {
				found = append(found, r.Object)
			}
		}
	}
	cmd, args, err := s.ix.find(words)
	if err != nil {
		return found
	}
	if len(args) < len(cmd.Places) {
		return append(found, s.placeWords(cmd, cmd.Places[len(args)])...)
	}
	if len(args) > 0 && args[len(args)-1].is("EXTRACT") {
		return s.names(checkpoint.Extract)
	}
	for _, o := range cmd.Options {
		if o.Refuse == "" {
			found = append(found, o.Name)
		}
	}
	return found
}

// placeWords are the words that fit a place: names of groups, mostly.
func (s *Session) placeWords(cmd *Command, place Arg) []string {
	var found []string
	if cmd.Verb == "ADD" || place.Name != "group" && place.Name != "name" {
		return nil
	}
	for _, t := range typesOf(cmd.Object) {
		found = append(found, s.names(t)...)
	}
	if place.Name == "name" {
		found = append(found, "MGR")
	}
	return found
}

func (s *Session) names(t checkpoint.Type) []string {
	names, err := checkpoint.List(s.cfg.Home.Join("dirchk"), t)
	if err != nil {
		return nil
	}
	return names
}
