package lookup

import (
	"context"
	"time"

	"muster/profile"
	"muster/rules"
)

// Explained is a segment's rule as it stands for a profile.
type Explained struct {
	Segment string             `json:"segment"`
	Profile string             `json:"profile"`
	At      time.Time          `json:"at" doc:"The time that it is explained as of."`
	Rule    *rules.Explanation `json:"rule"`
	// Foreign says that the shard goes by other rules than those that were
	// explained: what only these ask for shows as absent.
	Foreign bool `json:"-"`
	Shard   int  `json:"-"`
	// Stored is the profile that was explained.
	Stored *profile.Profile `json:"-"`
}

// Explain explains a segment for a profile, as of a time in milliseconds since
// 1970 UTC, or of the shard's clock where that is 0.
func (r *Reader) Explain(ctx context.Context, id, segment string, at int64) (*Explained, error) {
	set := r.rules()
	if _, known := set.Position(segment); !known {
		return nil, absent(SegmentKind, "there is no segment %s%s", Shown(segment), nearest(segment, set.IDs()))
	}
	seen, names, shard, err := r.look(ctx, id)
	if err != nil {
		return nil, err
	}
	clock := seen.Clock
	if at != 0 {
		if clock = at; clock < seen.Clock {
			return nil, input("the time is %s, but shard %d is at %s already, and what was before is not kept",
				Instant(at), shard, Instant(seen.Clock))
		}
	}
	codec, _ := profile.NewCodec(set.Schema(), set.IDs(), names.Names())
	p, err := codec.Decode(id, seen.Blob)
	if err != nil {
		return nil, &UnreadableError{err}
	}
	x, err := set.Explain(p, segment, clock)
	if err != nil {
		return nil, err
	}
	return &Explained{
		Segment: segment, Profile: id, At: time.UnixMilli(clock).UTC(), Rule: x, Foreign: seen.Rules != set.Fingerprint(), Shard: shard, Stored: p,
	}, nil
}
