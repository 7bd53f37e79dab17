package sink_test

import (
	"context"
	"fmt"
	"maps"
	"testing"

	client "github.com/redis/go-redis/v9"

	"muster/rules"
	"muster/sink"
	"muster/test/kit/generate"
	"muster/test/kit/redis"
)

// What versions before 0.2.0 leave as it is while they work.
var unknownFields = []string{"swept", "bucket", "sweep"}

// asOlder lets something happen as under such a version.
func asOlder(t *testing.T, c client.UniversalClient, shards int, do func()) {
	t.Helper()
	type left struct {
		fields  []any
		catalog map[string]string
	}
	var before []left
	for shard := range shards {
		base := fmt.Sprintf("m:{s%d}:", shard)
		before = append(before, left{
			c.HMGet(t.Context(), base+"meta", unknownFields...).Val(), c.HGetAll(t.Context(), base+"catalog").Val(),
		})
	}
	do()
	for shard, b := range before {
		base := fmt.Sprintf("m:{s%d}:", shard)
		for i, field := range unknownFields {
			if b.fields[i] == nil {
				c.HDel(t.Context(), base+"meta", field)
			} else {
				c.HSet(t.Context(), base+"meta", field, b.fields[i])
			}
		}
		c.Del(t.Context(), base+"catalog")
		if len(b.catalog) > 0 {
			c.HSet(t.Context(), base+"catalog", b.catalog)
		}
	}
}

func TestASweepOfOlderRulesDoesNotCount(t *testing.T) {
	server := redis.Start(t)
	c := server.Client(t)
	store := open(t, config(server.Address))
	w := start(t, store, 0)
	commit := w.next()
	commit.Generation, commit.Swept, commit.Bucket = 3, 2, 17
	if err := w.commit(t, commit); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		generation, swept uint64
		bucket            int
	}{{3, 2, 17}, {4, 0, 0}, {3, 2, 17}} {
		c.HSet(t.Context(), "m:{s0}:meta", "generation", step.generation)
		state, err := store.Open(t.Context(), 0)
		if err != nil || state.Swept != step.swept || state.Bucket != step.bucket || len(state.Catalog) != 1 {
			t.Errorf("generation %d: swept %d, bucket %d and catalog %q, %v; want %+v",
				step.generation, state.Swept, state.Bucket, state.Catalog, err, step)
		}
	}
}

// census is a shard of a store for a Driver's sweep.
type census struct {
	store *sink.Store
	shard int
}

func (c census) Count(ctx context.Context) (int64, int, error) { return c.store.Count(ctx, c.shard) }

func (c census) Scan(ctx context.Context, bucket, limit int) ([]string, int, error) {
	return c.store.Scan(ctx, c.shard, bucket, limit)
}

// sweep has shards looked at to the end.
func (f *feed) sweep(t *testing.T, store *sink.Store, shards ...int) {
	t.Helper()
	for _, shard := range shards {
		d := f.shards[shard]
		for d.Census = (census{store, shard}); d.Sweeping(); {
			if err := d.Turn(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func every(shards int) (all []int) {
	for shard := range shards {
		all = append(all, shard)
	}
	return all
}

// between returns the segments of a set from one id to before another.
func between(set *rules.Set, from, to string) (segments []rules.Segment) {
	for i := range set.Len() {
		if s := set.Segment(i); s.ID >= from && s.ID < to {
			segments = append(segments, *s)
		}
	}
	return segments
}

func compiled(t *testing.T, segments []rules.Segment) *rules.Set {
	t.Helper()
	set, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// sameEvents draws two rule sets that give most segments another meaning, and
// keep the same of events.
func sameEvents(t *testing.T, h *history, n int) (first, second *rules.Set) {
	t.Helper()
	drawn := make([]string, n)
	for i := range drawn {
		drawn[i] = generate.Rule(h.r, 2, nil)
	}
	var one, two []rules.Segment
	for i := range n {
		id := fmt.Sprintf("s%02d", i)
		one, two = append(one, rules.NewSegment(id, drawn[i])), append(two, rules.NewSegment(id, drawn[(i+3)%n]))
	}
	return compiled(t, one), compiled(t, two)
}

// A deployment that an older version works on for a while, with other rules,
// holds after the upgrade what one holds that never saw that version. What it
// had before the first upgrade, which is nothing, is no other case.
func TestAnOlderVersionInBetween(t *testing.T) {
	for name, before := range map[string]bool{"after an upgrade": true, "before the first": false} {
		t.Run(name, func(t *testing.T) {
			server := redis.Start(t)
			c := server.Client(t)
			one, two := config(server.Address), config(server.Address)
			two.Prefix = "two"
			moved, still := initialised(t, one, 3), initialised(t, two, 3)
			h := newHistory(5, 60)
			first, second := sameEvents(t, h, 16)
			events := h.events(1000)
			still1 := feeding(t, still, first, 3)
			still1.apply(t, events)
			work := func() { feeding(t, moved, first, 3).apply(t, events) }
			if before {
				work()
			} else {
				asOlder(t, c, 3, work)
			}
			if before {
				feeding(t, moved, first, 3).sweep(t, moved, every(3)...)
			}
			few := h.events(30)
			asOlder(t, c, 3, func() { feeding(t, moved, second, 3).apply(t, few) })
			still1.apply(t, few)
			after := feeding(t, moved, first, 3)
			after.sweep(t, moved, every(3)...)
			h.clock += 3600_000
			after.advance(t, h.clock)
			still1.advance(t, h.clock)
			got, want := holding(t, moved, second.IDs(), 3), holding(t, still, second.IDs(), 3)
			for id, members := range want.Members {
				if fmt.Sprint(got.Members[id]) != fmt.Sprint(members) {
					t.Errorf("members of %s are %q, want %q", id, got.Members[id], members)
				}
			}
			if !maps.Equal(got.Sizes, want.Sizes) || len(want.Sizes) == 0 {
				t.Errorf("sizes are %v, want %v", got.Sizes, want.Sizes)
			}
		})
	}
}
