package delivered

import (
	"encoding/json"
	"fmt"
	"time"

	"muster/test/kit/oracle"
)

// told is a change in the format muster.
type told struct {
	Type, Profile, Segment, Cause string
	Version                       uint64
	At                            time.Time
}

// Parse reads a body of the format muster, of one change or of several.
func Parse(body []byte) ([]oracle.Change, error) {
	var message struct {
		told
		Changes []told
	}
	if err := json.Unmarshal(body, &message); err != nil {
		return nil, fmt.Errorf("reading the body %q: %w", body, err)
	}
	list := message.Changes
	if message.Type != "audience.changes" {
		list = []told{message.told}
	}
	changes := make([]oracle.Change, len(list))
	for i, c := range list {
		if c.Type != "audience.entered" && c.Type != "audience.exited" || c.Profile == "" || c.Segment == "" || c.Version == 0 {
			return nil, fmt.Errorf("reading the body %q: no change %+v", body, c)
		}
		changes[i] = oracle.Change{
			Segment: c.Segment, Profile: c.Profile, Entered: c.Type == "audience.entered", At: c.At.UnixMilli(), Version: c.Version, Cause: c.Cause,
		}
	}
	return changes, nil
}
