package commands

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/sealedfile"
)

// maxEdit bounds a file that is edited from another host: as base64 it fits into
// the body of an order.
const maxEdit = 512 << 10

// editParams hands the terminal to the editor; without one, the file to the caller.
func editParams(ctx context.Context, s *Session, c *call) (Value, error) {
	path := s.cfg.Home.Param(c.at("name"))
	if s.caller == nil && !s.canEdit() {
		return nil, noEditor().
			Do("Write the file %s yourself, or name a program with SET EDITOR or $EDITOR.", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		return nil, refuse("The directory %s does not exist.", filepath.Dir(path)).
			Do("CREATE SUBDIRS makes it.")
	}
	if s.caller != nil {
		return s.editByCaller(path)
	}
	return nil, s.runEditor(ctx, path)
}

// canEdit tells whether there is an editor, and somebody to type in it.
func (s *Session) canEdit() bool {
	return s.cfg.Terminal != nil && (!s.cfg.Terminal.NoEditor || s.editorSet)
}

func noEditor() *ggserr.Error {
	return refuse("EDIT PARAMS needs a terminal and an editor; here is none.")
}

// runEditor lets the editor work on a file. As other programs do with $EDITOR: it
// may be a command with arguments.
func (s *Session) runEditor(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", s.editor+` "$1"`, "sh", path)
	cmd.Dir = string(s.cfg.Home)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.cfg.Terminal.In, s.cfg.Terminal.Out, s.cfg.Terminal.Err
	if err := cmd.Run(); err != nil {
		return refuse("The editor %s failed: %s", s.editor, err).Do("SET EDITOR names another.")
	}
	return nil
}

// editByCaller gives a parameter file to the caller, and takes what became of it
// if the file is still the one that was given.
func (s *Session) editByCaller(path string) (Value, error) {
	path, err := s.editable(path)
	if err != nil {
		return nil, err
	}
	if s.caller.edited == nil {
		content, digest, err := paramContent(path)
		if err != nil {
			return nil, err
		}
		s.caller.edit = &control.Edit{Name: filepath.Base(path), Content: content, Digest: digest}
		return nil, nil
	}
	edited := s.caller.edited
	if len(edited.Content) > maxEdit {
		return nil, tooLong(path)
	}
	lock, err := sealedfile.LockFolder(filepath.Dir(path))
	if err != nil {
		return nil, refuse("%s", err)
	}
	defer lock.Close()
	_, digest, err := paramContent(path)
	if err != nil {
		return nil, err
	}
	if digest != edited.Was {
		return nil, refuse("The file %s was changed by somebody else meanwhile; it is as they left it.",
			path).Do("EDIT PARAMS again shows it.")
	}
	return say("The file " + path + " was written."), replaceFile(path, edited.Content)
}

// editable finds the file that a path leads to: one below dirprm, or GLOBALS. It
// need not exist.
func (s *Session) editable(path string) (string, error) {
	home, err := filepath.EvalSymlinks(string(s.cfg.Home))
	if err != nil {
		return "", refuse("%s", err)
	}
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, lerr := os.Lstat(path); lerr == nil {
			return "", refuse("The file %s is a link to nothing.", path)
		}
		if real, err = filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
			real = filepath.Join(real, filepath.Base(path))
		}
	}
	if err != nil {
		return "", cannotOpen("file "+path, err)
	}
	if inside, err := filepath.Rel(home, real); err == nil &&
		(inside == "GLOBALS" || strings.HasPrefix(inside, "dirprm/")) {
		return real, nil
	}
	return "", refuse("The file %s is not edited from elsewhere: only those of dirprm and GLOBALS are.",
		path)
}

func tooLong(path string) error {
	return refuse("The file %s is longer than %d bytes, too long to be edited from elsewhere.", path,
		maxEdit)
}

// paramContent reads a file, and gives its digest, which is empty for none.
func paramContent(path string) (content []byte, digest string, err error) {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err == nil && !st.Mode().IsRegular() {
		return nil, "", refuse("%s is no file.", path)
	}
	if err == nil && st.Size() > maxEdit {
		return nil, "", tooLong(path)
	}
	if err == nil {
		content, err = readFile(path, maxEdit)
	}
	if err != nil {
		return nil, "", cannotOpen("parameter file "+path, err)
	}
	sum := sha256.Sum256(content)
	return content, hex.EncodeToString(sum[:]), nil
}

// replaceFile writes a file aside and renames it; its mode stays. One that was not
// there is its owner's alone: parameters may hold passwords.
func replaceFile(path string, content []byte) error {
	st, err := os.Stat(path)
	if werr := sealedfile.Write(path, content); werr != nil {
		return refuse("The file %s cannot be written (%s).", path, werr)
	}
	if err == nil {
		err = os.Chmod(path, st.Mode().Perm())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return refuse("The file %s was written; its mode is 0600 now (%s).", path, err)
	}
	return nil
}

// copyName are names of files that an editor may be given.
var copyName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// draft is a copy of a file of another home, in a folder of its own that only its
// owner reads.
type draft struct {
	dir, path string
}

func newDraft(e *control.Edit) (d draft, err error) {
	if d.dir, err = os.MkdirTemp("", "ggsh-edit-"); err != nil {
		return d, refuse("%s", err)
	}
	d.path = filepath.Join(d.dir, "params.prm")
	if copyName.MatchString(e.Name) {
		d.path = filepath.Join(d.dir, e.Name)
	}
	if e.Digest != "" {
		if err := os.WriteFile(d.path, e.Content, 0o600); err != nil {
			d.remove()
			return d, refuse("%s", err)
		}
	}
	return d, nil
}

func (d draft) remove() { os.RemoveAll(d.dir) }

// forwardEdit lets the editor of this machine work on a file of another home, and
// sends the line again with what became of it. A text that is not taken is kept.
func (s *Session) forwardEdit(ctx context.Context, e *control.Edit, q control.CommandRequest,
	r *Result) {
	if !s.canEdit() {
		r.fail(noEditor().Do("Name a program with SET EDITOR or $EDITOR."))
		return
	}
	d, err := newDraft(e)
	if err != nil {
		r.fail(err)
		return
	}
	if err := s.runEditor(ctx, d.path); err != nil {
		d.remove()
		r.fail(err)
		return
	}
	content, digest, err := paramContent(d.path)
	if err == nil && digest == e.Digest {
		d.remove()
		r.Value = say("Nothing was changed.")
		return
	}
	var rep control.CommandReply
	if err == nil {
		q.Edited = &control.Edited{Was: e.Digest, Content: content}
		rep, err = s.remote.execute(ctx, q, r)
	}
	if err != nil {
		r.fail(err)
	} else {
		s.relay(rep, r)
	}
	if r.Failed {
		r.Notes = append(r.Notes, "the text is kept in "+d.path+".")
		return
	}
	d.remove()
}
