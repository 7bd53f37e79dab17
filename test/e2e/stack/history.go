package stack

import (
	"cmp"
	"maps"
	"slices"

	"muster/event"
	"muster/test/kit/oracle"
)

// VerifyHistory is VerifyMembers for a System into which history was brought,
// of an archive with these events, by runs with these seams, a seam for each
// shard. Each event counts on its side of the seam: an oracle of each shard is
// told what the archive has up to there, in order of arrival, and then what the
// keyed topic has from behind it, in the order of the topic. Repeats it drops
// itself. Of the outbox some change has to be history's.
func (s *System) VerifyHistory(rules map[string]string, archive []event.Event, seams []int64) Tally {
	s.t.Helper()
	segments, tally := slices.Sorted(maps.Keys(rules)), Tally{}
	oracles := s.foretellHistory(rules, archive, seams, &tally)
	brought := 0
	for shard, o := range oracles {
		got := s.Stored(shard, segments)
		tally.Changes += len(got.Outbox)
		s.compareMembers(shard, segments, &got, o, &tally)
		if s.compareVersions(shard, got.Outbox, &tally) {
			s.compareFlips(shard, &got, &tally)
		}
		for _, c := range got.Outbox {
			if c.Cause == oracle.CauseBackfill {
				brought++
			}
		}
	}
	if brought == 0 || tally.Members == 0 {
		tally.Diverged++
		s.t.Errorf("history has brought %d changes, and there are %d members", brought, tally.Members)
	}
	return tally
}

// foretellHistory tells an oracle of each shard what happened, on both sides
// of its seam.
func (s *System) foretellHistory(rules map[string]string, archive []event.Event, seams []int64, tally *Tally) []*oracle.Oracle {
	s.t.Helper()
	oracles := make([]*oracle.Oracle, s.Shards)
	for shard := range oracles {
		var err error
		if oracles[shard], err = oracle.New(rules); err != nil {
			s.t.Fatal(err)
		}
	}
	past := slices.Clone(archive)
	slices.SortStableFunc(past, func(a, b event.Event) int { return cmp.Compare(a.Arrival, b.Arrival) })
	for i := range past {
		if shard := s.Owner(past[i].Profile); past[i].Arrival <= seams[shard] {
			oracles[shard].Apply(&past[i])
			tally.Events++
		}
	}
	for shard, o := range oracles {
		o.Advance(seams[shard])
	}
	s.Events(func(shard int, e *event.Event) {
		if e.Arrival > seams[shard] {
			oracles[shard].Apply(e)
			tally.Events++
		}
	})
	return oracles
}
