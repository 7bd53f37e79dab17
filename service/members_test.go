package service

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"muster/activation"
	"muster/pipeline"
	"muster/profile"
	"muster/sink"
)

// stored commits profiles to shard 1: each is in as many of the segments a, b
// and c as its number says by its bits. It returns the memberships.
func stored(t *testing.T, store *sink.Store, count int) map[string]bool {
	t.Helper()
	state, err := store.Open(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	segments := []string{"a", "b", "c"}
	codec, names := profile.NewCodec(&profile.Schema{}, segments, state.Names)
	commit := pipeline.Commit{Epoch: state.Epoch, From: state.Next, Next: 7, Clock: 5000, NewNames: names}
	in := map[string]bool{}
	for i := range count {
		p := profile.New(fmt.Sprintf("p %03d\xff", i))
		p.Members, p.Version = make(profile.Members, 1), uint64(i)+1
		for s, segment := range segments {
			if i>>s&1 == 1 {
				p.Members.Set(s, true)
				in[p.ID+"/"+segment] = true
			}
		}
		commit.Profiles = append(commit.Profiles, pipeline.Write{Profile: p.ID, Blob: codec.Append(nil, p, 5000)})
	}
	commit.Changes = []pipeline.Change{{Profile: "p 001\xff", Segment: "a", Entered: true, At: 4000, Version: 2, Cause: pipeline.CauseEvent}}
	if err := store.Commit(t.Context(), 1, &commit); err != nil {
		t.Fatal(err)
	}
	return in
}

// Pages have each membership that is wanted once, of any number, and say which
// change they know.
func TestPagesHaveEachMembershipOnce(t *testing.T) {
	cfg := sink.Default()
	cfg.Addresses, cfg.Buckets = []string{miniredis.RunT(t).Addr()}, 16
	store, err := sink.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if err := store.Init(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	in := stored(t, store, 200)
	maps.DeleteFunc(in, func(key string, _ bool) bool { return key[len(key)-1] == 'b' })
	for _, most := range []int{1, 7, 64, 1000} {
		m := &members{store: store, shard: 1}
		got := map[string]bool{}
		seen := 0
		for place := ""; ; {
			page, err := m.Page(t.Context(), place, activation.Limit{Memberships: most, Wants: func(segment string) bool { return segment != "b" }})
			if err != nil {
				t.Fatal(err)
			}
			count := 0
			for _, p := range page.Profiles {
				var number int
				_, _ = fmt.Sscanf(p.ID, "p %d", &number)
				if p.Version != uint64(number)+1 {
					t.Fatalf("%q has version %d", p.ID, p.Version)
				}
				for _, segment := range p.Segments {
					got[p.ID+"/"+segment] = true
					count++
				}
			}
			if page.Number != 1 || page.At != 5000 || count > max(most, 2) {
				t.Fatalf("a page of %d memberships is of change %d at %d", count, page.Number, page.At)
			}
			seen += len(page.Profiles)
			if place = page.Next; place == "" {
				break
			}
		}
		if seen != 200 || !maps.Equal(got, in) {
			t.Errorf("pages of %d have %d profiles and %d memberships, want 200 and %d; %v", most, seen, len(got), len(in),
				slices.Sorted(maps.Keys(got))[:min(3, len(got))])
		}
	}
}
