// Package jsonfile keeps values in files of JSON that people can read too.
//
// It promises that a file is there whole, as it was or as it is now, whenever
// its writer is killed.
//
// The trap: of two that write the same file at a time the last one counts.
package jsonfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Write replaces a file by one that holds a value, and makes the folder where
// there is none. What a kill leaves behind has a name that ends in .part.
func Write(path string, value any) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	encoder := json.NewEncoder(file)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := errors.Join(encoder.Encode(value), file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// Read reads into a value what Write wrote. The error is fs.ErrNotExist where
// there is no file; one about what the file holds says how to mend it.
func Read(path string, value any, mend string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("reading %s: %w; %s", path, err, mend)
	}
	return nil
}
