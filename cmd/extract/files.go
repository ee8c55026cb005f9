package main

import (
	"path/filepath"
	"slices"

	"ggsh/checkpoint"
	"ggsh/extract"
	"ggsh/ggserr"
	"ggsh/param"
	"ggsh/subdirs"
)

// defaultMegabytes is the size of an extract file's files when MEGABYTES does not say.
const defaultMegabytes = 500

// readOutputs joins the outputs of the parameter file with those that ADD
// EXTTRAIL and ADD RMTTRAIL assigned to the group. An extract file needs no ADD.
func (w *wiring) readOutputs() ([]extract.OutputConfig, error) {
	var err error
	if w.outputs, err = param.ReadOutputs(w.p.Params()); err != nil {
		return nil, err
	}
	var out []extract.OutputConfig
	for i, o := range w.outputs {
		given, err := w.assigned(o)
		if err != nil {
			return nil, err
		}
		cfg := extract.OutputConfig{Index: i, Name: given.Trail, Remote: o.Kind.Remote(),
			Megabytes: given.Megabytes, Seqno: given.Seqno, Purge: o.Purge}
		if o.Host != nil {
			cfg.Host = o.Host.Host
		}
		out = append(out, cfg)
	}
	if len(out) == 0 {
		return nil, ggserr.New(ggserr.BadParameter, "the parameter file names no trail to write").
			At(w.p.Params().Path, 1, 1).Do("Add EXTTRAIL, RMTTRAIL, EXTFILE or RMTFILE before the " +
			"TABLE statements.")
	}
	return out, nil
}

// assigned finds what was ordered of an output. The extract files that the
// parameter file names become outputs of the group.
func (w *wiring) assigned(o param.Output) (checkpoint.Output, error) {
	file := o.Kind == param.ExtFile || o.Kind == param.RmtFile
	fresh := checkpoint.Output{Trail: o.Path, Remote: o.Kind.Remote(), File: true,
		Megabytes: o.Megabytes}
	if fresh.Megabytes == 0 {
		fresh.Megabytes = defaultMegabytes
	}
	doc := w.p.Document()
	if o.Kind == param.RmtTask {
		fresh.Trail = subdirs.TaskTrail(o.Group)
	}
	if doc == nil || o.Kind == param.RmtTask {
		return fresh, nil
	}
	at := slices.IndexFunc(doc.Group.Outputs, func(g checkpoint.Output) bool {
		return filepath.Clean(g.Trail) == filepath.Clean(o.Path) && g.Remote == o.Kind.Remote()
	})
	switch {
	case at >= 0 && doc.Group.Outputs[at].File:
		fresh.Current = doc.Group.Outputs[at].Current
		doc.Group.Outputs[at] = fresh
		return fresh, nil
	case at >= 0:
		return doc.Group.Outputs[at], nil
	case file:
		doc.Group.Outputs = append(doc.Group.Outputs, fresh)
		return fresh, nil
	}
	e := ggserr.New(ggserr.TrailNotAssigned, o.Path, doc.Group.Name)
	return checkpoint.Output{}, e.At(o.Pos.File, o.Pos.Line, o.Pos.Column).
		Do("Assign it: ADD %s %s, EXTRACT %s.", o.Kind, o.Path, doc.Group.Name)
}

// forgetFiles drops the extract files of earlier runs that the parameter file no
// longer names.
func (w *wiring) forgetFiles(out []extract.OutputConfig) {
	doc := w.p.Document()
	if doc == nil {
		return
	}
	doc.Group.Outputs = slices.DeleteFunc(doc.Group.Outputs, func(g checkpoint.Output) bool {
		return g.File && !slices.ContainsFunc(out, func(o extract.OutputConfig) bool {
			return o.Name == g.Trail && o.Remote == g.Remote
		})
	})
}

// keepFiles takes PURGE away from an Extract that goes on behind what it has
// written.
func (w *wiring) keepFiles(out []extract.OutputConfig) {
	for i := range out {
		if out[i].Purge {
			out[i].Purge = false
			w.p.Line("PURGE of %s is left out: EXTRACT %s goes on behind what is there.", out[i].Name,
				w.p.Group())
		}
	}
}
