package sink

import (
	"context"

	"github.com/redis/go-redis/v9"

	"muster/profile"
)

// A profile is stored in two parts: its base with every change, and its tail,
// the traits, when these have changed. The tail is a field of a hash of its own,
// in the same slot and written by the same transaction, so that the number of
// fields of a bucket remains that of its profiles, and no id can be taken for a
// tail's. Who is not the owner may read the two while a commit comes in between.
// Then they do not fit, and are read again.

// appendJoined puts profiles together of what two hashes have answered, "" for
// one that does not exist.
func appendJoined(blobs []string, bases, tails []any) []string {
	for i, one := range bases {
		base, _ := one.(string) // nil where there is none
		tail, _ := tails[i].(string)
		blobs = append(blobs, profile.Join(base, tail))
	}
	return blobs
}

// mend reads anew, in one transaction, the profiles of which base and tail do
// not fit. If they still don't, they are stored so, and who decodes them says so.
func (s *Store) mend(ctx context.Context, k keys, shard int, ids, blobs []string) error {
	var torn []int
	for i, blob := range blobs {
		if !profile.Fits(blob) {
			torn = append(torn, i)
		}
	}
	if len(torn) == 0 {
		return nil
	}
	replies := make([][2]*redis.StringCmd, len(torn))
	commands, err := s.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, at := range torn {
			in := bucket(ids[at], k.buckets)
			replies[i][0] = pipe.HGet(ctx, k.bucket(shard, in), ids[at])
			replies[i][1] = pipe.HGet(ctx, k.tails(shard, in), ids[at])
		}
		return nil
	})
	if err := beyondAbsence(commands, err); err != nil {
		return err
	}
	for i, at := range torn {
		blobs[at] = profile.Join(replies[i][0].Val(), replies[i][1].Val())
	}
	return nil
}
