package pipeline

import (
	"fmt"
	"sync"
	"testing"

	"muster/event"
	"muster/profile"
	"muster/test/kit/ruleset"
)

// commitOf stores a profile that has bought a number of times.
func commitOf(t *testing.T, shard *Shard, id string, times int, now int64) *Commit {
	t.Helper()
	if err := shard.put(id, ""); err != nil {
		t.Fatal(err)
	}
	for range times {
		ev := event.Event{Type: event.Track, Name: "Order Completed", Profile: id, Time: now, Arrival: now}
		if _, err := shard.apply(&ev); err != nil {
			t.Fatal(err)
		}
	}
	return shard.flush(shard.next + 1)
}

// The shards number what profiles refer to each in its own way, and other
// rules keep other series; a profile is read as it would be in its shard.
func TestSampleIsReadForOtherRules(t *testing.T) {
	set := ruleset.One(t, `count(events("Order Completed")) > 5 and count(events("A")) > 0`)
	s := NewSample()
	for number, names := range [][]string{{"s:gone", "s:one"}, nil} {
		shard := newShard(set, profile.Default(), 0, State{Next: -1, Names: names})
		id := fmt.Sprint(number)
		s.offer(number, shard.codec.Names(), commitOf(t, shard, id, 3+number, 1000+int64(number)))
	}
	other := ruleset.One(t, `count(events("Order Completed")) > 1`)
	list := s.Draw(other.Schema(), other.IDs())
	if len(list) != 2 || s.Now() != 1001 {
		t.Fatalf("%d profiles at %d", len(list), s.Now())
	}
	for i, p := range list {
		got := p.Read(other.Schema(), profile.Query{Reduce: profile.ReduceCount}, 2000)
		if p.ID != fmt.Sprint(i) || got.Number() != float64(3+i) {
			t.Errorf("profile %s has bought %v times", p.ID, got)
		}
	}
}

// A sample is bounded in number and bytes, shares nothing with the commits,
// and follows what is written of late.
func TestSampleIsBoundedAndFollows(t *testing.T) {
	s := NewSample()
	offer := func(id string, blob []byte) {
		s.offer(0, []string{"s:one"}, &Commit{Profiles: []Write{{Profile: id, Blob: blob}}})
	}
	blob := []byte{1}
	offer("old", blob)
	blob[0] = 2
	if got := s.slots[0].blob; got != "\x01" {
		t.Errorf("the sample holds the commit's own bytes: %q", got)
	}
	offer("large", make([]byte, sampleBytes+1))
	for range sampleSize {
		offer("old", blob)
	}
	for range 20 * sampleReach { // none of the old ones stays, but for a chance of e^-20
		offer("new", blob)
	}
	for _, one := range s.slots {
		if one.profile != "new" {
			t.Fatalf("it holds the profile %q", one.profile)
		}
	}
	if list := s.Draw(ruleset.One(t, `profile.id == "a"`).Schema(), nil); len(list) > 0 {
		t.Errorf("%d profiles were made of blobs that are none", len(list))
	}
}

// Workers that commit at the same time fill a sample as one does, and then
// leave each other alone.
func TestSampleOfManyWorkers(t *testing.T) {
	s := NewSample()
	var workers sync.WaitGroup
	for shard := range 8 {
		workers.Go(func() {
			for i := range sampleSize / 8 {
				s.offer(shard, nil, &Commit{Clock: int64(i), Profiles: []Write{{Profile: fmt.Sprint(shard, i), Blob: []byte{1}}}})
			}
		})
	}
	workers.Wait()
	held := map[string]bool{}
	for _, one := range s.slots {
		held[one.profile] = one.blob != ""
	}
	if len(held) != sampleSize || held[""] || s.Now() != sampleSize/8-1 {
		t.Errorf("%d different profiles at %d", len(held), s.Now())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offer(0, nil, &Commit{Clock: 1 << 40, Profiles: []Write{{Blob: make([]byte, sampleBytes+1)}}}) // waits for nobody
}
