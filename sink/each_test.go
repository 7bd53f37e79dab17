package sink_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// TestEachProfile visits each profile once, of buckets that one reply holds and
// of one that takes many.
func TestEachProfile(t *testing.T) {
	actual := redis.Start(t)
	for name, server := range map[string]struct {
		address string
		buckets int
	}{
		"many small buckets": {actual.Address, 100},
		"one large bucket":   {actual.Address, 1},
		"miniredis":          {miniredis.RunT(t).Addr(), 7},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(server.address)
			cfg.Buckets, cfg.Prefix = server.buckets, fmt.Sprint("b", server.buckets)
			store := open(t, cfg)
			w, want := start(t, store, 1), map[string]string{}
			c := w.next()
			c.Profiles, c.Changes = nil, nil
			for i := range 2500 {
				id := fmt.Sprint("p\x00", i)
				want[id] = fmt.Sprint("blob ", i)
				one := pipeline.Write{Profile: id, Blob: []byte(want[id])}
				if i%3 > 0 {
					one.Tail, one.TailChanged = fmt.Append(nil, " and tail ", i), true
					want[id] += string(one.Tail)
				}
				c.Profiles = append(c.Profiles, one)
			}
			if err := w.commit(t, c); err != nil {
				t.Fatal(err)
			}
			visits, got := 0, map[string]string{}
			if err := store.EachProfile(t.Context(), 1, func(id, blob string) error {
				visits++
				got[id] = blob
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if visits != len(want) || !maps.Equal(got, want) {
				t.Errorf("%d visits to %d profiles; there are %d", visits, len(got), len(want))
			}
			if err := store.EachProfile(t.Context(), 0, func(id, _ string) error { return fmt.Errorf("%q is of shard 1", id) }); err != nil {
				t.Error(err)
			}
		})
	}
}

// readEach is for the documented reader.
func readEach(t *testing.T, reader *sink.Store) error {
	t.Helper()
	return reader.EachProfile(t.Context(), 1, func(string, string) error { return nil })
}
