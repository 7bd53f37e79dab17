package lookup

import (
	"context"
	"fmt"
	"time"

	"muster/activation"
	"muster/sink"
)

// DeadLetter is a message that a destination was not sent in the end.
type DeadLetter struct {
	Message  string       `json:"webhook_id" doc:"The id that it was sent under, and is sent under again."`
	Attempts int          `json:"attempts"`
	Reason   string       `json:"reason" doc:"Why the last attempt was not taken."`
	Changes  []DeadChange `json:"changes"`
}

// DeadChange is a change in a message that was given up.
type DeadChange struct {
	Profile string    `json:"profile"`
	Segment string    `json:"segment" doc:"Empty for the begin or end of a snapshot run."`
	Entered bool      `json:"entered"`
	Version uint64    `json:"version"`
	At      time.Time `json:"at"`
	Run     string    `json:"run,omitempty" doc:"The snapshot run that it is of."`
}

// deadPage is how many dead letters are read at a time.
const deadPage = 50

// DeadLetters calls fn with the dead letters of a destination, those with
// changes of a profile where one is named: shard by shard, and in each the
// oldest first. It stops after limit of them, 0 for none, and returns where to
// go on, "" when these were all. What is given up or sent again meanwhile may
// be missing or come twice.
func (r *Reader) DeadLetters(
	ctx context.Context, destination, profile, cursor string, limit int, fn func(*DeadLetter) error,
) (next string, err error) {
	at, last, err := r.deadFrom(destination, profile, cursor)
	if err != nil {
		return "", err
	}
	for seen := 0; at.Shard <= last; {
		page, err := r.store.DeadPage(ctx, at.Shard, destination, int64(at.Position), deadPage)
		if err != nil {
			return "", err
		}
		for _, text := range page {
			if limit > 0 && seen >= limit {
				return textOf(destination, at), nil
			}
			at.Position++
			dead, err := activation.DecodeDead([]byte(text))
			if err != nil {
				return "", &UnreadableError{fmt.Errorf("dead letters of destination %s: %w", destination, err)}
			}
			if profile != "" && !dead.IsAbout(profile) {
				continue
			}
			seen++
			if err := fn(deadLetterOf(destination, &dead)); err != nil {
				return "", err
			}
		}
		if len(page) < deadPage {
			at.Shard, at.Position = at.Shard+1, 0
		}
	}
	return "", nil
}

// deadFrom is where to begin, and the last shard to look at.
func (r *Reader) deadFrom(destination, profile, cursor string) (at sink.Cursor, last int, err error) {
	if at, err = cursorOf("destination", destination, cursor); err != nil {
		return at, 0, err
	}
	if cursor == "" {
		at.Layout = r.layout
	}
	if at.Layout != r.layout || at.Shard >= r.shards {
		return at, 0, input("the cursor %s is of shards that are no more; begin without one", cursor)
	}
	if profile == "" {
		return at, r.shards - 1, nil
	}
	shard, err := r.ShardOf(profile)
	switch {
	case err != nil:
		return at, 0, err
	case cursor == "":
		at.Shard = shard
	case at.Shard != shard:
		return at, 0, input("the cursor %s is not one of the profile %s; begin without one", cursor, Shown(profile))
	}
	return at, shard, nil
}

// deadLetterOf is a dead letter as it is told.
func deadLetterOf(destination string, dead *activation.DeadLetter) *DeadLetter {
	letter := &DeadLetter{Message: activation.MessageID(destination, dead.Changes), Attempts: dead.Failed, Reason: dead.Reason}
	for _, c := range dead.Changes {
		letter.Changes = append(letter.Changes, DeadChange{c.Profile, c.Segment, c.Entered, c.Version, time.UnixMilli(c.At).UTC(), c.Run})
	}
	return letter
}

// Resendable refuses a destination that dead letters can't be sent to again.
func Resendable(d *activation.Destination) error {
	if d.Kafka == nil || d.Kafka.MembersTopic == "" {
		return nil
	}
	return input("%s has the members_topic %s, where what is sent again would be the last word on members who "+
		"may have left since: make that topic anew, and have the destination begin with all members", d.Name, d.Kafka.MembersTopic)
}
