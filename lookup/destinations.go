package lookup

import (
	"context"
	"fmt"
	"time"

	"muster/activation"
)

// Destination is how far a destination has come.
type Destination struct {
	Name      string     `json:"destination"`
	State     string     `json:"state" enum:"active,paused,disabled"`
	Reason    string     `json:"reason,omitempty"`
	Behind    int64      `json:"behind" doc:"Changes that it has not come to."`
	Waiting   int64      `json:"waiting" doc:"Messages that wait for another attempt."`
	Next      *time.Time `json:"next,omitempty" doc:"When the next attempt is made."`
	Delivered int64      `json:"delivered"`
	Dead      int64      `json:"dead" doc:"Changes that were given up."`
	Missed    int64      `json:"missed" doc:"Changes that the outbox had dropped."`
	Deferred  int64      `json:"deferred" doc:"Attempts that were not taken."`
	Coalesced int64      `json:"coalesced" doc:"Changes that newer ones had made pointless."`

	Breaker  Breaker      `json:"breaker"`
	Snapshot *SnapshotRun `json:"snapshot,omitempty"`
}

// Destination tells how far a destination has come.
func (r *Reader) Destination(ctx context.Context, of *activation.Destination) (Destination, error) {
	d, err := r.store.Deliveries(ctx, of.Name)
	if err != nil {
		return Destination{}, err
	}
	breaker, err := breakerOf(d.Breakers, time.Now())
	if err != nil {
		return Destination{}, &UnreadableError{fmt.Errorf("destination %s: %w", of.Name, err)}
	}
	line := Destination{
		Name: of.Name, State: d.State, Reason: d.Reason, Behind: d.Behind, Waiting: d.Waiting,
		Delivered: d.Delivered, Dead: d.Dead, Missed: d.Missed, Deferred: d.Deferred,
		Coalesced: d.Coalesced, Breaker: breaker, Snapshot: snapshotOf(&d.Snapshot, of.Initial),
	}
	if line.State == "" {
		line.State = string(activation.Active)
	}
	if d.Next > 0 {
		at := time.UnixMilli(d.Next).UTC()
		line.Next = &at
	}
	return line, nil
}

// UnknownDestination returns an *AbsentError that names the near ones when no
// destination of a list has a name.
func UnknownDestination(name string, destinations []activation.Destination) error {
	names := make([]string, len(destinations))
	for i := range destinations {
		if names[i] = destinations[i].Name; names[i] == name {
			return nil
		}
	}
	return absent(DestinationKind, "there is no destination %s%s", Shown(name), nearest(name, names))
}
