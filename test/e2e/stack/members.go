package stack

import (
	"maps"
	"slices"
	"strings"

	"muster/event"
	"muster/test/kit/oracle"
)

// VerifyMembers is Verify for a System whose rules were changed or whose
// shards were counted anew meanwhile, once all are swept: the member sets and
// sizes must be those of the rules given and nothing may be left of other
// segments. The outbox must have every version of a profile once and in order,
// and lead to the same memberships.
func (s *System) VerifyMembers(rules map[string]string) Tally {
	s.t.Helper()
	segments, tally := slices.Sorted(maps.Keys(rules)), Tally{}
	f := s.foretellMembers(rules, &tally)
	for shard := range s.Shards {
		got := s.Stored(shard, segments)
		if s.Wall { // nobody knows how far it has moved the shard
			f.clocks[shard] = max(f.clocks[shard], got.Clock)
		}
		if got.Clock != f.clocks[shard] {
			tally.Diverged++
			s.t.Errorf("shard %d: stream time is %d, the oracle's %d", shard, got.Clock, f.clocks[shard])
		}
		tally.Changes += len(got.Outbox)
		want := f.members(shard)
		for _, id := range segments {
			s.compareSegment(shard, id, &got, want[id], &tally)
		}
		if s.compareVersions(shard, got.Outbox, &tally) {
			s.compareFlips(shard, &got, &tally)
		}
		for id, size := range got.Sizes {
			if _, known := rules[id]; !known {
				tally.Diverged++
				s.t.Errorf("shard %d: %s, which is no more, has %d members", shard, id, size)
			}
		}
	}
	for _, key := range s.Keys(strings.ReplaceAll(s.key(0, "seg:*"), "{s0}", "{s*}")) {
		if _, id, _ := strings.Cut(key, ":seg:"); rules[id] == "" {
			tally.Diverged++
			s.t.Errorf("there is %s, and the segment is no more", key)
		}
	}
	return tally
}

// Forget says that a profile was erased and that its events are passed over to
// the end of the test: VerifyMembers wants nothing of it to be there.
func (s *System) Forget(profile string) { s.forgotten[profile] = true }

// foretold is what oracles, one for each profile, say: whichever shards it was
// in, what happened to it is the same.
type foretold struct {
	oracles map[string]*oracle.Oracle
	homes   map[string]int // shards of the profiles
	clocks  []int64        // of the shards
}

// foretellMembers feeds all keyed topics that there were to the oracles, one
// topic after the other.
func (s *System) foretellMembers(rules map[string]string, tally *Tally) *foretold {
	s.t.Helper()
	f := &foretold{oracles: map[string]*oracle.Oracle{}, homes: map[string]int{}}
	s.EachLayout(func() {
		f.move(s)
		s.Events(func(shard int, e *event.Event) {
			if s.forgotten[e.Profile] {
				f.clocks[shard] = max(f.clocks[shard], e.Arrival)
				return
			}
			o := f.oracles[e.Profile]
			if o == nil {
				var err error
				if o, err = oracle.New(rules); err != nil {
					s.t.Fatal(err)
				}
				id := strings.Clone(e.Profile)
				f.oracles[id], f.homes[id] = o, shard
			}
			f.clocks[shard] = max(f.clocks[shard], e.Arrival)
			o.Advance(f.clocks[shard])
			o.Apply(e)
			tally.Events++
		})
	})
	return f
}

// move takes the profiles to the shards of the present layout. A shard begins
// with the latest of their clocks.
func (f *foretold) move(s *System) {
	before := f.clocks
	f.clocks = make([]int64, s.Shards)
	for id, from := range f.homes {
		to := s.Owner(id)
		f.homes[id], f.clocks[to] = to, max(f.clocks[to], before[from])
	}
}

// members returns the profiles of a shard by the segments that they are in.
func (f *foretold) members(shard int) map[string][]string {
	in := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(f.oracles)) {
		if f.homes[id] != shard {
			continue
		}
		for _, segment := range f.oracles[id].Memberships(id, f.clocks[shard]) {
			in[segment] = append(in[segment], id)
		}
	}
	return in
}

// compareFlips demands that a profile enters and leaves each segment in turn,
// and that the outbox leads to the memberships that are stored. It reports the
// first difference only.
func (s *System) compareFlips(shard int, got *Stored, tally *Tally) {
	s.t.Helper()
	in := map[[2]string]bool{}
	for i, c := range got.Outbox {
		if in[[2]string{c.Segment, c.Profile}] == c.Entered {
			tally.Duplicated++
			s.t.Errorf("shard %d: entry %d of the outbox changes nothing: %+v", shard, i, c)
			return
		}
		in[[2]string{c.Segment, c.Profile}] = c.Entered
	}
	members := map[string][]string{}
	for at, is := range in {
		if is {
			members[at[0]] = append(members[at[0]], at[1])
		}
	}
	for _, id := range slices.AppendSeq(slices.Collect(maps.Keys(members)), maps.Keys(got.Members)) {
		if want := slices.Sorted(slices.Values(members[id])); !slices.Equal(got.Members[id], want) {
			tally.Lost++
			s.t.Errorf("shard %d: segment %s has the members\n%q\nthe outbox leads to\n%q", shard, id, got.Members[id], want)
			return
		}
	}
}
