package sink_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"strings"
	"testing"

	client "github.com/redis/go-redis/v9"

	"muster/test/kit/redis"
)

// recatalog replaces the catalogs of old shards by those given.
func recatalog(t *testing.T, c client.UniversalClient, shards int, catalogs map[int]map[string]string) {
	t.Helper()
	for shard := range shards {
		key := fmt.Sprintf("m:{s%d}:catalog", shard)
		c.Del(t.Context(), key)
		for name, text := range catalogs[shard] {
			if err := c.HSet(t.Context(), key, name, text).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestReshardUnitesCatalogs(t *testing.T) {
	type catalogs = map[int]map[string]string
	everywhere := func(entries map[string]string) catalogs {
		return catalogs{0: entries, 1: entries, 2: entries, 3: maps.Clone(entries), 4: maps.Clone(entries)}
	}
	with := func(c catalogs, shard int, name, text string) catalogs {
		c[shard] = maps.Clone(c[shard])
		if c[shard][name] = text; text == "" {
			delete(c[shard], name)
		}
		return c
	}
	usual := map[string]string{"s:vip": "3 abc 0", "s:old": "gone", "a:1": "10 5 0", "a:2": "0 7 2", "other": "what"}
	all := map[string]string{"s:vip": "gone", "s:old": "gone", "a:1": "10 5 0", "a:2": "0 7 2"}
	without := func(name string) map[string]string {
		rest := maps.Clone(all)
		delete(rest, name)
		return rest
	}
	server := redis.Start(t)
	cfg, c := config(server.Address), server.Client(t)
	populated(t, cfg)
	for name, test := range map[string]struct {
		old  catalogs
		want map[string]string
	}{
		"none":                        {catalogs{}, map[string]string{}},
		"equal ones":                  {everywhere(usual), all},
		"the latest beginning":        {with(everywhere(usual), 3, "a:2", "900 7 2"), maps.Collect(replaced(all, "a:2", "900 7 2"))},
		"another size":                {with(everywhere(usual), 3, "a:2", "900 8 2"), without("a:2")},
		"a series one has not":        {with(everywhere(usual), 4, "a:1", ""), without("a:1")},
		"a series nobody reads":       {with(everywhere(usual), 0, "a:1", "soon 5 0"), without("a:1")},
		"a segment one has":           {with(everywhere(usual), 2, "s:new", "4 de 0"), maps.Collect(replaced(all, "s:new", "gone"))},
		"a segment one has forgotten": {with(everywhere(usual), 2, "s:old", ""), all},
	} {
		t.Run(name, func(t *testing.T) {
			recatalog(t, c, 5, test.old)
			reshardUntil(t, cfg, 1<<30)
			defer abandon(t, cfg)
			for shard := range 7 {
				got := c.HGetAll(t.Context(), fmt.Sprintf("m:2:{s%d}:catalog", shard)).Val()
				if !maps.Equal(got, test.want) {
					t.Errorf("shard %d has %q, want %q", shard, got, test.want)
				}
				swept := c.HMGet(t.Context(), fmt.Sprintf("m:2:{s%d}:meta", shard), "swept", "bucket").Val()
				if fmt.Sprint(swept) != "[0 0]" {
					t.Errorf("shard %d has swept and bucket %v", shard, swept)
				}
			}
		})
	}
}

func replaced(m map[string]string, name, text string) func(yield func(string, string) bool) {
	other := maps.Clone(m)
	other[name] = text
	return maps.All(other)
}

// Of a shard that has no catalog yet the names tell what it keeps.
func TestReshardUnitesCatalogsWithNames(t *testing.T) {
	server := redis.Start(t)
	cfg, c := config(server.Address), server.Client(t)
	populated(t, cfg)
	names := c.LRange(t.Context(), "m:{s2}:names", 0, -1).Val()
	catalog, want := map[string]string{"a:unknown": "0 1 1"}, map[string]string{}
	for _, name := range names {
		if strings.HasPrefix(name, "a:") {
			catalog[name] = "12 34 0"
			want[name] = "12 34 0"
		}
		if strings.HasPrefix(name, "s:") {
			want[name] = "gone"
		}
	}
	recatalog(t, c, 5, map[int]map[string]string{0: catalog, 1: catalog, 3: catalog, 4: catalog})
	reshardUntil(t, cfg, 1<<30)
	if got := c.HGetAll(t.Context(), "m:2:{s6}:catalog").Val(); !maps.Equal(got, want) || len(want) < 2 {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A catalog is as whole as all else, whatever its size.
func TestReshardCopiesABigCatalog(t *testing.T) {
	server := redis.Start(t)
	cfg, c := config(server.Address), server.Client(t)
	populated(t, cfg)
	catalog := map[string]any{}
	for i := range 5000 {
		catalog[fmt.Sprintf("s:n%d", i)] = "1 a 0"
		catalog[fmt.Sprintf("a:n%d", i)] = "1 a 0"
	}
	for shard := range 5 {
		if err := c.HSet(t.Context(), fmt.Sprintf("m:{s%d}:catalog", shard), catalog).Err(); err != nil {
			t.Fatal(err)
		}
	}
	reshardUntil(t, cfg, 1<<30)
	before, after := c.HLen(t.Context(), "m:{s1}:catalog").Val(), c.HLen(t.Context(), "m:2:{s1}:catalog").Val()
	if before != after || before < 10_000 {
		t.Errorf("%d entries have become %d", before, after)
	}
}

// generation reads the generation of a stored profile.
func generation(t *testing.T, blob string) uint64 {
	t.Helper()
	b := []byte(blob)[1:]
	tail, n := binary.Uvarint(b)
	if b = b[n:]; tail > 0 {
		b = b[4:] // its checksum
	}
	for range 2 {
		_, n := binary.Varint(b)
		b = b[n:]
	}
	_, n = binary.Uvarint(b)
	g, n2 := binary.Uvarint(b[n:])
	if n2 <= 0 {
		t.Fatalf("no generation in %q", blob)
	}
	return g
}

// stored returns the blobs of all profiles of a layout, and their shards.
func stored(t *testing.T, c client.UniversalClient, base string, shards int) (blobs map[string]string, where map[string]int) {
	t.Helper()
	blobs, where = map[string]string{}, map[string]int{}
	for shard := range shards {
		for bucket := range 64 {
			for id, blob := range c.HGetAll(t.Context(), fmt.Sprintf("%s{s%d}:p:%d", base, shard, bucket)).Val() {
				blobs[id], where[id] = blob, shard
			}
		}
	}
	return blobs, where
}

// A profile that a sweep has looked at is current, rewritten or not; another
// of the same generation is not.
func TestReshardKnowsWhatWasSwept(t *testing.T) {
	server := redis.Start(t)
	cfg, c := config(server.Address), server.Client(t)
	store := initialised(t, cfg, 5)
	h := newHistory(7, 150)
	feeding(t, store, h.rules(t, 12), 5).apply(t, h.events(600))
	feeding(t, store, h.rules(t, 12), 5).apply(t, h.events(40))
	c.HSet(t.Context(), "m:{s1}:meta", "swept", 2)
	c.HSet(t.Context(), "m:{s3}:meta", "swept", 1)
	old, where := stored(t, c, "m:", 5)
	reshardUntil(t, cfg, 1<<30)
	made, _ := stored(t, c, "m:2:", 7)
	counts := map[string]int{}
	for id, blob := range old {
		want := uint64(1)
		switch {
		case generation(t, blob) == 2:
			want = 2
			counts["written"]++
		case where[id] == 1:
			want = 2
			counts["swept"]++
		default:
			counts["older"]++
		}
		if got := generation(t, made[id]); got != want {
			t.Errorf("profile %s of generation %d in shard %d has become one of generation %d, want %d",
				id, generation(t, blob), where[id], got, want)
		}
	}
	if len(counts) != 3 {
		t.Errorf("only %v", counts)
	}
}

// A deployment that is resharded in the middle of a sweep holds in the end
// what one holds that was swept as it was, and nothing of segments that are
// no more. Shards have clocks of their own, which are others when there are
// more shards, and what follows from an edit has the clock's time; so the
// history is one in which no rule comes to tell.
func TestAReshardedDeploymentIsSweptToTheEnd(t *testing.T) {
	eachServer(t, func(t *testing.T, addresses []string, c client.UniversalClient) {
		one, two := config(addresses...), config(addresses...)
		two.Prefix = "two"
		still, moving := initialised(t, one, 5), initialised(t, two, 8)
		h := newHistory(6, 80)
		first := h.rules(t, 24)
		second := compiled(t, append(between(h.rules(t, 24), "s00", "s08"), between(first, "s08", "s16")...))
		a, b := feeding(t, still, first, 5), feeding(t, moving, first, 8)
		events := h.events(1500)
		a.apply(t, events)
		b.apply(t, events)
		a.advance(t, h.clock)
		b.advance(t, h.clock)
		a, b = feeding(t, still, second, 5), feeding(t, moving, second, 8)
		a.sweep(t, still, every(5)...)
		b.sweep(t, moving, 0, 3, 4)
		reshard(t, two, plan(t, "t8", 8, "t3", 3))
		moving = connect(t, two)
		b = feeding(t, moving, second, 3)
		b.sweep(t, moving, every(3)...)
		h.clock += 40 * 86400_000
		a.advance(t, h.clock)
		b.advance(t, h.clock)
		compareHeld(t, holding(t, moving, first.IDs(), 3), holding(t, still, first.IDs(), 5))
		for shard := range 3 {
			state, err := moving.Open(t.Context(), shard)
			if err != nil || state.Swept != state.Generation || state.Bucket != 0 {
				t.Errorf("shard %d: swept %d of %d, bucket %d, %v", shard, state.Swept, state.Generation, state.Bucket, err)
			}
			for name, text := range state.Catalog {
				if text == "gone" {
					t.Errorf("shard %d: %s is still to be dropped", shard, name)
				}
			}
			for _, segment := range c.HKeys(t.Context(), fmt.Sprintf("two:2:{s%d}:size", shard)).Val() {
				if segment >= "s16" {
					t.Errorf("shard %d: the size of %s is left", shard, segment)
				}
			}
		}
	})
}
