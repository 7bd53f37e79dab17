package sink_test

import (
	"strings"
	"testing"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// Who moves the offset without the anchor, as versions do that know none, or an
// operator, may have taken the shard to another log.
func TestAnAnchorOfAnotherOffsetIsNone(t *testing.T) {
	server := redis.Start(t)
	c := server.Client(t)
	store := open(t, config(server.Address))
	anchor := pipeline.Anchor{Topic: "id", Offset: 6, Sum: 255}
	state, err := store.Open(t.Context(), 0)
	if err == nil {
		err = store.Commit(t.Context(), 0, &pipeline.Commit{Epoch: state.Epoch, From: -1, Next: 8, Anchor: anchor})
	}
	if err != nil {
		t.Fatal(err)
	}
	if text := c.HGet(t.Context(), "m:{s0}:meta", "anchor").Val(); text != "8 6 ff id" {
		t.Errorf("stored is %q", text)
	}
	for next, want := range map[int]pipeline.Anchor{8: anchor, 9: {}, 7: {}} {
		c.HSet(t.Context(), "m:{s0}:meta", "next", next)
		if state, err := store.Open(t.Context(), 0); err != nil || state.Anchor != want {
			t.Errorf("at %d: %+v, %v; want %+v", next, state.Anchor, err, want)
		}
	}
	c.HSet(t.Context(), "m:{s0}:meta", "anchor", "rope")
	if _, err := store.Open(t.Context(), 0); err == nil || !strings.Contains(err.Error(), `"rope", which is not an anchor`) {
		t.Errorf("got %v", err)
	}
}

func TestSourceAnchors(t *testing.T) {
	server := redis.Start(t)
	keepsSourceAnchors(t, connect(t, config(server.Address)))
	c := server.Client(t)
	if gaps := c.LRange(t.Context(), "m:{sources}:gaps", 0, -1).Val(); len(gaps) != 1 || gaps[0] != "web.shop/11 7 0" {
		t.Errorf("gaps on record: %q", gaps)
	}
}

func TestSourceAnchorsOnRedisCluster(t *testing.T) {
	needCluster(t)
	keepsSourceAnchors(t, connect(t, config(redis.StartCluster(t, 3, 0).Addresses...)))
}

func keepsSourceAnchors(t *testing.T, store *sink.Store) {
	t.Helper()
	check := func(topic string, partition int, want pipeline.Anchor) {
		t.Helper()
		if got, err := store.SourceAnchor(t.Context(), topic, partition); err != nil || got != want {
			t.Errorf("%s/%d has %+v, %v; want %+v", topic, partition, got, err, want)
		}
	}
	check("web.shop", 11, pipeline.Anchor{})
	before, after := pipeline.Anchor{Topic: "id", Offset: 6, Sum: 9}, pipeline.Anchor{Topic: "other"}
	if err := store.KeepSourceAnchor(t.Context(), "web.shop", 11, before, nil); err != nil {
		t.Fatal(err)
	}
	check("web.shop", 11, before)
	check("web.shop", 1, pipeline.Anchor{})
	if err := store.KeepSourceAnchor(t.Context(), "web.shop", 11, after, &pipeline.Gap{From: 7, To: 0}); err != nil {
		t.Fatal(err)
	}
	check("web.shop", 11, after)
}
