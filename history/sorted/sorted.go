package sorted

import (
	"encoding/json"
	"errors"
	"fmt"

	"muster/history/files"
	"muster/history/internal/columnar"
)

// Run is an open run. Close it.
type Run struct {
	Header
	file *columnar.File
}

// Open opens the sorted run that a file is, and reads its header. The file is closed
// with it, and after an error too.
func Open(name string, in files.File) (*Run, error) {
	file, err := columnar.Open(name, in, form)
	if err != nil {
		return nil, fmt.Errorf("opening a sorted run: %w", err)
	}
	r := &Run{file: file}
	if err := r.readHeader(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening a sorted run: %w", file.Damaged(err)), file.Close())
	}
	return r, nil
}

func (r *Run) readHeader() error {
	if err := json.Unmarshal([]byte(r.file.Text), &r.Header); err != nil {
		return err
	}
	groups := r.file.Groups()
	if len(groups) != len(r.Parts) {
		return errors.New("its header has another number of parts")
	}
	for i, rows := range groups {
		if s := r.Parts[i].Shards; len(s) != VirtualShards || rows != s[VirtualShards-1] {
			return errors.New("its header has another number of rows")
		}
	}
	return nil
}

// Close closes the file.
func (r *Run) Close() error { return r.file.Close() }
