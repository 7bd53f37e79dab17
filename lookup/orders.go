package lookup

import (
	"fmt"

	"muster/spelling"
)

// Replay is what a replay sends again.
type Replay struct {
	Destination string `json:"destination"`
	Since       string `json:"since"`
	Changes     int64  `json:"changes" doc:"Changes that are sent again."`
	Shards      int    `json:"shards" doc:"Shards that go back."`
	// Incomplete are the shards whose outboxes do not go back to the instant.
	Incomplete []Incomplete `json:"incomplete" doc:"Shards whose outboxes do not go back so far; only a reconcile makes up for it."`
}

// Incomplete is a shard whose outbox does not go back so far.
type Incomplete struct {
	Shard   int    `json:"shard"`
	Oldest  string `json:"oldest" doc:"The instant of the oldest change that is kept."`
	Dropped int64  `json:"dropped" doc:"Changes before it, of any age, which are not sent."`
}

// Reconcile is a snapshot run that was asked for.
type Reconcile struct {
	Destination string `json:"destination"`
	Run         string `json:"run" doc:"Its id, which stands in what is sent."`
	Instead     string `json:"instead,omitempty" doc:"The run that was asked for before, and is given up if it is not done."`
	State       string `json:"state" enum:"active,paused,disabled" doc:"Of the destination: unless it is active, the run waits."`
}

// Trial is what came of sending a sample.
type Trial struct {
	Destination string  `json:"destination"`
	Taken       bool    `json:"taken"`
	Status      int     `json:"status,omitempty" doc:"What a webhook has answered."`
	Reason      string  `json:"reason,omitempty" doc:"Why it was not taken."`
	Seconds     float64 `json:"seconds" doc:"How long the attempt took."`
	Message     string  `json:"webhook_id"`
	Body        string  `json:"body,omitempty" doc:"What was sent to a webhook."`
	Topic       string  `json:"topic,omitempty" doc:"The topic that it was sent to."`
	Key         string  `json:"key,omitempty" doc:"The key of the record."`
}

// UnknownBackfill returns an *AbsentError that names the near ones.
func UnknownBackfill(id string, known []string) error {
	return absent(BackfillKind, "there is no backfill %s%s", Shown(id), nearest(id, known))
}

// UnknownAmong returns an *AbsentError for a segment that is not among those that
// there are.
func UnknownAmong(id string, known []string) error {
	return absent(SegmentKind, "there is no segment %s%s", Shown(id), nearest(id, known))
}

// UnknownCube returns an *AbsentError for a cube that is not among those that are
// declared.
func UnknownCube(id string, known []string) error {
	hint := "none is declared; see docs/insights.md"
	if near := spelling.Nearest(id, known); near != "" {
		hint = "did you mean " + near + "?"
	} else if len(known) > 0 {
		hint = fmt.Sprintf("there are %v", known)
	}
	return absent(CubeKind, "there is no cube %s: %s", Shown(id), hint)
}

// Undrawable says why a backfill can't be drawn.
func Undrawable(id, why string) error { return input("backfill %s can't be drawn: %s", Shown(id), why) }
