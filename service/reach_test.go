package service

import (
	"slices"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"muster/pipeline"
	"muster/rules"
)

// The owners of shards share out the segments whose reach they pack: together
// they pack all, and each its own.
func TestOwnersPackReach(t *testing.T) {
	s, store := adService(t, adCubes)
	var segments []rules.Segment
	names := []string{"a", "b", "c", "d", "e"}
	for _, name := range names {
		segments = append(segments, rules.NewSegment(name, `traits.x == 1`))
	}
	set, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	s.rules, s.log = pipeline.NewLive(set), zap.NewNop()
	c := client.NewClient(&client.Options{Addr: s.config.Redis.Addresses[0], DisableIdentity: true})
	defer c.Close()
	day := time.Now().AddDate(0, 0, -5).UTC().Format("20060102")
	for _, name := range names {
		if err := c.PFAdd(t.Context(), "m:hll:{"+name+"}:"+day, "ann").Err(); err != nil {
			t.Fatal(err)
		}
	}
	packed := func() (all []string) {
		for _, name := range names {
			if c.Exists(t.Context(), "m:hll:{"+name+"}:past").Val() == 1 {
				all = append(all, name)
			}
		}
		return all
	}
	for shard, want := range [][]string{{"a", "d"}, {"a", "b", "d", "e"}, names} {
		if err := s.packReach(t.Context(), store, shard, 3); err != nil {
			t.Fatal(err)
		}
		if got := packed(); !slices.Equal(got, want) {
			t.Errorf("behind shard %d %q are packed, want %q", shard, got, want)
		}
	}
}
