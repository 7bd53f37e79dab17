package service

import (
	"context"

	"muster/profile"
	"muster/sink"
)

// profiles are the stored profiles of a shard as activation sees them.
type profiles struct {
	store *sink.Store
	shard int
}

// Traits implements activation.Profiles.
func (p profiles) Traits(ctx context.Context, ids []string, paths [][]string) (map[string][]any, error) {
	blobs, err := p.store.Profiles(ctx, p.shard, ids)
	if err != nil {
		return nil, err
	}
	places := make([]profile.Path, len(paths))
	for i, keys := range paths {
		places[i] = profile.PathOf(keys...)
	}
	found := make(map[string][]any, len(ids))
	for i, blob := range blobs {
		if blob == "" {
			continue
		}
		traits, err := profile.TraitsOf(blob)
		if err != nil {
			return nil, err
		}
		values := make([]any, len(places))
		for k, place := range places {
			values[k] = traits.Get(place).Plain()
		}
		found[ids[i]] = values
	}
	return found, nil
}
