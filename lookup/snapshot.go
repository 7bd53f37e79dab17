package lookup

import (
	"fmt"

	"muster/activation"
	"muster/sink"
)

// SnapshotRun is the newest snapshot run of a destination.
type SnapshotRun struct {
	Run     string `json:"run"`
	Shards  int    `json:"shards"`
	Waiting int    `json:"waiting" doc:"Shards that have not begun it."`
	Done    int    `json:"done" doc:"Shards that have come to its end."`
	Members int64  `json:"members" doc:"How many it has named."`
	Owed    int64  `json:"owed" doc:"Messages of it that wait."`
	GivenUp int64  `json:"given_up"`
	Gap     int64  `json:"gap" doc:"Changes that were missed and are not made good yet."`
}

// snapshotOf returns nil where there is nothing to say. With initial a run is
// due also when no shard has begun one.
func snapshotOf(stored *sink.SnapshotRun, initial bool) *SnapshotRun {
	id := stored.Run
	if id == "" && initial {
		id = activation.InitialRun
	}
	if id == "" && stored.Gap == 0 {
		return nil
	}
	return &SnapshotRun{id, stored.Shards, stored.Shards - stored.Begun, stored.Done, stored.Named, stored.Owed, stored.Lost, stored.Gap}
}

// String writes the run in a few words, "-" where there is none.
func (s *SnapshotRun) String() string {
	if s == nil {
		return "-"
	}
	text := "another one follows"
	if s.Run != "" {
		text = fmt.Sprintf("%s: %d of %d shards done, %d members", s.Run, s.Done, s.Shards, s.Members)
	}
	if s.Run != "" && s.Waiting > 0 {
		text += fmt.Sprintf(", %d to begin", s.Waiting)
	}
	if s.GivenUp > 0 {
		text += fmt.Sprintf(", %d given up", s.GivenUp)
	}
	if s.Gap > 0 {
		text += fmt.Sprintf(", %d missed changes to make good", s.Gap)
	}
	return text
}
