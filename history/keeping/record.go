package keeping

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"muster/history"
	"muster/history/files"
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
	Meaning string `json:"meaning"` // of the segment then, see rules.Set.Wording
	Run     string `json:"run"`
	Whole   int64  `json:"whole"` // since when the archive was whole
	Ended   int64  `json:"ended"`
}

// recordFile is where the record of a deployment is, and lockFile what the process
// has that keeps it.
func recordFile(deployment string) string { return kept(deployment) + ".json" }
func lockFile(deployment string) string   { return kept(deployment) + ".lock" }

func kept(deployment string) string {
	sum := sha256.Sum256([]byte(deployment))
	return path.Join("kept", hex.EncodeToString(sum[:8]))
}

// readRecord reads a record, an empty one where there is none.
func readRecord(c *history.Config, deployment string) (*Record, error) {
	r := &Record{Segments: map[string]Given{}}
	if err := c.Read(recordFile(deployment), r, "remove it to have all brought anew"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading what history was brought: %w", err)
	}
	return r, nil
}

// write replaces the file of the record.
func (r *Record) write(c *history.Config, deployment string) error {
	if err := c.Write(recordFile(deployment), r, files.Replace); err != nil {
		return fmt.Errorf("noting what history was brought: %w", err)
	}
	return nil
}
