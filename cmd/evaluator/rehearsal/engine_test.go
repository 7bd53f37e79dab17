package rehearsal

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"muster/pipeline"
)

// TestLoadingChangesNothing: what an engine leaves does not depend on how
// many profiles fit its memory, nor on its batches; only the work differs.
func TestLoadingChangesNothing(t *testing.T) {
	set, s := shopRules(t), newSample(t, shopLines(400, 37)...)
	roomy := newTestEngine(t, set, pipeline.Default())
	serveAll(t, roomy, s, 3, 50)
	tight := pipeline.Default()
	tight.CacheBytes, tight.Timers = 4096, 1
	narrow := newTestEngine(t, set, tight)
	serveAll(t, narrow, s, 3, 50)
	if !maps.EqualFunc(roomy.archive.profiles, narrow.archive.profiles, func(a, b *stored) bool {
		return bytes.Equal(a.blob, b.blob) && a.timer == b.timer && a.members == b.members
	}) {
		t.Error("profiles differ")
	}
	if a, b := roomy.tally, narrow.tally; a.changes != b.changes || a.changes == 0 || a.events != b.events || b.loaded <= a.loaded {
		t.Errorf("with room %+v, without %+v: changes must be equal, and loading more", a, b)
	}
}

// TestArchiveCountsMemberships holds its counts to what the shard says.
func TestArchiveCountsMemberships(t *testing.T) {
	set := shopRules(t)
	e := newTestEngine(t, set, pipeline.Default())
	serveAll(t, e, newSample(t, shopLines(400, 37)...), 2, 50)
	want := map[string]int{}
	for _, segment := range set.IDs() {
		e.driver.Members(segment, func(profile string) { want[profile]++ })
	}
	for id, one := range e.archive.profiles {
		if one.members != want[id] || one.timer != (e.driver.Profile(id).Deadline != 0) {
			t.Errorf("%s is in %d sets with timer %t, want %d and a deadline of %d", id, one.members, one.timer, want[id], e.driver.Profile(id).Deadline)
		}
	}
	if len(want) == 0 {
		t.Error("nobody is in any segment")
	}
}

// TestMergingAloneIsTheEngines: the profiles that a merger makes have what
// the engine's have but for what matching adds.
func TestMergingAloneIsTheEngines(t *testing.T) {
	set, s := shopRules(t), newSample(t, shopLines(400, 37)...)
	e := newTestEngine(t, set, pipeline.Default())
	serveAll(t, e, s, 1, 50)
	m := newMerger(set, e)
	p, b := player{sample: s, play: 1}, batch{}
	for p.play < 2 {
		if !p.prepare(50) {
			t.Fatal("time has ended")
		}
		p.read(&b)
		if err := m.serve(&b); err != nil {
			t.Fatal(err)
		}
	}
	for p = (player{sample: s, play: 1}); p.play < 2; {
		p.prepare(50)
		p.read(&b)
		if err := e.serve(&b, p.lines); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.profiles)) {
		got, want := m.profiles[id], e.driver.Profile(id)
		if got.LastSeen != want.LastSeen || got.FirstSeen != want.FirstSeen || got.Traits.Get("country").Text() != want.Traits.Get("country").Text() {
			t.Errorf("%s was last seen at %d, want %d", id, got.LastSeen, want.LastSeen)
		}
	}
	if m.events != s.Events() || len(m.profiles) == 0 {
		t.Errorf("%d events were merged, want %d", m.events, s.Events())
	}
}
