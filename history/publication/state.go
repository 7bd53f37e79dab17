package publication

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"muster/history"
	"muster/history/files"
)

// StateFile is the name of the file, in the folder of a request, that says how
// far its publication is.
const StateFile = "publication.json"

// State is how far a publication is, as its file keeps it. Times are ms since
// 1970 UTC, 0 for not yet.
type State struct {
	// Run names the run in the shards, in changes and in dead letters.
	Run     string `json:"run"`
	Begun   int64  `json:"begun"`
	Opened  int64  `json:"opened"` // when the seams were seen to be open
	Settled int64  `json:"settled"`
	Closing int64  `json:"closing"` // when all patches had been given
	Ended   int64  `json:"ended"`
	// Lost says why the run can't be gone on with, "" while it can.
	Lost string `json:"lost,omitempty"`
	// GivenUp says that its seams were closed without history.
	GivenUp bool `json:"given_up,omitempty"`

	Segments []string `json:"segments"`
	Series   []string `json:"series"`          // that the run gives, by name
	Seams    []int64  `json:"seams,omitempty"` // by shard
	// Behind are offsets, by shard, that lie behind what has opened the seams.
	Behind  []int64 `json:"behind,omitempty"`
	Patches string  `json:"patches,omitempty"`
	All     int64   `json:"all"`   // patches there are
	Sent    int64   `json:"sent"`  // of them, acknowledged
	Bytes   int64   `json:"bytes"` // of those, as they went out
	Whole   int64   `json:"whole"` // since when the archive is whole
	Dead    int64   `json:"dead"`  // dead letters that there were when the run began

	Seconds Durations `json:"seconds"`
}

// EndedAt returns when the last run of a request has ended, the zero time where
// none has.
func EndedAt(c *history.Config, request string) (time.Time, error) {
	s, err := readState(c, request)
	if err != nil || s == nil || s.Ended == 0 {
		return time.Time{}, err
	}
	return time.UnixMilli(s.Ended), nil
}

// newRun returns an id that no other run has.
func newRun(at time.Time) string {
	var random [5]byte
	_, _ = rand.Read(random[:]) // never fails
	return at.UTC().Format("20060102-150405-") + strings.ToLower(base32.StdEncoding.EncodeToString(random[:]))
}

// readState reads the state of a request, nil where there is none.
func readState(c *history.Config, request string) (*State, error) {
	s := &State{}
	err := c.ReadNote(request, StateFile, s, "remove it to begin anew")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading how far the publication is: %w", err)
	}
	return s, nil
}

// behind is the offset that a shard has read up to when it has its seam; 0 in
// a file of a version that did not note it.
func (s *State) behind(shard int) int64 {
	if shard < len(s.Behind) {
		return s.Behind[shard]
	}
	return 0
}

// write replaces the state of a request.
func (s *State) write(c *history.Config, request string) error {
	return s.put(c, request, files.Replace)
}

func (s *State) put(c *history.Config, request string, mode files.Mode) error {
	if err := c.WriteNote(request, StateFile, s, mode); err != nil {
		return fmt.Errorf("noting how far the publication is: %w", err)
	}
	return nil
}
