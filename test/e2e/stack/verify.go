package stack

import (
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/event"
	"muster/test/kit/oracle"
)

// Events visits every event on the keyed topic that its shard has to apply,
// each shard in order. The event is valid during the visit.
func (s *System) Events(visit func(shard int, e *event.Event)) {
	s.t.Helper()
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		s.t.Fatal(err)
	}
	var events []event.Event
	s.Read(s.Keyed, func(r *kgo.Record) {
		decoder.Reset()
		// `clock: stream` lets any arrival time stand, and so does a wall of 0.
		events, _ = decoder.Decode(events[:0], nil, r.Value, r.Timestamp.UnixMilli(), 0)
		for i := range events {
			if s.Owner(events[i].Profile) == int(r.Partition) {
				visit(int(r.Partition), &events[i])
			}
		}
	})
}

// Tally counts what Verify has compared, and what it has reported.
type Tally struct {
	Events  int // on the keyed topic, repeats included
	Changes int
	Members int // memberships at the end

	Lost       int // changes that are not in the outbox
	Duplicated int // changes that are there twice
	Diverged   int // answers that are not the oracle's
}

// Verify feeds the keyed topic to the oracle, shard by shard, and compares:
// the outbox must hold the oracle's changes and nothing else, in order and
// with the same instants, versions and causes; the member sets and sizes
// must be the oracle's at the shard's stream time.
func (s *System) Verify(rules map[string]string) Tally {
	s.t.Helper()
	segments, tally := slices.Sorted(maps.Keys(rules)), Tally{}
	logs, want := s.foretell(rules, &tally)
	for shard := range s.Shards {
		got := s.Stored(shard, segments)
		tally.Changes += len(want[shard])
		s.compareMembers(shard, segments, &got, logs[shard].Oracle(), &tally)
		s.compareOutbox(shard, got.Outbox, want[shard], &tally)
	}
	return tally
}

// foretell feeds the keyed topic to an oracle for each shard and returns them
// with the changes that follow.
func (s *System) foretell(rules map[string]string, tally *Tally) ([]*oracle.Log, [][]oracle.Change) {
	s.t.Helper()
	logs, want := make([]*oracle.Log, s.Shards), make([][]oracle.Change, s.Shards)
	for shard := range logs {
		var err error
		if logs[shard], err = oracle.NewLog(rules); err != nil {
			s.t.Fatal(err)
		}
	}
	s.Events(func(shard int, e *event.Event) {
		want[shard] = append(want[shard], logs[shard].Apply(e)...)
		tally.Events++
	})
	return logs, want
}

// compareMembers also compares sizes and stream time.
func (s *System) compareMembers(shard int, segments []string, got *Stored, o *oracle.Oracle, tally *Tally) {
	s.t.Helper()
	if got.Clock != o.Clock() {
		tally.Diverged++
		s.t.Errorf("shard %d: stream time is %d, the oracle's %d", shard, got.Clock, o.Clock())
	}
	for _, id := range segments {
		s.compareSegment(shard, id, got, o.Members(id), tally)
	}
}

func (s *System) compareSegment(shard int, id string, got *Stored, want []string, tally *Tally) {
	s.t.Helper()
	tally.Members += len(want)
	if !slices.Equal(got.Members[id], want) {
		tally.Diverged++
		s.t.Errorf("shard %d: the members of %s are\n%q\nthe oracle's\n%q", shard, id, got.Members[id], want)
	}
	if got.Sizes[id] != len(want) {
		tally.Diverged++
		s.t.Errorf("shard %d: the size of %s is %d, the oracle's %d", shard, id, got.Sizes[id], len(want))
	}
}

// compareOutbox reports the first difference only: all that follows differs.
func (s *System) compareOutbox(shard int, got, want []oracle.Change, tally *Tally) {
	s.t.Helper()
	if !s.compareVersions(shard, got, tally) {
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			tally.Diverged++
			s.t.Errorf("shard %d: entry %d of the outbox is\n%+v\nthe oracle's\n%+v", shard, i, got[i], want[i])
			return
		}
	}
	if len(got) != len(want) {
		tally.Lost += max(0, len(want)-len(got))
		tally.Duplicated += max(0, len(got)-len(want))
		s.t.Errorf("shard %d: the outbox has %d entries, the oracle's has %d", shard, len(got), len(want))
	}
}

// compareVersions demands 1, 2, 3, ... of every profile.
func (s *System) compareVersions(shard int, got []oracle.Change, tally *Tally) bool {
	s.t.Helper()
	versions := map[string]uint64{}
	for i, c := range got {
		want := versions[c.Profile] + 1
		versions[c.Profile] = want
		if c.Version == want {
			continue
		}
		if c.Version < want {
			tally.Duplicated++
		} else {
			tally.Lost++
		}
		s.t.Errorf("shard %d: entry %d of the outbox has version %d, the profile's next is %d: %+v", shard, i, c.Version, want, c)
		return false
	}
	return true
}
