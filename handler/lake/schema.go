package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"ggsh/handler"
	"ggsh/record"
)

// maxSchemaBytes bounds a schema file on reading.
const maxSchemaBytes = 16 << 20

// schema writes a table's schema files before the first file of that definition
// is published, so that readers never lack them.
func (h *Handler) schema(ctx context.Context, def *record.TableDef) error {
	digest := h.digest(def)
	if h.schemas[digest] {
		return nil
	}
	name, text, err := h.format.Schema(def)
	if err != nil {
		return (&handler.ApplyError{Class: handler.Setup, Op: -1, Text: fmt.Sprintf(
			"schema of %s: %v", def.FullName(), err)}).Because(err)
	}
	if text != nil && h.set.definitions != "" {
		if err := keepLocally(filepath.Join(h.set.definitions, name), text); err != nil {
			return (&handler.ApplyError{Class: handler.Setup, Op: -1, Text: fmt.Sprintf(
				"schema file of %s: %v", def.FullName(), err)}).Because(err)
		}
	}
	if text != nil && h.set.schemaDir != "" {
		if err := h.keepSchema(ctx, name, text); err != nil {
			return err
		}
	}
	h.schemas[digest] = true
	return nil
}

// keepSchema writes a schema file beside the data unless it is there already.
func (h *Handler) keepSchema(ctx context.Context, name string, text []byte) error {
	final := path.Join(h.set.schemaDir, name)
	old, err := readAll(ctx, h.fs, final, maxSchemaBytes)
	if err == nil && bytes.Equal(old, text) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := h.fs.MakeAll(ctx, h.set.schemaDir); err != nil {
		return err
	}
	temp := path.Join(h.tempDir, "schema.tmp")
	if err := writeAll(ctx, h.fs, temp, text); err != nil {
		return err
	}
	return h.fs.Rename(ctx, temp, final)
}

// keepLocally writes a file aside and renames it, so that readers find it whole.
func keepLocally(file string, text []byte) error {
	old, err := os.ReadFile(file)
	if err == nil && bytes.Equal(old, text) {
		return nil
	}
	temp := file + ".tmp"
	if err := os.WriteFile(temp, text, 0o644); err != nil {
		return fmt.Errorf("lake: %w", err)
	}
	if err := os.Rename(temp, file); err != nil {
		return fmt.Errorf("lake: %w", err)
	}
	return nil
}
