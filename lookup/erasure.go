package lookup

import (
	"context"
	"strings"
	"time"

	"muster/pipeline"
	"muster/sink"
)

// MaxSuppression bounds for how long the events of an erased profile are passed
// over.
const MaxSuppression = 10 * 365 * 24 * time.Hour

// The states of an erasure.
const (
	ErasureNone     = "none"
	ErasureAsked    = "asked"
	ErasureCleaning = "cleaning"
	ErasureComplete = "complete"
)

// Erasure is how far the erasure of a profile is.
type Erasure struct {
	Erasure  string   `json:"erasure" doc:"What it is asked for by. It has a digest of the profile's id in place of the id."`
	State    string   `json:"state" enum:"none,asked,cleaning,complete" doc:"none: the profile was never erased. asked: on its way to the shard. cleaning: the profile is gone, and older messages about it are still to go. complete: nothing is left to be done."`
	ErasedAt *Instant `json:"erased_at" doc:"When the shard has followed; null before."`
	Until    *Instant `json:"suppressed_until" doc:"Events of the id that arrive before are passed over; null before the shard has followed."`
}

// ErasureRef is what an erasure is asked for by: a digest of the profile's id,
// and the id of a request, "" for the newest, whichever it is. It can't be
// turned back into the id, but whoever guesses the id can tell that it is.
func ErasureRef(profile, request string) string {
	ref := pipeline.ErasureDigest(profile)
	if request != "" {
		ref += refDot + request
	}
	return ref
}

const refDot = "."

// Erasure tells how far an erasure is, in all shards: after a reshard, each
// cleans what is its own. Once a newer request for the same profile was
// followed, it tells of that one.
func (r *Reader) Erasure(ctx context.Context, ref string) (*Erasure, error) {
	digest, request, _ := strings.Cut(ref, refDot)
	name, ok := pipeline.ErasedNameOf(digest)
	if !ok {
		return nil, absent(ErasureKind, "there is no erasure %s", Shown(ref))
	}
	var newest sink.ErasureState
	left := false
	for shard := range r.shards {
		s, err := r.store.ErasureNamed(ctx, shard, name)
		if err != nil {
			return nil, err
		}
		left = left || s.Known && !s.Complete
		if s.Known && follows(s.Request, request) && (!newest.Known || s.At > newest.At) {
			newest = s
		}
	}
	e := &Erasure{Erasure: ref, State: ErasureAsked}
	switch {
	case !newest.Known && request == "":
		e.State = ErasureNone
		return e, nil
	case !newest.Known:
		return e, nil
	case left:
		e.State = ErasureCleaning
	default:
		e.State = ErasureComplete
	}
	at, until := Instant(newest.At), Instant(newest.Until)
	e.ErasedAt, e.Until = &at, &until
	return e, nil
}

// follows reports whether a request that was followed is a certain one, or came
// later. The id of a request begins with its second; requests of one second
// count as one, as the first has erased what the others ask for.
func follows(followed, request string) bool {
	return followed == request || secondOf(followed) >= secondOf(request)
}

func secondOf(request string) string {
	return request[:max(0, strings.LastIndex(request, "-"))]
}

// Traces are the keys of a deployment that still name a profile.
type Traces struct {
	Keys   int64    `json:"keys_searched"`
	Values int64    `json:"values_searched"`
	Within bool     `json:"searched_within_values" doc:"Whether longer values were searched too. An id of fewer than 6 bytes would be found in them by chance."`
	Left   []string `json:"left" doc:"Keys that name the id, the first hundred. Nothing in it is the proof."`
}

// Traces searches all keys of the deployment for a profile's id, those of old
// layouts too. It takes some seconds for each million values.
func (r *Reader) Traces(ctx context.Context, id string) (*Traces, error) {
	if _, err := r.ShardOf(id); err != nil {
		return nil, err
	}
	found, err := r.store.Traces(ctx, id)
	if err != nil {
		return nil, err
	}
	return &Traces{found.Keys, found.Values, found.Whole, append([]string{}, found.Left...)}, nil
}
