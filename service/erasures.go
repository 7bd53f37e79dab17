package service

import (
	"context"
	"time"

	"muster/lookup"
	"muster/stream"
)

// erasures has profiles forgotten for the API.
type erasures struct {
	*lookup.Reader // Erasure and Traces
	cluster        *stream.Cluster
	shards         int
}

// Erase implements api.Erasures.
func (e *erasures) Erase(ctx context.Context, id string, suppress time.Duration) (ref string, err error) {
	if _, err := e.ShardOf(id); err != nil {
		return "", err
	}
	request, err := requestErasure(ctx, e.cluster, e.shards, id, suppress)
	if err != nil {
		return "", err
	}
	return lookup.ErasureRef(id, request), nil
}
