// Package sealedfile keeps secrets in a file that is encrypted under a key file
// beside it: the credential store and the wallet of master keys.
//
// It is not a key management: whoever can read both files has the secrets, as
// with an auto-login wallet. Its law: a file with secrets is readable by its
// owner only, is written aside and renamed, and what was changed in it by
// anybody else is noticed, never used.
package sealedfile

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ggsh/ggserr"
)

const (
	keySize = 32

	// MaxSize bounds a file of secrets.
	MaxSize = 8 << 20
)

// File names a sealed file; nothing is opened.
type File struct {
	Path    string
	KeyPath string
	What    string // Credential store, for messages
	// Header is the file's first lines, which tell a reader what protects it. It
	// is bound to the content: a file with another one does not open.
	Header string
	Mend   string // what to do about one that cannot be used
}

// Exists reports whether the file was created.
func (f *File) Exists() bool {
	_, err := os.Stat(f.Path)
	return err == nil
}

// Create makes the file, with a key of its own.
func (f *File) Create(plain []byte) error {
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return f.failed(err)
	}
	return f.locked(func() error {
		if f.Exists() {
			return ggserr.New(ggserr.Generic, f.What+" already exists in "+filepath.Dir(f.Path))
		}
		key := make([]byte, keySize)
		rand.Read(key)
		text := base64.StdEncoding.EncodeToString(key) + "\n"
		if err := f.write(f.KeyPath, []byte(text)); err != nil {
			return err
		}
		return f.store(plain)
	})
}

// Change replaces the content by what edit makes of it. Nobody else changes the
// file meanwhile.
func (f *File) Change(edit func(plain []byte) ([]byte, error)) error {
	return f.locked(func() error {
		plain, err := f.Load()
		if err == nil {
			plain, err = edit(plain)
		}
		if err != nil {
			return err
		}
		return f.store(plain)
	})
}

// Remove deletes the file and its key.
func (f *File) Remove() error {
	return f.locked(func() error {
		if err := os.Remove(f.Path); err != nil {
			return f.failed(err)
		}
		if err := os.Remove(f.KeyPath); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return f.failed(err)
		}
		return nil
	})
}

// Load gives the content.
func (f *File) Load() ([]byte, error) {
	content, err := ReadSecret(f.Path)
	if err != nil {
		return nil, err
	}
	body, ok := bytes.CutPrefix(content, []byte(f.Header))
	if !ok {
		return nil, f.damaged("its header is not this program's")
	}
	sealed, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(body)))
	if err != nil {
		return nil, f.damaged("it is cut short or edited")
	}
	box, err := f.box()
	if err != nil {
		return nil, err
	}
	if len(sealed) < box.NonceSize() {
		return nil, f.damaged("it is cut short")
	}
	nonce, sealed := sealed[:box.NonceSize()], sealed[box.NonceSize():]
	plain, err := box.Open(nil, nonce, sealed, []byte(f.Header))
	if err != nil {
		return nil, f.damaged("its key does not open it")
	}
	return plain, nil
}

// Damaged is the error of content that opens and is not understood.
func (f *File) Damaged(how string) error { return f.damaged(how) }

func (f *File) damaged(how string) error {
	return ggserr.New(ggserr.Generic, fmt.Sprintf("%s %s cannot be used: %s", f.What, f.Path, how)).
		Do("%s", f.Mend)
}

func (f *File) failed(err error) error {
	return fmt.Errorf("%s: %w", strings.ToLower(f.What), err)
}

func (f *File) store(plain []byte) error {
	box, err := f.box()
	if err != nil {
		return err
	}
	nonce := make([]byte, box.NonceSize())
	rand.Read(nonce)
	sealed := box.Seal(nonce, nonce, plain, []byte(f.Header))
	text := f.Header + base64.StdEncoding.EncodeToString(sealed) + "\n"
	if len(text) > MaxSize {
		return ggserr.New(ggserr.Generic, fmt.Sprintf("%s %s would be longer than %d bytes", f.What,
			f.Path, MaxSize))
	}
	return f.write(f.Path, []byte(text))
}

func (f *File) box() (cipher.AEAD, error) {
	text, err := ReadSecret(f.KeyPath)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != keySize {
		return nil, f.damaged("its key file is not a key")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, f.failed(err)
	}
	return cipher.NewGCM(block)
}

// ReadSecret reads a file of bounded size. One that others than its owner may
// read is refused.
func ReadSecret(path string) ([]byte, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, ggserr.New(ggserr.FileOpen, path).Because(err)
	}
	defer r.Close()
	st, err := r.Stat()
	if err != nil {
		return nil, ggserr.New(ggserr.FileOpen, path).Because(err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, ggserr.New(ggserr.Generic, fmt.Sprintf("File %s may be read by others (mode %04o)",
			path, st.Mode().Perm())).Do("chmod 600 it, and change the secrets in it")
	}
	content, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, ggserr.New(ggserr.FileOpen, path).Because(err)
	}
	if len(content) > MaxSize {
		return nil, ggserr.New(ggserr.Generic, fmt.Sprintf("File %s is longer than %d bytes", path,
			MaxSize))
	}
	return content, nil
}

func (f *File) write(path string, content []byte) error {
	if err := Write(path, content); err != nil {
		return f.failed(err)
	}
	return nil
}

// Write writes a file aside with mode 0600, syncs, renames, and syncs the folder:
// a key that is lost takes with it what was encrypted under it.
func Write(path string, content []byte) error {
	dir := filepath.Dir(path)
	w, err := os.CreateTemp(dir, ".sealed-*")
	if err != nil {
		return err
	}
	defer os.Remove(w.Name())
	_, err = w.Write(content)
	if err == nil {
		err = w.Sync()
	}
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(w.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

// locked runs change while no other process changes the file.
func (f *File) locked(change func() error) error {
	lock, err := LockFolder(filepath.Dir(f.Path))
	if err != nil {
		return f.failed(err)
	}
	defer lock.Close()
	return change()
}
