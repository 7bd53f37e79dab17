package memory

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"muster/pipeline"
	"muster/pipeline/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Backend {
		base := New()
		return storetest.Backend{
			Open:  func(*testing.T) pipeline.Store { return base.Share() },
			View:  func(_ *testing.T, shard int) storetest.View { return view(base, shard) },
			Dump:  func(*testing.T) any { return dump(base) },
			Reach: func(_ *testing.T, segment string, day int64) int64 { return base.Reach(segment, day) },
		}
	})
}

func view(s *Store, number int) storetest.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.shards[number]
	v := storetest.View{
		Sizes: maps.Clone(held.sizes), Members: map[string][]string{}, Outbox: slices.Clone(held.outbox), Erasing: maps.Clone(held.erasing),
	}
	for segment, members := range held.members {
		if len(members) > 0 {
			v.Members[segment] = slices.Sorted(maps.Keys(members))
		}
	}
	return v
}

func dump(s *Store) map[int]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := map[int]string{}
	for number, held := range s.shards {
		text[number] = fmt.Sprintf("%#v", *held)
	}
	return text
}

func TestReadsSumOverShards(t *testing.T) {
	s := New()
	for number, profile := range []string{"bob", "ann"} {
		state, err := s.Open(t.Context(), number)
		if err != nil {
			t.Fatal(err)
		}
		changes := []pipeline.Change{{Segment: "vip", Profile: profile, Entered: true}}
		commit := &pipeline.Commit{Epoch: state.Epoch, From: -1, Next: 1, Changes: changes}
		if err := s.Commit(t.Context(), number, commit); err != nil {
			t.Fatal(err)
		}
		if got := s.Outbox(number); !reflect.DeepEqual(got, changes) {
			t.Errorf("outbox %+v, want %+v", got, changes)
		}
	}
	if got := s.Sizes(); !reflect.DeepEqual(got, map[string]int64{"vip": 2}) {
		t.Errorf("sizes %v", got)
	}
	if got := s.Members("vip"); !reflect.DeepEqual(got, []string{"ann", "bob"}) {
		t.Errorf("members %q", got)
	}
	if got := s.Outbox(9); got != nil {
		t.Errorf("outbox %+v of a shard that does not exist", got)
	}
}

func TestWhatIsStoredIsACopy(t *testing.T) {
	s := New()
	state, _ := s.Open(t.Context(), 0)
	blob := []byte("blob")
	commit := &pipeline.Commit{
		Epoch: state.Epoch, From: -1, Next: 1, Profiles: []pipeline.Write{{Profile: "ann", Blob: blob}},
	}
	if err := s.Commit(t.Context(), 0, commit); err != nil {
		t.Fatal(err)
	}
	blob[0] = 'x'
	blobs, err := s.Load(t.Context(), 0, []string{"ann"})
	if err != nil || blobs[0] != "blob" {
		t.Fatalf("loaded %q, %v", blobs, err)
	}
}
