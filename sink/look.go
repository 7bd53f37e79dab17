package sink

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Looked is a profile as it is stored, and what it is read with.
type Looked struct {
	Blob string // "" when there is no such profile
	// Glance is of the profile's shard. Its Names are those behind the ones
	// that the caller knows.
	Glance
}

// Look reads a profile together with what it is decoded with, in one round
// trip for who knows the shard's first names already. Anyone may ask: it does
// not matter who owns the shard.
func (s *Store) Look(ctx context.Context, shard int, profile string, known int) (Looked, error) {
	var blob *redis.StringCmd
	var fields *redis.SliceCmd
	var names *redis.StringSliceCmd
	key, from := s.keys.meta(shard), int64(known)
	err := s.retry(ctx, "reading profile", func(ctx context.Context) error {
		commands, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			blob = pipe.HGet(ctx, s.keys.profiles(shard, profile), profile)
			fields = pipe.HMGet(ctx, key, metaFields...)
			names = pipe.LRange(ctx, s.keys.names(shard), from, from+namesPage-1) // behind the profile: names only grow
			return nil
		})
		return beyondAbsence(commands, err)
	})
	if err != nil {
		return Looked{}, fmt.Errorf("reading profile of shard %d: %w", shard, err)
	}
	m, err := metaOf(key, fields.Val())
	if err != nil {
		return Looked{}, err
	}
	l := Looked{Blob: blob.Val(), Glance: m.glance()}
	if l.Names = names.Val(); len(l.Names) == namesPage {
		more, err := s.Names(ctx, shard, known+namesPage)
		if err != nil {
			return Looked{}, err
		}
		l.Names = append(l.Names, more...)
	}
	return l, nil
}
