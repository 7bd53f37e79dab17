// Package jsonfile keeps values in files of JSON that people can read too.
//
// It promises that a file is there whole, as it was or as it is now, whenever
// its writer is killed.
//
// The trap: of two that write the same file at a time the last one counts.
package jsonfile

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"muster/history/files"
)

// Write replaces a file by one that holds a value, and makes the folder where
// there is none. What a kill leaves behind has a name that ends in .part.
func Write(path string, value any) error {
	folder := files.Folder{Dir: filepath.Dir(path), Mode: 0o644}
	return folder.Write(filepath.Base(path), files.Replace, func(out io.Writer) error { return Encode(out, value) })
}

// Encode writes a value.
func Encode(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// Read reads into a value what Write wrote. The error is fs.ErrNotExist where
// there is no file; one about what the file holds says how to mend it.
func Read(path string, value any, mend string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return Decode(text, value, path, mend)
}

// Reader reads whole files by their names.
type Reader interface {
	Read(name string) ([]byte, error)
}

// ReadFrom is Read of a file of a work directory, which is shown to people as where.
func ReadFrom(from Reader, name, where string, value any, mend string) error {
	text, err := from.Read(name)
	if err != nil {
		return err
	}
	return Decode(text, value, where, mend)
}

// Decode reads into a value what Encode wrote, into the file at a path.
func Decode(text []byte, value any, path, mend string) error {
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("reading %s: %w; %s", path, err, mend)
	}
	return nil
}
