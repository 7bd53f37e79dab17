package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// work is the work directory. A file is there whole or not at all, and what
// is there is never changed: its name tells what it was made of.
//
//	runs/ab/KEY.parquet          what is kept of an object
//	runs/ab/KEY.dead.ndjson      what of it can't be used
//	projections/KEY.json         what some runs keep
//	slices/KEY/0008.parquet      profiles of some virtual shards, by the first
//	patches/KEY/0008.parquet     patches of profiles of some virtual shards
//	bases/RULES/ASOF-KEY.json    which slices others can go on from
//	requests/ID/                 manifest, plan, members, sketches, dead letters, summary
//	requests/ID/indexed/         what became of each part's objects
//
// Names that end in .part are left by what was killed, and may be removed.
type work struct {
	dir string
	// written is told of every file that was made, once it is there; an error
	// ends the backfill. nil for nobody.
	written func(path string) error
}

// kept is the path of a file that is found by its key, in one of 256 folders.
func (w work) kept(kind, key, ending string) string {
	return filepath.Join(w.dir, kind, key[:2], key+ending)
}

func (w work) runFile(key string) string { return w.kept("runs", key, ".parquet") }

func (w work) runFiles(keys []string) []string {
	paths := make([]string, len(keys))
	for i, key := range keys {
		paths[i] = w.runFile(key)
	}
	return paths
}

func (w work) deadFile(key string) string { return w.kept("runs", key, ".dead.ndjson") }

func (w work) sliceFile(base string, i int) string {
	return filepath.Join(w.dir, "slices", base, fmt.Sprintf("%04d.parquet", i*sliceShards))
}

func (w work) request(id, name string) string { return filepath.Join(w.dir, "requests", id, name) }

// exists reports whether a file is there.
func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// writeBuffer is the memory of one file that is being written, in bytes.
const writeBuffer = 256 << 10

// writeFile makes a file of what write writes, under another name until it is
// whole. Two that make the same file at the same time do no harm.
func (w work) writeFile(path string, write func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	file, err := createPart(path)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriterSize(file, writeBuffer)
	if err := errors.Join(write(buffer), buffer.Flush(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	if err := os.Rename(file.Name(), path); err != nil || w.written == nil {
		return err
	}
	return w.written(path)
}

// createPart creates the file that is written in the place of another, and the
// folder where there is none.
func createPart(path string) (*os.File, error) {
	folder, pattern := filepath.Dir(path), filepath.Base(path)+".*.part"
	file, err := os.CreateTemp(folder, pattern)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	return os.CreateTemp(folder, pattern)
}

// makeFolder makes a folder that is written in the place of another.
func makeFolder(path string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	part, err := os.MkdirTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return "", err
	}
	return part, os.Chmod(part, 0o755)
}

// putFolder puts a folder that is whole in its place. Of two that do so at
// the same time one is left, and it is as good as the other.
func putFolder(part, path string) error {
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	err := os.Rename(part, path)
	if there, _ := exists(path); err != nil && there {
		return os.RemoveAll(part)
	}
	return err
}

// writeJSON makes a file of a value, as JSON for people too.
func (w work) writeJSON(path string, value any) error {
	return w.writeFile(path, func(out io.Writer) error {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	})
}

// readJSON reads a value that writeJSON wrote.
func readJSON(path string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("reading %s: %w; remove it, and it will be made anew", path, err)
	}
	return nil
}
