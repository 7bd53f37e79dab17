package delivered

import (
	"encoding/json"
	"fmt"
	"time"

	"muster/test/kit/oracle"
)

// Item is one thing that a message tells: a change, a membership that a
// snapshot run names, or where a shard's part of a run begins or ends.
type Item struct {
	Change oracle.Change
	Run    string // the snapshot run, "" for a change
	Part   *Part  // nil for what is no part
}

// Part is where a shard's part of a snapshot run begins or ends.
type Part struct {
	Number, Of int
	Ended      bool
}

// told is an item in the format muster.
type told struct {
	Type, Profile, Segment, Cause, Run string
	Version                            uint64
	At                                 time.Time
	Part, Parts                        int
}

// Parse reads a body of the format muster, of one item or of several.
func Parse(body []byte) ([]Item, error) {
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
	items := make([]Item, len(list))
	for i := range list {
		item, ok := list[i].item()
		if !ok {
			return nil, fmt.Errorf("reading the body %q: no change %+v", body, list[i])
		}
		items[i] = item
	}
	return items, nil
}

// item returns false for what is none.
func (t *told) item() (Item, bool) {
	switch t.Type {
	case "audience.snapshot_started", "audience.snapshot_completed":
		part := &Part{t.Part, t.Parts, t.Type == "audience.snapshot_completed"}
		return Item{Run: t.Run, Part: part}, t.Run != "" && 0 < t.Part && t.Part <= t.Parts
	case "audience.entered", "audience.exited":
	default:
		return Item{}, false
	}
	item := Item{Change: oracle.Change{
		Segment: t.Segment, Profile: t.Profile, Entered: t.Type == "audience.entered", At: t.At.UnixMilli(), Version: t.Version, Cause: t.Cause,
	}}
	if t.Cause == "snapshot" {
		item.Run = t.Run
	}
	return item, t.Profile != "" && t.Segment != "" && t.Version > 0 && (t.Cause == "snapshot") == (item.Run != "")
}
