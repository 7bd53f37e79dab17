package service

import (
	"errors"
	"strings"
	"testing"

	"muster/config"
	"muster/stream"
	"muster/test/kit/kafka"
	"muster/test/kit/redis"
)

// A deployment of a version whose names did not follow the prefix goes on only
// under the names that it had.
func TestOldDeploymentsKeepTheirNames(t *testing.T) {
	cfg := config.Default()
	server := redis.Start(t)
	cfg.Kafka.Brokers, cfg.Redis.Addresses, cfg.Redis.Prefix = kafka.StartFakeFor(t).Addresses(), []string{server.Address}, "eu"
	old := server.Client(t)
	if err := old.HSet(t.Context(), "eu:cluster", "shards", 2, "buckets", cfg.Redis.Buckets, "schema", 1).Err(); err != nil {
		t.Fatal(err)
	}
	followed := cfg
	followed.Kafka.Group, followed.Kafka.Keyed = stream.Unnamed, stream.Unnamed
	followed.Kafka.Follow("eu")
	_, err := Prepare(t.Context(), followed, Preparation{Shards: 2, Replication: 1})
	var refused *UnusableError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "leaves out kafka.group and kafka.keyed") {
		t.Errorf("names that it did not have: %v", err)
	}
	if _, err := Prepare(t.Context(), cfg, Preparation{Shards: 2, Replication: 1}); err != nil {
		t.Errorf("the names that it had: %v", err)
	}
	if id := old.HGet(t.Context(), "eu:cluster", "id").Val(); id == "" {
		t.Error("it got no id")
	}
	followed.Kafka.Keyed += "-2"
	if _, err := Prepare(t.Context(), followed, Preparation{Shards: 2, Replication: 1}); err != nil {
		t.Errorf("with an id its names may be any: %v", err)
	}
}
