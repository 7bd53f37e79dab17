package api

import (
	"context"
	"fmt"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"muster/event"
	"muster/lookup"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/segments"
	"muster/sink"
)

const keptShards = 3

// kept is a deployment in a fake Redis, with what the engine makes of events.
type kept struct {
	*rig
	server  *miniredis.Miniredis
	store   *sink.Store
	live    *pipeline.Live
	decoder *event.Decoder
	drivers []*pipeline.Driver
	next    []int64
	owner   func(string) (int, error)
	// definitions are the segments, where these are kept in Redis.
	definitions *segments.Definitions

	forgetting *forgetting
	observed   observed
}

// keptRules are the segments of the tests.
const keptRules = `segments:
  - id: vip
    name: Spends a lot
    rule: traits.spent >= 100
  - id: buyers
    rule: count(events("Order Completed", "30d")) >= 1
  - id: hidden
    members: false
    rule: traits.spent >= 1
`

// keeping serves an API of a deployment.
func keeping(t *testing.T, config Config) *kept {
	t.Helper()
	return keepingWith(t, config, sink.Default())
}

func keepingWith(t *testing.T, config Config, redis sink.Config, more ...func(*kept, *Parts)) *kept {
	t.Helper()
	k := &kept{server: miniredis.RunT(t)}
	redis.Addresses, redis.Buckets = []string{k.server.Addr()}, 16
	var err error
	if k.store, err = sink.New(t.Context(), redis); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.store.Close() })
	if err := k.store.Init(t.Context(), keptShards); err != nil {
		t.Fatal(err)
	}
	set, err := rules.Load(rules.Source{Name: "kept.yaml", Data: []byte(keptRules)})
	if err != nil {
		t.Fatal(err)
	}
	k.live = pipeline.NewLive(set)
	reader, err := lookup.New(t.Context(), k.store, lookup.Options{
		Partitioner: "murmur2", Events: event.Default(), Rules: func() *rules.Set { return k.live.Current().Set },
	})
	if err != nil {
		t.Fatal(err)
	}
	k.owner = reader.ShardOf
	if k.decoder, err = event.NewDecoder(event.Default()); err != nil {
		t.Fatal(err)
	}
	k.open(t, set)
	changes, err := reader.Changes(t.Context(), func(error) {}) // a test may take Redis away
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); changes.Run(ctx) }()
	t.Cleanup(func() { end(); <-ended })
	k.forgetting = &forgetting{Reader: reader, kept: k}
	orders := ordered{reader: reader, store: k.store}
	parts := Parts{
		Segments: reader, Histories: reader, Profiles: reader, Past: reader, Changes: changes, Destinations: orders, Sending: orders, Delivery: orders,
		Backfills: bygone{}, Starts: bygone{}, Outlines: bygone{}, Erasures: k.forgetting, Observer: k.observed.observer(),
	}
	for _, add := range more {
		add(k, &parts)
	}
	k.rig = serving(t, config, parts)
	return k
}

// keepingOrders serves an API where a sample that is to be sent is told to
// trying, and sent when tried is closed.
func keepingOrders(t *testing.T, trying chan<- struct{}, tried <-chan struct{}) *kept {
	t.Helper()
	return keepingWith(t, Default(), sink.Default(), func(_ *kept, parts *Parts) {
		orders := parts.Sending.(ordered)
		orders.trying, orders.tried = trying, tried
		parts.Sending = orders
	})
}

// open opens all shards under a rule set.
func (k *kept) open(t *testing.T, set *rules.Set) {
	t.Helper()
	k.drivers, k.next = nil, nil
	for shard := range keptShards {
		state, err := k.store.Open(t.Context(), shard)
		if err != nil {
			t.Fatal(err)
		}
		k.drivers = append(k.drivers, pipeline.NewDriver(set, pipeline.Default(), state, pipeline.PortOf(k.store, shard)))
		k.next = append(k.next, max(0, state.Next))
	}
}

const keptClock = 1_795_000_000_000 // in November 2026

// apply applies records and commits each.
func (k *kept) apply(t *testing.T, records ...string) {
	t.Helper()
	for _, record := range records {
		events, rejected := k.decoder.Decode(nil, nil, []byte(record), keptClock, 0)
		if len(rejected) > 0 {
			t.Fatal(rejected[0].Reason)
		}
		for i := range events {
			shard, err := k.owner(events[i].Profile)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := k.drivers[shard].Apply(t.Context(), &events[i]); err != nil {
				t.Fatal(err)
			}
			k.next[shard]++
			if err := k.drivers[shard].Commit(t.Context(), k.next[shard]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// spends has a profile spend an amount in all.
func (k *kept) spends(t *testing.T, id string, amount int) {
	t.Helper()
	k.apply(t, fmt.Sprintf(`{"type":"identify","userId":%q,"traits":{"spent":%d,"country":"DE"}}`, id, amount))
}

// populate puts members into vip by commits of their own, as few as can be.
func (k *kept) populate(t *testing.T, ids ...string) {
	t.Helper()
	commits := make([]*pipeline.Commit, keptShards)
	for shard := range commits {
		state, err := k.store.Open(t.Context(), shard)
		if err != nil {
			t.Fatal(err)
		}
		commits[shard] = &pipeline.Commit{Epoch: state.Epoch, From: state.Next, Next: max(0, state.Next) + 1, Outbox: state.Outbox, NewNames: []string{profile.NameOfSegment("vip")}}
	}
	for _, id := range ids {
		shard, err := k.owner(id)
		if err != nil {
			t.Fatal(err)
		}
		commits[shard].Changes = append(commits[shard].Changes, pipeline.Change{Segment: "vip", Profile: id, Entered: true, Version: 1})
	}
	for shard, c := range commits {
		if err := k.store.Commit(t.Context(), shard, c); err != nil {
			t.Fatal(err)
		}
	}
}
