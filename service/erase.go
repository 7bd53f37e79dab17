package service

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"muster/config"
	"muster/directive"
	"muster/lookup"
	"muster/sink"
	"muster/stream"
)

// Erase asks the owner of a profile's shard to erase it, by a record on the
// keyed topic, and returns the id of the request once Kafka has the record.
// Events that arrive within suppress from now on are passed over. It opens no
// shard. How far the request is, Store.ErasureState tells, for the shard that
// is returned; what Redis keeps of the id then, Store.Traces. An error that
// trying again can't mend is an *UnusableError.
func Erase(ctx context.Context, cfg *config.Config, store *sink.Store, profile string, suppress time.Duration) (request string, shard int, err error) {
	switch {
	case profile == "" || len(profile) > directive.MaxProfile:
		return "", 0, unusable(fmt.Errorf("the id has %d bytes; it must have 1 to %d", len(profile), directive.MaxProfile))
	case suppress < 0 || suppress > lookup.MaxSuppression:
		return "", 0, unusable(fmt.Errorf("events are to be passed over for %s; it must be 0 to %s", suppress, lookup.MaxSuppression))
	}
	cluster, err := stream.Connect(cfg.Kafka, nil)
	if err != nil {
		return "", 0, unusable(err)
	}
	defer cluster.Close()
	shards, err := cluster.Partitions(ctx)
	if err != nil {
		return "", 0, Classify(fmt.Errorf("%w; is kafka.keyed the topic of the deployment?", err))
	}
	if err := errors.Join(store.CheckTopic(ctx, cfg.Kafka.Keyed), store.Check(ctx, shards)); err != nil {
		return "", 0, Classify(err)
	}
	partitioner, err := stream.NewPartitioner(cfg.Kafka.Partitioner, shards)
	if err != nil {
		return "", 0, unusable(err)
	}
	request, err = requestErasure(ctx, cluster, shards, profile, suppress)
	return request, partitioner.Partition(profile), Classify(err)
}

// requestErasure puts a request on the keyed topic of a deployment.
func requestErasure(ctx context.Context, cluster *stream.Cluster, shards int, profile string, suppress time.Duration) (request string, err error) {
	now := time.Now()
	request = requestID(now)
	return request, cluster.Direct(ctx, shards, []directive.Directive{
		{Kind: directive.Erase, Run: request, Profile: profile, Until: now.Add(suppress).UnixMilli()},
	})
}

// requestID makes an id that no other request has.
func requestID(at time.Time) string {
	var own [6]byte
	_, _ = rand.Read(own[:]) // never fails
	return "erase-" + at.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(own[:])
}
