package keeping

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"muster/history/internal/jsonfile"
)

// Record is what was brought to a deployment.
type Record struct {
	// Running is the run that was begun and has not ended, nil for none.
	Running *Running `json:"running,omitempty"`
	// Segments is what was brought last, by id.
	Segments map[string]Given `json:"segments"`
}

// Running is a run on its way.
type Running struct {
	Request  string   `json:"request"` // id of the publication
	Rules    string   `json:"rules"`   // fingerprint of all rules
	Segments []string `json:"segments"`
}

// Given is history that was brought for a segment. Times are ms since 1970 UTC.
type Given struct {
	Meaning string `json:"meaning"` // of the segment then, see rules.Set.Meaning
	Run     string `json:"run"`
	Whole   int64  `json:"whole"` // since when the archive was whole
	Ended   int64  `json:"ended"`
}

// recordFile is where the record of a deployment is.
func recordFile(dir, deployment string) string {
	sum := sha256.Sum256([]byte(deployment))
	return filepath.Join(dir, "kept", hex.EncodeToString(sum[:8])+".json")
}

// readRecord reads a record, an empty one where there is none.
func readRecord(path string) (*Record, error) {
	r := &Record{Segments: map[string]Given{}}
	if err := jsonfile.Read(path, r, "remove it to have all brought anew"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading what history was brought: %w", err)
	}
	return r, nil
}

// write replaces the file of the record.
func (r *Record) write(path string) error {
	if err := jsonfile.Write(path, r); err != nil {
		return fmt.Errorf("noting what history was brought: %w", err)
	}
	return nil
}
