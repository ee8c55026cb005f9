package main

import (
	"errors"
	"fmt"
	"slices"

	"ggsh/checkpoint"
	"ggsh/extract"
	"ggsh/ggserr"
	"ggsh/param"
	"ggsh/trail"
)

// readCiphers settles how each output is encrypted: as the ENCRYPTTRAIL or
// NOENCRYPTTRAIL before it says. A data pump that says neither, nor DECRYPTTRAIL,
// encrypts what it reads encrypted, under the key of the same name.
func (w *wiring) readCiphers(outputs []extract.OutputConfig) error {
	w.ciphers = make([]*trail.Encryption, len(outputs))
	like, err := w.sourceCipher()
	if err != nil {
		return err
	}
	for i := range w.outputs {
		c := w.outputs[i].Cipher
		switch {
		case c == nil:
			w.ciphers[i] = like
		case !c.Clear:
			if w.ciphers[i], err = w.cipher(c); err != nil {
				return err
			}
		}
		if e := w.ciphers[i]; e != nil {
			w.p.Line("%s %s is encrypted with %s.", w.outputs[i].Kind, outputs[i].Name, e)
		}
	}
	return nil
}

// encryption is how an output is encrypted; nil for one in clear.
func (w *wiring) encryption(out extract.OutputConfig) *trail.Encryption {
	return w.ciphers[out.Index]
}

// cipher is ENCRYPTTRAIL as the trail knows it.
func (w *wiring) cipher(c *param.TrailCipher) (*trail.Encryption, error) {
	word := c.Algorithm
	if word == "BLOWFISH" {
		word = trail.AES256.String()
		w.p.Event(ggserr.New(ggserr.ParameterIgnored, "ENCRYPTTRAIL BLOWFISH",
			"trails are encrypted with "+word).At(c.Pos.File, c.Pos.Line, c.Pos.Column))
	}
	a, err := trail.ParseAlgorithm(word)
	return &trail.Encryption{Algorithm: a, KeyName: c.KeyName}, err
}

// isPump reports whether the source is a trail.
func (w *wiring) isPump() bool {
	doc := w.p.Document()
	return doc != nil && doc.Group.Source == checkpoint.TrailSource
}

// decrypts reports whether DECRYPTTRAIL says that outputs may be in clear.
func (w *wiring) decrypts() bool {
	_, given := w.p.Params().Last("DECRYPTTRAIL")
	return given
}

// sourceCipher is how the newest file of a data pump's source is encrypted; nil
// for one in clear, or when DECRYPTTRAIL is said.
func (w *wiring) sourceCipher() (*trail.Encryption, error) {
	if !w.isPump() || w.decrypts() {
		return nil, nil
	}
	name, err := w.trailName(w.p.Document().Group.Trail)
	if err != nil {
		return nil, err
	}
	files, err := trail.List(name)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	h, err := trail.ReadHeader(name.File(files[len(files)-1]))
	if errors.As(err, new(*trail.MissingError)) {
		return nil, nil // purged meanwhile; admit looks again
	}
	if err != nil || h.Seal == nil {
		return nil, err
	}
	e := &trail.Encryption{Algorithm: h.Seal.Algorithm}
	if h.Seal.KeyVersion == 0 {
		e.KeyName = h.Seal.KeyName
	}
	return e, nil
}

// admit stops a data pump before it writes in clear what it reads encrypted,
// unless the parameter file says so.
func (w *wiring) admit(h *trail.Header) error {
	if h.Seal == nil || w.decrypts() {
		return nil
	}
	at := slices.IndexFunc(w.outputs, func(o param.Output) bool { return o.Cipher == nil })
	if at < 0 || w.ciphers[at] != nil {
		return nil
	}
	return ggserr.New(ggserr.BadParameter, fmt.Sprintf("trail file %s is encrypted, and %s %s would "+
		"be written in clear", h.File, w.outputs[at].Kind, w.outputs[at].Path)).
		Do("START again: it is encrypted like its source then. For clear text write DECRYPTTRAIL.")
}
